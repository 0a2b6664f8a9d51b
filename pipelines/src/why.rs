//! Why a pipeline ran, did not run, or does not run yet. Pure: what the ledger and the definitions say comes in, one
//! [`Why`] goes out. There is an answer for every instant, also where no tick is.
//!
//! | to find | look in |
//! |---|---|
//! | what a person writes for a tick, and which ticks that means | `why/moment.rs` |

mod moment;

use catalog::schedule::{Anchor, Hold, Scope, Tick};
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use serde::Serialize;

use crate::calendar::Unpublished;
use crate::schedule::{Entry, LATE, Reason};
use crate::when::{Fire, When};

pub use moment::{Meant, Moment, MomentError};

/// What is known about a pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The present instant.
    pub now: DateTime<Utc>,
    /// Its definition.
    pub entry: &'a Entry,
    /// Its ticks around the instant in question, those that others name as successors among them.
    pub ticks: &'a [Tick],
    /// What is paused.
    pub holds: &'a [Hold],
    /// Up to where its fires have been promised.
    pub anchor: Option<&'a Anchor>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Why {
    /// Pipeline id.
    pub pipeline: String,
    /// What is so.
    #[serde(flatten)]
    pub finding: Finding,
    /// The pause that holds the pipeline now, if one does.
    pub held: Option<Hold>,
    /// When it fires next.
    pub next: Next,
}

/// What is so.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// There is a tick.
    Tick {
        /// It.
        tick: Box<Tick>,
        /// Why it waits or ended so.
        because: Option<Reason>,
        /// The tick that covers it, made it up or is in its way.
        other: Option<Box<Tick>>,
    },
    /// The pipeline has no times of its own.
    NoTimes {
        /// Tables whose versions make it run; none: it runs only by asking.
        after: Vec<String>,
    },
    /// Its calendar does not work on that day.
    DayOff {
        /// The calendar.
        calendar: String,
        /// The day.
        date: NaiveDate,
        /// Whether the day is a Saturday or Sunday; else a holiday.
        weekend: bool,
    },
    /// Its clock does not say so.
    NotAFire {
        /// The instant in question.
        at: DateTime<Utc>,
        /// The fire before it.
        before: Option<Fire>,
        /// The fire after it.
        after: Option<Fire>,
    },
    /// No interval begins on that business date and none covers it.
    NoDate {
        /// The date.
        date: NaiveDate,
    },
    /// No tick has that key.
    NoKey {
        /// The key.
        key: String,
    },
    /// It is not due yet.
    Future {
        /// The fire.
        fire: Fire,
    },
    /// It was due before the schedule that holds now was taken up.
    BeforeSchedule {
        /// The fire.
        fire: Fire,
        /// The first tick that was promised.
        since: Option<DateTime<Utc>>,
    },
    /// It was due, and no scheduler was there to promise it.
    NotPromised {
        /// The fire.
        fire: Fire,
        /// Up to where fires were promised; `None`: no scheduler ever took this pipeline up.
        promised_to: Option<DateTime<Utc>>,
    },
    /// It is due this minute.
    JustDue {
        /// The fire.
        fire: Fire,
    },
    /// The calendar does not know the year.
    Unpublished {
        /// The calendar.
        calendar: String,
        /// The year.
        year: i32,
    },
}

/// When it fires next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Then.
    Fire(Fire),
    /// By itself never.
    Never,
    /// The calendar does not know the year.
    Unpublished {
        /// The calendar.
        calendar: String,
        /// The year.
        year: i32,
    },
}

/// Answers for what a person names: one answer, or one for each tick of a business date.
pub fn ask(known: Known<'_>, moment: &Moment) -> Vec<Why> {
    match moment.among(known.ticks) {
        Meant::One(tick) => vec![of_tick(known, tick)],
        Meant::Several(ticks) => ticks.into_iter().map(|tick| of_tick(known, tick)).collect(),
        Meant::None => match moment {
            Moment::At(at) => vec![of_instant(known, *at)],
            Moment::Date(date) => vec![of_date(known, *date)],
            Moment::Key(key) => vec![about(known, Finding::NoKey { key: key.clone() })],
        },
    }
}

/// Why a tick is as it is.
pub fn of_tick(known: Known<'_>, tick: &Tick) -> Why {
    let because = tick.reason.as_ref().and_then(Reason::of);
    let named = match &because {
        Some(Reason::Behind { key } | Reason::Overlap { key }) => Some(key),
        _ => None,
    };
    let other = tick.successor.as_ref().or(named);
    let other = other.and_then(|key| known.ticks.iter().find(|other| other.tick.id.key == *key));
    let finding =
        Finding::Tick { tick: Box::new(tick.clone()), because, other: other.map(|other| Box::new(other.clone())) };
    about(known, finding)
}

/// Why there is no tick at an instant.
pub fn of_instant(known: Known<'_>, at: DateTime<Utc>) -> Why {
    let Some(when) = &known.entry.when else { return about(known, no_times(known.entry)) };
    let finding = fire_at(known, when, at).unwrap_or_else(unpublished);
    about(known, finding)
}

