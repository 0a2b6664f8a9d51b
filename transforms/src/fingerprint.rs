//! An identity for the content of a row: 128 bits of XXH3 over an unambiguous encoding.
//!
//! Not a cryptographic hash: whoever knows the seed can find other content with the same fingerprint, and can guess
//! values from it. It tells changed rows from unchanged ones inside a zone and never leaves one.
//!
//! Encoding of a row: the columns in order, each value as one tag byte and its body. It is kept stable, because
//! fingerprints are stored and compared across versions.
//!
//! | tag | value | body |
//! |---|---|---|
//! | 0 | null | none |
//! | 1 | text | length in bytes (64 bits, little-endian), UTF-8 |
//! | 2 | binary | length, bytes |
//! | 3 | integer; unsigned 64-bit ones are decimals of scale 0 | 8 bytes, little-endian |
//! | 4 | float | 8 bytes of the `f64`; -0 as 0, every NaN as one |
//! | 5 | decimal | scale (1 byte), 16 bytes of the unscaled value |
//! | 6 | boolean | 1 byte |
//! | 7 | date | 8 bytes, days since 1970-01-01 |
//! | 8–11 | timestamp in s, ms, µs, ns | 8 bytes; a zone does not count |

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray, StringArray,
};
use arrow::buffer::Buffer;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::error::Error;
use crate::text::convert;

const OPERATION: &str = "fingerprint";
/// Bytes of a fingerprint.
const LENGTH: i32 = 16;

/// The fingerprint of every row over these columns, as 16 big-endian bytes.
///
/// The order of the columns matters, their names do not. Null differs from empty, and `1` as text from 1 as a number,
/// but not 1 in 32 bits from 1 in 64.
///
/// # Errors
/// [`Error::Columns`] without a column or with different lengths, [`Error::Unsupported`] for nested columns, intervals,
/// durations and times,
/// [`Error::Conversion`].
pub fn rows(columns: &[ArrayRef], seed: u64) -> Result<FixedSizeBinaryArray, Error> {
    let mut out = Vec::with_capacity(columns.first().map_or(0, |column| column.len() * 16));
    visit(columns, seed, |hash| {
        out.extend_from_slice(&hash.to_be_bytes());
    })?;
    FixedSizeBinaryArray::try_new(LENGTH, Buffer::from_vec(out), None)
        .map_err(|_| Error::TooLarge { operation: OPERATION })
}

/// Calls `each` with the fingerprint of every row in order.
pub(crate) fn visit(columns: &[ArrayRef], seed: u64, mut each: impl FnMut(u128)) -> Result<(), Error> {
    let length = columns.first().map(|column| column.len());
    let Some(length) = length.filter(|&length| columns.iter().all(|column| column.len() == length)) else {
        return Err(Error::Columns { operation: OPERATION });
    };
    let columns = columns.iter().map(Column::new).collect::<Result<Vec<_>, _>>()?;
    let mut encoded = Vec::new();
    for row in 0..length {
        encoded.clear();
        for column in &columns {
            column.encode(row, &mut encoded);
        }
        each(xxh3_128_with_seed(&encoded, seed));
    }
    Ok(())
}

/// A column in one of the few forms that are encoded.
enum Column {
    Text(StringArray),
    Binary(BinaryArray),
    Number(u8, PrimitiveArray<Int64Type>),
    Float(PrimitiveArray<Float64Type>),
    Decimal(i8, PrimitiveArray<Decimal128Type>),
    Boolean(BooleanArray),
    Null,
}

impl Column {
    fn new(values: &ArrayRef) -> Result<Self, Error> {
        Ok(match values.data_type() {
            DataType::Null => Self::Null,
            DataType::Utf8 => Self::Text(values.as_string::<i32>().clone()),
            DataType::LargeUtf8 | DataType::Utf8View => Self::new(&convert(values, &DataType::Utf8)?)?,
            DataType::Binary => Self::Binary(values.as_binary::<i32>().clone()),
            DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::new(&convert(values, &DataType::Binary)?)?
            }
            DataType::Dictionary(_, inner) => Self::new(&convert(values, inner)?)?,
            DataType::UInt64 => Self::new(&convert(values, &DataType::Decimal128(20, 0))?)?,
            kind if kind.is_integer() => Self::Number(3, int64(values)?),
            DataType::Float16 | DataType::Float32 | DataType::Float64 => {
                let wide = convert(values, &DataType::Float64)?;
                Self::Float(wide.as_primitive::<Float64Type>().clone())
            }
            DataType::Decimal128(_, scale) => Self::Decimal(*scale, values.as_primitive::<Decimal128Type>().clone()),
            DataType::Boolean => Self::Boolean(values.as_boolean().clone()),
            DataType::Date32 => {
                let days = values.as_primitive::<Date32Type>();
                Self::Number(7, days.unary(i64::from))
            }
            DataType::Timestamp(unit, _) => timestamp(*unit, values),
            other => return Err(Error::unsupported(OPERATION, other)),
        })
    }

    #[inline]
    fn encode(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Text(column) if column.is_valid(row) => {
                length_prefixed(1, column.value(row).as_bytes(), out);
            }
            Self::Binary(column) if column.is_valid(row) => {
                length_prefixed(2, column.value(row), out);
            }
            Self::Number(tag, column) if column.is_valid(row) => {
                out.push(*tag);
                out.extend_from_slice(&column.value(row).to_le_bytes());
            }
            Self::Float(column) if column.is_valid(row) => {
                out.push(4);
                out.extend_from_slice(&float_bits(column.value(row)).to_le_bytes());
            }
            Self::Decimal(scale, column) if column.is_valid(row) => {
                out.push(5);
                out.push(scale.cast_unsigned());
                out.extend_from_slice(&column.value(row).to_le_bytes());
            }
            Self::Boolean(column) if column.is_valid(row) => {
                out.extend_from_slice(&[6, u8::from(column.value(row))]);
            }
            _ => out.push(0),
        }
    }
}

