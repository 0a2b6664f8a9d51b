//! Which occurrence a run is for, and what the next ones cover.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::calendar::Unpublished;
use crate::plan::Covered;
use crate::when::{Fire, When};

/// The occurrence of a business date, or the latest that is due at `now`; `None` when no fire lies before it.
///
/// With a schedule, a fire covers the interval since the fire before it, and its business date is the day the interval
/// begins on; a date on which none begins is covered as a whole day. Without fires of its own, an occurrence covers one
/// whole day, by default yesterday.
///
/// # Errors
/// The calendar of the schedule does not know a year.
pub fn current(
    when: Option<&When>,
    zone: Tz,
    now: DateTime<Utc>,
    date: Option<NaiveDate>,
) -> Result<Option<Covered>, Unpublished> {
    let found = match (when.filter(|when| when.has_fires()), date) {
        (Some(when), None) => when.previous(now)?.map(|fire| covered(&fire, zone)),
        (Some(when), Some(date)) => {
            when.of_business_date(date)?.map(|fire| covered(&fire, zone)).or_else(|| day(zone, date))
        }
        (None, Some(date)) => day(zone, date),
        (None, None) => {
            let today = now.with_timezone(&zone).date_naive();
            today.checked_sub_days(Days::new(1)).and_then(|date| day(zone, date))
        }
    };
    Ok(found)
}

/// The next occurrences of a schedule after `now`, and where its calendar knows no further.
pub fn ahead(when: &When, now: DateTime<Utc>, count: usize) -> (Vec<Covered>, Option<Unpublished>) {
    let mut next = Vec::new();
    for fire in when.fires(now, DateTime::<Utc>::MAX_UTC).take(count) {
        match fire {
            Ok(fire) => next.push(covered(&fire, when.zone())),
            Err(error) => return (next, Some(error)),
        }
    }
    (next, None)
}

/// What a fire covers, on the clock of a zone.
pub fn covered(fire: &Fire, zone: Tz) -> Covered {
    let (from, to) = (fire.interval_start.with_timezone(&zone), fire.interval_end.with_timezone(&zone));
    Covered::new(fire.key(), (fire.business_date, fire.last_business_date), from, to)
}

/// A whole day on the clock of a zone, for pipelines without fires of their own.
pub fn whole_day(zone: Tz, date: NaiveDate) -> Option<Fire> {
    let next = date.checked_add_days(Days::new(1))?;
    Some(Fire::covering(midnight(zone, date)?.to_utc(), midnight(zone, next)?.to_utc(), zone))
}

fn day(zone: Tz, date: NaiveDate) -> Option<Covered> {
    let fire = whole_day(zone, date)?;
    let (from, to) = (fire.interval_start.with_timezone(&zone), fire.interval_end.with_timezone(&zone));
    Some(Covered::new(date.to_string(), (date, date), from, to))
}

/// The first instant of a day; where a clock change swallows midnight, the first that exists.
fn midnight(zone: Tz, date: NaiveDate) -> Option<DateTime<Tz>> {
    let start = date.and_time(NaiveTime::MIN);
    (0..4).find_map(|hours| zone.from_local_datetime(&(start + TimeDelta::hours(hours))).earliest())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::calendar::Calendars;
    use crate::spec::pipeline::ScheduleSpec;

    const SHANGHAI: Tz = chrono_tz::Asia::Shanghai;

    fn when(cron: &str, calendar: Option<&str>) -> When {
        let spec =
            ScheduleSpec { cron: Some(cron.into()), calendar: calendar.map(str::to_owned), ..ScheduleSpec::default() };
        When::of(&spec, SHANGHAI, &Calendars::shipped()).unwrap()
    }

    #[test]
    fn a_daily_tick_covers_the_day_before() {
        let when = when("30 2 * * *", None);
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 0, 42, 0).unwrap();
        let covered = current(Some(&when), SHANGHAI, now, None).unwrap().unwrap();
        assert_eq!(covered.business_date.to_string(), "2026-11-22");
        assert_eq!(covered.key, "2026-11-22T18:30:00+00:00");
        assert_eq!(covered.from, "2026-11-22T02:30:00+08:00");
        assert_eq!(covered.to, "2026-11-23T02:30:00+08:00");
        let date = covered.business_date;
        assert_eq!(current(Some(&when), SHANGHAI, now, Some(date)).unwrap().unwrap(), covered);
        assert_eq!(ahead(&when, now, 2).0[0].business_date.to_string(), "2026-11-23");
    }

    #[test]
    fn a_monday_of_working_days_covers_the_week_end() {
        let when = when("30 2 * * *", Some("workday"));
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 0, 42, 0).unwrap();
        let covered = current(Some(&when), SHANGHAI, now, None).unwrap().unwrap();
        assert_eq!(
            (covered.from.as_str(), covered.to.as_str()),
            ("2026-11-20T02:30:00+08:00", "2026-11-23T02:30:00+08:00")
        );
        let dates = (covered.business_date.to_string(), covered.last_business_date.to_string());
        assert_eq!(dates, ("2026-11-20".into(), "2026-11-22".into()));
        let saturday = NaiveDate::from_ymd_opt(2026, 11, 21);
        assert_eq!(current(Some(&when), SHANGHAI, now, saturday).unwrap().unwrap().key, "2026-11-21");
        let unpublished = NaiveDate::from_ymd_opt(2020, 5, 6);
        assert!(current(Some(&when), SHANGHAI, now, unpublished).is_err());
    }

    #[test]
    fn without_a_schedule_the_default_is_yesterday() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 17, 0, 0).unwrap();
        let covered = current(None, SHANGHAI, now, None).unwrap().unwrap();
        assert_eq!(covered.key, "2026-11-22");
        assert_eq!(covered.to, "2026-11-23T00:00:00+08:00");
    }
}
