//! A sheet of an Excel workbook (.xlsx, .xls). Cells become text: dates as ISO 8601, whole numbers without a fraction.

mod cells;
mod sheet;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::StreamExt;
use object_store::ObjectStoreExt;
use serde::{Deserialize, Serialize};

use crate::files::{self, File};
use crate::kind::{Context, Request};
use crate::source::{self, Batches, Position, Source};
use crate::store::Store;
use crate::text::TextColumns;
use crate::{Error, Limits};

/// Which part of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The sheet, by name or by position from 1; the first when it is not given.
    pub sheet: Option<Sheet>,
    /// The row that names the columns, from 1. Rows above it are passed over.
    pub header_row: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { sheet: None, header_row: 1 }
    }
}

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sheet {
    /// By position, from 1.
    Position(usize),
    /// By name.
    Name(String),
}

/// One sheet of each file, one split a file.
#[derive(Debug)]
pub struct ExcelSource {
    store: Store,
    options: Options,
    limits: Limits,
    schema: SchemaRef,
    files: Vec<File>,
}

/// Opens workbooks and reads their headers.
///
/// # Errors
/// See [`Error`]; an empty sheet is [`Error::NoHeader`].
pub async fn open(request: &Request, context: &Context, options: &Options) -> Result<ExcelSource, Error> {
    request.limits.check()?;
    if options.header_row == 0 || options.sheet == Some(Sheet::Position(0)) {
        return Err(Error::Option { option: "header_row and sheet", reason: "they count from 1" });
    }
    let files = files::expand(&context.store, &request.patterns, &request.limits).await?;
    let mut names: Option<Vec<String>> = None;
    for file in &files {
        let bytes = load(&context.store, file, &request.limits).await?;
        let (path, options, limits) = (file.path.clone(), options.clone(), request.limits.clone());
        let header = isolated(&file.path, move || sheet::header(&path, bytes, &options, &limits)).await?;
        match &names {
            None => names = Some(header),
            Some(first) if *first == header => {}
            Some(first) => {
                let position = first.iter().zip(&header).take_while(|(a, b)| a == b).count() + 1;
                return Err(Error::HeaderDiffers { path: file.path.clone(), first: files[0].path.clone(), position });
            }
        }
    }
    let names = names.unwrap_or_default();
    if let Some(column) = request.expected_columns.iter().find(|column| !names.contains(column)) {
        return Err(Error::ColumnMissing { column: column.clone() });
    }
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    Ok(ExcelSource {
        store: context.store.clone(),
        options: options.clone(),
        limits: request.limits.clone(),
        schema: Arc::new(Schema::new(fields)),
        files,
    })
}

/// The whole file: a workbook cannot be streamed.
async fn load(store: &Store, file: &File, limits: &Limits) -> Result<Vec<u8>, Error> {
    if file.size > limits.workbook_bytes {
        return Err(Error::WorkbookTooLarge { path: file.path.clone(), limit: limits.workbook_bytes, unit: "bytes" });
    }
    let fail = |error: object_store::Error| Error::storage("read", &file.path, &error);
    let got = store.object().get(&store.path(&file.path)?).await.map_err(fail)?;
    if got.meta.size != file.size || got.meta.last_modified != file.modified {
        return Err(Error::Changed { path: file.path.clone() });
    }
    Ok(got.bytes().await.map_err(fail)?.into())
}

/// The one place where a panic of the workbook library on a broken file becomes an error.
async fn isolated<T, F>(path: &str, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    let path = path.to_owned();
    match tokio::task::spawn_blocking(move || catch_unwind(AssertUnwindSafe(work))).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Error::Workbook { path, reason: "its content cannot be decoded" }),
        Err(_) => Err(Error::Stopped { path }),
    }
}

impl Source for ExcelSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn splits(&self) -> usize {
        self.files.len()
    }

    fn read(&self, split: usize, projection: Option<&[usize]>) -> Batches {
        let wanted = match source::check(split, self.files.len(), projection, self.schema.fields().len()) {
            Ok(wanted) => wanted,
            Err(error) => return source::failed(error),
        };
        let columns = TextColumns::new(&self.schema, &wanted, &self.limits);
        let (store, file, options, limits) =
            (self.store.clone(), self.files[split].clone(), self.options.clone(), self.limits.clone());
        let (send, receive) = tokio::sync::mpsc::channel::<Result<RecordBatch, Error>>(2);
        tokio::spawn(async move {
            let sender = send.clone();
            let reading = async {
                let bytes = load(&store, &file, &limits).await?;
                let path = file.path.clone();
                let emit = move |batch| sender.blocking_send(Ok(batch)).is_ok();
                isolated(&file.path, move || sheet::rows(&path, bytes, &options, &limits, columns, emit)).await
            };
            if let Err(error) = reading.await {
                let _ = send.send(Err(error)).await;
            }
        });
        futures::stream::unfold(receive, |mut receive| async move { Some((receive.recv().await?, receive)) }).boxed()
    }

    fn position(&self) -> Position {
        files::position(&self.files)
    }
}
