//! Five-field POSIX/Vixie cron lines in a time zone.
//!
//! `minute hour day-of-month month day-of-week`, each `*`, a number, a range, a list, or a range or `*` with a step.
//! Months and days of the week may be English names of three letters; Sunday is 0 or 7; a range of names may wrap
//! (`fri-mon`). When both day fields are restricted either one fires; a day field that begins with `*` is not restricted.
//! Everything else (`@daily`, six fields, Quartz letters, reversed numbers) is refused with the reason and, where it can
//! be converted, the converted line.
//!
//! Daylight saving: a fixed time that a gap swallows fires once, at the first instant after the gap; a fixed time that
//! occurs twice fires once, the first time. A line whose minute or hour begins with `*` fires on every instant whose wall
//! clock matches, so it follows elapsed time.

mod error;
mod field;
mod parse;
mod search;
mod shape;

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;

pub use error::CronError;
pub(crate) use search::end_of_gap;
pub use shape::{DayShape, Shape, Times};

/// A parsed cron line. Sets of allowed values are bits: bit n means "n fires".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// Sunday is bit 0 only.
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
    elapsed: bool,
}

impl Cron {
    /// Parses a five-field line; any white space separates fields.
    ///
    /// # Errors
    /// P140 to P147: why not, with the converted line where there is one ([`CronError::converted`]).
    pub fn parse(line: &str) -> Result<Self, CronError> {
        parse::parse(line)
    }

    /// The first fire strictly after an instant, in the same zone; `None` when the calendar ends first.
    pub fn next_after(&self, instant: DateTime<Tz>) -> Option<DateTime<Tz>> {
        search::next_after(self, instant)
    }

    /// The last fire at or before an instant, in the same zone.
    pub fn previous_at_or_before(&self, instant: DateTime<Tz>) -> Option<DateTime<Tz>> {
        search::previous_at_or_before(self, instant)
    }

    /// Whether anything fires on a calendar day.
    fn matches_day(&self, day: NaiveDate) -> bool {
        let month = self.months >> day.month() & 1 == 1;
        let date = self.days >> day.day() & 1 == 1;
        let weekday = self.weekdays >> day.weekday().num_days_from_sunday() & 1 == 1;
        let either = !self.any_day && !self.any_weekday;
        month && if either { date || weekday } else { date && weekday }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
