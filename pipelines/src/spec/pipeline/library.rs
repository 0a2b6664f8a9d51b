//! `[[library]]`: tables that are built.

use catalog::Zone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;

/// A library table: a Delta table of this project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LibrarySpec {
    /// Name as `library.table`, two parts of lower case letters, digits and underscores.
    pub table: String,
    /// Relation that is written.
    pub from: String,
    /// How rows enter the table.
    pub mode: LibraryMode,
    /// Key columns, for `merge` and `history`.
    #[serde(default)]
    pub key: Vec<String>,
    /// Column that orders the versions of a row: an older row never replaces a newer one.
    pub version: Option<String>,
    /// How a row that vanished from the source leaves the table.
    pub deletes: Option<DeletesSpec>,
    /// Partition columns; grade L1 or L2 only, since their values become folder names.
    #[serde(default)]
    pub partition_by: Vec<String>,
    /// Longest time between two published versions before people are told: `26h`.
    pub freshness: Option<String>,
    /// Zone the table lives in; the project's by default.
    pub zone: Option<Zone>,
    /// Grants for the borders between the sources' zones and the table's.
    #[serde(default)]
    pub grant: OneOrMany,
}

/// How rows enter a library table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LibraryMode {
    /// Rows are added.
    Append,
    /// The partitions that the rows belong to, or the whole table without partitions, are replaced.
    Overwrite,
    /// One row per key: inserted, updated or left alone.
    Merge,
    /// 拉链: every version of a key with the interval `[valid_from, valid_to)`; `valid_to` is missing while it is current.
    History,
}

/// How a row that vanished from the source leaves the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DeletesSpec {
    /// `"by_absence"`: a key that a full load does not hold is deleted.
    Absence(ByAbsence),
    /// A column whose listed values mean "deleted".
    Flag(FlagSpec),
}

/// The word `by_absence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByAbsence {
    /// A key that a full load does not hold is deleted.
    ByAbsence,
}

/// A column whose listed values mean "deleted".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlagSpec {
    /// The column.
    pub flag: String,
    /// Its values that mean "deleted".
    pub values: Vec<String>,
}
