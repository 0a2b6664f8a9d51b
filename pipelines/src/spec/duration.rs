//! Durations as people write them: `10s`, `5m`, `2h`, `7d`.

use std::time::Duration;

use super::forms::FormError;

/// Longest duration, ten years; more is a slip.
const LONGEST_SECONDS: u64 = 10 * 366 * 86_400;

/// Parses a whole number followed by `s`, `m`, `h` or `d` (a day is 24 hours).
///
/// # Errors
/// P155 for anything else, and for more than ten years.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(pipelines::spec::duration::parse("2h").ok(), Some(Duration::from_secs(7200)));
/// assert!(pipelines::spec::duration::parse("2 hours").is_err());
/// ```
pub fn parse(text: &str) -> Result<Duration, FormError> {
    let bad = || FormError::Duration { text: super::forms::cut(text) };
    let unit = text.chars().last().ok_or_else(bad)?;
    let seconds_each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let digits = &text[..text.len() - unit.len_utf8()];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let number: u64 = digits.parse().map_err(|_| bad())?;
    let seconds = number.checked_mul(seconds_each).ok_or_else(bad)?;
    if seconds > LONGEST_SECONDS {
        return Err(bad());
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn units_are_seconds_minutes_hours_and_days() {
        for (text, seconds) in [("0s", 0), ("10s", 10), ("5m", 300), ("2h", 7_200), ("7d", 604_800)] {
            assert_eq!(parse(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "s",
            "5",
            "5M",
            "-5m",
            "+5m",
            "1.5h",
            "5 m",
            "5min",
            "1h30m",
            "5分",
            "５m",
            "99999999999999999999d",
            "4000d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
