//! Columns into another type, exactly or not at all.
//!
//! Text is normalised ([`crate::text`]) and parsed; a typed column is converted where nothing is lost. A value that
//! cannot be converted becomes null and a fault: `type` (not a value of that type), `range` (too large), `scale` (more
//! fraction digits than fit; trailing zeros do not count), `no-such-date`.

mod moment;
mod number;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanBuilder, PrimitiveArray, PrimitiveBuilder,
    StringArray,
};
use arrow::compute::cast as arrow_cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};

use crate::error::Error;
use crate::fault::{Context, Fault, Reason, Standardised};
use crate::standard::date::parse_date;
use crate::text::{as_text, normalise};

const OPERATION: &str = "cast";

/// The column as type `to`, which is one of `Int64`, `Float64`, `Decimal128`, `Date32`, `Timestamp(Microsecond, None)`,
/// `Boolean`, `Utf8` (canonical text) and `Binary` (the bytes of a text).
///
/// Text forms: integers and decimals in plain digits with an optional sign; floats also with an exponent; dates as in
/// the `date` standard; timestamps as a date, optionally followed by a space or `T` and `HH:MM[:SS[.ffffff]]`, or as
/// `YYYYMMDDHHMMSS`, never with a zone; booleans `true/false`, `t/f`, `yes/no`, `y/n`, `1/0`, `是/否`, `真/假`. Empty text
/// is missing and no fault.
///
/// # Errors
/// [`Error::Unsupported`] for any other target, for nested and binary columns, and for timestamps with a zone.
pub fn cast(values: &ArrayRef, to: &DataType, _: &Context) -> Result<Standardised, Error> {
    convert(values, to)
}

/// [`cast`] without a clock: no target needs one yet.
pub(crate) fn convert(values: &ArrayRef, to: &DataType) -> Result<Standardised, Error> {
    let from = values.data_type();
    if !is_target(to) {
        return Err(Error::unsupported(OPERATION, to));
    }
    if from == to {
        return Ok(clean(values.clone()));
    }
    if *to == DataType::Utf8 {
        return Ok(clean(Arc::new(as_text(values)?)));
    }
    if matches!(from, DataType::Timestamp(_, Some(_))) {
        return Err(Error::unsupported(OPERATION, from));
    }
    if is_direct(from, to) {
        return widen(values, to);
    }
    if !from.is_string() && *to == DataType::Binary {
        return Err(Error::unsupported(OPERATION, from));
    }
    let text = as_text(values)?;
    if *to == DataType::Binary {
        return Ok(clean(Arc::new(BinaryArray::from(text))));
    }
    parse(&normalise(&text), from, to)
}

fn is_target(to: &DataType) -> bool {
    matches!(
        to,
        DataType::Int64
            | DataType::Float64
            | DataType::Decimal128(_, _)
            | DataType::Date32
            | DataType::Timestamp(TimeUnit::Microsecond, None)
            | DataType::Boolean
            | DataType::Utf8
            | DataType::Binary
    )
}

/// Pairs where Arrow's own cast either keeps the value exactly or gives null.
fn is_direct(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32};
    match to {
        Int64 => from.is_integer(),
        Decimal128(_, scale) => from.is_integer() && *scale >= 0,
        Float64 => matches!(from, Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32 | Float32),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            matches!(from, Date32 | DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, None))
        }
        _ => false,
    }
}

fn widen(values: &ArrayRef, to: &DataType) -> Result<Standardised, Error> {
    let out = arrow_cast(values, to).map_err(|_| Error::unsupported(OPERATION, values.data_type()))?;
    let faults = if out.null_count() == values.logical_null_count() {
        Vec::new()
    } else {
        (0..out.len())
            .filter(|&row| out.is_null(row) && !values.is_null(row))
            .map(|row| fault(row, Reason::Range))
            .collect()
    };
    Ok(Standardised { values: out, faults, warnings: Vec::new() })
}

fn parse(text: &StringArray, from: &DataType, to: &DataType) -> Result<Standardised, Error> {
    Ok(match to {
        DataType::Int64 => primitive::<Int64Type>(text, to, number::integer),
        DataType::Float64 => primitive::<Float64Type>(text, to, |value| number::float(value, from.is_string())),
        DataType::Decimal128(precision, scale) => {
            primitive::<Decimal128Type>(text, to, |value| number::decimal(value, *precision, *scale))
        }
        DataType::Date32 if matches!(from, DataType::Timestamp(_, _) | DataType::Date64) => {
            primitive::<Date32Type>(text, to, moment::whole_day)
        }
        DataType::Date32 => {
            primitive::<Date32Type>(text, to, |value| parse_date(value.as_bytes()).map_err(as_type_fault))
        }
        DataType::Timestamp(_, _) => primitive::<TimestampMicrosecondType>(text, to, moment::timestamp),
        DataType::Boolean => booleans(text),
        other => return Err(Error::unsupported(OPERATION, other)),
    })
}

/// In a cast a text without any accepted form is simply not of the type.
fn as_type_fault(reason: Reason) -> Reason {
    match reason {
        Reason::Format => Reason::Type,
        other => other,
    }
}

fn primitive<T: ArrowPrimitiveType>(
    text: &StringArray,
    to: &DataType,
    parse: impl Fn(&str) -> Result<T::Native, Reason>,
) -> Standardised {
    let mut out = PrimitiveBuilder::<T>::with_capacity(text.len());
    let mut faults = Vec::new();
    for (row, value) in text.iter().enumerate() {
        match value.map(&parse) {
            None => out.append_null(),
            Some(Ok(value)) => out.append_value(value),
            Some(Err(reason)) => {
                out.append_null();
                faults.push(fault(row, reason));
            }
        }
    }
    let values: PrimitiveArray<T> = out.finish().with_data_type(to.clone());
    Standardised { values: Arc::new(values), faults, warnings: Vec::new() }
}

fn booleans(text: &StringArray) -> Standardised {
    let mut out = BooleanBuilder::with_capacity(text.len());
    let mut faults = Vec::new();
    for (row, value) in text.iter().enumerate() {
        let parsed = value.map(boolean);
        if parsed == Some(None) {
            faults.push(fault(row, Reason::Type));
        }
        out.append_option(parsed.flatten());
    }
    Standardised { values: Arc::new(out.finish()), faults, warnings: Vec::new() }
}

fn boolean(value: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if is_one_of(&["true", "t", "yes", "y", "1", "是", "真"]) {
        Some(true)
    } else if is_one_of(&["false", "f", "no", "n", "0", "否", "假"]) {
        Some(false)
    } else {
        None
    }
}

fn fault(row: usize, reason: Reason) -> Fault {
    Fault { row: row as u32, reason }
}

fn clean(values: ArrayRef) -> Standardised {
    Standardised { values, faults: Vec::new(), warnings: Vec::new() }
}

/// One text as a column of one row, for bounds of rules; `None` if it is no value of that type.
pub(crate) fn scalar(text: &str, to: &DataType) -> Option<ArrayRef> {
    let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let out = convert(&column, to).ok()?;
    (out.faults.is_empty() && out.values.is_valid(0)).then_some(out.values)
}

/// One text as a native value; the caller names a type that matches `T`.
pub(crate) fn native<T: ArrowPrimitiveType>(text: &str, to: &DataType) -> Option<T::Native> {
    scalar(text, to)?.as_primitive_opt::<T>().map(|column| column.value(0))
}

#[cfg(test)]
mod tests;
