//! The points in time at which validity begins and ends, as one number whatever their column's type.

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use chrono::NaiveDate;

use super::Error;

/// Column of a history table: where a row's validity begins (included).
pub const VALID_FROM: &str = "valid_from";
/// Column of a history table: where a row's validity ends (excluded); missing for the current row.
pub const VALID_TO: &str = "valid_to";

/// Whether validity can be kept in a column of this type.
pub(super) fn fits(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Timestamp(_, _)) || is_integer(data_type)
}

fn is_integer(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
}

/// The column as numbers: days, ticks of its unit, or itself.
pub(super) fn numbers(column: &ArrayRef) -> Result<Int64Array, Error> {
    const STEP: &str = "read the validity of rows";
    let days = match column.data_type() {
        DataType::Date32 => cast(column, &DataType::Int32).map_err(Error::arrow(STEP))?,
        _ => column.clone(),
    };
    let numbers = cast(&days, &DataType::Int64).map_err(Error::arrow(STEP))?;
    Ok(numbers.as_primitive::<Int64Type>().clone())
}

/// The numbers as a column of `data_type`. The reverse of [`numbers`].
pub(super) fn column(numbers: Int64Array, data_type: &DataType) -> Result<ArrayRef, Error> {
    const STEP: &str = "write the validity of rows";
    let numbers: ArrayRef = std::sync::Arc::new(numbers);
    let narrowed = match data_type {
        DataType::Date32 => cast(&numbers, &DataType::Int32).map_err(Error::arrow(STEP))?,
        _ => numbers,
    };
    cast(&narrowed, data_type).map_err(Error::arrow(STEP))
}

/// Midnight of a date as such a number; `None` for integers, which are no dates.
pub(super) fn midnight(date: NaiveDate, data_type: &DataType) -> Option<i64> {
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    let ticks = match data_type {
        DataType::Date32 => return Some(days),
        DataType::Timestamp(TimeUnit::Second, _) => 1,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 1_000_000_000,
        _ => return None,
    };
    days.checked_mul(86_400)?.checked_mul(ticks)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_boundary_is_midnight_in_every_type() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        assert_eq!(midnight(date, &DataType::Date32), Some(20_777));
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(midnight(date, &micros), Some(20_777 * 86_400_000_000));
        assert_eq!(midnight(date, &DataType::Int64), None);
    }

    #[test]
    fn numbers_return_to_their_type() {
        for data_type in [DataType::Date32, DataType::Int32, DataType::Timestamp(TimeUnit::Microsecond, None)] {
            let made = column(Int64Array::from(vec![Some(20_777), None]), &data_type).unwrap();
            assert_eq!(made.data_type(), &data_type);
            assert_eq!(numbers(&made).unwrap(), Int64Array::from(vec![Some(20_777), None]));
        }
    }
}
