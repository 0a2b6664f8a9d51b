//! By when a tick must have published: its pipeline's `deadline`, on the clock of its schedule.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::calendar::{Calendar, Unpublished};
use crate::project::{Pipeline, Project};
use crate::spec::cron::end_of_gap;
use crate::spec::pipeline::DeadlineSpec;
use crate::spec::{clock, duration};

/// When a pipeline's ticks must have published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    spec: DeadlineSpec,
    zone: Tz,
    calendar: Option<Arc<Calendar>>,
}

/// The phase of a run that a deadline is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The run has begun.
    Start,
    /// Everything is staged.
    Stage,
    /// Everything is published.
    Publish,
}

impl Deadline {
    /// The deadline of a pipeline, if it has one.
    pub fn of(project: &Project, pipeline: &Pipeline) -> Option<Self> {
        let schedule = pipeline.spec.schedule.as_ref()?;
        let calendar = schedule.calendar.as_deref().and_then(|name| project.calendars.get(name));
        Some(Self::new(schedule.deadline.clone()?, project.timezone(pipeline), calendar.cloned()))
    }

    /// A deadline on the clock of a zone.
    pub fn new(spec: DeadlineSpec, zone: Tz, calendar: Option<Arc<Calendar>>) -> Self {
        Self { spec, zone, calendar }
    }

    /// The instant by which the tick due at `at` must have published; `None` when only earlier phases have one.
    ///
    /// # Errors
    /// It counts working days of a year that the calendar does not know.
    pub fn publish(&self, at: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Unpublished> {
        let steps = &self.spec.steps;
        if let Some(within) = self.spec.within.as_deref().and_then(span) {
            return Ok(at.checked_add_signed(within));
        }
        self.on_its_day(at, self.spec.by.as_deref().or(steps.publish.as_deref()))
    }

    /// The instant by which the tick due at `at` must have reached a phase, where the definition names one for it.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub fn step(&self, step: Step, at: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Unpublished> {
        let steps = &self.spec.steps;
        match step {
            Step::Start => self.on_its_day(at, steps.start.as_deref()),
            Step::Stage => self.on_its_day(at, steps.stage.as_deref()),
            Step::Publish => self.publish(at),
        }
    }

    fn on_its_day(&self, at: DateTime<Utc>, time: Option<&str>) -> Result<Option<DateTime<Utc>>, Unpublished> {
        let Some(time) = time.and_then(|text| clock::parse(text).ok()) else { return Ok(None) };
        Ok(self.day(at.with_timezone(&self.zone).date_naive())?.and_then(|day| self.instant(day, time)))
    }

    /// The day a deadline lies on, for a tick of a day.
    fn day(&self, day: NaiveDate) -> Result<Option<NaiveDate>, Unpublished> {
        match (self.spec.working_days, &self.calendar) {
            (Some(count), Some(calendar)) => calendar.working_day_after(day, count).map(Some),
            _ => Ok(day.checked_add_days(Days::new(u64::from(self.spec.days.unwrap_or(0))))),
        }
    }

    fn instant(&self, day: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
        let wall = day.and_time(time);
        let found = self.zone.from_local_datetime(&wall).earliest().or_else(|| end_of_gap(self.zone, wall));
        found.map(|at| at.to_utc())
    }
}

fn span(text: &str) -> Option<TimeDelta> {
    duration::parse(text).ok().and_then(|duration| TimeDelta::from_std(duration).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::calendar::{Calendars, WORKDAY};

    fn deadline(toml: &str) -> Deadline {
        let calendar = Calendars::shipped().get(WORKDAY).cloned();
        Deadline::new(toml::from_str(toml).unwrap(), Tz::Asia__Shanghai, calendar)
    }

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap().to_utc()
    }

    #[test]
    fn deadlines_lie_on_the_clock_of_the_schedule() {
        let tick = at("2026-11-20T02:30");
        for (toml, expected) in [
            ("by = '07:00'", "2026-11-20T07:00"),
            ("within = '4h'", "2026-11-20T06:30"),
            ("by = '07:00'\ndays = 1", "2026-11-21T07:00"),
            // Friday; Monday is the next working day.
            ("by = '07:00'\nworking_days = 1", "2026-11-23T07:00"),
            ("by = '07:00'\nworking_days = 0", "2026-11-20T07:00"),
            ("steps = { publish = '06:30' }", "2026-11-20T06:30"),
        ] {
            assert_eq!(deadline(toml).publish(tick), Ok(Some(at(expected))), "{toml}");
        }
        assert_eq!(deadline("steps = { stage = '05:00' }").publish(tick), Ok(None));
        assert_eq!(deadline("steps = { stage = '05:00' }").step(Step::Stage, tick), Ok(Some(at("2026-11-20T05:00"))));
    }

    #[test]
    fn working_days_of_an_unpublished_year_are_not_guessed() {
        let error = deadline("by = '07:00'\nworking_days = 30").publish(at("2026-12-20T02:30")).unwrap_err();
        assert_eq!(error.year, 2027);
    }

    #[test]
    fn a_time_that_a_change_of_the_clock_swallows_is_the_first_after_it() {
        let spec: DeadlineSpec = toml::from_str("by = '02:30'").unwrap();
        let york = Deadline::new(spec, Tz::America__New_York, None);
        let tick: DateTime<Utc> = "2026-03-08T05:30:00Z".parse().unwrap();
        assert_eq!(york.publish(tick).unwrap().unwrap().to_rfc3339(), "2026-03-08T07:00:00+00:00");
    }
}
