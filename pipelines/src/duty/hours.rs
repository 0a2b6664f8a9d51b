//! Hours of certain days of the week, also over midnight.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::spec::clock;
use crate::spec::duty::DayName;

/// From a time of day on certain days, until another time of day: the next day's if it is not later. Half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// Monday is bit 0.
    days: u8,
    from: NaiveTime,
    to: NaiveTime,
}

impl Window {
    /// Days and times as they are written; no days are all days, no times the whole day. `None` for what is no time.
    pub(crate) fn of(days: &[DayName], times: Option<(&str, &str)>) -> Option<Self> {
        let (from, to) = match times {
            Some((from, to)) => (clock::parse(from).ok()?, clock::parse(to).ok()?),
            None => (NaiveTime::MIN, NaiveTime::MIN),
        };
        let days = if days.is_empty() { 0b111_1111 } else { days.iter().fold(0, |all, day| all | bits(*day)) };
        Some(Self { days, from, to })
    }

    /// The day on which the window that holds a local time began.
    pub(crate) fn began(&self, local: NaiveDateTime) -> Option<NaiveDate> {
        let today = local.date();
        let candidates = [Some(today), today.checked_sub_days(Days::new(1))];
        candidates.into_iter().flatten().find(|day| {
            let begins = self.days >> day.weekday().num_days_from_monday() & 1 == 1;
            begins && day.and_time(self.from) <= local && self.end(*day).is_some_and(|end| local < end)
        })
    }

    /// When the window that holds a local time ends; windows that follow without a gap count as one. `None` outside, or if
    /// it never ends.
    pub(crate) fn ends(&self, local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
        let mut end = self.end(self.began(local)?)?;
        for _ in 0..8 {
            match self.began(end) {
                Some(day) => end = self.end(day)?,
                None => return Some(instant(end, zone)),
            }
        }
        None
    }

    fn end(&self, day: NaiveDate) -> Option<NaiveDateTime> {
        let last = if self.to > self.from { day } else { day.checked_add_days(Days::new(1))? };
        Some(last.and_time(self.to))
    }
}

fn bits(day: DayName) -> u8 {
    match day {
        DayName::Mon => 1,
        DayName::Tue => 1 << 1,
        DayName::Wed => 1 << 2,
        DayName::Thu => 1 << 3,
        DayName::Fri => 1 << 4,
        DayName::Sat => 1 << 5,
        DayName::Sun => 1 << 6,
        DayName::Weekdays => 0b001_1111,
        DayName::Weekend => 0b110_0000,
    }
}

/// The first instant at which the clock of a zone shows a time, or, where a gap swallows it, the first after the gap.
pub(crate) fn instant(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let mut local = local;
    // No gap of the time zone database is longer than a day.
    for _ in 0..=24 * 4 {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return at.with_timezone(&Utc),
            LocalResult::None => local += TimeDelta::minutes(15),
        }
    }
    local.and_utc()
}
