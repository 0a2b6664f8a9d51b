//! Extremes to a bound.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};

use crate::cast;
use crate::error::Error;

const OPERATION: &str = "cap";

pub(super) fn apply(values: &ArrayRef, bottom: Option<&str>, top: Option<&str>) -> Result<ArrayRef, Error> {
    match values.data_type() {
        DataType::Int64 => clamp::<Int64Type>(values, bottom, top),
        DataType::Decimal128(_, _) => clamp::<Decimal128Type>(values, bottom, top),
        DataType::Float64 => clamp::<Float64Type>(values, bottom, top),
        DataType::Date32 => clamp::<Date32Type>(values, bottom, top),
        DataType::Timestamp(TimeUnit::Microsecond, None) => clamp::<TimestampMicrosecondType>(values, bottom, top),
        other => Err(Error::unsupported(OPERATION, other)),
    }
}

fn clamp<T: ArrowPrimitiveType>(values: &ArrayRef, bottom: Option<&str>, top: Option<&str>) -> Result<ArrayRef, Error>
where
    T::Native: PartialOrd,
{
    let data_type = values.data_type();
    let read = |text: Option<&str>, parameter| {
        text.map(|text| {
            cast::native::<T>(text, data_type).ok_or_else(|| Error::parameter(OPERATION, parameter, data_type))
        })
        .transpose()
    };
    let (bottom, top) = (read(bottom, "bottom")?, read(top, "top")?);
    if matches!((bottom, top), (Some(bottom), Some(top)) if bottom > top) {
        return Err(Error::EmptyRange { operation: OPERATION });
    }
    let out: PrimitiveArray<T> = values.as_primitive::<T>().unary(|value| match (bottom, top) {
        (Some(bottom), _) if value < bottom => bottom,
        (_, Some(top)) if value > top => top,
        _ => value,
    });
    Ok(Arc::new(out.with_data_type(data_type.clone())))
}
