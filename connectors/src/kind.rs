//! The list of kinds. A new kind is one file, one variant of [`Format`] and one line in [`open`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::source::Source;
use crate::store::Store;
use crate::{Error, Limits, csv, delta, excel, ndjson, parquet, sqlite};

/// What to open. Built by the caller from its definitions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The kind and its options.
    pub format: Format,
    /// Paths below the store's root, business dates already expanded: file patterns (`area/20261120/*.csv`),
    /// or the one database file, or the one table directory.
    pub patterns: Vec<String>,
    /// Columns that must be there. For a text file without names of its own they are the columns, in order.
    #[serde(default)]
    pub expected_columns: Vec<String>,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// Where to open it.
#[derive(Debug, Clone)]
pub struct Context {
    /// The store that the patterns are below.
    pub store: Store,
    /// How many splits are useful: usually the number of processors.
    pub parallelism: usize,
}

/// Every kind of source with its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated text.
    Csv(csv::Options),
    /// Tab-separated text.
    Tsv(csv::Options),
    /// JSON, one object a line.
    Ndjson(ndjson::Options),
    /// A sheet of Excel workbooks.
    Excel(excel::Options),
    /// A table of an SQLite file.
    Sqlite(sqlite::Options),
    /// Parquet files.
    Parquet(parquet::Options),
    /// A Delta table.
    Delta(delta::Options),
}

impl Format {
    /// The names of all kinds, as in `kind = "…"`.
    pub const KINDS: &[&str] = &["csv", "tsv", "ndjson", "excel", "sqlite", "parquet", "delta"];

    /// The kind that a path's extension means (before `.gz` or `.zst`), with default options.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        let path = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(&path);
        match path.rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv(csv::Options::default())),
            "tsv" => Some(Self::Tsv(csv::Options::default())),
            "ndjson" | "jsonl" => Some(Self::Ndjson(ndjson::Options::default())),
            "xlsx" | "xls" => Some(Self::Excel(excel::Options::default())),
            "parquet" => Some(Self::Parquet(parquet::Options::default())),
            _ => None,
        }
    }
}

/// Opens a source: finds its files or table, reads headers and footers, and checks them.
///
/// # Errors
/// See [`Error`]; [`Error::is_empty_input`] tells missing or empty input from wrong input.
pub async fn open(request: &Request, context: &Context) -> Result<Arc<dyn Source>, Error> {
    Ok(match &request.format {
        Format::Csv(options) => Arc::new(csv::open(request, context, options, b',').await?),
        Format::Tsv(options) => Arc::new(csv::open(request, context, options, b'\t').await?),
        Format::Ndjson(options) => Arc::new(ndjson::open(request, context, options).await?),
        Format::Excel(options) => Arc::new(excel::open(request, context, options).await?),
        Format::Sqlite(options) => Arc::new(sqlite::open(request, context, options).await?),
        Format::Parquet(_) => Arc::new(parquet::open(request, context).await?),
        Format::Delta(options) => Arc::new(delta::open(request, context, options).await?),
    })
}
