//! Every way a call of this crate can fail.
//!
//! These are failures of a whole call (a wrong type, a wrong key, a bad definition). What is wrong with one value is a
//! [`Fault`](crate::Fault) and never an error. No variant holds a value of the data.

use arrow::datatypes::DataType;
use serde::Serialize;

/// A call that could not be carried out. The code (`T1xx`) is stable; the fields are what a message catalogue renders.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum Error {
    /// The operation does not know this column type.
    #[error("{operation} does not work on a column of type {data_type}; cast the column first")]
    #[serde(rename = "T101")]
    Unsupported {
        /// What was asked for, for example `generalise number`.
        operation: &'static str,
        /// The type of the column, as Arrow prints it.
        data_type: String,
    },
    /// A parameter of a rule or a protection cannot be read as a value of the column's type.
    #[error("parameter `{parameter}` of {operation} is not a value of type {data_type}; correct the definition")]
    #[serde(rename = "T102")]
    Parameter {
        /// The rule or protection.
        operation: &'static str,
        /// The parameter's name in the definition.
        parameter: &'static str,
        /// The type it has to fit.
        data_type: String,
    },
    /// A regular expression does not compile or compiles to more than the size limit.
    #[error("the regular expression of the pattern rule is invalid or too large; simplify it")]
    #[serde(rename = "T103")]
    Pattern,
    /// A key has a length that the cipher does not take.
    #[error("a key of {actual} bytes was given where {expected} are needed; use a key made for this purpose")]
    #[serde(rename = "T104")]
    KeyLength {
        /// The lengths that fit, for example `16` or `16 or 32`.
        expected: &'static str,
        /// The length that was given.
        actual: usize,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes; try again, then check its random source")]
    #[serde(rename = "T105")]
    Random,
    /// A wrapped key did not authenticate: another wrapping key, another label, or damage.
    #[error("the wrapped key cannot be opened: wrong wrapping key, wrong label, or damaged; restore the right key")]
    #[serde(rename = "T106")]
    Unwrap,
    /// A sealed value did not authenticate: another key, dataset, column or version, or damage.
    #[error("the sealed value in row {row} cannot be opened: wrong key, dataset, column or version, or damaged")]
    #[serde(rename = "T107")]
    Open {
        /// Zero-based row in the array that was given.
        row: usize,
    },
    /// A sealed value names another data key than the one given.
    #[error("the sealed value in row {row} was made under another data key; fetch the key that it names")]
    #[serde(rename = "T108")]
    OtherKey {
        /// Zero-based row in the array that was given.
        row: usize,
    },
    /// A data key has sealed as many values as it may.
    #[error("this data key has sealed 2^32 values, which is its limit; start another file with a new data key")]
    #[serde(rename = "T109")]
    KeyExhausted,
    /// A sampling rate outside 0 to 1.
    #[error("a sampling rate must lie between 0 and 1; correct the definition")]
    #[serde(rename = "T110")]
    Rate,
    /// A generalised number does not fit the column's type any more.
    #[error("{operation} leaves the range of type {data_type} in row {row}; widen the column first")]
    #[serde(rename = "T111")]
    Overflow {
        /// The protection.
        operation: &'static str,
        /// The type of the column.
        data_type: String,
        /// Zero-based row in the array that was given.
        row: usize,
    },
    /// A result would exceed the two gibibytes that one text or binary array can hold.
    #[error("the result of {operation} exceeds 2 GiB in one batch; use smaller batches")]
    #[serde(rename = "T112")]
    TooLarge {
        /// The operation.
        operation: &'static str,
    },
    /// Columns of one call have different numbers of rows, or there is no column.
    #[error("{operation} needs at least one column, and columns of equal length")]
    #[serde(rename = "T113")]
    Columns {
        /// The operation.
        operation: &'static str,
    },
    /// A key provider has no such key.
    #[error("there is no key {id}; it was destroyed or never made")]
    #[serde(rename = "T114")]
    NoSuchKey {
        /// The key's id, which is not secret.
        id: String,
    },
    /// A value does not fit the type in which a column is worked on.
    #[error("a value of the column cannot be held as {to}; cast the column first, which quarantines such values")]
    #[serde(rename = "T116")]
    Conversion {
        /// The type that was needed.
        to: String,
    },
    /// Two bounds that exclude every value.
    #[error("parameter `min` of {operation} is above `max`; correct the definition")]
    #[serde(rename = "T115")]
    EmptyRange {
        /// The rule or protection.
        operation: &'static str,
    },
}

impl Error {
    /// Whether the same call may succeed later with nothing changed.
    pub fn retryable(&self) -> bool {
        matches!(self, Error::Random)
    }

    pub(crate) fn unsupported(operation: &'static str, data_type: &DataType) -> Self {
        Error::Unsupported { operation, data_type: data_type.to_string() }
    }

    pub(crate) fn parameter(operation: &'static str, parameter: &'static str, data_type: &DataType) -> Self {
        Error::Parameter { operation, parameter, data_type: data_type.to_string() }
    }
}
