//! Staged rows into targets: a deterministic `apply(change set, snapshot)` and exactly one commit.
//!
//! | file | what is in it |
//! |---|---|
//! | `merge.rs` | merge and history: files to read, decisions, files to write |
//! | `classify.rs` | the rules of merge and history, key by key; pure |
//! | `decide.rs`, `candidates.rs`, `filter.rs`, `codec.rs` | from files to key groups in bounded memory |
//! | `marks.rs` | which rows are dropped or closed |
//! | `rewrite.rs`, `name.rs` | writing the files that change |
//! | `replace.rs` | append and overwrite |
//! | `files.rs`, `staged.rs`, `table.rs` | reading files with row positions; the stage; snapshots and commits |
//! | `metadata.rs`, `instant.rs`, `error.rs` | what a commit says, points in time, errors |
//! | `fence.rs` | who may still commit |
//! | `delivery.rs` | file datasets |
//! | `difference.rs`, `reconcile.rs` | what changed between two versions; commits the catalog does not know |
//!
//! What must never happen:
//! 1. A publish sequence commits twice, or is taken for done under another manifest.
//! 2. A commit lands on a snapshot other than the one it was computed from.
//! 3. A file is deleted. Files that no commit names are left to the table's own housekeeping.
//! 4. An older row replaces a newer one.
//! 5. A worker whose lease was taken over commits anything that its successor would not.

mod candidates;
mod classify;
mod codec;
mod decide;
pub mod delivery;
pub mod difference;
mod error;
mod fence;
mod files;
mod filter;
mod instant;
mod marks;
mod merge;
pub mod metadata;
mod name;
pub mod reconcile;
mod replace;
mod rewrite;
mod staged;
mod table;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::prelude::SessionContext;
use serde::{Deserialize, Serialize};

pub use error::{Error, Place};
pub use fence::{Fence, Unfenced};
pub use instant::{VALID_FROM, VALID_TO};
pub use table::{ensure_table, table_schema};

use crate::crash;
use crate::manifest::{CommitMetadata, Manifest, Outcome};
use classify::Counts;
use table::{Snapshot, Table};

/// How often a publication is computed anew because others committed in between.
const ATTEMPTS: u32 = 20;

/// How staged rows enter a Delta table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// They are added.
    Append,
    /// They replace the partitions they touch; without partition columns the whole table.
    Overwrite {
        /// Columns whose values say what is replaced; all of them partition columns of the table.
        partition_by: Vec<String>,
    },
    /// They become the current state of their keys. A row that differs in nothing but a newer version is an update.
    Merge {
        /// Columns that identify a row; none of them missing in any row.
        key: Vec<String>,
        /// Column that orders the versions of a row; a missing version is the oldest. Equal versions with different
        /// content: the staged row replaces. Without it every staged row is newer.
        version: Option<String>,
        /// How rows leave.
        deletes: Deletes,
    },
    /// Those whose key the table does not hold yet enter; the others are stale. For rows of the past that nothing orders:
    /// what the table holds may be newer.
    Insert {
        /// Columns that identify a row; none of them missing in any row.
        key: Vec<String>,
        /// Rows that say "deleted" do not enter; nothing leaves.
        deletes: Deletes,
    },
    /// They become the current intervals of their keys, and what they replace is closed where they begin (拉链).
    /// A row that differs in nothing but its version is unchanged; of several staged versions of a key the highest counts.
    History {
        /// Columns that identify a row; none of them missing in any row.
        key: Vec<String>,
        /// Date, timestamp or integer column that is `valid_from`; never missing. Different content at or before the
        /// current row's version is stale; equal content with a newer version is unchanged and only raises the
        /// current row's version. Without it rows begin at `boundary`, a row that began there is replaced in place,
        /// and a load of an earlier boundary than the last changes and closes nothing that is current.
        version: Option<String>,
        /// `valid_from` of rows without a version column; where absent rows are closed, unless they began later.
        boundary: NaiveDate,
        /// How rows are closed.
        deletes: Deletes,
    },
}

/// How rows leave the current state of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// They do not.
    None,
    /// When their key is neither staged nor among the quarantined: for full loads.
    ByAbsence,
    /// When a staged row says so. It is not inserted, and respects versions.
    Flag {
        /// The column.
        column: String,
        /// Its values, as text, that mean "deleted".
        values: Vec<String>,
    },
}

/// One change set on its way into one table.
#[derive(Clone)]
pub struct Publication {
    /// Folder of the Delta table, on local disk.
    pub table_root: PathBuf,
    /// Partition columns of the table.
    pub partition_by: Vec<String>,
    /// How the rows enter.
    pub change: Change,
    /// What was staged. Of a partitioned table every file names its partition and does not hold those columns.
    pub manifest: Manifest,
    /// Folder the manifest's paths are below.
    pub stage_root: PathBuf,
    /// Transaction application id: ledger epoch and target.
    pub app_id: String,
    /// Publish sequence of the target: dense, published in order.
    pub sequence: i64,
    /// Occurrence, manifest digest, cursor, under the names of [`metadata`].
    pub metadata: CommitMetadata,
    /// Columns whose smallest and largest value may be written down.
    pub statistics: Vec<String>,
    /// Token and ciphertext columns: written without dictionary, compression and statistics.
    pub plain: Vec<String>,
    /// Session for sorting keys: bounded memory, encrypted spills.
    pub session: SessionContext,
    /// Asked right before the commit.
    pub fence: Arc<dyn Fence>,
}

