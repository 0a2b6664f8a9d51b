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
            Op::Wait { id, .. } => Fit::quiet(self.change(id, op)),
            Op::Ready { id } => self.ready(id, op),
            Op::Reclaim { id, reason, .. } => {
                let worker = self.kept.get(id).and_then(|kept| kept.tick.worker.clone());
                let detail = json!({ "worker": worker, "reason": reason });
                Fit::told(self.change(id, op), Event::failed("tick.reclaim", &id.pipeline, &id.key, detail))
            }
            Op::End { id, state, reason, successor } => {
                Fit::told(self.change(id, op), ended(id, *state, reason, successor))
            }
            Op::Reopen { id, reason } => {
                let was = self.kept.get(id).map(|kept| kept.tick.state.as_str());
                let detail = json!({ "was": was, "reason": reason });
                Fit::told(self.change(id, op), Event::done("tick.reopen", &id.pipeline, &id.key, detail))
            }
            Op::Cancel { id, reason } => {
                let detail = json!({ "reason": reason });
                Fit::told(self.change(id, op), Event::intent("tick.cancel", &id.pipeline, &id.key, detail))
            }
            Op::Anchor { .. } | Op::Hold(_) | Op::Release { .. } | Op::Answer { .. } => return None,
        })
    }

    fn promise(&mut self, tick: &NewTick, state: TickState, reason: &Option<Value>, successor: &Option<String>) -> Fit {
        if self.kept.contains_key(&tick.id) {
            return Fit::Never;
        }
        let row = Tick::promised(tick.clone(), state, reason.clone(), successor.clone(), self.now);
        self.kept.insert(tick.id.clone(), Kept { tick: row, ready_no: None });
        self.touched.insert(tick.id.clone());
        if state.ended() { Fit::Told(ended(&tick.id, state, reason, successor)) } else { Fit::Quiet }
    }

    fn ready(&mut self, id: &TickId, op: &Op) -> Fit {
        let fits = !self.busy.contains_key(&id.pipeline) && self.change(id, op);
        if let Some(kept) = self.kept.get_mut(id).filter(|_| fits) {
            kept.ready_no = Some(self.next_ready);
            self.next_ready += 1;
            self.busy.insert(id.pipeline.clone(), id.key.clone());
        }
        Fit::quiet(fits)
    }

    /// Changes a tick that is there, if the change fits it.
    fn change(&mut self, id: &TickId, op: &Op) -> bool {
        let Some(kept) = self.kept.get_mut(id) else { return false };
        if !kept.tick.take(op, self.now) {
            return false;
        }
        if !kept.tick.state.busy() && self.busy.get(&id.pipeline) == Some(&id.key) {
            self.busy.remove(&id.pipeline);
        }
        self.touched.insert(id.clone());
        true
    }
}

/// The audit entry of a tick's end.
pub(super) fn ended(id: &TickId, state: TickState, reason: &Option<Value>, successor: &Option<String>) -> Event {
    let detail = json!({ "state": state, "reason": reason, "successor": successor });
    let mut event = Event::done("tick.end", &id.pipeline, &id.key, detail);
    event.success = !matches!(state, TickState::Failed | TickState::Withheld | TickState::Missed);
    event
}
