//! Why a change set could not be published. No variant holds a value of a row.

use datafusion::error::DataFusionError;
use serde::Serialize;

/// Why publishing failed. Whether the commit landed is decided by reading the table's transaction again, never by
/// the kind of error.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs)]
pub enum Error {
    #[serde(rename = "P701")]
    #[error(
        "{rows} rows of the {place} have no value in the key column \"{column}\"; add a not_null check on it or choose another key"
    )]
    KeyMissing { column: String, rows: u64, place: Place },
    #[serde(rename = "P702")]
    #[error(
        "{rows} staged rows have no value in the version column \"{column}\", which begins their validity; add a not_null check on it"
    )]
    VersionMissing { column: String, rows: u64 },
    #[serde(rename = "P703")]
    #[error(
        "publish {sequence} is in \"{target}\" already (version {version}), but with another manifest; the ledger and the target disagree, ask an administrator to reconcile them"
    )]
    OtherManifest { target: String, sequence: i64, version: i64 },
    #[serde(rename = "P704")]
    #[error(
        "publish {sequence} is in \"{target}\" already, but its record is missing or unreadable; ask an administrator to reconcile"
    )]
    RecordMissing { target: String, sequence: i64 },
    #[serde(rename = "P705")]
    #[error(
        "\"{target}\" holds {found} rows in version {version} where {expected} were expected; stop its pipeline and compare the version with the one before"
    )]
    Recount { target: String, version: i64, expected: u64, found: u64 },
    #[serde(rename = "P706")]
    #[error("\"{target}\" was changed by others during each of {attempts} attempts; try again when they have finished")]
    Contended { target: String, attempts: u32 },
    #[serde(rename = "P707")]
    #[error("the column \"{column}\" {reason}")]
    Column { column: String, reason: &'static str },
    #[serde(rename = "P708")]
    #[error("the staged file \"{path}\" {reason}; discard the stage and run again")]
    Staged { path: String, reason: &'static str },
    #[serde(rename = "P709")]
    #[error("the publication cannot be carried out: {reason}")]
    Setting { reason: &'static str },
    #[serde(rename = "P710")]
    #[error("could not {step}: {reason}")]
    Engine { step: &'static str, reason: &'static str },
    #[serde(rename = "P711")]
    #[error("{counted} of {staged} staged rows were accounted for; nothing was published")]
    Balance { staged: u64, counted: u64 },
    #[serde(rename = "P712")]
    #[error("\"{path}\" is not a usable delivery record: {reason}")]
    Delivery { path: String, reason: &'static str },
    #[serde(rename = "P713")]
    #[error("another worker has taken \"{target}\" over and carries on; this one committed nothing")]
    Superseded { target: String },
    #[serde(rename = "P714")]
    #[error("whether \"{target}\" may still be written could not be found out; nothing was committed, try again")]
    Unknown { target: String },
    /// From the storage side.
    #[serde(untagged)]
    #[error(transparent)]
    Connector(#[from] connectors::Error),
    /// From a pure function.
    #[serde(untagged)]
    #[error(transparent)]
    Transform(#[from] transforms::Error),
}

/// Where a row without a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the stage.
    Stage,
    /// In the target table.
    Table,
    /// Among the keys of quarantined rows.
    Held,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Stage => "stage",
            Self::Table => "table",
            Self::Held => "quarantine's key list",
        })
    }
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Contended { .. } | Self::Superseded { .. } | Self::Unknown { .. } => true,
            Self::Connector(error) => error.retryable(),
            Self::Engine { reason, .. } => *reason == MEMORY,
            _ => false,
        }
    }

    /// An engine error by its kind alone; its text may quote rows. Errors of ours that travelled through it come back.
    pub(super) fn engine(step: &'static str, error: &DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Engine { step, reason: MEMORY },
            DataFusionError::External(inner) => {
                inner.downcast_ref::<Self>().cloned().unwrap_or(Self::Engine { step, reason: "a source failed" })
            }
            DataFusionError::IoError(_) => Self::Engine { step, reason: "spilling to disk failed" },
            _ => Self::Engine { step, reason: "the engine refused the data" },
        }
    }

    /// An Arrow error without its text.
    pub(super) fn arrow(step: &'static str) -> impl FnOnce(arrow::error::ArrowError) -> Self {
        move |_| Self::Engine { step, reason: "the columns do not fit" }
    }

    /// A worker that did not come back.
    pub(super) fn stopped(step: &'static str) -> impl FnOnce(tokio::task::JoinError) -> Self {
        move |_| Self::Engine { step, reason: "a worker stopped" }
    }
}

const MEMORY: &str = "the memory granted to this job does not suffice";
