//! What may become of a tick: the one set of rules, for the database and for the simulation.
//!
//! A change that does not fit the tick as it is changes nothing. What concerns several ticks, such as that one of a
//! pipeline is ready or running, is for whoever holds them all.

use super::{Left, NewTick, Op, Tick, TickState};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

impl Tick {
    /// A tick promised now: queued, or already ended.
    #[must_use]
    pub fn promised(
        tick: NewTick,
        state: TickState,
        reason: Option<Value>,
        successor: Option<String>,
        now: DateTime<Utc>,
    ) -> Tick {
        Tick {
            tick,
            state,
            reason,
            successor,
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
            finished_at: state.ended().then_some(now),
            revision: 0,
        }
    }

    /// Takes a leader's change of this tick; false when it does not fit, and for what is no change of a tick.
    pub fn take(&mut self, op: &Op, now: DateTime<Utc>) -> bool {
        let fits = match op {
            Op::Wait { .. } => matches!(self.state, TickState::Queued | TickState::Ready),
            Op::Ready { .. } => self.state == TickState::Queued,
            Op::Reclaim { .. } => self.state == TickState::Running && !self.is_claimed(now),
            Op::End { .. } => !self.state.ended() && !self.is_claimed(now),
            Op::Reopen { .. } => self.state.ended() && self.state != TickState::Succeeded,
            Op::Cancel { .. } => self.state == TickState::Running,
            _ => false,
        };
        if fits {
            self.change(op, now);
        }
        fits
    }

    fn change(&mut self, op: &Op, now: DateTime<Utc>) {
        match op {
            Op::Wait { reason, .. } => self.queue(reason),
            Op::Ready { .. } => (self.state, self.reason) = (TickState::Ready, None),
            Op::Reclaim { not_before, reason, .. } => {
                self.queue(reason);
                (self.not_before, self.lease_until, self.phase) = (Some(*not_before), None, None);
                self.token += 1;
                self.deaths = self.deaths.saturating_add(1);
            }
            Op::End { state, reason, successor, .. } => {
                self.token += i64::from(self.state == TickState::Running);
                self.finish(*state, reason, successor, now);
            }
            Op::Reopen { reason, .. } => {
                self.queue(reason);
                (self.successor, self.finished_at, self.not_before, self.cancel) = (None, None, None, None);
                (self.tries, self.deaths, self.phase) = (0, 0, None);
            }
            Op::Cancel { reason, .. } => self.cancel = Some(reason.clone()),
            _ => {}
        }
    }

    /// Gives a ready tick to a worker, under a new token.
    pub fn claim(&mut self, worker: &str, now: DateTime<Utc>, ttl: TimeDelta) {
        self.state = TickState::Running;
        self.token += 1;
        self.attempt = self.attempt.saturating_add(1);
        (self.worker, self.lease_until) = (Some(worker.to_owned()), Some(now + ttl));
        self.started_at = self.started_at.or(Some(now));
    }

    /// Whether the claim of that token holds.
    #[must_use]
    pub fn has_token(&self, token: i64) -> bool {
        self.state == TickState::Running && self.token == token
    }

    /// Takes how its worker left it; the worker's token must have been looked at.
    pub fn leave(&mut self, left: &Left, now: DateTime<Utc>) {
        match left {
            Left::Ended { state, reason, successor } => self.finish(*state, reason, successor, now),
            Left::Again { not_before, reason, counts } => {
                self.queue(reason);
                (self.not_before, self.lease_until, self.phase) = (Some(*not_before), None, None);
                self.tries = self.tries.saturating_add(u32::from(*counts));
            }
        }
    }

    /// Whether a worker has it and its lease has not run out: then only the worker ends it.
    fn is_claimed(&self, now: DateTime<Utc>) -> bool {
        self.state == TickState::Running && self.lease_until.is_some_and(|until| until > now)
    }

    fn queue(&mut self, reason: &Value) {
        (self.state, self.reason) = (TickState::Queued, Some(reason.clone()));
    }

    fn finish(&mut self, state: TickState, reason: &Option<Value>, successor: &Option<String>, now: DateTime<Utc>) {
        (self.state, self.reason, self.successor) = (state, reason.clone(), successor.clone());
        (self.finished_at, self.lease_until) = (Some(now), None);
    }
}
