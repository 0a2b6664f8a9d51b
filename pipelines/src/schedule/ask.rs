//! What people ask for: each request is decided once, and told what was done or why not.

use std::sync::Arc;

use catalog::schedule::{Ask, Cause, Hold, NewTick, Op, Request, Scope, Tick, TickId, TickState};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::state::State;
use super::timetable::{Entry, Timetable};
use super::{Asked, Reason};
use crate::spec::pipeline::CatchUp;
use crate::when::Fire;

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Answer {
    /// As asked.
    Done,
    /// These ticks are queued.
    Queued {
        /// How many.
        ticks: usize,
        /// The first and the last key.
        first: String,
        /// The last key.
        last: String,
    },
    /// Its worker is told to stop.
    Stopping,
    /// One of two people agreed.
    OneOfTwo,
    /// There is no such pipeline in the running definitions.
    NoPipeline,
    /// There is no such tick.
    NoTick,
    /// It is going on or waiting already.
    UnderWay,
    /// It has ended so, and what was asked does not fit that.
    Ended {
        /// How.
        state: TickState,
    },
    /// It has begun already.
    Begun,
    /// What it covers has not passed yet: run now, its own time would find it done and lose the rest.
    NotDue {
        /// When it is due.
        at: DateTime<Utc>,
    },
    /// A later tick covers its interval.
    Covered,
    /// Nothing of the kind is paused.
    NotPaused,
    /// The same person asked before; it takes another one.
    SamePerson,
    /// It did not end at a quality gate.
    NoGate,
    /// The calendar does not know that year.
    Unpublished {
        /// The year.
        year: i32,
    },
}

impl Answer {
    /// Whether the request was granted.
    pub fn granted(&self) -> bool {
        matches!(self, Self::Done | Self::Queued { .. } | Self::Stopping | Self::OneOfTwo)
    }
}

/// The ticks whose rows a request is decided with.
pub fn concerns(timetable: &Timetable, now: DateTime<Utc>, ask: &Ask) -> Vec<TickId> {
    match ask {
        Ask::Cancel { id, .. } | Ask::Rerun { id, .. } | Ask::Skip { id, .. } | Ask::Release { id, .. } => {
            vec![id.clone()]
        }
        Ask::Run { pipeline, biz_date, .. } => {
            let entry = timetable.entries.get(pipeline);
            let fire = entry.and_then(|entry| wanted(entry, now, *biz_date).ok());
            fire.map(|fire| TickId { pipeline: pipeline.clone(), key: fire.key }).into_iter().collect()
        }
        Ask::Backfill { ticks, .. } => ticks.iter().map(|tick| tick.id.clone()).collect(),
        Ask::Pause { .. } | Ask::Resume { .. } | Ask::CancelBackfill { .. } => Vec::new(),
    }
}

/// What a run by asking covers.
struct Wanted {
    key: String,
    fire: Fire,
}

/// The tick of a business date, or the latest that was due; a whole day where no schedule says otherwise.
fn wanted(entry: &Entry, now: DateTime<Utc>, date: Option<NaiveDate>) -> Result<Wanted, Answer> {
    let unpublished = |error: super::Blocked| Answer::Unpublished { year: error.year };
    if let Some(when) = &entry.when {
        let fire = match date {
            Some(date) => when.of_business_date(date),
            None => when.previous(now),
        };
        if let Some(fire) = fire.map_err(unpublished)? {
            if fire.at > now {
                return Err(Answer::NotDue { at: fire.at });
            }
            return Ok(Wanted { key: fire.key(), fire });
        }
    }
    let local = now.with_timezone(&entry.zone).date_naive();
    let date = date.or_else(|| local.pred_opt()).unwrap_or(local);
    let day = crate::occurrence::current(None, entry.zone, now, Some(date)).map_err(unpublished)?;
    let time = day.ok_or(Answer::NoTick)?.time;
    let (from, to) = (time.interval_start.with_timezone(&Utc), time.interval_end.with_timezone(&Utc));
    Ok(Wanted { key: date.to_string(), fire: Fire::covering(from, to, entry.zone) })
}

