//! The hand-over sheet of a shift: every tick that was promised in the day before an instant, once, with how it ended, what
//! covers what did not run, and what is due until the next hand-over. Pure: ticks and definitions come in, a [`Sheet`]
//! goes out.
//!
//! Must never happen: a promised tick that is not on the sheet; "no gaps" while an interval is not covered.

mod cover;

use std::collections::{BTreeMap, BTreeSet};

use catalog::schedule::{Anchor, Hold, Tick, TickId, TickState};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::deadline::Deadline;
use crate::schedule::{LATE, Reason, Timetable};

pub use cover::Cover;

/// How long a shift's sheet reaches back, and ahead.
pub const REACH: TimeDelta = TimeDelta::hours(24);
/// Fires of one pipeline that are counted ahead; more are told as "at least".
const AHEAD: usize = 10_000;

/// What the sheet is made from.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// When the shift is handed over.
    pub at: DateTime<Utc>,
    /// The present instant.
    pub now: DateTime<Utc>,
    /// Ticks due since a day before the hand-over, as far as there are any.
    pub ticks: &'a [Tick],
    /// The definitions.
    pub timetable: &'a Timetable,
    /// Deadlines by pipeline.
    pub deadlines: &'a BTreeMap<String, Deadline>,
    /// Up to where fires have been promised.
    pub anchors: &'a [Anchor],
    /// What is paused.
    pub holds: &'a [Hold],
    /// Pipelines whose every run reads its own interval: what passed is not made good by a later run.
    pub by_interval: &'a BTreeSet<String>,
}

/// The sheet.
#[derive(Debug, Clone, Serialize)]
pub struct Sheet {
    /// From then on, exclusive.
    pub from: DateTime<Utc>,
    /// Until the hand-over.
    pub at: DateTime<Utc>,
    /// How many were promised.
    pub promised: usize,
    /// How many are in each state.
    pub states: BTreeMap<&'static str, usize>,
    /// Every tick, in order of time.
    pub rows: Vec<Row>,
    /// Fires that the definitions promise and the ledger does not know: no scheduler was there to promise them.
    pub unpromised: Vec<Unpromised>,
    /// What is due until the next hand-over.
    pub due: Vec<Due>,
    /// What is paused.
    pub holds: Vec<Hold>,
}

/// A tick on the sheet.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The tick.
    #[serde(flatten)]
    pub tick: Tick,
    /// Why it waits or ended so.
    pub because: Option<Reason>,
    /// Seconds from its first attempt to its end, or until now.
    pub seconds: Option<i64>,
    /// What stands in for it, or does not.
    pub cover: Cover,
    /// Its deadline.
    pub deadline: Timely,
}

/// A deadline, kept or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "deadline", rename_all = "snake_case")]
pub enum Timely {
    /// There is none, or its calendar does not know the year.
    None,
    /// It or what covers it had published by then.
    Kept {
        /// The deadline.
        by: DateTime<Utc>,
    },
    /// Nothing had.
    Missed {
        /// The deadline.
        by: DateTime<Utc>,
    },
    /// It has not come yet.
    Ahead {
        /// The deadline.
        by: DateTime<Utc>,
    },
}

/// A fire that nobody promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unpromised {
    /// Pipeline id.
    pub pipeline: String,
    /// When it was due.
    pub at: DateTime<Utc>,
    /// Its business date.
    pub biz_date: NaiveDate,
}

/// What is due of one pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Pipeline id.
    pub pipeline: String,
    /// The first instant.
    pub first: DateTime<Utc>,
    /// The last.
    pub last: DateTime<Utc>,
    /// How many.
    pub count: usize,
    /// Business date of the first.
    pub biz_date: NaiveDate,
    /// Deadline of the first.
    pub by: Option<DateTime<Utc>>,
}

impl Sheet {
    /// Ticks whose interval nothing covers.
    pub fn gaps(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.cover == Cover::Gap)
    }

    /// Ticks that have not ended.
    pub fn open(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.tick.state.ended())
    }

    /// Ticks whose deadline was missed.
    pub fn late(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| matches!(row.deadline, Timely::Missed { .. }))
    }
}

/// Makes the sheet.
pub fn sheet(given: Given<'_>) -> Sheet {
    let from = given.at - REACH;
    let mut rows: Vec<Row> = given
        .ticks
        .iter()
        .filter(|tick| tick.tick.scheduled_at > from && tick.tick.scheduled_at <= given.at)
        .map(|tick| row(given, tick))
        .collect();
    rows.sort_by(|a, b| (a.tick.tick.scheduled_at, &a.tick.tick.id).cmp(&(b.tick.tick.scheduled_at, &b.tick.tick.id)));
    let mut states = BTreeMap::new();
    for row in &rows {
        *states.entry(row.tick.state.as_str()).or_default() += 1;
    }
    Sheet {
        from,
        at: given.at,
        promised: rows.len(),
        states,
        unpromised: unpromised(given, from),
        due: due(given),
        holds: given.holds.to_vec(),
        rows,
    }
}

