//! Ticks that ended badly: failed, withheld, set aside; and those that succeeded when they were tried again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use catalog::schedule::{Tick, TickState};
use serde_json::Value;

use super::cause::Cause;
use super::late::status;
use super::watched::Watched;
use super::{Desk, HORIZON};
use crate::notice::{Kind, Next, key};
use crate::problem::Problem;

/// Kinds that a bad end can have.
const KINDS: [Kind; 5] = [Kind::RunFailed, Kind::QualityGate, Kind::Withheld, Kind::GateLeak, Kind::Poison];

pub(super) fn look(watched: &[Watched], desk: &mut Desk<'_>) {
    let facts = desk.facts;
    let by_id: BTreeMap<&str, &Watched> = watched.iter().map(|one| (one.pipeline.id.as_str(), one)).collect();
    for tick in facts.ticks.iter().filter(|tick| tick.state.ended()) {
        let Some(one) = by_id.get(tick.tick.id.pipeline.as_str()) else { continue };
        match tick.state {
            TickState::Failed | TickState::Withheld => bad(one, tick, desk),
            TickState::Succeeded => right(one, tick, desk),
            _ => {}
        }
    }
}

fn bad(one: &Watched, tick: &Tick, desk: &mut Desk<'_>) {
    let recent = tick.finished_at.is_some_and(|at| desk.facts.now - at < HORIZON);
    // An attempt of its own each: a tick that fails again after it was asked for again is told again.
    let about = (tick.attempt > 1).then(|| tick.attempt.to_string());
    let (kind, cause) = judged(tick);
    let next = next(kind, &cause);
    if recent {
        desk.once(one.notice_of(tick, kind, about.as_deref(), cause, next));
    }
}

/// What kind of bad end it is, and why.
fn judged(tick: &Tick) -> (Kind, Problem) {
    let number = |name: &str| tick.reason.as_ref().and_then(|reason| reason.get(name)?.as_u64()).unwrap_or(0);
    match why(tick).as_deref() {
        Some("poison") => return (Kind::Poison, Problem::of(&Cause::Poison { deaths: number("deaths") }, false)),
        Some("timeout") => {
            return (Kind::RunFailed, Problem::of(&Cause::TimedOut { seconds: number("seconds") }, false));
        }
        _ => {}
    }
    let cause = problems(tick).into_iter().next();
    let cause = cause.unwrap_or_else(|| Problem::of(&Cause::Ended { status: status(tick.state) }, false));
    let kind = match (tick.state, cause.code.as_str()) {
        (_, code) if code.starts_with("P30") => Kind::QualityGate,
        (TickState::Withheld, code) if is_leak(code) => Kind::GateLeak,
        (TickState::Withheld, _) => Kind::Withheld,
        _ => Kind::RunFailed,
    };
    (kind, cause)
}

/// Whether a refusal means that data would have left that must not: not a term that has run out, but a field, a row, a
/// grade or a border that no grant gives.
fn is_leak(code: &str) -> bool {
    LEAKS.contains(&code)
}

/// Refusals by border, resource, field, row, grade, purpose or missing protection.
const LEAKS: [&str; 12] =
    ["K207", "K208", "K209", "K210", "P401", "P402", "P403", "P404", "P405", "P406", "P407", "P408"];

fn next(kind: Kind, cause: &Problem) -> Next {
    match kind {
        Kind::QualityGate => Next::Release,
        Kind::Withheld => match cause.params.get("grant") {
            Some(grant) => Next::Renew { grant: grant.clone() },
            None => Next::Why,
        },
        Kind::RunFailed if cause.code.starts_with('N') => Next::Provider,
        Kind::RunFailed | Kind::Poison => Next::Rerun,
        _ => Next::Why,
    }
}

/// The same tick ended badly before and well now.
fn right(one: &Watched, tick: &Tick, desk: &mut Desk<'_>) {
    let Some(at) = tick.finished_at else { return };
    for kind in KINDS {
        for attempt in 1..=tick.attempt.min(50) {
            let about = (attempt > 1).then(|| attempt.to_string());
            let key = key(kind, &one.pipeline.id, &tick.tick.id.key, about.as_deref().unwrap_or("-"));
            if desk.is_live(&key) {
                let cause = Problem::of(&Cause::RightAgain { at: desk.told(at) }, false);
                desk.right(one.notice_of(tick, kind, about.as_deref(), cause, Next::Nothing));
            }
        }
    }
}

/// Why a tick is as it is, by name.
pub(super) fn why(tick: &Tick) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(tick.reason.as_ref()?.get("why")?.as_str()?))
}

/// What went wrong, as far as its reason holds problems.
fn problems(tick: &Tick) -> Vec<Problem> {
    let list = tick.reason.as_ref().and_then(|reason| reason.get("problems")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|problem| serde_json::from_value(problem.clone()).ok()).collect()
}
