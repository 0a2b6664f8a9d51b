//! Audit entries: what GB/T 22239 level 3 asks for, in canonical bytes that can be proven unchanged.
//!
//! The canonical bytes of an entry are the canonical JSON ([`crate::digest::canonical_json`]) of the object with the
//! keys `at`, `detail`, `kind`, `object`, `phase`, `seq`, `subject`, `success`, `tenant`, `user`. Its leaf hash is
//! RFC 9162's: HASH(0x00 || bytes), with SM3 or SHA-256. `at` is RFC 3339 in UTC with six decimals.

use crate::merkle::{AuditHash, Hash};
use crate::{Error, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether an entry announces an act or tells how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Something is about to be done.
    Intent,
    /// It was done, or it failed.
    Outcome,
}

impl Phase {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Intent => "intent",
            Phase::Outcome => "outcome",
        }
    }
}

/// An event to be recorded. Texts and `detail` name things and count them; they never hold values of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Kind of event, dotted: `publish`, `grant.import`, `key.destroy`.
    pub kind: String,
    /// Announced or ended.
    pub phase: Phase,
    /// Success or failure; an announcement counts as success.
    pub success: bool,
    /// On whose behalf: a pipeline, a command, a job.
    pub subject: String,
    /// What it was done to: a target, a grant, a key id.
    pub object: String,
    /// Further facts: counts, digests, codes.
    pub detail: Value,
}

impl Event {
    /// The announcement of an act.
    pub fn intent(kind: &str, subject: impl Into<String>, object: impl Into<String>, detail: Value) -> Event {
        Event {
            kind: kind.to_owned(),
            phase: Phase::Intent,
            success: true,
            subject: subject.into(),
            object: object.into(),
            detail,
        }
    }

    /// The successful end of an act.
    pub fn done(kind: &str, subject: impl Into<String>, object: impl Into<String>, detail: Value) -> Event {
        Event { phase: Phase::Outcome, ..Event::intent(kind, subject, object, detail) }
    }

    /// The failed or refused end of an act.
    pub fn failed(kind: &str, subject: impl Into<String>, object: impl Into<String>, detail: Value) -> Event {
        Event { success: false, ..Event::done(kind, subject, object, detail) }
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Place in the log, dense from 1.
    pub seq: i64,
    /// Tenant.
    pub tenant: String,
    /// Date and time, RFC 3339 UTC with six decimals.
    pub at: String,
    /// User.
    pub user: String,
    /// Kind of event.
    pub kind: String,
    /// `intent` or `outcome`.
    pub phase: String,
    /// Success or failure.
    pub success: bool,
    /// Subject.
    pub subject: String,
    /// Object.
    pub object: String,
    /// Further facts.
    pub detail: Value,
}

impl Entry {
    /// The bytes that are hashed; see the module's description.
    ///
    /// # Errors
    /// K106 if the entry cannot be serialised.
    pub fn canonical(&self) -> Result<Vec<u8>, Error> {
        Ok(digest::canonical_json(self)?.into_bytes())
    }

    /// The leaf hash of the entry.
    ///
    /// # Errors
    /// K106 if the entry cannot be serialised.
    pub fn leaf(&self, hash: AuditHash) -> Result<Hash, Error> {
        Ok(hash.leaf(&self.canonical()?))
    }
}

/// The head of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Hash in use.
    pub hash: AuditHash,
    /// Number of entries.
    pub size: u64,
    /// Merkle tree hash over all entries, hexadecimal.
    pub root: String,
}

/// What a recomputation of the whole log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Verification {
    /// Every entry and the head agree.
    Intact {
        /// The recomputed head.
        head: Head,
    },
    /// Something was changed, removed or put in.
    Broken {
        /// First sequence number that does not agree.
        seq: i64,
        /// `missing`, `changed` or `head`.
        fault: Fault,
    },
}

/// How an entry disagrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The entry is not there.
    Missing,
    /// The entry's fields or hashes do not agree.
    Changed,
    /// All entries agree with each other, but not with the head.
    Head,
}
