//! The plan's relations over real streams: each phase becomes a table that counts its rows; what a join could cut short
//! is set aside first.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::TableReference;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionContext, ident};
use tokio_util::sync::CancellationToken;

use super::chain;
use super::count::Counted;
use super::spooled;
use super::unique::{self, Unique};
use crate::error::Error;
use crate::govern::Governor;
use crate::govern::quarantine::{Closed, Quarantine};
use crate::manifest::{RuleCount, StepCount};
use crate::plan::{JobKind, JobPlan, Plan};
use crate::read::Opened;
use crate::relation::{GovernPlan, Phase, Query, RelationPlan, query};
use crate::spec::pipeline::{DeletesSpec, SampleSpec};
use crate::stream::{self, BatchMap, Rows};
use crate::types;
use crate::vault::DataKeys;
use crate::work::Work;

/// Compiles the relations of one job.
pub(super) struct Compiler<'a> {
    pub(super) work: &'a Work,
    pub(super) plan: &'a Plan,
    pub(super) job: &'a JobPlan,
    pub(super) sources: &'a BTreeMap<String, Opened>,
    pub(super) stage: connectors::store::Store,
    pub(super) keys: &'a DataKeys,
    pub(super) stop: &'a CancellationToken,
    pub(super) context: SessionContext,
    pub(super) counted: Vec<Counted>,
    pub(super) checks: Vec<Check>,
}

/// Something that may quarantine rows.
pub(super) struct Check {
    step: String,
    map: Checker,
    quarantine: Arc<Quarantine>,
    /// Whether the keys of its rows are known where the target deletes by absence.
    keys_known: bool,
}

enum Checker {
    Governor(Arc<Governor>),
    Unique(Arc<Unique>),
}

/// What the checks of a job found.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) closed: Vec<Closed>,
    pub(super) rules: Vec<RuleCount>,
    pub(super) failed: Vec<Error>,
    pub(super) quarantined: u64,
    /// Steps that quarantined rows whose keys are not known.
    pub(super) unknown_keys: Vec<String>,
}

