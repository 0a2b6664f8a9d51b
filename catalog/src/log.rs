//! Logs of runs as the ledger keeps them: lines that people read, bounded in number and length.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A line. It names things and counts them; it never holds values of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: DateTime<Utc>,
    /// How grave.
    pub level: LogLevel,
    /// The target or the step it is about; empty: the whole run.
    pub target: String,
    /// The text; longer than 4,096 bytes, it is cut.
    pub text: String,
}

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For whoever looks closely.
    Debug,
    /// What went on.
    Info,
    /// Something to look at.
    Warning,
    /// What went wrong.
    Error,
}

/// A line with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NumberedLine {
    /// Number within the run, dense from 1; the first ones may be gone.
    pub no: i64,
    /// The line.
    #[serde(flatten)]
    pub line: LogLine,
}

/// Which lines to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogRange {
    /// From this number on; `None`: the last ones.
    pub from: Option<i64>,
    /// At most so many.
    pub count: u32,
    /// Only those that contain this text, whatever the case of its Latin letters; empty: all.
    pub contains: String,
}

impl LogLevel {
    /// All levels, the lightest first.
    pub const ALL: [LogLevel; 4] = [LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error];

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warning => "warning",
            LogLevel::Error => "error",
        }
    }

    /// The level of that stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<LogLevel> {
        LogLevel::ALL.into_iter().find(|level| level.as_str() == text)
    }
}
