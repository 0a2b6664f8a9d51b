//! The text has so many characters.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::{Check, rows_where};
use crate::error::Error;
use crate::text::as_text;

const ID: &str = "length";

#[derive(Debug)]
pub(super) struct Length {
    min: usize,
    max: usize,
}

impl Length {
    pub(super) fn bind(min: Option<usize>, max: Option<usize>, data_type: &DataType) -> Result<Self, Error> {
        if !data_type.is_string() {
            return Err(Error::unsupported(ID, data_type));
        }
        let (min, max) = (min.unwrap_or(0), max.unwrap_or(usize::MAX));
        if min > max {
            return Err(Error::EmptyRange { operation: ID });
        }
        Ok(Self { min, max })
    }

    fn fails(&self, value: &str) -> bool {
        let bytes = value.len();
        // A character is one to four bytes long, which settles most values without counting.
        if bytes < self.min || bytes.div_ceil(4) > self.max {
            return true;
        }
        if bytes.div_ceil(4) >= self.min && bytes <= self.max {
            return false;
        }
        let characters = value.chars().count();
        characters < self.min || characters > self.max
    }
}

impl Check for Length {
    fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error> {
        Ok(rows_where(&as_text(column)?, |value| self.fails(value)))
    }
}
