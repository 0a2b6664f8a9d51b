//! The schedule's ledger: every tick that a schedule promised, what became of it, and what people asked for.
//!
//! A *tick* is the promise of a pipeline at an instant. It is recorded once, waits, is made ready by the one leading
//! scheduler, claimed by one worker at a time under a fencing token, and ends in exactly one terminal state. What it
//! did to each target is recorded with the target's occurrence of the same key (`ledger.rs`).
//!
//! The leader's changes come as [`Op`]s, many to a transaction, fenced by its lease. What workers do to a tick gets a
//! dense number in the order of commits, the tick's `revision`, so that whoever leads can ask what happened since.
//! The methods are in `store/schedule/`.

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

/// Which ticks to list; empty takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TickFilter {
    /// Of one pipeline.
    pub pipeline: Option<String>,
    /// Due at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Due before this instant.
    pub to: Option<DateTime<Utc>>,
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
    /// Ticks that have not ended, and of every pipeline the newest that ran (succeeded, failed or withheld).
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
