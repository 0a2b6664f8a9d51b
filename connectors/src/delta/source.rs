//! A Delta table as a source, pinned to one version.

use arrow::datatypes::{Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::{DeltaFile, DeltaTable, Snapshot};
use crate::kind::{Context, Request};
use crate::parquet::{self, FileList, ListedFile, ParquetSource};
use crate::source::{Batches, Position, Source};
use crate::{Error, Limits};

/// How a Delta table is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The version to read; the newest when it is not given.
    pub version: Option<u64>,
}

/// One version of a Delta table.
#[derive(Debug)]
pub struct DeltaSource {
    files: ParquetSource,
    table: String,
    version: u64,
    /// Position in `files`' schema of each column of the table.
    order: Vec<usize>,
    schema: SchemaRef,
}

/// Opens the table at the request's only pattern.
///
/// # Errors
/// See [`DeltaTable::snapshot`].
pub async fn open(request: &Request, context: &Context, options: &Options) -> Result<DeltaSource, Error> {
    let [path] = request.patterns.as_slice() else {
        return Err(Error::Option { option: "files", reason: "a Delta source is one table directory" });
    };
    let table = DeltaTable::open(&context.store, path).await?;
    let snapshot = table.snapshot(options.version).await?;
    let files = open_files(&table, &snapshot, snapshot.files(), false, &request.limits, context.parallelism).await?;
    let schema = snapshot.schema();
    if let Some(column) = request.expected_columns.iter().find(|column| schema.field_with_name(column).is_err()) {
        return Err(Error::ColumnMissing { column: column.clone() });
    }
    let stored = files.schema();
    let order = schema.fields().iter().filter_map(|field| stored.index_of(field.name()).ok()).collect();
    Ok(DeltaSource { files, table: path.clone(), version: snapshot.version(), order, schema })
}

/// Some files of a snapshot as a Parquet source: data columns, then partition columns, then the row index if it is asked for.
///
/// # Errors
/// See [`parquet::open_list`].
pub async fn open_files(
    table: &DeltaTable,
    snapshot: &Snapshot,
    files: &[DeltaFile],
    row_index: bool,
    limits: &Limits,
    parallelism: usize,
) -> Result<ParquetSource, Error> {
    let partitions = snapshot.partition_columns();
    let schema = snapshot.schema();
    let (constants, stored): (Vec<Field>, Vec<Field>) =
        schema.fields().iter().map(|field| field.as_ref().clone()).partition(|field| partitions.contains(field.name()));
    let listed = |file: &DeltaFile| ListedFile {
        path: table.file_path(&file.path),
        size: Some(file.size),
        constants: file.partition_values.clone(),
    };
    let list = FileList {
        files: files.iter().map(listed).collect(),
        schema: Some(Arc::new(Schema::new(stored))),
        constants,
        row_index,
    };
    parquet::open_list(table.store(), list, limits, parallelism).await
}

impl Source for DeltaSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn splits(&self) -> usize {
        self.files.splits()
    }

    fn read(&self, split: usize, projection: Option<&[usize]>) -> Batches {
        match crate::source::check(split, self.splits(), projection, self.order.len()) {
            Ok(wanted) => {
                let mapped: Vec<usize> = wanted.iter().map(|&column| self.order[column]).collect();
                self.files.read(split, Some(&mapped))
            }
            Err(error) => crate::source::failed(error),
        }
    }

    fn position(&self) -> Position {
        Position::Version { table: self.table.clone(), version: self.version }
    }
}
