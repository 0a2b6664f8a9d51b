//! Times of day as people write them: `07:00`.

use chrono::NaiveTime;

use super::forms::{FormError, cut};

/// Parses hours and minutes of a day of 24 hours, two digits each.
///
/// # Errors
/// P610 for anything else.
///
/// ```
/// assert!(pipelines::spec::clock::parse("07:00").is_ok());
/// assert!(pipelines::spec::clock::parse("24:00").is_err());
/// ```
pub fn parse(text: &str) -> Result<NaiveTime, FormError> {
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split_once(':').filter(|(hour, minute)| digits(hour) && digits(minute));
    let time = parts.and_then(|(hour, minute)| NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0));
    time.ok_or_else(|| FormError::Clock { text: cut(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_minutes_have_two_digits_each() {
        assert_eq!(parse("07:05").ok(), NaiveTime::from_hms_opt(7, 5, 0));
        assert_eq!(parse("00:00").ok(), NaiveTime::from_hms_opt(0, 0, 0));
        for text in ["", "7:00", "24:00", "07:60", "07:00:00", "0700", "７:00", "-1:00", "+7:00", "早上"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
