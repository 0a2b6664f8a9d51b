//! From an intent to its end: publish what the manifest says, keep the quarantine, close the occurrence; and the same
//! again for an intent that an earlier process left.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::key::QuarantineFile;
use catalog::ledger::{AdoptTarget, FoundCommit, Intent, Lease, Published};
use serde_json::{Value, json};

use super::Runner;
use super::fence::LeaseFence;
use super::stages::Stage;
use crate::crash;
use crate::error::Error;
use crate::manifest::{CommitMetadata, Destination, Manifest, Operations, Outcome};
use crate::plan::{JobKind, JobPlan};
use crate::publish::delivery::{self, Delivery};
use crate::publish::{self, Change, Fence, Publication, metadata};
use crate::report::JobReport;
use crate::spec::pipeline::{DatasetFormat, SupplyMode};
use crate::types;

/// Publishes a recorded intent and closes its occurrence.
pub(super) async fn publish(
    runner: &Runner<'_>,
    job: &JobPlan,
    lease: &Lease,
    intent: &Intent,
    manifest: &Manifest,
    stage: &Stage,
    report: &mut JobReport,
) -> Result<(), Error> {
    let engine = runner.engine;
    let mut outcome = apply(runner, lease, intent, manifest, stage).await?;
    if let Some(operations) = manifest.operations {
        let Operations { inserted, updated, deleted } = operations;
        outcome = Outcome { inserted, updated, deleted, ..outcome };
    }
    stage.keep_quarantine(&engine.state, &manifest.quarantine_folder)?;
    let published = Published {
        version: outcome.version,
        rows: manifest
            .steps
            .iter()
            .map(|step| (step.step.clone(), i64::try_from(step.out).unwrap_or(i64::MAX)))
            .collect(),
        balance: balance(manifest, &outcome),
        receipts: receipt(manifest, &outcome).into_iter().collect(),
        lineage: manifest.lineage.clone(),
    };
    runner.catalog.put_quarantine(&engine.actor, &intent.occurrence, &quarantine_files(manifest)).await?;
    runner.catalog.complete(&engine.actor, &intent.id, &published).await?;
    crash::point("catalog.completed");
    stage.clear();
    crash::point("stage.removed");
    tell(job, manifest, outcome, report);
    Ok(())
}

fn balance(manifest: &Manifest, outcome: &Outcome) -> Value {
    let mut balance = json!({ "steps": manifest.steps, "rules": manifest.rules, "target": outcome });
    if !manifest.released.is_empty() {
        balance["released"] = json!(manifest.released);
    }
    balance
}

fn tell(job: &JobPlan, manifest: &Manifest, outcome: Outcome, report: &mut JobReport) {
    report.steps.clone_from(&manifest.steps);
    report.rules.clone_from(&manifest.rules);
    report.quarantined = manifest.quarantine.iter().map(|file| file.rows).sum();
    report.deletes_left_out.clone_from(&manifest.deletes_left_out);
    if job.is_supply() {
        report.supplied = manifest.files.iter().map(|file| file.rows).sum();
    }
    report.outcome = Some(outcome);
}

