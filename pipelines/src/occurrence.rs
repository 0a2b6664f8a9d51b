//! Which occurrence a run is for, and what the next ones cover.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::plan::Covered;
use crate::spec::cron::Cron;

/// The occurrence of a business date, or the latest that is due at `now`.
///
/// With a schedule, a tick covers the interval since the tick before it, and its business date is the day the interval
/// begins on. Without one, an occurrence covers one whole day, by default yesterday.
pub fn current(cron: Option<&Cron>, zone: Tz, now: DateTime<Utc>, date: Option<NaiveDate>) -> Option<Covered> {
    let now = now.with_timezone(&zone);
    match (cron, date) {
        (Some(cron), None) => tick(cron, cron.previous_at_or_before(now)?),
        (Some(cron), Some(date)) => of_date(cron, zone, date).or_else(|| day(zone, date)),
        (None, date) => day(zone, date.unwrap_or(now.date_naive().checked_sub_days(Days::new(1))?)),
    }
}

/// The next occurrences of a schedule after `now`.
pub fn next(cron: &Cron, zone: Tz, now: DateTime<Utc>, count: usize) -> Vec<Covered> {
    let ticks = std::iter::successors(cron.next_after(now.with_timezone(&zone)), |tick| cron.next_after(*tick));
    ticks.take(count).filter_map(|at| tick(cron, at)).collect()
}

fn tick(cron: &Cron, at: DateTime<Tz>) -> Option<Covered> {
    let before = cron.previous_at_or_before(at - chrono::TimeDelta::seconds(1))?;
    Some(Covered::new(at.with_timezone(&Utc).to_rfc3339(), before.date_naive(), before, at))
}

/// The tick whose interval begins on a date; the last one when there are several.
fn of_date(cron: &Cron, zone: Tz, date: NaiveDate) -> Option<Covered> {
    let end = midnight(zone, date.checked_add_days(Days::new(1))?)?;
    let begins = cron.previous_at_or_before(end - chrono::TimeDelta::seconds(1))?;
    if begins.date_naive() != date {
        return None;
    }
    tick(cron, cron.next_after(begins)?)
}

fn day(zone: Tz, date: NaiveDate) -> Option<Covered> {
    let next = date.checked_add_days(Days::new(1))?;
    Some(Covered::new(date.to_string(), date, midnight(zone, date)?, midnight(zone, next)?))
}

/// The first instant of a day; where a clock change swallows midnight, the first that exists.
fn midnight(zone: Tz, date: NaiveDate) -> Option<DateTime<Tz>> {
    let start = date.and_time(NaiveTime::MIN);
    (0..4).find_map(|hours| zone.from_local_datetime(&(start + chrono::TimeDelta::hours(hours))).earliest())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_daily_tick_covers_the_day_before() {
        let cron = Cron::parse("30 2 * * *").unwrap();
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 0, 42, 0).unwrap();
        let covered = current(Some(&cron), chrono_tz::Asia::Shanghai, now, None).unwrap();
        assert_eq!(covered.business_date.to_string(), "2026-11-22");
        assert_eq!(covered.from, "2026-11-22T02:30:00+08:00");
        assert_eq!(covered.to, "2026-11-23T02:30:00+08:00");
        let date = covered.business_date;
        assert_eq!(current(Some(&cron), chrono_tz::Asia::Shanghai, now, Some(date)).unwrap(), covered);
        assert_eq!(next(&cron, chrono_tz::Asia::Shanghai, now, 2)[0].business_date.to_string(), "2026-11-23");
    }

    #[test]
    fn without_a_schedule_the_default_is_yesterday() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 17, 0, 0).unwrap();
        let covered = current(None, chrono_tz::Asia::Shanghai, now, None).unwrap();
        assert_eq!(covered.key, "2026-11-22");
        assert_eq!(covered.to, "2026-11-23T00:00:00+08:00");
    }
}
