//! What the scheduler knows: lanes of pipelines, ticks that have not ended, timers, pauses, versions of tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalog::schedule::{Hold, NewTick, Op, Scope, TickId, TickState};
use chrono::{DateTime, NaiveDate, Utc};

use super::share::Shares;
use super::{Reason, Timetable};
use crate::calendar::Unpublished;

/// The scheduler between two events.
#[derive(Debug)]
pub struct State {
    pub(super) now: DateTime<Utc>,
    pub(super) timetable: Arc<Timetable>,
    pub(super) lanes: BTreeMap<String, Lane>,
    pub(super) live: BTreeMap<TickId, Live>,
    /// Next fire of every lane that has one.
    pub(super) due: BTreeSet<(DateTime<Utc>, String)>,
    /// When a tick is to be looked at again.
    pub(super) timers: BTreeSet<(DateTime<Utc>, TickId)>,
    pub(super) holds: BTreeMap<Scope, Hold>,
    pub(super) shares: Shares,
    /// Runs that use a connection now.
    pub(super) connections: BTreeMap<String, u32>,
    pub(super) tables: BTreeMap<String, Versions>,
    /// Ticks put into a queue in this step.
    pub(super) fresh: Vec<TickId>,
    pub(super) ops: Vec<Op>,
}

/// Why a pipeline has no next fire although it is scheduled.
pub type Blocked = Unpublished;

/// One pipeline over time.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Up to where fires have been promised.
    pub(super) anchor: DateTime<Utc>,
    /// Digest of the schedule the anchor belongs to.
    pub(super) schedule: String,
    /// Its entry in `due`.
    pub(super) next: Option<DateTime<Utc>>,
    /// A calendar that does not know the next fire's year.
    pub(super) blocked: Option<Blocked>,
    /// Up to where intervals are covered by ticks that ran or are to run.
    pub(super) covered_to: Option<DateTime<Utc>>,
    /// When the newest tick that ran began.
    pub(super) last_start: Option<DateTime<Utc>>,
    /// Ticks that have not ended, the oldest first; backfills apart.
    pub(super) order: BTreeSet<(DateTime<Utc>, String)>,
    /// Backfills that have not ended.
    pub(super) backfill: BTreeSet<(DateTime<Utc>, String)>,
    /// The one that is ready or running.
    pub(super) running: Option<String>,
    /// Mean slot time of its runs, in milliseconds.
    pub(super) mean_ms: Option<u64>,
}

/// A tick that has not ended.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) tick: NewTick,
    pub(super) state: TickState,
    pub(super) wait: Option<Reason>,
    pub(super) tries: u32,
    pub(super) deaths: u32,
    pub(super) token: i64,
    pub(super) worker: Option<String>,
    pub(super) not_before: Option<DateTime<Utc>>,
    /// What it rests for until then.
    pub(super) rest: Option<Reason>,
    /// When it was promised or asked for again: what waiting is counted from.
    pub(super) since: DateTime<Utc>,
    /// When it got its slot.
    pub(super) ready_at: Option<DateTime<Utc>>,
    /// Slot time charged in advance, in milliseconds.
    pub(super) charged_ms: u64,
    pub(super) timer: Option<DateTime<Utc>>,
    /// Whether it stands in its pool's queue.
    pub(super) queued: bool,
    pub(super) cancelled: bool,
}

/// Committed versions of a table.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// Per business date, when the latest was committed.
    pub(super) by_date: BTreeMap<NaiveDate, DateTime<Utc>>,
    /// When the latest of all was committed.
    pub(super) last: Option<DateTime<Utc>>,
}

impl Live {
    pub(super) fn new(tick: NewTick, since: DateTime<Utc>) -> Self {
        Self {
            tick,
            state: TickState::Queued,
            wait: None,
            tries: 0,
            deaths: 0,
            token: 0,
            worker: None,
            not_before: None,
            rest: None,
            since,
            ready_at: None,
            charged_ms: 0,
            timer: None,
            queued: false,
            cancelled: false,
        }
    }

    pub(super) fn holds_slot(&self) -> bool {
        matches!(self.state, TickState::Ready | TickState::Running)
    }
}

impl Lane {
    /// The ticks that may be next: the oldest of the schedule, and the oldest backfill.
    pub(super) fn heads(&self) -> impl Iterator<Item = &str> {
        [self.order.first(), self.backfill.first()].into_iter().flatten().map(|(_, key)| key.as_str())
    }

    /// The tick that another one waits behind.
    pub(super) fn ahead_of(&self, key: &str, backfill: bool) -> Option<&str> {
        let head = if backfill { self.backfill.first() } else { self.order.first() };
        self.running.as_deref().or(head.map(|(_, head)| head.as_str())).filter(|head| *head != key)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.order.is_empty() && self.backfill.is_empty() && self.running.is_none()
    }
}

impl State {
    /// A scheduler that has promised nothing yet.
    pub fn new(now: DateTime<Utc>, timetable: Arc<Timetable>) -> Self {
        let mut state = Self {
            now,
            timetable: Arc::clone(&timetable),
            lanes: BTreeMap::new(),
            live: BTreeMap::new(),
            due: BTreeSet::new(),
            timers: BTreeSet::new(),
            holds: BTreeMap::new(),
            shares: Shares::default(),
            connections: BTreeMap::new(),
            tables: BTreeMap::new(),
            fresh: Vec::new(),
            ops: Vec::new(),
        };
        state.define(timetable);
        state
    }

