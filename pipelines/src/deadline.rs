//! By when a tick must have published: its pipeline's `deadline`, on the clock of its schedule.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::calendar::{Calendar, Unpublished};
use crate::project::{Pipeline, Project};
use crate::spec::pipeline::DeadlineSpec;
use crate::watch::{Point, deadline};

/// When a pipeline's ticks must have published. What the watchdog watches, for one instant of it.
#[derive(Debug, Clone)]
pub struct Deadline {
    points: deadline::Deadline,
    zone: Tz,
    calendar: Option<Arc<Calendar>>,
}

impl Deadline {
    /// The deadline of a pipeline, if it has one.
    pub fn of(project: &Project, pipeline: &Pipeline) -> Option<Self> {
        let schedule = pipeline.spec.schedule.as_ref()?;
        let calendar = schedule.calendar.as_deref().and_then(|name| project.calendars.get(name));
        Some(Self::new(schedule.deadline.as_ref()?, project.timezone(pipeline), calendar.cloned()))
    }

    /// A deadline on the clock of a zone.
    pub fn new(spec: &DeadlineSpec, zone: Tz, calendar: Option<Arc<Calendar>>) -> Self {
        Self { points: deadline::Deadline::of(spec), zone, calendar }
    }

    /// The instant by which the tick due at `at` must have published; `None` when only earlier phases have one.
    ///
    /// # Errors
    /// It counts working days of a year that the calendar does not know.
    pub fn publish(&self, at: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Unpublished> {
        let points = self.points.points(at, self.zone, self.calendar.as_ref())?;
        let of = |wanted: Point| points.iter().find(|(point, _)| *point == wanted).map(|(_, by)| *by);
        Ok(of(Point::End).or_else(|| of(Point::Publish)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::calendar::{Calendars, WORKDAY};

    fn deadline(toml: &str) -> Deadline {
        let calendar = Calendars::shipped().get(WORKDAY).cloned();
        Deadline::new(&toml::from_str(toml).unwrap(), Tz::Asia__Shanghai, calendar)
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
    }

    #[test]
    fn working_days_of_an_unpublished_year_are_not_guessed() {
        let error = deadline("by = '07:00'\nworking_days = 30").publish(at("2026-12-20T02:30")).unwrap_err();
        assert_eq!(error.year, 2027);
    }

    #[test]
    fn a_time_that_a_change_of_the_clock_swallows_is_the_first_after_it() {
        let spec: DeadlineSpec = toml::from_str("by = '02:30'").unwrap();
        let york = Deadline::new(&spec, Tz::America__New_York, None);
        let tick: DateTime<Utc> = "2026-03-08T05:30:00Z".parse().unwrap();
        assert_eq!(york.publish(tick).unwrap().unwrap().to_rfc3339(), "2026-03-08T07:00:00+00:00");
    }
}
