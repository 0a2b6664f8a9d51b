//! Schedulers of the instances: they take the lead, look, decide, write, die and come back.

use std::sync::Arc;

use catalog::schedule::{Op, Request, TickId, TickState};
use chrono::{DateTime, TimeDelta, Utc};

use super::chance::Chance;
use super::world::{Happening, World};
use super::{Happened, LEASE, Reason, State};
use crate::schedule::{Asked, Event, concerns};

/// How often a scheduler looks when nothing else wakes it.
const POLL: TimeDelta = TimeDelta::seconds(20);

/// One instance of the service.
#[derive(Debug)]
pub(super) struct Instance {
    state: Option<State>,
    token: i64,
    skew: TimeDelta,
    revision: i64,
    commits: usize,
    /// It is dead or stands still until then.
    away_until: Option<DateTime<Utc>>,
    /// What it was about to write when it stood still.
    stuck: Option<Vec<Op>>,
    /// Whether it decided once after the faults had ended.
    pub(super) seen_end: bool,
}

impl Instance {
    pub(super) fn new(skew_ms: u64, chance: &mut Chance) -> Self {
        let skew = i64::try_from(chance.below(2 * skew_ms + 1)).unwrap_or(0) - i64::try_from(skew_ms).unwrap_or(0);
        Self {
            state: None,
            token: 0,
            skew: TimeDelta::milliseconds(skew),
            revision: 0,
            commits: 0,
            away_until: None,
            stuck: None,
            seen_end: false,
        }
    }

    /// It is there and knows nothing: what it decides next comes from the ledger.
    pub(super) fn wake_afresh(&mut self) {
        (self.state, self.away_until, self.stuck) = (None, None, None);
    }
}

