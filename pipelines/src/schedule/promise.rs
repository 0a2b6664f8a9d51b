//! Fires that became due: each becomes a tick, which runs or has already ended.

use catalog::schedule::{Cause, NewTick, Op, Scope, TickId, TickState};
use chrono::{DateTime, TimeDelta, Utc};

use super::state::{Live, State};
use super::timetable::Entry;
use super::{LATE, Reason};
use crate::spec::pipeline::{CatchUp, Overlap};
use crate::when::Fire;

/// Fires of one pipeline promised in one step; the rest follow in the next ones.
const AT_ONCE: usize = 2_000;

/// What a due fire becomes.
enum Fate {
    Runs(Cause),
    Ends { state: TickState, reason: Reason, successor: Option<String> },
}

impl State {
    /// Promises everything that became due.
    pub(super) fn promise_due(&mut self) {
        let mut rest = Vec::new();
        while let Some((at, pipeline)) = self.due.first().cloned() {
            if at > self.now {
                break;
            }
            if self.promise_lane(&pipeline) {
                rest.extend(self.due_of(&pipeline));
            }
        }
        self.due.extend(rest);
    }

    /// The lane's place in `due`, taken out.
    fn due_of(&mut self, pipeline: &str) -> Option<(DateTime<Utc>, String)> {
        let next = self.lanes.get(pipeline)?.next?;
        self.due.take(&(next, pipeline.to_owned()))
    }

    /// Promises the due fires of a lane; whether some are left for another step.
    fn promise_lane(&mut self, pipeline: &str) -> bool {
        let timetable = std::sync::Arc::clone(&self.timetable);
        let (Some(entry), Some(lane)) = (timetable.entries.get(pipeline), self.lanes.get(pipeline)) else {
            self.plan_next(pipeline);
            return false;
        };
        let Some(when) = &entry.when else { return false };
        let anchor = lane.anchor;
        // A year that is not published ends the list: what lies before it is promised, the lane is blocked then.
        let fires: Vec<Fire> = when.fires(anchor, self.now).map_while(Result::ok).take(AT_ONCE).collect();
        let newest = match fires.len() {
            AT_ONCE => when.previous(self.now).ok().flatten().or_else(|| fires.last().cloned()),
            _ => fires.last().cloned(),
        };
        for fire in &fires {
            self.promise(entry, fire, anchor, newest.as_ref());
        }
        if let (Some(last), Some(lane)) = (fires.last(), self.lanes.get_mut(pipeline)) {
            lane.anchor = last.at;
            let schedule = entry.schedule.clone();
            self.ops.push(Op::Anchor { pipeline: pipeline.to_owned(), schedule, at: last.at });
        }
        self.plan_next(pipeline);
        fires.len() == AT_ONCE
    }

    fn promise(&mut self, entry: &Entry, fire: &Fire, anchor: DateTime<Utc>, newest: Option<&Fire>) {
        let tick = self.tick_of(entry, fire, Cause::Schedule);
        match self.fate(entry, fire, anchor, newest) {
            Fate::Ends { state, reason, successor } => {
                if let Some(lane) = self.lanes.get_mut(&entry.pipeline) {
                    lane.covered_to = lane.covered_to.or(Some(fire.interval_start));
                }
                self.ops.push(Op::Promise { tick, state, reason: Some(reason.value()), successor });
            }
            Fate::Runs(cause) => {
                if entry.overlap == Overlap::Replace {
                    self.replace(&tick.id);
                }
                let start = self.reach_back(entry, fire.interval_start);
                self.queue(NewTick { cause, interval_start: start, ..tick }, None);
            }
        }
    }

