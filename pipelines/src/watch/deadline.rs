//! The instants of a deadline.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::calendar::{Calendar, Unpublished};
use crate::duty::instant;
use crate::spec::pipeline::DeadlineSpec;
use crate::spec::{clock, duration};

/// What must have been reached by an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// The run has begun.
    Start,
    /// Everything is staged.
    Stage,
    /// Everything is published.
    Publish,
    /// The same, as the deadline of the whole.
    End,
}

impl Point {
    /// Name in keys of notices.
    pub fn as_str(self) -> &'static str {
        match self {
            Point::Start => "start",
            Point::Stage => "stage",
            Point::Publish => "publish",
            Point::End => "end",
        }
    }

    /// What people read; a fixed phrase.
    pub fn phrase(self) -> &'static str {
        match self {
            Point::Start => "the start of the run",
            Point::Stage => "the staging",
            Point::Publish => "the publication",
            Point::End => "the data",
        }
    }
}

/// A deadline that has been read.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    by: Option<NaiveTime>,
    within: Option<TimeDelta>,
    days: u16,
    working_days: u16,
    steps: [(Point, Option<NaiveTime>); 3],
    pub(super) warn: Option<TimeDelta>,
    pub(super) team: Option<String>,
}

impl Deadline {
    /// A deadline of a checked definition.
    pub(crate) fn of(spec: &DeadlineSpec) -> Self {
        let time = |text: &Option<String>| text.as_deref().and_then(|text| clock::parse(text).ok());
        Self {
            by: time(&spec.by),
            within: span(spec.within.as_deref()),
            days: spec.days.unwrap_or(0),
            working_days: spec.working_days.unwrap_or(0),
            steps: [
                (Point::Start, time(&spec.steps.start)),
                (Point::Stage, time(&spec.steps.stage)),
                (Point::Publish, time(&spec.steps.publish)),
            ],
            warn: span(spec.warn.as_deref()),
            team: spec.notify.clone(),
        }
    }

    /// What must be reached by when, for the tick of an instant.
    ///
    /// # Errors
    /// The calendar does not know a year on the way.
    pub(crate) fn points(
        &self,
        at: DateTime<Utc>,
        zone: Tz,
        calendar: Option<&Arc<Calendar>>,
    ) -> Result<Vec<(Point, DateTime<Utc>)>, Unpublished> {
        let day = self.day(at.with_timezone(&zone).date_naive(), calendar)?;
        let mut points: Vec<(Point, DateTime<Utc>)> = Vec::new();
        for (point, time) in self.steps.iter().copied().chain([(Point::End, self.by)]) {
            points.extend(time.map(|time| (point, instant(day.and_time(time), zone))));
        }
        points.extend(self.within.map(|within| (Point::End, at + within)));
        Ok(points)
    }

    fn day(&self, tick: NaiveDate, calendar: Option<&Arc<Calendar>>) -> Result<NaiveDate, Unpublished> {
        let moved = tick.checked_add_days(Days::new(self.days.into())).unwrap_or(tick);
        match calendar {
            Some(calendar) if self.working_days > 0 => calendar.working_day_after(moved, self.working_days),
            _ => Ok(moved),
        }
    }
}

/// A duration of a checked definition.
pub(super) fn span(text: Option<&str>) -> Option<TimeDelta> {
    TimeDelta::from_std(duration::parse(text?).ok()?).ok()
}
