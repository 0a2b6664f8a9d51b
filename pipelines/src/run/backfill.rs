//! What a backfill 补数 does otherwise: it fills gaps of the past and never moves a cursor or replaces a newer row.
//!
//! | a library kept by | takes from a backfill |
//! |---|---|
//! | merge with a version column, history | rows that are not older than the table's; nothing is deleted by absence |
//! | merge without one | rows whose key the table does not hold |
//! | overwrite | only whole partitions of the business dates it covers |
//! | append | an interval that nothing was appended for |
//!
//! A supply from a library is left out: its cursor is the library's version, so its own next run sends what the
//! backfill changed, once.

use catalog::ledger::{Disposition, Occurrence};
use chrono::{DateTime, NaiveDate, Utc};

use super::Runner;
use crate::error::Error;
use crate::manifest::{Destination, StagedFile};
use crate::plan::{JobKind, JobPlan};
use crate::publish::{Change, Deletes};
use crate::spec::pipeline::{LibraryMode, SupplyMode};

/// Occurrences of a target that are looked through for an interval that was appended before.
const LOOK_BACK: u32 = 100_000;

/// Whether a backfill leaves a job out.
pub(super) fn leaves_out(job: &JobPlan) -> bool {
    matches!(
        &job.kind,
        JobKind::Supply { library: Some(_), .. } | JobKind::Supply { mode: SupplyMode::Full | SupplyMode::Changes, .. }
    )
}

/// Refuses a backfill that would leave rows twice in a target, before a row is read.
pub(super) async fn check(runner: &Runner<'_>, job: &JobPlan, occurrence: &Occurrence) -> Result<(), Error> {
    if !runner.order.is_backfill() {
        return Ok(());
    }
    match &job.kind {
        JobKind::Build { mode: LibraryMode::Append, .. } | JobKind::Supply { .. } => {}
        JobKind::Build { mode: LibraryMode::Overwrite, partition_by, .. } if partition_by.is_empty() => {
            return Err(replaces_newer(runner, job));
        }
        JobKind::Build { .. } => return Ok(()),
    }
    let engine = runner.engine;
    if let Some(covered) = runner.catalog.cursor(&engine.actor, &job.target).await? {
        return Err(Error::AppendsTwice { target: job.target.clone(), covered });
    }
    let span = |of: &Occurrence| Some((instant(of.interval_start.as_deref()?)?, instant(of.interval_end.as_deref()?)?));
    let Some((from, to)) = span(occurrence) else { return Ok(()) };
    let before = runner.catalog.list_occurrences(&engine.actor, Some(&job.target), LOOK_BACK).await?;
    let overlaps = |other: &&Occurrence| span(other).is_some_and(|(start, end)| start < to && from < end);
    match before.iter().filter(|other| other.disposition == Disposition::Succeeded).find(overlaps) {
        Some(other) => Err(Error::AppendsTwice { target: job.target.clone(), covered: other.key.clone() }),
        None => Ok(()),
    }
}

/// Where staged rows go in a backfill, given where they would go in a run of the schedule.
pub(super) fn destination(
    runner: &Runner<'_>,
    job: &JobPlan,
    files: &[StagedFile],
    scheduled: Destination,
) -> Result<Destination, Error> {
    let Destination::Library { table, partition_by, change, statistics } = scheduled else { return Ok(scheduled) };
    let staying = |deletes: Deletes| if deletes == Deletes::ByAbsence { Deletes::None } else { deletes };
    let change = match change {
        Change::Merge { key, version: None, deletes } => Change::Insert { key, deletes: staying(deletes) },
        Change::Merge { key, version, deletes } => Change::Merge { key, version, deletes: staying(deletes) },
        Change::History { key, version, boundary, deletes } => {
            Change::History { key, version, boundary, deletes: staying(deletes) }
        }
        Change::Overwrite { partition_by } => {
            let time = &runner.plan.occurrence.time;
            let last = time.interval_end.date_naive().pred_opt().unwrap_or(time.biz_date).max(time.biz_date);
            let dates: Vec<NaiveDate> = time.biz_date.iter_days().take_while(|day| *day <= last).collect();
            if !files.iter().all(|file| names_one_of(&file.partition, &partition_by, &dates)) {
                return Err(replaces_newer(runner, job));
            }
            Change::Overwrite { partition_by }
        }
        other @ (Change::Append | Change::Insert { .. }) => other,
    };
    Ok(Destination::Library { table, partition_by, change, statistics })
}

/// Whether a partition is one of these days': then nothing in it is newer than what is read for them.
fn names_one_of(partition: &[(String, Option<String>)], by: &[String], dates: &[NaiveDate]) -> bool {
    let names =
        |value: &str| dates.iter().any(|date| value == date.to_string() || value == date.format("%Y%m%d").to_string());
    partition.iter().any(|(column, value)| by.contains(column) && value.as_deref().is_some_and(names))
}

fn replaces_newer(runner: &Runner<'_>, job: &JobPlan) -> Error {
    let date = runner.plan.occurrence.business_date.to_string();
    Error::ReplacesNewer { target: job.target.clone(), date }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_a_partition_of_a_covered_day_is_overwritten() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let of = |column: &str, value: Option<&str>| vec![(column.to_owned(), value.map(str::to_owned))];
        let by = ["day".to_owned()];
        let dates = [day("2026-11-20"), day("2026-11-21")];
        assert!(names_one_of(&of("day", Some("2026-11-20")), &by, &dates));
        assert!(names_one_of(&of("day", Some("20261121")), &by, &dates));
        assert!(!names_one_of(&of("day", Some("2026-11-22")), &by, &dates));
        assert!(!names_one_of(&of("area", Some("2026-11-20")), &by, &dates), "not what it is overwritten by");
        assert!(!names_one_of(&of("day", None), &by, &dates));
        assert!(!names_one_of(&[], &by, &dates));
    }
}
