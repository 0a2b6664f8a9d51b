//! Coarser values: rounded down numbers, first days, wider areas, capped extremes.
//!
//! The type of the column stays. A value that the generalisation does not recognise becomes null, never itself.

mod area;
mod cap;
mod date;
mod number;

use arrow::array::ArrayRef;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A way to make values coarser. Numbers are written as decimal text, so that none is rounded on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generalise {
    /// Integers, `Decimal128` and floats, down to a multiple of `step`.
    Number {
        /// Greater than zero, for example `1000` or `0.5`; it has to be a value of the column's type.
        step: String,
    },
    /// `Date32` and timestamps without a zone, to the first day of the period, at midnight.
    Date {
        /// The period.
        to: Period,
    },
    /// Area codes of 6, 9 or 12 digits as text: the digits behind the level become zeros.
    Area {
        /// The level.
        to: AreaLevel,
    },
    /// Numbers, dates and timestamps outside the bounds become the bound (top and bottom coding).
    Cap {
        /// The least value that is told apart.
        bottom: Option<String>,
        /// The greatest value that is told apart.
        top: Option<String>,
    },
}

/// What a date is reduced to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// 1 January.
    Year,
    /// The first of the month.
    Month,
}

/// What an area code is reduced to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaLevel {
    /// The first 2 digits.
    Province,
    /// The first 4 digits.
    City,
    /// The first 6 digits.
    County,
}

impl Generalise {
    /// Every value made coarser; null stays null.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the column has another type, [`Error::Parameter`] if a number is no value of it,
    /// [`Error::EmptyRange`], and [`Error::Overflow`] if a multiple lies outside the type.
    pub fn apply(&self, values: &ArrayRef) -> Result<ArrayRef, Error> {
        match self {
            Generalise::Number { step } => number::apply(values, step),
            Generalise::Date { to } => date::apply(values, *to),
            Generalise::Area { to } => area::apply(values, *to),
            Generalise::Cap { bottom, top } => cap::apply(values, bottom.as_deref(), top.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests;
