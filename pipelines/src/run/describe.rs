//! What a stage says of itself: the manifest, from which an interrupted publication can be finished.

use std::collections::BTreeMap;

use catalog::lineage::{Flow, LineageEdge};
use catalog::policy::Protection;

use super::compile::Checked;
use super::produce::{Staged, statistics};
use super::stages::{slug, zone_of};
use super::{Runner, backfill};
use crate::error::Error;
use crate::manifest::{Destination, Manifest, StepCount};
use crate::plan::{JobKind, JobPlan, ProtectionPlan};
use crate::protect::incompressible;
use crate::publish::{Change, Deletes};
use crate::read::Opened;
use crate::spec::pipeline::{DeletesSpec, LibraryMode};

pub(super) fn manifest(
    runner: &Runner<'_>,
    job: &JobPlan,
    occurrence: &str,
    sources: &BTreeMap<String, Opened>,
    checked: &Checked,
    steps: Vec<StepCount>,
    staged: Staged,
) -> Result<Manifest, Error> {
    let date = runner.plan.occurrence.business_date;
    let (destination, cursor) = match runner.order.is_backfill() {
        true => (backfill::destination(runner, job, &staged.files, destination(job, date, checked))?, None),
        false => (destination(job, date, checked), staged.cursor.or_else(|| source_cursor(sources))),
    };
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
        destination: Some(destination),
        cursor,
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
        released: Vec::new(),
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
