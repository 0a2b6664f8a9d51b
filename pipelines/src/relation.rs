//! Relations of a plan as frozen values: what each is made of, phase by phase. The same phases are compiled twice, once
//! over empty tables to derive schemas and lineage, once over real streams to run.

pub mod query;

use std::collections::BTreeMap;

use catalog::resource::ItemType;
use serde::Serialize;
use transforms::rule::Rule;

use crate::spec::pipeline::{AggregateSpec, DeduplicateSpec, JoinSpec, OnFail, SampleSpec};

/// A named relation: a source or a transform of the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RelationPlan {
    /// Name in the pipeline file.
    pub name: String,
    /// Relations it reads, each once per mention.
    pub inputs: Vec<String>,
    /// What happens, in order.
    pub phases: Vec<Phase>,
    /// Its columns at the end: name and type.
    pub columns: Vec<(String, ItemType)>,
    /// Whether every phase works row by row, so that all rows are certain to be read to the end in one pass.
    pub row_local: bool,
}

/// One phase of a relation. It works on the rows the phase before it left.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Rows of a source, as its connector reads them.
    Read {
        /// Source of the plan.
        source: String,
    },
    /// Standards, types and row rules; rows that fail are quarantined.
    Govern(GovernPlan),
    /// Rows of a key that occurs more than once are quarantined.
    Unique(UniquePlan),
    /// A seeded share of the rows.
    Sample(SampleSpec),
    /// A query over relations.
    Query(Query),
}

/// A query phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "query", rename_all = "snake_case")]
pub enum Query {
    /// Another relation as it is.
    From {
        /// The relation.
        relation: String,
    },
    /// User SQL over relations.
    Sql {
        /// One SELECT.
        text: String,
    },
    /// Left rows with their matches; the marker column tells unmatched ones.
    Join(JoinSpec),
    /// Left rows without a match leave.
    Matched,
    /// Relations one after the other.
    Union {
        /// The relations.
        relations: Vec<String>,
    },
    /// New or replaced columns.
    Derive {
        /// Column → expression.
        columns: BTreeMap<String, String>,
    },
    /// Rows for which a condition is true stay.
    Filter {
        /// The condition.
        condition: String,
    },
    /// One row per key stays.
    Deduplicate(DeduplicateSpec),
    /// Groups and measures.
    Aggregate(AggregateSpec),
    /// Columns to keep, in order.
    Select {
        /// The columns.
        columns: Vec<String>,
    },
}

/// Standards, types and row rules of one phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GovernPlan {
    /// Columns of the result, in order.
    pub columns: Vec<GovernColumn>,
    /// SQL conditions over the result.
    pub expressions: Vec<ExpressionRule>,
}

/// One column of a governed relation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GovernColumn {
    /// Column of the input.
    pub from: String,
    /// Name in the result.
    pub name: String,
    /// Type in the result; the input's type when absent.
    pub data_type: Option<ItemType>,
    /// Standard the value must meet.
    pub standard: Option<StandardRule>,
    /// Rules on the normalised value.
    pub rules: Vec<ColumnRule>,
}

/// A standard and what happens to a row that does not meet it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StandardRule {
    /// Id of the standard.
    pub standard: String,
    /// What happens to a row that fails.
    pub on_fail: OnFail,
}

/// A row rule on one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnRule {
    /// The rule.
    pub rule: Rule,
    /// What happens to a row that fails.
    pub on_fail: OnFail,
}

/// A row rule as an SQL condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpressionRule {
    /// The condition; a row fails where it is false, not where it is missing.
    pub condition: String,
    /// What happens to a row that fails.
    pub on_fail: OnFail,
}

/// A key that must occur once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UniquePlan {
    /// Columns of the key. A key with a missing part is not compared.
    pub columns: Vec<String>,
    /// What happens to the rows of a key that occurs more often.
    pub on_fail: OnFail,
}
