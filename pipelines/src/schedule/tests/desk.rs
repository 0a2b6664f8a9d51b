//! A scheduler with a ledger beside it, and hands to move both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::schedule::{Ask, Commit, Left, Request, Tick, TickId, TickState};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::calendar::Calendars;
use crate::schedule::simulate::ledger::Ledger;
use crate::schedule::{Answer, Asked, Entry, Event, Pool, Reason, Retry, State, Timetable, Until, concerns};
use crate::spec::pipeline::{CatchUp, Overlap, ScheduleSpec};
use crate::when::When;

/// An instant of a test: `2026-11-23T02:30` in Shanghai.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap().with_timezone(&Utc)
}

/// A pipeline that fires by a cron line in Shanghai.
pub(super) fn entry(pipeline: &str, cron: &str) -> Entry {
    let spec = ScheduleSpec { cron: Some(cron.to_owned()), ..ScheduleSpec::default() };
    Entry { when: Some(When::of(&spec, Tz::Asia__Shanghai, &Calendars::shipped()).unwrap()), ..plain(pipeline) }
}

/// A pipeline that fires at nothing.
pub(super) fn plain(pipeline: &str) -> Entry {
    Entry {
        pipeline: pipeline.to_owned(),
        owner: "320900-hrss".to_owned(),
        definition: "d1".to_owned(),
        schedule: "s1".to_owned(),
        when: None,
        zone: Tz::Asia__Shanghai,
        catch_up: CatchUp::All,
        window: TimeDelta::days(7),
        overlap: Overlap::Queue,
        after: Vec::new(),
        by_versions: false,
        pool: "default".to_owned(),
        priority: 5,
        connections: Vec::new(),
        builds: vec![format!("library:base.{pipeline}")],
        reads: Vec::new(),
        retry: Retry { max: 3, backoff: Duration::from_secs(60), max_backoff: Duration::from_secs(1800) },
        timeout: None,
        until: Until::For(TimeDelta::hours(3)),
    }
}

pub(super) fn timetable(entries: impl IntoIterator<Item = Entry>) -> Timetable {
    Timetable {
        entries: entries.into_iter().map(|entry| (entry.pipeline.clone(), entry)).collect(),
        pools: [("default".to_owned(), Pool { slots: 4 }), ("backfill".to_owned(), Pool { slots: 1 })].into(),
        shares: BTreeMap::new(),
        connections: BTreeMap::new(),
        poison_limit: 3,
        poll: Duration::from_secs(30),
    }
}

/// The desk.
pub(super) struct Desk {
    pub(super) state: State,
    pub(super) ledger: Ledger,
    pub(super) now: DateTime<Utc>,
    pub(super) timetable: Arc<Timetable>,
    revision: i64,
}

impl Desk {
    pub(super) fn new(now: DateTime<Utc>, timetable: Timetable) -> Self {
        let timetable = Arc::new(timetable);
        let state = State::new(now, Arc::clone(&timetable));
        let mut desk = Self { state, ledger: Ledger::default(), now, timetable, revision: 0 };
        desk.step(Event::Now(now));
        desk
    }

    pub(super) fn step(&mut self, event: Event) {
        let ops = self.state.step(event);
        assert_eq!(self.ledger.apply(0, self.now, &ops), Some(true), "{ops:?}");
    }

    /// What workers did reaches the scheduler; then it is that late.
    pub(super) fn to(&mut self, now: DateTime<Utc>) {
        self.now = now;
        for row in self.ledger.changes(self.revision) {
            self.step(Event::Changed(Box::new(row)));
        }
        self.revision = self.ledger.revision;
        self.step(Event::Now(now));
    }

    pub(super) fn later(&mut self, by: TimeDelta) {
        self.to(self.now + by);
    }

    /// The scheduler dies; another one begins from the ledger.
    pub(super) fn restart(&mut self, now: DateTime<Utc>) {
        self.now = now;
        self.revision = self.ledger.revision;
        self.state = State::recover(now, Arc::clone(&self.timetable), self.ledger.snapshot());
        self.step(Event::Now(now));
    }

    pub(super) fn claim(&mut self) -> Option<Tick> {
        self.ledger.claim("w", self.now, TimeDelta::seconds(60))
    }

    pub(super) fn leave(&mut self, tick: &Tick, left: &Left) {
        assert!(self.ledger.leave(&tick.tick.id, tick.token, left, self.now));
        self.to(self.now);
    }

    /// Runs the next ready tick to success; its key.
    pub(super) fn succeed(&mut self) -> Option<String> {
        let tick = self.claim()?;
        self.leave(&tick, &Left::Ended { state: TickState::Succeeded, reason: None, successor: None });
        Some(tick.tick.id.key)
    }

    pub(super) fn committed(&mut self, table: &str, date: Option<&str>) {
        let commit = Commit {
            position: self.now.to_rfc3339(),
            target: format!("library:{table}"),
            version: 1,
            biz_date: date.map(|date| date.parse::<NaiveDate>().unwrap()),
            at: self.now,
        };
        self.ledger.commits.push(commit.clone());
        self.step(Event::Committed(commit));
    }

    pub(super) fn ask(&mut self, by: &str, ask: Ask) -> Answer {
        self.ask_with(by, ask, &[])
    }

    pub(super) fn ask_with(&mut self, by: &str, ask: Ask, votes: &[&str]) -> Answer {
        let id = i64::try_from(self.ledger.requests.len()).unwrap() + 1;
        let request = Request { id, ask, by: by.to_owned(), at: self.now, answer: None };
        self.ledger.requests.push(request.clone());
        let mut about: Vec<Tick> = concerns(&self.timetable, self.now, &request.ask)
            .iter()
            .filter_map(|id| self.ledger.ticks.get(id).cloned())
            .collect();
        if matches!(request.ask, Ask::Resume { .. }) {
            about = self.ledger.ticks.values().cloned().collect();
        }
        let votes = votes.iter().map(|vote| (*vote).to_owned()).collect();
        self.step(Event::Asked(Box::new(Asked { request, about, votes })));
        let (_, answer) = self.ledger.requests.last().unwrap().answer.clone().unwrap();
        serde_json::from_value(answer).unwrap()
    }

    pub(super) fn tick(&self, pipeline: &str, key: DateTime<Utc>) -> &Tick {
        &self.ledger.ticks[&id(pipeline, key)]
    }

    pub(super) fn reason(&self, pipeline: &str, key: DateTime<Utc>) -> Option<Reason> {
        self.tick(pipeline, key).reason.as_ref().and_then(Reason::of)
    }

    /// Every tick as `day time state`, in Shanghai, in order of time.
    pub(super) fn sheet(&self) -> Vec<String> {
        let mut ticks: Vec<&Tick> = self.ledger.ticks.values().collect();
        ticks.sort_by_key(|tick| tick.tick.scheduled_at);
        let line = |tick: &&Tick| {
            let local = tick.tick.scheduled_at.with_timezone(&Tz::Asia__Shanghai);
            format!("{} {}", local.format("%m-%d %H:%M"), tick.state.as_str())
        };
        ticks.iter().map(line).collect()
    }
}

pub(super) fn id(pipeline: &str, key: DateTime<Utc>) -> TickId {
    TickId { pipeline: pipeline.to_owned(), key: key.to_rfc3339() }
}
