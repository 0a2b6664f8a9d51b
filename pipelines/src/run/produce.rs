//! Stage and audit of one job: rows flow from sources or a library through the relations into staged files; then the
//! counts must agree and every gate be open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::resource::ItemType;
use connectors::write::ParquetOptions;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::chain::{Chain, Lost, physical, register};
use super::compile::{Compiler, Sampler};
use super::stages::{Stage, zone_of};
use super::{Runner, audit, describe, differ};
use crate::error::Error;
use crate::gate::Authorized;
use crate::manifest::{Manifest, Operations, StagedFile, StepCount};
use crate::plan::{JobKind, JobPlan, OutputColumn, ProtectionPlan};
use crate::protect::{Protector, incompressible};
use crate::read::{Opened, Opener, Part};
use crate::relation::Query;
use crate::report::{Event, JobReport, Progress};
use crate::spec::pipeline::SupplyMode;
use crate::stage::{self, Sink};
use crate::stream::{self, Rows};
use crate::types;

/// Sources up to this size are joined in memory; beyond it joins sort and spill.
const HASH_JOIN_BYTES: u64 = 256 << 20;

/// Compression of rows on their way into a library, whose files are read soon and rewritten by later merges.
const LIBRARY_ZSTD: i32 = 1;

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
    let mut manifest = describe::manifest(runner, job, occurrence, &sources, &checked, steps, staged)?;
    keys.wrapped_by().clone_into(&mut manifest.quarantine_key);
    manifest.released = audit::audit(runner, job, &sources, &manifest, checked, written).await?;
    Ok(manifest)
}

async fn open_sources(runner: &Runner<'_>, job: &JobPlan) -> Result<BTreeMap<String, Opened>, Error> {
    let engine = runner.engine;
    let opener = Opener {
        project: &engine.project,
        secrets: engine.secrets.as_ref(),
        parallelism: engine.work.partitions(),
        paces: &runner.paces,
        released: runner.order.release.is_some(),
    };
    let cursor = engine.catalog.cursor(&engine.actor, &job.target).await?;
    let cursors: BTreeMap<String, String> =
        cursor.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut sources = BTreeMap::new();
    for source in runner.plan.sources.iter().filter(|source| job.relations.contains(&source.name)) {
        let part = match runner.order.is_backfill() {
            true => Part::Within(&runner.plan.occurrence.time),
            false => Part::Since(cursors.get(&source.name).map(String::as_str)),
        };
        let opened = opener.open(source, part).await?;
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
pub(super) struct Staged {
    pub(super) files: Vec<StagedFile>,
    pub(super) written: u64,
    pub(super) steps: Vec<StepCount>,
    pub(super) cursor: Option<String>,
    pub(super) columns: Vec<(String, ItemType)>,
    pub(super) operations: Option<Operations>,
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
    let (partition_by, zstd_level) = match &job.kind {
        JobKind::Build { partition_by, .. } => (partition_by.clone(), LIBRARY_ZSTD),
        JobKind::Supply { .. } => (Vec::new(), ParquetOptions::default().zstd_level),
    };
    let options = ParquetOptions {
        zstd_level,
        plain: incompressible(&columns),
        statistics: statistics(job),
        ..ParquetOptions::default()
    };
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
pub(super) fn statistics(job: &JobPlan) -> Vec<String> {
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
