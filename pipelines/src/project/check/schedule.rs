//! `[schedule]`: when, on which days, after what, and how much.
//!
//! Deadlines are in `schedule/deadline.rs`; what becomes of the schedule in the days to come, in `schedule/ahead.rs`.

mod ahead;
mod deadline;

use chrono::{DateTime, Utc};

use super::desk::Desk;
use super::settings::timezone;
use super::texts;
use super::world::{World, cut};
use crate::calendar::Calendars;
use crate::project::files::CALENDARS;
use crate::project::finding::Finding;
use crate::spec::cron::{Cron, CronError};
use crate::spec::duration;
use crate::spec::mistake::{Hint, Mistake};
use crate::spec::pipeline::{AfterSpec, CatchUp, PipelineSpec, RetrySpec, ScheduleSpec};
use crate::spec::template;
use crate::when::EVERY;

/// Pools that exist without being named.
const POOLS: [&str; 2] = ["default", "backfill"];
const YEAR: u64 = 366 * 86_400;

/// What a schedule is held against.
pub(super) struct Ahead<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) calendars: &'a Calendars,
    pub(super) now: DateTime<Utc>,
}

pub(super) fn check(ahead: &Ahead<'_>, pipeline: usize, desk: &mut Desk<'_>) {
    let spec = ahead.world.pipeline(pipeline);
    let Some(schedule) = &spec.schedule else { return };
    times(schedule, desk);
    if let Some(name) = &schedule.calendar
        && ahead.calendars.get(name).is_none()
        && ahead.world.draft.is_whole(CALENDARS)
    {
        let hint = Hint::among(name, ahead.calendars.names());
        desk.value("schedule.calendar", Finding::from(Mistake::UnknownCalendar { name: cut(name) }).hint(hint));
    }
    texts::bounded(Some(&schedule.catch_up.window), "schedule.catch_up.window", (60..=YEAR, "1m … 366d"), desk);
    if schedule.catch_up.policy == CatchUp::Latest {
        latest(spec, desk);
    }
    for (index, after) in schedule.after.iter().enumerate() {
        waits(ahead.world, spec, &schedule.after[..index], after, &format!("schedule.after[{index}]"), desk);
    }
    if let Some(deadline) = &schedule.deadline {
        deadline::check(deadline, schedule.calendar.is_some(), desk);
    }
    much(ahead.world, schedule, desk);
    ahead::check(ahead, schedule, desk);
}

fn times(schedule: &ScheduleSpec, desk: &mut Desk<'_>) {
    if let Some(line) = &schedule.cron
        && let Err(error) = Cron::parse(line)
    {
        let piece = culprit(&error).and_then(|text| Some((line.find(&text)?, text.len())));
        let (at, length) = (piece.map(|(at, _)| at), piece.map_or(1, |(_, length)| length));
        desk.inside("schedule.cron", line, at, length, error);
    }
    texts::bounded(schedule.every.as_ref(), "schedule.every", (EVERY, "1m … 366d"), desk);
    if schedule.cron.is_some() && schedule.every.is_some() {
        desk.key("schedule.every", Mistake::CronAndEvery);
    }
    let doubtful = ["cron", "every", "after"].iter().any(|key| desk.is_doubtful(&format!("schedule.{key}")));
    if schedule.cron.is_none() && schedule.every.is_none() && schedule.after.is_empty() && !doubtful {
        desk.value("schedule", Mistake::NoTime);
    }
    if let Some(zone) = &schedule.timezone {
        timezone(zone, "schedule.timezone", desk);
    }
}

/// The piece of the line the error is about, where it is one of a kind.
fn culprit(error: &CronError) -> Option<String> {
    match error {
        CronError::Quartz { letter, .. } => Some(letter.to_string()),
        CronError::Reversed { range: text, .. }
        | CronError::Syntax { text, .. }
        | CronError::Step { text, .. }
        | CronError::Value { value: text, .. } => Some(text.clone()).filter(|text| !text.is_empty()),
        CronError::FieldCount { .. } | CronError::Alias { .. } | CronError::Never => None,
    }
}

/// One tick that stands for several must read all their days: what names the business date reads one.
fn latest(spec: &PipelineSpec, desk: &mut Desk<'_>) {
    let names_the_day = |text: &&String| template::parse(text).is_ok_and(|template| template.names_the_day());
    let sources = spec.source.iter().map(|source| (&source.name, [&source.files, &source.table]));
    let transforms = spec.transform.iter().map(|transform| (&transform.name, [&transform.filter, &transform.sql]));
    let found =
        sources.chain(transforms).find(|(_, texts)| texts.iter().copied().flatten().any(|text| names_the_day(&text)));
    if let Some((name, _)) = found {
        desk.value("schedule.catch_up.policy", Mistake::LatestLosesDays { name: cut(name) });
    }
}

fn waits(
    world: &World<'_>,
    spec: &PipelineSpec,
    earlier: &[AfterSpec],
    after: &AfterSpec,
    path: &str,
    desk: &mut Desk<'_>,
) {
    let at = format!("{path}.table");
    if spec.library.iter().any(|library| library.table == after.table) {
        desk.value(&at, Mistake::WaitsForItself { table: cut(&after.table) });
    } else if earlier.iter().any(|other| other.table == after.table) {
        desk.value(&at, Mistake::Repeated { name: cut(&after.table) });
    } else {
        world.table(&after.table, &at, desk);
    }
    texts::bounded(after.timeout.as_ref(), &format!("{path}.timeout"), (1..=YEAR, "1s … 366d"), desk);
}

/// Pool, priority, attempts and their time.
fn much(world: &World<'_>, schedule: &ScheduleSpec, desk: &mut Desk<'_>) {
    if let Some(pool) = &schedule.pool
        && let Some(project) = &world.draft.project
    {
        let own = project.spec.pools.keys().map(String::as_str);
        let known: Vec<&str> = POOLS.into_iter().chain(own).collect();
        if !known.contains(&pool.as_str()) {
            let hint = Hint::among(pool, known.iter().copied());
            desk.value("schedule.pool", Finding::from(Mistake::UnknownPool { pool: cut(pool) }).hint(hint));
        }
    }
    let RetrySpec { max, backoff, max_backoff } = &schedule.retry;
    for (path, value, highest) in
        [("schedule.priority", schedule.priority.map_or(0, u32::from), 9), ("schedule.retry.max", *max, 20)]
    {
        if value > highest {
            let key = path.rsplit('.').next().unwrap_or(path).to_owned();
            desk.value(path, Mistake::OutOfBounds { key, bounds: format!("0 … {highest}") });
        }
    }
    let day = (1..=86_400, "1s … 1d");
    texts::bounded(Some(backoff), "schedule.retry.backoff", day.clone(), desk);
    texts::bounded(Some(max_backoff), "schedule.retry.max_backoff", day, desk);
    if let (Ok(first), Ok(longest)) = (duration::parse(backoff), duration::parse(max_backoff))
        && first > longest
    {
        let bounds = format!("≥ {backoff}");
        desk.value("schedule.retry.max_backoff", Mistake::OutOfBounds { key: "max_backoff".into(), bounds });
    }
    texts::bounded(schedule.timeout.as_ref(), "schedule.timeout", (1..=30 * 86_400, "1s … 30d"), desk);
}
