//! One JSON object a line. The caller declares the fields; every value becomes its exact JSON text, nothing is inferred.

mod scan;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::files::{self, File};
use crate::input::{self, Compression};
use crate::kind::{Context, Request};
use crate::source::{self, Batches, Position, Source};
use crate::store::Store;
use crate::text::{self, Encoding, Records, Text, TextColumns, Window};
use crate::{Error, Limits};

/// How a file of JSON lines is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Character encoding.
    pub encoding: Encoding,
    /// Compression.
    pub compression: Compression,
}

/// Files of JSON lines, one split each.
#[derive(Debug)]
pub struct NdjsonSource {
    store: Store,
    options: Options,
    limits: Limits,
    schema: SchemaRef,
    files: Vec<File>,
}

/// Opens files of JSON lines. `expected_columns` names the fields that are read; other fields are passed over.
///
/// # Errors
/// See [`Error`].
pub async fn open(request: &Request, context: &Context, options: &Options) -> Result<NdjsonSource, Error> {
    request.limits.check()?;
    if request.expected_columns.is_empty() {
        return Err(Error::Option { option: "columns", reason: "JSON lines have no header: name the fields" });
    }
    let names = text::column_names("columns", request.expected_columns.iter().cloned())?;
    let files = files::expand(&context.store, &request.patterns, &request.limits).await?;
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    Ok(NdjsonSource {
        store: context.store.clone(),
        options: options.clone(),
        limits: request.limits.clone(),
        schema: Arc::new(Schema::new(fields)),
        files,
    })
}

impl Source for NdjsonSource {
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
        let (store, file, options, limits) =
            (self.store.clone(), self.files[split].clone(), self.options.clone(), self.limits.clone());
        let names = self.schema.fields().iter().enumerate().map(|(index, field)| (field.name().clone(), index));
        let lines = Lines {
            path: file.path.clone(),
            names: names.collect(),
            columns: TextColumns::new(&self.schema, &wanted, &limits),
            record_bytes: limits.record_bytes,
            line: 1,
            seen: vec![false; self.schema.fields().len()],
            scratch: scan::Scratch::default(),
        };
        let opening = async move {
            let pieces = input::content(&store, &file, options.compression, &limits).await?;
            Ok(Window::new(pieces, Text::new(&file.path, options.encoding, 1, 0)))
        };
        text::batches(opening, lines)
    }

    fn position(&self) -> Position {
        files::position(&self.files)
    }
}

struct Lines {
    path: String,
    names: HashMap<String, usize>,
    columns: TextColumns,
    record_bytes: usize,
    line: u64,
    /// Which fields the object under construction had.
    seen: Vec<bool>,
    scratch: scan::Scratch,
}

impl Lines {
    fn object(&mut self, line: &[u8]) -> Result<(), Error> {
        self.seen.fill(false);
        let Self { names, columns, seen, scratch, .. } = self;
        let found = scan::object(line, scratch, |key, value| {
            let Some(&position) = std::str::from_utf8(key).ok().and_then(|key| names.get(key)) else {
                return Ok(());
            };
            if std::mem::replace(&mut seen[position], true) {
                return Err(scan::Wrong::Field(position, "stands twice in the object"));
            }
            match value {
                scan::Value::Nested => {
                    return Err(scan::Wrong::Field(position, "holds an object or an array, which is not supported"));
                }
                scan::Value::Null => columns.append(position, |_| {}),
                scan::Value::Text(text) => columns.append(position, |out| out.extend_from_slice(text)),
            }
            Ok(())
        });
        match found {
            Ok(()) => {
                self.columns.accept(line.len());
                Ok(())
            }
            Err(scan::Wrong::Line(reason)) => Err(Error::Json { path: self.path.clone(), line: self.line, reason }),
            Err(scan::Wrong::Field(position, reason)) => Err(Error::JsonField {
                path: self.path.clone(),
                line: self.line,
                column: self
                    .names
                    .iter()
                    .find(|entry| *entry.1 == position)
                    .map(|entry| entry.0.clone())
                    .unwrap_or_default(),
                reason,
            }),
        }
    }
}

impl Records for Lines {
    fn parse(&mut self, text: &[u8], last: bool) -> Result<usize, Error> {
        let mut at = 0;
        while at < text.len() && !self.full() {
            let rest = &text[at..];
            let end = memchr::memchr(b'\n', rest);
            let line = match end {
                Some(end) => &rest[..end],
                None if last || rest.len() > self.record_bytes => rest,
                None => break,
            };
            if line.len() > self.record_bytes {
                return Err(Error::RecordTooLong {
                    path: self.path.clone(),
                    line: self.line,
                    limit: self.record_bytes,
                });
            }
            if !line.trim_ascii().is_empty() {
                self.object(line)?;
            }
            at += line.len() + usize::from(end.is_some());
            self.line += 1;
        }
        Ok(at)
    }

    fn full(&self) -> bool {
        self.columns.full()
    }

    fn finish(&mut self) -> Result<Option<RecordBatch>, Error> {
        let refused = |()| Error::Encoding { path: self.path.clone(), encoding: "UTF-8", line: self.line, offset: 0 };
        self.columns.finish().map_err(refused)
    }
}
