//! Walking the fires of a schedule. Days that do not work are stepped over whole.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Fire, Rule, When};
use crate::calendar::Unpublished;
use crate::spec::cron::end_of_gap;

/// Most days that are stepped over in search of one that works: twenty years.
const MOST_DAYS: u32 = 20 * 366;

/// Fires in order; see [`When::fires`].
#[derive(Debug, Clone)]
pub struct Fires<'a> {
    when: &'a When,
    /// The last one given, or the instant to begin after.
    at: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Whether `at` is a fire.
    on_fire: bool,
    ended: bool,
}

impl<'a> Fires<'a> {
    pub(super) fn new(when: &'a When, after: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self { when, at: after, until, on_fire: false, ended: false }
    }

    fn advance(&mut self) -> Result<Option<Fire>, Unpublished> {
        let Some(at) = after(self.when, self.at, self.until)? else { return Ok(None) };
        let from = match self.on_fire {
            true => Some(self.at),
            false => before(self.when, at - TimeDelta::seconds(1))?,
        };
        self.at = at;
        self.on_fire = true;
        Ok(from.map(|from| Fire::covering(from, at, self.when.zone)))
    }
}

impl Iterator for Fires<'_> {
    type Item = Result<Fire, Unpublished>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The first fire in `(instant, until]`.
fn after(when: &When, instant: DateTime<Utc>, until: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Unpublished> {
    let mut from = instant;
    for _ in 0..MOST_DAYS {
        let Some(at) = tick_after(when, from).filter(|at| *at <= until) else { return Ok(None) };
        let Some(calendar) = &when.calendar else { return Ok(Some(at)) };
        let day = at.with_timezone(&when.zone).date_naive();
        if calendar.works(day)? {
            return Ok(Some(at));
        }
        // Straight to the next day; where the clock goes back over midnight, the rest of this day is looked at again.
        let next = day.succ_opt().and_then(|next| first_instant(when.zone, next));
        from = next.map_or(at, |next| at.max(next - TimeDelta::seconds(1)));
    }
    Ok(None)
}

/// The last fire at or before an instant.
pub(super) fn before(when: &When, instant: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Unpublished> {
    let mut from = instant;
    for _ in 0..MOST_DAYS {
        let Some(at) = tick_before(when, from) else { return Ok(None) };
        let Some(calendar) = &when.calendar else { return Ok(Some(at)) };
        let day = at.with_timezone(&when.zone).date_naive();
        if calendar.works(day)? {
            return Ok(Some(at));
        }
        let begun = settled_instant(when.zone, day);
        from = begun.map_or(at, |begun| at.min(begun)) - TimeDelta::seconds(1);
    }
    Ok(None)
}

/// The first instant after one at which the clock says so, whatever the day.
fn tick_after(when: &When, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match &when.rule {
        Rule::Cron(cron) => cron.next_after(instant.with_timezone(&when.zone)).map(|at| at.to_utc()),
        Rule::Every(seconds) => multiple(*seconds, instant.timestamp().div_euclid(*seconds) + 1),
        Rule::After => None,
    }
}

/// The last such instant at or before one.
fn tick_before(when: &When, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match &when.rule {
        Rule::Cron(cron) => cron.previous_at_or_before(instant.with_timezone(&when.zone)).map(|at| at.to_utc()),
        Rule::Every(seconds) => multiple(*seconds, instant.timestamp().div_euclid(*seconds)),
        Rule::After => None,
    }
}

fn multiple(seconds: i64, times: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds.checked_mul(times)?, 0)
}

/// The first instant of a local date; where a change of the clock swallows midnight, the first after it.
pub(super) fn first_instant(zone: Tz, day: NaiveDate) -> Option<DateTime<Utc>> {
    midnight(zone, day, |found| found.earliest())
}

/// The instant from which on nothing of the day before comes any more: midnight, the second where there are two.
pub(super) fn settled_instant(zone: Tz, day: NaiveDate) -> Option<DateTime<Utc>> {
    midnight(zone, day, |found| found.latest())
}

fn midnight(
    zone: Tz,
    day: NaiveDate,
    pick: fn(LocalResult<DateTime<Tz>>) -> Option<DateTime<Tz>>,
) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    pick(zone.from_local_datetime(&midnight)).or_else(|| end_of_gap(zone, midnight)).map(|at| at.to_utc())
}
