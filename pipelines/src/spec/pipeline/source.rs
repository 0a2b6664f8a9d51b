//! `[[source]]`: what is read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something rows are read from. Exactly one of `files`, `table`, `library` says what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// Name that transforms, checks and libraries use.
    pub name: String,
    /// Connection of `connections.toml` (not for `library`).
    pub connection: Option<String>,
    /// Resource code of the catalogue: its items bind types, standards, grades and checks. Required unless `library` is read.
    pub resource: Option<String>,
    /// File pattern under the connection's root: `area/{biz_date:%Y%m%d}/*.csv`.
    pub files: Option<String>,
    /// Table of a database, or Delta table path under the connection's root.
    pub table: Option<String>,
    /// Library table of this project: `social_security.insured_person`.
    pub library: Option<String>,
    /// Format of the files, by extension when absent.
    pub format: Option<FileFormat>,
    /// Text encoding of CSV, TSV and NDJSON files.
    #[serde(default)]
    pub encoding: TextEncoding,
    /// Field separator of CSV files, one character; comma by default, tab for TSV.
    pub delimiter: Option<String>,
    /// Sheet of an Excel workbook, the first by default.
    pub sheet: Option<String>,
    /// Source column → item of the resource, where their names differ.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// When the files count as complete.
    pub ready: Option<ReadySpec>,
    /// What an empty source means.
    #[serde(default)]
    pub on_empty: OnEmpty,
    /// Read only what changed since the committed cursor (database tables).
    pub incremental: Option<IncrementalSpec>,
}

impl SourceSpec {
    /// Format of its files: as given, else by the extension of the pattern behind `.gz` or `.zst`. `None` where neither
    /// tells, and for sources that are no files.
    pub fn file_format(&self) -> Option<FileFormat> {
        let name = self.files.as_deref()?.to_ascii_lowercase();
        let bare = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        self.format.or_else(|| {
            Some(match bare.rsplit_once('.')?.1 {
                "csv" => FileFormat::Csv,
                "tsv" => FileFormat::Tsv,
                "ndjson" | "jsonl" => FileFormat::Ndjson,
                "parquet" => FileFormat::Parquet,
                "xlsx" | "xls" => FileFormat::Excel,
                _ => return None,
            })
        })
    }
}

/// File formats a source can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma separated values with a header line.
    Csv,
    /// Tab separated values with a header line.
    Tsv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// Excel workbook, .xlsx or .xls.
    Excel,
}

/// Text encodings a text file can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextEncoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// GBK.
    Gbk,
    /// GB 18030.
    Gb18030,
}

/// When dropped files count as complete. Every condition given must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadySpec {
    /// A file beside the data files whose presence says they are complete.
    pub flag: Option<String>,
    /// A file that holds the number of records to expect.
    pub count_file: Option<String>,
    /// Two looks this far apart must see the same files and sizes: `10s`.
    pub stable_for: Option<String>,
    /// How long a scheduled tick waits for them: a time of day in the schedule's zone on the tick's day (`05:00`, the
    /// next day when the tick is later), or a duration after the tick (`3h`). A day by default.
    pub until: Option<String>,
}

/// What an empty source means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnEmpty {
    /// The run fails: an empty delivery is usually a broken one.
    #[default]
    Fail,
    /// Zero rows are a fine delivery.
    Accept,
}

/// Incremental reading of a database table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncrementalSpec {
    /// Column that grows with every change.
    pub cursor: String,
    /// How far behind the source's clock the upper bound stays: `5m`.
    pub lag: Option<String>,
    /// How far before the committed cursor reading starts again: `2h`. Refused for an `append` library.
    pub lookback: Option<String>,
}
