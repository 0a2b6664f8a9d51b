//! Every bound that keeps hostile or broken input from taking the machine.

use serde::{Deserialize, Serialize};

/// Bounds on what is read, all configurable. Sizes are bytes unless named otherwise.
///
/// The defaults fit a worker with a few gigabytes of memory; a bound that is met is an error, never a cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most files that one source may list.
    pub files: usize,
    /// Longest record of a text format, with its quotes and line ends.
    pub record_bytes: usize,
    /// Most columns of a table.
    pub columns: usize,
    /// Most bytes that one compressed file may expand to.
    pub expanded_bytes: u64,
    /// Most expanded bytes per compressed byte, looked at after `expansion_grace`.
    pub expansion_ratio: u64,
    /// Expanded bytes up to which the ratio is not looked at.
    pub expansion_grace: u64,
    /// Largest footer of a Parquet file.
    pub parquet_footer_bytes: u64,
    /// Largest page, compressed or expanded, of a Parquet file.
    pub parquet_page_bytes: u64,
    /// Largest workbook file, and largest total of its expanded entries.
    pub workbook_bytes: u64,
    /// Most cells (rows times columns) of a sheet.
    pub workbook_cells: u64,
    /// Smallest part that is worth a split of its own.
    pub split_bytes: u64,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Text and binary bytes after which a batch is closed early.
    pub batch_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 10_000,
            record_bytes: 16 << 20,
            columns: 4_096,
            expanded_bytes: 1 << 40,
            expansion_ratio: 200,
            expansion_grace: 64 << 20,
            parquet_footer_bytes: 64 << 20,
            parquet_page_bytes: 256 << 20,
            workbook_bytes: 256 << 20,
            workbook_cells: 20_000_000,
            split_bytes: 8 << 20,
            batch_rows: 8_192,
            batch_bytes: 64 << 20,
        }
    }
}

impl Limits {
    /// Refuses bounds that the code could not keep: a batch's text is addressed with 31 bits.
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        let fits = self.record_bytes.saturating_add(self.batch_bytes) <= i32::MAX as usize;
        if fits && self.batch_rows > 0 && self.batch_rows <= 1 << 20 {
            return Ok(());
        }
        Err(crate::Error::Option {
            option: "limits",
            reason: "record_bytes and batch_bytes must stay below 2 GiB together, batch_rows between 1 and 1,048,576",
        })
    }
}