impl State {
    /// Decides a request.
    pub(super) fn asked(&mut self, asked: Asked) {
        let Asked { request, about, votes } = asked;
        let id = request.id;
        let answer = self.decide(request, &about, &votes);
        let granted = answer.granted();
        self.ops.push(Op::Answer { request: id, granted, answer: serde_json::to_value(answer).unwrap_or(Value::Null) });
    }

    fn decide(&mut self, request: Request, about: &[Tick], votes: &[String]) -> Answer {
        let Request { ask, by, at, .. } = request;
        let row = |id: &TickId| about.iter().find(|tick| tick.tick.id == *id);
        match ask {
            Ask::Pause { what, note } => self.pause(Hold { scope: what, by, note, since: at }),
            Ask::Resume { what, replay } => self.resume(&what, replay, about),
            Ask::Run { pipeline, biz_date, priority } => self.run_now(&pipeline, biz_date, priority, about, by),
            Ask::Cancel { id, note } => self.cancel(&id, row(&id), Reason::Stopped { by, note }),
            Ask::Skip { id, note } => self.skip(&id, row(&id), Reason::Stopped { by, note }),
            Ask::Rerun { id, note } => {
                let again = Reason::Again { by: vec![by], note, released: false };
                row(&id).map_or(Answer::NoTick, |row| self.reopen(row, again))
            }
            Ask::Release { id, note } => row(&id).map_or(Answer::NoTick, |row| self.release(row, by, note, votes)),
            Ask::Backfill { ticks, all, .. } => self.backfill(ticks, all, about, &by),
            Ask::CancelBackfill { name } => self.cancel_backfill(&name, &by),
        }
    }

    fn pause(&mut self, hold: Hold) -> Answer {
        self.ops.push(Op::Hold(hold.clone()));
        self.holds.insert(hold.scope.clone(), hold);
        // A tick that is ready but not claimed waits again.
        let ready: Vec<TickId> =
            self.live.iter().filter(|(_, live)| live.state == TickState::Ready).map(|(id, _)| id.clone()).collect();
        for id in ready {
            self.unready(&id);
        }
        self.assess_all();
        Answer::Done
    }

    /// Takes readiness back where a pause holds the tick; a worker may have been quicker, then it runs.
    fn unready(&mut self, id: &TickId) {
        let Some(reason) = self.pause_of(id) else { return };
        self.free_slot(id);
        if let Some(live) = self.live.get_mut(id) {
            live.state = TickState::Queued;
        }
        self.set_wait(id, reason);
    }

    fn resume(&mut self, what: &Scope, replay: bool, skipped: &[Tick]) -> Answer {
        if self.holds.remove(what).is_none() {
            return Answer::NotPaused;
        }
        self.ops.push(Op::Release { scope: what.clone() });
        for row in skipped.iter().filter(|_| replay) {
            let reason = row.reason.as_ref().and_then(Reason::of);
            if matches!(reason, Some(Reason::Paused { what: held, .. }) if held == *what) {
                let again = Reason::Again { by: Vec::new(), note: String::new(), released: false };
                self.reopen(row, again);
            }
        }
        self.assess_all();
        Answer::Done
    }

    fn run_now(
        &mut self,
        pipeline: &str,
        date: Option<NaiveDate>,
        priority: Option<u8>,
        about: &[Tick],
        by: String,
    ) -> Answer {
        let timetable = Arc::clone(&self.timetable);
        let Some(entry) = timetable.entries.get(pipeline) else { return Answer::NoPipeline };
        let wanted = match wanted(entry, self.now, date) {
            Ok(wanted) => wanted,
            Err(answer) => return answer,
        };
        let again = Reason::Again { by: vec![by], note: String::new(), released: false };
        if let Some(row) = about.iter().find(|row| row.tick.id.key == wanted.key) {
            return self.reopen(row, again);
        }
        let tick = self.tick_of(entry, &wanted.fire, Cause::Manual);
        let id = TickId { pipeline: pipeline.to_owned(), key: wanted.key.clone() };
        if self.live.contains_key(&id) {
            return Answer::UnderWay;
        }
        self.queue(NewTick { id, priority: priority.unwrap_or(entry.priority).min(9), ..tick }, Some(again));
        Answer::Queued { ticks: 1, first: wanted.key.clone(), last: wanted.key }
    }

