//! One commit: Remove + Add + `txn`, on the snapshot it was computed from, never retried.

use std::collections::{BTreeMap, BTreeSet};

use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake_core::kernel::{Action, Add, Remove, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use serde_json::{Map, Value, json};

use super::{DeltaFile, DeltaTable, Snapshot};
use crate::Error;
use crate::files;

/// Key of the commit info under which the operation's name stands.
pub const OPERATION_KEY: &str = "sluice.operation";

/// Smallest and largest value of a column in a file, as JSON values of the Delta statistics format.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// Smallest value.
    pub min: Value,
    /// Largest value.
    pub max: Value,
    /// How many values are null.
    pub nulls: u64,
}

/// A data file to add, already stored and synced.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddFile {
    /// Path relative to the table, below [`Snapshot::directory`].
    pub path: String,
    /// Size in bytes; checked against the stored file.
    pub size: u64,
    /// Rows.
    pub rows: u64,
    /// A value, or null, for every partition column.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Bounds by column. Only those of [`Commit::statistics`] are written.
    pub bounds: BTreeMap<String, Bounds>,
}

/// What one commit does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Files to add.
    pub add: Vec<AddFile>,
    /// Files of the snapshot to remove.
    pub remove: Vec<DeltaFile>,
    /// Application id of the `txn`.
    pub app_id: String,
    /// Version of the `txn`: the publish sequence.
    pub sequence: i64,
    /// Written into the commit info, found again by [`DeltaTable::commits`]. Must not hold values of rows.
    pub metadata: BTreeMap<String, String>,
    /// Name of the operation, for people.
    pub operation: String,
    /// Columns whose bounds may be written.
    pub statistics: BTreeSet<String>,
}

impl DeltaTable {
    /// Commits exactly once on `snapshot`, giving the new version. A commit without files still writes its `txn`.
    /// The log entry is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Conflict`] when anybody committed after the snapshot: nothing was written, reload and apply again.
    /// [`Error::CommitUnknown`] when the answer was lost: reload and read [`Snapshot::transaction`].
    /// Never delete the added files on either without reading the transaction.
    pub async fn commit(&self, snapshot: &Snapshot, commit: Commit) -> Result<u64, Error> {
        self.check(snapshot, &commit).await?;
        let version = snapshot.version();
        let operation = operation(snapshot, &commit);
        let mut metadata: Vec<(String, Value)> =
            commit.metadata.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect();
        metadata.push((OPERATION_KEY.to_owned(), Value::String(commit.operation.clone())));
        let now = chrono::Utc::now().timestamp_millis();
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_metadata(metadata)
            .with_cleanup_expired_logs(Some(false))
            .with_application_transaction(Transaction::new_with_last_update(
                &commit.app_id,
                commit.sequence,
                Some(now),
            ));
        let mut actions: Vec<Action> = commit.remove.iter().map(|file| Action::Remove(remove(file, now))).collect();
        actions.extend(commit.add.iter().map(|file| Action::Add(add(file, &commit.statistics, now))));
        let done = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&snapshot.eager), self.log.clone(), operation)
            .await;
        match done {
            Ok(finished) => Ok(finished.version()),
            Err(error) => Err(refused(&self.path, version, &error)),
        }
    }

    async fn check(&self, snapshot: &Snapshot, commit: &Commit) -> Result<(), Error> {
        let refuse = |reason| Err(Error::Delta { path: self.path.clone(), reason });
        if commit.app_id.is_empty() || commit.sequence < 0 {
            return refuse("a commit needs an application id and a sequence that is not negative");
        }
        let live: BTreeSet<&str> = snapshot.files.iter().map(|file| file.path.as_str()).collect();
        if commit.remove.iter().any(|file| !live.contains(file.path.as_str())) {
            return refuse("a file to remove is not in the snapshot");
        }
        let partitions: BTreeSet<String> = snapshot.partition_columns().into_iter().collect();
        let mut added = BTreeSet::new();
        for file in &commit.add {
            crate::store::path::stored(&file.path)?;
            if live.contains(file.path.as_str()) || !added.insert(file.path.as_str()) {
                return refuse("a file to add is in the table already");
            }
            if !file.partition_values.keys().eq(partitions.iter()) {
                return refuse("a file to add has other partition columns than the table");
            }
            if !file.path.starts_with(&snapshot.directory(&file.partition_values)) {
                return refuse("a file to add is not in the directory of its partition");
            }
            let path = self.file_path(&file.path);
            if files::stat(&self.store, &path).await?.size != file.size {
                return Err(Error::Changed { path });
            }
        }
        Ok(())
    }
}

fn operation(snapshot: &Snapshot, commit: &Commit) -> DeltaOperation {
    let mode = if commit.remove.is_empty() { SaveMode::Append } else { SaveMode::Overwrite };
    let partitions = snapshot.partition_columns();
    let partition_by = (!partitions.is_empty()).then_some(partitions);
    DeltaOperation::Write { mode, partition_by, predicate: None }
}

fn remove(file: &DeltaFile, now: i64) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change: true,
        deletion_timestamp: Some(now),
        extended_file_metadata: Some(true),
        partition_values: Some(file.partition_values.clone().into_iter().collect()),
        size: i64::try_from(file.size).ok(),
        ..Remove::default()
    }
}

fn add(file: &AddFile, allowed: &BTreeSet<String>, now: i64) -> Add {
    Add {
        path: file.path.clone(),
        partition_values: file.partition_values.clone().into_iter().collect(),
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        modification_time: now,
        data_change: true,
        stats: Some(statistics(file, allowed)),
        ..Add::default()
    }
}

/// Delta protocol, "Per-file Statistics".
fn statistics(file: &AddFile, allowed: &BTreeSet<String>) -> String {
    let bounds = || file.bounds.iter().filter(|(column, _)| allowed.contains(*column));
    let mut statistics = Map::from_iter([("numRecords".to_owned(), json!(file.rows))]);
    if bounds().next().is_some() {
        let of = |pick: fn(&Bounds) -> Value| -> Value {
            bounds().map(|(column, bounds)| (column.clone(), pick(bounds))).collect::<Map<String, Value>>().into()
        };
        statistics.insert("minValues".to_owned(), of(|bounds| bounds.min.clone()));
        statistics.insert("maxValues".to_owned(), of(|bounds| bounds.max.clone()));
        statistics.insert("nullCount".to_owned(), of(|bounds| json!(bounds.nulls)));
    }
    Value::Object(statistics).to_string()
}

/// With 0 retries every conflict is refused before or instead of the write; whatever else fails may have written.
fn refused(path: &str, version: u64, error: &DeltaTableError) -> Error {
    let path = path.to_owned();
    let feature = |feature: &str| Error::DeltaFeature { path: path.clone(), feature: feature.to_owned() };
    match error {
        DeltaTableError::VersionAlreadyExists(_) => Error::Conflict { path, version },
        DeltaTableError::Transaction { source } => match source {
            TransactionError::MaxCommitAttempts(_)
            | TransactionError::VersionAlreadyExists(_)
            | TransactionError::CommitConflict(_) => Error::Conflict { path, version },
            TransactionError::DeltaTableAppendOnly => feature("append-only mode"),
            TransactionError::UnsupportedTableFeatures(_) => feature("a writer feature"),
            TransactionError::TableFeaturesRequired(_) => feature("a required feature"),
            _ => Error::CommitUnknown { path, version },
        },
        _ => Error::CommitUnknown { path, version },
    }
}
