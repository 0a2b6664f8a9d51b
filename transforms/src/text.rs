//! Text as every check wants to see it.
//!
//! Normalising folds full-width forms U+FF01–FF5E to ASCII and U+3000 to a space, nothing else (no NFKC), then trims
//! Unicode white space at both ends; an empty result is a missing value. [`as_text`] writes any scalar column as
//! canonical text.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, GenericStringBuilder, StringArray, StringBuilder};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type};

use crate::error::Error;

/// The column with every value normalised: the same buffers when nothing changes, which is found by scanning bytes.
///
/// Empty and blank values become null. Case and inner spaces are kept.
pub fn normalise(values: &StringArray) -> StringArray {
    let wide = has_wide(bytes_of(values));
    let Some(first) = (0..values.len()).find(|&row| !values.is_null(row) && !is_normal(values.value(row), wide)) else {
        return values.clone();
    };
    let mut out = Rewriter::starting(values, first);
    let mut scratch = String::new();
    for row in first..values.len() {
        if values.is_null(row) {
            out.push("");
        } else {
            out.push(normalised(values.value(row), wide, &mut scratch));
        }
    }
    out.finish()
}

/// One value normalised; `scratch` is only written when characters have to be folded.
pub fn normalise_value<'a>(value: &'a str, scratch: &'a mut String) -> &'a str {
    normalised(value, has_wide(value.as_bytes()), scratch)
}

/// Any scalar column as canonical text; null stays null.
///
/// Integers and decimals in plain digits (decimals with their scale), dates as `YYYY-MM-DD`, timestamps as
/// `YYYY-MM-DDTHH:MM:SS` with a fraction if there is one, booleans as `true` and `false`, floats in the shortest form
/// that reads back, whole ones without `.0`. Text is passed on as it is, without normalising.
///
/// # Errors
/// [`Error::Unsupported`] for nested, binary, duration and interval columns; [`Error::Conversion`] if a
/// value has no text (a date beyond the calendar) or the text exceeds 2 GiB.
pub fn as_text(values: &ArrayRef) -> Result<StringArray, Error> {
    match values.data_type() {
        DataType::Utf8 => Ok(values.as_string::<i32>().clone()),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = convert(values, &DataType::Float64)?;
            Ok(floats_as_text(wide.as_primitive::<Float64Type>()))
        }
        DataType::Dictionary(_, inner) => as_text(&convert(values, inner)?),
        kind if kind.is_integer()
            || kind.is_decimal()
            || kind.is_string()
            || matches!(
                kind,
                DataType::Null
                    | DataType::Boolean
                    | DataType::Date32
                    | DataType::Date64
                    | DataType::Time32(_)
                    | DataType::Time64(_)
                    | DataType::Timestamp(_, _)
            ) =>
        {
            Ok(convert(values, &DataType::Utf8)?.as_string::<i32>().clone())
        }
        other => Err(Error::unsupported("text form", other)),
    }
}

/// Arrow's own cast, for pairs that lose nothing; its error text may hold data and is dropped.
pub(crate) fn convert(values: &ArrayRef, to: &DataType) -> Result<ArrayRef, Error> {
    if values.data_type() == to {
        return Ok(values.clone());
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(values, to, &options).map_err(|_| Error::Conversion { to: to.to_string() })
}

fn floats_as_text(values: &Float64Array) -> StringArray {
    use std::fmt::Write;

    let mut out = StringBuilder::with_capacity(values.len(), values.len() * 8);
    for value in values {
        match value {
            None => out.append_null(),
            Some(number) => {
                // `Display` of f64 prints the shortest digits that read back, whole numbers without a fraction.
                let number = if number == 0.0 { 0.0 } else { number };
                let _ = write!(out, "{number}");
                out.append_value("");
            }
        }
    }
    out.finish()
}

/// The bytes that the (possibly sliced) array refers to.
pub(crate) fn bytes_of(values: &StringArray) -> &[u8] {
    let offsets = values.value_offsets();
    let start = offsets.first().map_or(0, |&offset| offset as usize);
    let end = offsets.last().map_or(0, |&offset| offset as usize);
    &values.value_data()[start..end]
}

/// Whether any character is folded. Lead bytes 0xE3 and 0xEF occur nowhere else in UTF-8.
pub(crate) fn has_wide(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(0xE3, 0xEF, bytes).any(|at| fold(&bytes[at..]).is_some())
}

/// The ASCII form of the character at the start of `bytes`, if it is one that is folded.
fn fold(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [0xE3, 0x80, 0x80, ..] => Some(b' '),
        [0xEF, 0xBC, last, ..] if (0x81..=0xBF).contains(last) => Some(last - 0x81 + b'!'),
        [0xEF, 0xBD, last, ..] if (0x80..=0x9E).contains(last) => Some(last - 0x80 + b'`'),
        _ => None,
    }
}

/// The value folded and trimmed; `wide` tells whether the column has anything to fold.
pub(crate) fn normalised<'a>(value: &'a str, wide: bool, scratch: &'a mut String) -> &'a str {
    if !wide || !has_wide(value.as_bytes()) {
        return trim(value);
    }
    scratch.clear();
    let bytes = value.as_bytes();
    let mut copied = 0;
    for at in memchr::memchr2_iter(0xE3, 0xEF, bytes) {
        if let Some(ascii) = fold(&bytes[at..]) {
            scratch.push_str(&value[copied..at]);
            scratch.push(char::from(ascii));
            copied = at + 3;
        }
    }
    scratch.push_str(&value[copied..]);
    trim(scratch)
}

