//! Calendar dates, GB/T 7408 and the forms seen in practice.

use std::sync::Arc;

use arrow::array::{Array, Date32Array, StringArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use chrono::{Datelike, NaiveDate};

use super::walk::{Case, Findings, Reader, Verdict, all_digits};
use super::{Context, Reason, Standard, Standardised, Title};

/// A day, as `Date32`.
///
/// Accepted: `YYYYMMDD`, `YYYY-MM-DD` with two digits, `YYYY/M/D` and `YYYY年M月D日` with one or two; years 0001–9999.
/// Reasons: `format`, `no-such-date`. A date with a time is `format`.
#[derive(Debug)]
pub(crate) struct Date;

impl Standard for Date {
    fn id(&self) -> &'static str {
        "date"
    }

    fn title(&self) -> Title {
        Title { zh: "日期", en: "date" }
    }

    fn source(&self) -> &'static str {
        "GB/T 7408.1-2023"
    }

    fn output(&self) -> DataType {
        DataType::Date32
    }

    fn apply(&self, values: &StringArray, _: &Context) -> Standardised {
        let mut findings = Findings::default();
        let mut reader = Reader::new(values, Case::Keep);
        let mut days = vec![0; values.len()];
        let mut missing = Vec::new();
        for (row, day) in days.iter_mut().enumerate() {
            if values.is_null(row) {
                continue;
            }
            let value = reader.read(values.value(row));
            match parse_date(value.as_bytes()) {
                Ok(parsed) => *day = parsed,
                Err(reason) => {
                    missing.push(row);
                    if !value.is_empty() {
                        findings.note(row, Verdict::Fail(reason));
                    }
                }
            }
        }
        let nulls = without(values, &missing);
        findings.with(Arc::new(Date32Array::new(ScalarBuffer::from(days), nulls)))
    }
}

/// The nulls of `values` with more rows missing.
fn without(values: &StringArray, missing: &[usize]) -> Option<NullBuffer> {
    if missing.is_empty() {
        return values.nulls().cloned();
    }
    let mut present = vec![true; values.len()];
    for &row in missing {
        present[row] = false;
    }
    NullBuffer::union(Some(&NullBuffer::from(present)), values.nulls())
}

/// A normalised text as days since 1970-01-01.
pub(crate) fn parse_date(bytes: &[u8]) -> Result<i32, Reason> {
    let date = split(bytes).ok_or(Reason::Format)?;
    if date.exists() { Ok(date.days()) } else { Err(Reason::NoSuchDate) }
}

fn split(bytes: &[u8]) -> Option<Civil> {
    match *bytes {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => fixed([y1, y2, y3, y4, m1, m2, d1, d2]),
        [y1, y2, y3, y4, b'/', ref rest @ ..] => parts([y1, y2, y3, y4], rest, b"/", b""),
        [y1, y2, y3, y4, 0xE5, 0xB9, 0xB4, ref rest @ ..] => {
            let [month, day] = ["月", "日"].map(str::as_bytes);
            parts([y1, y2, y3, y4], rest, month, day)
        }
        [y1, y2, y3, y4, m1, m2, d1, d2] => fixed([y1, y2, y3, y4, m1, m2, d1, d2]),
        _ => None,
    }
}

/// The eight digits of a date.
#[inline]
fn fixed(date: [u8; 8]) -> Option<Civil> {
    all_digits(&date).then(|| Civil { year: digits(&date[..4]), month: digits(&date[4..6]), day: digits(&date[6..]) })
}

/// Month and day of one or two digits, with `between` them and `end` behind.
fn parts(year: [u8; 4], rest: &[u8], between: &[u8], end: &[u8]) -> Option<Civil> {
    let (month, rest) = one_or_two(rest)?;
    let (day, rest) = one_or_two(rest.strip_prefix(between)?)?;
    (rest == end && all_digits(&year)).then(|| Civil { year: digits(&year), month, day })
}

/// The number of one or two digits at the beginning, and what follows.
#[inline]
fn one_or_two(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = match bytes {
        [a, b, rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() => (&bytes[..2], rest),
        [a, rest @ ..] if a.is_ascii_digit() => (&bytes[..1], rest),
        _ => return None,
    };
    Some((digits(number), rest))
}

/// The value of a few ASCII digits.
#[inline]
pub(super) fn digits(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |value, byte| value.wrapping_mul(10).wrapping_add(u32::from(byte & 0x0F)))
}

/// A day of the proleptic Gregorian calendar that may not exist; ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Civil {
    /// 1–9999 if it exists.
    pub(super) year: u32,
    /// 1–12 if it exists.
    pub(super) month: u32,
    /// 1–31 if it exists.
    pub(super) day: u32,
}

impl From<NaiveDate> for Civil {
    fn from(date: NaiveDate) -> Self {
        Self { year: u32::try_from(date.year()).unwrap_or(0), month: date.month(), day: date.day() }
    }
}

impl Civil {
    /// Whether the calendar has this day.
    #[inline]
    pub(super) fn exists(self) -> bool {
        const DAYS: [u32; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        (1..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && self.day >= 1
            && self.day <= DAYS[self.month as usize] + u32::from(leap && self.month == 2)
    }

    /// Days since 1970-01-01 of a day that exists (the usual shift of the year to begin in March).
    #[inline]
    fn days(self) -> i32 {
        let (year, month, day) = (self.year as i32, self.month as i32, self.day as i32);
        let year = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_day_of_the_calendar_agrees_with_chrono() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let mut date = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
        let end = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
        while date < end {
            let civil = Civil::from(date);
            assert!(civil.exists());
            assert_eq!(i64::from(civil.days()), (date - epoch).num_days());
            date = date.succ_opt().unwrap();
        }
    }

    #[test]
    fn days_that_do_not_exist() {
        for text in ["20230229", "19000229", "20230431", "20230100", "20231301", "00000101", "2023/0/1"] {
            assert_eq!(parse_date(text.as_bytes()), Err(Reason::NoSuchDate), "{text}");
        }
        assert!(parse_date(b"20000229").is_ok());
    }
}
