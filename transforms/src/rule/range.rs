//! The value lies between two bounds, compared exactly in the column's own type.

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};

use super::{Check, rows_where};
use crate::cast;
use crate::error::Error;
use crate::text::convert;

const ID: &str = "range";

/// The bounds and the type in which columns are compared with them.
#[derive(Debug)]
pub(super) struct Range {
    compared: DataType,
    bounds: Bounds,
}

enum Bounds {
    Int64(Between<i64>),
    Decimal(Between<i128>),
    Float(Between<f64>),
    Date(Between<i32>),
    Timestamp(Between<i64>),
}

/// Bounds may be personal (a salary), so they stay out of plans and logs.
impl std::fmt::Debug for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bounds")
    }
}

struct Between<V> {
    min: Option<V>,
    max: Option<V>,
}

impl<V: PartialOrd + Copy> Between<V> {
    /// A value that compares with nothing (NaN) is outside.
    fn excludes(&self, value: V) -> bool {
        let above = self.min.is_none_or(|min| value >= min);
        let below = self.max.is_none_or(|max| value <= max);
        !(above && below && value.partial_cmp(&value).is_some())
    }
}

impl Range {
    pub(super) fn bind(min: Option<&str>, max: Option<&str>, data_type: &DataType) -> Result<Self, Error> {
        let compared = match data_type {
            DataType::UInt64 => DataType::Decimal128(20, 0),
            kind if kind.is_integer() => DataType::Int64,
            DataType::Float32 => DataType::Float64,
            DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, None) => {
                DataType::Timestamp(TimeUnit::Microsecond, None)
            }
            other => other.clone(),
        };
        let bounds = match &compared {
            DataType::Int64 => Bounds::Int64(read::<Int64Type>(min, max, &compared)?),
            DataType::Decimal128(_, _) => Bounds::Decimal(read::<Decimal128Type>(min, max, &compared)?),
            DataType::Float64 => Bounds::Float(read::<Float64Type>(min, max, &compared)?),
            DataType::Date32 => Bounds::Date(read::<Date32Type>(min, max, &compared)?),
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                Bounds::Timestamp(read::<TimestampMicrosecondType>(min, max, &compared)?)
            }
            _ => return Err(Error::unsupported(ID, data_type)),
        };
        Ok(Self { compared, bounds })
    }
}

fn read<T: ArrowPrimitiveType>(
    min: Option<&str>,
    max: Option<&str>,
    data_type: &DataType,
) -> Result<Between<T::Native>, Error> {
    let bound = |text: Option<&str>, parameter| {
        text.map(|text| cast::native::<T>(text, data_type).ok_or_else(|| Error::parameter(ID, parameter, data_type)))
            .transpose()
    };
    let (min, max) = (bound(min, "min")?, bound(max, "max")?);
    match (min, max) {
        (Some(min), Some(max)) if min > max => Err(Error::EmptyRange { operation: ID }),
        _ => Ok(Between { min, max }),
    }
}

impl Check for Range {
    fn failing(&self, column: &ArrayRef) -> Result<Vec<u32>, Error> {
        let column = convert(column, &self.compared)?;
        Ok(match &self.bounds {
            Bounds::Int64(between) => outside::<Int64Type>(&column, between),
            Bounds::Decimal(between) => outside::<Decimal128Type>(&column, between),
            Bounds::Float(between) => outside::<Float64Type>(&column, between),
            Bounds::Date(between) => outside::<Date32Type>(&column, between),
            Bounds::Timestamp(between) => outside::<TimestampMicrosecondType>(&column, between),
        })
    }
}

fn outside<T: ArrowPrimitiveType>(column: &ArrayRef, between: &Between<T::Native>) -> Vec<u32>
where
    T::Native: PartialOrd,
{
    rows_where(column.as_primitive::<T>(), |value| between.excludes(value))
}
