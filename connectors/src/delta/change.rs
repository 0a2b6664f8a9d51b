//! What happened to a table between two versions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use deltalake_core::kernel::Action;
use deltalake_core::logstore::get_actions;
use serde_json::Value;

use super::{DeltaFile, DeltaTable, failure};
use crate::Error;

/// The net difference of the files of two versions. Rows in files of both are not read at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the older version only.
    pub removed: Vec<DeltaFile>,
    /// In the newer version only.
    pub added: Vec<DeltaFile>,
}

/// What one commit says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitRecord {
    /// The version it made.
    pub version: u64,
    /// When, by its writer's clock.
    pub at: Option<DateTime<Utc>>,
    /// The Delta operation, such as `WRITE` or `OPTIMIZE`.
    pub operation: Option<String>,
    /// Its transactions: application id to version.
    pub transactions: BTreeMap<String, i64>,
    /// The text entries of its commit info, ours among them.
    pub metadata: BTreeMap<String, String>,
    /// Whether it says that it changed rows (an OPTIMIZE does not).
    pub changes_data: bool,
}

impl DeltaTable {
    /// The commits from version `from` on, oldest first.
    ///
    /// # Errors
    /// [`Error::LogGone`] when the log no longer holds them all.
    pub async fn commits(&self, from: u64) -> Result<Vec<CommitRecord>, Error> {
        let fail = |error| failure(&self.path, &error);
        let latest = self.latest().await?;
        let mut records = Vec::new();
        for version in from..=latest {
            let Some(entry) = self.log.read_commit_entry(version).await.map_err(fail)? else {
                return Err(Error::LogGone { path: self.path.clone(), from, to: latest });
            };
            records.push(record(version, get_actions(version, &entry).map_err(fail)?));
        }
        Ok(records)
    }

    /// The net difference between two versions, `from` being the older.
    ///
    /// # Errors
    /// [`Error::LogGone`] when the older version cannot be rebuilt.
    pub async fn changes(&self, from: u64, to: u64) -> Result<Changes, Error> {
        let gone = || Error::LogGone { path: self.path.clone(), from, to };
        if from > to {
            return Err(gone());
        }
        let newer = self.snapshot(Some(to)).await?;
        let older = match self.snapshot(Some(from)).await {
            Err(Error::Delta { .. } | Error::NotFound { .. }) => return Err(gone()),
            other => other?,
        };
        if newer.version() != to || older.version() != from {
            return Err(gone());
        }
        let before: BTreeSet<&str> = older.files.iter().map(|file| file.path.as_str()).collect();
        let after: BTreeSet<&str> = newer.files.iter().map(|file| file.path.as_str()).collect();
        let only = |files: &[DeltaFile], other: &BTreeSet<&str>| -> Vec<DeltaFile> {
            files.iter().filter(|file| !other.contains(file.path.as_str())).cloned().collect()
        };
        Ok(Changes { removed: only(&older.files, &after), added: only(&newer.files, &before) })
    }
}

fn record(version: u64, actions: Vec<Action>) -> CommitRecord {
    let mut record = CommitRecord { version, ..CommitRecord::default() };
    for action in actions {
        match action {
            Action::CommitInfo(info) => {
                record.at = info.timestamp.and_then(DateTime::from_timestamp_millis);
                record.operation = info.operation;
                let texts = info.info.into_iter().filter_map(|(key, value)| match value {
                    Value::String(text) => Some((key, text)),
                    _ => None,
                });
                record.metadata.extend(texts);
            }
            Action::Txn(txn) => {
                record.transactions.insert(txn.app_id, txn.version);
            }
            Action::Add(add) => record.changes_data |= add.data_change,
            Action::Remove(remove) => record.changes_data |= remove.data_change,
            _ => {}
        }
    }
    record
}