    /// The present instant, as the last [`super::Event::Now`] said.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Pipelines whose calendar does not know the year of their next fire.
    pub fn blocked(&self) -> impl Iterator<Item = (&str, &Blocked)> {
        self.lanes.iter().filter_map(|(pipeline, lane)| Some((pipeline.as_str(), lane.blocked.as_ref()?)))
    }

    /// Ticks that have not ended, by state; for metrics.
    pub fn count(&self, state: TickState) -> usize {
        self.live.values().filter(|live| live.state == state).count()
    }

    /// Slots in use, by pool; for metrics.
    pub fn slots(&self) -> impl Iterator<Item = (&str, u32)> {
        self.shares.pools()
    }

    /// New definitions: a changed schedule starts anew from now, a vanished one takes back what has not begun.
    pub(super) fn define(&mut self, timetable: Arc<Timetable>) {
        self.timetable = timetable;
        let timetable = Arc::clone(&self.timetable);
        for (pipeline, entry) in &timetable.entries {
            let now = self.now;
            let lane = self.lanes.entry(pipeline.clone()).or_default();
            if lane.schedule != entry.schedule {
                (lane.schedule, lane.anchor) = (entry.schedule.clone(), now);
                let anchor = Op::Anchor { pipeline: pipeline.clone(), schedule: entry.schedule.clone(), at: now };
                self.ops.push(anchor);
            }
            self.plan_next(pipeline);
        }
        let gone: Vec<String> =
            self.lanes.keys().filter(|pipeline| !timetable.entries.contains_key(*pipeline)).cloned().collect();
        for pipeline in gone {
            self.withdraw(&pipeline);
        }
        self.assess_all();
    }

    /// Takes back what has not begun; should the pipeline return, it starts anew from then.
    fn withdraw(&mut self, pipeline: &str) {
        if let Some(lane) = self.lanes.get_mut(pipeline).filter(|lane| !lane.schedule.is_empty()) {
            lane.schedule.clear();
            self.ops.push(Op::Anchor { pipeline: pipeline.to_owned(), schedule: String::new(), at: self.now });
        }
        let waiting: Vec<TickId> = self
            .live
            .iter()
            .filter(|(id, live)| id.pipeline == pipeline && live.state != TickState::Running)
            .map(|(id, _)| id.clone())
            .collect();
        for id in waiting {
            self.end(&id, TickState::Skipped, Some(Reason::Withdrawn), None);
        }
        self.plan_next(pipeline);
        if self.lanes.get(pipeline).is_some_and(Lane::is_idle) {
            self.lanes.remove(pipeline);
        }
    }

    /// Puts the next fire of a lane where time finds it.
    pub(super) fn plan_next(&mut self, pipeline: &str) {
        let Some(lane) = self.lanes.get_mut(pipeline) else { return };
        if let Some(old) = lane.next.take() {
            self.due.remove(&(old, pipeline.to_owned()));
        }
        let when = self.timetable.entries.get(pipeline).and_then(|entry| entry.when.as_ref());
        match when.map(|when| when.next(lane.anchor)) {
            Some(Ok(Some(fire))) => {
                lane.blocked = None;
                lane.next = Some(fire.at);
                self.due.insert((fire.at, pipeline.to_owned()));
            }
            Some(Err(unpublished)) => lane.blocked = Some(unpublished),
            Some(Ok(None)) | None => lane.blocked = None,
        }
    }

    /// Looks at a tick again at an instant.
    pub(super) fn arm(&mut self, id: &TickId, at: Option<DateTime<Utc>>) {
        let Some(live) = self.live.get_mut(id) else { return };
        if let Some(old) = live.timer.take() {
            self.timers.remove(&(old, id.clone()));
        }
        if let Some(at) = at {
            live.timer = Some(at);
            self.timers.insert((at, id.clone()));
        }
    }

    /// Puts a tick that has not ended into its lane.
    pub(super) fn enter(&mut self, live: Live) {
        let id = live.tick.id.clone();
        let lane = self.lanes.entry(id.pipeline.clone()).or_default();
        let place = (live.tick.scheduled_at, id.key.clone());
        match live.tick.cause {
            catalog::schedule::Cause::Backfill => lane.backfill.insert(place),
            _ => lane.order.insert(place),
        };
        if live.holds_slot() {
            lane.running = Some(id.key.clone());
        }
        self.live.insert(id, live);
    }

    /// Takes a tick out of everything; its lane's next ones are looked at.
    pub(super) fn leave(&mut self, id: &TickId) {
        self.free_slot(id);
        self.arm(id, None);
        self.unqueue(id);
        let Some(live) = self.live.remove(id) else { return };
        if let Some(lane) = self.lanes.get_mut(&id.pipeline) {
            let place = (live.tick.scheduled_at, id.key.clone());
            lane.order.remove(&place);
            lane.backfill.remove(&place);
        }
        self.assess_heads(&id.pipeline);
        if live.tick.cause == catalog::schedule::Cause::Backfill {
            self.assess_followers(&id.pipeline);
        }
    }

    /// Ends a tick that has not ended, on record.
    pub(super) fn end(&mut self, id: &TickId, state: TickState, reason: Option<Reason>, successor: Option<String>) {
        let reason = reason.map(|reason| reason.value());
        self.ops.push(Op::End { id: id.clone(), state, reason, successor });
        self.leave(id);
    }
}
