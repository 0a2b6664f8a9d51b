//! Going on where another scheduler stopped: the state made again from the ledger.

use std::sync::Arc;

use catalog::schedule::{Snapshot, Tick, TickState};
use chrono::{DateTime, Utc};

use super::share::UNKNOWN_MS;
use super::state::{Lane, Live, State};
use super::{Reason, Timetable};

impl State {
    /// The state that the ledger tells of, at an instant, under the present definitions.
    pub fn recover(now: DateTime<Utc>, timetable: Arc<Timetable>, snapshot: Snapshot) -> Self {
        let mut state = Self::new(now, Arc::new(timetable.without_entries()));
        for hold in snapshot.holds {
            state.holds.insert(hold.scope.clone(), hold);
        }
        for anchor in snapshot.anchors {
            let lane = Lane { anchor: anchor.at, schedule: anchor.schedule, ..Lane::default() };
            state.lanes.insert(anchor.pipeline, lane);
        }
        state.timetable = Arc::clone(&timetable);
        for tick in snapshot.ticks {
            state.restore(tick);
        }
        state.define(timetable);
        let mut commits = snapshot.commits;
        commits.sort_by_key(|commit| commit.at);
        for commit in &commits {
            state.committed(commit);
        }
        state
    }

    fn restore(&mut self, row: Tick) {
        if row.state.ended() {
            self.remember(&row);
            return;
        }
        let reason = row.reason.as_ref().and_then(Reason::of);
        let id = row.tick.id.clone();
        let mut live = Live::new(row.tick, row.created_at);
        live.state = row.state;
        (live.tries, live.deaths, live.token, live.worker) = (row.tries, row.deaths, row.token, row.worker);
        (live.not_before, live.rest, live.wait) = (row.not_before, reason.clone(), reason);
        live.cancelled = row.cancel.is_some();
        if live.tick.cause != catalog::schedule::Cause::Backfill {
            let lane = self.lanes.entry(id.pipeline.clone()).or_default();
            lane.covered_to = lane.covered_to.max(Some(live.tick.interval_end));
        }
        let holds_slot = live.holds_slot();
        self.enter(live);
        if holds_slot {
            self.hold_slot(&id, UNKNOWN_MS);
        }
        if row.state == TickState::Running {
            self.arm(&id, row.lease_until);
        }
    }
}
