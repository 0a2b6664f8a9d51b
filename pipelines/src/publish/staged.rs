//! The files of a stage as a publication sees them: checked against the manifest and the table before a row is read.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use connectors::parquet::{FileList, ListedFile, ParquetSource, open_list};
use connectors::store::{self, Store};
use connectors::{Limits, Source};

use super::files::{FileSet, PARALLEL};
use super::name::Partition;
use super::table::{NewFile, Snapshot, Table};
use super::{Change, Error, Publication};
use crate::manifest::StagedFile;

/// The staged files of a publication.
#[derive(Debug)]
pub(super) struct Staged {
    store: Store,
    /// Columns of the rows, partition columns included.
    schema: SchemaRef,
    sources: Vec<Arc<ParquetSource>>,
    /// Whether a file can become a table file as it is.
    exact: Vec<bool>,
}

impl Staged {
    /// Opens and checks all files.
    pub(super) async fn open(publication: &Publication, snapshot: &Snapshot) -> Result<Self, Error> {
        let partition_by = &snapshot.partition_by;
        if publication.partition_by != *partition_by {
            return Err(Error::Setting { reason: "the table has other partition columns" });
        }
        let store = store::local(&publication.stage_root)?;
        let schema = snapshot.staged_schema(&publication.change);
        let (constants, stored): (Vec<Field>, Vec<Field>) = schema
            .fields()
            .iter()
            .map(|field| field.as_ref().clone())
            .partition(|field| partition_by.contains(field.name()));
        let stored = Arc::new(Schema::new(stored));
        if let Some(unfit) = constants.iter().find(|field| !partitions(field.data_type())) {
            let reason = "has a type whose text is not unique; partition by text, integers, dates or booleans";
            return Err(Error::Column { column: unfit.name().clone(), reason });
        }
        let (mut sources, mut exact) = (Vec::new(), Vec::new());
        for file in &publication.manifest.files {
            check_partition(file, partition_by)?;
            exact.push(same_types(&store, file, &stored).await?);
            sources.push(Arc::new(open(&store, file, &stored, &constants).await?));
        }
        Ok(Self { store, schema, sources, exact })
    }

    /// Columns of the rows.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The files as a list with row positions.
    pub(super) fn set(&self) -> FileSet {
        let source = |source: &Arc<ParquetSource>| -> Arc<dyn Source> { Arc::clone(source) as Arc<dyn Source> };
        FileSet::new(self.sources.iter().map(source).collect(), Arc::clone(&self.schema))
    }

    /// Whether the file at this position can become a table file as it is.
    pub(super) fn is_exact(&self, file: usize) -> bool {
        self.exact[file]
    }

    /// Makes a staged file a file of the table, unchanged and without copying where that is possible.
    pub(super) async fn link(&self, table: &Table, file: &StagedFile, name: String) -> Result<NewFile, Error> {
        let target = table.delta().file_path(&name);
        store::transfer(&self.store, &file.path, table.delta().store(), &target, &file.digest).await?;
        let partition: Partition = file.partition.clone();
        Ok(NewFile { path: name, bytes: file.bytes, rows: file.rows, partition })
    }

    /// The keys of quarantined rows as a list, when there are any and absence counts.
    pub(super) async fn held(&self, publication: &Publication, key: &[String]) -> Result<Option<FileSet>, Error> {
        if publication.manifest.held.is_empty() {
            return Ok(None);
        }
        let fields: Result<Vec<Field>, Error> =
            key.iter().map(|name| Ok(self.schema.field(super::codec::position(&self.schema, name)?).clone())).collect();
        let schema = Arc::new(Schema::new(fields?));
        let mut sources: Vec<Arc<dyn Source>> = Vec::new();
        for file in &publication.manifest.held {
            same_types(&self.store, file, &schema).await?;
            sources.push(Arc::new(open(&self.store, file, &schema, &[]).await?));
        }
        Ok(Some(FileSet::new(sources, schema)))
    }
}

/// Partitions are compared by the text of their values, so equal values must have equal texts.
fn partitions(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Utf8 | DataType::Date32 | DataType::Boolean)
}

fn check_partition(file: &StagedFile, partition_by: &[String]) -> Result<(), Error> {
    let refuse = |reason| Err(Error::Staged { path: file.path.clone(), reason });
    if !file.partition.iter().map(|(column, _)| column).eq(partition_by) {
        return refuse("does not name its partition");
    }
    if file.partition.iter().any(|(_, value)| value.as_deref() == Some("")) {
        return refuse("names an empty partition value, which a Delta table cannot tell from a missing one");
    }
    Ok(())
}

/// Rows the manifest promises.
pub(super) fn rows(publication: &Publication) -> Result<u64, Error> {
    sum(publication.manifest.files.iter().map(|file| file.rows))
}

/// A sum that does not wrap.
pub(super) fn sum(mut rows: impl Iterator<Item = u64>) -> Result<u64, Error> {
    rows.try_fold(0, u64::checked_add).ok_or(Error::Setting { reason: "its row counts overflow" })
}

/// Whether the file has the columns in their types; `false` when only types differ.
async fn same_types(store: &Store, file: &StagedFile, wanted: &Schema) -> Result<bool, Error> {
    let list = FileList { files: vec![listed(file)], ..FileList::default() };
    let found = open_list(store, list, &Limits::default(), 1).await?.schema();
    if let Some(extra) = found.fields().iter().find(|field| wanted.index_of(field.name()).is_err()) {
        return Err(Error::Column {
            column: extra.name().clone(),
            reason: "is staged, but is no column of the target's files",
        });
    }
    let mut exact = true;
    for field in wanted.fields() {
        let Ok(physical) = found.field_with_name(field.name()) else {
            return Err(Error::Column {
                column: field.name().clone(),
                reason: "is a column of the target, but not staged",
            });
        };
        exact &= physical.data_type() == field.data_type();
    }
    Ok(exact)
}

async fn open(
    store: &Store,
    file: &StagedFile,
    stored: &SchemaRef,
    constants: &[Field],
) -> Result<ParquetSource, Error> {
    let list = FileList {
        files: vec![listed(file)],
        schema: Some(Arc::clone(stored)),
        constants: constants.to_vec(),
        row_index: true,
    };
    let source = open_list(store, list, &Limits::default(), PARALLEL).await?;
    if source.rows() != file.rows {
        return Err(Error::Staged {
            path: file.path.clone(),
            reason: "holds another number of rows than its manifest says",
        });
    }
    Ok(source)
}

fn listed(file: &StagedFile) -> ListedFile {
    ListedFile { path: file.path.clone(), size: Some(file.bytes), constants: file.partition.iter().cloned().collect() }
}

/// Whether a change takes staged files as they are.
pub(super) fn links(change: &Change) -> bool {
    !matches!(change, Change::History { .. })
}
