//! What a run tells people: progress while it goes, a report at its end. Values, no text: `deploy` renders them.

use serde::Serialize;

use crate::manifest::{Outcome, RuleCount, StepCount};
use crate::problem::Problem;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Published.
    Succeeded,
    /// This occurrence was published before; nothing changed.
    AlreadyDone,
    /// The gate refused; nothing left.
    Withheld,
    /// The quality gate closed; nothing was published.
    QualityGate,
    /// The source is not ready yet.
    Waiting,
    /// It could not be finished.
    Failed,
    /// Stopped by the user before anything was published.
    Interrupted,
}

/// One run of one pipeline.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// Id of the run.
    pub run: String,
    /// Pipeline id.
    pub pipeline: String,
    /// Pipeline title.
    pub title: String,
    /// Business dates covered, first and last, ISO.
    pub business_dates: (String, String),
    /// Half-open interval covered, RFC 3339.
    pub interval: (String, String),
    /// Its jobs, in the order they ran.
    pub jobs: Vec<JobReport>,
    /// Wall-clock time in milliseconds.
    pub elapsed_ms: u64,
}

/// One job of a run.
#[derive(Debug, Clone, Serialize)]
pub struct JobReport {
    /// `library:social_security.insured_person` or `supply:scenario:x/dataset`.
    pub job: String,
    /// Whether it is a supply (else it builds a library table).
    pub supply: bool,
    /// How it ended.
    pub status: Status,
    /// Rows per step.
    pub steps: Vec<StepCount>,
    /// Rules that failed, most rows first.
    pub rules: Vec<RuleCount>,
    /// Rows quarantined.
    pub quarantined: u64,
    /// What publishing did, when it did.
    pub outcome: Option<Outcome>,
    /// Rows supplied (supplies only).
    pub supplied: u64,
    /// Protection of every supplied column.
    pub protections: Vec<ColumnProtection>,
    /// Steps whose quarantined rows have unknown keys: deletes by absence were left out because of them.
    pub deletes_left_out: Vec<String>,
    /// Why it was withheld or failed, all of it.
    pub problems: Vec<Problem>,
    /// Where the data stands now.
    pub target: String,
    /// Wall-clock time in milliseconds.
    pub elapsed_ms: u64,
}

/// How a supplied column is protected and who demanded it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnProtection {
    /// Column.
    pub column: String,
    /// Its grade.
    pub grade: catalog::grade::Grade,
    /// The protection: `pseudonym`, `generalise:1000`, …
    pub protection: String,
    /// `policy`, `grant` or `pipeline`.
    pub demanded_by: String,
}

/// Something that happened during a run.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    Started {
        /// Its id in the ledger.
        run: String,
    },
    /// A job began; `bytes` is the size of its sources where known.
    JobStarted {
        /// The job.
        job: String,
        /// Size of what it reads, 0 when unknown.
        bytes: u64,
    },
    /// A job entered a phase: `stage`, `audit`, `intent`, `publish`.
    Phase {
        /// The job.
        job: String,
        /// The phase.
        phase: &'static str,
    },
    /// Rows and bytes read so far.
    Advanced {
        /// The job.
        job: String,
        /// Rows read so far.
        rows: u64,
        /// Bytes read so far, estimated from the files' sizes.
        bytes: u64,
    },
    /// A job ended.
    JobEnded {
        /// The job.
        job: String,
        /// How.
        status: Status,
    },
}

/// Receives events; must be quick, since rows wait for it.
pub trait Progress: Send + Sync {
    /// Takes one event.
    fn event(&self, event: Event);
}

/// Ignores all events.
#[derive(Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event) {}
}