impl std::fmt::Debug for Publication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = (&self.table_root, &self.app_id, self.sequence, &self.change);
        f.debug_tuple("Publication").field(&shown).finish()
    }
}

/// Files of one attempt, ready to be committed.
#[derive(Debug, Default)]
struct Prepared {
    add: Vec<table::NewFile>,
    /// Positions in the snapshot's list of files.
    remove: Vec<usize>,
    counts: Counts,
    /// Rows the table must hold afterwards.
    expected: u64,
    /// Latest boundary of a history without versions.
    boundary: Option<NaiveDate>,
}

/// Publishes, exactly once: a sequence that is in the table already is not applied again but answered with the outcome
/// its commit recorded. Computed on a fresh snapshot each time others committed in between.
///
/// # Errors
/// See [`Error`]. After an error the commit may have landed all the same; calling again finds out.
pub async fn publish(publication: &Publication) -> Result<Outcome, Error> {
    use connectors::Error::{CommitUnknown, Conflict};
    let digest = metadata::digest(&publication.metadata)?;
    let table = Table::open(&publication.table_root).await?;
    let target = table.name();
    for _ in 0..ATTEMPTS {
        let snapshot = table.snapshot(None).await?;
        if let Some(done) = already_there(publication, &table, &snapshot, digest).await? {
            return Ok(done);
        }
        let prepared = prepare(publication, &table, &snapshot).await?;
        crash::point("publish.data_written");
        let outcome = outcome(&snapshot, &prepared)?;
        let metadata = metadata::complete(&publication.metadata, &outcome, prepared.boundary)?;
        crash::point("publish.before_commit");
        publication.fence.check(&target).await?;
        match table.commit(publication, &snapshot, prepared, metadata).await {
            Ok(version) => {
                crash::point("publish.committed");
                recount(&table, &outcome, version).await?;
                return Ok(outcome);
            }
            // Whether that was another's commit or an unknown end of ours, the next snapshot's transaction tells.
            Err(Error::Connector(Conflict { .. } | CommitUnknown { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended { target, attempts: ATTEMPTS })
}

async fn already_there(
    publication: &Publication,
    table: &Table,
    snapshot: &Snapshot,
    digest: &str,
) -> Result<Option<Outcome>, Error> {
    let sequence = publication.sequence;
    if table.transaction(snapshot, &publication.app_id).await?.is_none_or(|last| last < sequence) {
        return Ok(None);
    }
    let missing = || Error::RecordMissing { target: table.name(), sequence };
    let record = table.record(&publication.app_id, sequence).await?.ok_or_else(missing)?;
    if record.metadata.get(metadata::MANIFEST).map(String::as_str) != Some(digest) {
        return Err(Error::OtherManifest { target: table.name(), sequence, version: record.version });
    }
    let recorded = metadata::outcome(&record.metadata).ok_or_else(missing)?;
    let outcome = Outcome { version: record.version, ..recorded };
    if snapshot.version == outcome.version && snapshot.rows != outcome.rows_after {
        return Err(miscounted(table, &outcome, snapshot));
    }
    Ok(Some(outcome))
}

async fn prepare(publication: &Publication, table: &Table, snapshot: &Snapshot) -> Result<Prepared, Error> {
    match &publication.change {
        Change::Append => replace::append(publication, table, snapshot).await,
        Change::Overwrite { partition_by } => replace::overwrite(publication, table, snapshot, partition_by).await,
        Change::Merge { .. } | Change::Insert { .. } | Change::History { .. } => {
            merge::merge(publication, table, snapshot).await
        }
    }
}

fn outcome(snapshot: &Snapshot, prepared: &Prepared) -> Result<Outcome, Error> {
    let counts = &prepared.counts;
    let version = snapshot.version.checked_add(1).ok_or(Error::Setting { reason: "the table has no versions left" })?;
    Ok(Outcome {
        version,
        inserted: counts.inserted,
        updated: counts.updated,
        unchanged: counts.unchanged,
        stale: counts.stale,
        deduplicated: counts.deduplicated,
        flagged: counts.flagged,
        deleted: counts.deleted,
        rows_before: snapshot.rows,
        rows_after: prepared.expected,
    })
}

/// Counts the committed version again from its files' footers.
async fn recount(table: &Table, outcome: &Outcome, version: i64) -> Result<(), Error> {
    let committed = table.snapshot(Some(version)).await?;
    if version != outcome.version || committed.rows != outcome.rows_after {
        return Err(miscounted(table, outcome, &committed));
    }
    Ok(())
}

fn miscounted(table: &Table, outcome: &Outcome, found: &Snapshot) -> Error {
    Error::Recount { target: table.name(), version: found.version, expected: outcome.rows_after, found: found.rows }
}
