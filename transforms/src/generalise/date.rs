//! Dates to the first day of their period.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use chrono::{Datelike, Duration, NaiveDate};

use super::Period;
use crate::error::Error;

const MICROS_PER_DAY: i64 = 86_400_000_000;

pub(super) fn apply(values: &ArrayRef, to: Period) -> Result<ArrayRef, Error> {
    match values.data_type() {
        DataType::Date32 => {
            let days: Date32Array = values.as_primitive::<Date32Type>().unary_opt(|day| first_day(i64::from(day), to));
            Ok(Arc::new(days))
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let column = values.as_primitive::<TimestampMicrosecondType>();
            let instants: TimestampMicrosecondArray = column.unary_opt(|micros| {
                first_day(micros.div_euclid(MICROS_PER_DAY), to).map(|day| i64::from(day) * MICROS_PER_DAY)
            });
            Ok(Arc::new(instants))
        }
        other => Err(Error::unsupported("generalise date", other)),
    }
}

/// `None` for days beyond the calendar of chrono (262,000 years), which then become null.
fn first_day(days: i64, to: Period) -> Option<i32> {
    let epoch = NaiveDate::default();
    let date = epoch.checked_add_signed(Duration::try_days(days)?)?;
    let first = match to {
        Period::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1)?,
        Period::Month => date.with_day(1)?,
    };
    i32::try_from((first - epoch).num_days()).ok()
}