/// Why there is no tick of a business date.
pub fn of_date(known: Known<'_>, date: NaiveDate) -> Why {
    let Some(when) = &known.entry.when else { return about(known, no_times(known.entry)) };
    let finding = match fire_of(when, date) {
        Ok(Some(fire)) => match Moment::At(fire.at).among(known.ticks) {
            Meant::One(tick) => return of_tick(known, tick),
            _ => of_fire(known, fire),
        },
        Ok(None) => day_off(when, date).unwrap_or(Finding::NoDate { date }),
        Err(error) => unpublished(error),
    };
    about(known, finding)
}

/// The fire that covers a business date.
pub fn fire_of(when: &When, date: NaiveDate) -> Result<Option<Fire>, Unpublished> {
    if let Some(fire) = when.of_business_date(date)? {
        return Ok(Some(fire));
    }
    // A day off lies within the interval of the next fire; a day has passed everywhere fifteen hours after it ends in UTC.
    let end = date.and_time(chrono::NaiveTime::MIN).and_utc() - chrono::TimeDelta::hours(15);
    let limit = end + chrono::TimeDelta::days(400);
    for fire in when.fires(end, limit) {
        let fire = fire?;
        if fire.business_date > date {
            break;
        }
        if fire.last_business_date >= date {
            return Ok(Some(fire));
        }
    }
    Ok(None)
}

/// What there is to say about a pipeline that has no tick yet.
pub fn of_now(known: Known<'_>) -> Why {
    match known.entry.when.as_ref().map(|when| when.next(known.now)) {
        Some(Ok(Some(fire))) => about(known, Finding::Future { fire }),
        Some(Err(error)) => about(known, unpublished(error)),
        Some(Ok(None)) | None => about(known, no_times(known.entry)),
    }
}

fn about(known: Known<'_>, finding: Finding) -> Why {
    Why {
        pipeline: known.entry.pipeline.clone(),
        finding,
        held: held(known.entry, known.holds).cloned(),
        next: next(known.entry, known.now),
    }
}

/// When a pipeline fires next.
pub fn next(entry: &Entry, now: DateTime<Utc>) -> Next {
    match entry.when.as_ref().map(|when| when.next(now)) {
        Some(Ok(Some(fire))) => Next::Fire(fire),
        Some(Ok(None)) | None => Next::Never,
        Some(Err(error)) => Next::Unpublished { calendar: error.calendar, year: error.year },
    }
}

/// The pause that holds a pipeline.
pub fn held<'h>(entry: &Entry, holds: &'h [Hold]) -> Option<&'h Hold> {
    holds.iter().find(|hold| match &hold.scope {
        Scope::All => true,
        Scope::Pipeline(name) => *name == entry.pipeline,
        Scope::Pool(name) => *name == entry.pool,
        Scope::Connection(name) => entry.connections.contains(name),
    })
}

fn no_times(entry: &Entry) -> Finding {
    let tables = entry.after.iter().map(|after| after.target.trim_start_matches("library:").to_owned());
    Finding::NoTimes { after: tables.collect() }
}

fn fire_at(known: Known<'_>, when: &When, at: DateTime<Utc>) -> Result<Finding, Unpublished> {
    let before = when.previous(at)?;
    if let Some(fire) = before.filter(|fire| fire.at == at) {
        return Ok(of_fire(known, fire));
    }
    let local = at.with_timezone(&when.zone()).date_naive();
    if let Some(off) = day_off(when, local) {
        return Ok(off);
    }
    Ok(Finding::NotAFire { at, before, after: when.next(at)? })
}

/// The finding that a calendar does not work on a day.
fn day_off(when: &When, date: NaiveDate) -> Option<Finding> {
    let calendar = when.calendar()?;
    match calendar.works(date) {
        Ok(true) => None,
        Ok(false) => {
            let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
            Some(Finding::DayOff { calendar: calendar.name().to_owned(), date, weekend })
        }
        Err(error) => Some(unpublished(error)),
    }
}

/// A fire without a tick.
fn of_fire(known: Known<'_>, fire: Fire) -> Finding {
    if fire.at > known.now {
        return Finding::Future { fire };
    }
    let anchor = known.anchor.filter(|anchor| anchor.schedule == known.entry.schedule);
    match anchor {
        Some(anchor) if fire.at <= anchor.at => {
            let first = known.ticks.iter().map(|tick| tick.tick.scheduled_at).filter(|at| *at > fire.at).min();
            Finding::BeforeSchedule { fire, since: first }
        }
        _ if known.now - fire.at <= LATE => Finding::JustDue { fire },
        _ => Finding::NotPromised { fire, promised_to: known.anchor.map(|anchor| anchor.at) },
    }
}

fn unpublished(error: Unpublished) -> Finding {
    Finding::Unpublished { calendar: error.calendar, year: error.year }
}

#[cfg(test)]
mod tests;
