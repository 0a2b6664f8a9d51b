//! What happened and what is to happen: occurrences, runs, attempts, leases, intents, published versions.
//!
//! Each target is a job of its own. A tick of a schedule is an *occurrence* of a target; it ends in exactly one
//! terminal [`Disposition`]. What it staged becomes an [`Intent`] with the target's next publish sequence, and once
//! that is in the target, `complete` closes all of it in one transaction.

use crate::lineage::LineageEdge;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// How far an occurrence is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Known, not begun.
    Pending,
    /// Waiting for a source, an approval, another table.
    Waiting,
    /// An attempt has begun.
    Running,
    /// Ended: published.
    Succeeded,
    /// Ended: an error or a quality gate.
    Failed,
    /// Ended: the gate let nothing leave.
    Withheld,
    /// Ended: not run, for the reason given.
    Skipped,
    /// Ended: another occurrence covers its interval.
    Superseded,
    /// Ended: its time passed while nothing could run it.
    Missed,
}

impl Disposition {
    /// All dispositions.
    pub const ALL: [Disposition; 9] = [
        Disposition::Pending,
        Disposition::Waiting,
        Disposition::Running,
        Disposition::Succeeded,
        Disposition::Failed,
        Disposition::Withheld,
        Disposition::Skipped,
        Disposition::Superseded,
        Disposition::Missed,
    ];

    /// Whether nothing more will happen to the occurrence by itself.
    #[must_use]
    pub fn terminal(self) -> bool {
        !matches!(self, Disposition::Pending | Disposition::Waiting | Disposition::Running)
    }

    /// Whether a person may have it tried again: what failed, was withheld, skipped or missed, never what succeeded.
    #[must_use]
    pub fn reopenable(self) -> bool {
        matches!(self, Disposition::Failed | Disposition::Withheld | Disposition::Skipped | Disposition::Missed)
    }

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Disposition::Pending => "pending",
            Disposition::Waiting => "waiting",
            Disposition::Running => "running",
            Disposition::Succeeded => "succeeded",
            Disposition::Failed => "failed",
            Disposition::Withheld => "withheld",
            Disposition::Skipped => "skipped",
            Disposition::Superseded => "superseded",
            Disposition::Missed => "missed",
        }
    }

    /// The disposition of that stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Disposition> {
        Disposition::ALL.into_iter().find(|disposition| disposition.as_str() == text)
    }
}

/// An occurrence to be found or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOccurrence {
    /// Pipeline id.
    pub pipeline: String,
    /// Job within the pipeline, for example `library:base.person` or `supply:insured_person`.
    pub job: String,
    /// Target, unique within the tenant.
    pub target: String,
    /// What makes it this occurrence of the target: the scheduled instant, a business date, a backfill's name.
    pub key: String,
    /// Business date, if it has one.
    pub biz_date: Option<NaiveDate>,
    /// The tick it belongs to, if a schedule made it.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// Start of the covered interval, inclusive.
    pub interval_start: Option<DateTime<Utc>>,
    /// End of the covered interval, exclusive.
    pub interval_end: Option<DateTime<Utc>>,
    /// Digest of the pipeline definition it is pinned to.
    pub definition_digest: String,
    /// Digest of the policy it was planned with.
    pub policy_digest: String,
    /// Digest of the grants it was planned with.
    pub grants_digest: String,
}

/// An occurrence as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// Id (UUID v7).
    pub id: String,
    /// Pipeline id.
    pub pipeline: String,
    /// Job within the pipeline.
    pub job: String,
    /// Target.
    pub target: String,
    /// Key within the target.
    pub key: String,
    /// Business date, `YYYY-MM-DD`.
    pub biz_date: Option<String>,
    /// Scheduled instant, RFC 3339 UTC.
    pub scheduled_at: Option<String>,
    /// Start of the interval, inclusive.
    pub interval_start: Option<String>,
    /// End of the interval, exclusive.
    pub interval_end: Option<String>,
    /// Digest of the pipeline definition, pinned when the occurrence was made.
    pub definition_digest: String,
    /// Digest of the policy when it was made.
    pub policy_digest: String,
    /// Digest of the grants when it was made.
    pub grants_digest: String,
    /// How far it is.
    pub disposition: Disposition,
    /// Why, for dispositions that have a reason: codes, names and counts.
    pub reason: Option<Value>,
    /// When it was made.
    pub created_at: String,
    /// When it ended.
    pub finished_at: Option<String>,
}

