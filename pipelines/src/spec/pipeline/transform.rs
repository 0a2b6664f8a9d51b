//! `[[transform]]`: named steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A named step. It starts from exactly one of `from`, `sql`, `join`, `union`; whatever else is given is applied in
/// this order: standardise, rename, cast, derive, filter, deduplicate, aggregate, sample, select.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformSpec {
    /// Name that later steps use.
    pub name: String,
    /// Relation the step starts from.
    pub from: Option<String>,
    /// One SELECT over sources and transforms.
    pub sql: Option<String>,
    /// Join of two relations.
    pub join: Option<JoinSpec>,
    /// Relations with the same columns, one after the other.
    pub union: Option<Vec<String>>,
    /// Column → standard, where the catalogue does not bind one already.
    #[serde(default)]
    pub standardise: BTreeMap<String, String>,
    /// Old name → new name.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Column → type (`integer`, `decimal(12,2)`, `date`, …). A value that does not fit is quarantined.
    #[serde(default)]
    pub cast: BTreeMap<String, catalog::resource::ItemType>,
    /// New or replaced column → SQL expression.
    #[serde(default)]
    pub derive: BTreeMap<String, String>,
    /// SQL condition; rows for which it is not true are filtered out.
    pub filter: Option<String>,
    /// One row per key.
    pub deduplicate: Option<DeduplicateSpec>,
    /// Group and measure.
    pub aggregate: Option<AggregateSpec>,
    /// Keep a seeded share of the rows.
    pub sample: Option<SampleSpec>,
    /// Columns to keep, in this order.
    pub select: Option<Vec<String>>,
}

/// Join of two relations on equal columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinSpec {
    /// Left relation; all its columns are kept.
    pub left: String,
    /// Right relation; its columns that the left has not are kept.
    pub right: String,
    /// Left column → right column.
    pub on: BTreeMap<String, String>,
    /// What becomes of left rows without a match.
    #[serde(default)]
    pub kind: JoinKind,
}

/// What becomes of left rows without a match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinKind {
    /// They are dropped and counted as unmatched.
    #[default]
    Inner,
    /// They stay, the right columns missing.
    Left,
}

/// One row per key; the rule says which row wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeduplicateSpec {
    /// Key columns.
    pub key: Vec<String>,
    /// Columns that rank the rows of a key.
    pub by: Vec<String>,
    /// Whether the highest or the lowest rank wins.
    #[serde(default)]
    pub keep: Keep,
}

/// Which row of a key wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The highest rank, missing ranks last.
    #[default]
    Highest,
    /// The lowest rank, missing ranks last.
    Lowest,
}

/// Group and measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateSpec {
    /// Columns that make a group.
    pub group_by: Vec<String>,
    /// New column → SQL aggregate expression: `insured = "count(*)"`.
    pub measures: BTreeMap<String, String>,
}

/// A seeded share of the rows, the same rows every time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleSpec {
    /// Share of rows to keep, above 0 and at most 1.
    pub rate: f64,
    /// Seed; the same seed keeps the same rows.
    #[serde(default)]
    pub seed: u64,
}
