//! The outbox of notices as the ledger keeps it: what people are to be told, whom it reached, who took it on.
//!
//! A notice is *open* from the moment something is wrong until it recovers or somebody closes it. While it is open (or
//! acknowledged), the same thing again, by its key, is counted and not told again. Who is told, when, and what follows
//! when nobody answers is decided by `pipelines`; here is only what must survive a crash. The methods are in `store/notices.rs`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something people are to be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewNotice {
    /// What makes it the same thing again: `deadline:population.insured:2026-11-19T18:30:00Z`.
    pub key: String,
    /// Kind, as `pipelines::notice::Kind` names it: `deadline_missed`.
    pub kind: String,
    /// How grave.
    pub severity: Severity,
    /// Pipeline id, if it is about one.
    pub pipeline: Option<String>,
    /// Key of the tick, if it is about one.
    pub tick: Option<String>,
    /// Key of a live notice whose place this one takes: that one is closed without a word.
    pub replaces: Option<String>,
    /// The notice itself: codes, names, counts and dates.
    pub body: Value,
}

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look during the day.
    Warning,
    /// Somebody must look now; quiet hours do not hold it.
    Urgent,
}

/// How far a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// Wrong still, and nobody has taken it on.
    Open,
    /// Somebody has taken it on: nobody else is told any more.
    Acknowledged,
    /// Right again. Who was told is told that too.
    Recovered,
    /// Closed by a person.
    Closed,
}

/// A notice as recorded. `UNIQUE (tenant, key)` among those open or acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredNotice {
    /// Id (UUID v7).
    pub id: String,
    /// What people are to be told.
    #[serde(flatten)]
    pub notice: NewNotice,
    /// How far it is.
    pub state: NoticeState,
    /// How often it happened while it was open, the first time included.
    pub count: u32,
    /// When it happened first.
    pub created_at: DateTime<Utc>,
    /// When it happened last.
    pub last_at: DateTime<Utc>,
    /// Who took it on.
    pub acknowledged: Option<Acknowledgement>,
    /// That it is right again.
    pub recovery: Option<Recovery>,
    /// Whom it was sent to, or is to be.
    pub sends: Vec<Send>,
    /// When something is to be done about it next; `None`: nothing any more.
    pub next_at: Option<DateTime<Utc>>,
    /// Grows with every change but counting, so that a send does not overwrite an acknowledgement.
    pub revision: i64,
}

/// Who took a notice on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// What they said.
    pub note: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// That something is right again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// What people are told then, as [`NewNotice::body`].
    pub body: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// One message of a notice to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// To whom.
    pub to: Recipient,
    /// Why.
    pub why: Why,
    /// Step of the escalation, 0 for those on duty.
    pub step: u32,
    /// How many of its kind went before it to the same recipient: the number of the reminder.
    pub round: u32,
    /// How far it is.
    pub state: SendState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before.
    pub next_at: DateTime<Utc>,
    /// When it went out.
    pub sent_at: Option<DateTime<Utc>>,
    /// Code of the last failure.
    pub error: Option<String>,
}

/// Whom a message goes to: names of the duty roster, never an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Recipient {
    /// Channel.
    pub channel: String,
    /// Person; `None`: the channel's group as a whole.
    pub person: Option<String>,
}

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It happened.
    First,
    /// Nobody before them took it on.
    Escalation,
    /// It is still open.
    Reminder,
    /// It is right again.
    Recovery,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// To be sent, or to be tried again.
    Waiting,
    /// Taken by its channel.
    Sent,
    /// Given up.
    Failed,
    /// No longer of use: somebody took the notice on, or it was right again before.
    Dropped,
}

impl NoticeState {
    /// All states.
    pub const ALL: [NoticeState; 4] =
        [NoticeState::Open, NoticeState::Acknowledged, NoticeState::Recovered, NoticeState::Closed];

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeState::Open => "open",
            NoticeState::Acknowledged => "acknowledged",
            NoticeState::Recovered => "recovered",
            NoticeState::Closed => "closed",
        }
    }

    /// The state of that stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<NoticeState> {
        NoticeState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it is wrong still.
    #[must_use]
    pub fn live(self) -> bool {
        matches!(self, NoticeState::Open | NoticeState::Acknowledged)
    }
}

impl Severity {
    /// All severities, the lightest first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Urgent];

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Urgent => "urgent",
        }
    }

    /// The severity of that stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}