impl World<'_> {
    /// One look of an instance's scheduler.
    pub(super) fn lead(&mut self, number: usize) {
        let away = self.instances[number].away_until.max(self.down_until).filter(|until| *until > self.now);
        if let Some(until) = away {
            self.at(until - self.now, Happening::Lead(number));
            return;
        }
        if self.disaster() {
            self.at(TimeDelta::seconds(1), Happening::Lead(number));
            return;
        }
        if let Some(ops) = self.instances[number].stuck.take() {
            self.ledger.apply(self.instances[number].token, self.now, &ops);
            self.check_slots();
        }
        let leads = self.take_lead(number);
        if leads {
            self.decide(number);
        }
        let wake = self.instances[number].state.as_ref().and_then(State::wake_at).filter(|_| leads);
        let wake = wake.map_or(POLL, |at| (at - self.now - self.instances[number].skew).min(POLL));
        self.at(wake.max(TimeDelta::milliseconds(50)), Happening::Lead(number));
    }

    /// The whole service goes down for hours.
    fn disaster(&mut self) -> bool {
        if self.settling || self.down_until.is_some_and(|until| until > self.now) {
            return false;
        }
        let strikes = self.chance.per_mille(self.scenario.faults.outage);
        if strikes {
            let hours = 1 + self.chance.below(30);
            self.down_until = Some(self.now + TimeDelta::hours(i64::try_from(hours).unwrap_or(1)));
            self.instances.iter_mut().for_each(Instance::wake_afresh);
            for worker in 0..self.workers.len() {
                self.kill(worker);
            }
        }
        strikes
    }

    fn take_lead(&mut self, number: usize) -> bool {
        let free = self.leader.is_none() || self.lead_until <= self.now;
        match self.leader {
            Some(leader) if leader == number && !free && self.instances[number].state.is_some() => {
                self.lead_until = self.now + LEASE;
                true
            }
            Some(leader) if leader != number && !free => {
                self.instances[number].state = None;
                false
            }
            _ => {
                self.ledger.lead += 1;
                (self.leader, self.lead_until) = (Some(number), self.now + LEASE);
                self.instances[number].token = self.ledger.lead;
                self.begin(number);
                true
            }
        }
    }

    /// A state made from the ledger.
    fn begin(&mut self, number: usize) {
        let snapshot = self.ledger.snapshot();
        let now = self.clock_of(number);
        let instance = &mut self.instances[number];
        (instance.revision, instance.commits) = (snapshot.revision, snapshot.commits.len());
        instance.state = Some(State::recover(now, Arc::clone(&self.timetable), snapshot));
    }

    fn clock_of(&self, number: usize) -> DateTime<Utc> {
        self.now + self.instances[number].skew
    }

    /// Takes in what happened and the time, then each request by itself, as the service does.
    fn decide(&mut self, number: usize) {
        let now = self.clock_of(number);
        let Some(mut state) = self.instances[number].state.take() else { return };
        let mut ops = Vec::new();
        for row in self.ledger.changes(self.instances[number].revision) {
            ops.extend(state.step(Event::Changed(Box::new(row))));
        }
        for commit in self.ledger.commits[self.instances[number].commits..].iter().cloned() {
            ops.extend(state.step(Event::Committed(commit)));
        }
        (self.instances[number].revision, self.instances[number].commits) =
            (self.ledger.revision, self.ledger.commits.len());
        ops.extend(state.step(Event::Now(now)));
        let mut kept = self.write(number, state, &ops);
        let open: Vec<Request> =
            self.ledger.requests.iter().filter(|request| request.answer.is_none()).cloned().collect();
        for request in open {
            let Some(mut state) = kept else { return };
            let ids = concerns(&self.timetable, state.now(), &request.ask);
            let about = ids.iter().filter_map(|id| self.ledger.ticks.get(id).cloned()).collect();
            let ops = state.step(Event::Asked(Box::new(Asked { request, about, votes: Vec::new() })));
            kept = self.write(number, state, &ops);
        }
        let instance = &mut self.instances[number];
        instance.seen_end |= self.settling && kept.is_some();
        instance.state = kept;
    }

    /// Writes a decision, unless a fault prevents it; the scheduler goes on if it is written and nothing happened to it.
    fn write(&mut self, number: usize, state: State, ops: &[Op]) -> Option<State> {
        let faults = self.scenario.faults;
        if self.fault(faults.crash_before) {
            self.die(number);
            return None;
        }
        if self.fault(faults.freeze) {
            let away = LEASE + TimeDelta::seconds(i64::try_from(self.chance.below(300)).unwrap_or(0));
            (self.instances[number].away_until, self.instances[number].stuck) =
                (Some(self.now + away), Some(ops.to_vec()));
            return None;
        }
        if self.fault(faults.store) {
            return None;
        }
        let ended: Vec<_> = ops.iter().filter_map(ended).collect();
        let fits = self.ledger.apply(self.instances[number].token, self.now, ops);
        self.check_slots();
        if fits.is_some() {
            for (id, state, reason) in ended {
                self.tell(&id, Happened::Ended { state, reason });
            }
            for worker in 0..self.workers.len() {
                self.at(TimeDelta::milliseconds(5), Happening::Work(worker));
            }
        }
        if self.fault(faults.crash_after) {
            self.die(number);
            return None;
        }
        (fits == Some(true)).then_some(state)
    }

    pub(super) fn fault(&mut self, often: u32) -> bool {
        !self.settling && self.chance.per_mille(often)
    }

    fn die(&mut self, number: usize) {
        let away = TimeDelta::seconds(1 + i64::try_from(self.chance.below(600)).unwrap_or(0));
        let instance = &mut self.instances[number];
        (instance.state, instance.away_until) = (None, Some(self.now + away));
    }

    /// No pool gives more slots than it has.
    fn check_slots(&mut self) {
        let mut used = std::collections::BTreeMap::<&str, u32>::new();
        for tick in self.ledger.ticks.values() {
            if matches!(tick.state, TickState::Ready | TickState::Running) {
                *used.entry(&tick.tick.pool).or_default() += 1;
            }
        }
        let over = used.into_iter().find(|(pool, used)| *used > self.scenario.timetable.slots(pool));
        if let Some(what) = over.map(|(pool, used)| format!("pool {pool} gave {used} slots")) {
            self.breach(what);
        }
    }
}

fn ended(op: &Op) -> Option<(TickId, TickState, Option<Reason>)> {
    let of = |reason: &Option<serde_json::Value>| reason.as_ref().and_then(Reason::of);
    match op {
        Op::End { id, state, reason, .. } => Some((id.clone(), *state, of(reason))),
        Op::Promise { tick, state, reason, .. } if state.ended() => Some((tick.id.clone(), *state, of(reason))),
        _ => None,
    }
}
