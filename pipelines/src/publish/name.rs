//! Names of data files: the same publication on the same snapshot writes the same names, so what a crash left behind is
//! written over or found complete.

use xxhash_rust::xxh3::xxh3_64;

use super::Publication;
use super::table::Snapshot;

/// Values of the partition columns, in their order; `None` is a missing value.
pub(super) type Partition = Vec<(String, Option<String>)>;

/// A staged file that becomes a table file as it is. Independent of the snapshot's version.
pub(super) fn linked(publication: &Publication, snapshot: &Snapshot, partition: &Partition, number: usize) -> String {
    let (folder, app) = (snapshot.directory(partition), app(publication));
    format!("{folder}part-{app:016x}-{}-{number}.parquet", publication.sequence)
}

/// A file written from rows of the snapshot and of the stage.
pub(super) fn written(publication: &Publication, snapshot: &Snapshot, partition: &Partition, number: &str) -> String {
    let (folder, app, sequence) = (snapshot.directory(partition), app(publication), publication.sequence);
    format!("{folder}part-{app:016x}-{sequence}-v{}-{number}.parquet", snapshot.version)
}

fn app(publication: &Publication) -> u64 {
    xxh3_64(publication.app_id.as_bytes())
}
