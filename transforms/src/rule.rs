//! Quality rules that look at one value at a time: one file each, listed in [`Rule`].
//!
//! A rule is bound to a column type once, which parses its parameters; the bound rule then looks at batches. Missing
//! values violate [`Rule::NotNull`] and nothing else.

mod accepted;
mod length;
mod not_null;
mod pattern;
mod range;

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use serde::Serialize;

use crate::error::Error;

/// A rule as written in a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// The value is there.
    NotNull,
    /// The value is one of these, compared as values of the column's type.
    Accepted {
        /// The values as text.
        values: Vec<String>,
    },
    /// The value lies between the bounds, both included; numbers, dates and timestamps are compared exactly.
    Range {
        /// The least value as text.
        min: Option<String>,
        /// The greatest value as text.
        max: Option<String>,
    },
    /// The text has so many characters (Unicode scalar values), bounds included.
    Length {
        /// The least number of characters.
        min: Option<usize>,
        /// The greatest number of characters.
        max: Option<usize>,
    },
    /// The whole text matches a regular expression (syntax of the `regex` crate).
    Pattern {
        /// The expression; it is anchored at both ends.
        regex: String,
    },
}

impl Rule {
    /// The stable name.
    pub fn id(&self) -> &'static str {
        match self {
            Rule::NotNull => "not_null",
            Rule::Accepted { .. } => "accepted",
            Rule::Range { .. } => "range",
            Rule::Length { .. } => "length",
            Rule::Pattern { .. } => "pattern",
        }
    }

    /// The rule with its parameters read as values of a column type.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the rule does not apply to the type, [`Error::Parameter`] if a parameter is no value of
    /// it, [`Error::EmptyRange`], [`Error::Pattern`].
    pub fn bind(&self, data_type: &DataType) -> Result<BoundRule, Error> {
        let check: Arc<dyn Check> = match self {
            Rule::NotNull => Arc::new(not_null::NotNull),
            Rule::Accepted { values } => Arc::new(accepted::Accepted::bind(values, data_type)?),
            Rule::Range { min, max } => Arc::new(range::Range::bind(min.as_deref(), max.as_deref(), data_type)?),
            Rule::Length { min, max } => Arc::new(length::Length::bind(*min, *max, data_type)?),
            Rule::Pattern { regex } => Arc::new(pattern::Pattern::bind(regex, data_type)?),
        };
        Ok(BoundRule { id: self.id(), data_type: data_type.clone(), check })
    }

    /// The rows that violate the rule, ascending: [`Rule::bind`] and [`BoundRule::failing`] in one.
    ///
    /// # Errors
    /// As [`Rule::bind`].
    pub fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error> {
        self.bind(column.data_type())?.failing(column)
    }
}

/// A rule that is ready for columns of one type. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BoundRule {
    id: &'static str,
    data_type: DataType,
    check: Arc<dyn Check>,
}

impl BoundRule {
    /// The stable name of the rule.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The zero-based rows that violate the rule, ascending.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the column is of another type than the rule was bound to.
    pub fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error> {
        if *column.data_type() != self.data_type {
            return Err(Error::unsupported(self.id, column.data_type()));
        }
        self.check.failing(column)
    }
}

/// What a bound rule does with a column of the type it was bound to.
trait Check: Debug + Send + Sync {
    fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error>;
}

/// The rows of present values that do not pass.
fn rows_where<V>(values: impl IntoIterator<Item = Option<V>>, mut fails: impl FnMut(V) -> bool) -> Vec<u32> {
    values
        .into_iter()
        .enumerate()
        .filter_map(|(row, value)| value.is_some_and(&mut fails).then_some(row as u32))
        .collect()
}

#[cfg(test)]
mod tests;
