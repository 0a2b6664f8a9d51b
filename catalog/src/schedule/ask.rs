//! What people ask of the scheduler, and what is paused.

use super::{NewTick, TickId};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What can be paused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "scope", content = "name", rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    All,
    /// One pipeline.
    Pipeline(String),
    /// One pool.
    Pool(String),
    /// Whatever uses one connection.
    Connection(String),
}

/// Something that is paused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hold {
    /// What.
    pub scope: Scope,
    /// Who paused it.
    pub by: String,
    /// Why.
    pub note: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What a person asks of the scheduler. It waits in the ledger until the leader has decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Pause.
    Pause {
        /// What.
        what: Scope,
        /// Why.
        note: String,
    },
    /// Go on.
    Resume {
        /// What.
        what: Scope,
        /// Whether ticks that were skipped by the pause are run now.
        replay: bool,
    },
    /// Run a pipeline now: the latest due tick, or that of a business date.
    Run {
        /// Pipeline id.
        pipeline: String,
        /// Business date.
        biz_date: Option<NaiveDate>,
        /// Instead of the pipeline's own.
        priority: Option<u8>,
    },
    /// Stop a tick, running or not.
    Cancel {
        /// Which.
        id: TickId,
        /// Why.
        note: String,
    },
    /// Try an ended tick again.
    Rerun {
        /// Which.
        id: TickId,
        /// Why.
        note: String,
    },
    /// Do not run a tick that has not begun.
    Skip {
        /// Which.
        id: TickId,
        /// Why.
        note: String,
    },
    /// Let a tick pass the quality gate that stopped it; takes two people.
    Release {
        /// Which.
        id: TickId,
        /// Why.
        note: String,
    },
    /// Run ticks of the past: 补数.
    Backfill {
        /// Name of the backfill, for cancelling it.
        name: String,
        /// Its ticks, the oldest first.
        ticks: Vec<NewTick>,
        /// Whether ticks that succeeded before run again.
        all: bool,
    },
    /// Stop what a backfill has not begun.
    CancelBackfill {
        /// Name of the backfill.
        name: String,
    },
}

/// Who asked for a release that was granted, see [`Ask::Release`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vote {
    /// Who.
    pub by: String,
    /// Why.
    pub note: String,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// A request with its number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Number, in the order of asking.
    pub id: i64,
    /// What.
    pub ask: Ask,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The decision: whether granted, and what was done or why not.
    pub answer: Option<(bool, Value)>,
}

impl Scope {
    /// Kind and name, as stored; the name of everything is empty.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Scope::All => ("all", ""),
            Scope::Pipeline(name) => ("pipeline", name),
            Scope::Pool(name) => ("pool", name),
            Scope::Connection(name) => ("connection", name),
        }
    }

    /// The scope of a stored kind and name.
    #[must_use]
    pub fn of(kind: &str, name: &str) -> Option<Scope> {
        match kind {
            "all" => Some(Scope::All),
            "pipeline" => Some(Scope::Pipeline(name.to_owned())),
            "pool" => Some(Scope::Pool(name.to_owned())),
            "connection" => Some(Scope::Connection(name.to_owned())),
            _ => None,
        }
    }
}