async fn apply(
    runner: &Runner<'_>,
    lease: &Lease,
    intent: &Intent,
    manifest: &Manifest,
    stage: &Stage,
) -> Result<Outcome, Error> {
    let engine = runner.engine;
    let fence: Arc<dyn Fence> =
        Arc::new(LeaseFence { catalog: runner.catalog.clone(), actor: engine.actor.clone(), lease: lease.clone() });
    let mut metadata = CommitMetadata::from([
        (metadata::OCCURRENCE.to_owned(), manifest.occurrence.clone()),
        (metadata::MANIFEST.to_owned(), intent.manifest_digest.clone()),
        (metadata::TOKEN.to_owned(), lease.token.to_string()),
    ]);
    if let Some(cursor) = &manifest.cursor {
        metadata.insert(metadata::CURSOR.to_owned(), cursor.clone());
    }
    let delta = |root, partition_by, change, statistics, plain| Publication {
        table_root: root,
        partition_by,
        change,
        manifest: manifest.clone(),
        stage_root: stage.root().to_owned(),
        app_id: app_id(&intent.epoch, &manifest.target),
        sequence: intent.publish_sequence,
        metadata: metadata.clone(),
        statistics,
        plain,
        session: engine.work.session(false),
        fence: Arc::clone(&fence),
    };
    match manifest.destination.as_ref() {
        None => Err(Error::StageDamaged { target: manifest.target.clone(), path: "manifest.json".into() }),
        Some(Destination::Library { table, partition_by, change, statistics }) => {
            let root = engine.library_root(table);
            ensure(&root, manifest, change, partition_by, statistics).await?;
            Ok(publish::publish(&delta(root, partition_by.clone(), change.clone(), statistics.clone(), Vec::new()))
                .await?)
        }
        Some(Destination::Dataset { connection, dataset, format, mode, plain, .. }) => {
            let root = engine.connection_root(connection)?;
            if *format == DatasetFormat::Delta {
                let change = match mode {
                    SupplyMode::Full => Change::Overwrite { partition_by: Vec::new() },
                    SupplyMode::Increment | SupplyMode::Changes => Change::Append,
                };
                ensure(&root.join(dataset), manifest, &change, &[], &[]).await?;
                let publication = delta(root.join(dataset), Vec::new(), change, Vec::new(), plain.clone());
                return Ok(publish::publish(&publication).await?);
            }
            let to = (root, dataset.clone(), *format, *mode);
            let delivery = delivery_of(manifest, to, stage, (intent.publish_sequence, metadata), fence);
            Ok(delivery::deliver(&delivery).await?)
        }
    }
}

/// A delivery of files: `to` is where it goes, in which form, and what it is to those before.
fn delivery_of(
    manifest: &Manifest,
    to: (PathBuf, String, DatasetFormat, SupplyMode),
    stage: &Stage,
    (sequence, metadata): (i64, CommitMetadata),
    fence: Arc<dyn Fence>,
) -> Delivery {
    let (dataset_root, dataset, format, mode) = to;
    Delivery {
        dataset_root,
        dataset,
        format: match format {
            DatasetFormat::Csv => delivery::Format::Csv,
            DatasetFormat::Parquet | DatasetFormat::Delta => delivery::Format::Parquet,
        },
        mode,
        manifest: manifest.clone(),
        stage_root: stage.root().to_owned(),
        sequence,
        metadata,
        business_date: manifest.business_date,
        fence,
    }
}

/// Makes the table on its first publication; the lease keeps others away.
async fn ensure(
    root: &Path,
    manifest: &Manifest,
    change: &Change,
    partition_by: &[String],
    statistics: &[String],
) -> Result<(), Error> {
    std::fs::create_dir_all(root).map_err(|error| Error::state("create", root, &error))?;
    let staged = types::schema(&manifest.columns);
    let schema = publish::table_schema(&staged, change)?;
    Ok(publish::ensure_table(root, &schema, partition_by, statistics).await?)
}

/// Transaction application id of a target: the ledger's epoch and the target.
fn app_id(epoch: &str, target: &str) -> String {
    format!("sluice:{epoch}:{target}")
}

fn quarantine_files(manifest: &Manifest) -> Vec<QuarantineFile> {
    manifest
        .quarantine
        .iter()
        .map(|file| QuarantineFile {
            path: file.path.replacen("quarantine", &manifest.quarantine_folder, 1),
            rows: i64::try_from(file.rows).unwrap_or(i64::MAX),
            key_id: manifest.quarantine_key.clone(),
        })
        .collect()
}

fn receipt(manifest: &Manifest, outcome: &Outcome) -> Option<Value> {
    let Some(Destination::Dataset { connection, dataset, mode, grants, protections, .. }) = &manifest.destination
    else {
        return None;
    };
    Some(json!({
        "dataset": dataset, "connection": connection, "mode": mode, "grants": grants, "protections": protections,
        "version": outcome.version, "business_date": manifest.business_date,
        "files": manifest.files.iter()
            .map(|file| json!({ "rows": file.rows, "bytes": file.bytes, "sha256": file.digest }))
            .collect::<Vec<_>>(),
    }))
}

