//! The Delta table a change set goes into: snapshots with the rows of every file, commits, and their records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use chrono::NaiveDate;
use connectors::delta::{self, AddFile, Commit, DeltaFile, DeltaTable, NewTable};
use connectors::parquet::ParquetSource;
use connectors::store::{self, Store};
use connectors::write::{ParquetOptions, ParquetSink};
use connectors::{Limits, Source};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::files::{FileSet, PARALLEL};
use super::instant::{VALID_FROM, VALID_TO};
use super::name::Partition;
use super::reconcile::CommitRecord;
use super::{Change, Error, Prepared, Publication, instant, metadata};
use crate::manifest::CommitMetadata;

/// Footers read at the same time.
const FOOTERS: usize = 8;
/// Commits that are looked at first when one is searched, from the newest.
const FIRST_LOOK: u64 = 16;

/// A local Delta table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    delta: DeltaTable,
}

/// A version of the table.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    inner: delta::Snapshot,
    pub(super) version: i64,
    /// Columns, partition columns included.
    pub(super) schema: SchemaRef,
    pub(super) partition_by: Vec<String>,
    pub(super) files: Vec<TableFile>,
    /// Rows of all files, from their footers.
    pub(super) rows: u64,
}

/// A live file of the table.
#[derive(Debug, Clone)]
pub(super) struct TableFile {
    file: DeltaFile,
    source: Arc<ParquetSource>,
    /// Rows, from its footer.
    pub(super) rows: u64,
    pub(super) partition: Partition,
}

/// A file that is written and waits to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewFile {
    /// Path below the table.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    pub(super) partition: Partition,
}

