//! Numbers down to a multiple of a step.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::compute::cast as arrow_cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};

use crate::cast;
use crate::error::Error;

const OPERATION: &str = "generalise number";

pub(super) fn apply(values: &ArrayRef, step: &str) -> Result<ArrayRef, Error> {
    let data_type = values.data_type();
    match data_type {
        DataType::Int64 => {
            let step = read::<Int64Type>(step, data_type, 0)?;
            floor::<Int64Type>(values, |value| value.checked_sub(value.rem_euclid(step)))
        }
        DataType::Decimal128(precision, _) => {
            let step = read::<Decimal128Type>(step, data_type, 0)?;
            let limit = 10i128.pow(u32::from(*precision));
            floor::<Decimal128Type>(values, |value| {
                value.checked_sub(value.rem_euclid(step)).filter(|multiple| *multiple > -limit)
            })
        }
        DataType::Float64 => {
            let step = read::<Float64Type>(step, data_type, 0.0)?;
            floor::<Float64Type>(values, |value| {
                let multiple = (value / step).floor() * step;
                multiple.is_finite().then_some(multiple)
            })
        }
        DataType::Float32 => through(values, &DataType::Float64, step),
        kind if kind.is_integer() && *kind != DataType::UInt64 => through(values, &DataType::Int64, step),
        other => Err(Error::unsupported(OPERATION, other)),
    }
}

fn read<T: ArrowPrimitiveType>(step: &str, data_type: &DataType, zero: T::Native) -> Result<T::Native, Error>
where
    T::Native: PartialOrd,
{
    cast::native::<T>(step, data_type)
        .filter(|step| *step > zero)
        .ok_or_else(|| Error::parameter(OPERATION, "step", data_type))
}

/// Floats that are not finite have no multiple and become null; for whole numbers that is an overflow.
fn floor<T: ArrowPrimitiveType>(
    values: &ArrayRef,
    multiple: impl Fn(T::Native) -> Option<T::Native>,
) -> Result<ArrayRef, Error> {
    let column = values.as_primitive::<T>();
    let out: PrimitiveArray<T> = column.unary_opt(&multiple);
    if out.null_count() != column.null_count() && !T::DATA_TYPE.is_floating() {
        return Err(overflow(values, &out));
    }
    Ok(Arc::new(out.with_data_type(values.data_type().clone())))
}

/// Narrow types by way of the wide one.
fn through(values: &ArrayRef, wide: &DataType, step: &str) -> Result<ArrayRef, Error> {
    let data_type = values.data_type();
    let unsupported = |_| Error::unsupported(OPERATION, data_type);
    let widened = arrow_cast(values, wide).map_err(unsupported)?;
    let coarse = apply(&widened, step)?;
    let out = arrow_cast(&coarse, data_type).map_err(unsupported)?;
    if out.null_count() != coarse.null_count() {
        return Err(overflow(values, &out));
    }
    Ok(out)
}

fn overflow(before: &dyn Array, after: &dyn Array) -> Error {
    let row = (0..after.len()).find(|&row| after.is_null(row) && before.is_valid(row));
    Error::Overflow { operation: OPERATION, data_type: before.data_type().to_string(), row: row.unwrap_or_default() }
}
