//! Parquet files: their own types, split by row groups, with footers and pages bounded before anything is allocated.

mod footer;
mod pages;
mod reader;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use serde::{Deserialize, Serialize};

use crate::files::{self, File};
use crate::kind::{Context, Request};
use crate::source::{self, Batches, Position, Source};
use crate::store::Store;
use crate::{Error, Limits};

/// Parquet needs no options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// Name of the column that [`FileList::row_index`] appends: position of the file in the list, UInt32.
pub const FILE_COLUMN: &str = "__file";
/// Name of the column that [`FileList::row_index`] appends: position of the row in its file, from 0, UInt64.
pub const ROW_COLUMN: &str = "__row";

/// A given list of files, read without listing a directory.
#[derive(Debug, Clone, Default)]
pub struct FileList {
    /// The files, in the order that [`FILE_COLUMN`] counts.
    pub files: Vec<ListedFile>,
    /// Columns of the rows; `None` takes those of the first file. A column that a file lacks is null there;
    /// a column of another type is cast, and a cast that fails is an error.
    pub schema: Option<SchemaRef>,
    /// Columns that are not in the files but constant for each, appended after those of the files.
    pub constants: Vec<Field>,
    /// Whether [`FILE_COLUMN`] and [`ROW_COLUMN`] are appended at the end.
    pub row_index: bool,
}

/// One file of a [`FileList`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedFile {
    /// Path below the store's root.
    pub path: String,
    /// Size that the file must have, if it is known.
    pub size: Option<u64>,
    /// Values of the constant columns by name, as text; a missing one is null.
    pub constants: BTreeMap<String, Option<String>>,
}

/// One file with its checked footer.
#[derive(Debug)]
struct Opened {
    file: File,
    footer: ArrowReaderMetadata,
    constants: BTreeMap<String, Option<String>>,
}

/// Row groups of one file that one split reads: file, first group, count of groups.
type Piece = (usize, usize, usize);

/// Parquet files with the same columns.
#[derive(Debug)]
pub struct ParquetSource {
    inner: Arc<Inner>,
    pieces: Vec<Vec<Piece>>,
    position: Position,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    limits: Limits,
    schema: SchemaRef,
    /// How many of the schema's columns come from the files; constants and the row index follow.
    stored: usize,
    row_index: bool,
    files: Vec<Opened>,
}

/// Opens the files that the request's patterns mean.
///
/// # Errors
/// See [`Error`].
pub async fn open(request: &Request, context: &Context) -> Result<ParquetSource, Error> {
    let found = files::expand(&context.store, &request.patterns, &request.limits).await?;
    let listed = |file: &File| ListedFile { path: file.path.clone(), ..ListedFile::default() };
    let list = FileList { files: found.iter().map(listed).collect(), ..FileList::default() };
    let source = open_list(&context.store, list, &request.limits, context.parallelism).await?;
    let schema = source.schema();
    match request.expected_columns.iter().find(|column| schema.field_with_name(column).is_err()) {
        Some(column) => Err(Error::ColumnMissing { column: column.clone() }),
        None => Ok(source),
    }
}

/// Opens a given list of files. An empty list needs a schema and has one split without rows.
///
/// # Errors
/// See [`Error`].
pub async fn open_list(
    store: &Store,
    list: FileList,
    limits: &Limits,
    parallelism: usize,
) -> Result<ParquetSource, Error> {
    limits.check()?;
    let opening = list.files.into_iter().map(|listed| opened(store, listed, limits));
    let files: Vec<Opened> = futures::stream::iter(opening).buffered(8).try_collect().await?;
    let base = match (&list.schema, files.first()) {
        (Some(schema), _) => schema.fields().iter().map(|field| field.as_ref().clone()).collect(),
        (None, Some(first)) => same_columns(first, &files)?,
        (None, None) => {
            return Err(Error::Option { option: "files", reason: "an empty list needs a schema" });
        }
    };
    let stored = base.len();
    let mut fields = base;
    fields.extend(list.constants);
    if list.row_index {
        fields.push(Field::new(FILE_COLUMN, DataType::UInt32, false));
        fields.push(Field::new(ROW_COLUMN, DataType::UInt64, false));
    }
    let pieces = pieces(&files, parallelism);
    let position = Position::Files { files: files.iter().map(|opened| opened.file.clone()).collect() };
    let schema = Arc::new(Schema::new(fields));
    let inner =
        Inner { store: store.clone(), limits: limits.clone(), schema, stored, row_index: list.row_index, files };
    Ok(ParquetSource { inner: Arc::new(inner), pieces, position })
}