/// One run of a pipeline: a command or a tick that tried some occurrences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Id (UUID v7).
    pub id: String,
    /// Pipeline id.
    pub pipeline: String,
    /// What started it: `manual`, `schedule`, `backfill`, `catch_up`.
    pub cause: String,
    /// Who started it.
    pub started_by: String,
    /// When it started.
    pub started_at: String,
    /// When it ended; `None` while it runs, or after a crash.
    pub finished_at: Option<String>,
    /// Whether it ended well.
    pub success: Option<bool>,
    /// What it reported at the end.
    pub summary: Option<Value>,
}

/// One try of an occurrence 第n次.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Occurrence.
    pub occurrence: String,
    /// Number, dense from 1 within the occurrence.
    pub no: i64,
    /// Run it belongs to.
    pub run: String,
    /// When it started.
    pub started_at: String,
    /// When it ended; `None` while it runs, or after a crash.
    pub finished_at: Option<String>,
    /// How it left the occurrence.
    pub disposition: Option<Disposition>,
}

/// A run with what it tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
    /// Its attempts with their occurrences, in the order of starting.
    pub attempts: Vec<(Attempt, Occurrence)>,
}

/// The right to work on a target, until it expires or someone takes it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// Target.
    pub target: String,
    /// Who holds it.
    pub owner: String,
    /// Fencing token: grows with every acquisition of the target; an older one is refused.
    pub token: i64,
    /// When it ends unless renewed, RFC 3339 UTC.
    pub expires_at: String,
}

/// A supply's permit: the grant it was planned with, held to the grant as it stands when the intent is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// Number of the grant.
    pub grant: String,
    /// Digest of the grant in the plan.
    pub digest: String,
}

/// What is about to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// Occurrence that staged it.
    pub occurrence: String,
    /// Target; must be the occurrence's.
    pub target: String,
    /// Where the manifest is.
    pub manifest_path: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Cursor after publishing; `None` leaves the cursor where it is (a backfill).
    pub cursor_after: Option<String>,
    /// Grants that must be live and unchanged now; empty for a job that crosses no border.
    pub permits: Vec<Permit>,
    /// Policy that must be in force now; `None` for a job that crosses no border.
    pub policy_digest: Option<String>,
    /// Token of the lease held on the target.
    pub lease_token: i64,
}

/// A recorded intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Intent {
    /// Id (UUID v7).
    pub id: String,
    /// Occurrence that staged it.
    pub occurrence: String,
    /// Target.
    pub target: String,
    /// Place in the target's dense order of publishing, from 1.
    pub publish_sequence: i64,
    /// Ledger epoch it was recorded in; with the target it names the transaction in a Delta log.
    pub epoch: String,
    /// Where the manifest is.
    pub manifest_path: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Cursor after publishing.
    pub cursor_after: Option<String>,
    /// Whether it has been published.
    pub published: bool,
}

/// What publishing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Version of the target that holds it.
    pub version: i64,
    /// Rows by the name of what was counted, for checks against history.
    pub rows: BTreeMap<String, i64>,
    /// Balance of every step and of the target; counts only.
    pub balance: Value,
    /// Receipts; names, counts and digests only.
    pub receipts: Vec<Value>,
    /// Where every column came from.
    pub lineage: Vec<LineageEdge>,
}

/// The last publication of a target, or the publication of an occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publication {
    /// Intent.
    pub intent: String,
    /// Occurrence.
    pub occurrence: String,
    /// Publish sequence.
    pub publish_sequence: i64,
    /// Epoch of the intent.
    pub epoch: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Version of the target.
    pub version: i64,
    /// When it was recorded as published.
    pub published_at: String,
    /// Balance as recorded; `None` for an adopted one.
    pub balance: Option<Value>,
}

/// A commit found in a target's own log, for [`crate::Catalog::adopt`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCommit {
    /// Ledger epoch that the commit carries.
    pub epoch: String,
    /// Publish sequence that it carries.
    pub sequence: i64,
    /// Occurrence key that it carries.
    pub occurrence_key: String,
    /// Manifest digest that it carries.
    pub manifest_digest: String,
    /// Cursor after it, if it moved one.
    pub cursor_after: Option<String>,
    /// Version of the target.
    pub version: i64,
}

/// The target whose commits are adopted, with the job that owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptTarget {
    /// Pipeline id.
    pub pipeline: String,
    /// Job within the pipeline.
    pub job: String,
    /// Target.
    pub target: String,
}

/// What adopting did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// Commits recorded as published.
    pub recorded: u64,
    /// Commits the ledger knew already.
    pub known: u64,
    /// Intents given up because the target holds another commit in their place.
    pub abandoned: u64,
    /// The sequence that the next intent of the target gets.
    pub next_sequence: i64,
}
