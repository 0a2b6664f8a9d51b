//! What must hold once everything has ended, whatever went wrong on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::schedule::{Cause, Tick, TickId, TickState};
use chrono::{DateTime, TimeDelta, Utc};

use super::Reason;
use super::world::{World, name};
use crate::notice::{Kind, key};
use crate::schedule::timetable::Entry;
use crate::spec::pipeline::{CatchUp, Overlap};
use crate::watch::Point;

/// Writes down everything that does not hold.
pub(super) fn check(world: &mut World<'_>, end: DateTime<Utc>) {
    let timetable = Arc::clone(&world.scenario.timetable);
    for entry in timetable.entries.values() {
        every_fire_has_a_tick(world, entry, end);
        nothing_is_passed_over(world, entry);
    }
    no_deadline_is_missed_unnoticed(world);
    let mut wrong = Vec::new();
    for tick in world.ledger.ticks.values() {
        let times = world.published.get(&tick.tick.id).map_or(0, Vec::len);
        if tick.state == TickState::Succeeded && times != 1 || times > 1 {
            wrong.push(format!("{} ended {} and published {times} times", name(tick), tick.state.as_str()));
        }
        if let Some(successor) = &tick.successor {
            let id = TickId { pipeline: tick.tick.id.pipeline.clone(), key: successor.clone() };
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
        let id = TickId { pipeline: entry.pipeline.clone(), key: fire.key() };
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

/// After a last look, every deadline that passed without data is on the watchdog's list, and none that was kept.
fn no_deadline_is_missed_unnoticed(world: &mut World<'_>) {
    let scenario = world.scenario;
    let mut deadlines = Vec::new();
    for watched in &scenario.watched {
        let scheduled = |tick: &&Tick| tick.tick.id.pipeline == watched.id() && tick.tick.cause != Cause::Manual;
        for tick in world.ledger.ticks.values().filter(scheduled) {
            deadlines.extend(watched.data_by(tick.tick.scheduled_at).map(|by| (tick.tick.id.clone(), by)));
        }
    }
    let Some(last) = deadlines.iter().map(|(_, by)| *by).max() else { return };
    world.now = world.now.max(last) + TimeDelta::seconds(1);
    world.look();
    let raised = world.watchdog.raised();
    let mut wrong = Vec::new();
    for (id, by) in deadlines {
        let noticed = raised.contains(key(Kind::DeadlineMissed, &id.pipeline, &id.key, Point::End.as_str()).as_str());
        let in_time = |tick: &Tick| {
            let published = world.published.get(&tick.tick.id).and_then(|times| times.first());
            published.is_some_and(|at| *at <= by)
        };
        let Some(stands) = world.stands_for(&id) else { continue };
        if !noticed && !in_time(stands) && !was_stopped(stands) {
            wrong.push(format!("the deadline of {} {} was missed unnoticed", id.pipeline, id.key));
        }
        let kept = stands.state == TickState::Succeeded && stands.finished_at.is_some_and(|at| at <= by);
        if noticed && kept {
            wrong.push(format!("the deadline of {} {} was kept and called missed", id.pipeline, id.key));
        }
    }
    wrong.into_iter().for_each(|what| world.breach(what));
}

/// Whether a person decided against it.
fn was_stopped(tick: &Tick) -> bool {
    let reason = tick.reason.as_ref().and_then(Reason::of);
    tick.state == TickState::Skipped && matches!(reason, Some(Reason::Stopped { .. } | Reason::Withdrawn))
}

impl World<'_> {
    /// The tick itself, or the last of those that cover it.
    fn stands_for(&self, id: &TickId) -> Option<&Tick> {
        let mut tick = self.ledger.ticks.get(id)?;
        while let Some(key) = tick.successor.clone().filter(|_| tick.state != TickState::Succeeded) {
            tick = self.ledger.ticks.get(&TickId { pipeline: id.pipeline.clone(), key })?;
        }
        Some(tick)
    }
}
