//! Delimited text: CSV and TSV (RFC 4180; quoted newlines always allowed, an empty field is missing, blank lines are skipped).

mod header;
mod parse;
mod split;

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::files::{self, File};
use crate::input::{self, Compression};
use crate::kind::{Context, Request};
use crate::source::{self, Batches, Position, Source};
use crate::store::Store;
use crate::text::{self, Encoding, Text, TextColumns, Window};
use crate::{Error, Limits};

use parse::Parser;

/// How a delimited text file is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Character encoding.
    pub encoding: Encoding,
    /// Compression.
    pub compression: Compression,
    /// The delimiter, one ASCII character; by default a comma, for the kind `tsv` a tab.
    pub delimiter: Option<char>,
    /// Whether the first record names the columns. Without, `expected_columns` must name them.
    pub header: bool,
    /// Most splits of one large file; by default the parallelism of the machine.
    pub splits: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { encoding: Encoding::Utf8, compression: Compression::Auto, delimiter: None, header: true, splits: None }
    }
}

/// Options after checking, shared by all splits.
#[derive(Debug, Clone)]
struct Format {
    options: Options,
    delimiter: u8,
    limits: Limits,
}

/// What one split reads.
#[derive(Debug, Clone)]
struct Part {
    file: File,
    /// Stored bytes of the part; `None` is the whole file.
    range: Option<Range<u64>>,
    /// Line on which the part begins, from 1.
    line: u64,
}

/// Delimited files with one header.
#[derive(Debug)]
pub struct CsvSource {
    store: Store,
    format: Arc<Format>,
    schema: SchemaRef,
    files: Vec<File>,
    parts: Vec<Part>,
}

/// Opens delimited files. Reads the headers and, for large files, looks for quotes to see whether they can be split.
///
/// # Errors
/// See [`Error`]; an empty file is [`Error::NoHeader`], a file with only a header has no rows.
pub async fn open(request: &Request, context: &Context, options: &Options, delimiter: u8) -> Result<CsvSource, Error> {
    let format = Arc::new(checked(request, options, delimiter)?);
    let files = files::expand(&context.store, &request.patterns, &request.limits).await?;
    let mut names: Option<Vec<String>> = None;
    let mut body = Vec::with_capacity(files.len());
    for file in &files {
        if !options.header {
            body.push(Some(0));
            continue;
        }
        let header = header::read(&context.store, file, &format).await?;
        match &names {
            None => names = Some(header.names),
            Some(first) => header::same(first, &header.names, &files[0], file)?,
        }
        body.push(header.body);
    }
    let names = names.unwrap_or_else(|| request.expected_columns.clone());
    if let Some(column) = request.expected_columns.iter().find(|column| !names.contains(column)) {
        return Err(Error::ColumnMissing { column: column.clone() });
    }
    let most = options.splits.unwrap_or(context.parallelism).max(1);
    let mut parts = Vec::new();
    for (file, body) in files.iter().zip(body) {
        parts.extend(split::parts(&context.store, file, body, most, &format).await?);
    }
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    Ok(CsvSource { store: context.store.clone(), format, schema, files, parts })
}

fn checked(request: &Request, options: &Options, delimiter: u8) -> Result<Format, Error> {
    let delimiter = match options.delimiter {
        None => delimiter,
        Some(c) if c.is_ascii() && !matches!(c, '"' | '\n' | '\r' | '\0') => c as u8,
        Some(_) => {
            return Err(Error::Option {
                option: "delimiter",
                reason: "it must be one ASCII character, not a quote or line end",
            });
        }
    };
    if !options.header && request.expected_columns.is_empty() {
        return Err(Error::Option { option: "header", reason: "without a header the columns must be named" });
    }
    request.limits.check()?;
    Ok(Format { options: options.clone(), delimiter, limits: request.limits.clone() })
}

impl Source for CsvSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn splits(&self) -> usize {
        self.parts.len()
    }

    fn read(&self, split: usize, projection: Option<&[usize]>) -> Batches {
        let columns = self.schema.fields().len();
        let wanted = match source::check(split, self.parts.len(), projection, columns) {
            Ok(wanted) => wanted,
            Err(error) => return source::failed(error),
        };
        let part = self.parts[split].clone();
        let skips = self.format.options.header && part.range.as_ref().is_none_or(|range| range.start == 0);
        let columns = TextColumns::new(&self.schema, &wanted, &self.format.limits);
        let parser = Parser::new(&part.file.path, columns, &self.format, part.line, skips);
        let (store, format) = (self.store.clone(), self.format.clone());
        text::batches(async move { window(&store, &part, &format).await }, parser)
    }

    fn position(&self) -> Position {
        files::position(&self.files)
    }
}

async fn window(store: &Store, part: &Part, format: &Format) -> Result<Window, Error> {
    let (pieces, offset) = match &part.range {
        Some(range) => (input::stored(store, &part.file, Some(range.clone())).await?, range.start),
        None => (input::content(store, &part.file, format.options.compression, &format.limits).await?, 0),
    };
    Ok(Window::new(pieces, Text::new(&part.file.path, format.options.encoding, part.line, offset)))
}
