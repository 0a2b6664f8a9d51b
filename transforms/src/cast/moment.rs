//! Timestamps out of normalised text.

use crate::fault::Reason;
use crate::standard::date::parse_date;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01T00:00:00, without a zone.
pub(super) fn timestamp(text: &str) -> Result<i64, Reason> {
    let (date, time) = split(text);
    let days = parse_date(date.as_bytes()).map_err(|reason| match reason {
        Reason::Format => Reason::Type,
        other => other,
    })?;
    Ok(i64::from(days) * MICROS_PER_DAY + time_of_day(time)?)
}

/// The day of a timestamp that has no time of day.
pub(super) fn whole_day(text: &str) -> Result<i32, Reason> {
    let micros = timestamp(text)?;
    if micros.rem_euclid(MICROS_PER_DAY) != 0 {
        return Err(Reason::Scale);
    }
    i32::try_from(micros / MICROS_PER_DAY).map_err(|_| Reason::Range)
}

fn split(text: &str) -> (&str, Time<'_>) {
    if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return (&text[..8], Time::Packed(&text.as_bytes()[8..]));
    }
    match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Time::Written(time.as_bytes())),
        None => (text, Time::None),
    }
}

enum Time<'a> {
    None,
    /// `HHMMSS`.
    Packed(&'a [u8]),
    /// `HH:MM[:SS[.f…]]`.
    Written(&'a [u8]),
}

fn time_of_day(time: Time<'_>) -> Result<i64, Reason> {
    match time {
        Time::None => Ok(0),
        Time::Packed(&[h1, h2, m1, m2, s1, s2]) => clock([h1, h2], [m1, m2], [s1, s2], b""),
        Time::Written(&[h1, h2, b':', m1, m2]) => clock([h1, h2], [m1, m2], *b"00", b""),
        Time::Written(&[h1, h2, b':', m1, m2, b':', s1, s2]) => clock([h1, h2], [m1, m2], [s1, s2], b""),
        Time::Written(&[h1, h2, b':', m1, m2, b':', s1, s2, b'.', ref fraction @ ..]) if !fraction.is_empty() => {
            clock([h1, h2], [m1, m2], [s1, s2], fraction)
        }
        _ => Err(Reason::Type),
    }
}

fn clock(hour: [u8; 2], minute: [u8; 2], second: [u8; 2], fraction: &[u8]) -> Result<i64, Reason> {
    let two = |[tens, ones]: [u8; 2], limit: i64| {
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return Err(Reason::Type);
        }
        let value = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
        if value < limit { Ok(value) } else { Err(Reason::Range) }
    };
    let seconds = two(hour, 24)? * 3600 + two(minute, 60)? * 60 + two(second, 60)?;
    Ok(seconds * 1_000_000 + micros(fraction)?)
}

fn micros(fraction: &[u8]) -> Result<i64, Reason> {
    let mut value = 0;
    for (place, byte) in fraction.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Err(Reason::Type);
        }
        if place < 6 {
            value = value * 10 + i64::from(byte - b'0');
        } else if *byte != b'0' {
            return Err(Reason::Scale);
        }
    }
    for _ in fraction.len()..6 {
        value *= 10;
    }
    Ok(value)
}
