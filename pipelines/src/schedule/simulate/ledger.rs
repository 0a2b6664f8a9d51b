//! The schedule's ledger in memory, with the rules of the real one: a decision is applied whole or not at all, tokens
//! fence, and every breach of a promise is written down.

use std::collections::{BTreeMap, BTreeSet};

use catalog::schedule::{Anchor, Cause, Commit, Hold, Left, Op, Request, Scope, Snapshot, Tick, TickId, TickState};
use chrono::{DateTime, TimeDelta, Utc};

/// The ledger of a simulated city.
#[derive(Debug, Default)]
pub(in crate::schedule) struct Ledger {
    pub(in crate::schedule) ticks: BTreeMap<TickId, Tick>,
    anchors: BTreeMap<String, Anchor>,
    /// Since when each pipeline's fires are promised.
    pub(in crate::schedule) promised_since: BTreeMap<String, DateTime<Utc>>,
    holds: BTreeMap<Scope, Hold>,
    pub(in crate::schedule) commits: Vec<Commit>,
    pub(in crate::schedule) requests: Vec<Request>,
    pub(in crate::schedule) revision: i64,
    /// Changes by workers, in order.
    changed: Vec<TickId>,
    ready: BTreeSet<(i64, TickId)>,
    /// Ticks as they were before the operations that are being applied.
    undo: Vec<(TickId, Option<Tick>)>,
    made_ready: i64,
    /// Token of the leading scheduler.
    pub(in crate::schedule) lead: i64,
    /// Promises that were broken, in words.
    pub(in crate::schedule) breaches: Vec<String>,
}

impl Ledger {
    /// Applies what a leader decided, all of it or nothing; `None` when it does not lead any more, else whether it fitted.
    pub(in crate::schedule) fn apply(&mut self, lead: i64, now: DateTime<Utc>, ops: &[Op]) -> Option<bool> {
        if lead != self.lead {
            return None;
        }
        let ready = self.ready.clone();
        for op in ops {
            if !self.apply_one(now, op) {
                self.ready = ready;
                for (id, before) in std::mem::take(&mut self.undo).into_iter().rev() {
                    match before {
                        Some(before) => self.ticks.insert(id, before),
                        None => self.ticks.remove(&id),
                    };
                }
                return Some(false);
            }
        }
        self.undo.clear();
        ops.iter().for_each(|op| self.settle(op));
        Some(true)
    }

    /// What an operation does to its tick; false when it does not fit.
    fn apply_one(&mut self, now: DateTime<Utc>, op: &Op) -> bool {
        match op {
            Op::Promise { tick, state, reason, successor } => {
                let row = Tick::promised(tick.clone(), *state, reason.clone(), successor.clone(), now);
                let there = self.ticks.insert(tick.id.clone(), row);
                let fits = there.is_none();
                self.undo.push((tick.id.clone(), there));
                fits
            }
            Op::Ready { id } => self.make_ready(id, op, now),
            Op::Wait { id, .. }
            | Op::Reclaim { id, .. }
            | Op::End { id, .. }
            | Op::Reopen { id, .. }
            | Op::Cancel { id, .. } => self.change(id, op, now),
            Op::Answer { request, .. } => {
                self.requests.iter().any(|asked| asked.id == *request && asked.answer.is_none())
            }
            Op::Anchor { .. } | Op::Hold(_) | Op::Release { .. } => true,
        }
    }

