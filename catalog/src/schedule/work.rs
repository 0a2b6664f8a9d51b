//! What workers tell the ledger of the ticks they have.

use super::{TickId, TickState};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an attempt left its tick; written by its worker, under its token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "left", rename_all = "snake_case")]
pub enum Left {
    /// Ended.
    Ended {
        /// How.
        state: TickState,
        /// Why.
        reason: Option<Value>,
        /// Who covers it.
        successor: Option<String>,
    },
    /// To be tried again.
    Again {
        /// Not before.
        not_before: DateTime<Utc>,
        /// Why.
        reason: Value,
        /// Whether the attempt counts against the retries (`tries`); looking for files does not.
        counts: bool,
    },
}

/// A worker leaves a tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaving {
    /// The tick.
    pub id: TickId,
    /// Token of the claim.
    pub token: i64,
    /// How.
    pub left: Left,
    /// Run of the attempt, if it came to one.
    pub run: Option<String>,
}

/// A sign of life of a worker for a tick it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The tick.
    pub id: TickId,
    /// Token of the claim.
    pub token: i64,
    /// Phase its run has reached; `None` leaves it as it was.
    pub phase: Option<String>,
}

/// What the ledger answers to a [`Beat`].
#[derive(Debug, Clone, PartialEq)]
pub struct Pulse {
    /// The tick.
    pub id: TickId,
    /// Whether the claim holds. If not, the worker stops at once and publishes nothing.
    pub alive: bool,
    /// Why the worker is to stop, once somebody asked for that.
    pub cancel: Option<Value>,
}