/// `str::trim`, with a short way for ASCII ends.
pub(crate) fn trim(value: &str) -> &str {
    if has_plain_ends(value.as_bytes()) { value } else { value.trim() }
}

/// Whether the first and last bytes are visible ASCII, so that there is nothing to trim. False for an empty value.
#[inline]
pub(crate) fn has_plain_ends(bytes: &[u8]) -> bool {
    let visible = |byte: &u8| byte.wrapping_sub(0x21) < 0x5F;
    bytes.first().is_some_and(visible) && bytes.last().is_some_and(visible)
}

fn is_normal(value: &str, wide: bool) -> bool {
    let trimmed = trim(value);
    !trimmed.is_empty() && trimmed.len() == value.len() && !(wide && has_wide(value.as_bytes()))
}

/// Builds a column whose first rows are those of the input. An empty value is null.
pub(crate) struct Rewriter(GenericStringBuilder<i32>);

impl Rewriter {
    /// Takes over the rows before `row` unchanged.
    pub(crate) fn starting(values: &StringArray, row: usize) -> Self {
        let mut out = StringBuilder::with_capacity(values.len(), bytes_of(values).len() + 64);
        for kept in values.slice(0, row).iter() {
            out.append_option(kept);
        }
        Self(out)
    }

    /// Appends a value; an empty one becomes null.
    pub(crate) fn push(&mut self, value: &str) {
        if value.is_empty() {
            self.0.append_null();
        } else {
            self.0.append_value(value);
        }
    }

    /// The finished column.
    pub(crate) fn finish(mut self) -> StringArray {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, TimestampMicrosecondArray,
    };

    use super::*;

    fn one(value: &str) -> Option<String> {
        let out = normalise(&StringArray::from(vec![value]));
        out.is_valid(0).then(|| out.value(0).to_string())
    }

    #[test]
    fn folds_full_width_forms_and_the_ideographic_space_only() {
        assert_eq!(one("ＡＢｃ～！１２３").as_deref(), Some("ABc~!123"));
        assert_eq!(one("甲\u{3000}乙").as_deref(), Some("甲 乙"));
        for kept in ["²", "①", "Х", "㈱", "￥", "。", "ﾊ", "｟", "\u{feff}x", "x\u{200b}", "\u{3001}"] {
            assert_eq!(one(kept).as_deref(), Some(kept));
        }
        assert_eq!(one("\u{ff01}\u{ff5e}").as_deref(), Some("!~"));
    }

    #[test]
    fn every_full_width_form_folds_to_its_ascii_twin() {
        for code in 0xff01..=0xff5eu32 {
            let wide = char::from_u32(code).unwrap().to_string();
            let ascii = char::from_u32(code - 0xfee0).unwrap().to_string();
            assert_eq!(one(&wide), Some(ascii));
        }
    }

    #[test]
    fn trims_unicode_white_space_and_makes_blank_missing() {
        assert_eq!(one(" \t\u{a0}\u{2003}张 三\u{3000}\n").as_deref(), Some("张 三"));
        assert_eq!(one("\u{85}x\u{2028}").as_deref(), Some("x"));
        assert_eq!(one(""), None);
        assert_eq!(one(" \u{3000}\u{a0}"), None);
        assert_eq!(one("\u{200b}").as_deref(), Some("\u{200b}"));
    }

    #[test]
    fn a_normal_column_is_returned_as_it_is() {
        let column = StringArray::from(vec![Some("张三"), None, Some("A1"), Some("（")]);
        let normal = column.slice(0, 3);
        assert_eq!(normalise(&normal).values().as_ptr(), normal.values().as_ptr());
        assert_eq!(normalise(&column).value(3), "(");
        assert!(normalise(&column).is_null(1));
    }

    #[test]
    fn slices_are_read_from_their_own_offset() {
        let column = StringArray::from(vec![Some(" a"), Some("b"), Some(" c "), None]);
        let out = normalise(&column.slice(1, 3));
        assert_eq!(out, StringArray::from(vec![Some("b"), Some("c"), None]));
    }

    #[test]
    fn every_scalar_has_one_text() {
        let text = |array: ArrayRef| as_text(&array).unwrap().value(0).to_string();
        assert_eq!(text(Arc::new(Int64Array::from(vec![-7]))), "-7");
        assert_eq!(text(Arc::new(BooleanArray::from(vec![true]))), "true");
        assert_eq!(text(Arc::new(Date32Array::from(vec![19_000]))), "2022-01-08");
        assert_eq!(text(Arc::new(TimestampMicrosecondArray::from(vec![1_500_000]))), "1970-01-01T00:00:01.500");
        let amount = Decimal128Array::from(vec![12_300]).with_precision_and_scale(9, 2).unwrap();
        assert_eq!(text(Arc::new(amount)), "123.00");
        for (number, expected) in [(12.0, "12"), (-0.0, "0"), (0.1, "0.1"), (1e20, "100000000000000000000")] {
            assert_eq!(text(Arc::new(Float64Array::from(vec![number]))), expected);
        }
        let binary: ArrayRef = Arc::new(BinaryArray::from(vec![b"x".as_slice()]));
        assert!(matches!(as_text(&binary), Err(Error::Unsupported { .. })));
    }
}
