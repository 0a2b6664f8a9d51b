//! What a stage left behind. Only files that a manifest names exist for us; a folder is never listed to find results.

use std::collections::BTreeMap;

use catalog::resource::ItemType;
use serde::{Deserialize, Serialize};

use crate::publish::Change;
use crate::spec::pipeline::{DatasetFormat, SupplyMode};

/// Everything one staged job hands to audit, intent and publish. Written once, next to its files, as canonical JSON;
/// its SHA-256 is what the intent records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Job the stage belongs to: `library:a.b` or `supply:zone/dataset`.
    pub target: String,
    /// Occurrence the stage belongs to.
    pub occurrence: String,
    /// Clean rows, as they will be published.
    pub files: Vec<StagedFile>,
    /// Quarantined rows, sealed.
    pub quarantine: Vec<StagedFile>,
    /// Keys of quarantined rows (columns of the target's key, in its types): they are in the source, so their absence
    /// from `files` deletes nothing.
    pub held: Vec<StagedFile>,
    /// Rows in and out, per step, in the order of the plan.
    pub steps: Vec<StepCount>,
    /// Rows that failed a rule, most first.
    pub rules: Vec<RuleCount>,
    /// Columns of the staged rows, partition columns included, in the types they have after protection.
    pub columns: Vec<(String, ItemType)>,
    /// What a change supply holds.
    pub operations: Option<Operations>,
    /// Where the rows go and how, so that an interrupted publication can be finished from here alone.
    pub destination: Option<Destination>,
    /// Cursor after publishing.
    pub cursor: Option<String>,
    /// Where every column came from.
    pub lineage: Vec<catalog::lineage::LineageEdge>,
    /// Business date of the occurrence.
    pub business_date: chrono::NaiveDate,
    /// Folder of the project's state that the sealed quarantine goes to.
    pub quarantine_folder: String,
    /// Id of the key that wraps the data keys of the quarantine.
    pub quarantine_key: String,
    /// Steps whose quarantined rows have unknown keys; deletes by absence were left out because of them.
    pub deletes_left_out: Vec<String>,
    /// Quality gates that were closed and that two people let it pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<ReleasedGate>,
}

/// A quality gate that two people let a stage pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedGate {
    /// Code of the gate, `P301`.
    pub code: String,
    /// Its parameters: counts, bounds, names.
    pub params: BTreeMap<String, String>,
    /// Who let it pass.
    pub by: Vec<String>,
    /// Why.
    pub note: String,
}

/// Rows of a change supply by operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operations {
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that changed.
    pub updated: u64,
    /// Rows that are gone.
    pub deleted: u64,
}

/// Where staged rows go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Destination {
    /// A library table.
    Library {
        /// Its name.
        table: String,
        /// Partition columns.
        partition_by: Vec<String>,
        /// How the rows enter.
        change: Change,
        /// Columns whose smallest and largest value may be written down.
        statistics: Vec<String>,
    },
    /// A dataset in another zone.
    Dataset {
        /// Connection that holds it.
        connection: String,
        /// Its name.
        dataset: String,
        /// Its form.
        format: DatasetFormat,
        /// What is sent.
        mode: SupplyMode,
        /// Columns without dictionary, compression and statistics.
        plain: Vec<String>,
        /// Grants it crosses under.
        grants: Vec<String>,
        /// Protections, for the receipt.
        protections: Vec<(String, String)>,
    },
}

/// One immutable Parquet file of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StagedFile {
    /// Path below the stage folder.
    pub path: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub digest: String,
    /// Partition values, in the order of the target's partition columns; `None` is a missing value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<(String, Option<String>)>,
}

impl From<connectors::write::Written> for StagedFile {
    fn from(written: connectors::write::Written) -> Self {
        Self {
            path: written.path,
            rows: written.rows,
            bytes: written.bytes,
            digest: written.sha256,
            partition: Vec::new(),
        }
    }
}

/// Rows in and out of one step. Balance: `read = out + filtered + deduplicated + unmatched + sampled + withheld +
/// quarantined + grouped`, unless the step multiplies rows (a join), which `multiplied` adds to the left side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepCount {
    /// Name of the step, as in the pipeline file.
    pub step: String,
    /// Rows that entered.
    pub read: u64,
    /// Rows that left.
    pub out: u64,
    /// Rows a condition dropped.
    pub filtered: u64,
    /// Rows of a key another row won.
    pub deduplicated: u64,
    /// Rows without a partner in a join.
    pub unmatched: u64,
    /// Rows sampling dropped.
    pub sampled: u64,
    /// Rows held back from supply.
    pub withheld: u64,
    /// Rows quarantined.
    pub quarantined: u64,
    /// Rows that went into groups.
    pub grouped: u64,
    /// Rows a join added.
    pub multiplied: u64,
}

impl StepCount {
    /// Whether every row that entered is accounted for.
    pub fn balances(&self) -> bool {
        let left = u128::from(self.read) + u128::from(self.multiplied);
        let right: u128 = [
            self.out,
            self.filtered,
            self.deduplicated,
            self.unmatched,
            self.sampled,
            self.withheld,
            self.quarantined,
            self.grouped,
        ]
        .iter()
        .map(|rows| u128::from(*rows))
        .sum();
        left == right
    }
}

/// Rows that failed one rule on one column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleCount {
    /// Step the rule stands on.
    pub step: String,
    /// Rule: `standard:citizen_id`, `range`, …
    pub rule: String,
    /// Column, or the columns of a key joined by a comma.
    pub column: String,
    /// Reason within the rule: `checksum`, `future`, …
    pub reason: String,
    /// Whether the rows were quarantined (else they passed with a warning).
    pub quarantined: bool,
    /// Rows.
    pub rows: u64,
}

/// What publishing did to a target. `inserted + updated + unchanged + stale + deduplicated + flagged` is what was staged;
/// `deleted` counts rows that left the table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Version of the table, or number of the delivery, that holds the change.
    pub version: i64,
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that replaced an older version of themselves.
    pub updated: u64,
    /// Rows that were there already, equal.
    pub unchanged: u64,
    /// Rows older than what the table holds; the newer row stayed.
    pub stale: u64,
    /// Staged rows of a key another staged row won.
    pub deduplicated: u64,
    /// Staged rows whose flag says "deleted".
    pub flagged: u64,
    /// Rows that left the table (or, in a history, were closed).
    pub deleted: u64,
    /// Rows in the table before.
    pub rows_before: u64,
    /// Rows in the table after, recounted from the files' footers.
    pub rows_after: u64,
}

/// Metadata every commit of ours carries, so that a target can vouch for itself.
pub type CommitMetadata = BTreeMap<String, String>;
