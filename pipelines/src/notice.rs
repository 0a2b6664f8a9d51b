//! What people are told: a value of codes, names and dates. Sentences are made where they are shown.
//!
//! | to find | look in |
//! |---|---|
//! | who is to be told what, and when, as a pure step over the ledger's outbox | [`outbox`] |
//! | what goes out together as one message | [`parcel`] |
//! | handing one message to its channel | [`courier`] |
//! | the document a webhook gets | [`document`] |
//!
//! Must never happen: a value of a row or an address in a notice; the same thing told twice while it is open; a recovery
//! told to somebody who never heard of the trouble.

pub mod courier;
pub mod document;
pub mod outbox;
pub mod parcel;

use catalog::notice::{NewNotice, Severity};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A deadline has passed.
    DeadlineMissed,
    /// A deadline will probably be missed.
    DeadlineAtRisk,
    /// A run failed for good.
    RunFailed,
    /// The gate let a supply not leave.
    Withheld,
    /// The gate refused because data would have left unlawfully.
    GateLeak,
    /// A quality gate closed.
    QualityGate,
    /// A library table is older than it may be.
    StaleLibrary,
    /// A grant ends soon.
    GrantExpiring,
    /// A supply is later than its promise to the grant's holder.
    LateForGrant,
    /// Definitions are invalid; the last good ones stay in force.
    DefinitionInvalid,
    /// A calendar does not know a year that is needed soon.
    CalendarUnpublished,
    /// Ticks that definitions promise are not in the ledger.
    SchedulerDown,
    /// A tick killed several workers and was set aside.
    Poison,
    /// A channel test.
    Test,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 14] = [
        Kind::DeadlineMissed,
        Kind::DeadlineAtRisk,
        Kind::RunFailed,
        Kind::Withheld,
        Kind::GateLeak,
        Kind::QualityGate,
        Kind::StaleLibrary,
        Kind::GrantExpiring,
        Kind::LateForGrant,
        Kind::DefinitionInvalid,
        Kind::CalendarUnpublished,
        Kind::SchedulerDown,
        Kind::Poison,
        Kind::Test,
    ];

    /// How grave it is. Urgent ones go through quiet hours.
    pub fn severity(self) -> Severity {
        match self {
            Kind::DeadlineMissed | Kind::GateLeak | Kind::SchedulerDown | Kind::Poison => Severity::Urgent,
            Kind::GrantExpiring | Kind::Test => Severity::Info,
            _ => Severity::Warning,
        }
    }

    /// Name, as stored and in the message catalogue.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::DeadlineMissed => "deadline_missed",
            Kind::DeadlineAtRisk => "deadline_at_risk",
            Kind::RunFailed => "run_failed",
            Kind::Withheld => "withheld",
            Kind::GateLeak => "gate_leak",
            Kind::QualityGate => "quality_gate",
            Kind::StaleLibrary => "stale_library",
            Kind::GrantExpiring => "grant_expiring",
            Kind::LateForGrant => "late_for_grant",
            Kind::DefinitionInvalid => "definition_invalid",
            Kind::CalendarUnpublished => "calendar_unpublished",
            Kind::SchedulerDown => "scheduler_down",
            Kind::Poison => "poison",
            Kind::Test => "test",
        }
    }
}

/// One thing people are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind.
    pub kind: Kind,
    /// What exactly within the kind, so that two of them are two: a step, a table, a grant. Part of the key.
    pub about: Option<String>,
    /// Pipeline.
    pub pipeline: Option<Named>,
    /// Tick.
    pub tick: Option<TickRef>,
    /// First and last business date.
    pub dates: Option<(NaiveDate, NaiveDate)>,
    /// Why.
    pub cause: Problem,
    /// What to do.
    pub next: Next,
    /// Group of the roster that is told; the default one without.
    pub team: Option<String>,
    /// Key of a live notice whose place this one takes.
    pub replaces: Option<String>,
}

/// A pipeline with its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
}

/// A tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRef {
    /// Key within its pipeline.
    pub key: String,
    /// When it was due.
    pub at: DateTime<Utc>,
}

/// What whoever takes a notice on does next. Each has a sentence with its command in the message catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Look why a tick did not do what it should.
    Why,
    /// Run it again when its cause is gone.
    Rerun,
    /// Look at what was quarantined; two people may let it pass.
    Release,
    /// Have the grant renewed; what was missed follows by itself.
    Renew {
        /// Grant.
        grant: String,
    },
    /// Correct the definitions.
    Correct,
    /// Add the calendar of a year.
    Calendar {
        /// Calendar.
        calendar: String,
        /// Year.
        year: i32,
    },
    /// Start the service.
    Start,
    /// Ask the provider.
    Provider,
    /// Nothing.
    Nothing,
}

impl Notice {
    /// What makes it the same thing again: kind, pipeline, tick and what it is about.
    pub fn key(&self) -> String {
        let pipeline = self.pipeline.as_ref().map_or("-", |pipeline| &pipeline.id);
        let tick = self.tick.as_ref().map_or("-", |tick| &tick.key);
        key(self.kind, pipeline, tick, self.about.as_deref().unwrap_or("-"))
    }

    /// The notice as the outbox takes it.
    pub fn to_outbox(&self) -> NewNotice {
        NewNotice {
            key: self.key(),
            kind: self.kind.as_str().to_owned(),
            severity: self.kind.severity(),
            pipeline: self.pipeline.as_ref().map(|pipeline| pipeline.id.clone()),
            tick: self.tick.as_ref().map(|tick| tick.key.clone()),
            replaces: self.replaces.clone(),
            body: self.body(),
        }
    }

    /// The notice as JSON, for the outbox.
    pub fn body(&self) -> serde_json::Value {
        // Structs of texts and dates; serialising them does not fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A notice out of the outbox; `None` if a newer version wrote it in a form this one does not know.
    pub fn read(body: &serde_json::Value) -> Option<Self> {
        serde_json::from_value(body.clone()).ok()
    }
}

/// The key of a notice, from its parts.
pub fn key(kind: Kind, pipeline: &str, tick: &str, about: &str) -> String {
    format!("{}:{pipeline}:{tick}:{about}", kind.as_str())
}
