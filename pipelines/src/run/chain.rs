//! The steps of a supply after its relations: queries one on the other, each counting what it leaves.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use crate::error::Error;
use crate::manifest::StepCount;
use crate::relation::{Query, query};
use crate::stream::{self, BatchMap, Rows};
use crate::types;

pub(super) fn register(
    context: &SessionContext,
    step: &str,
    name: &str,
    table: Arc<dyn datafusion::catalog::TableProvider>,
) -> Result<(), Error> {
    context
        .register_table(datafusion::common::TableReference::bare(name), table)
        .map(|_| ())
        .map_err(|error| Error::running(step, error))
}

pub(super) async fn physical(
    context: &SessionContext,
    step: &str,
    table: &str,
) -> Result<Arc<dyn ExecutionPlan>, Error> {
    let engine = |error| Error::running(step, error);
    let frame = context.table(datafusion::common::TableReference::bare(table)).await.map_err(engine)?;
    frame.create_physical_plan().await.map_err(engine)
}

/// What the rows lost between two counters of a supply are called.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lost {
    Nothing,
    Filtered,
    Sampled,
}

/// The counters of a supply's own steps.
pub(super) struct Chain {
    name: String,
    entering: Entering,
    counters: Vec<(Lost, Rows)>,
}

enum Entering {
    Nowhere,
    Counted(Vec<Rows>),
    From(String),
}

impl Chain {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), entering: Entering::Nowhere, counters: Vec::new() }
    }

    /// The rows enter from a relation of the job.
    pub(super) fn enter_from(&mut self, relation: &str) {
        self.entering = Entering::From(relation.to_owned());
    }

    /// The rows enter through counters of their own.
    pub(super) fn enter_counted(&mut self, counters: Vec<Rows>) {
        self.entering = Entering::Counted(counters);
    }

    pub(super) fn push(&mut self, lost: Lost, rows: Rows) {
        self.counters.push((lost, rows));
    }

    /// Adds a query over a table and names the table that counts what it leaves.
    pub(super) async fn query(
        &mut self,
        context: &SessionContext,
        step: &str,
        query: &Query,
        from: &str,
        lost: Lost,
        map: Option<Arc<dyn BatchMap>>,
    ) -> Result<String, Error> {
        let planning = |error| Error::planning(step, &error);
        let logical = query::build(context, query, Some(from)).await.map_err(planning)?;
        let plan = context.state().create_physical_plan(&logical).await.map_err(planning)?;
        let schema = types::schema(&types::columns(step, &plan.schema())?);
        let rows = Rows::default();
        let table = stream::over_plan(step, plan, schema, map, rows.clone()).map_err(planning)?;
        let name = format!("·supply·{}", self.counters.len());
        register(context, step, &name, Arc::new(table))?;
        self.push(lost, rows);
        Ok(name)
    }

    /// The balance of the chain; `relations` are those of the job.
    pub(super) fn step(&self, relations: &[StepCount]) -> StepCount {
        let mut step = StepCount { step: format!("→ {}", self.name), ..StepCount::default() };
        let mut before = match &self.entering {
            Entering::Nowhere => 0,
            Entering::Counted(counters) => counters.iter().map(Rows::get).sum(),
            Entering::From(name) => {
                relations.iter().find(|relation| relation.step == *name).map_or(0, |relation| relation.out)
            }
        };
        step.read = before;
        for (lost, rows) in &self.counters {
            let after = rows.get();
            let gone = before.saturating_sub(after);
            match lost {
                Lost::Sampled => step.sampled += gone,
                Lost::Nothing | Lost::Filtered => step.filtered += gone,
            }
            step.multiplied += after.saturating_sub(before);
            before = after;
        }
        step.out = before;
        step
    }
}
