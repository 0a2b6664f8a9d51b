//! Stage and audit of one job: rows flow from sources or a library through the relations into staged files; then the
//! counts must agree and every gate be open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::lineage::{Flow, LineageEdge};
use catalog::policy::Protection;
use catalog::resource::ItemType;
use connectors::write::ParquetOptions;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::compile::{Checked, Compiler, Sampler};
use super::stages::{Stage, slug, zone_of};
use super::{Runner, differ};
use crate::error::Error;
use crate::gate::Authorized;
use crate::manifest::{Destination, Manifest, Operations, StagedFile, StepCount};
use crate::plan::{JobKind, JobPlan, OutputColumn, ProtectionPlan};
use crate::protect::{Protector, incompressible};
use crate::publish::{Change, Deletes};
use crate::quality::{self, Audit};
use crate::read::{Opened, Opener};
use crate::relation::{Query, query};
use crate::report::{Event, JobReport, Progress};
use crate::spec::pipeline::{DeletesSpec, LibraryMode, RuleName, SupplyMode};
use crate::stage::{self, Sink};
use crate::stream::{self, BatchMap, Rows};
use crate::types;

/// Sources up to this size are joined in memory; beyond it joins sort and spill.
const HASH_JOIN_BYTES: u64 = 256 << 20;

/// Stages a job and audits what was staged.
pub(super) async fn stage(
    runner: &Runner<'_>,
    job: &Authorized<JobPlan>,
    stage: &Stage,
    occurrence: &str,
    report: &mut JobReport,
) -> Result<Manifest, Error> {
    let job = job.get();
    let engine = runner.engine;
    let sources = open_sources(runner, job).await?;
    let bytes = sources.values().map(|opened| opened.bytes).sum();
    runner.progress.event(Event::JobStarted { job: job.target.clone(), bytes });
    let keys = engine.vault.under_quarantine(&zone_of(job).to_string(), &job.target).await?;
    let mut compiler = Compiler {
        work: &engine.work,
        plan: runner.plan,
        job,
        sources: &sources,
        stage: connectors::store::local(stage.root())?,
        keys: &keys,
        stop: &runner.stop,
        context: engine.work.session(bytes <= HASH_JOIN_BYTES),
        counted: Vec::new(),
        checks: Vec::new(),
    };
    let read = Rows::default();
    let ticking = tick(Arc::clone(&runner.progress), &job.target, bytes, read.clone());
    let staged = rows(runner, job, &mut compiler, &read).await;
    ticking.abort();
    let staged = staged?;
    engine.vault.keep(&keys).await?;
    let checked = compiler.checked().await?;
    let mut steps = compiler.steps();
    steps.extend(staged.steps.iter().cloned());
    report.steps.clone_from(&steps);
    report.rules.clone_from(&checked.rules);
    report.quarantined = checked.quarantined;
    let written = staged.written;
    let mut manifest = manifest(runner, job, occurrence, &sources, &checked, steps, staged)?;
    keys.wrapped_by().clone_into(&mut manifest.quarantine_key);
    audit(runner, job, &sources, &manifest, checked, written).await?;
    Ok(manifest)
}

async fn open_sources(runner: &Runner<'_>, job: &JobPlan) -> Result<BTreeMap<String, Opened>, Error> {
    let engine = runner.engine;
    let opener =
        Opener { project: &engine.project, secrets: engine.secrets.as_ref(), parallelism: engine.work.partitions() };
    let cursor = engine.catalog.cursor(&engine.actor, &job.target).await?;
    let cursors: BTreeMap<String, String> =
        cursor.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut sources = BTreeMap::new();
    for source in runner.plan.sources.iter().filter(|source| job.relations.contains(&source.name)) {
        let opened = opener.open(source, cursors.get(&source.name).map(String::as_str)).await?;
        sources.insert(source.name.clone(), opened);
    }
    Ok(sources)
}

/// Reports progress a few times a second.
fn tick(progress: Arc<dyn Progress>, job: &str, bytes: u64, rows: Rows) -> tokio::task::JoinHandle<()> {
    let job = job.to_owned();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            progress.event(Event::Advanced { job: job.clone(), rows: rows.get(), bytes });
        }
    })
}

/// What flowed into the stage.
struct Staged {
    files: Vec<StagedFile>,
    written: u64,
    steps: Vec<StepCount>,
    cursor: Option<String>,
    columns: Vec<(String, ItemType)>,
    operations: Option<Operations>,
}

