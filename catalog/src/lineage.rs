//! Column lineage and receipts: where a supplied column came from, and what was handed over.

use crate::{Grade, Protection};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a source column reaches a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Its value enters the column.
    Value,
    /// It decides which rows there are.
    Row,
}

impl Flow {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Flow::Value => "value",
            Flow::Row => "row",
        }
    }
}

/// One edge: a source column that flows into a target's column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineageEdge {
    /// Column of the target; `*` for a row flow, which concerns all.
    pub column: String,
    /// By value or by row.
    pub flow: Flow,
    /// Resource code or library table.
    pub source: String,
    /// Column of the source.
    pub source_column: String,
    /// Grade of the column in the target before protection.
    pub grade: Grade,
    /// Protection under which the column was written.
    pub protection: Protection,
}

/// A publication's lineage edge as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedEdge {
    /// Target.
    pub target: String,
    /// Publish sequence.
    pub publish_sequence: i64,
    /// The edge.
    pub edge: LineageEdge,
}

/// A receipt as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Id (UUID v7).
    pub id: String,
    /// Occurrence.
    pub occurrence: String,
    /// Target.
    pub target: String,
    /// Publish sequence.
    pub publish_sequence: i64,
    /// Version of the target.
    pub version: i64,
    /// What was handed over: names, counts, digests.
    pub body: Value,
    /// When, RFC 3339 UTC.
    pub issued_at: String,
}