impl Compiler<'_> {
    /// Registers every relation of the job, inputs first.
    pub(super) async fn relations(&mut self) -> Result<(), Error> {
        let chain: Vec<&RelationPlan> =
            self.plan.relations.iter().filter(|relation| self.job.relations.contains(&relation.name)).collect();
        for relation in &chain {
            let spool = must_spool(relation, &chain, &self.job.from);
            self.relation(relation, spool).await?;
        }
        Ok(())
    }

    async fn relation(&mut self, relation: &RelationPlan, spool: bool) -> Result<(), Error> {
        let mut counted = Counted::new(relation);
        let mut at: Option<String> = None;
        for (number, phase) in relation.phases.iter().enumerate() {
            let rows = Rows::default();
            let table = self.phase(relation, number, phase, at.as_deref(), rows.clone()).await?;
            counted.push(phase, rows);
            let name = format!("{}·{}", relation.name, number + 1);
            self.register(&relation.name, &name, table)?;
            at = Some(name);
        }
        let Some(last) = at else { return Ok(()) };
        let plan = self.without_raw(&relation.name, &last).await?;
        let table = if spool {
            spooled::spool(&relation.name, self.work, plan, self.context.task_ctx(), self.stop).await?
        } else {
            let schema = plan.schema();
            stream::over_plan(&relation.name, plan, schema, None, Rows::default())
                .map_err(|error| Error::running(&relation.name, error))?
        };
        self.register(&relation.name, &relation.name, table)?;
        self.counted.push(counted);
        Ok(())
    }

    fn register(&self, step: &str, name: &str, table: StreamingTable) -> Result<(), Error> {
        chain::register(&self.context, step, name, Arc::new(table))
    }

    /// The physical plan that reads a registered table.
    pub(super) async fn physical(&self, step: &str, table: &str) -> Result<Arc<dyn ExecutionPlan>, Error> {
        chain::physical(&self.context, step, table).await
    }

    /// The physical plan of a relation's last table, without columns that only its own checks needed.
    async fn without_raw(&self, step: &str, table: &str) -> Result<Arc<dyn ExecutionPlan>, Error> {
        let engine = |error| Error::running(step, error);
        let frame = self.context.table(TableReference::bare(table)).await.map_err(engine)?;
        let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
        let kept: Vec<_> = names.iter().filter(|name| !name.starts_with(crate::govern::RAW)).map(ident).collect();
        let frame = if kept.len() == names.len() { frame } else { frame.select(kept).map_err(engine)? };
        frame.create_physical_plan().await.map_err(engine)
    }

    async fn phase(
        &mut self,
        relation: &RelationPlan,
        number: usize,
        phase: &Phase,
        at: Option<&str>,
        rows: Rows,
    ) -> Result<StreamingTable, Error> {
        let step = relation.name.as_str();
        let engine = |error| Error::running(step, error);
        match phase {
            Phase::Read { source } => {
                let opened = self.sources.get(source).ok_or_else(|| missing(step))?;
                let (source, pace) = (Arc::clone(&opened.source), opened.pace.clone());
                let schema = source.schema();
                stream::over_source(step, source, None, schema, rows, pace).map_err(engine)
            }
            Phase::Govern(govern) => self.govern(relation, number, govern, at, rows).await,
            Phase::Unique(_) => self.unique(relation, number, phase, at, rows).await,
            Phase::Sample(sample) => {
                let input = self.physical(step, at.unwrap_or(step)).await?;
                let schema = input.schema();
                let map = Arc::new(Sampler { step: step.to_owned(), spec: sample.clone() });
                stream::over_plan(step, input, schema, Some(map), rows).map_err(engine)
            }
            Phase::Query(query) => self.query(step, query, at, rows).await,
        }
    }

    async fn query(&self, step: &str, query: &Query, at: Option<&str>, rows: Rows) -> Result<StreamingTable, Error> {
        let logical = query::build(&self.context, query, at).await.map_err(|error| Error::planning(step, &error))?;
        let plan =
            self.context.state().create_physical_plan(&logical).await.map_err(|error| Error::planning(step, &error))?;
        let schema: SchemaRef = types::schema(&types::columns(step, &plan.schema())?);
        stream::over_plan(step, plan, schema, None, rows).map_err(|error| Error::running(step, error))
    }

    async fn govern(
        &mut self,
        relation: &RelationPlan,
        number: usize,
        govern: &GovernPlan,
        at: Option<&str>,
        rows: Rows,
    ) -> Result<StreamingTable, Error> {
        let step = relation.name.as_str();
        let engine = |error| Error::running(step, error);
        let input = self.physical(step, at.unwrap_or(step)).await?;
        let input = stream::spread(input, self.work.partitions()).map_err(engine)?;
        let held = self.held(&relation.name);
        let quarantine = self.quarantine(step, number)?;
        let governor = Governor::bind(
            step,
            govern,
            &input.schema(),
            self.plan.occurrence.business_date,
            Arc::clone(&quarantine),
            held.as_deref().unwrap_or_default(),
        )?;
        let carries =
            relation.inputs.is_empty() && relation.phases.iter().any(|phase| matches!(phase, Phase::Unique(_)));
        let governor = Arc::new(if carries { governor.carrying(&input.schema()) } else { governor });
        self.checks.push(Check {
            step: step.to_owned(),
            map: Checker::Governor(Arc::clone(&governor)),
            quarantine,
            keys_known: held.is_some(),
        });
        let schema = Arc::clone(governor.schema());
        stream::over_plan(step, input, schema, Some(governor), rows).map_err(engine)
    }

    async fn unique(
        &mut self,
        relation: &RelationPlan,
        number: usize,
        phase: &Phase,
        at: Option<&str>,
        rows: Rows,
    ) -> Result<StreamingTable, Error> {
        let step = relation.name.as_str();
        let engine = |error| Error::running(step, error);
        let Phase::Unique(plan) = phase else { return Err(missing(step)) };
        let first = self.physical(step, at.unwrap_or(step)).await?;
        let table = spooled::spool(step, self.work, first, self.context.task_ctx(), self.stop).await?;
        let name = format!("{step}·{number}·aside");
        self.register(step, &name, table)?;
        let repeated = unique::repeated(step, &self.context, self.physical(step, &name).await?, plan).await?;
        let input = self.physical(step, &name).await?;
        let held = self.held(&relation.name);
        let keys_known = held.is_some();
        let held = held
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(from, key)| Some((input.schema().index_of(&from).ok()?, key)))
            .collect();
        let quarantine = self.quarantine(step, number)?;
        let unique = Arc::new(Unique {
            step: step.to_owned(),
            plan: plan.clone(),
            repeated,
            tally: crate::govern::Tally::default(),
            quarantine: Arc::clone(&quarantine),
            held,
        });
        let map = Checker::Unique(Arc::clone(&unique));
        self.checks.push(Check { step: step.to_owned(), map, quarantine, keys_known });
        let schema = input.schema();
        stream::over_plan(step, input, schema, Some(unique), rows).map_err(engine)
    }

    fn quarantine(&self, step: &str, number: usize) -> Result<Arc<Quarantine>, Error> {
        let name = format!("{step}-{number}");
        Ok(Arc::new(Quarantine::new(self.stage.clone(), &name, self.keys.sealer()?)))
    }

    /// Columns of a relation that hold the target's key, with their names in the target; nothing when they are not
    /// needed or not known. Needed is what a target that deletes by absence has.
    fn held(&self, relation: &str) -> Option<Vec<(String, String)>> {
        let JobKind::Build { key, deletes: Some(DeletesSpec::Absence(_)), held_by, .. } = &self.job.kind else {
            return None;
        };
        if relation == self.job.from {
            return Some(key.iter().map(|key| (key.clone(), key.clone())).collect());
        }
        let (source, columns) = held_by.as_ref()?;
        (source == relation).then(|| columns.iter().cloned().zip(key.iter().cloned()).collect())
    }

    /// Finishes the quarantine files and adds up what the checks found. After all rows went through.
    pub(super) async fn checked(&mut self) -> Result<Checked, Error> {
        let mut checked = Checked::default();
        for check in &self.checks {
            let closed = check.quarantine.close().await?;
            checked.quarantined += closed.count;
            if closed.count > 0 && !check.keys_known {
                checked.unknown_keys.push(check.step.clone());
            }
            checked.closed.push(closed);
            let tally = match &check.map {
                Checker::Governor(governor) => governor.tally(),
                Checker::Unique(unique) => &unique.tally,
            };
            let (rules, failed) = tally.counts(&check.step);
            checked.rules.extend(rules);
            checked.failed.extend(failed);
        }
        checked.rules.sort_by(|left, right| right.rows.cmp(&left.rows).then_with(|| left.cmp(right)));
        Ok(checked)
    }

    /// Rows in and out of every step so far.
    pub(super) fn steps(&self) -> Vec<StepCount> {
        let mut outs = BTreeMap::new();
        self.counted.iter().map(|counted| counted.step(&mut outs)).collect()
    }
}

