//! Every error of this crate, with its stable code. Refusals of a grant are [`crate::Refusal`].

use serde::Serialize;

/// What went wrong in the catalog. Fields are parameters for a message catalogue; they never hold personal data.
#[derive(Debug, thiserror::Error, Serialize, PartialEq, Eq, Clone)]
#[serde(tag = "code")]
pub enum Error {
    /// A grade that does not exist.
    #[error("{text:?} is not a grade; write L1, L2, L3, L4, important or core")]
    #[serde(rename = "K101")]
    BadGrade {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// A zone that does not exist.
    #[error("{text:?} is not a zone; write platform, domain, scenario:<id> (a-z, 0-9 and _, at most 64) or outside")]
    #[serde(rename = "K102")]
    BadZone {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// No lawful way between two zones.
    #[error("data never goes from {from} to {to}; only platform → domain → scenario and outside → domain exist")]
    #[serde(rename = "K103")]
    NoWay {
        /// The zone to leave.
        from: String,
        /// The zone to enter.
        to: String,
    },
    /// An item type that does not exist.
    #[error(
        "{text:?} is not an item type; write text, integer, decimal(12,2), float, boolean, date, timestamp or binary"
    )]
    #[serde(rename = "K104")]
    BadItemType {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// A resource code that does not follow the catalogue's form.
    #[error("{text:?} is not a resource code; write class/project/list/serial in digits, for example 3/07/001/0001")]
    #[serde(rename = "K105")]
    BadResourceCode {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// A value could not be serialised or read back.
    #[error("{what} could not be encoded or decoded; the catalog may be damaged or from a newer version")]
    #[serde(rename = "K106")]
    Encoding {
        /// What was being encoded.
        what: String,
    },
    /// The database failed.
    #[error("the catalog database failed: {fault:?}; {}", .fault.advice())]
    #[serde(rename = "K301")]
    Store {
        /// What kind of failure.
        fault: StoreFault,
    },
    /// An SQLite with the WAL-reset defect.
    #[error("SQLite {found} may corrupt a catalog; 3.51.3, 3.50.7 or 3.44.6 of its line, or later, is needed")]
    #[serde(rename = "K302")]
    SqliteTooOld {
        /// Version found.
        found: String,
    },
    /// Something that should be in the catalog is not.
    #[error("{what} {id} is not in the catalog; check the id")]
    #[serde(rename = "K303")]
    NotFound {
        /// What was looked for.
        what: String,
        /// Its id.
        id: String,
    },
    /// The lease was taken over.
    #[error("the lease on {target} was taken over by another worker; stop, the other one carries on")]
    #[serde(rename = "K304")]
    StaleLease {
        /// Target.
        target: String,
    },
    /// Another worker holds the lease.
    #[error("{owner} works on {target} until {until}; wait for it or try again then")]
    #[serde(rename = "K305")]
    LeaseHeld {
        /// Target.
        target: String,
        /// Who holds it.
        owner: String,
        /// Until when, RFC 3339 UTC.
        until: String,
    },
    /// An earlier intent of the target is not published yet.
    #[error("{target} has an unpublished intent {sequence}; publish that first, intents go in order")]
    #[serde(rename = "K306")]
    EarlierIntent {
        /// Target.
        target: String,
        /// Its publish sequence.
        sequence: i64,
    },
    /// The occurrence has an intent with another manifest.
    #[error(
        "occurrence {occurrence} already has an intent with another manifest; publish that one and discard the new stage"
    )]
    #[serde(rename = "K307")]
    OtherIntent {
        /// Occurrence.
        occurrence: String,
    },
    /// The occurrence has ended.
    #[error("occurrence {occurrence} has ended as {disposition}; nothing was changed")]
    #[serde(rename = "K308")]
    Finished {
        /// Occurrence.
        occurrence: String,
        /// How it ended.
        disposition: String,
    },
    /// The policy changed after the plan was made.
    #[error("the policy changed after the plan was made; plan again under the policy as it stands now")]
    #[serde(rename = "K309")]
    PolicyChanged,
    /// A publish permit was refused.
    #[error("nothing may leave: {refusal}")]
    #[serde(rename = "K310")]
    PermitRefused {
        /// Why.
        refusal: crate::Refusal,
    },
    /// The database was written by a newer version.
    #[error("the catalog has schema {found}, this program knows up to {known}; use a newer program")]
    #[serde(rename = "K311")]
    SchemaNewer {
        /// Schema found.
        found: i64,
        /// Newest schema known.
        known: i64,
    },
    /// A target holds another commit than the ledger recorded as published.
    #[error(
        "{target} holds another commit as sequence {sequence} than the ledger published; someone else writes to this target, stop and look"
    )]
    #[serde(rename = "K312")]
    AdoptConflict {
        /// Target.
        target: String,
        /// Publish sequence.
        sequence: i64,
    },
    /// An occurrence with an unpublished intent cannot end otherwise.
    #[error(
        "occurrence {occurrence} has an unpublished intent; it may have reached its target, so publish it before anything else"
    )]
    #[serde(rename = "K313")]
    IntentPending {
        /// Occurrence.
        occurrence: String,
    },
    /// The given values do not fit together.
    #[error("{what} does not fit the record; this is a defect of the caller")]
    #[serde(rename = "K314")]
    Mismatch {
        /// What does not fit.
        what: String,
    },
    /// The intent was given up for a commit that the target holds.
    #[error("intent {intent} was given up because its target holds another commit in its place; plan again")]
    #[serde(rename = "K315")]
    Abandoned {
        /// Intent.
        intent: String,
    },
    /// An address that no catalog can have. Nothing of it is kept: it may hold a password.
    #[error(
        "the catalog's address is neither a path nor postgres://user@host/database; check the secret that holds it"
    )]
    #[serde(rename = "K316")]
    BadPlace,
    /// A PostgreSQL that is too old.
    #[error("PostgreSQL {found} is too old for the catalog; 13 or later is needed")]
    #[serde(rename = "K317")]
    ServerTooOld {
        /// Version found.
        found: String,
    },
}

/// Kinds of database failure. The database's own text may quote data and is never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreFault {
    /// Another process held the database for too long, or the server was too busy.
    Busy,
    /// No space left.
    Full,
    /// Reading or writing the file failed.
    Io,
    /// The file is damaged or no database.
    Corrupt,
    /// The file or the server cannot be opened, or is read-only.
    Access,
    /// A constraint was violated.
    Constraint,
    /// A stored value has an unexpected form.
    Decode,
    /// The server cannot be reached, or the connection broke.
    Lost,
    /// Anything else.
    Other,
}

impl StoreFault {
    fn advice(self) -> &'static str {
        match self {
            StoreFault::Busy => "another process is writing, try again",
            StoreFault::Full => "free space on its disk and try again",
            StoreFault::Io => "check its disk",
            StoreFault::Corrupt => "restore it from a backup",
            StoreFault::Access => "check its address, and that this program may read and write there",
            StoreFault::Lost => "its server cannot be reached, try again",
            StoreFault::Constraint | StoreFault::Decode | StoreFault::Other => "report this with the code",
        }
    }
}

impl Error {
    /// Whether the same call may succeed later without anyone changing anything.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Error::Store { fault: StoreFault::Busy | StoreFault::Lost }
                | Error::LeaseHeld { .. }
                | Error::EarlierIntent { .. }
        )
    }
}
