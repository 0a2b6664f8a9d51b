//! What a tick waits for, in this order: its turn, pauses, its own pause after an attempt, tables, a slot.

use std::sync::Arc;

use catalog::schedule::{Cause, Commit, NewTick, Op, Scope, TickId, TickState};
use chrono::{DateTime, Days, Utc};

use super::Reason;
use super::state::State;
use super::timetable::{After, Entry};
use crate::backfill::name_of;
use crate::spec::pipeline::AfterVersion;

impl State {
    /// Sees what a queued tick waits for; puts it into its pool's queue when only a slot is missing.
    pub(super) fn assess(&mut self, id: &TickId) {
        let timetable = Arc::clone(&self.timetable);
        let Some(live) = self.live.get(id).filter(|live| live.state == TickState::Queued) else { return };
        let Some(entry) = timetable.entries.get(&id.pipeline) else { return };
        match self.obstacle(id, entry) {
            Some(obstacle) => {
                let until = match &obstacle {
                    Reason::Table { until, .. } => Some(*until),
                    _ => live.not_before.filter(|at| *at > self.now),
                };
                self.unqueue(id);
                self.arm(id, until);
                self.set_wait(id, obstacle);
            }
            None => {
                self.arm(id, None);
                self.enqueue(id);
            }
        }
    }

    fn obstacle(&self, id: &TickId, entry: &Entry) -> Option<Reason> {
        let live = self.live.get(id)?;
        let backfill = live.tick.cause == Cause::Backfill;
        let lane = self.lanes.get(&id.pipeline)?;
        if let Some(key) = lane.ahead_of(&id.key, backfill) {
            return Some(Reason::Behind { key: key.to_owned() });
        }
        if let Some(paused) = self.paused(entry, &live.tick.pool) {
            return Some(paused);
        }
        if live.not_before.is_some_and(|at| at > self.now) {
            return Some(live.rest.clone().unwrap_or(Reason::Drained));
        }
        if let Some(key) = self.upstream_of(id, entry) {
            return Some(Reason::Behind { key });
        }
        // A person who asks, and a backfill, mean the data as it is.
        if matches!(live.tick.cause, Cause::Manual | Cause::Backfill) {
            return None;
        }
        entry.after.iter().find_map(|after| self.missing(after, id))
    }

    /// The first tick of the same backfill that rebuilds what this one reads.
    fn upstream_of(&self, id: &TickId, entry: &Entry) -> Option<String> {
        let name = name_of(&id.key)?;
        let lanes = entry.reads.iter().filter_map(|pipeline| self.lanes.get(pipeline));
        let mut waiting = lanes.flat_map(|lane| &lane.backfill).map(|(_, key)| key);
        waiting.find(|key| name_of(key) == Some(name)).cloned()
    }

    /// Looks at those that follow a pipeline within a backfill.
    pub(super) fn assess_followers(&mut self, pipeline: &str) {
        let timetable = Arc::clone(&self.timetable);
        for (follower, entry) in &timetable.entries {
            if entry.reads.iter().any(|read| read == pipeline) {
                self.assess_heads(follower);
            }
        }
    }

    fn paused(&self, entry: &Entry, pool: &str) -> Option<Reason> {
        let fixed = [Scope::All, Scope::Pipeline(entry.pipeline.clone()), Scope::Pool(pool.to_owned())];
        let connections = entry.connections.iter().map(|name| Scope::Connection(name.clone()));
        let hold = fixed.into_iter().chain(connections).find_map(|scope| self.holds.get(&scope))?;
        Some(Reason::Paused { what: hold.scope.clone(), by: hold.by.clone() })
    }

    /// The pause that holds a tick, if any.
    pub(super) fn pause_of(&self, id: &TickId) -> Option<Reason> {
        let live = self.live.get(id)?;
        self.paused(self.timetable.entries.get(&id.pipeline)?, &live.tick.pool)
    }

    /// The table a tick still needs, if it is this one.
    fn missing(&self, after: &After, id: &TickId) -> Option<Reason> {
        let live = self.live.get(id)?;
        let versions = self.tables.get(&after.target);
        let there = match after.version {
            AfterVersion::SameDay => {
                versions.is_some_and(|versions| versions.by_date.contains_key(&live.tick.biz_date))
            }
            AfterVersion::New => {
                let last_start = self.lanes.get(&id.pipeline).and_then(|lane| lane.last_start);
                versions.and_then(|versions| versions.last).is_some_and(|at| Some(at) > last_start)
            }
        };
        (!there).then(|| Reason::Table {
            table: after.target.trim_start_matches("library:").to_owned(),
            biz_date: (after.version == AfterVersion::SameDay).then_some(live.tick.biz_date),
            until: live.since + after.timeout,
        })
    }

