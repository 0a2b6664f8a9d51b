//! Merge and history: which files are read, what is decided, which files are written.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::candidates::{Candidates, Sizes};
use super::classify::{Decisions, Rules};
use super::codec::{Codec, parts};
use super::decide::decide;
use super::files::FileSet;
use super::name::{self, Partition};
use super::rewrite::{Origin, Part, Rewrite};
use super::staged::{self, Staged};
use super::table::{NewFile, Snapshot, Table};
use super::{Change, Deletes, Error, Prepared, Publication, instant};

/// Computes a keyed change on a snapshot and writes the files it needs.
pub(super) async fn merge(publication: &Publication, table: &Table, snapshot: &Snapshot) -> Result<Prepared, Error> {
    let last = match &publication.change {
        Change::History { version: None, .. } => table.last_boundary().await?,
        _ => None,
    };
    let rules = rules(publication, snapshot, last)?;
    let kept = prune(publication, snapshot)?;
    let staged_rows = staged::rows(publication)?;
    let staged = Staged::open(publication, snapshot).await?;
    let existing = Table::file_set(snapshot, &kept);
    let candidates = candidates(publication, snapshot, &staged, (&existing, &kept), rules).await?;
    let decisions = decide(candidates, staged_rows, &publication.session).await?;
    let add = link(publication, table, snapshot, (&staged, &decisions)).await?;
    let linked: HashSet<usize> = add.iter().map(|(number, _)| *number).collect();
    let (counts, expected) = (decisions.counts, expected(snapshot, &decisions)?);
    let (parts, remove) = parts_to_write(publication, snapshot, &kept, &decisions, &linked);
    let rewrite = Rewrite {
        publication: publication.clone(),
        table: table.clone(),
        snapshot: snapshot.clone(),
        staged: staged.set(),
        existing,
        decisions,
    };
    let mut add: Vec<NewFile> = add.into_iter().map(|(_, file)| file).collect();
    add.extend(rewrite.run(parts).await?);
    Ok(Prepared { add, remove, counts, expected, boundary: latest(&publication.change, last) })
}

async fn candidates(
    publication: &Publication,
    snapshot: &Snapshot,
    staged: &Staged,
    (existing, kept): (&FileSet, &[usize]),
    rules: Rules,
) -> Result<Candidates, Error> {
    let change = &publication.change;
    let (key, _, deletes) = parts(change)?;
    let boundary = if let Rules::History { boundary, .. } = rules { boundary } else { 0 };
    let held = match deletes {
        Deletes::ByAbsence => staged.held(publication, key).await?,
        _ => None,
    };
    let held = match held {
        Some(set) => Some((set.clone(), Codec::keys_only(set.schema(), key)?)),
        None => None,
    };
    let sizes = Sizes {
        staged_rows: staged::rows(publication)?,
        staged_files: publication.manifest.files.len(),
        held_rows: staged::sum(publication.manifest.held.iter().map(|file| file.rows))?,
        table_rows: staged::sum(kept.iter().map(|file| snapshot.files[*file].rows))?,
        table_files: kept.len(),
    };
    let staged = (staged.set(), Codec::staged(staged.schema(), change, boundary)?);
    let table = (existing.clone(), Codec::table(existing.schema(), change)?);
    Ok(Candidates::new(staged, table, held, rules, sizes))
}

/// What the commit says about how far a history without versions has come.
fn latest(change: &Change, last: Option<NaiveDate>) -> Option<NaiveDate> {
    match change {
        Change::History { version: None, boundary, .. } => Some(last.map_or(*boundary, |last| last.max(*boundary))),
        _ => None,
    }
}