    /// What it does beside ticks, once all of them fit.
    fn settle(&mut self, op: &Op) {
        match op {
            Op::Anchor { pipeline, schedule, at } => {
                let anchor = Anchor { pipeline: pipeline.clone(), schedule: schedule.clone(), at: *at };
                self.promised_since.entry(pipeline.clone()).or_insert(*at);
                self.anchors.insert(pipeline.clone(), anchor);
            }
            Op::Hold(hold) => {
                self.holds.insert(hold.scope.clone(), hold.clone());
            }
            Op::Release { scope } => {
                self.holds.remove(scope);
            }
            Op::Answer { request, granted, answer } => {
                for asked in self.requests.iter_mut().filter(|asked| asked.id == *request) {
                    asked.answer = Some((*granted, answer.clone()));
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, id: &TickId, op: &Op, now: DateTime<Utc>) -> bool {
        let Some(tick) = self.ticks.get_mut(id) else { return false };
        self.undo.push((id.clone(), Some(tick.clone())));
        let fits = tick.take(op, now);
        if fits && tick.state != TickState::Ready {
            self.ready.retain(|(_, ready)| ready != id);
        }
        fits
    }

    fn make_ready(&mut self, id: &TickId, op: &Op, now: DateTime<Utc>) -> bool {
        let first = TickId { pipeline: id.pipeline.clone(), key: String::new() };
        let mut same = self.ticks.range(first..).take_while(|(other, _)| other.pipeline == id.pipeline);
        let fits = !same.any(|(_, tick)| tick.state.busy()) && self.change(id, op, now);
        if fits {
            self.made_ready += 1;
            self.ready.insert((self.made_ready, id.clone()));
        }
        fits
    }

    /// Gives a worker a ready tick.
    pub(in crate::schedule) fn claim(&mut self, worker: &str, now: DateTime<Utc>, ttl: TimeDelta) -> Option<Tick> {
        let (_, id) = self.ready.pop_first()?;
        let revision = self.number(&id);
        let tick = self.ticks.get_mut(&id)?;
        tick.claim(worker, now, ttl);
        tick.revision = revision;
        Some(tick.clone())
    }

    /// Prolongs a claim: whether it still holds, and whether the worker is to stop.
    pub(in crate::schedule) fn beat(
        &mut self,
        id: &TickId,
        token: i64,
        now: DateTime<Utc>,
        ttl: TimeDelta,
    ) -> (bool, bool) {
        if !self.holds_token(id, token) {
            return (false, false);
        }
        let revision = self.number(id);
        let Some(tick) = self.ticks.get_mut(id) else { return (false, false) };
        tick.lease_until = Some(now + ttl);
        tick.revision = revision;
        (true, tick.cancel.is_some())
    }

    /// Records how a worker left a tick; refused when its token is spent.
    pub(in crate::schedule) fn leave(&mut self, id: &TickId, token: i64, left: &Left, now: DateTime<Utc>) -> bool {
        if !self.holds_token(id, token) {
            return false;
        }
        let revision = self.number(id);
        let Some(tick) = self.ticks.get_mut(id) else { return false };
        tick.revision = revision;
        tick.leave(left, now);
        true
    }

    fn holds_token(&self, id: &TickId, token: i64) -> bool {
        self.ticks.get(id).is_some_and(|tick| tick.has_token(token))
    }

    fn number(&mut self, id: &TickId) -> i64 {
        self.revision += 1;
        self.changed.push(id.clone());
        self.revision
    }

    /// Rows that workers changed after a revision, in order.
    pub(in crate::schedule) fn changes(&self, after: i64) -> Vec<Tick> {
        let from = usize::try_from(after).unwrap_or(0).min(self.changed.len());
        self.changed[from..].iter().filter_map(|id| self.ticks.get(id).cloned()).collect()
    }

    /// Up to where each pipeline was promised.
    pub(super) fn anchors(&self) -> impl Iterator<Item = &Anchor> {
        self.anchors.values()
    }

    /// What a scheduler begins with.
    pub(in crate::schedule) fn snapshot(&self) -> Snapshot {
        let ran = |tick: &&Tick| matches!(tick.state, TickState::Succeeded | TickState::Failed | TickState::Withheld);
        let mut newest: BTreeMap<&str, &Tick> = BTreeMap::new();
        for tick in self.ticks.values().filter(ran) {
            let known = newest.entry(&tick.tick.id.pipeline).or_insert(tick);
            if tick.tick.scheduled_at > known.tick.scheduled_at {
                *known = tick;
            }
        }
        let mut first: BTreeMap<&str, &Tick> = BTreeMap::new();
        let passed_over =
            |tick: &&Tick| tick.state.ended() && matches!(tick.tick.cause, Cause::Schedule | Cause::CatchUp);
        for tick in self.ticks.values().filter(passed_over).filter(|tick| !newest.contains_key(&*tick.tick.id.pipeline))
        {
            let known = first.entry(&tick.tick.id.pipeline).or_insert(tick);
            if tick.tick.scheduled_at < known.tick.scheduled_at {
                *known = tick;
            }
        }
        let open = self.ticks.values().filter(|tick| !tick.state.ended());
        Snapshot {
            ticks: open.chain(newest.into_values()).chain(first.into_values()).cloned().collect(),
            anchors: self.anchors.values().cloned().collect(),
            holds: self.holds.values().cloned().collect(),
            commits: self.commits.clone(),
            revision: self.revision,
        }
    }
}
