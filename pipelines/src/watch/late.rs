//! Ticks against their deadlines: missed, at risk, met.

use std::collections::BTreeMap;

use catalog::schedule::{Cause as TickCause, Tick, TickState};
use chrono::{DateTime, TimeDelta, Utc};

use super::cause::Cause;
use super::deadline::Point;
use super::ended::why;
use super::watched::Watched;
use super::{Desk, HORIZON, told};
use crate::notice::{Kind, Next, Notice, TickRef, key};
use crate::problem::Problem;
use crate::when::Fire;

/// Runs a prediction is made from.
const RUNS: usize = 7;
/// Fewest runs a prediction is made from.
const FEWEST_RUNS: usize = 3;

/// Ticks of one pipeline by key.
type Ticks<'a> = BTreeMap<&'a str, &'a Tick>;

pub(super) fn look(watched: &[Watched], desk: &mut Desk<'_>) {
    let mut of_pipeline: BTreeMap<&str, Ticks<'_>> = BTreeMap::new();
    for tick in desk.facts.ticks {
        of_pipeline.entry(&tick.tick.id.pipeline).or_default().insert(&tick.tick.id.key, tick);
    }
    let none = Ticks::new();
    for one in watched.iter().filter(|one| one.deadline.is_some()) {
        let ticks = of_pipeline.get(one.pipeline.id.as_str()).unwrap_or(&none);
        let (usual, standing) = (usual(ticks), standing(ticks));
        for tick in ticks.values().filter(|tick| has_deadline(tick) && recent(tick, desk.facts.now)) {
            let current = standing.get(tick.tick.id.key.as_str()).copied();
            judge(one, Promise::Tick(tick), current, usual, desk);
        }
        for fire in super::missing::absent(one, desk) {
            judge(one, Promise::Absent(fire), None, usual, desk);
        }
    }
}

fn has_deadline(tick: &Tick) -> bool {
    matches!(tick.tick.cause, TickCause::Schedule | TickCause::CatchUp | TickCause::After)
}

fn recent(tick: &Tick, now: DateTime<Utc>) -> bool {
    !tick.state.ended() || now - tick.tick.scheduled_at < HORIZON
}

/// Something a schedule promised.
#[derive(Clone, Copy)]
enum Promise<'a> {
    Tick(&'a Tick),
    /// Not in the ledger.
    Absent(Fire),
}

/// How a promise stands towards one point of its deadline.
enum Stand {
    /// Reached in time, or not asked for any more.
    Met,
    /// Reached too late.
    Late(DateTime<Utc>),
    /// Not reached.
    Open,
}

/// `current`: the tick that stands for what was promised.
fn judge(one: &Watched, promise: Promise<'_>, current: Option<&Tick>, usual: Option<TimeDelta>, desk: &mut Desk<'_>) {
    let Some(deadline) = &one.deadline else { return };
    let at = match promise {
        Promise::Tick(tick) => tick.tick.scheduled_at,
        Promise::Absent(fire) => fire.at,
    };
    // A year that nobody has published is told of on its own.
    let Ok(points) = deadline.points(at, one.zone, one.calendar.as_ref()) else { return };
    for (point, by) in points {
        let make = |kind: Kind, cause: Cause| notice(one, promise, point, kind, cause);
        match stand(current, point, by) {
            Stand::Met => right(one, promise, point, current, desk),
            Stand::Late(reached) => {
                let late = Cause::Late { step: point.phrase(), by: told(by, one.zone), at: told(reached, one.zone) };
                let missed = make(Kind::DeadlineMissed, late);
                if desk.was_raised(&missed.key()) {
                    right(one, promise, point, current, desk);
                } else {
                    desk.once(missed);
                }
            }
            Stand::Open if desk.facts.now >= by => {
                let status = current.map_or("not in the ledger", |tick| status(tick.state));
                let mut missed =
                    make(Kind::DeadlineMissed, Cause::Missed { step: point.phrase(), by: told(by, one.zone), status });
                missed.replaces = Some(make(Kind::DeadlineAtRisk, Cause::Test).key());
                desk.once(missed);
            }
            Stand::Open => {
                let risk = risk(current, point, by, (deadline.warn, usual), one, desk.facts.now);
                if let Some(cause) = risk {
                    desk.once(make(Kind::DeadlineAtRisk, cause));
                }
            }
        }
    }
}

fn notice(one: &Watched, promise: Promise<'_>, point: Point, kind: Kind, cause: Cause) -> Notice {
    let cause = Problem::of(&cause, false);
    match promise {
        Promise::Tick(tick) => one.notice_of(tick, kind, Some(point.as_str()), cause, Next::Why),
        Promise::Absent(fire) => {
            let mut notice = one.notice(kind, Some(point.as_str()), cause, Next::Start);
            notice.tick = Some(TickRef { key: fire.key(), at: fire.at });
            notice.dates = Some((fire.business_date, fire.last_business_date));
            notice
        }
    }
}

