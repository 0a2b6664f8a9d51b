//! Writing datasets: one immutable file at a time, digested while it is written, synced before it is reported done.

mod csv;
mod parquet;
mod upload;

use serde::{Deserialize, Serialize};

pub use csv::{CsvOptions, CsvSink};
pub use parquet::{ParquetOptions, ParquetSink};

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Path below the store's root.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Lower-case hexadecimal SHA-256 of the file.
    pub sha256: String,
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
