//! Commits of ours that the catalog does not know, for when it was restored from an older copy.

use std::path::Path;

use super::table::{Table, signed, unsigned};
use super::{Error, metadata};
use crate::manifest::CommitMetadata;

/// A commit that one of our publications made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRecord {
    /// Version of the table it made.
    pub version: i64,
    /// Transaction application id: ledger epoch and target.
    pub app_id: String,
    /// Publish sequence.
    pub sequence: i64,
    /// Occurrence, manifest digest, cursor and outcome, under the names of [`metadata`].
    pub metadata: CommitMetadata,
}

/// The commits after `known_version` that carry a manifest digest, oldest first; all of them without `known_version`.
/// Commits of other programs are left out.
///
/// # Errors
/// From the storage side; when the log no longer reaches back to `known_version`.
pub async fn foreign_commits(table_root: &Path, known_version: Option<i64>) -> Result<Vec<CommitRecord>, Error> {
    let table = Table::open(table_root).await?;
    let first = match known_version {
        Some(known) => unsigned(known)?.saturating_add(1),
        None => 0,
    };
    if first > table.delta().latest().await? {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for commit in table.delta().commits(first).await? {
        if !commit.metadata.contains_key(metadata::MANIFEST) {
            continue;
        }
        let version = signed(commit.version)?;
        for (app_id, sequence) in commit.transactions {
            found.push(CommitRecord { version, app_id, sequence, metadata: commit.metadata.clone() });
        }
    }
    Ok(found)
}
