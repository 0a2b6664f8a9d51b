//! The schedule's ledger: every tick that a schedule promised, what became of it, and what people asked for.
//!
//! A *tick* is the promise of a pipeline at an instant. It is recorded once, waits, is made ready by the one leading
//! scheduler, claimed by one worker at a time under a fencing token, and ends in exactly one terminal state. What it
//! did to each target is recorded with the target's occurrence of the same key (`ledger.rs`).
//!
//! The leader's changes come as [`Op`]s, many to a transaction, fenced by its lease. What workers do to a tick gets a
//! dense number in the order of commits, the tick's `revision`, so that whoever leads can ask what happened since.
//! The methods are in `store/schedule/`.

mod ask;
mod rules;
mod tick;
mod work;

pub use ask::{Ask, Hold, Request, Scope, Vote};
pub use tick::{Cause, NewTick, Tick, TickId, TickState};
pub use work::{Beat, Leaving, Left, Pulse};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One change of the leading scheduler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Promises a tick; one that is there already stays as it is.
    Promise {
        /// The tick.
        tick: NewTick,
        /// Its first state: queued, or already ended.
        state: TickState,
        /// Why.
        reason: Option<Value>,
        /// Who covers it.
        successor: Option<String>,
    },
    /// Everything up to an instant has been promised for a pipeline.
    Anchor {
        /// Pipeline id.
        pipeline: String,
        /// Digest of the schedule it holds for.
        schedule: String,
        /// The instant.
        at: DateTime<Utc>,
    },
    /// A queued or ready tick waits, for another reason than before.
    Wait {
        /// The tick.
        id: TickId,
        /// What for.
        reason: Value,
    },
    /// A queued tick may be claimed.
    Ready {
        /// The tick.
        id: TickId,
    },
    /// A running tick whose worker died waits again; its token is spent.
    Reclaim {
        /// The tick.
        id: TickId,
        /// Not before.
        not_before: DateTime<Utc>,
        /// Why.
        reason: Value,
    },
    /// A tick that has not ended ends; a running one's token is spent.
    End {
        /// The tick.
        id: TickId,
        /// How.
        state: TickState,
        /// Why.
        reason: Option<Value>,
        /// Who covers it.
        successor: Option<String>,
    },
    /// An ended tick that did not succeed is tried again.
    Reopen {
        /// The tick.
        id: TickId,
        /// Who asked, and why.
        reason: Value,
    },
    /// Its worker is to stop.
    Cancel {
        /// The tick.
        id: TickId,
        /// Why, and who asked.
        reason: Value,
    },
    /// Something is paused.
    Hold(Hold),
    /// Something goes on.
    Release {
        /// What.
        scope: Scope,
    },
    /// A request has been decided.
    Answer {
        /// Its number.
        request: i64,
        /// Whether it was granted.
        granted: bool,
        /// What was done, or why not.
        answer: Value,
    },
}

/// Which ticks to list; empty takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TickFilter {
    /// Of one pipeline.
    pub pipeline: Option<String>,
    /// Due at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Due before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Made by this.
    pub cause: Option<Cause>,
    /// In one of these states; empty: in any.
    pub states: Vec<TickState>,
    /// At most so many; 0: none.
    pub limit: u32,
    /// The newest first, else the oldest.
    pub newest_first: bool,
}

/// A version of a library table that was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Place in the order of commits of this ledger; text order is commit order.
    pub position: String,
    /// Target, `library:base.population`.
    pub target: String,
    /// Version of the table.
    pub version: i64,
    /// Business date of the occurrence that committed it.
    pub biz_date: Option<NaiveDate>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Up to where a schedule's ticks have been promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Pipeline id.
    pub pipeline: String,
    /// Digest of the schedule.
    pub schedule: String,
    /// The instant.
    pub at: DateTime<Utc>,
}

/// Everything a scheduler needs to go on where another stopped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Ticks that have not ended, and of every pipeline the newest that ran (succeeded, failed or withheld); where none
    /// did, the first that was passed over.
    pub ticks: Vec<Tick>,
    /// Up to where each schedule was promised.
    pub anchors: Vec<Anchor>,
    /// What is paused.
    pub holds: Vec<Hold>,
    /// The latest commit of every table and business date of the last 40 days.
    pub commits: Vec<Commit>,
    /// The last revision seen in it.
    pub revision: i64,
}
