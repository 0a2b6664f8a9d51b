//! Which of the leader's changes fit, and what they make of the ticks: decided in memory, written afterwards.

use super::row::Kept;
use crate::audit::Event;
use crate::schedule::{NewTick, Op, Tick, TickId, TickState};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The ticks that a list of changes is about.
#[derive(Debug)]
pub(super) struct Board {
    now: DateTime<Utc>,
    kept: BTreeMap<TickId, Kept>,
    /// Of each pipeline, the key of the tick that is ready or running.
    busy: BTreeMap<String, String>,
    touched: BTreeSet<TickId>,
    next_ready: i64,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does not fit any more.
    Never,
    /// Done; it needs no entry of its own on the audit log.
    Quiet,
    /// Done, with its entry.
    Told(Event),
}

impl Fit {
    fn told(fits: bool, event: Event) -> Fit {
        if fits { Fit::Told(event) } else { Fit::Never }
    }

    fn quiet(fits: bool) -> Fit {
        if fits { Fit::Quiet } else { Fit::Never }
    }
}

impl Board {
    /// A board of those ticks that are there; `first_ready` is the number of the next tick that is made ready.
    pub(super) fn new(
        now: DateTime<Utc>,
        kept: BTreeMap<TickId, Kept>,
        busy: BTreeMap<String, String>,
        first_ready: i64,
    ) -> Board {
        Board { now, kept, busy, touched: BTreeSet::new(), next_ready: first_ready }
    }

    /// Ticks that were changed.
    pub(super) fn changed(&self) -> Vec<&Kept> {
        self.touched.iter().filter_map(|id| self.kept.get(id)).collect()
    }

    /// Takes a change of a tick; `None` for a change of something else.
    pub(super) fn take(&mut self, op: &Op) -> Option<Fit> {
        Some(match op {
            Op::Promise { tick, state, reason, successor } => self.promise(tick, *state, reason, successor),
            Op::Wait { id, reason } => self.wait(id, reason),
            Op::Ready { id } => self.ready(id),
            Op::Reclaim { id, not_before, reason } => self.reclaim(id, *not_before, reason),
            Op::End { id, state, reason, successor } => self.end(id, *state, reason, successor),
            Op::Reopen { id, reason } => self.reopen(id, reason),
            Op::Cancel { id, reason } => self.cancel(id, reason),
            Op::Anchor { .. } | Op::Hold(_) | Op::Release { .. } | Op::Answer { .. } => return None,
        })
    }

    fn promise(&mut self, tick: &NewTick, state: TickState, reason: &Option<Value>, successor: &Option<String>) -> Fit {
        if self.kept.contains_key(&tick.id) {
            return Fit::Never;
        }
        let row = Tick {
            state,
            reason: reason.clone(),
            successor: successor.clone(),
            finished_at: state.ended().then_some(self.now),
            ..promised(tick.clone(), self.now)
        };
        self.kept.insert(tick.id.clone(), Kept { tick: row, ready_no: None });
        self.touched.insert(tick.id.clone());
        if state.ended() { Fit::Told(ended(&tick.id, state, reason, successor)) } else { Fit::Quiet }
    }

    fn wait(&mut self, id: &TickId, reason: &Value) -> Fit {
        Fit::quiet(self.change(id, |tick, _| {
            let fits = matches!(tick.state, TickState::Queued | TickState::Ready);
            if fits {
                (tick.state, tick.reason) = (TickState::Queued, Some(reason.clone()));
            }
            fits
        }))
    }

    fn ready(&mut self, id: &TickId) -> Fit {
        if self.busy.contains_key(&id.pipeline) {
            return Fit::Never;
        }
        let fits = self.change(id, |tick, _| {
            let fits = tick.state == TickState::Queued;
            if fits {
                (tick.state, tick.reason) = (TickState::Ready, None);
            }
            fits
        });
        if let Some(kept) = self.kept.get_mut(id).filter(|_| fits) {
            kept.ready_no = Some(self.next_ready);
            self.next_ready += 1;
            self.busy.insert(id.pipeline.clone(), id.key.clone());
        }
        Fit::quiet(fits)
    }