async fn opened(store: &Store, listed: ListedFile, limits: &Limits) -> Result<Opened, Error> {
    let file = files::stat(store, &listed.path).await?;
    if listed.size.is_some_and(|size| size != file.size) {
        return Err(Error::Changed { path: listed.path });
    }
    let footer = footer::read(store, &file, limits).await?;
    Ok(Opened { file, footer, constants: listed.constants })
}

/// The columns of the first file, nullable where any file has them nullable; the others must have the same.
fn same_columns(first: &Opened, files: &[Opened]) -> Result<Vec<Field>, Error> {
    let mut fields: Vec<Field> = first.footer.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    for other in files {
        let theirs = other.footer.schema().fields();
        let same = theirs.len() == fields.len()
            && fields.iter().zip(theirs).all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type());
        if !same {
            return Err(Error::SchemaDiffers { path: other.file.path.clone(), first: first.file.path.clone() });
        }
        for (field, theirs) in fields.iter_mut().zip(theirs) {
            field.set_nullable(field.is_nullable() || theirs.is_nullable());
        }
    }
    Ok(fields)
}

/// Runs of row groups of about equal size, at most `parallelism` and at least one.
fn pieces(files: &[Opened], parallelism: usize) -> Vec<Vec<Piece>> {
    let weight = |file: usize, group: usize| {
        u64::try_from(files[file].footer.metadata().row_group(group).compressed_size()).unwrap_or(0) + 1
    };
    let groups: Vec<(usize, usize)> = (0..files.len())
        .flat_map(|file| (0..files[file].footer.metadata().num_row_groups()).map(move |group| (file, group)))
        .collect();
    let total: u64 = groups.iter().map(|&(file, group)| weight(file, group)).sum();
    let count = parallelism.clamp(1, groups.len().max(1)) as u64;
    let mut splits: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut seen = 0;
    for (file, group) in groups {
        let due = total * splits.len() as u64 / count;
        if seen >= due && seen > 0 {
            splits.push(Vec::new());
        }
        seen += weight(file, group);
        let Some(split) = splits.last_mut() else {
            continue;
        };
        match split.last_mut() {
            Some((last, _, groups)) if *last == file => *groups += 1,
            _ => split.push((file, group, 1)),
        }
    }
    splits
}

impl Source for ParquetSource {
    fn schema(&self) -> SchemaRef {
        self.inner.schema.clone()
    }

    fn splits(&self) -> usize {
        self.pieces.len()
    }

    fn read(&self, split: usize, projection: Option<&[usize]>) -> Batches {
        let columns = self.inner.schema.fields().len();
        let wanted = match source::check(split, self.pieces.len(), projection, columns) {
            Ok(wanted) => Arc::new(wanted),
            Err(error) => return source::failed(error),
        };
        let inner = self.inner.clone();
        futures::stream::iter(self.pieces[split].clone())
            .map(move |piece| Ok(rows::read(inner.clone(), piece, wanted.clone())))
            .try_flatten()
            .boxed()
    }

    fn position(&self) -> Position {
        self.position.clone()
    }
}

impl ParquetSource {
    /// How many rows the footers promise.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let rows = |opened: &Opened| u64::try_from(opened.footer.metadata().file_metadata().num_rows()).unwrap_or(0);
        self.inner.files.iter().map(rows).sum()
    }
}