fn rules(publication: &Publication, snapshot: &Snapshot, last: Option<NaiveDate>) -> Result<Rules, Error> {
    let (_, version, deletes) = parts(&publication.change)?;
    let by_absence = *deletes == Deletes::ByAbsence;
    let date = match &publication.change {
        Change::History { boundary, .. } => boundary,
        Change::Insert { .. } => return Ok(Rules::Insert),
        _ => return Ok(Rules::Merge { by_absence }),
    };
    let from = snapshot.schema.field(super::codec::position(&snapshot.schema, instant::VALID_FROM)?);
    if !instant::fits(from.data_type()) {
        return Err(Error::Column { column: from.name().clone(), reason: "is no date, timestamp or integer" });
    }
    let needed = by_absence || version.is_none();
    let boundary = match instant::midnight(*date, from.data_type()) {
        None if needed => {
            return Err(Error::Column {
                column: from.name().clone(),
                reason: "is an integer, at which absence cannot be dated",
            });
        }
        boundary => boundary.unwrap_or(0),
    };
    let late = last.is_some_and(|last| *date < last);
    Ok(Rules::History { by_absence: by_absence && !late, boundary, versioned: version.is_some(), late })
}

/// Positions of the table's files that can hold a key of the stage. Only a partition that is part of the key excludes
/// any, and nothing is excluded where absence counts.
fn prune(publication: &Publication, snapshot: &Snapshot) -> Result<Vec<usize>, Error> {
    let (key, _, deletes) = parts(&publication.change)?;
    let bound: Vec<&String> = publication.partition_by.iter().filter(|column| key.contains(column)).collect();
    let all = 0..snapshot.files.len();
    if bound.is_empty() || *deletes == Deletes::ByAbsence {
        return Ok(all.collect());
    }
    let only = |partition: &Partition| -> Partition {
        partition.iter().filter(|(column, _)| bound.contains(&column)).cloned().collect()
    };
    let staged: HashSet<Partition> = publication.manifest.files.iter().map(|file| only(&file.partition)).collect();
    Ok(all.filter(|file| staged.contains(&only(&snapshot.files[*file].partition))).collect())
}

/// Staged files of which every row enters become files of the table.
async fn link(
    publication: &Publication,
    table: &Table,
    snapshot: &Snapshot,
    (staged, decisions): (&Staged, &Decisions),
) -> Result<Vec<(usize, NewFile)>, Error> {
    let mut linked = Vec::new();
    for (number, file) in publication.manifest.files.iter().enumerate() {
        let whole = file.rows > 0 && decisions.staged.of(number).dropped_rows() == 0;
        if whole && staged::links(&publication.change) && staged.is_exact(number) {
            let name = name::linked(publication, snapshot, &file.partition, number);
            linked.push((number, staged.link(table, file, name).await?));
        }
    }
    Ok(linked)
}

/// What has to be written, and which files of the snapshot that replaces.
fn parts_to_write(
    publication: &Publication,
    snapshot: &Snapshot,
    kept: &[usize],
    decisions: &Decisions,
    linked: &HashSet<usize>,
) -> (Vec<Part>, Vec<usize>) {
    let touched = kept.iter().enumerate().filter(|(file, _)| decisions.table.of(*file).touched());
    let remove = touched.clone().map(|(_, at)| *at).collect();
    let survivors = touched.map(|(file, at)| {
        let rows = snapshot.files[*at].rows.saturating_sub(decisions.table.of(file).dropped_rows());
        Part { origin: Origin::Table, file, rows, partition: snapshot.files[*at].partition.clone() }
    });
    let staged = publication.manifest.files.iter().enumerate().filter(|(number, _)| !linked.contains(number));
    let entering = staged.map(|(file, known)| {
        let rows = known.rows.saturating_sub(decisions.staged.of(file).dropped_rows());
        Part { origin: Origin::Staged, file, rows, partition: known.partition.clone() }
    });
    (survivors.chain(entering).filter(|part| part.rows > 0).collect(), remove)
}

fn expected(snapshot: &Snapshot, decisions: &Decisions) -> Result<u64, Error> {
    let after = snapshot.rows.checked_add(decisions.counts.gained);
    after
        .and_then(|rows| rows.checked_sub(decisions.table.dropped_rows()))
        .ok_or(Error::Setting { reason: "its row counts overflow" })
}