/// Missed or at risk before, reached now.
fn right(one: &Watched, promise: Promise<'_>, point: Point, current: Option<&Tick>, desk: &mut Desk<'_>) {
    let at = current.and_then(|tick| tick.finished_at).unwrap_or(desk.facts.now);
    for kind in [Kind::DeadlineMissed, Kind::DeadlineAtRisk] {
        let tick = match promise {
            Promise::Tick(tick) => tick.tick.id.key.clone(),
            Promise::Absent(fire) => fire.key(),
        };
        // Most ticks were never in trouble: nothing is made for them.
        if desk.is_live(&key(kind, &one.pipeline.id, &tick, point.as_str())) {
            let mut again = notice(one, promise, point, kind, Cause::RightAgain { at: told(at, one.zone) });
            again.next = Next::Nothing;
            desk.right(again);
        }
    }
}

/// The tick that stands for each: itself, or whoever covers its interval or made it up, through any number of them.
fn standing<'a>(ticks: &Ticks<'a>) -> Ticks<'a> {
    let mut newest_first: Vec<&'a Tick> = ticks.values().copied().collect();
    newest_first.sort_by_key(|tick| std::cmp::Reverse(tick.tick.scheduled_at));
    let mut standing = Ticks::new();
    for tick in newest_first {
        let ended = matches!(tick.state, TickState::Superseded | TickState::Missed | TickState::Skipped);
        let next = tick.successor.as_deref().filter(|_| ended);
        let next = next.and_then(|key| standing.get(key).or_else(|| ticks.get(key)).copied());
        standing.insert(&tick.tick.id.key, next.unwrap_or(tick));
    }
    standing
}

fn stand(current: Option<&Tick>, point: Point, by: DateTime<Utc>) -> Stand {
    let Some(tick) = current else { return Stand::Open };
    let reached = |at: Option<DateTime<Utc>>| match at {
        Some(at) if at <= by => Stand::Met,
        Some(at) => Stand::Late(at),
        None => Stand::Open,
    };
    match (tick.state, point) {
        // A person decided against it, or the pipeline is gone.
        (TickState::Skipped, _) if why(tick).is_some_and(|why| matches!(&*why, "stopped" | "withdrawn")) => Stand::Met,
        (_, Point::Start) => reached(tick.started_at),
        // When staging ended is not on record, only that it has.
        (TickState::Succeeded, Point::Stage) => Stand::Met,
        (_, Point::Stage) if tick.phase.as_deref() == Some("publish") => Stand::Met,
        (TickState::Succeeded, _) => reached(tick.finished_at),
        _ => Stand::Open,
    }
}

/// Why a point that is not reached yet may not be reached in time.
fn risk(
    current: Option<&Tick>,
    point: Point,
    by: DateTime<Utc>,
    (warn, usual): (Option<TimeDelta>, Option<TimeDelta>),
    one: &Watched,
    now: DateTime<Utc>,
) -> Option<Cause> {
    let step = point.phrase();
    let ended = current.is_some_and(|tick| tick.state.ended());
    let last = matches!(point, Point::Publish | Point::End);
    if let (true, false, Some(usual)) = (last, ended, usual) {
        let running = current.filter(|tick| tick.state == TickState::Running).and_then(|tick| tick.started_at);
        let not_before = current.and_then(|tick| tick.not_before).unwrap_or(now);
        let expected = (running.unwrap_or(now.max(not_before)) + usual).max(now);
        if expected > by {
            return Some(Cause::Predicted { step, by: told(by, one.zone), expected: told(expected, one.zone) });
        }
    }
    let near = warn.is_some_and(|warn| now >= by - warn);
    let status = current.map_or("not in the ledger", |tick| status(tick.state));
    near.then_some(Cause::Near { step, by: told(by, one.zone), status })
}

/// How long runs of a pipeline take: the median of its last successful ones.
fn usual(ticks: &Ticks<'_>) -> Option<TimeDelta> {
    let mut runs: Vec<(DateTime<Utc>, TimeDelta)> = ticks
        .values()
        .filter(|tick| tick.state == TickState::Succeeded)
        .filter_map(|tick| Some((tick.finished_at?, tick.finished_at? - tick.started_at?)))
        .collect();
    runs.sort_by_key(|(finished, _)| std::cmp::Reverse(*finished));
    runs.truncate(RUNS);
    let mut spans: Vec<TimeDelta> = runs.into_iter().map(|(_, span)| span).collect();
    spans.sort();
    (spans.len() >= FEWEST_RUNS).then(|| spans[spans.len() / 2])
}

/// A state as a fixed phrase.
pub(super) fn status(state: TickState) -> &'static str {
    match state {
        TickState::Queued => "waiting",
        TickState::Ready => "ready and not begun",
        TickState::Running => "running",
        TickState::Succeeded => "succeeded",
        TickState::Failed => "failed",
        TickState::Withheld => "withheld",
        TickState::Skipped => "skipped",
        TickState::Superseded => "superseded",
        TickState::Missed => "missed",
    }
}