/// Whether a relation must run to its end before anything reads it: it is read twice, or something above it may stop
/// early, and it has checks whose counts and quarantine must be whole.
fn must_spool(relation: &RelationPlan, chain: &[&RelationPlan], from: &str) -> bool {
    let readers = chain.iter().flat_map(|reader| &reader.inputs).filter(|input| **input == relation.name).count();
    if readers + usize::from(relation.name == from) > 1 {
        return true;
    }
    let effects = relation.phases.iter().any(|phase| !matches!(phase, Phase::Query(_)));
    effects && !all_above_row_local(&relation.name, chain)
}

fn all_above_row_local(name: &str, chain: &[&RelationPlan]) -> bool {
    chain
        .iter()
        .filter(|reader| reader.inputs.iter().any(|input| input == name))
        .all(|reader| reader.row_local && all_above_row_local(&reader.name, chain))
}

fn missing(step: &str) -> Error {
    Error::Engine { step: step.to_owned(), kind: "a plan that does not fit its sources".into() }
}

/// Keeps a seeded share of the rows.
#[derive(Debug)]
pub(super) struct Sampler {
    pub(super) step: String,
    pub(super) spec: SampleSpec,
}

#[async_trait]
impl BatchMap for Sampler {
    async fn map(&self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        let keep = transforms::sample::keep(batch.columns(), self.spec.rate, self.spec.seed)?;
        filter_record_batch(&batch, &keep).map_err(|error| Error::running(&self.step, error.into()))
    }
}
