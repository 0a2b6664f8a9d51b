//! The scheduler: what is due, what waits, what may run. Pure: [`State::step`] takes one [`Event`] and answers with the
//! changes for the ledger; it reads no clock, no file, no database.
//!
//! | to find | look in |
//! |---|---|
//! | what pipelines promise and may take | `schedule/timetable.rs` |
//! | fires that became due: catch-up, overlap, pauses | `schedule/promise.rs` |
//! | what a tick waits for | `schedule/wait.rs`, `schedule/reason.rs` |
//! | who gets the next slot | `schedule/share.rs`, `schedule/dispatch.rs` |
//! | what workers and time did to a tick | `schedule/follow.rs` |
//! | what people ask for | `schedule/ask.rs` |
//! | how an attempt leaves its tick: retry, wait, end | `schedule/outcome.rs` |
//! | going on where another scheduler stopped | `schedule/recover.rs` |
//! | a month in a second, with faults | `schedule/simulate.rs` |
//!
//! Whoever leads keeps one [`State`], applies what a step answers to the ledger in one transaction, and only then takes
//! the next event. If that transaction is refused, the state is thrown away and made again from the ledger: the ledger
//! is what happened.
//!
//! Must never happen: a fire passed over without a tick; a tick that ends twice; two ticks of a pipeline running at once.

mod ask;
mod dispatch;
mod follow;
mod outcome;
mod promise;
mod reason;
mod recover;
mod share;
pub mod simulate;
mod state;
mod timetable;
mod wait;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use catalog::schedule::{Commit, Op, Request, Tick, TickId};
use chrono::{DateTime, TimeDelta, Utc};

pub use ask::{Answer, concerns};
pub use outcome::{Ending, left, ready_until, retry_pause};
pub use reason::Reason;
pub use state::{Blocked, State};
pub(crate) use timetable::BACKFILL_POOL;
pub use timetable::{After, Entry, Pool, Retry, Timetable, Until};

/// A fire is in time when it is promised at most this long after its instant; later it is made up.
pub const LATE: TimeDelta = TimeDelta::seconds(60);

/// Something the scheduler hears of.
#[derive(Debug, Clone)]
pub enum Event {
    /// Time passed.
    Now(DateTime<Utc>),
    /// The definitions, at the beginning and whenever they change.
    Defined(Arc<Timetable>),
    /// What a worker did to a tick: its row as it is now.
    Changed(Box<Tick>),
    /// A table has a new version.
    Committed(Commit),
    /// A person asks.
    Asked(Box<Asked>),
}

/// A request with what the ledger knows about it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// The ticks it [`concerns`], as far as they exist.
    pub about: Vec<Tick>,
    /// Who asked for the same release before.
    pub votes: Vec<String>,
}

impl State {
    /// Takes an event; answers with what the ledger must record, in order. Empty when nothing follows.
    pub fn step(&mut self, event: Event) -> Vec<Op> {
        match event {
            Event::Now(now) => self.pass(now),
            Event::Defined(timetable) => self.define(timetable),
            Event::Changed(tick) => self.follow(*tick),
            Event::Committed(commit) => self.committed(&commit),
            Event::Asked(asked) => self.asked(*asked),
        }
        self.dispatch();
        std::mem::take(&mut self.ops)
    }

    /// Time passes: fires become due, waits end, leases run out.
    fn pass(&mut self, now: DateTime<Utc>) {
        // A clock that was set back must not promise a fire again or shorten a wait.
        self.now = self.now.max(now);
        self.promise_due();
        while let Some((at, id)) = self.timers.first().cloned() {
            if at > self.now {
                break;
            }
            self.timers.remove(&(at, id.clone()));
            self.ring(&id);
        }
    }

    /// When something will happen by itself: the instant at which [`Event::Now`] is worth sending.
    pub fn wake_at(&self) -> Option<DateTime<Utc>> {
        let fire = self.due.first().map(|(at, _)| *at);
        let timer = self.timers.first().map(|(at, _)| *at);
        [fire, timer].into_iter().flatten().min()
    }

    /// What a tick that has not ended waits for, if it waits.
    pub fn waits_for(&self, id: &TickId) -> Option<&Reason> {
        self.live.get(id).and_then(|live| live.wait.as_ref())
    }
}
