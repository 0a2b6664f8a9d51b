//! Ticks: what was promised, how far it is.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Name of a tick: its pipeline and its key within it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TickId {
    /// Pipeline id.
    pub pipeline: String,
    /// Key: the instant as RFC 3339 UTC for ticks of a schedule; `table@version` or `backfill:…` for others.
    pub key: String,
}

/// What made a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A schedule, in time.
    Schedule,
    /// A schedule, made up after its time had passed.
    CatchUp,
    /// A committed version of a table.
    After,
    /// A person.
    Manual,
    /// A backfill 补数.
    Backfill,
}

/// How far a tick is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickState {
    /// Promised; its reason says what it waits for.
    Queued,
    /// May be claimed by a worker; it holds its slots.
    Ready,
    /// A worker has it.
    Running,
    /// Ended: every target published.
    Succeeded,
    /// Ended: an error, a quality gate, a time limit.
    Failed,
    /// Ended: the gate let some target's data not leave; the others published.
    Withheld,
    /// Ended: not run, for its reason.
    Skipped,
    /// Ended: its successor covers its interval.
    Superseded,
    /// Ended: its time passed while nothing could run it; its successor, if any, made it up.
    Missed,
}

/// A tick to be promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTick {
    /// Pipeline and key.
    pub id: TickId,
    /// What made it.
    pub cause: Cause,
    /// When it was due.
    pub scheduled_at: DateTime<Utc>,
    /// Start of the covered interval, inclusive.
    pub interval_start: DateTime<Utc>,
    /// End of the covered interval, exclusive.
    pub interval_end: DateTime<Utc>,
    /// Business date.
    pub biz_date: NaiveDate,
    /// Digest of the definition it is pinned to.
    pub definition_digest: String,
    /// Organisation whose share its slots count against.
    pub owner: String,
    /// Pool whose slots it takes.
    pub pool: String,
    /// 0 (last) to 9 (first).
    pub priority: u8,
}

/// A tick as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// What was promised.
    #[serde(flatten)]
    pub tick: NewTick,
    /// How far it is.
    pub state: TickState,
    /// What it waits for, or why it ended so: codes, names, counts.
    pub reason: Option<Value>,
    /// Key of the tick that covers its interval or made it up.
    pub successor: Option<String>,
    /// Attempts begun, looks for files included.
    pub attempt: u32,
    /// Attempts that failed and count against the retries.
    pub tries: u32,
    /// Workers that died with it.
    pub deaths: u32,
    /// Not to be tried before.
    pub not_before: Option<DateTime<Utc>>,
    /// Worker that has it, or had it last.
    pub worker: Option<String>,
    /// Fencing token: grows with every claim.
    pub token: i64,
    /// When the claim ends unless renewed.
    pub lease_until: Option<DateTime<Utc>>,
    /// Phase its run has reached: `start`, `stage`, `publish`.
    pub phase: Option<String>,
    /// Why its worker is to stop, once somebody asked for that.
    pub cancel: Option<Value>,
    /// Run of the last attempt.
    pub run: Option<String>,
    /// When it was promised.
    pub created_at: DateTime<Utc>,
    /// When the first attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Number of the last change by a worker, in the order of commits.
    pub revision: i64,
}

impl std::fmt::Display for TickId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.pipeline, self.key)
    }
}

impl Cause {
    /// All causes.
    pub const ALL: [Cause; 5] = [Cause::Schedule, Cause::CatchUp, Cause::After, Cause::Manual, Cause::Backfill];

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Schedule => "schedule",
            Cause::CatchUp => "catch_up",
            Cause::After => "after",
            Cause::Manual => "manual",
            Cause::Backfill => "backfill",
        }
    }

    /// The cause of that stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.as_str() == text)
    }
}

impl TickState {
    /// All states.
    pub const ALL: [TickState; 9] = [
        TickState::Queued,
        TickState::Ready,
        TickState::Running,
        TickState::Succeeded,
        TickState::Failed,
        TickState::Withheld,
        TickState::Skipped,
        TickState::Superseded,
        TickState::Missed,
    ];

    /// Whether nothing more happens to the tick by itself.
    #[must_use]
    pub fn ended(self) -> bool {
        !matches!(self, TickState::Queued | TickState::Ready | TickState::Running)
    }

    /// Whether it holds its pipeline's turn: no other tick of the pipeline may be made ready.
    #[must_use]
    pub fn busy(self) -> bool {
        matches!(self, TickState::Ready | TickState::Running)
    }

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            TickState::Queued => "queued",
            TickState::Ready => "ready",
            TickState::Running => "running",
            TickState::Succeeded => "succeeded",
            TickState::Failed => "failed",
            TickState::Withheld => "withheld",
            TickState::Skipped => "skipped",
            TickState::Superseded => "superseded",
            TickState::Missed => "missed",
        }
    }

    /// The state of that stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<TickState> {
        TickState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}
