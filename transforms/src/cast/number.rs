//! Numbers out of normalised text, exactly.

use crate::fault::Reason;

/// The whole number; a fraction of zeros is accepted.
pub(super) fn integer(text: &str) -> Result<i64, Reason> {
    let value = Plain::read(text)?.scaled(0)?;
    i64::try_from(value).map_err(|_| Reason::Range)
}

/// The unscaled value of a decimal with `scale` fraction digits and at most `precision` digits in all.
pub(super) fn decimal(text: &str, precision: u8, scale: i8) -> Result<i128, Reason> {
    let value = Plain::read(text)?.scaled(scale)?;
    let limit = 10i128.checked_pow(u32::from(precision));
    match limit {
        Some(limit) if value.abs() < limit => Ok(value),
        _ => Err(Reason::Range),
    }
}

/// A finite float. A whole number out of an integer column has to be exact; text is rounded as IEEE 754 does.
pub(super) fn float(text: &str, rounds: bool) -> Result<f64, Reason> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(plain) {
        return Err(Reason::Type);
    }
    let value: f64 = text.parse().map_err(|_| Reason::Type)?;
    if !value.is_finite() {
        return Err(Reason::Range);
    }
    let exact = || {
        let back = format!("{value}");
        matches!((Plain::read(&back), Plain::read(text)), (Ok(a), Ok(b)) if a.same_as(&b))
    };
    if rounds || exact() { Ok(value) } else { Err(Reason::Scale) }
}

/// The parts of a number in plain digits.
struct Plain<'a> {
    negative: bool,
    whole: &'a [u8],
    /// Without trailing zeros.
    fraction: &'a [u8],
}

impl<'a> Plain<'a> {
    fn read(text: &'a str) -> Result<Self, Reason> {
        let (negative, rest) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (whole, fraction): (&[u8], &[u8]) = match rest.iter().position(|&byte| byte == b'.') {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, b""),
        };
        let digits = whole.iter().chain(fraction);
        if whole.is_empty() && fraction.is_empty() || !digits.into_iter().all(u8::is_ascii_digit) {
            return Err(Reason::Type);
        }
        let zeros = fraction.iter().rev().take_while(|&&byte| byte == b'0').count();
        Ok(Self { negative, whole, fraction: &fraction[..fraction.len() - zeros] })
    }

    /// The number times 10^scale, which has to be whole.
    fn scaled(&self, scale: i8) -> Result<i128, Reason> {
        let places = usize::try_from(scale).map_err(|_| Reason::Scale)?;
        if self.fraction.len() > places {
            return Err(Reason::Scale);
        }
        let mut value = 0i128;
        for &byte in self.whole.iter().chain(self.fraction) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(i128::from(byte - b'0')))
                .ok_or(Reason::Range)?;
        }
        let shift = 10i128
            .checked_pow((places - self.fraction.len()) as u32)
            .and_then(|power| value.checked_mul(power))
            .ok_or(Reason::Range)?;
        Ok(if self.negative { -shift } else { shift })
    }

    fn same_as(&self, other: &Self) -> bool {
        fn significant(whole: &[u8]) -> &[u8] {
            let zeros = whole.iter().take_while(|&&byte| byte == b'0').count();
            &whole[zeros..]
        }
        let zero = significant(self.whole).is_empty() && self.fraction.is_empty();
        (zero || self.negative == other.negative)
            && significant(self.whole) == significant(other.whole)
            && self.fraction == other.fraction
    }
}
