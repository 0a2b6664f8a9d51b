//! A project's schedule on a virtual clock, with faults: what next month looks like, and what must hold whatever happens.
//!
//! The schedulers are the real [`State`]; the ledger keeps the rules of the real one (`simulate/ledger.rs`); runs last as
//! long as history says, or as chance does. Everything follows from the seed: a failing one replays exactly.
//!
//! | to find | look in |
//! |---|---|
//! | what happens when | `simulate/world.rs` |
//! | schedulers, and how they die | `simulate/leader.rs` |
//! | workers and their runs | `simulate/worker.rs` |
//! | the watchdog | `simulate/watchdog.rs` |
//! | what must hold at the end | `simulate/verdict.rs` |

mod chance;
mod leader;
pub(in crate::schedule) mod ledger;
mod verdict;
mod watchdog;
mod worker;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::schedule::{Request, Tick, TickId, TickState};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Reason, State, Timetable};
use crate::watch::Watched;

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The schedule.
    pub timetable: Arc<Timetable>,
    /// Where the clock starts.
    pub from: DateTime<Utc>,
    /// Where it stops; what is open then is let run to its end without faults.
    pub to: DateTime<Utc>,
    /// At most so many happenings before that.
    pub events: Option<u64>,
    /// Seed of everything left to chance.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// Instances of the service.
    pub instances: usize,
    /// Runs an instance carries out at once.
    pub workers: usize,
    /// Mean time of a run, where known; others get a time of their own by chance.
    pub durations: BTreeMap<String, Duration>,
    /// What people ask for, in order of time.
    pub requests: Vec<Request>,
    /// What a watchdog watches; where nothing is, there is none.
    pub watched: Vec<Watched>,
    /// Whether to keep the timeline.
    pub timeline: bool,
}

/// How often things go wrong, each in a thousand chances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// The leading instance dies before its decision reaches the ledger.
    pub crash_before: u32,
    /// It dies right after that.
    pub crash_after: u32,
    /// It stands still past its lease and goes on.
    pub freeze: u32,
    /// The ledger cannot be written.
    pub store: u32,
    /// A worker dies with its run.
    pub worker_crash: u32,
    /// A worker stands still past its lease and goes on.
    pub worker_freeze: u32,
    /// A run fails with an error that may pass.
    pub failure: u32,
    /// A source is not ready.
    pub not_ready: u32,
    /// A run takes ten times as long.
    pub slow: u32,
    /// How far an instance's clock may be off, in milliseconds.
    pub skew_ms: u64,
    /// The whole service is down for hours.
    pub outage: u32,
}

impl Faults {
    /// Everything, often.
    pub const ALL: Self = Self {
        crash_before: 15,
        crash_after: 15,
        freeze: 10,
        store: 15,
        worker_crash: 30,
        worker_freeze: 20,
        failure: 60,
        not_ready: 60,
        slow: 40,
        skew_ms: 3_000,
        outage: 3,
    };
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When.
    pub at: DateTime<Utc>,
    /// To which tick.
    #[serde(flatten)]
    pub id: TickId,
    /// What.
    pub happened: Happened,
}

/// What can happen to a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// A worker began it.
    Began,
    /// It published.
    Published,
    /// Its worker died.
    Died,
    /// A worker that had been taken over was refused.
    Refused,
    /// It ended.
    Ended {
        /// How.
        state: TickState,
        /// Why.
        reason: Option<Reason>,
    },
}

/// How a simulation went.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Happenings.
    pub events: u64,
    /// When everything had ended.
    pub until: DateTime<Utc>,
    /// Every tick with how it ended.
    pub ticks: Vec<Tick>,
    /// The timeline, if it was asked for.
    pub timeline: Vec<Line>,
    /// Slot time used per pool and hour, in seconds.
    pub load: BTreeMap<String, BTreeMap<DateTime<Utc>, u64>>,
    /// What must hold and did not; empty unless the scheduler is wrong.
    pub breaches: Vec<String>,
}

/// Runs a scenario to its end.
pub fn simulate(scenario: &Scenario) -> Outcome {
    world::World::new(scenario).run()
}

/// How long a claim and the lead last in a simulation.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(60);
