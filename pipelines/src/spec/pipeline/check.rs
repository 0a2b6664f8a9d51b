//! `[[check]]` and `[quarantine]`: quality rules and the gate they feed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quality rule on a relation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// Relation whose rows are checked.
    pub on: String,
    /// The rule.
    pub rule: RuleName,
    /// Column, or the columns of a `unique` key.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Standard for `standard`.
    pub standard: Option<String>,
    /// Values for `accepted`.
    pub values: Option<Vec<String>>,
    /// Lowest value, shortest text, or fewest rows.
    pub min: Option<String>,
    /// Highest value, longest text, or most rows.
    pub max: Option<String>,
    /// Regular expression the whole value must match, for `pattern`.
    pub pattern: Option<String>,
    /// SQL condition that must hold, for `expression`.
    pub expression: Option<String>,
    /// Baseline for `row_count`.
    pub change: Option<ChangeSpec>,
    /// What happens to a row, or to the run, that fails: `quarantine` unless given; a `row_count` fails the run.
    #[serde(default)]
    pub on_fail: OnFail,
}

impl CheckSpec {
    /// What really happens: a row count decides on the run, so where nothing else is said it fails the run.
    pub fn outcome(&self) -> OnFail {
        match (self.rule, self.on_fail) {
            (RuleName::RowCount, OnFail::Quarantine) => OnFail::Fail,
            (_, outcome) => outcome,
        }
    }
}

/// Names of quality rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleName {
    /// The value meets a data element's standard.
    Standard,
    /// The value is there.
    NotNull,
    /// The key occurs once; every row of a key that occurs more often fails.
    Unique,
    /// The value is one of a list.
    Accepted,
    /// The value lies between `min` and `max`, both included.
    Range,
    /// The text has between `min` and `max` characters.
    Length,
    /// The whole text matches a regular expression.
    Pattern,
    /// An SQL condition holds.
    Expression,
    /// The number of rows lies between `min` and `max`, or near a baseline. Decides on the run, not on a row.
    RowCount,
}

/// How far a row count may be from its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSpec {
    /// Largest relative difference: `30%`.
    pub within: String,
    /// The baseline: `median of last 7`.
    pub of: String,
}

/// What happens to a row, or to the run, that fails a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// The row is quarantined.
    #[default]
    Quarantine,
    /// It is counted and passes.
    Warn,
    /// The run fails and publishes nothing.
    Fail,
}

/// How many rows of a job may be quarantined before the quality gate closes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineSpec {
    /// The bounds; without them any number may be quarantined.
    pub max: Option<QuarantineMax>,
}

/// Bounds of the quality gate; both hold where both are given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineMax {
    /// Share of the rows read.
    pub ratio: Option<f64>,
    /// Number of rows.
    pub rows: Option<u64>,
}
