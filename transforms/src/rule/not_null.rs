//! The value is there.

use arrow::array::{Array, ArrayRef};

use super::Check;
use crate::error::Error;

#[derive(Debug)]
pub(super) struct NotNull;

impl Check for NotNull {
    fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error> {
        Ok(match column.logical_nulls() {
            Some(nulls) if nulls.null_count() > 0 => {
                (0..column.len()).filter(|&row| nulls.is_null(row)).map(|row| row as u32).collect()
            }
            _ => Vec::new(),
        })
    }
}
