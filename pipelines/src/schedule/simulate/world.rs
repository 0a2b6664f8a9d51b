//! The world: one queue of happenings in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalog::schedule::{Tick, TickId};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::chance::Chance;
use super::leader::Instance;
use super::ledger::Ledger;
use super::watchdog::Watchdog;
use super::worker::Worker;
use super::{Happened, Line, Outcome, Scenario, Timetable, verdict};

/// Happenings after which an end that does not come is given up.
const PATIENCE: u64 = 20_000;

/// Something that is going to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// An instance's scheduler looks around.
    Lead(usize),
    /// A worker looks for work, or gives a sign of life.
    Work(usize),
    /// A worker's run comes to its end.
    Finish(usize, u64),
    /// A person asks.
    Ask(usize),
    /// The watchdog looks.
    Watch,
}

/// Everything there is.
#[derive(Debug)]
pub(super) struct World<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) timetable: Arc<Timetable>,
    pub(super) now: DateTime<Utc>,
    pub(super) chance: Chance,
    pub(super) ledger: Ledger,
    pub(super) instances: Vec<Instance>,
    pub(super) workers: Vec<Worker>,
    queue: BTreeSet<(DateTime<Utc>, Happening)>,
    /// Where each happening stands in the queue: there is one of each.
    next_of: BTreeMap<Happening, DateTime<Utc>>,
    /// No more faults: everything is let come to its end.
    pub(super) settling: bool,
    /// Until when the whole service is down.
    pub(super) down_until: Option<DateTime<Utc>>,
    pub(super) lead_until: DateTime<Utc>,
    pub(super) leader: Option<usize>,
    /// When each tick published; more than once is a breach.
    pub(super) published: BTreeMap<TickId, Vec<DateTime<Utc>>>,
    pub(super) watchdog: Watchdog,
    pub(super) seen: u64,
    timeline: Vec<Line>,
    load: BTreeMap<String, BTreeMap<DateTime<Utc>, u64>>,
}

impl<'s> World<'s> {
    pub(super) fn new(scenario: &'s Scenario) -> Self {
        let mut chance = Chance::new(scenario.seed);
        let instances: Vec<Instance> =
            (0..scenario.instances.max(1)).map(|_| Instance::new(scenario.faults.skew_ms, &mut chance)).collect();
        let workers = (0..scenario.instances.max(1) * scenario.workers.max(1)).map(Worker::new).collect();
        let mut world = Self {
            scenario,
            timetable: Arc::clone(&scenario.timetable),
            now: scenario.from,
            chance,
            ledger: Ledger::default(),
            instances,
            workers,
            queue: BTreeSet::new(),
            next_of: BTreeMap::new(),
            settling: false,
            down_until: None,
            lead_until: scenario.from,
            leader: None,
            published: BTreeMap::new(),
            watchdog: Watchdog::new(scenario.from),
            seen: 0,
            timeline: Vec::new(),
            load: BTreeMap::new(),
        };
        for instance in 0..world.instances.len() {
            world.at(TimeDelta::milliseconds(instance as i64), Happening::Lead(instance));
        }
        if !scenario.watched.is_empty() {
            world.at(TimeDelta::zero(), Happening::Watch);
        }
        for (number, request) in scenario.requests.iter().enumerate() {
            world.at(request.at - scenario.from, Happening::Ask(number));
        }
        world
    }

    /// Lets something happen, earlier than it was going to if it was.
    pub(super) fn at(&mut self, after: TimeDelta, what: Happening) {
        let at = self.now + after.max(TimeDelta::zero());
        match self.next_of.get(&what).copied() {
            Some(before) if before <= at => return,
            Some(before) => self.queue.remove(&(before, what)),
            None => false,
        };
        self.next_of.insert(what, at);
        self.queue.insert((at, what));
    }

    pub(super) fn run(mut self) -> Outcome {
        let limit = self.scenario.events.unwrap_or(u64::MAX);
        while self.now < self.scenario.to && self.seen < limit && self.next(Some(self.scenario.to)) {}
        let end = self.now;
        self.settle();
        verdict::check(&mut self, end);
        Outcome {
            seed: self.scenario.seed,
            events: self.seen,
            until: self.now,
            ticks: self.ledger.ticks.into_values().collect(),
            timeline: self.timeline,
            load: self.load,
            breaches: self.ledger.breaches,
        }
    }

    /// The next happening before an instant; false when there is none.
    fn next(&mut self, before: Option<DateTime<Utc>>) -> bool {
        let Some((at, what)) = self.queue.first().copied() else { return false };
        if before.is_some_and(|before| at >= before) {
            self.now = before.unwrap_or(at);
            return false;
        }
        self.queue.pop_first();
        self.next_of.remove(&what);
        self.now = self.now.max(at);
        self.seen += u64::from(what != Happening::Watch);
        match what {
            Happening::Watch => self.watch(),
            Happening::Lead(instance) => self.lead(instance),
            Happening::Work(worker) => self.work(worker),
            Happening::Finish(worker, stint) => self.finish(worker, stint),
            Happening::Ask(number) => {
                let request = self.scenario.requests[number].clone();
                self.ledger.requests.push(request);
            }
        }
        true
    }

    /// Lets everything that is open come to its end, without faults: one more look with the schedule, then without.
    fn settle(&mut self) {
        (self.settling, self.down_until) = (true, None);
        // Also a clock that is behind has reached the end then.
        self.now += TimeDelta::milliseconds(i64::try_from(self.scenario.faults.skew_ms).unwrap_or(0));
        self.instances.iter_mut().for_each(Instance::wake_afresh);
        let patience = self.seen + PATIENCE;
        while self.seen < patience && !self.instances.iter().any(|instance| instance.seen_end) && self.next(None) {}
        self.timetable = Arc::new(self.timetable.without_fires());
        self.instances.iter_mut().for_each(Instance::wake_afresh);
        while self.seen < patience && self.is_open() && self.next(None) {}
        if let Some(open) = self.first_open().map(name) {
            self.breach(format!("{open} never came to its end"));
        }
    }

    fn is_open(&self) -> bool {
        self.first_open().is_some() || self.ledger.requests.iter().any(|request| request.answer.is_none())
    }

    fn first_open(&self) -> Option<&Tick> {
        self.ledger.ticks.values().find(|tick| !tick.state.ended())
    }

    pub(super) fn breach(&mut self, what: String) {
        self.ledger.breaches.push(what);
    }

    pub(super) fn tell(&mut self, id: &TickId, happened: Happened) {
        if self.scenario.timeline {
            self.timeline.push(Line { at: self.now, id: id.clone(), happened });
        }
    }

    /// Counts slot time of a run that ends now into the hours it took.
    pub(super) fn count_load(&mut self, pool: &str, from: DateTime<Utc>) {
        if !self.scenario.timeline {
            return;
        }
        let hours = self.load.entry(pool.to_owned()).or_default();
        let mut at = from;
        while at < self.now {
            let hour = at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at);
            let end = (hour + TimeDelta::hours(1)).min(self.now);
            *hours.entry(hour).or_default() += u64::try_from((end - at).num_seconds()).unwrap_or(0);
            at = end;
        }
    }
}

/// A tick in words.
pub(super) fn name(tick: &Tick) -> String {
    format!("{} {}", tick.tick.id.pipeline, tick.tick.id.key)
}
