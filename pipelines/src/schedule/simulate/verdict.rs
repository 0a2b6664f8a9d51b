//! What must hold once everything has ended, whatever went wrong on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::schedule::{Cause, Tick, TickState};
use chrono::{DateTime, Utc};

use super::world::{World, name};
use crate::schedule::timetable::Entry;
use crate::spec::pipeline::{CatchUp, Overlap};

/// Writes down everything that does not hold.
pub(super) fn check(world: &mut World<'_>, end: DateTime<Utc>) {
    let timetable = Arc::clone(&world.scenario.timetable);
    for entry in timetable.entries.values() {
        every_fire_has_a_tick(world, entry, end);
        nothing_is_passed_over(world, entry);
    }
    let mut wrong = Vec::new();
    for tick in world.ledger.ticks.values() {
        let times = world.published.get(&tick.tick.id).copied().unwrap_or(0);
        if tick.state == TickState::Succeeded && times != 1 || times > 1 {
            wrong.push(format!("{} ended {} and published {times} times", name(tick), tick.state.as_str()));
        }
        if let Some(successor) = &tick.successor {
            let id = catalog::schedule::TickId { pipeline: tick.tick.id.pipeline.clone(), key: successor.clone() };
            if !world.ledger.ticks.contains_key(&id) {
                wrong.push(format!("{} is covered by {successor}, which is not there", name(tick)));
            }
        }
        if tick.state.ended() && tick.finished_at.is_none() {
            wrong.push(format!("{} ended without a time", name(tick)));
        }
    }
    if let Some(request) = world.ledger.requests.iter().find(|request| request.answer.is_none()) {
        wrong.push(format!("request {} was never decided", request.id));
    }
    for what in wrong {
        world.breach(what);
    }
}

/// Fires since the schedule was first seen, computed apart from the scheduler, are all there.
fn every_fire_has_a_tick(world: &mut World<'_>, entry: &Entry, end: DateTime<Utc>) {
    let Some(when) = &entry.when else { return };
    let Some(from) = world.ledger.promised_since.get(&entry.pipeline).copied() else {
        return world.breach(format!("{} was never promised", entry.pipeline));
    };
    let mut missing = Vec::new();
    for fire in when.fires(from, end).map_while(Result::ok) {
        let id = catalog::schedule::TickId { pipeline: entry.pipeline.clone(), key: fire.key() };
        if !world.ledger.ticks.contains_key(&id) {
            missing.push(format!("{} {} was promised and is not there", id.pipeline, id.key));
        }
    }
    missing.into_iter().for_each(|what| world.breach(what));
}

/// Where ticks are made up, the intervals of those that ran leave no gap but what was missed beyond the window.
fn nothing_is_passed_over(world: &mut World<'_>, entry: &Entry) {
    if entry.when.is_none() || entry.overlap != Overlap::Queue || entry.catch_up == CatchUp::None {
        return;
    }
    let mut rows: BTreeMap<DateTime<Utc>, &Tick> = BTreeMap::new();
    let scheduled = |tick: &&Tick| {
        tick.tick.id.pipeline == entry.pipeline && matches!(tick.tick.cause, Cause::Schedule | Cause::CatchUp)
    };
    for tick in world.ledger.ticks.values().filter(scheduled) {
        rows.insert(tick.tick.scheduled_at, tick);
    }
    let mut covered: Option<DateTime<Utc>> = None;
    let mut gaps = Vec::new();
    for tick in rows.into_values() {
        let (start, end) = (tick.tick.interval_start, tick.tick.interval_end);
        match tick.state {
            TickState::Succeeded | TickState::Failed | TickState::Withheld => {
                if covered.is_some_and(|covered| covered < start) {
                    gaps.push(format!("{} leaves a gap before it", name(tick)));
                }
                covered = covered.max(Some(end));
            }
            // All of them are made up, except beyond the window or where a person or a pause said otherwise.
            _ if entry.catch_up == CatchUp::All => covered = covered.max(Some(end)),
            _ => covered = covered.or(Some(start)),
        }
    }
    gaps.into_iter().for_each(|what| world.breach(what));
}