/// Makes the table when there is none. Call it under a lease of the target.
///
/// # Errors
/// From the storage side.
pub async fn ensure_table(
    root: &Path,
    schema: &SchemaRef,
    partition_by: &[String],
    statistics: &[String],
) -> Result<(), Error> {
    let (store, path) = place(root)?;
    if DeltaTable::exists(&store, &path).await? {
        return Ok(());
    }
    let new = NewTable {
        partition_columns: partition_by.to_vec(),
        statistics: statistics.to_vec(),
        ..NewTable::new(Arc::clone(schema))
    };
    match DeltaTable::create(&store, &path, &new).await {
        Ok(_) | Err(connectors::Error::TableExists { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Columns of the table that rows of `staged` enter by `change`: all nullable, and for a history with its validity.
///
/// # Errors
/// [`Error::Column`] when validity cannot be kept in the version column's type, or a column takes its name.
pub fn table_schema(staged: &Schema, change: &Change) -> Result<SchemaRef, Error> {
    let mut fields: Vec<Field> =
        staged.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    if let Change::History { version, .. } = change {
        if let Some(taken) = fields.iter().find(|field| [VALID_FROM, VALID_TO].contains(&field.name().as_str())) {
            return Err(Error::Column { column: taken.name().clone(), reason: "has a name a history needs itself" });
        }
        let kept_in = match version {
            None => arrow::datatypes::DataType::Date32,
            Some(name) => staged.field(super::codec::position(staged, name)?).data_type().clone(),
        };
        if !instant::fits(&kept_in) {
            let column = version.clone().unwrap_or_default();
            return Err(Error::Column {
                column,
                reason: "is no date, timestamp or integer, where validity could begin",
            });
        }
        fields.push(Field::new(VALID_FROM, kept_in.clone(), true));
        fields.push(Field::new(VALID_TO, kept_in, true));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// The store that holds a table's folder, and the folder's name in it.
fn place(root: &Path) -> Result<(Store, String), Error> {
    let unfit = || Error::Setting { reason: "the table's folder has no usable name" };
    let (parent, name) = (root.parent().ok_or_else(unfit)?, root.file_name().ok_or_else(unfit)?);
    let name = name.to_str().ok_or_else(unfit)?.to_owned();
    Ok((store::local(parent)?, name))
}

impl Table {
    /// An existing table.
    pub(super) async fn open(root: &Path) -> Result<Self, Error> {
        let (store, path) = place(root)?;
        Ok(Self { delta: DeltaTable::open(&store, &path).await? })
    }

    /// Folder name of the table, for messages.
    pub(super) fn name(&self) -> String {
        self.delta.path().to_owned()
    }

    /// The table behind it.
    pub(super) fn delta(&self) -> &DeltaTable {
        &self.delta
    }

    /// A version, or the newest; reads the footer of every live file.
    pub(super) async fn snapshot(&self, version: Option<i64>) -> Result<Snapshot, Error> {
        let version = version.map(unsigned).transpose()?;
        let inner = self.delta.snapshot(version).await?;
        let partition_by = inner.partition_columns();
        let open = |file| self.table_file(&inner, file, &partition_by).boxed();
        let opening: Vec<BoxFuture<'_, _>> = inner.files().iter().map(open).collect();
        let files: Vec<TableFile> = futures::stream::iter(opening).buffered(FOOTERS).try_collect().await?;
        let rows = files.iter().try_fold(0u64, |sum, file| sum.checked_add(file.rows));
        Ok(Snapshot {
            version: signed(inner.version())?,
            schema: inner.schema(),
            partition_by,
            rows: rows.ok_or(Error::Setting { reason: "the table's row counts overflow" })?,
            files,
            inner,
        })
    }

    async fn table_file(
        &self,
        snapshot: &delta::Snapshot,
        file: &DeltaFile,
        partition_by: &[String],
    ) -> Result<TableFile, Error> {
        let one = std::slice::from_ref(file);
        let source = delta::open_files(&self.delta, snapshot, one, true, &Limits::default(), PARALLEL).await?;
        let value = |column: &String| {
            (column.clone(), file.partition_values.get(column).cloned().flatten().filter(|value| !value.is_empty()))
        };
        Ok(TableFile {
            file: file.clone(),
            rows: source.rows(),
            source: Arc::new(source),
            partition: partition_by.iter().map(value).collect(),
        })
    }

    /// The publish sequence the application last committed.
    pub(super) async fn transaction(&self, snapshot: &Snapshot, app_id: &str) -> Result<Option<i64>, Error> {
        Ok(snapshot.inner.transaction(app_id).await?)
    }

    /// The commit of a publish sequence.
    pub(super) async fn record(&self, app_id: &str, sequence: i64) -> Result<Option<CommitRecord>, Error> {
        let ours = |commit: &delta::CommitRecord| commit.transactions.get(app_id) == Some(&sequence);
        let Some(found) = self.search(ours).await? else { return Ok(None) };
        let version = signed(found.version)?;
        Ok(Some(CommitRecord { version, app_id: app_id.to_owned(), sequence, metadata: found.metadata }))
    }

    /// The latest boundary a history without versions was published for.
    pub(super) async fn last_boundary(&self) -> Result<Option<NaiveDate>, Error> {
        let found = self.search(|commit| metadata::boundary(&commit.metadata).is_some()).await?;
        Ok(found.and_then(|commit| metadata::boundary(&commit.metadata)))
    }

    /// The newest commit that is wanted, as far back as the log reaches.
    async fn search(
        &self,
        wanted: impl Fn(&delta::CommitRecord) -> bool,
    ) -> Result<Option<delta::CommitRecord>, Error> {
        let newest = self.delta.latest().await?;
        let mut look = FIRST_LOOK;
        loop {
            let from = newest.saturating_sub(look);
            let commits = match self.delta.commits(from).await {
                Err(connectors::Error::LogGone { .. }) => return Ok(None),
                commits => commits?,
            };
            let found = commits.into_iter().rev().find(|commit| wanted(commit));
            if found.is_some() || from == 0 {
                return Ok(found);
            }
            look = look.saturating_mul(4);
        }
    }

    /// Commits once on `snapshot`; the new version.
    pub(super) async fn commit(
        &self,
        publication: &Publication,
        snapshot: &Snapshot,
        prepared: Prepared,
        metadata: CommitMetadata,
    ) -> Result<i64, Error> {
        let add = prepared.add.into_iter().map(|file| AddFile {
            path: file.path,
            size: file.bytes,
            rows: file.rows,
            partition_values: file.partition.into_iter().collect(),
            bounds: BTreeMap::new(),
        });
        let commit = Commit {
            add: add.collect(),
            remove: prepared.remove.iter().map(|at| snapshot.files[*at].file.clone()).collect(),
            app_id: publication.app_id.clone(),
            sequence: publication.sequence,
            metadata,
            operation: operation(&publication.change).to_owned(),
            statistics: BTreeSet::new(),
        };
        signed(self.delta.commit(&snapshot.inner, commit).await?)
    }

    /// The files of the table at these positions, as one list.
    pub(super) fn file_set(snapshot: &Snapshot, kept: &[usize]) -> FileSet {
        let source = |at: &usize| -> Arc<dyn Source> { Arc::clone(&snapshot.files[*at].source) as Arc<dyn Source> };
        FileSet::new(kept.iter().map(source).collect(), Arc::clone(&snapshot.schema))
    }
}

impl Snapshot {
    /// Folder of a partition below the table, as every reader expects it; ends with a slash unless it is empty.
    pub(super) fn directory(&self, partition: &Partition) -> String {
        self.inner.directory(&partition.iter().cloned().collect())
    }

    /// Columns that the table's files hold: all but the partition columns.
    pub(super) fn file_schema(&self) -> SchemaRef {
        let stored = self.schema.fields().iter().filter(|field| !self.partition_by.contains(field.name()));
        Arc::new(Schema::new(stored.cloned().collect::<Vec<_>>()))
    }

    /// Columns that staged rows must have: all but the validity of a history.
    pub(super) fn staged_schema(&self, change: &Change) -> SchemaRef {
        let added = matches!(change, Change::History { .. });
        let ours = |name: &str| added && [VALID_FROM, VALID_TO].contains(&name);
        let fields = self.schema.fields().iter().filter(|field| !ours(field.name()));
        Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
    }
}

#[cfg(test)]
impl TableFile {
    /// Path below the table.
    pub(super) fn path(&self) -> &str {
        &self.file.path
    }
}

/// Writes one new file of the table.
pub(super) struct Writer {
    sink: ParquetSink,
    path: String,
    partition: Partition,
}

impl Writer {
    /// Begins a file at `path` below the table.
    pub(super) async fn create(
        table: &Table,
        publication: &Publication,
        snapshot: &Snapshot,
        path: String,
        partition: Partition,
    ) -> Result<Self, Error> {
        let options = ParquetOptions {
            plain: publication.plain.clone(),
            statistics: publication.statistics.clone(),
            ..ParquetOptions::default()
        };
        let full = table.delta.file_path(&path);
        let sink = ParquetSink::create(table.delta.store(), &full, snapshot.file_schema(), &options).await?;
        Ok(Self { sink, path, partition })
    }

    /// Appends rows.
    pub(super) async fn write(&mut self, batch: &arrow::array::RecordBatch) -> Result<(), Error> {
        Ok(self.sink.write(batch).await?)
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.sink.rows()
    }

    /// Ends the file; it is on disk.
    pub(super) async fn finish(self) -> Result<NewFile, Error> {
        let written = self.sink.finish().await?;
        Ok(NewFile { path: self.path, bytes: written.bytes, rows: written.rows, partition: self.partition })
    }
}

fn operation(change: &Change) -> &'static str {
    match change {
        Change::Append => "append",
        Change::Overwrite { .. } => "overwrite",
        Change::Merge { .. } => "merge",
        Change::Insert { .. } => "insert",
        Change::History { .. } => "history",
    }
}

/// Versions are signed in the ledger.
pub(super) fn signed(version: u64) -> Result<i64, Error> {
    i64::try_from(version).map_err(|_| Error::Setting { reason: "a version is too large" })
}

/// Versions are unsigned in the log.
pub(super) fn unsigned(version: i64) -> Result<u64, Error> {
    u64::try_from(version).map_err(|_| Error::Setting { reason: "a version is negative" })
}
