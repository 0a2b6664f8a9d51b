//! Everything that can go wrong here, with stable codes.

use serde::Serialize;

/// Why bytes could not be moved.
///
/// No field ever holds a value read from a source: only paths, names out of the configuration,
/// positions, counts and fixed words. Errors of the libraries underneath are never forwarded, because they embed data.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs)]
pub enum Error {
    #[serde(rename = "N101")]
    #[error("the path \"{path}\" is refused: {reason}; use a plain path below the connection's root")]
    PathRefused { path: String, reason: &'static str },
    #[serde(rename = "N102")]
    #[error("\"{path}\" does not exist; check the path and whether the file has been delivered")]
    NotFound { path: String },
    #[serde(rename = "N103")]
    #[error("no file matches \"{pattern}\"; check the pattern and whether the files have been delivered")]
    NoFiles { pattern: String },
    #[serde(rename = "N104")]
    #[error("\"{pattern}\" matches or lists more than {limit} files; narrow the pattern or raise limits.files")]
    TooManyFiles { pattern: String, limit: usize },
    #[serde(rename = "N105")]
    #[error("could not {action} \"{path}\" ({reason}); try again, and check the storage if it persists")]
    Storage { action: &'static str, path: String, reason: String },
    #[serde(rename = "N106")]
    #[error("\"{path}\" changed while it was being read; run again when its delivery has finished")]
    Changed { path: String },
    #[serde(rename = "N107")]
    #[error("\"{path}\" already exists with other content; it is not overwritten")]
    Exists { path: String },
    #[serde(rename = "N108")]
    #[error("the option {option} is not usable: {reason}")]
    Option { option: &'static str, reason: &'static str },
    #[serde(rename = "N109")]
    #[error("split {split} was asked for, but the source has {splits}")]
    NoSplit { split: usize, splits: usize },
    #[serde(rename = "N110")]
    #[error("column position {position} was asked for, but the source has {columns} columns")]
    NoColumn { position: usize, columns: usize },
    #[serde(rename = "N111")]
    #[error("the source has no column named \"{column}\"; correct the pipeline or ask the provider")]
    ColumnMissing { column: String },
    #[serde(rename = "N112")]
    #[error("reading \"{path}\" was stopped by the shutdown of a worker; run again")]
    Stopped { path: String },
    #[serde(rename = "N113")]
    #[error("the count file \"{path}\" does not hold one whole number; ask the provider to write it so")]
    CountFile { path: String },

    #[serde(rename = "N201")]
    #[error(
        "\"{path}\" is declared as {declared}, but its first bytes are {found}; correct the name or the compression option"
    )]
    Compression { path: String, declared: &'static str, found: &'static str },
    #[serde(rename = "N202")]
    #[error(
        "the {compression} stream of \"{path}\" is truncated or corrupt after {expanded} expanded bytes; ask for it again"
    )]
    Corrupt { path: String, compression: &'static str, expanded: u64 },
    #[serde(rename = "N203")]
    #[error("\"{path}\" expands to more than {limit} bytes (limits.expanded_bytes); nothing of it was kept")]
    ExpandsTooFar { path: String, limit: u64 },
    #[serde(rename = "N204")]
    #[error(
        "\"{path}\" expands more than {limit} to 1 (limits.expansion_ratio), like a decompression bomb; nothing of it was kept"
    )]
    Bomb { path: String, limit: u64 },

    #[serde(rename = "N301")]
    #[error(
        "\"{path}\" is not valid {encoding} at line {line}, byte {offset}; correct the encoding option or ask for the file again"
    )]
    Encoding { path: String, encoding: &'static str, line: u64, offset: u64 },
    #[serde(rename = "N302")]
    #[error("\"{path}\" is UTF-16; ask for UTF-8, GBK or GB18030")]
    Utf16 { path: String },
    #[serde(rename = "N303")]
    #[error("\"{path}\" holds a NUL byte at line {line}; text files must not, ask for it again")]
    Nul { path: String, line: u64 },
    #[serde(rename = "N304")]
    #[error(
        "the record at line {line} of \"{path}\" is longer than {limit} bytes (limits.record_bytes); a quote may not be closed"
    )]
    RecordTooLong { path: String, line: u64, limit: usize },
    #[serde(rename = "N305")]
    #[error("\"{path}\" has {found} columns, more than {limit} (limits.columns)")]
    TooManyColumns { path: String, found: usize, limit: usize },
    #[serde(rename = "N306")]
    #[error("columns {first} and {second} of \"{path}\" have the same name; names must differ")]
    HeaderRepeated { path: String, first: usize, second: usize },
    #[serde(rename = "N307")]
    #[error("column {position} of \"{path}\" has no name")]
    HeaderEmpty { path: String, position: usize },
    #[serde(rename = "N308")]
    #[error("\"{path}\" is empty: it has no header")]
    NoHeader { path: String },
    #[serde(rename = "N309")]
    #[error(
        "line {line} of \"{path}\" has {found} fields where the header has {expected}; a delimiter inside a field must be quoted"
    )]
    Ragged { path: String, line: u64, expected: usize, found: usize },
    #[serde(rename = "N310")]
    #[error("the quotes of the record at line {line} of \"{path}\" do not match (RFC 4180)")]
    Quoting { path: String, line: u64 },
    #[serde(rename = "N311")]
    #[error(
        "column {position} of \"{path}\" is not that of \"{first}\"; files read together must have the same header"
    )]
    HeaderDiffers { path: String, first: String, position: usize },

    #[serde(rename = "N401")]
    #[error("line {line} of \"{path}\" is not a usable JSON object: {reason}")]
    Json { path: String, line: u64, reason: &'static str },
    #[serde(rename = "N402")]
    #[error("line {line} of \"{path}\": the field \"{column}\" {reason}")]
    JsonField { path: String, line: u64, column: String, reason: &'static str },

    #[serde(rename = "N501")]
    #[error("\"{path}\" is not a usable Parquet file: {reason}; ask for it again")]
    Parquet { path: String, reason: &'static str },
    #[serde(rename = "N502")]
    #[error("\"{path}\" claims a {what} of {claimed} bytes, more than {limit}; it was not read")]
    ParquetTooLarge { path: String, what: &'static str, claimed: u64, limit: u64 },
    #[serde(rename = "N503")]
    #[error(
        "the columns of \"{path}\" differ from those of \"{first}\"; files read together must have the same columns"
    )]
    SchemaDiffers { path: String, first: String },

    #[serde(rename = "N601")]
    #[error("\"{path}\" is not a usable workbook: {reason}")]
    Workbook { path: String, reason: &'static str },
    #[serde(rename = "N602")]
    #[error("\"{path}\" has no sheet {sheet}")]
    NoSheet { path: String, sheet: String },
    #[serde(rename = "N603")]
    #[error("\"{path}\" is larger than {limit} {unit}; split it or raise the limit")]
    WorkbookTooLarge { path: String, limit: u64, unit: &'static str },

    #[serde(rename = "N701")]
    #[error("the database \"{path}\" could not be {action} ({reason})")]
    Database { path: String, action: &'static str, reason: &'static str },
    #[serde(rename = "N702")]
    #[error("the database \"{path}\" has no table or view \"{table}\"")]
    NoTable { path: String, table: String },
    #[serde(rename = "N703")]
    #[error(
        "column \"{column}\" of \"{table}\" holds a {found} in row {row} of this read where its declared type is {declared}; declare it as text or ask the provider"
    )]
    StorageClass { table: String, column: String, row: u64, declared: &'static str, found: &'static str },

    #[serde(rename = "N801")]
    #[error("\"{path}\" is not a usable Delta table: {reason}")]
    Delta { path: String, reason: &'static str },
    #[serde(rename = "N802")]
    #[error(
        "another writer committed to \"{path}\" after version {version}; reload it, read its transaction and apply again"
    )]
    Conflict { path: String, version: u64 },
    #[serde(rename = "N803")]
    #[error("the Delta table \"{path}\" uses {feature}, which is not supported; rewrite it without")]
    DeltaFeature { path: String, feature: String },
    #[serde(rename = "N804")]
    #[error("the log of \"{path}\" no longer covers the versions from {from} to {to}; take the whole table instead")]
    LogGone { path: String, from: u64, to: u64 },
    #[serde(rename = "N805")]
    #[error("the Delta table \"{path}\" already exists")]
    TableExists { path: String },
    #[serde(rename = "N806")]
    #[error(
        "the commit to \"{path}\" after version {version} ended without an answer; read its transaction before trying again"
    )]
    CommitUnknown { path: String, version: u64 },

    #[serde(rename = "N901")]
    #[error("\"{path}\" could not be written: {reason}")]
    Write { path: String, reason: &'static str },

    #[serde(rename = "N951")]
    #[error("channel {channel} is not reached: {reason}")]
    ChannelAddress { channel: String, reason: &'static str },
    #[serde(rename = "N952")]
    #[error("channel {channel} cannot be reached now: {reason}; it is tried again")]
    ChannelUnreachable { channel: String, reason: &'static str },
    #[serde(rename = "N953")]
    #[error("channel {channel} answered with status {status}; check its address")]
    ChannelStatus { channel: String, status: u16 },
    #[serde(rename = "N954")]
    #[error(
        "the robot of channel {channel} refused the message with code {number}; check its address, secret and security settings"
    )]
    ChannelRefused { channel: String, number: i64 },
    #[serde(rename = "N955")]
    #[error("channel {channel} gave an answer that is none of its kind; check its address")]
    ChannelAnswer { channel: String },
    #[serde(rename = "N956")]
    #[error("channel {channel} cannot be used: {reason}")]
    ChannelSetting { channel: String, reason: &'static str },
    #[serde(rename = "N957")]
    #[error("the mail server of channel {channel} refused with {status}; check sender, recipient and login")]
    MailRefused { channel: String, status: u16 },
}

/// Codes with which robots say "too often" or "busy": DingTalk -1, 130101, 130102; WeCom -1, 45009, 45033; Feishu 9499,
/// 11232, 11233.
const BUSY_ROBOT: [i64; 8] = [-1, 130_101, 130_102, 45_009, 45_033, 9_499, 11_232, 11_233];

impl Error {
    /// Whether the same call may succeed later without anybody changing anything
    /// (for [`Error::Conflict`] and [`Error::CommitUnknown`]: after reloading the table and reading its transaction).
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Storage { .. }
            | Self::Changed { .. }
            | Self::Stopped { .. }
            | Self::Conflict { .. }
            | Self::CommitUnknown { .. }
            | Self::ChannelUnreachable { .. }
            | Self::ChannelAnswer { .. } => true,
            Self::ChannelStatus { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::ChannelRefused { number, .. } => BUSY_ROBOT.contains(number),
            Self::MailRefused { status, .. } => (400..500).contains(status),
            _ => false,
        }
    }

    /// Whether the input is missing or empty rather than wrong, so that an `on_empty` rule may decide.
    #[must_use]
    pub fn is_empty_input(&self) -> bool {
        matches!(self, Self::NoHeader { .. } | Self::NoFiles { .. })
    }

    /// Reads a storage error's kind only; its text may quote what was stored.
    pub(crate) fn storage(action: &'static str, path: &str, error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let path = path.to_owned();
        let reason = match error {
            E::NotFound { .. } => return Self::NotFound { path },
            E::AlreadyExists { .. } => return Self::Exists { path },
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => "permission denied".to_owned(),
            E::Precondition { .. } => "a precondition failed".to_owned(),
            E::InvalidPath { .. } => "invalid path".to_owned(),
            other => io_kind(other).map_or_else(|| "storage failure".to_owned(), |kind| kind.to_string()),
        };
        Self::Storage { action, path, reason }
    }

    pub(crate) fn io(action: &'static str, path: &str, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { path },
            kind => Self::Storage { action, path, reason: kind.to_string() },
        }
    }
}

fn io_kind(error: &dyn std::error::Error) -> Option<std::io::ErrorKind> {
    let mut next = error.source();
    while let Some(inner) = next {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        next = inner.source();
    }
    None
}
