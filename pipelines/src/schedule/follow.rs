//! What workers and time did to ticks.

use catalog::schedule::{Cause, Op, Tick, TickId, TickState};
use chrono::TimeDelta;

use super::Reason;
use super::state::{Live, State};

/// Pause before a tick whose worker was lost is given to another.
const AFTER_LOSS: TimeDelta = TimeDelta::seconds(1);

impl State {
    /// Takes over how a worker left a tick's row.
    pub(super) fn follow(&mut self, row: Tick) {
        let id = row.tick.id.clone();
        if row.state.ended() {
            self.remember(&row);
            self.leave(&id);
            return;
        }
        if !self.live.contains_key(&id) {
            self.enter(Live::new(row.tick.clone(), row.created_at));
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        if row.token < live.token {
            return;
        }
        (live.token, live.tries, live.deaths, live.worker) = (row.token, row.tries, row.deaths, row.worker.clone());
        live.cancelled = row.cancel.is_some();
        match row.state {
            TickState::Running => self.begun(&id, &row),
            TickState::Queued if live.holds_slot() => self.again(&id, &row),
            _ => {}
        }
    }

    fn begun(&mut self, id: &TickId, row: &Tick) {
        let Some(live) = self.live.get_mut(id) else { return };
        live.state = TickState::Running;
        if live.ready_at.is_none() {
            let expected = live.charged_ms;
            self.unqueue(id);
            self.hold_slot(id, expected);
        }
        if let Some(lane) = self.lanes.get_mut(&id.pipeline) {
            lane.last_start = lane.last_start.max(row.started_at);
        }
        self.arm(id, row.lease_until);
    }

    /// Its worker gave it back to be tried again.
    fn again(&mut self, id: &TickId, row: &Tick) {
        self.free_slot(id);
        let Some(live) = self.live.get_mut(id) else { return };
        live.state = TickState::Queued;
        live.not_before = row.not_before;
        live.rest = row.reason.as_ref().and_then(Reason::of);
        live.wait = live.rest.clone();
        self.assess_heads(&id.pipeline.clone());
    }

    /// A timer of a tick rang.
    pub(super) fn ring(&mut self, id: &TickId) {
        let Some(live) = self.live.get_mut(id) else { return };
        live.timer = None;
        match (live.state, &live.wait) {
            (TickState::Running, _) => self.lost(id),
            (TickState::Queued, Some(table @ Reason::Table { until, .. })) if *until <= self.now => {
                let reason = table.clone();
                self.end(id, TickState::Failed, Some(reason), None);
            }
            _ => self.assess(id),
        }
    }

    /// A worker gave no sign of life for a lease: its tick waits for another, or is set aside when that happens again and
    /// again.
    fn lost(&mut self, id: &TickId) {
        let limit = self.timetable.poison_limit;
        let not_before = self.now + AFTER_LOSS;
        let Some(live) = self.live.get_mut(id) else { return };
        live.deaths += 1;
        live.token += 1;
        let (deaths, worker) = (live.deaths, live.worker.take().unwrap_or_default());
        if deaths >= limit {
            self.end(id, TickState::Failed, Some(Reason::Poison { deaths }), None);
            return;
        }
        let reason = Reason::Lost { worker, deaths };
        self.ops.push(Op::Reclaim { id: id.clone(), not_before, reason: reason.value() });
        self.free_slot(id);
        if let Some(live) = self.live.get_mut(id) {
            live.state = TickState::Queued;
            live.not_before = Some(not_before);
            (live.rest, live.wait) = (Some(reason.clone()), Some(reason));
        }
        self.assess_heads(&id.pipeline.clone());
    }

    /// Keeps what later ticks of the pipeline need to know of one that ran, or of the first that was passed over.
    pub(super) fn remember(&mut self, row: &Tick) {
        let Some(lane) = self.lanes.get_mut(&row.tick.id.pipeline) else { return };
        let ran = matches!(row.state, TickState::Succeeded | TickState::Failed | TickState::Withheld);
        if ran {
            lane.last_start = lane.last_start.max(row.started_at);
            if row.tick.cause != Cause::Backfill {
                lane.covered_to = lane.covered_to.max(Some(row.tick.interval_end));
            }
        } else if matches!(row.tick.cause, Cause::Schedule | Cause::CatchUp) {
            lane.covered_to = lane.covered_to.or(Some(row.tick.interval_start));
        }
    }
}
