//! The intervals of a range of business dates, as the schedule has them, merged by calendar units where asked for.

use catalog::schedule::{NewTick, TickState};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::{MOST, Refusal, Wish};
use crate::error::Error;
use crate::occurrence;
use crate::schedule::Entry;
use crate::when::{Fire, When};

/// One run of a backfill.
#[derive(Debug, Clone, Serialize)]
pub struct Slice {
    /// Its tick.
    #[serde(flatten)]
    pub tick: NewTick,
    /// Last business date it covers; the first is the tick's.
    pub last_date: NaiveDate,
    /// Ticks of the schedule that it stands for.
    pub fires: usize,
    /// What there is already; `None` when nothing ever ran for it.
    pub there: Option<TickState>,
    /// Whether it would run.
    pub runs: bool,
}

/// An interval of time with its business dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
    /// Intervals of the fires it stands for.
    pub(super) fires: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// The intervals of a range.
#[derive(Debug, Default)]
pub(super) struct Cut {
    pub(super) spans: Vec<Span>,
    /// Intervals that are not over yet.
    pub(super) not_over: usize,
}

/// Cuts a range of business dates into the intervals of a pipeline's schedule; one a day where it has none.
pub(super) fn cut(entry: &Entry, wish: &Wish, now: DateTime<Utc>) -> Result<Cut, Refusal> {
    let fires = match &entry.when {
        Some(when) => scheduled(when, wish)?,
        None => daily(entry, wish)?,
    };
    let mut cut = Cut::default();
    let mut window_end: Option<NaiveDate> = None;
    for fire in fires {
        if fire.interval_end > now {
            cut.not_over += 1;
            continue;
        }
        let inside = window_end.is_some_and(|end| fire.business_date < end);
        match cut.spans.last_mut().filter(|_| inside) {
            Some(span) => {
                (span.end, span.last) = (fire.interval_end, fire.last_business_date);
                span.fires.push((fire.interval_start, fire.interval_end));
            }
            None => {
                window_end = wish.window.and_then(|window| window.end(wish.from, fire.business_date));
                cut.spans.push(Span {
                    start: fire.interval_start,
                    end: fire.interval_end,
                    first: fire.business_date,
                    last: fire.last_business_date,
                    fires: vec![(fire.interval_start, fire.interval_end)],
                });
            }
        }
    }
    Ok(cut)
}

/// The fires whose intervals begin on the dates of the range.
fn scheduled(when: &When, wish: &Wish) -> Result<Vec<Fire>, Refusal> {
    // An interval that begins on the first date belongs to a fire after that day's beginning in any zone.
    let beginning = wish.from.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(15);
    let mut found = Vec::new();
    for fire in when.fires(beginning, DateTime::<Utc>::MAX_UTC) {
        let fire = fire.map_err(Error::from)?;
        if fire.business_date >= wish.to {
            break;
        }
        if fire.business_date >= wish.from {
            found.push(fire);
            bounded(found.len())?;
        }
    }
    Ok(found)
}

fn daily(entry: &Entry, wish: &Wish) -> Result<Vec<Fire>, Refusal> {
    let mut found = Vec::new();
    let mut date = wish.from;
    while date < wish.to {
        found.extend(occurrence::whole_day(entry.zone, date));
        bounded(found.len())?;
        let Some(next) = date.checked_add_days(Days::new(1)) else { break };
        date = next;
    }
    Ok(found)
}

/// A window of a month of a schedule of every minute merges many fires.
fn bounded(fires: usize) -> Result<(), Refusal> {
    const FIRES: usize = MOST * 20;
    if fires > FIRES { Err(Refusal::TooLarge { ticks: fires, most: MOST }) } else { Ok(()) }
}
