//! Workers: they claim, run, give signs of life, die, stand still, and write how they left a tick.

use std::time::Duration;

use catalog::schedule::{Commit, Left, Tick, TickState};
use chrono::{DateTime, TimeDelta, Utc};

use super::world::{Happening, World};
use super::{Happened, LEASE, Reason};
use crate::problem::Problem;
use crate::schedule::outcome::{self, Ending};
use crate::schedule::timetable::Entry;

/// How often a worker gives a sign of life.
const BEAT: TimeDelta = TimeDelta::seconds(20);

/// One worker.
#[derive(Debug)]
pub(super) struct Worker {
    name: String,
    stint: Option<Stint>,
    number: u64,
    away_until: Option<DateTime<Utc>>,
}

/// A tick that a worker has.
#[derive(Debug, Clone)]
struct Stint {
    tick: Tick,
    number: u64,
    began: DateTime<Utc>,
    /// It is to stop.
    cancelled: bool,
    /// The ledger gave its tick to another.
    taken_over: bool,
}

impl Worker {
    pub(super) fn new(number: usize) -> Self {
        Self { name: format!("worker-{number}"), stint: None, number: 0, away_until: None }
    }
}

impl World<'_> {
    /// A worker looks for work, or gives a sign of life.
    pub(super) fn work(&mut self, worker: usize) {
        if self.away(worker) {
            return;
        }
        if self.workers[worker].stint.is_some() {
            self.beat(worker);
            return;
        }
        let name = self.workers[worker].name.clone();
        let Some(tick) = self.ledger.claim(&name, self.now, LEASE) else { return };
        self.tell(&tick.tick.id, Happened::Began);
        let number = self.workers[worker].number + 1;
        let takes = self.time_of(&tick);
        let stint = Stint { tick, number, began: self.now, cancelled: false, taken_over: false };
        (self.workers[worker].stint, self.workers[worker].number) = (Some(stint), number);
        self.at(takes, Happening::Finish(worker, number));
        self.at(BEAT, Happening::Work(worker));
        for instance in 0..self.instances.len() {
            self.at(TimeDelta::milliseconds(10), Happening::Lead(instance));
        }
        if self.fault(self.scenario.faults.worker_crash) {
            self.kill(worker);
        } else if self.fault(self.scenario.faults.worker_freeze) {
            let away = LEASE + TimeDelta::seconds(i64::try_from(self.chance.below(3_600)).unwrap_or(0));
            self.workers[worker].away_until = Some(self.now + away);
        }
    }

    /// Whether it is not there; it is looked for again when it is.
    fn away(&mut self, worker: usize) -> bool {
        let until = self.workers[worker].away_until.max(self.down_until).filter(|until| *until > self.now);
        if let Some(until) = until {
            self.at(until - self.now, Happening::Work(worker));
        }
        until.is_some()
    }

    fn beat(&mut self, worker: usize) {
        let Some(stint) = self.workers[worker].stint.clone() else { return };
        let (alive, cancel) = self.ledger.beat(&stint.tick.tick.id, stint.tick.token, self.now, LEASE);
        if let Some(stint) = &mut self.workers[worker].stint {
            stint.taken_over |= !alive;
            stint.cancelled |= cancel;
        }
        if !alive || cancel {
            self.finish(worker, stint.number);
        } else {
            self.at(BEAT, Happening::Work(worker));
        }
    }

    /// It dies with what it has; another one comes in its place.
    pub(super) fn kill(&mut self, worker: usize) {
        if let Some(stint) = self.workers[worker].stint.take() {
            // It may have got as far as publishing.
            if self.chance.per_mille(300) {
                self.publish(&stint);
            }
            self.tell(&stint.tick.tick.id, Happened::Died);
        }
        let away = TimeDelta::seconds(1 + i64::try_from(self.chance.below(120)).unwrap_or(0));
        self.workers[worker].away_until = Some(self.now + away);
        self.at(away, Happening::Work(worker));
    }

    /// A run comes to its end.
    pub(super) fn finish(&mut self, worker: usize, number: u64) {
        if self.workers[worker].stint.as_ref().is_none_or(|stint| stint.number != number) {
            return;
        }
        if let Some(until) = self.workers[worker].away_until.filter(|until| *until > self.now) {
            self.at(until - self.now, Happening::Finish(worker, number));
            return;
        }
        let Some(stint) = self.workers[worker].stint.take() else { return };
        let id = stint.tick.tick.id.clone();
        if let Some(left) = self.left(&stint) {
            if self.ledger.leave(&id, stint.tick.token, &left, self.now) {
                self.count_load(&stint.tick.tick.pool, stint.began);
                if let Left::Ended { state, reason, .. } = &left {
                    let reason = reason.as_ref().and_then(Reason::of);
                    self.tell(&id, Happened::Ended { state: *state, reason });
                }
            } else {
                self.tell(&id, Happened::Refused);
            }
        }
        self.at(TimeDelta::milliseconds(5), Happening::Work(worker));
        for instance in 0..self.instances.len() {
            self.at(TimeDelta::milliseconds(5), Happening::Lead(instance));
        }
    }

    /// What it writes at the end; nothing when it was taken over.
    fn left(&mut self, stint: &Stint) -> Option<Left> {
        let entry = self.timetable.entries.get(&stint.tick.tick.id.pipeline)?.clone();
        let now = self.now;
        let poll = self.timetable.poll;
        let end = |entry: &Entry, ending| outcome::left(entry, poll, &stint.tick, ending, now);
        let stop = self.ledger.ticks.get(&stint.tick.tick.id).and_then(|row| row.cancel.clone());
        if let Some(reason) = stop.filter(|_| stint.cancelled).as_ref().and_then(Reason::of) {
            return Some(end(&entry, Ending::Stopped(reason)));
        }
        if stint.taken_over {
            return None;
        }
        if self.fault(self.scenario.faults.not_ready) {
            return Some(end(&entry, Ending::Waiting(Vec::new())));
        }
        if self.fault(self.scenario.faults.failure) {
            let passing = Problem {
                code: "P000".into(),
                params: std::collections::BTreeMap::new(),
                message: String::new(),
                retryable: self.chance.per_mille(700),
            };
            return Some(end(&entry, Ending::Refused(passing)));
        }
        self.publish(stint);
        Some(Left::Ended { state: TickState::Succeeded, reason: None, successor: None })
    }

    /// What publishing is to the world: fenced by the token, and done once however often it is tried.
    fn publish(&mut self, stint: &Stint) {
        let id = stint.tick.tick.id.clone();
        let current = self
            .ledger
            .ticks
            .get(&id)
            .is_some_and(|row| row.state == TickState::Running && row.token == stint.tick.token);
        if !current || self.published.contains_key(&id) {
            return;
        }
        self.published.entry(id.clone()).or_default().push(self.now);
        self.tell(&id, Happened::Published);
        let builds = self.timetable.entries.get(&id.pipeline).map(|entry| entry.builds.clone()).unwrap_or_default();
        for target in builds {
            let version = i64::try_from(self.ledger.commits.len()).unwrap_or(0);
            self.ledger.commits.push(Commit {
                position: format!("{version:012}"),
                target,
                version,
                biz_date: Some(stint.tick.tick.biz_date),
                at: self.now,
            });
        }
    }

    /// How long a run takes: what history says, give or take a fifth; else half a minute to ten by the pipeline's name.
    fn time_of(&mut self, tick: &Tick) -> TimeDelta {
        let id = &tick.tick.id;
        let mean = self.scenario.durations.get(&id.pipeline).copied().unwrap_or_else(|| {
            let spread = id.pipeline.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            Duration::from_secs(2 + spread % 300)
        });
        let shade = 800 + self.chance.below(400);
        let slow = if self.fault(self.scenario.faults.slow) { 10 } else { 1 };
        let millis = u64::try_from(mean.as_millis()).unwrap_or(u64::MAX).saturating_mul(shade) / 1_000 * slow;
        TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX).clamp(1, 86_400_000))
    }
}
