//! Finding fires on the time line.
//!
//! Days are walked on the calendar of the zone. On a plain day (no change of offset near it) wall clock order is time
//! order, and bits are enough; around a change all fires of the day are computed and ordered as instants.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::Cron;

/// How many days are looked through. 29 February may be 8 years away; with a weekday that must fit too, 40.
const DAYS: u32 = 41 * 366;

/// The first fire strictly after an instant.
pub(super) fn next_after(cron: &Cron, instant: DateTime<Tz>) -> Option<DateTime<Tz>> {
    let zone = instant.timezone();
    // Where the offset has not changed, yesterday's fires are over.
    let today = instant.date_naive();
    let mut day = if plain(zone, today) { today } else { today.pred_opt()? };
    for _ in 0..DAYS {
        if let Some(found) = first_of(cron, zone, day, instant) {
            // Around midnight a change can put the next day's fire before this day's.
            let tomorrow = day.succ_opt().filter(|next| !plain(zone, day) || !plain(zone, *next));
            let rival = tomorrow.and_then(|next| first_of(cron, zone, next, instant));
            return Some(rival.map_or(found, |rival| rival.min(found)));
        }
        day = day.succ_opt()?;
    }
    None
}

/// The last fire at or before an instant.
pub(super) fn previous_at_or_before(cron: &Cron, instant: DateTime<Tz>) -> Option<DateTime<Tz>> {
    let zone = instant.timezone();
    let today = instant.date_naive();
    let mut day = if plain(zone, today) { today } else { today.succ_opt()? };
    for _ in 0..DAYS {
        if let Some(found) = last_of(cron, zone, day, instant) {
            let yesterday = day.pred_opt().filter(|before| !plain(zone, day) || !plain(zone, *before));
            let rival = yesterday.and_then(|before| last_of(cron, zone, before, instant));
            return Some(rival.map_or(found, |rival| rival.max(found)));
        }
        day = day.pred_opt()?;
    }
    None
}

fn first_of(cron: &Cron, zone: Tz, day: NaiveDate, after: DateTime<Tz>) -> Option<DateTime<Tz>> {
    if !cron.matches_day(day) {
        return None;
    }
    if !plain(zone, day) {
        return fires(cron, zone, day).into_iter().find(|fire| *fire > after);
    }
    let earliest = match day.cmp(&after.date_naive()) {
        std::cmp::Ordering::Less => return None,
        std::cmp::Ordering::Greater => 0,
        std::cmp::Ordering::Equal => minute_of(after.naive_local()) + 1,
    };
    let minute = next_minute(cron, earliest)?;
    at(day, minute).and_then(|wall| zone.from_local_datetime(&wall).earliest())
}

fn last_of(cron: &Cron, zone: Tz, day: NaiveDate, until: DateTime<Tz>) -> Option<DateTime<Tz>> {
    if !cron.matches_day(day) {
        return None;
    }
    if !plain(zone, day) {
        return fires(cron, zone, day).into_iter().rev().find(|fire| *fire <= until);
    }
    let latest = match day.cmp(&until.date_naive()) {
        std::cmp::Ordering::Greater => return None,
        std::cmp::Ordering::Less => 24 * 60 - 1,
        std::cmp::Ordering::Equal => minute_of(until.naive_local()),
    };
    let minute = previous_minute(cron, latest)?;
    at(day, minute).and_then(|wall| zone.from_local_datetime(&wall).earliest())
}

fn minute_of(wall: NaiveDateTime) -> u32 {
    use chrono::Timelike;
    wall.hour() * 60 + wall.minute()
}

fn at(day: NaiveDate, minute: u32) -> Option<NaiveDateTime> {
    NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).map(|time| day.and_time(time))
}

/// The first minute of the day, counted from midnight, at or after `from` that fires.
fn next_minute(cron: &Cron, from: u32) -> Option<u32> {
    let (hour, minute) = (from / 60, from % 60);
    if hour < 24 && cron.hours >> hour & 1 == 1 {
        let rest = cron.minutes >> minute << minute;
        if rest != 0 {
            return Some(hour * 60 + rest.trailing_zeros());
        }
    }
    let hours = if hour < 63 { cron.hours >> (hour + 1) << (hour + 1) } else { 0 };
    (hours != 0).then(|| hours.trailing_zeros() * 60 + cron.minutes.trailing_zeros())
}

/// The last minute of the day at or before `until` that fires.
fn previous_minute(cron: &Cron, until: u32) -> Option<u32> {
    let (hour, minute) = (until / 60, until % 60);
    if cron.hours >> hour & 1 == 1 {
        let rest = cron.minutes & (u64::MAX >> (63 - minute));
        if rest != 0 {
            return Some(hour * 60 + rest.ilog2());
        }
    }
    let hours = cron.hours & ((1_u64 << hour) - 1);
    (hours != 0).then(|| hours.ilog2() * 60 + cron.minutes.ilog2())
}

/// Whether the zone keeps one offset from the day before to the day after.
fn plain(zone: Tz, day: NaiveDate) -> bool {
    let midnight = day.and_time(NaiveTime::MIN);
    let offset = |days: i64| {
        midnight
            .checked_add_signed(Duration::days(days))
            .map(|wall| zone.offset_from_utc_datetime(&wall).fix().local_minus_utc())
    };
    let first = offset(-1);
    first.is_some() && (0..=2).all(|days| offset(days) == first)
}

/// All fires that belong to a calendar day, as instants in order, each once.
fn fires(cron: &Cron, zone: Tz, day: NaiveDate) -> Vec<DateTime<Tz>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(minute) = next_minute(cron, from) {
        if let Some(wall) = at(day, minute) {
            instants(cron, zone, wall, &mut found);
        }
        from = minute + 1;
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn instants(cron: &Cron, zone: Tz, wall: NaiveDateTime, found: &mut Vec<DateTime<Tz>>) {
    let mapped = zone.from_local_datetime(&wall);
    match (mapped.earliest(), mapped.latest()) {
        (Some(first), Some(second)) if cron.elapsed => found.extend([first, second]),
        (Some(first), _) => found.push(first),
        _ if cron.elapsed => {}
        _ => found.extend(end_of_gap(zone, wall)),
    }
}

/// The first instant after the gap that swallows a wall clock time: the change itself, found by halving. Gaps are at most
/// 24 hours (Samoa skipped 30 December 2011).
pub(crate) fn end_of_gap(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Tz>> {
    // Read with the offset before the gap the time lies after the change; a day and a half earlier it lies before it.
    let utc = wall.and_utc().timestamp();
    let local = |second: i64| {
        let instant = DateTime::from_timestamp(second, 0)?;
        Some(second + i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()))
    };
    let (mut before, mut after) = (utc - 40 * 3_600, utc + 40 * 3_600);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if local(middle)? < utc { before = middle } else { after = middle }
    }
    DateTime::from_timestamp(after, 0).map(|instant| instant.with_timezone(&zone))
}
