//! Decoded row groups to batches of the source's schema.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray, UInt32Array, UInt64Array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{DataType, Field, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;

use super::reader::Guarded;
use super::{Inner, Opened, Piece};
use crate::Error;
use crate::source::{Batches, failed};

/// Where one column of the output comes from.
enum Origin {
    /// Column of the decoded batch.
    Decoded(usize),
    /// A column that this file lacks.
    Missing,
    /// One value for the whole file: an array of one row.
    Constant(ArrayRef),
    /// Position of the file in its list.
    File,
    /// Position of the row in its file.
    Row,
}

/// Makes batches of the wanted columns of one file.
struct Shape {
    path: String,
    file: u32,
    schema: SchemaRef,
    origins: Vec<Origin>,
    row: u64,
}

/// Reads the row groups of `piece`. `wanted` are positions in the source's schema.
pub(super) fn read(inner: Arc<Inner>, piece: Piece, wanted: Arc<Vec<usize>>) -> Batches {
    match decoder(&inner, piece, &wanted) {
        Ok(batches) => batches,
        Err(error) => failed(error),
    }
}

fn decoder(inner: &Inner, (file, first, count): Piece, wanted: &[usize]) -> Result<Batches, Error> {
    let opened = &inner.files[file];
    let path = opened.file.path.clone();
    let metadata = opened.footer.metadata();
    let (origins, roots) = origins(inner, opened, wanted)?;
    let before: i64 = metadata.row_groups().iter().take(first).map(|group| group.num_rows()).sum();
    let fields: Vec<Field> = wanted.iter().map(|&column| inner.schema.field(column).clone()).collect();
    let mut shape = Shape {
        path: path.clone(),
        file: u32::try_from(file).unwrap_or(u32::MAX),
        schema: Arc::new(arrow::datatypes::Schema::new(fields)),
        origins,
        row: u64::try_from(before).unwrap_or(0),
    };
    let location = inner.store.path(&path)?;
    let reader = Guarded::new(inner.store.object(), location, metadata.clone(), inner.limits.parquet_page_bytes);
    let mask = ProjectionMask::roots(opened.footer.parquet_schema(), roots);
    let stream = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, opened.footer.clone())
        .with_row_groups((first..first + count).collect())
        .with_projection(mask)
        .with_batch_size(inner.limits.batch_rows)
        .build()
        .map_err(|error| convert(&path, &error))?;
    let broken = path.clone();
    Ok(AssertUnwindSafe(stream)
        .catch_unwind()
        .map(move |decoded| match decoded {
            Ok(decoded) => decoded.map_err(|error| convert(&path, &error)),
            Err(_) => Err(Error::Parquet { path: path.clone(), reason: "its content cannot be decoded" }),
        })
        .and_then(move |batch| {
            let shaped = shape.apply(&batch);
            async move { shaped }
        })
        .map_err(move |error| match error {
            Error::NotFound { .. } => Error::Changed { path: broken.clone() },
            other => other,
        })
        .boxed())
}

/// An error of ours passes through; of any other only the fact is kept.
fn convert(path: &str, error: &ParquetError) -> Error {
    if let ParquetError::External(inner) = error
        && let Some(ours) = inner.downcast_ref::<Error>()
    {
        return ours.clone();
    }
    Error::Parquet { path: path.to_owned(), reason: "its content cannot be decoded" }
}

/// Origins of the wanted columns, and the root columns to decode for them.
fn origins(inner: &Inner, opened: &Opened, wanted: &[usize]) -> Result<(Vec<Origin>, Vec<usize>), Error> {
    let theirs = opened.footer.schema();
    let mut roots: Vec<usize> = wanted
        .iter()
        .filter(|&&column| column < inner.stored)
        .filter_map(|&column| theirs.index_of(inner.schema.field(column).name()).ok())
        .collect();
    roots.sort_unstable();
    roots.dedup();
    let constants = inner.schema.fields().len() - if inner.row_index { 2 } else { 0 };
    let mut origins = Vec::with_capacity(wanted.len());
    for &column in wanted {
        let field = inner.schema.field(column);
        origins.push(if column < inner.stored {
            let decoded = theirs.index_of(field.name()).ok().and_then(|root| roots.binary_search(&root).ok());
            decoded.map_or(Origin::Missing, Origin::Decoded)
        } else if column < constants {
            Origin::Constant(constant(opened, field)?)
        } else if column == constants {
            Origin::File
        } else {
            Origin::Row
        });
    }
    Ok((origins, roots))
}

/// One row with the file's value of a constant column. An empty text is null (Delta protocol, "Partition Value Serialization").
fn constant(opened: &Opened, field: &Field) -> Result<ArrayRef, Error> {
    let value = opened.constants.get(field.name()).and_then(Option::as_deref).filter(|value| !value.is_empty());
    let text: ArrayRef = Arc::new(StringArray::from(vec![value]));
    let reason = "a partition value does not fit its column";
    converted(&text, field.data_type()).ok_or_else(|| Error::Parquet { path: opened.file.path.clone(), reason })
}

fn converted(array: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    if array.data_type() == to {
        return Some(array.clone());
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &strict).ok()
}

impl Shape {
    fn apply(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let rows = batch.num_rows();
        let from = self.row;
        self.row += rows as u64;
        let misfit = || Error::Parquet { path: self.path.clone(), reason: "a column does not fit its declared type" };
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.origins.len());
        for (origin, field) in self.origins.iter().zip(self.schema.fields()) {
            arrays.push(match origin {
                Origin::Decoded(column) => converted(batch.column(*column), field.data_type()).ok_or_else(misfit)?,
                Origin::Missing => new_null_array(field.data_type(), rows),
                Origin::Constant(one) => {
                    let zeros = UInt32Array::from_value(0, rows);
                    take(one, &zeros, None).map_err(|_| misfit())?
                }
                Origin::File => Arc::new(UInt32Array::from_value(self.file, rows)),
                Origin::Row => Arc::new(UInt64Array::from_iter_values(from..from + rows as u64)),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(|_| misfit())
    }
}