    /// Runs or not: pauses first, then lateness by the catch-up policy, then overlap.
    fn fate(&self, entry: &Entry, fire: &Fire, anchor: DateTime<Utc>, newest: Option<&Fire>) -> Fate {
        if let Some(hold) = self.held([Scope::All, Scope::Pipeline(entry.pipeline.clone())]) {
            let reason = Reason::Paused { what: hold.scope.clone(), by: hold.by.clone() };
            return Fate::Ends { state: TickState::Skipped, reason, successor: None };
        }
        let age = self.now - fire.at;
        if age <= LATE {
            return match (entry.overlap, self.first_of(&entry.pipeline)) {
                (Overlap::Skip, Some(key)) => {
                    let reason = Reason::Overlap { key };
                    Fate::Ends { state: TickState::Skipped, reason, successor: None }
                }
                _ => Fate::Runs(Cause::Schedule),
            };
        }
        let reason = Reason::Down { since: anchor, until: self.now };
        let missed = |successor| Fate::Ends { state: TickState::Missed, reason: reason.clone(), successor };
        let within = |age: TimeDelta| age <= entry.window;
        match entry.catch_up {
            CatchUp::None => missed(None),
            CatchUp::All if within(age) => Fate::Runs(Cause::CatchUp),
            CatchUp::All => missed(None),
            CatchUp::Latest => match newest.filter(|newest| within(self.now - newest.at)) {
                Some(newest) if newest.at == fire.at => Fate::Runs(Cause::CatchUp),
                Some(newest) if within(age) => {
                    Fate::Ends { state: TickState::Superseded, reason: reason.clone(), successor: Some(newest.key()) }
                }
                Some(newest) => missed(Some(newest.key())),
                None => missed(None),
            },
        }
    }

    /// Under `latest`, a tick covers everything since the last one that ran: what was passed over is not lost.
    fn reach_back(&mut self, entry: &Entry, start: DateTime<Utc>) -> DateTime<Utc> {
        match (entry.catch_up, self.lanes.get(&entry.pipeline).and_then(|lane| lane.covered_to)) {
            (CatchUp::Latest, Some(covered)) => start.min(covered),
            _ => start,
        }
    }

    /// The earliest tick of a pipeline that has not ended, backfills apart.
    fn first_of(&self, pipeline: &str) -> Option<String> {
        self.lanes.get(pipeline)?.order.first().map(|(_, key)| key.clone())
    }

    /// Earlier ticks give way to a new one: those that wait end, one that runs is told to stop.
    fn replace(&mut self, by: &TickId) {
        let earlier: Vec<TickId> = self
            .lanes
            .get(&by.pipeline)
            .map(|lane| &lane.order)
            .into_iter()
            .flatten()
            .map(|(_, key)| TickId { pipeline: by.pipeline.clone(), key: key.clone() })
            .collect();
        for id in earlier {
            let reason = Reason::Overlap { key: by.key.clone() };
            self.stop(&id, TickState::Superseded, reason, Some(by.key.clone()));
        }
    }

    /// Ends a tick that waits; tells the worker of one that has begun.
    pub(super) fn stop(&mut self, id: &TickId, state: TickState, reason: Reason, successor: Option<String>) {
        match self.live.get_mut(id) {
            Some(live) if live.state != TickState::Running => self.end(id, state, Some(reason), successor),
            Some(live) if !live.cancelled => {
                live.cancelled = true;
                self.ops.push(Op::Cancel { id: id.clone(), reason: reason.value() });
            }
            _ => {}
        }
    }

    /// Promises a tick that is to run, and sees what it waits for.
    pub(super) fn queue(&mut self, tick: NewTick, reason: Option<Reason>) {
        let id = tick.id.clone();
        if self.live.contains_key(&id) {
            return;
        }
        let lane = self.lanes.entry(id.pipeline.clone()).or_default();
        if tick.cause != Cause::Backfill {
            lane.covered_to = lane.covered_to.max(Some(tick.interval_end));
        }
        self.ops.push(Op::Promise {
            tick: tick.clone(),
            state: TickState::Queued,
            reason: reason.map(|reason| reason.value()),
            successor: None,
        });
        self.enter(Live::new(tick, self.now));
        self.assess(&id);
    }

    /// The tick of a fire.
    pub(super) fn tick_of(&self, entry: &Entry, fire: &Fire, cause: Cause) -> NewTick {
        NewTick {
            id: TickId { pipeline: entry.pipeline.clone(), key: fire.key() },
            cause,
            scheduled_at: fire.at,
            interval_start: fire.interval_start,
            interval_end: fire.interval_end,
            biz_date: fire.business_date,
            definition_digest: entry.definition.clone(),
            owner: entry.owner.clone(),
            pool: entry.pool.clone(),
            priority: entry.priority,
        }
    }

    /// The pause that holds one of these, if any.
    pub(super) fn held<const N: usize>(&self, scopes: [Scope; N]) -> Option<&catalog::schedule::Hold> {
        scopes.iter().find_map(|scope| self.holds.get(scope))
    }
}