    fn reclaim(&mut self, id: &TickId, not_before: DateTime<Utc>, reason: &Value) -> Fit {
        let fits = self.change(id, |tick, now| {
            let fits = tick.state == TickState::Running && !claimed(tick, now);
            if fits {
                (tick.state, tick.reason) = (TickState::Queued, Some(reason.clone()));
                (tick.not_before, tick.lease_until, tick.phase) = (Some(not_before), None, None);
                tick.token += 1;
                tick.deaths = tick.deaths.saturating_add(1);
            }
            fits
        });
        let worker = self.kept.get(id).and_then(|kept| kept.tick.worker.clone());
        let detail = json!({ "worker": worker, "reason": reason });
        Fit::told(fits, Event::failed("tick.reclaim", &id.pipeline, &id.key, detail))
    }

    fn end(&mut self, id: &TickId, state: TickState, reason: &Option<Value>, successor: &Option<String>) -> Fit {
        let fits = self.change(id, |tick, now| {
            let fits = !tick.state.ended() && !claimed(tick, now);
            if fits {
                tick.token += i64::from(tick.state == TickState::Running);
                finish(tick, now, state, reason.clone(), successor.clone());
            }
            fits
        });
        Fit::told(fits, ended(id, state, reason, successor))
    }

    fn reopen(&mut self, id: &TickId, reason: &Value) -> Fit {
        let mut was = None;
        let fits = self.change(id, |tick, _| {
            was = Some(tick.state.as_str());
            let fits = tick.state.ended() && tick.state != TickState::Succeeded;
            if fits {
                (tick.state, tick.reason, tick.successor) = (TickState::Queued, Some(reason.clone()), None);
                (tick.finished_at, tick.not_before, tick.cancel) = (None, None, None);
                (tick.tries, tick.deaths, tick.phase) = (0, 0, None);
            }
            fits
        });
        let detail = json!({ "was": was, "reason": reason });
        Fit::told(fits, Event::done("tick.reopen", &id.pipeline, &id.key, detail))
    }

    fn cancel(&mut self, id: &TickId, reason: &Value) -> Fit {
        let fits = self.change(id, |tick, _| {
            let fits = tick.state == TickState::Running;
            if fits {
                tick.cancel = Some(reason.clone());
            }
            fits
        });
        Fit::told(fits, Event::intent("tick.cancel", &id.pipeline, &id.key, json!({ "reason": reason })))
    }

    /// Changes a tick that is there, if the change says that it fits.
    fn change(&mut self, id: &TickId, change: impl FnOnce(&mut Tick, DateTime<Utc>) -> bool) -> bool {
        let Some(kept) = self.kept.get_mut(id) else { return false };
        if !change(&mut kept.tick, self.now) {
            return false;
        }
        if !kept.tick.state.busy() && self.busy.get(&id.pipeline) == Some(&id.key) {
            self.busy.remove(&id.pipeline);
        }
        self.touched.insert(id.clone());
        true
    }
}

/// Ends a tick.
pub(super) fn finish(
    tick: &mut Tick,
    now: DateTime<Utc>,
    state: TickState,
    reason: Option<Value>,
    successor: Option<String>,
) {
    (tick.state, tick.reason, tick.successor) = (state, reason, successor);
    (tick.finished_at, tick.lease_until) = (Some(now), None);
}

/// The audit entry of a tick's end.
pub(super) fn ended(id: &TickId, state: TickState, reason: &Option<Value>, successor: &Option<String>) -> Event {
    let detail = json!({ "state": state, "reason": reason, "successor": successor });
    let mut event = Event::done("tick.end", &id.pipeline, &id.key, detail);
    event.success = !matches!(state, TickState::Failed | TickState::Withheld | TickState::Missed);
    event
}

/// Whether a worker has the tick and its lease has not run out: then only the worker ends it.
fn claimed(tick: &Tick, now: DateTime<Utc>) -> bool {
    tick.state == TickState::Running && tick.lease_until.is_some_and(|until| until > now)
}

fn promised(tick: NewTick, now: DateTime<Utc>) -> Tick {
    Tick {
        tick,
        state: TickState::Queued,
        reason: None,
        successor: None,
        attempt: 0,
        tries: 0,
        deaths: 0,
        not_before: None,
        worker: None,
        token: 0,
        lease_until: None,
        phase: None,
        cancel: None,
        run: None,
        created_at: now,
        started_at: None,
        finished_at: None,
        revision: 0,
    }
}