fn row(given: Given<'_>, tick: &Tick) -> Row {
    let (cover, done) = cover::of(tick, given.ticks, given.by_interval.contains(&tick.tick.id.pipeline));
    let until = tick.finished_at.or((!tick.state.ended()).then_some(given.now));
    let seconds = tick.started_at.zip(until).map(|(from, until)| (until - from).num_seconds().max(0));
    Row {
        because: tick.reason.as_ref().and_then(Reason::of),
        seconds,
        deadline: timely(given.deadlines, given.now, tick, done),
        cover,
        tick: tick.clone(),
    }
}

/// A deadline that was missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Miss {
    /// The tick.
    #[serde(flatten)]
    pub id: TickId,
    /// When it was due.
    pub at: DateTime<Utc>,
    /// The deadline.
    pub by: DateTime<Utc>,
    /// When it, or what covers it, published after all.
    pub done: Option<DateTime<Utc>>,
}

/// Every deadline that ticks missed until now.
pub fn misses(
    ticks: &[Tick],
    deadlines: &BTreeMap<String, Deadline>,
    by_interval: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Vec<Miss> {
    let mut lanes: BTreeMap<&str, Vec<Tick>> = BTreeMap::new();
    for tick in ticks.iter().filter(|tick| deadlines.contains_key(&tick.tick.id.pipeline)) {
        lanes.entry(&tick.tick.id.pipeline).or_default().push(tick.clone());
    }
    let mut found = Vec::new();
    for (pipeline, lane) in &lanes {
        for tick in lane {
            let (_, done) = cover::of(tick, lane, by_interval.contains(*pipeline));
            if let Timely::Missed { by } = timely(deadlines, now, tick, done) {
                found.push(Miss { id: tick.tick.id.clone(), at: tick.tick.scheduled_at, by, done });
            }
        }
    }
    found.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    found
}

/// Whether its deadline was kept; `done`: when it or what covers it had published.
fn timely(
    deadlines: &BTreeMap<String, Deadline>,
    now: DateTime<Utc>,
    tick: &Tick,
    done: Option<DateTime<Utc>>,
) -> Timely {
    let deadline = deadlines.get(&tick.tick.id.pipeline);
    let by = deadline.and_then(|deadline| deadline.publish(tick.tick.scheduled_at).ok().flatten());
    match (by, done) {
        (None, _) => Timely::None,
        (Some(by), Some(done)) if done <= by => Timely::Kept { by },
        (Some(by), None) if now <= by => Timely::Ahead { by },
        (Some(by), _) => Timely::Missed { by },
    }
}

/// Fires after everything that was promised, long enough ago that they should be there.
fn unpromised(given: Given<'_>, from: DateTime<Utc>) -> Vec<Unpromised> {
    let until = given.at.min(given.now - LATE);
    let mut found = Vec::new();
    for anchor in given.anchors {
        let entry = given.timetable.entries.get(&anchor.pipeline).filter(|entry| entry.schedule == anchor.schedule);
        let Some(when) = entry.and_then(|entry| entry.when.as_ref()) else { continue };
        let fires = when.fires(anchor.at.max(from), until).map_while(Result::ok).take(AHEAD);
        let known = |at: DateTime<Utc>| {
            given.ticks.iter().any(|tick| tick.tick.id.pipeline == anchor.pipeline && tick.tick.scheduled_at == at)
        };
        found.extend(fires.filter(|fire| !known(fire.at)).map(|fire| Unpromised {
            pipeline: anchor.pipeline.clone(),
            at: fire.at,
            biz_date: fire.business_date,
        }));
    }
    found.sort_by(|a, b| (a.at, &a.pipeline).cmp(&(b.at, &b.pipeline)));
    found
}

fn due(given: Given<'_>) -> Vec<Due> {
    let mut found: Vec<Due> = Vec::new();
    for (pipeline, entry) in &given.timetable.entries {
        let Some(when) = &entry.when else { continue };
        let mut fires = when.fires(given.at, given.at + REACH).map_while(Result::ok).take(AHEAD);
        let Some(first) = fires.next() else { continue };
        let deadline = given.deadlines.get(pipeline);
        let (count, last) = fires.fold((1, first.at), |(count, _), fire| (count + 1, fire.at));
        found.push(Due {
            pipeline: pipeline.clone(),
            first: first.at,
            last,
            count,
            biz_date: first.business_date,
            by: deadline.and_then(|deadline| deadline.publish(first.at).ok().flatten()),
        });
    }
    found.sort_by(|a, b| (a.first, &a.pipeline).cmp(&(b.first, &b.pipeline)));
    found
}

/// States in the order a summary names them.
pub const ORDER: [TickState; 9] = [
    TickState::Succeeded,
    TickState::Failed,
    TickState::Withheld,
    TickState::Superseded,
    TickState::Missed,
    TickState::Skipped,
    TickState::Running,
    TickState::Ready,
    TickState::Queued,
];

#[cfg(test)]
mod tests;