async fn rows(runner: &Runner<'_>, job: &JobPlan, compiler: &mut Compiler<'_>, read: &Rows) -> Result<Staged, Error> {
    match &job.kind {
        JobKind::Build { .. } => {
            compiler.relations().await?;
            let plan = compiler.physical(&job.from, &job.from).await?;
            sink(runner, job, compiler, plan, job.columns.clone(), Vec::new(), None, read).await
        }
        JobKind::Supply { .. } => supply(runner, job, compiler, read).await,
    }
}

async fn supply(runner: &Runner<'_>, job: &JobPlan, compiler: &mut Compiler<'_>, read: &Rows) -> Result<Staged, Error> {
    let JobKind::Supply { library, mode, filter, key, sample, .. } = &job.kind else {
        return Err(Error::Engine { step: job.target.clone(), kind: "a plan of another kind".into() });
    };
    let select: Vec<String> = job.columns.iter().map(|column| column.name.clone()).collect();
    let mut columns = job.columns.clone();
    let mut steps = Chain::new(&job.from);
    let mut cursor = None;
    let mut operations = None;
    let context = compiler.context.clone();
    let mut at = match library {
        Some(table) => {
            let wanted = differ::Wanted { table, mode: *mode, key, select: &select, filter: filter.as_deref() };
            let found = differ::rows(runner, job, &context, &wanted, &mut steps).await?;
            cursor = Some(found.version.to_string());
            operations = found.operations;
            if *mode == SupplyMode::Changes {
                columns.insert(0, operation());
            }
            found.table
        }
        None => {
            compiler.relations().await?;
            steps.enter_from(&job.from);
            let mut at = job.from.clone();
            if let Some(condition) = filter {
                let query = Query::Filter { condition: condition.clone() };
                at = steps.query(&context, &job.target, &query, &at, Lost::Filtered, None).await?;
            }
            steps.query(&context, &job.target, &Query::Select { columns: select }, &at, Lost::Nothing, None).await?
        }
    };
    if let Some(spec) = sample {
        let input = physical(&context, &job.target, &at).await?;
        let schema = input.schema();
        let map = Arc::new(Sampler { step: job.target.clone(), spec: spec.clone() });
        let rows = Rows::default();
        let table = stream::over_plan(&job.target, input, schema, Some(map), rows.clone())
            .map_err(|error| Error::running(&job.target, error))?;
        at = "·sampled".into();
        register(&context, &job.target, &at, Arc::new(table))?;
        steps.push(Lost::Sampled, rows);
    }
    let plan = physical(&context, &job.target, &at).await?;
    let staged = sink(runner, job, compiler, plan, columns, vec![steps], cursor, read).await?;
    Ok(Staged { operations: operations.map(|counted| counted.get()), ..staged })
}

/// The column that says what happened to a row.
fn operation() -> OutputColumn {
    OutputColumn {
        name: differ::OPERATION.to_owned(),
        data_type: ItemType::Text,
        grade: catalog::grade::Grade::L1,
        paths: Vec::new(),
        protection: ProtectionPlan::None,
        demanded_by: "none",
    }
}

#[allow(clippy::too_many_arguments)] // the one place where a job's rows, protections and counts meet
async fn sink(
    runner: &Runner<'_>,
    job: &JobPlan,
    compiler: &Compiler<'_>,
    plan: Arc<dyn ExecutionPlan>,
    columns: Vec<OutputColumn>,
    chains: Vec<Chain>,
    cursor: Option<String>,
    read: &Rows,
) -> Result<Staged, Error> {
    let engine = runner.engine;
    let pseudonym = match columns.iter().any(|column| column.protection == ProtectionPlan::Pseudonym) {
        true => Some(engine.vault.pseudonym(&job.zone.to_string()).await?),
        false => None,
    };
    let protector = Protector::bind(&columns, pseudonym.as_ref().map(|(algorithm, key)| (*algorithm, key)))?;
    let keys = match (protector.encrypts(), job.crossings.last().and_then(|crossing| crossing.grants.first())) {
        (true, Some(grant)) => Some(engine.vault.under_grant(grant, &job.target).await?),
        (true, None) => return Err(Error::NoKey { key: "grant".into() }),
        (false, _) => None,
    };
    let partition_by = match &job.kind {
        JobKind::Build { partition_by, .. } => partition_by.clone(),
        JobKind::Supply { .. } => Vec::new(),
    };
    let options =
        ParquetOptions { plain: incompressible(&columns), statistics: statistics(job), ..ParquetOptions::default() };
    let schema =
        types::schema(&columns.iter().map(|column| (column.name.clone(), column.data_type)).collect::<Vec<_>>());
    let plan = cast(&job.target, &compiler.context, plan, schema).await?;
    let sink =
        Arc::new(Sink { store: compiler.stage.clone(), partition_by, protector, keys, options, rows: read.clone() });
    let files = stage::run(Arc::clone(&sink), plan, compiler.context.task_ctx(), &runner.stop).await?;
    if let Some(keys) = &sink.keys {
        engine.vault.keep(keys).await?;
    }
    let relations = compiler.steps();
    let steps = chains.iter().map(|chain| chain.step(&relations)).collect();
    let columns = types::columns(&job.target, sink.protector.schema())?;
    Ok(Staged { files, written: sink.rows.get(), steps, cursor, columns, operations: None })
}

