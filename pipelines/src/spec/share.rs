//! Shares and baselines as people write them: `30%`, `median of last 7`.

use super::forms::{FormError, cut};

/// Parses a percentage: `30%` is 0.3. At most four fraction digits, above 0 and at most 1000 %.
///
/// # Errors
/// P156.
pub fn percent(text: &str) -> Result<f64, FormError> {
    let bad = || FormError::Percent { text: cut(text) };
    let number = text.strip_suffix('%').ok_or_else(bad)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole, 4) || !digits(fraction, 4) {
        return Err(bad());
    }
    let value: f64 = number.parse().map_err(|_| bad())?;
    if value > 0.0 && value <= 1000.0 { Ok(value / 100.0) } else { Err(bad()) }
}

/// Parses a baseline: `median of last 7` is 7.
///
/// # Errors
/// P157.
pub fn baseline(text: &str) -> Result<usize, FormError> {
    text.strip_prefix("median of last ")
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse::<usize>().ok())
        .filter(|number| (1..=1000).contains(number))
        .ok_or_else(|| FormError::Baseline { text: cut(text) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn percentages() {
        assert!((percent("30%").unwrap() - 0.3).abs() < 1e-12);
        assert!((percent("0.5%").unwrap() - 0.005).abs() < 1e-12);
        assert!(percent("1000%").is_ok());
        for bad in ["30", "%", "0%", "-3%", "1e2%", "1001%", ".5%", "5.%", "inf%", "NaN%", "３%"] {
            assert!(percent(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn baselines() {
        assert_eq!(baseline("median of last 7").unwrap(), 7);
        for bad in ["median of last 0", "median of last", "mean of last 7", "median of last +7", "median of last 1001"]
        {
            assert!(baseline(bad).is_err(), "{bad}");
        }
    }
}
