//! Giving slots: a tick that waits for nothing else becomes ready when its pool and its connections have room.

use std::sync::Arc;

use catalog::schedule::{Op, TickId, TickState};

use super::Reason;
use super::share::{UNKNOWN_MS, rank};
use super::state::State;

impl State {
    /// Puts a tick into its pool's queue.
    pub(super) fn enqueue(&mut self, id: &TickId) {
        let Some(live) = self.live.get_mut(id).filter(|live| !live.queued) else { return };
        live.queued = true;
        let rank = rank(live.since, live.tick.priority);
        self.shares.push(&live.tick.pool, &live.tick.owner, rank, id.clone());
        self.fresh.push(id.clone());
    }

    /// Takes it out again.
    pub(super) fn unqueue(&mut self, id: &TickId) {
        let Some(live) = self.live.get_mut(id).filter(|live| live.queued) else { return };
        live.queued = false;
        let rank = rank(live.since, live.tick.priority);
        self.shares.remove(&live.tick.pool, &live.tick.owner, rank, id);
    }

    /// Gives out what slots there are.
    pub(super) fn dispatch(&mut self) {
        let timetable = Arc::clone(&self.timetable);
        for pool in self.shares.touched() {
            while self.shares.used(&pool) < timetable.slots(&pool) {
                let Some(id) = self.shares.next(&pool, |id| self.full_connection(id).is_none()) else { break };
                self.make_ready(&id);
            }
        }
        for id in std::mem::take(&mut self.fresh) {
            let Some(live) = self.live.get(&id).filter(|live| live.queued) else { continue };
            let reason = match self.full_connection(&id) {
                Some(connection) => Reason::Connection { connection },
                None => Reason::Pool { pool: live.tick.pool.clone() },
            };
            self.set_wait(&id, reason);
        }
    }

    /// A connection of the tick's pipeline that has no room for another run.
    fn full_connection(&self, id: &TickId) -> Option<String> {
        let entry = self.timetable.entries.get(&id.pipeline)?;
        let full = |name: &&String| {
            let used = self.connections.get(*name).copied().unwrap_or(0);
            self.timetable.connections.get(*name).is_some_and(|cap| used >= *cap)
        };
        entry.connections.iter().find(full).cloned()
    }

    fn make_ready(&mut self, id: &TickId) {
        self.unqueue(id);
        let expected = self.lanes.get(&id.pipeline).and_then(|lane| lane.mean_ms).unwrap_or(UNKNOWN_MS);
        let Some(live) = self.live.get_mut(id) else { return };
        live.state = TickState::Ready;
        live.wait = None;
        self.ops.push(Op::Ready { id: id.clone() });
        self.hold_slot(id, expected);
        let others: Vec<TickId> = match self.lanes.get(&id.pipeline) {
            Some(lane) => lane
                .heads()
                .filter(|key| *key != id.key)
                .map(|key| TickId { pipeline: id.pipeline.clone(), key: key.to_owned() })
                .collect(),
            None => Vec::new(),
        };
        for other in others {
            self.assess(&other);
        }
    }

    /// Books the slot and the connections of a tick that is ready or running.
    pub(super) fn hold_slot(&mut self, id: &TickId, expected_ms: u64) {
        let now = self.now;
        let Some(live) = self.live.get_mut(id) else { return };
        (live.ready_at, live.charged_ms) = (Some(now), expected_ms);
        let weight = self.timetable.weight(&live.tick.owner);
        self.shares.take(&live.tick.pool, &live.tick.owner, weight, expected_ms);
        if let Some(lane) = self.lanes.get_mut(&id.pipeline) {
            lane.running = Some(id.key.clone());
        }
        for name in self.timetable.entries.get(&id.pipeline).map(|entry| &entry.connections).into_iter().flatten() {
            *self.connections.entry(name.clone()).or_default() += 1;
        }
    }

    /// Gives back what a tick holds, if it holds something.
    pub(super) fn free_slot(&mut self, id: &TickId) {
        let now = self.now;
        let Some(live) = self.live.get_mut(id) else { return };
        let Some(ready_at) = live.ready_at.take() else { return };
        let used = u64::try_from((now - ready_at).num_milliseconds()).unwrap_or(0);
        let weight = self.timetable.weight(&live.tick.owner);
        self.shares.give(&live.tick.pool, &live.tick.owner, weight, live.charged_ms, used);
        if let Some(lane) = self.lanes.get_mut(&id.pipeline) {
            lane.running = lane.running.take().filter(|key| *key != id.key);
            lane.mean_ms = Some(lane.mean_ms.map_or(used, |mean| (mean * 7 + used) / 8));
        }
        let mut capped = false;
        for name in self.timetable.entries.get(&id.pipeline).map(|entry| &entry.connections).into_iter().flatten() {
            capped |= self.timetable.connections.contains_key(name);
            if let Some(used) = self.connections.get_mut(name) {
                *used = used.saturating_sub(1);
            }
        }
        if capped {
            self.shares.touch_all();
        }
    }
}
