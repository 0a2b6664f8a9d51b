//! Which source columns reach a column, and which decide on the rows: lineage and grades from a logical plan.
//!
//! *Value flow* — every expression a column is computed from, with CASE conditions, aggregate FILTER and ORDER BY,
//! window keys and scalar subqueries — raises the column to the highest grade that enters it. *Row flow* — filters,
//! join keys, group keys, DISTINCT, sort with limit, EXISTS and IN — attaches to the relation, since what a row's
//! presence tells is as revealing as a value.
//!
//! The plan must be the unoptimised one: the optimiser erases flows (`diag = 'HIV' OR true` vanishes, EXISTS becomes a
//! join). Columns are followed by their position in a schema, never by name. What is not on the lists of [`allow`] is
//! refused.

pub mod allow;
mod expression;
mod node;

use std::collections::BTreeMap;

use catalog::grade::Grade;
use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, LogicalPlan};
use serde::Serialize;

/// A column of a catalogued resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Origin {
    /// Resource code.
    pub resource: String,
    /// Item of the resource.
    pub item: String,
}

/// How one origin reaches a column or decides on rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Grade of the origin.
    pub grade: Grade,
    /// The way it takes, from the source on: `insured.phone`, `enriched.contact`, …
    pub path: Vec<String>,
}

/// Origins with the way each takes.
pub type Traces = BTreeMap<Origin, Trace>;

/// What flows into one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Value {
    /// Everything that enters the column.
    pub traces: Traces,
    /// The origin it is an unchanged copy of, when it is one.
    pub copy_of: Option<Origin>,
}

impl Value {
    /// A column of a source, as the catalogue grades it.
    pub fn source(origin: Origin, grade: Grade, place: String) -> Self {
        let trace = Trace { grade, path: vec![place] };
        Self { traces: BTreeMap::from([(origin.clone(), trace)]), copy_of: Some(origin) }
    }

    /// Highest grade that enters; a constant is L1.
    pub fn grade(&self) -> Grade {
        highest(&self.traces)
    }

    /// Adds what flows into `other`; the column is no copy any more.
    pub(crate) fn absorb(&mut self, other: &Self) {
        merge(&mut self.traces, &other.traces);
        self.copy_of = None;
    }
}

/// Highest grade among traces; L1 when there is none.
pub fn highest(traces: &Traces) -> Grade {
    traces.values().map(|trace| trace.grade).max().unwrap_or(Grade::L1)
}

/// Adds traces, keeping for each origin the shortest way.
pub(crate) fn merge(into: &mut Traces, from: &Traces) {
    for (origin, trace) in from {
        match into.get_mut(origin) {
            Some(known) if known.path.len() <= trace.path.len() => {}
            Some(known) => known.path.clone_from(&trace.path),
            None => {
                into.insert(origin.clone(), trace.clone());
            }
        }
    }
}

/// What flows into a relation: its columns by position, and its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// One entry per column of the relation's schema.
    pub columns: Vec<Value>,
    /// What decides which rows there are.
    pub rows: Traces,
}

impl Flow {
    /// The same flow, each way one stop longer: the named relation's column.
    pub fn named<'a>(mut self, relation: &str, columns: impl IntoIterator<Item = &'a str>) -> Self {
        for (value, column) in self.columns.iter_mut().zip(columns) {
            for trace in value.traces.values_mut() {
                let stop = format!("{relation}.{column}");
                if trace.path.last() != Some(&stop) {
                    trace.path.push(stop);
                }
            }
        }
        for trace in self.rows.values_mut() {
            let stop = format!("{relation}（行）");
            if trace.path.last() != Some(&stop) {
                trace.path.push(stop);
            }
        }
        self
    }
}

/// Why a plan's flow cannot be derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A plan node, expression or function that is not on the list.
    NotAllowed {
        /// `node`, `expression` or `function`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// LIMIT without ORDER BY: which rows stay would be chance.
    LimitWithoutOrder,
    /// A table that is no relation of the pipeline.
    UnknownTable(String),
}

/// Derives the flow of an unoptimised plan. `tables` gives the flow of each relation the plan may scan.
pub fn derive(plan: &LogicalPlan, tables: &BTreeMap<String, Flow>) -> Result<Flow, Refused> {
    node::Walker::new(tables).plan(plan)
}

/// Checks that an expression over one relation is made of what is on the lists.
pub fn check(expression: &Expr, schema: &DFSchema) -> Result<(), Refused> {
    let tables = BTreeMap::new();
    let flow = Flow { columns: vec![Value::default(); schema.fields().len()], rows: Traces::new() };
    let scope = expression::Scope { schema, flow: &flow };
    node::Walker::new(&tables).value(expression, &scope).map(|_| ())
}

#[cfg(test)]
#[path = "flow/tests.rs"]
mod tests;