/// Columns whose smallest and largest value may be written: partition and key columns of grade L1 or L2 that are not
/// protected.
fn statistics(job: &JobPlan) -> Vec<String> {
    let JobKind::Build { key, .. } = &job.kind else { return Vec::new() };
    job.columns
        .iter()
        .filter(|column| key.contains(&column.name) && column.grade <= catalog::grade::Grade::L2)
        .filter(|column| column.protection == ProtectionPlan::None)
        .map(|column| column.name.clone())
        .collect()
}

async fn cast(
    step: &str,
    context: &SessionContext,
    plan: Arc<dyn ExecutionPlan>,
    schema: datafusion::arrow::datatypes::SchemaRef,
) -> Result<Arc<dyn ExecutionPlan>, Error> {
    if plan.schema() == schema {
        return Ok(plan);
    }
    let table =
        stream::over_plan(step, plan, schema, None, Rows::default()).map_err(|error| Error::running(step, error))?;
    register(context, step, "·typed", Arc::new(table))?;
    physical(context, step, "·typed").await
}

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
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), entering: Entering::Nowhere, counters: Vec::new() }
    }

    /// The rows enter from a relation of the job.
    fn enter_from(&mut self, relation: &str) {
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

    fn step(&self, relations: &[StepCount]) -> StepCount {
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

fn manifest(
    runner: &Runner<'_>,
    job: &JobPlan,
    occurrence: &str,
    sources: &BTreeMap<String, Opened>,
    checked: &Checked,
    steps: Vec<StepCount>,
    staged: Staged,
) -> Result<Manifest, Error> {
    let date = runner.plan.occurrence.business_date;
    let closed = || checked.closed.iter();
    Ok(Manifest {
        target: job.target.clone(),
        occurrence: occurrence.to_owned(),
        files: staged.files,
        columns: staged.columns,
        operations: staged.operations,
        quarantine: closed().filter_map(|closed| closed.rows.clone()).collect(),
        held: closed().filter_map(|closed| closed.held.clone()).collect(),
        steps,
        rules: checked.rules.clone(),
        destination: Some(destination(job, date, checked)),
        cursor: staged.cursor.or_else(|| source_cursor(sources)),
        lineage: lineage(job),
        business_date: date,
        quarantine_folder: format!(
            "quarantine/{}/{}/{}",
            slug(&zone_of(job).to_string()),
            slug(&job.target),
            slug(occurrence)
        ),
        quarantine_key: String::new(),
        deletes_left_out: if by_absence(job) { checked.unknown_keys.clone() } else { Vec::new() },
    })
}

/// Where the sources' incremental reads ended, by source; nothing when no source is read incrementally.
fn source_cursor(sources: &BTreeMap<String, Opened>) -> Option<String> {
    let ends: BTreeMap<&String, &String> =
        sources.iter().filter_map(|(name, opened)| Some((name, opened.up_to.as_ref()?))).collect();
    if ends.is_empty() { None } else { serde_json::to_string(&ends).ok() }
}

fn by_absence(job: &JobPlan) -> bool {
    matches!(job.kind, JobKind::Build { deletes: Some(DeletesSpec::Absence(_)), .. })
}

fn destination(job: &JobPlan, date: chrono::NaiveDate, checked: &Checked) -> Destination {
    match &job.kind {
        JobKind::Build { table, mode, key, version, deletes, partition_by, .. } => {
            let deletes = match deletes {
                Some(DeletesSpec::Absence(_)) if checked.unknown_keys.is_empty() => Deletes::ByAbsence,
                Some(DeletesSpec::Flag(flag)) => {
                    Deletes::Flag { column: flag.flag.clone(), values: flag.values.clone() }
                }
                _ => Deletes::None,
            };
            let (key, version) = (key.clone(), version.clone());
            let change = match mode {
                LibraryMode::Append => Change::Append,
                LibraryMode::Overwrite => Change::Overwrite { partition_by: partition_by.clone() },
                LibraryMode::Merge => Change::Merge { key, version, deletes },
                LibraryMode::History => Change::History { key, version, boundary: date, deletes },
            };
            Destination::Library {
                table: table.clone(),
                partition_by: partition_by.clone(),
                change,
                statistics: statistics(job),
            }
        }
        JobKind::Supply { connection, dataset, format, mode, .. } => Destination::Dataset {
            connection: connection.clone(),
            dataset: dataset.clone(),
            format: *format,
            mode: *mode,
            plain: incompressible(&job.columns),
            grants: job.grants(),
            protections: job
                .columns
                .iter()
                .map(|column| (column.name.clone(), column.protection.to_string()))
                .collect(),
        },
    }
}

fn lineage(job: &JobPlan) -> Vec<LineageEdge> {
    let source = |text: &str| {
        let first = text.split(" → ").next().unwrap_or(text);
        first.rsplit_once('/').map(|(resource, item)| (resource.to_owned(), item.to_owned())).unwrap_or_default()
    };
    let values = job.columns.iter().flat_map(|column| {
        column.paths.iter().map(|path| {
            let (source, source_column) = source(path);
            LineageEdge {
                column: column.name.clone(),
                flow: Flow::Value,
                source,
                source_column,
                grade: column.grade,
                protection: kind_of(&column.protection),
            }
        })
    });
    let rows = job.rows.iter().map(|row| {
        let (source, source_column) = source(&row.column);
        LineageEdge {
            column: "*".into(),
            flow: Flow::Row,
            source,
            source_column,
            grade: row.grade,
            protection: Protection::None,
        }
    });
    values.chain(rows).collect()
}

fn kind_of(protection: &ProtectionPlan) -> Protection {
    match protection {
        ProtectionPlan::None => Protection::None,
        ProtectionPlan::Mask(_) => Protection::Mask,
        ProtectionPlan::Pseudonym => Protection::Pseudonym,
        ProtectionPlan::Step(_) | ProtectionPlan::Level(_) => Protection::Generalise,
        ProtectionPlan::Encrypt => Protection::Encrypt,
        ProtectionPlan::Suppress => Protection::Suppress,
    }
}

async fn audit(
    runner: &Runner<'_>,
    job: &JobPlan,
    sources: &BTreeMap<String, Opened>,
    manifest: &Manifest,
    checked: Checked,
    written: u64,
) -> Result<(), Error> {
    runner.progress.event(Event::Phase { job: job.target.clone(), phase: "audit" });
    promised(runner, sources, manifest)?;
    let pipeline = runner.engine.project.pipeline(&runner.plan.pipeline);
    let max = pipeline.and_then(|pipeline| pipeline.spec.quarantine.max.as_ref()).filter(|_| !job.is_supply());
    let from_source = |step: &&StepCount| runner.plan.sources.iter().any(|source| source.name == step.step);
    let read = manifest.steps.iter().filter(from_source).map(|step| step.read).sum();
    quality::audit(&Audit { manifest, read, quarantined: checked.quarantined, max, written })?;
    if let Some(failed) = checked.failed.into_iter().next() {
        return Err(failed);
    }
    let checks = pipeline.map(|pipeline| pipeline.spec.check.as_slice()).unwrap_or_default();
    for check in checks.iter().filter(|check| check.rule == RuleName::RowCount) {
        let Some(step) = manifest.steps.iter().find(|step| step.step == check.on) else { continue };
        let history = match quality::baseline(check) {
            Some(count) => {
                let engine = runner.engine;
                engine.catalog.row_history(&engine.actor, &job.target, &check.on, count).await?
            }
            None => Vec::new(),
        };
        quality::row_count(check, step.out, &history)?;
    }
    Ok(())
}

/// Sources must hold what their count files promise, and rows at all unless an empty delivery is fine.
fn promised(runner: &Runner<'_>, sources: &BTreeMap<String, Opened>, manifest: &Manifest) -> Result<(), Error> {
    use crate::spec::pipeline::OnEmpty;
    for (name, opened) in sources {
        let read = manifest.steps.iter().find(|step| step.step == *name).map_or(0, |step| step.read);
        if let Some(expected) = opened.look.as_ref().and_then(|look| look.expected)
            && expected != read
        {
            return Err(Error::RowCountGate { step: name.clone(), rows: read, expected: expected.to_string() });
        }
        let plan = runner.plan.sources.iter().find(|source| source.name == *name);
        let must_have = plan.is_some_and(|plan| {
            plan.resource.is_some() && plan.spec.on_empty == OnEmpty::Fail && plan.spec.incremental.is_none()
        });
        if read == 0 && must_have {
            return Err(Error::EmptySource { from: name.clone() });
        }
    }
    Ok(())
}
