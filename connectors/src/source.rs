//! What every kind of source offers.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The rows of one split, in order, in batches of about `limits.batch_rows` rows. It ends after the first error.
pub type Batches = BoxStream<'static, Result<RecordBatch, Error>>;

/// Something rows can be read from, in splits that together hold every row exactly once.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// Names and types of the columns. Text formats give nullable Utf8 under the names of the header
    /// (an empty field is null); typed formats give their own types.
    fn schema(&self) -> SchemaRef;

    /// How many parts can be read independently and at the same time. At least one.
    fn splits(&self) -> usize;

    /// Reads one split. `projection` names distinct columns by position in [`Source::schema`] and sets their order;
    /// `None` means all. An empty projection gives batches without columns that still count rows.
    /// Reading twice gives the same rows, or [`Error::Changed`].
    fn read(&self, split: usize, projection: Option<&[usize]>) -> Batches;

    /// What is being read, for the ledger. Holds no value of any row.
    fn position(&self) -> Position;
}

/// What a source stood on when it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Position {
    /// Files, sorted by path.
    Files {
        /// One entry a file.
        files: Vec<FilePosition>,
    },
    /// A version of a versioned table.
    Version {
        /// Path of the table below the connection's root.
        table: String,
        /// The version.
        version: u64,
    },
    /// A table of a database, which has no version of its own.
    Table {
        /// Path or name of the database.
        database: String,
        /// The table.
        table: String,
        /// The column of the incremental bound, if there is one. The bounds themselves are the caller's.
        cursor: Option<String>,
    },
}

/// One file as it was when the source was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePosition {
    /// Path below the connection's root.
    pub path: String,
    /// Stored size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: DateTime<Utc>,
    /// The store's entity tag, where it has one.
    pub etag: Option<String>,
}

/// Checks a split and a projection against a source, giving the positions to read.
pub(crate) fn check(
    split: usize,
    splits: usize,
    projection: Option<&[usize]>,
    columns: usize,
) -> Result<Vec<usize>, Error> {
    if split >= splits {
        return Err(Error::NoSplit { split, splits });
    }
    let Some(wanted) = projection else {
        return Ok((0..columns).collect());
    };
    if let Some(&position) = wanted.iter().find(|&&position| position >= columns) {
        return Err(Error::NoColumn { position, columns });
    }
    let repeated = wanted.iter().enumerate().any(|(index, position)| wanted[..index].contains(position));
    if repeated {
        return Err(Error::Option { option: "projection", reason: "a column is named twice" });
    }
    Ok(wanted.to_vec())
}

/// The stream that only fails.
pub(crate) fn failed(error: Error) -> Batches {
    use futures::StreamExt;
    futures::stream::once(async move { Err(error) }).boxed()
}