fn int64(values: &ArrayRef) -> Result<PrimitiveArray<Int64Type>, Error> {
    let wide = convert(values, &DataType::Int64)?;
    Ok(wide.as_primitive::<Int64Type>().clone())
}

fn timestamp(unit: TimeUnit, values: &ArrayRef) -> Column {
    match unit {
        TimeUnit::Second => Column::Number(8, values.as_primitive::<TimestampSecondType>().reinterpret_cast()),
        TimeUnit::Millisecond => {
            Column::Number(9, values.as_primitive::<TimestampMillisecondType>().reinterpret_cast())
        }
        TimeUnit::Microsecond => {
            Column::Number(10, values.as_primitive::<TimestampMicrosecondType>().reinterpret_cast())
        }
        TimeUnit::Nanosecond => Column::Number(11, values.as_primitive::<TimestampNanosecondType>().reinterpret_cast()),
    }
}

#[inline]
fn length_prefixed(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn float_bits(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        // Adding zero turns -0 into 0.
        (value + 0.0).to_bits()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow::array::{
        Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, LargeStringArray, NullArray, UInt64Array,
    };

    use super::*;

    fn array(values: impl Array + 'static) -> ArrayRef {
        Arc::new(values)
    }

    fn text(values: Vec<Option<&str>>) -> ArrayRef {
        array(StringArray::from(values))
    }

    fn of(columns: &[ArrayRef]) -> Vec<u8> {
        rows(columns, 1).unwrap().value(0).to_vec()
    }

    #[test]
    fn different_content_has_different_fingerprints() {
        let all = [
            vec![text(vec![Some("ab")]), text(vec![Some("c")])],
            vec![text(vec![Some("a")]), text(vec![Some("bc")])],
            vec![text(vec![Some("abc")])],
            vec![text(vec![Some("")])],
            vec![text(vec![None])],
            vec![text(vec![None]), text(vec![None])],
            vec![text(vec![None]), text(vec![Some("")])],
            vec![text(vec![Some("")]), text(vec![None])],
            vec![text(vec![Some("1")])],
            vec![array(Int64Array::from(vec![1]))],
            vec![array(Float64Array::from(vec![1.0]))],
            vec![array(Date32Array::from(vec![1]))],
            vec![array(BooleanArray::from(vec![true]))],
            vec![array(Decimal128Array::from(vec![1]))],
            vec![array(Decimal128Array::from(vec![1]).with_precision_and_scale(9, 2).unwrap())],
            vec![array(BinaryArray::from(vec![b"abc".as_slice()]))],
        ];
        let mut prints: Vec<_> = all.iter().map(|columns| of(columns)).collect();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), all.len());
    }

    #[test]
    fn the_same_content_in_another_width_has_the_same_fingerprint() {
        assert_eq!(of(&[array(Int32Array::from(vec![7]))]), of(&[array(Int64Array::from(vec![7]))]));
        assert_eq!(of(&[text(vec![Some("x")])]), of(&[array(LargeStringArray::from(vec!["x"]))]));
        assert_eq!(of(&[array(Float64Array::from(vec![-0.0]))]), of(&[array(Float64Array::from(vec![0.0]))]));
        assert_eq!(of(&[text(vec![None])]), of(&[array(NullArray::new(1))]));
        let sliced = text(vec![Some("y"), Some("x")]).slice(1, 1);
        assert_eq!(of(&[sliced]), of(&[text(vec![Some("x")])]));
    }

    /// Stored fingerprints have to stay comparable: this value may never change.
    #[test]
    fn the_encoding_is_stable() {
        let columns = [
            text(vec![Some("张三")]),
            array(Int64Array::from(vec![-1])),
            array(Date32Array::from(vec![19_000])),
            array(UInt64Array::from(vec![5])),
            text(vec![None]),
        ];
        assert_eq!(hex::encode(of(&columns)), "f11d2a1cfaa5b71a563776f732c3658c");
        assert_ne!(rows(&columns, 1).unwrap(), rows(&columns, 2).unwrap());
    }

    #[test]
    fn columns_have_to_fit_together() {
        let expected = Some(Error::Columns { operation: "fingerprint" });
        assert_eq!(rows(&[], 0).err(), expected);
        assert_eq!(rows(&[text(vec![None]), text(vec![])], 0).err(), expected);
        assert_eq!(rows(&[text(vec![])], 0).unwrap().len(), 0);
    }
}
