#![allow(clippy::unwrap_used, clippy::panic)]
//! A small scheduled project and ticks of it, for tests: `sample/*.toml` in a new project.

use std::path::Path;

use catalog::schedule::{Cause, NewTick, Tick, TickId, TickState};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::occurrence;
use crate::project::{Project, init};
use crate::schedule::{Entry, Timetable};

/// The project with its timetable.
pub(crate) fn city() -> (Project, Timetable) {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sample");
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join("pipelines").join(path.file_name().unwrap())).unwrap();
    }
    let project = Project::load_at(dir.path(), at("2026-11-20T00:00")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let timetable = Timetable::of(&project);
    (project, timetable)
}

/// An instant of a test: `2026-11-23T02:30` in Shanghai.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap().to_utc()
}

/// A tick as a case file has it: what is not said follows from the schedule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TickCase {
    pipeline: String,
    at: String,
    state: String,
    began: Option<String>,
    ended: Option<String>,
    /// Where its interval begins, if not at the fire before.
    from: Option<String>,
    successor: Option<String>,
    reason: Option<serde_json::Value>,
    backfill: Option<String>,
}

impl TickCase {
    /// The tick's row.
    pub(crate) fn row(&self, timetable: &Timetable) -> Tick {
        let entry = &timetable.entries[&self.pipeline];
        let due = at(&self.at);
        let mut tick = promised(entry, due);
        if let Some(from) = &self.from {
            tick.interval_start = at(from);
            tick.biz_date = tick.interval_start.with_timezone(&entry.zone).date_naive();
        }
        if let Some(name) = &self.backfill {
            tick.id.key = format!("backfill:{name}:{}", tick.id.key);
            tick.cause = Cause::Backfill;
        }
        let state = TickState::parse(&self.state).unwrap();
        let successor = self.successor.as_deref().map(|text| at(text).to_rfc3339());
        Tick {
            attempt: 1,
            started_at: self.began.as_deref().map(at),
            finished_at: self.ended.as_deref().map(at),
            ..Tick::promised(tick, state, self.reason.clone(), successor, due)
        }
    }
}

/// What a schedule promises for an instant.
fn promised(entry: &Entry, due: DateTime<Utc>) -> NewTick {
    let fire = match &entry.when {
        Some(when) => when.previous(due).unwrap().filter(|fire| fire.at == due).unwrap(),
        None => occurrence::whole_day(entry.zone, due.with_timezone(&entry.zone).date_naive()).unwrap(),
    };
    NewTick {
        id: TickId { pipeline: entry.pipeline.clone(), key: due.to_rfc3339() },
        cause: Cause::Schedule,
        scheduled_at: due,
        interval_start: fire.interval_start,
        interval_end: fire.interval_end,
        biz_date: fire.business_date,
        definition_digest: entry.definition.clone(),
        owner: entry.owner.clone(),
        pool: entry.pool.clone(),
        priority: entry.priority,
    }
}