    fn cancel(&mut self, id: &TickId, row: Option<&Tick>, reason: Reason) -> Answer {
        match self.live.get(id).map(|live| live.state) {
            Some(TickState::Running) => {
                self.stop(id, TickState::Skipped, reason, None);
                Answer::Stopping
            }
            Some(_) => {
                self.end(id, TickState::Skipped, Some(reason), None);
                Answer::Done
            }
            None => row.map_or(Answer::NoTick, |row| Answer::Ended { state: row.state }),
        }
    }

    fn skip(&mut self, id: &TickId, row: Option<&Tick>, reason: Reason) -> Answer {
        match self.live.get(id).map(|live| live.state) {
            Some(TickState::Running) => Answer::Begun,
            _ => self.cancel(id, row, reason),
        }
    }

    fn reopen(&mut self, row: &Tick, again: Reason) -> Answer {
        let id = row.tick.id.clone();
        if self.live.contains_key(&id) || !row.state.ended() {
            return Answer::UnderWay;
        }
        if row.state == TickState::Succeeded {
            return Answer::Ended { state: row.state };
        }
        let Some(entry) = self.timetable.entries.get(&id.pipeline) else { return Answer::NoPipeline };
        let passed_over = matches!(row.state, TickState::Skipped | TickState::Superseded | TickState::Missed);
        let covered = self.lanes.get(&id.pipeline).and_then(|lane| lane.covered_to);
        if passed_over && entry.catch_up == CatchUp::Latest && covered >= Some(row.tick.interval_end) {
            return Answer::Covered;
        }
        self.ops.push(Op::Reopen { id: id.clone(), reason: again.value() });
        let mut live = super::state::Live::new(row.tick.clone(), self.now);
        (live.token, live.rest) = (row.token, Some(again));
        self.enter(live);
        self.assess(&id);
        Answer::Queued { ticks: 1, first: id.key.clone(), last: id.key }
    }

    /// Two people, neither of them twice.
    fn release(&mut self, row: &Tick, by: String, note: String, votes: &[String]) -> Answer {
        let problems = match row.reason.as_ref().and_then(Reason::of) {
            Some(Reason::Problems { problems }) if row.state == TickState::Failed => problems,
            _ => return Answer::NoGate,
        };
        if !problems.iter().any(|problem| crate::error::GATES.contains(&problem.code.as_str())) {
            return Answer::NoGate;
        }
        let others: Vec<String> = votes.iter().filter(|voter| **voter != by).cloned().collect();
        match others.first() {
            None if votes.is_empty() => Answer::OneOfTwo,
            None => Answer::SamePerson,
            Some(other) => self.reopen(row, Reason::Again { by: vec![other.clone(), by], note, released: true }),
        }
    }

    fn backfill(&mut self, ticks: Vec<NewTick>, all: bool, about: &[Tick], by: &str) -> Answer {
        let mut queued: Vec<String> = Vec::new();
        for tick in ticks {
            let row = about.iter().find(|row| row.tick.id == tick.id);
            let again = Reason::Again { by: vec![by.to_owned()], note: String::new(), released: false };
            let key = tick.id.key.clone();
            match row {
                Some(row) if row.state == TickState::Succeeded && !all => continue,
                Some(row) if row.state.ended() && row.state != TickState::Succeeded => {
                    if !self.reopen(row, again).granted() {
                        continue;
                    }
                }
                Some(_) => continue,
                None => self.queue(tick, Some(again)),
            }
            queued.push(key);
        }
        match (queued.first(), queued.last()) {
            (Some(first), Some(last)) => {
                Answer::Queued { ticks: queued.len(), first: first.clone(), last: last.clone() }
            }
            _ => Answer::Done,
        }
    }

    /// Ends what a backfill has not begun; what runs is left to end.
    fn cancel_backfill(&mut self, name: &str, by: &str) -> Answer {
        let mark = format!("backfill:{name}:");
        let waiting: Vec<TickId> = self
            .live
            .iter()
            .filter(|(id, live)| live.state != TickState::Running && id.key.starts_with(&mark))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &waiting {
            let reason = Reason::Stopped { by: by.to_owned(), note: String::new() };
            self.end(id, TickState::Skipped, Some(reason), None);
        }
        if waiting.is_empty() { Answer::NoTick } else { Answer::Done }
    }
}
