//! The value is one of a list.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;

use super::{Check, rows_where};
use crate::cast;
use crate::error::Error;
use crate::text::as_text;

/// The canonical texts of the accepted values.
pub(super) struct Accepted(HashSet<Box<str>>);

impl std::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accepted({} values)", self.0.len())
    }
}

impl Accepted {
    pub(super) fn bind(values: &[String], data_type: &DataType) -> Result<Self, Error> {
        if data_type.is_string() {
            return Ok(Self(values.iter().map(|value| value.as_str().into()).collect()));
        }
        // Narrow integers and floats are read as their wide type; canonical text is the same.
        let wide = match data_type {
            kind if kind.is_integer() => DataType::Int64,
            DataType::Float32 => DataType::Float64,
            other => other.clone(),
        };
        let written: ArrayRef = Arc::new(StringArray::from_iter_values(values));
        let read = cast::convert(&written, &wide)?;
        if !read.faults.is_empty() || read.values.null_count() > 0 {
            return Err(Error::parameter("accepted", "values", data_type));
        }
        let texts = as_text(&read.values)?;
        Ok(Self(texts.iter().flatten().map(Into::into).collect()))
    }
}

impl Check for Accepted {
    fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error> {
        let texts = as_text(column)?;
        Ok(rows_where(&texts, |value| !self.0.contains(value)))
    }
}