/// Finishes what earlier processes left after their intent; names the occurrences that are done now.
pub(super) async fn pending(
    runner: &Runner<'_>,
    job: &JobPlan,
    lease: &Lease,
    report: &mut JobReport,
) -> Result<Vec<String>, Error> {
    let engine = runner.engine;
    let mut done = Vec::new();
    for intent in engine.catalog.pending_intents(&engine.actor, &job.target).await? {
        let stage = Stage::of_manifest(Path::new(&intent.manifest_path));
        let manifest = stage.manifest(&job.target, &intent.manifest_digest)?;
        stage.verify(&manifest).await?;
        publish(runner, job, lease, &intent, &manifest, &stage, report).await?;
        done.push(intent.occurrence);
    }
    Ok(done)
}

/// Takes commits that the target holds and the ledger does not know into the ledger: the catalog was restored from an
/// older copy.
pub(super) async fn adopt(runner: &Runner<'_>, job: &JobPlan) -> Result<(), Error> {
    let engine = runner.engine;
    let known = engine.catalog.last_published(&engine.actor, &job.target).await?.map(|last| last.version);
    let found = match &job.kind {
        JobKind::Build { table, .. } => commits(&engine.library_root(table), known).await?,
        JobKind::Supply { connection, dataset, format: DatasetFormat::Delta, .. } => {
            commits(&engine.connection_root(connection)?.join(dataset), known).await?
        }
        JobKind::Supply { connection, dataset, .. } => {
            deliveries(&engine.connection_root(connection)?, dataset, known, &engine.catalog.epoch().await?).await?
        }
    };
    if found.is_empty() {
        return Ok(());
    }
    let target =
        AdoptTarget { pipeline: runner.plan.pipeline.clone(), job: job.target.clone(), target: job.target.clone() };
    runner.catalog.adopt(&engine.actor, &target, &found).await?;
    Ok(())
}

async fn commits(root: &Path, known: Option<i64>) -> Result<Vec<FoundCommit>, Error> {
    if !root.join("_delta_log").is_dir() {
        return Ok(Vec::new());
    }
    let found = publish::reconcile::foreign_commits(root, known).await?;
    Ok(found
        .into_iter()
        .map(|commit| {
            let text = |key: &str| commit.metadata.get(key).cloned();
            let epoch = commit.app_id.split(':').nth(1).unwrap_or_default().to_owned();
            FoundCommit {
                epoch,
                sequence: commit.sequence,
                occurrence_key: text(metadata::OCCURRENCE).unwrap_or_default(),
                manifest_digest: text(metadata::MANIFEST).unwrap_or_default(),
                cursor_after: text(metadata::CURSOR),
                version: commit.version,
            }
        })
        .collect())
}

/// Deliveries of a file dataset after the last one the ledger knows; they are numbered without a gap.
async fn deliveries(root: &Path, dataset: &str, known: Option<i64>, epoch: &str) -> Result<Vec<FoundCommit>, Error> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let store = connectors::store::local(root)?;
    let mut found = Vec::new();
    let mut sequence = known.unwrap_or(0) + 1;
    while let Some(record) = delivery::read(&store, dataset, sequence).await? {
        let text = |key: &str| record.metadata.get(key).cloned();
        found.push(FoundCommit {
            epoch: epoch.to_owned(),
            sequence,
            occurrence_key: text(metadata::OCCURRENCE).unwrap_or_default(),
            manifest_digest: text(metadata::MANIFEST).unwrap_or_default(),
            cursor_after: text(metadata::CURSOR),
            version: sequence,
        });
        sequence += 1;
    }
    Ok(found)
}

/// What an occurrence that was published before did, for the report.
pub(super) async fn recall(runner: &Runner<'_>, job: &JobPlan, report: &mut JobReport) -> Result<(), Error> {
    let engine = runner.engine;
    let key = &runner.plan.occurrence.key;
    let Some(published) = engine.catalog.published_by_occurrence(&engine.actor, &job.target, key).await? else {
        return Ok(());
    };
    let Some(balance) = published.balance else { return Ok(()) };
    let part = |name: &str| balance.get(name).cloned().unwrap_or_default();
    report.steps = serde_json::from_value(part("steps")).unwrap_or_default();
    report.rules = serde_json::from_value(part("rules")).unwrap_or_default();
    report.outcome = serde_json::from_value(part("target")).ok();
    report.quarantined = report.steps.iter().map(|step| step.quarantined).sum();
    Ok(())
}
