//! Delta Lake tables: snapshots, file lists, and one commit at a time on the snapshot it was computed from.

mod change;
mod commit;
mod create;
mod partition;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::{EagerSnapshot, LogicalFileView};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use futures::TryStreamExt;
use object_store::prefix::PrefixStore;
use url::Url;

use crate::Error;
use crate::store::Store;

pub use change::{Changes, CommitRecord};
pub use commit::{AddFile, Bounds, Commit, OPERATION_KEY};
pub use create::NewTable;
pub use source::{DeltaSource, Options, open, open_files};

/// A Delta table at a path of a store. Cheap to clone; holds no state of the table.
#[derive(Clone)]
pub struct DeltaTable {
    store: Store,
    path: String,
    log: LogStoreRef,
}

/// One live data file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaFile {
    /// Path relative to the table.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Rows, if the log says so.
    pub rows: Option<u64>,
    /// Partition columns by name, as the Delta protocol writes their values.
    pub partition_values: BTreeMap<String, Option<String>>,
}

/// A table as it is at one version.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) eager: EagerSnapshot,
    log: LogStoreRef,
    path: String,
    files: Vec<DeltaFile>,
}

impl std::fmt::Debug for DeltaTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeltaTable").field("path", &self.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("path", &self.path).field("version", &self.version()).finish_non_exhaustive()
    }
}

impl DeltaTable {
    /// Whether `path` holds a Delta log.
    ///
    /// # Errors
    /// [`Error::PathRefused`] or [`Error::Storage`].
    pub async fn exists(store: &Store, path: &str) -> Result<bool, Error> {
        let log = log_store(store, path)?;
        log.is_delta_table_location().await.map_err(|error| failure(path, &error))
    }

    /// Opens an existing table.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no table.
    pub async fn open(store: &Store, path: &str) -> Result<Self, Error> {
        if !Self::exists(store, path).await? {
            return Err(Error::NotFound { path: path.to_owned() });
        }
        Ok(Self { store: store.clone(), path: path.to_owned(), log: log_store(store, path)? })
    }

    /// The table's path below the store's root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The store that the table is in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The path below the store's root of a file of the table.
    #[must_use]
    pub fn file_path(&self, file: &str) -> String {
        format!("{}/{file}", self.path)
    }

    /// The newest version, without loading the table's files.
    ///
    /// # Errors
    /// [`Error::Delta`] or [`Error::Storage`].
    pub async fn latest(&self) -> Result<u64, Error> {
        let newest = deltalake_core::kernel::Snapshot::try_new(self.log.as_ref(), None).await;
        newest.map(|newest| newest.version()).map_err(|error| failure(&self.path, &error))
    }

    /// The table at `version`, or as it is now. Refuses deletion vectors, column mapping and paths that leave the table.
    ///
    /// # Errors
    /// [`Error::DeltaFeature`], [`Error::PathRefused`], [`Error::Delta`].
    pub async fn snapshot(&self, version: Option<u64>) -> Result<Snapshot, Error> {
        let eager = EagerSnapshot::try_new(self.log.as_ref(), version).await;
        let eager = eager.map_err(|error| failure(&self.path, &error))?;
        let feature = |feature: &str| Error::DeltaFeature { path: self.path.clone(), feature: feature.to_owned() };
        let mapping = eager.metadata().configuration().get("delta.columnMapping.mode");
        if mapping.is_some_and(|mode| mode != "none") {
            return Err(feature("column mapping"));
        }
        let views = eager.file_views(self.log.as_ref(), None).try_collect::<Vec<LogicalFileView>>().await;
        let mut files = Vec::new();
        for view in views.map_err(|error| failure(&self.path, &error))? {
            if view.deletion_vector_descriptor().is_some() {
                return Err(feature("deletion vectors"));
            }
            files.push(self.file(&view)?);
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Snapshot { eager, log: self.log.clone(), path: self.path.clone(), files })
    }

    fn file(&self, view: &LogicalFileView) -> Result<DeltaFile, Error> {
        let path = view.path().into_owned();
        let full = self.file_path(&path);
        if path.contains("://") {
            return Err(Error::PathRefused { path: full, reason: "it is a file outside the table" });
        }
        crate::store::path::stored(&path)?;
        self.store.path(&full)?;
        let size = u64::try_from(view.size());
        let size = size.map_err(|_| Error::Delta { path: full, reason: "a file has a negative size" })?;
        let rows = view.num_records().map(|rows| rows as u64);
        let partition_values = view.partition_values_map().into_iter().collect();
        Ok(DeltaFile { path, size, rows, partition_values })
    }
}

impl Snapshot {
    /// The version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.eager.version()
    }

    /// The table's columns as Arrow types, partition columns included, in the table's order.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.eager.arrow_schema()
    }

    /// Names of the partition columns.
    #[must_use]
    pub fn partition_columns(&self) -> Vec<String> {
        self.eager.metadata().partition_columns().to_vec()
    }

    /// Live data files, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[DeltaFile] {
        &self.files
    }

    /// Rows of all files, if the log says so for each.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// The version that the application last committed (`txn`), as of this snapshot.
    ///
    /// # Errors
    /// [`Error::Delta`] or [`Error::Storage`].
    pub async fn transaction(&self, app_id: &str) -> Result<Option<i64>, Error> {
        let found = self.eager.transaction_version(self.log.as_ref(), app_id).await;
        found.map_err(|error| failure(&self.path, &error))
    }
}

/// The log of the table at `path`. The kernel reads by absolute path, so a local store is rooted anew at "/".
fn log_store(store: &Store, path: &str) -> Result<LogStoreRef, Error> {
    crate::store::path::checked(path)?;
    let location = store.path(path)?;
    let invalid = || Error::Delta { path: path.to_owned(), reason: "its path is not a valid location" };
    let (url, root) = match store.root() {
        Some(root) => {
            let url = Url::from_directory_path(root.join(location.as_ref())).map_err(|()| invalid())?;
            (url, store.absolute()?)
        }
        None => {
            let url = Url::parse("memory:///").and_then(|base| base.join(&format!("{location}/")));
            (url.map_err(|_| invalid())?, store.object())
        }
    };
    let table = Arc::new(PrefixStore::new(store.object(), location));
    Ok(default_logstore(table, root, &url, &StorageConfig::default()))
}

/// Keeps the kind of a Delta error; its text may quote the log.
fn failure(path: &str, error: &DeltaTableError) -> Error {
    let named = |reason| Error::Delta { path: path.to_owned(), reason };
    match error {
        DeltaTableError::NotATable(_) => Error::NotFound { path: path.to_owned() },
        DeltaTableError::ObjectStore { source } => Error::storage("read", path, source),
        DeltaTableError::InvalidVersion(_) => named("it has no such version, or its log no longer holds it"),
        DeltaTableError::Kernel { .. } | DeltaTableError::KernelError(_) => {
            named("its log cannot be read, or it uses an unsupported feature")
        }
        DeltaTableError::InvalidJsonLog { .. } => named("its log is corrupt"),
        _ => named("its log cannot be read"),
    }
}
