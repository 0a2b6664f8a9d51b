//! Walks a text column once: normalise, check, and rewrite only from the first value that changes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};

use crate::fault::{Fault, Reason, Standardised};
use crate::text::{Rewriter, bytes_of, has_plain_ends, has_wide, normalised};

/// What a check says about one normalised value.
pub(super) struct Checked<'a> {
    /// The value to keep.
    pub(super) value: Canonical<'a>,
    /// What is wrong or suspicious.
    pub(super) verdict: Verdict,
}

/// The value to keep.
pub(super) enum Canonical<'a> {
    /// A part of what was given, or all of it. Empty means missing.
    Text(&'a str),
    /// An 18-character citizen number that was made from an older one.
    Made([u8; 18]),
}

/// What is wrong or suspicious about one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Pass,
    /// It passes but looks wrong.
    Warn(Reason),
    /// It violates the standard.
    Fail(Reason),
}

impl From<Result<(), Reason>> for Verdict {
    fn from(result: Result<(), Reason>) -> Self {
        result.map_or_else(Verdict::Fail, |()| Verdict::Pass)
    }
}

impl<'a> Checked<'a> {
    /// The value as it was given.
    #[inline]
    pub(super) fn same(value: &'a str, verdict: impl Into<Verdict>) -> Self {
        Self { value: Canonical::Text(value), verdict: verdict.into() }
    }
}

/// Whether ASCII letters become upper case before the check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Letters of codes become upper case.
    Upper,
    /// Letters stay.
    Keep,
}

/// Runs `check` on every present value after normalising it.
pub(super) fn text(
    values: &StringArray,
    case: Case,
    mut check: impl for<'a> FnMut(&'a str) -> Checked<'a>,
) -> Standardised {
    let mut findings = Findings::default();
    let mut reader = Reader::new(values, case);
    let mut out: Option<Rewriter> = None;
    for row in 0..values.len() {
        if values.is_null(row) {
            if let Some(out) = &mut out {
                out.push("");
            }
            continue;
        }
        let raw = values.value(row);
        let value = reader.read(raw);
        let checked = if value.is_empty() { Checked::same(value, Verdict::Pass) } else { check(value) };
        findings.note(row, checked.verdict);
        let kept = match &checked.value {
            Canonical::Text(text) => *text,
            Canonical::Made(digits) => std::str::from_utf8(digits).unwrap_or_default(),
        };
        match &mut out {
            Some(out) => out.push(kept),
            None if kept.is_empty() || !same_text(kept, raw) => {
                let mut rewriter = Rewriter::starting(values, row);
                rewriter.push(kept);
                out = Some(rewriter);
            }
            None => {}
        }
    }
    let values: ArrayRef = match out {
        Some(out) => Arc::new(out.finish()),
        None => Arc::new(values.clone()),
    };
    findings.with(values)
}

/// Equality that needs no comparison in the usual case, where the text is the very same memory.
#[inline]
fn same_text(left: &str, right: &str) -> bool {
    left.len() == right.len() && (left.as_ptr() == right.as_ptr() || left == right)
}

/// Normalises values one after the other, knowing what the whole column cannot contain.
pub(super) struct Reader {
    wide: bool,
    upper: bool,
    scratch: String,
    raised: String,
}

impl Reader {
    /// Scans the column once for what would make normalising necessary.
    pub(super) fn new(values: &StringArray, case: Case) -> Self {
        let bytes = bytes_of(values);
        let wide = !bytes.is_ascii() && has_wide(bytes);
        // A full-width small letter turns into a small letter, so a column with wide characters is looked at in full.
        let upper = case == Case::Upper && (wide || bytes.iter().any(u8::is_ascii_lowercase));
        Self { wide, upper, scratch: String::new(), raised: String::new() }
    }

    /// The normalised value: the same memory if it is normal already.
    #[inline]
    pub(super) fn read<'a>(&'a mut self, raw: &'a str) -> &'a str {
        if !self.wide && !self.upper && has_plain_ends(raw.as_bytes()) {
            return raw;
        }
        self.read_slowly(raw)
    }

    fn read_slowly<'a>(&'a mut self, raw: &'a str) -> &'a str {
        let value = normalised(raw, self.wide, &mut self.scratch);
        if !self.upper || !value.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return value;
        }
        self.raised.clear();
        self.raised.push_str(value);
        self.raised.make_ascii_uppercase();
        &self.raised
    }
}

/// The sparse lists of a column.
#[derive(Default)]
pub(super) struct Findings {
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Findings {
    /// Notes what was found in a row; rows come in ascending order.
    #[inline]
    pub(super) fn note(&mut self, row: usize, verdict: Verdict) {
        let (list, reason) = match verdict {
            Verdict::Pass => return,
            Verdict::Warn(reason) => (&mut self.warnings, reason),
            Verdict::Fail(reason) => (&mut self.faults, reason),
        };
        // Arrow text arrays have 32-bit offsets, so a row number always fits.
        list.push(Fault { row: row as u32, reason });
    }

    /// The lists together with the column.
    pub(super) fn with(self, values: ArrayRef) -> Standardised {
        Standardised { values, faults: self.faults, warnings: self.warnings }
    }
}

/// Whether every byte is an ASCII digit. It does not stop early, so that short texts are looked at in one go.
#[inline]
pub(super) fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |digits, byte| digits & byte.is_ascii_digit())
}

/// The sum of values times weights, up to the shorter of both. The products of a few small numbers cannot overflow.
#[inline]
pub(super) fn weighted_sum<const N: usize>(values: &[u8], weights: [u16; N]) -> u16 {
    values
        .iter()
        .zip(weights)
        .fold(0, |sum: u16, (&value, weight)| sum.wrapping_add(u16::from(value).wrapping_mul(weight)))
}

/// Whether all characters are digits, and then whether there are as many as there should be.
#[inline]
pub(super) fn digits_of_length(bytes: &[u8], lengths: std::ops::RangeInclusive<usize>) -> Result<(), Reason> {
    if !all_digits(bytes) {
        Err(Reason::Characters)
    } else if !lengths.contains(&bytes.len()) {
        Err(Reason::Length)
    } else {
        Ok(())
    }
}
