//! Append and overwrite: staged files enter as they are.

use std::collections::HashSet;

use super::classify::Counts;
use super::name::{self, Partition};
use super::staged::{self, Staged};
use super::table::{NewFile, Snapshot, Table};
use super::{Error, Prepared, Publication};

/// All staged files are added.
pub(super) async fn append(publication: &Publication, table: &Table, snapshot: &Snapshot) -> Result<Prepared, Error> {
    replace(publication, table, snapshot, Vec::new()).await
}

/// All staged files are added, and all files of the partitions they touch are removed.
pub(super) async fn overwrite(
    publication: &Publication,
    table: &Table,
    snapshot: &Snapshot,
    partition_by: &[String],
) -> Result<Prepared, Error> {
    if partition_by.iter().any(|column| !publication.partition_by.contains(column)) {
        return Err(Error::Setting { reason: "a column it overwrites by is no partition column of the table" });
    }
    let touched = |partition: &Partition| -> Partition {
        partition.iter().filter(|(column, _)| partition_by.contains(column)).cloned().collect()
    };
    let staged: HashSet<Partition> = publication.manifest.files.iter().map(|file| touched(&file.partition)).collect();
    let replaced =
        |file: &usize| partition_by.is_empty() || staged.contains(&touched(&snapshot.files[*file].partition));
    let remove = (0..snapshot.files.len()).filter(replaced).collect();
    replace(publication, table, snapshot, remove).await
}

async fn replace(
    publication: &Publication,
    table: &Table,
    snapshot: &Snapshot,
    remove: Vec<usize>,
) -> Result<Prepared, Error> {
    let staged = Staged::open(publication, snapshot).await?;
    let inserted = staged::rows(publication)?;
    let deleted = staged::sum(remove.iter().map(|file| snapshot.files[*file].rows))?;
    let mut add: Vec<NewFile> = Vec::new();
    for (number, file) in publication.manifest.files.iter().enumerate().filter(|(_, file)| file.rows > 0) {
        if !staged.is_exact(number) {
            return Err(Error::Staged {
                path: file.path.clone(),
                reason: "has a column of another type than the target",
            });
        }
        add.push(staged.link(table, file, name::linked(publication, snapshot, &file.partition, number)).await?);
    }
    let expected =
        (snapshot.rows - deleted).checked_add(inserted).ok_or(Error::Setting { reason: "its row counts overflow" })?;
    Ok(Prepared { add, remove, counts: Counts { inserted, deleted, ..Counts::default() }, expected, boundary: None })
}
