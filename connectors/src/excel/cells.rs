//! One cell as text.

use calamine::{Data, DataRef, ExcelDateTime};

/// A cell's value, whichever reader gave it.
pub(super) enum Cell<'a> {
    Empty,
    Text(&'a str),
    Whole(i64),
    Number(f64),
    Truth(bool),
    Moment(ExcelDateTime),
    Other(String),
}

impl<'a> From<&'a Data> for Cell<'a> {
    fn from(data: &'a Data) -> Self {
        match data {
            Data::Empty => Self::Empty,
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Self::Text(text),
            Data::Int(value) => Self::Whole(*value),
            Data::Float(value) => Self::Number(*value),
            Data::Bool(value) => Self::Truth(*value),
            Data::DateTime(moment) => Self::Moment(*moment),
            Data::Error(kind) => Self::Other(kind.to_string()),
        }
    }
}

impl<'a> From<&'a DataRef<'a>> for Cell<'a> {
    fn from(data: &'a DataRef<'a>) -> Self {
        match data {
            DataRef::Empty => Self::Empty,
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Self::Text(text),
            DataRef::SharedString(text) => Self::Text(text),
            DataRef::Int(value) => Self::Whole(*value),
            DataRef::Float(value) => Self::Number(*value),
            DataRef::Bool(value) => Self::Truth(*value),
            DataRef::DateTime(moment) => Self::Moment(*moment),
            DataRef::Error(kind) => Self::Other(kind.to_string()),
        }
    }
}

impl Cell<'_> {
    /// Canonical text, empty for an empty cell. A cell that shows an error keeps its code, such as `#N/A`.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => (*text).to_owned(),
            Self::Whole(value) => value.to_string(),
            Self::Number(value) => number(*value),
            Self::Truth(value) => value.to_string(),
            Self::Moment(moment) => instant(moment),
            Self::Other(text) => text.clone(),
        }
    }
}

/// The shortest text that reads back as the same number; whole numbers in full.
fn number(value: f64) -> String {
    format!("{value}")
}

/// ISO 8601: a date, a date and time, a time of day for day 0, or a duration as hours, minutes and seconds.
fn instant(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        let seconds = (moment.as_f64() * 86_400.0).round();
        let (sign, seconds) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
        let seconds = seconds as u64;
        return format!("{sign}{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    let time = format!("{hour:02}:{minute:02}:{second:02}{fraction}");
    if moment.as_f64() >= 0.0 && moment.as_f64() < 1.0 {
        time
    } else if moment.as_f64().fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{time}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    #[test]
    fn cells_become_canonical_text() {
        let moment = |value, kind| Cell::Moment(ExcelDateTime::new(value, kind, false)).text();
        assert_eq!(moment(45_981.0, DateTime), "2025-11-20");
        assert_eq!(moment(45_981.5, DateTime), "2025-11-20T12:00:00");
        assert_eq!(moment(0.25, DateTime), "06:00:00");
        assert_eq!(moment(1.5, TimeDelta), "36:00:00");
        assert_eq!(Cell::Number(3.0).text(), "3");
        assert_eq!(Cell::Number(0.1).text(), "0.1");
        assert_eq!(Cell::Number(6.222_021_602_000_12e18).text(), "6222021602000120000");
        assert_eq!(Cell::Truth(true).text(), "true");
    }
}