    /// The ticks that may be next in a lane.
    pub(super) fn assess_heads(&mut self, pipeline: &str) {
        let Some(lane) = self.lanes.get(pipeline) else { return };
        let heads: Vec<TickId> =
            lane.heads().map(|key| TickId { pipeline: pipeline.to_owned(), key: key.to_owned() }).collect();
        for id in heads {
            self.assess(&id);
        }
    }

    /// Everything that waits, after a change that may concern all.
    pub(super) fn assess_all(&mut self) {
        let waiting: Vec<TickId> =
            self.live.iter().filter(|(_, live)| live.state == TickState::Queued).map(|(id, _)| id.clone()).collect();
        for id in waiting {
            self.assess(&id);
        }
        self.shares.touch_all();
    }

    /// Puts down what a tick waits for; the ledger hears of it when it is another thing than before.
    pub(super) fn set_wait(&mut self, id: &TickId, reason: Reason) {
        let Some(live) = self.live.get_mut(id) else { return };
        if !live.wait.as_ref().is_some_and(|wait| wait.same_kind(&reason)) {
            self.ops.push(Op::Wait { id: id.clone(), reason: reason.value() });
        }
        live.wait = Some(reason);
    }

    /// A table has a new version: whoever waits for it is looked at, whoever fires by it fires.
    pub(super) fn committed(&mut self, commit: &Commit) {
        let versions = self.tables.entry(commit.target.clone()).or_default();
        versions.last = versions.last.max(Some(commit.at));
        if let Some(date) = commit.biz_date {
            let at = versions.by_date.entry(date).or_insert(commit.at);
            *at = (*at).max(commit.at);
            // A tick waits for a day at most a window long; two months of dates are plenty.
            while versions.by_date.len() > 400 {
                versions.by_date.pop_first();
            }
        }
        let timetable = Arc::clone(&self.timetable);
        for (pipeline, entry) in &timetable.entries {
            if entry.after.iter().any(|after| after.target == commit.target) {
                if entry.by_versions {
                    self.fire_after(entry, commit);
                }
                self.assess_heads(pipeline);
            }
        }
    }

    /// A version of one of its tables is a tick once all of them are there.
    fn fire_after(&mut self, entry: &Entry, commit: &Commit) {
        let Some(lane) = self.lanes.get(&entry.pipeline).filter(|lane| commit.at > lane.anchor) else { return };
        let anchor = lane.anchor;
        let there = |after: &After| {
            let Some(versions) = self.tables.get(&after.target) else { return false };
            match (after.version, commit.biz_date) {
                (AfterVersion::SameDay, Some(date)) => versions.by_date.contains_key(&date),
                _ => versions.last.is_some_and(|last| last > anchor),
            }
        };
        if !entry.after.iter().all(there) {
            return;
        }
        let table = commit.target.trim_start_matches("library:");
        let local = |at: DateTime<Utc>| at.with_timezone(&entry.zone).date_naive();
        let yesterday = local(commit.at).checked_sub_days(Days::new(1)).unwrap_or_else(|| local(commit.at));
        let tick = NewTick {
            id: TickId {
                pipeline: entry.pipeline.clone(),
                key: format!("{}:{table}@{}", commit.at.to_rfc3339(), commit.version),
            },
            cause: Cause::After,
            scheduled_at: commit.at,
            interval_start: anchor,
            interval_end: commit.at,
            biz_date: commit.biz_date.unwrap_or(yesterday),
            definition_digest: entry.definition.clone(),
            owner: entry.owner.clone(),
            pool: entry.pool.clone(),
            priority: entry.priority,
        };
        if let Some(lane) = self.lanes.get_mut(&entry.pipeline) {
            lane.anchor = commit.at;
        }
        let (pipeline, schedule) = (entry.pipeline.clone(), entry.schedule.clone());
        self.ops.push(Op::Anchor { pipeline, schedule, at: commit.at });
        match self.held([Scope::All, Scope::Pipeline(entry.pipeline.clone())]).cloned() {
            Some(hold) => {
                let reason = Reason::Paused { what: hold.scope, by: hold.by }.value();
                self.ops.push(Op::Promise { tick, state: TickState::Skipped, reason: Some(reason), successor: None });
            }
            None => self.queue(tick, None),
        }
    }
}
