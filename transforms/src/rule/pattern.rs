//! The whole text matches a regular expression.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use regex::{Regex, RegexBuilder};

use super::{Check, rows_where};
use crate::error::Error;
use crate::text::as_text;

/// The largest compiled program, and the largest cache of a search, in bytes.
const SIZE_LIMIT: usize = 1 << 20;
/// The longest expression, in bytes.
const TEXT_LIMIT: usize = 4096;

#[derive(Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    pub(super) fn bind(expression: &str, data_type: &DataType) -> Result<Self, Error> {
        if !data_type.is_string() {
            return Err(Error::unsupported("pattern", data_type));
        }
        if expression.len() > TEXT_LIMIT {
            return Err(Error::Pattern);
        }
        // The bare expression has to compile too, or `a)|(b` would escape from the group around it.
        compile(expression)?;
        compile(&format!(r"\A(?:{expression})\z")).map(Self)
    }
}

fn compile(expression: &str) -> Result<Regex, Error> {
    RegexBuilder::new(expression)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .nest_limit(50)
        .build()
        .map_err(|_| Error::Pattern)
}

impl Check for Pattern {
    fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error> {
        Ok(rows_where(&as_text(column)?, |value| !self.0.is_match(value)))
    }
}
