//! When a pipeline is due, and what each tick covers. Pure: instants come in, fires go out.
//!
//! A fire exists on the clock of the schedule's zone (`cron`) or at multiples of an elapsed time since 1970-01-01T00:00Z
//! (`every`). Under a calendar, a fire whose local date does not work does not exist; the interval of the next one then
//! begins at the fire that really was before it, so that Monday covers Friday to Monday. A schedule with neither has no
//! fires of its own: its ticks are versions of the tables it names in `after`.
//!
//! Must never happen: a guess about a year that the calendar does not know.

mod fires;

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::calendar::{Calendar, Calendars, Unpublished};
use crate::spec::cron::{Cron, CronError};
use crate::spec::forms::FormError;
use crate::spec::pipeline::ScheduleSpec;
use crate::spec::{duration, forms};

pub use fires::Fires;

/// Shortest and longest `every`, in seconds: a minute and 366 days.
pub const EVERY: std::ops::RangeInclusive<u64> = 60..=366 * 86_400;

/// Why a schedule has no [`When`]. A checked project never has one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// Both `cron` and `every`.
    #[error("a schedule has either cron or every")]
    Both,
    /// The cron line is none.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// `every` is no duration, or out of bounds.
    #[error(transparent)]
    Every(#[from] FormError),
    /// The time zone is none.
    #[error("“{0}” is not a time zone")]
    Zone(String),
    /// The project has no such calendar.
    #[error("there is no calendar “{0}”")]
    Calendar(String),
}

/// When a pipeline is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    rule: Rule,
    zone: Tz,
    calendar: Option<Arc<Calendar>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Cron(Box<Cron>),
    /// Seconds, within [`EVERY`].
    Every(i64),
    /// No times of its own.
    After,
}

/// One tick of a schedule, and the half-open interval of time it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fire {
    /// When it is due.
    pub at: DateTime<Utc>,
    /// The fire before it; under a calendar, the one that really was.
    pub interval_start: DateTime<Utc>,
    /// Where the interval ends: `at`.
    pub interval_end: DateTime<Utc>,
    /// Local date on which the interval begins.
    pub business_date: NaiveDate,
    /// Last business date it covers: the one before the local date on which the interval ends, if it covers several.
    pub last_business_date: NaiveDate,
}

impl Fire {
    /// The fire of an interval.
    pub fn covering(from: DateTime<Utc>, at: DateTime<Utc>, zone: Tz) -> Self {
        let business_date = from.with_timezone(&zone).date_naive();
        let end = at.with_timezone(&zone).date_naive();
        let before = end.checked_sub_days(Days::new(1)).unwrap_or(end);
        let last_business_date = before.max(business_date);
        Self { at, interval_start: from, interval_end: at, business_date, last_business_date }
    }

    /// Key of its occurrence in the ledger: the instant, RFC 3339 in UTC.
    pub fn key(&self) -> String {
        self.at.to_rfc3339()
    }
}

impl When {
    /// The times of a schedule.
    ///
    /// # Errors
    /// What a check of the project would have reported.
    pub fn of(spec: &ScheduleSpec, project_zone: Tz, calendars: &Calendars) -> Result<Self, WhenError> {
        let rule = match (&spec.cron, &spec.every) {
            (Some(_), Some(_)) => return Err(WhenError::Both),
            (Some(line), None) => Rule::Cron(Box::new(Cron::parse(line)?)),
            (None, Some(text)) => {
                let seconds = duration::parse(text)?.as_secs();
                let seconds = i64::try_from(seconds).ok().filter(|_| EVERY.contains(&seconds));
                Rule::Every(seconds.ok_or_else(|| FormError::Duration { text: forms::cut(text) })?)
            }
            (None, None) => Rule::After,
        };
        let zone = match &spec.timezone {
            Some(name) => name.parse().map_err(|_| WhenError::Zone(forms::cut(name)))?,
            None => project_zone,
        };
        let calendar = match &spec.calendar {
            Some(name) => Some(Arc::clone(calendars.get(name).ok_or_else(|| WhenError::Calendar(forms::cut(name)))?)),
            None => None,
        };
        Ok(Self { rule, zone, calendar })
    }

    /// Zone of its clock and of its business dates.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The calendar that decides which days have fires.
    pub fn calendar(&self) -> Option<&Arc<Calendar>> {
        self.calendar.as_ref()
    }

    /// The cron line, if it has one.
    pub fn cron(&self) -> Option<&Cron> {
        match &self.rule {
            Rule::Cron(cron) => Some(cron),
            _ => None,
        }
    }

    /// The elapsed time between fires, if that is what it goes by.
    pub fn every(&self) -> Option<TimeDelta> {
        match self.rule {
            Rule::Every(seconds) => Some(TimeDelta::seconds(seconds)),
            _ => None,
        }
    }

    /// Whether it has fires at all; without, it runs only after the tables it names.
    pub fn has_fires(&self) -> bool {
        self.rule != Rule::After
    }

    /// The fires in `(after, until]`, in order. They end after the first error.
    pub fn fires(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Fires<'_> {
        Fires::new(self, after, until)
    }

    /// The first fire after an instant; `None` if there is none within twenty years.
    ///
    /// # Errors
    /// The calendar does not know a year on the way, there or back to the fire before.
    pub fn next(&self, after: DateTime<Utc>) -> Result<Option<Fire>, Unpublished> {
        self.fires(after, DateTime::<Utc>::MAX_UTC).next().transpose()
    }

    /// The last fire at or before an instant.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn previous(&self, at_or_before: DateTime<Utc>) -> Result<Option<Fire>, Unpublished> {
        match fires::before(self, at_or_before)? {
            Some(at) => self.fire(at),
            None => Ok(None),
        }
    }

    /// The fire whose interval begins on a local date; the last of them when there are several.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn of_business_date(&self, date: NaiveDate) -> Result<Option<Fire>, Unpublished> {
        let end = date.checked_add_days(Days::new(1)).and_then(|next| fires::settled_instant(self.zone, next));
        let Some(end) = end else { return Ok(None) };
        let begins = fires::before(self, end - TimeDelta::seconds(1))?;
        match begins.filter(|begins| begins.with_timezone(&self.zone).date_naive() == date) {
            Some(begins) => self.next(begins),
            None => Ok(None),
        }
    }

    /// A fire at an instant that is known to be one.
    fn fire(&self, at: DateTime<Utc>) -> Result<Option<Fire>, Unpublished> {
        let from = fires::before(self, at - TimeDelta::seconds(1))?;
        Ok(from.map(|from| Fire::covering(from, at, self.zone)))
    }
}

#[cfg(test)]
mod tests;
