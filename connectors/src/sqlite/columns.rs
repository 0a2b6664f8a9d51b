//! SQLite values to Arrow columns. A declared type decides; a value of another storage class is an error, never a guess.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Float64Builder, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

use crate::{Error, Limits};

/// What a declared type means here: SQLite's rules ("Datatypes In SQLite", 3.1),
/// but text for NUMERIC and for a missing type, whose values can be of any class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Real,
    Text,
    Blob,
    /// Converted to text by SQLite.
    Unknown,
}

impl Affinity {
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if has(&["INT"]) {
            Self::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if has(&["BLOB"]) {
            Self::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Unknown
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Real => DataType::Float64,
            Self::Text | Self::Unknown => DataType::Utf8,
            Self::Blob => DataType::Binary,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text | Self::Unknown => "text",
            Self::Blob => "blob",
        }
    }

    /// The expression that reads `column`, a quoted name.
    pub(super) fn selected(self, column: &str) -> String {
        match self {
            Self::Unknown => {
                format!("CASE typeof({column}) WHEN 'blob' THEN {column} ELSE CAST({column} AS TEXT) END")
            }
            _ => column.to_owned(),
        }
    }
}

enum Column {
    Integer(Int64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
    Blob(BinaryBuilder),
}

/// A batch under construction.
pub(super) struct Builder {
    table: String,
    schema: SchemaRef,
    affinities: Vec<Affinity>,
    columns: Vec<Column>,
    batch_rows: usize,
    batch_bytes: usize,
    cell_bytes: usize,
    rows: usize,
    bytes: usize,
    /// Rows of earlier batches.
    before: u64,
}

impl Builder {
    pub(super) fn new(table: &str, schema: SchemaRef, affinities: Vec<Affinity>, limits: &Limits) -> Self {
        let columns = affinities
            .iter()
            .map(|affinity| match affinity {
                Affinity::Integer => Column::Integer(Int64Builder::new()),
                Affinity::Real => Column::Real(Float64Builder::new()),
                Affinity::Text | Affinity::Unknown => Column::Text(StringBuilder::new()),
                Affinity::Blob => Column::Blob(BinaryBuilder::new()),
            })
            .collect();
        Self {
            table: table.to_owned(),
            schema,
            affinities,
            columns,
            batch_rows: limits.batch_rows,
            batch_bytes: limits.batch_bytes,
            cell_bytes: limits.record_bytes,
            rows: 0,
            bytes: 0,
            before: 0,
        }
    }

    pub(super) fn append(&mut self, row: &SqliteRow) -> Result<(), Error> {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let wrong = |found| Error::StorageClass {
                table: self.table.clone(),
                column: self.schema.field(index).name().clone(),
                row: self.before + self.rows as u64 + 1,
                declared: self.affinities[index].name(),
                found,
            };
            let used = put(column, row, index).map_err(wrong)?;
            if used > self.cell_bytes {
                return Err(wrong("value larger than limits.record_bytes"));
            }
            self.bytes += used;
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn full(&self) -> bool {
        self.rows >= self.batch_rows || self.bytes >= self.batch_bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn finish(&mut self) -> Result<RecordBatch, Error> {
        let arrays: Vec<ArrayRef> = self
            .columns
            .iter_mut()
            .map(|column| match column {
                Column::Integer(builder) => Arc::new(builder.finish()) as ArrayRef,
                Column::Real(builder) => Arc::new(builder.finish()),
                Column::Text(builder) => Arc::new(builder.finish()),
                Column::Blob(builder) => Arc::new(builder.finish()),
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.before += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(|_| Error::Database {
            path: self.table.clone(),
            action: "read",
            reason: "its columns do not fit together",
        })
    }
}

/// Appends one value, giving its bytes, or the storage class that does not fit.
fn put(column: &mut Column, row: &SqliteRow, index: usize) -> Result<usize, &'static str> {
    let value = row.try_get_raw(index).map_err(|_| "value that cannot be read")?;
    if value.is_null() {
        match column {
            Column::Integer(builder) => builder.append_null(),
            Column::Real(builder) => builder.append_null(),
            Column::Text(builder) => builder.append_null(),
            Column::Blob(builder) => builder.append_null(),
        }
        return Ok(0);
    }
    let class = class(value.type_info().name());
    match (column, class) {
        (Column::Integer(builder), "integer") => {
            builder.append_value(row.try_get_unchecked(index).map_err(|_| class)?);
            Ok(8)
        }
        (Column::Real(builder), "real" | "integer") => {
            builder.append_value(row.try_get_unchecked(index).map_err(|_| class)?);
            Ok(8)
        }
        (Column::Text(builder), "text") => {
            let text: &str = row.try_get_unchecked(index).map_err(|_| "text that is not UTF-8")?;
            if text.is_empty() {
                builder.append_null()
            } else {
                builder.append_value(text)
            }
            Ok(text.len())
        }
        (Column::Blob(builder), "blob" | "text") => {
            let bytes: &[u8] = row.try_get_unchecked(index).map_err(|_| class)?;
            builder.append_value(bytes);
            Ok(bytes.len())
        }
        _ => Err(class),
    }
}

fn class(name: &str) -> &'static str {
    match name {
        "INTEGER" | "INT4" | "INT8" | "BOOLEAN" => "integer",
        "REAL" => "real",
        "TEXT" | "DATE" | "TIME" | "DATETIME" => "text",
        "BLOB" => "blob",
        _ => "value of another class",
    }
}
