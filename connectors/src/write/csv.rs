//! CSV files that a spreadsheet cannot be made to execute.

use std::io::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::Written;
use super::upload::Upload;
use crate::Error;
use crate::store::Store;

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Whether the first record names the columns.
    pub header: bool,
    /// Whether the file begins with a byte order mark, which spreadsheet programs need to see UTF-8.
    pub mark: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { header: true, mark: false }
    }
}

/// Writes one CSV file: UTF-8, commas, CR LF, quoted where RFC 4180 asks for it, null as an empty field.
///
/// Text that begins with `=`, `+`, `-`, `@`, tab, CR or LF is prefixed with `'`, typed numbers are not
/// (OWASP, "CSV Injection").
pub struct CsvSink {
    schema: SchemaRef,
    upload: Upload,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    rows: u64,
    prefixed: u64,
}

impl std::fmt::Debug for CsvSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvSink").field("path", &self.upload.path()).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl CsvSink {
    /// Begins a file at `path`, which appears only when it is finished.
    ///
    /// # Errors
    /// [`Error::PathRefused`], [`Error::Storage`], [`Error::Write`] for a nested column.
    pub async fn create(store: &Store, path: &str, schema: SchemaRef, options: &CsvOptions) -> Result<Self, Error> {
        if schema.fields().iter().any(|field| field.data_type().is_nested()) {
            return Err(Error::Write { path: path.to_owned(), reason: "CSV cannot hold a nested column" });
        }
        let upload = Upload::start(store, path).await?;
        let mut sink = Self { schema, upload, buffer: Vec::new(), scratch: Vec::new(), rows: 0, prefixed: 0 };
        if options.mark {
            sink.buffer.extend_from_slice("\u{feff}".as_bytes());
        }
        if options.header {
            sink.header();
        }
        Ok(sink)
    }

    fn header(&mut self) {
        for (index, field) in self.schema.fields().iter().enumerate() {
            if index > 0 {
                self.buffer.push(b',');
            }
            quote(field.name().as_bytes(), false, &mut self.buffer);
        }
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`Error::Write`] when the batch does not fit the schema; [`Error::Storage`].
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.format(batch)?;
        self.upload.push(&mut self.buffer, false).await
    }

    /// Apart from the sending, because formatters may not cross threads.
    fn format(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let misfit = || Error::Write { path: self.upload.path().to_owned(), reason: "a batch does not fit the schema" };
        if batch.num_columns() != self.schema.fields().len() {
            return Err(misfit());
        }
        let options = FormatOptions::new();
        let columns: Result<Vec<Column<'_>>, _> =
            batch.columns().iter().map(|array| Column::new(array.as_ref(), &options)).collect();
        let columns = columns.map_err(|_| misfit())?;
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    self.buffer.push(b',');
                }
                let alone = columns.len() == 1;
                if !column.append(row, alone, &mut self.scratch, &mut self.buffer, &mut self.prefixed) {
                    return Err(misfit());
                }
            }
            self.buffer.extend_from_slice(b"\r\n");
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Closes, syncs and names the file. Also says how many values were prefixed.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn finish(mut self) -> Result<(Written, u64), Error> {
        self.upload.push(&mut self.buffer, true).await?;
        Ok((self.upload.finish(self.rows).await?, self.prefixed))
    }

    /// Leaves nothing behind.
    pub async fn abort(self) {
        self.upload.abort().await;
    }
}

/// One column of a batch, by how it is written.
enum Column<'a> {
    Text(&'a arrow::array::StringArray),
    /// Other text types: like text, through the formatter.
    Words(ArrayFormatter<'a>, &'a dyn Array),
    Typed(ArrayFormatter<'a>, &'a dyn Array),
}

impl<'a> Column<'a> {
    fn new(array: &'a dyn Array, options: &FormatOptions<'a>) -> Result<Self, arrow::error::ArrowError> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
                Self::Words(ArrayFormatter::try_new(array, options)?, array)
            }
            _ => Self::Typed(ArrayFormatter::try_new(array, options)?, array),
        })
    }

    /// Appends one field. `alone` says that an empty field would make a blank line, which readers skip.
    fn append(&self, row: usize, alone: bool, scratch: &mut Vec<u8>, out: &mut Vec<u8>, prefixed: &mut u64) -> bool {
        let (text, guarded) = match self {
            Self::Text(array) if array.is_null(row) => (&[][..], false),
            Self::Text(array) => (array.value(row).as_bytes(), true),
            Self::Words(_, array) | Self::Typed(_, array) if array.is_null(row) => (&[][..], false),
            Self::Words(formatter, _) | Self::Typed(formatter, _) => {
                scratch.clear();
                if write!(scratch, "{}", formatter.value(row)).is_err() {
                    return false;
                }
                (scratch.as_slice(), matches!(self, Self::Words(..)))
            }
        };
        let formula = guarded && matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n'));
        *prefixed += u64::from(formula);
        if text.is_empty() && alone {
            out.extend_from_slice(b"\"\"");
        } else {
            quote(text, formula, out);
        }
        true
    }
}

/// RFC 4180, 2.5 to 2.7.
fn quote(text: &[u8], formula: bool, out: &mut Vec<u8>) {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    let quoted = text.iter().any(special);
    if quoted {
        out.push(b'"');
    }
    if formula {
        out.push(b'\'');
    }
    for (index, part) in text.split(|&byte| byte == b'"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part);
    }
    if quoted {
        out.push(b'"');
    }
}
