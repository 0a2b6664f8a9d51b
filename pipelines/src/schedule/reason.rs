//! Why a tick waits, and why it ended as it did: names, codes and counts, kept with the tick in the ledger.

use catalog::schedule::{Scope, TickState};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::problem::Problem;

/// Why a tick waits or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// Something is paused.
    Paused {
        /// What.
        what: Scope,
        /// By whom.
        by: String,
    },
    /// An earlier tick of the pipeline has not ended.
    Behind {
        /// Its key.
        key: String,
    },
    /// A table has no committed version yet that it may use.
    Table {
        /// The table.
        table: String,
        /// The business date it must be for; `None`: any since the last run.
        biz_date: Option<NaiveDate>,
        /// Until when it waits.
        until: DateTime<Utc>,
    },
    /// A source is not ready, or another process works on the target.
    Source {
        /// What was found at the last look.
        problems: Vec<Problem>,
        /// Until when it waits.
        until: DateTime<Utc>,
    },
    /// All slots of its pool are taken.
    Pool {
        /// The pool.
        pool: String,
    },
    /// A connection it uses has as many runs as it may have.
    Connection {
        /// The connection.
        connection: String,
    },
    /// An attempt failed and is repeated.
    Retry {
        /// Attempts that failed so far.
        tries: u32,
        /// What went wrong.
        problems: Vec<Problem>,
    },
    /// Its worker died or was cut off.
    Lost {
        /// The worker.
        worker: String,
        /// Workers that died with it so far.
        deaths: u32,
    },
    /// The service was told to stop before it had ended.
    Drained,
    /// A person asked for it again.
    Again {
        /// Who.
        by: Vec<String>,
        /// Why.
        note: String,
        /// Whether the quality gate that stopped it lets it pass: two people said so.
        released: bool,
    },
    /// Skipped or superseded: an earlier or later tick of the pipeline overlapped.
    Overlap {
        /// The other tick's key.
        key: String,
    },
    /// Its time passed while no scheduler ran.
    Down {
        /// Since when nothing had been promised.
        since: DateTime<Utc>,
        /// When the scheduler was there again.
        until: DateTime<Utc>,
    },
    /// A person stopped it.
    Stopped {
        /// Who.
        by: String,
        /// Why.
        note: String,
    },
    /// Its definition is gone.
    Withdrawn,
    /// Workers died with it again and again.
    Poison {
        /// How many.
        deaths: u32,
    },
    /// An attempt took longer than it may.
    Timeout {
        /// Seconds it may take.
        seconds: u64,
    },
    /// What its jobs ended with.
    Problems {
        /// All of it.
        problems: Vec<Problem>,
    },
}

impl Reason {
    /// As the ledger keeps it.
    pub fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// Read back; `None` for what another version wrote.
    pub fn of(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }

    /// How a worker that is stopped for it leaves its tick, and who covers it then.
    pub fn stops_as(&self) -> (TickState, Option<String>) {
        match self {
            Self::Overlap { key } => (TickState::Superseded, Some(key.clone())),
            _ => (TickState::Skipped, None),
        }
    }

    /// Whether two say the same to people: when only details of the same wait changed, the ledger is left alone.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Source { .. }, Self::Source { .. }) => true,
            _ => self == other,
        }
    }
}
