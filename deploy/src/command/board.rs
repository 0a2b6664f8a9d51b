//! What every command about the schedule needs: the project with its ledger, its timetable, and a clock.

use std::collections::{BTreeMap, BTreeSet};

use catalog::schedule::{Anchor, Ask, Hold, Tick, TickFilter, TickId};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use pipelines::backfill::reads_its_interval;
use pipelines::deadline::Deadline;
use pipelines::engine::Engine;
use pipelines::project::Pipeline;
use pipelines::schedule::{Answer, Entry, Timetable};
use pipelines::why::{Meant, Moment};
use serde_json::json;

use super::open;
use crate::app::App;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::words::{Because, Clock, Titles};

/// How long a command waits for the scheduler's answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// Pause between two looks for it.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);
/// Most ticks of one pipeline that are looked through.
const MOST: u32 = 20_000;
/// Ticks that are named where what was written means none.
const NEAREST: usize = 5;

/// Kind of the audit entries that tell whether changed definitions were taken over.
const RELOAD: &str = "definitions.reload";

/// The service, as far as the ledger knows it.
#[derive(Debug, serde::Serialize)]
pub(super) struct Scheduler {
    /// Whether one leads.
    pub(super) leads: bool,
    /// When it last refused definitions because they were invalid, unless it took others over since.
    pub(super) refused: Option<String>,
}

/// The project as the schedule sees it.
#[derive(Debug)]
pub(super) struct Board<'a> {
    pub(super) app: &'a App,
    pub(super) engine: Engine,
    pub(super) timetable: Timetable,
    pub(super) now: DateTime<Utc>,
    pub(super) clock: Clock,
    pub(super) titles: Titles,
}

impl<'a> Board<'a> {
    /// Opens the project; `None` when its definitions are invalid, which has been reported then.
    pub(super) async fn open(app: &'a App) -> Result<Option<Self>, Failure> {
        let Some(engine) = open::engine(app).await? else { return Ok(None) };
        let timetable = Timetable::of(engine.project());
        let zone: Tz = engine.project().spec.project.timezone.parse().unwrap_or(Tz::Asia__Shanghai);
        let now = Utc::now();
        let titles = Titles::of_all(engine.project(), app.messages);
        Ok(Some(Self { app, timetable, now, clock: Clock::new(zone, now), titles, engine }))
    }

    /// Reasons and answers in words.
    pub(super) fn because(&self) -> Because<'_> {
        Because { messages: self.app.messages, clock: self.clock, titles: &self.titles }
    }

    /// A text of the interface.
    pub(super) fn text(&self, key: &str, parameters: &[(&str, &dyn std::fmt::Display)]) -> String {
        self.app.messages.text(key, parameters)
    }

    /// A pipeline of the project.
    pub(super) fn pipeline(&self, id: &str) -> Result<(&Pipeline, &Entry), Failure> {
        let found = self.engine.project().pipeline(id).zip(self.timetable.entries.get(id));
        found.ok_or_else(|| {
            let known = self.timetable.entries.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            Error::NoPipeline { pipeline: id.chars().take(80).collect(), known }.into()
        })
    }

    /// Deadlines by pipeline.
    pub(super) fn deadlines(&self) -> BTreeMap<String, Deadline> {
        let project = self.engine.project();
        let of = |pipeline: &Pipeline| Some((pipeline.spec.pipeline.id.clone(), Deadline::of(project, pipeline)?));
        project.pipelines.iter().filter_map(of).collect()
    }

    /// Pipelines whose runs each read their own interval alone.
    pub(super) fn by_interval(&self) -> BTreeSet<String> {
        let pipelines = self.engine.project().pipelines.iter();
        let own = pipelines.filter(|pipeline| reads_its_interval(&pipeline.spec));
        own.map(|pipeline| pipeline.spec.pipeline.id.clone()).collect()
    }

    /// Ticks of the ledger.
    pub(super) async fn ticks(&self, filter: TickFilter) -> Result<Vec<Tick>, Failure> {
        let found = self.engine.catalog().ticks(self.engine.actor(), &filter).await;
        found.map_err(|error| open::catalog_failure(&error))
    }

    /// One tick of the ledger.
    pub(super) async fn tick(&self, id: &TickId) -> Result<Option<Tick>, Failure> {
        let found = self.engine.catalog().tick(self.engine.actor(), id).await;
        found.map_err(|error| open::catalog_failure(&error))
    }

    /// What is paused.
    pub(super) async fn holds(&self) -> Result<Vec<Hold>, Failure> {
        self.engine.catalog().holds(self.engine.actor()).await.map_err(|error| open::catalog_failure(&error))
    }

    /// Up to where fires have been promised.
    pub(super) async fn anchors(&self) -> Result<Vec<Anchor>, Failure> {
        self.engine.catalog().anchors(self.engine.actor()).await.map_err(|error| open::catalog_failure(&error))
    }

    /// Whether a scheduler leads, and whether it refused the definitions it last saw.
    pub(super) async fn scheduler(&self) -> Result<Scheduler, Failure> {
        let (catalog, actor) = (self.engine.catalog(), self.engine.actor());
        let failed = |error: catalog::Error| open::catalog_failure(&error);
        let lease = catalog.leader(actor).await.map_err(failed)?;
        let until = lease.and_then(|lease| DateTime::parse_from_rfc3339(&lease.expires_at).ok());
        let entry = catalog.newest_entry(actor, RELOAD).await.map_err(failed)?;
        let refused = entry.filter(|entry| !entry.success).map(|entry| entry.at);
        Ok(Scheduler { leads: until.is_some_and(|until| until > self.now), refused })
    }

    /// What a reader must know of the scheduler before all else.
    pub(super) fn remarks(&self, scheduler: &Scheduler) -> Vec<String> {
        let mut lines = Vec::new();
        if !scheduler.leads {
            lines.push(self.text("schedule.no_leader", &[]));
        }
        if let Some(at) = &scheduler.refused {
            let at = crate::words::instant(at, self.clock.zone.name());
            lines.push(self.text("schedule.refused", &[("at", &at)]));
        }
        lines
    }

    /// The first instant of a local day.
    pub(super) fn midnight(&self, day: NaiveDate) -> DateTime<Utc> {
        self.instant(day, NaiveTime::MIN)
    }

    /// A time of a local day; where the clock skips it, the first instant after it.
    pub(super) fn instant(&self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let wall = day.and_time(time);
        let found =
            (0..4).find_map(|hours| self.clock.zone.from_local_datetime(&(wall + TimeDelta::hours(hours))).earliest());
        found.map_or_else(|| wall.and_utc(), |at| at.to_utc())
    }

    /// Ticks of a pipeline around what a person wrote: all that it can mean, and neighbours.
    pub(super) async fn around(&self, pipeline: &str, moment: &Moment) -> Result<Vec<Tick>, Failure> {
        let day = |date: NaiveDate, days: i64| self.midnight(date) + TimeDelta::days(days);
        let (from, to) = match moment {
            Moment::At(at) => (*at - TimeDelta::days(10), *at + TimeDelta::days(20)),
            // Under a calendar, a business date may belong to a tick many days later.
            Moment::Date(date) => (day(*date, -2), day(*date, 40)),
            Moment::Key(key) => {
                let id = TickId { pipeline: pipeline.to_owned(), key: key.clone() };
                return Ok(self.tick(&id).await?.into_iter().collect());
            }
        };
        self.ticks(TickFilter {
            pipeline: Some(pipeline.to_owned()),
            from: Some(from),
            to: Some(to),
            limit: MOST,
            ..TickFilter::default()
        })
        .await
    }

    /// The one tick that a person named.
    pub(super) async fn named(&self, pipeline: &str, text: &str) -> Result<TickId, Failure> {
        self.pipeline(pipeline)?;
        let moment = Moment::parse(text, self.clock.zone).map_err(|error| open::usage(&error))?;
        let ticks = self.around(pipeline, &moment).await?;
        let near = |ticks: &[&Tick]| {
            let told: Vec<String> = ticks.iter().take(NEAREST).map(|tick| self.written(tick)).collect();
            if told.is_empty() { "–".to_owned() } else { told.join(", ") }
        };
        let (pipeline, text) = (pipeline.to_owned(), text.chars().take(80).collect::<String>());
        match moment.among(&ticks) {
            Meant::One(tick) => Ok(tick.tick.id.clone()),
            Meant::Several(several) => Err(Error::WhichTick { pipeline, text, near: near(&several) }.into()),
            Meant::None => {
                let mut ordered: Vec<&Tick> = ticks.iter().collect();
                ordered.sort_by_key(|tick| moment.distance(tick));
                Err(Error::NoTick { pipeline, text, near: near(&ordered) }.into())
            }
        }
    }

    /// A tick as it is written on a command line.
    pub(super) fn written(&self, tick: &Tick) -> String {
        match DateTime::parse_from_rfc3339(&tick.tick.id.key) {
            Ok(at) => self.clock.written(at.to_utc()),
            Err(_) => tick.tick.id.key.clone(),
        }
    }

    /// Asks the scheduler, waits a while for its answer, and tells it.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Exit, Failure> {
        let (catalog, actor) = (self.engine.catalog(), self.engine.actor());
        let failed = |error: &catalog::Error| open::catalog_failure(error);
        let id = catalog.ask(actor, ask).await.map_err(|error| failed(&error))?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let answer = loop {
            let request = catalog.request(actor, id).await.map_err(|error| failed(&error))?;
            if request.answer.is_some() || tokio::time::Instant::now() >= deadline || self.app.cancel.is_cancelled() {
                break request.answer;
            }
            tokio::time::sleep(LOOK).await;
        };
        let Some((granted, value)) = answer else {
            self.app.output.document(&json!({ "request": id, "answer": null }));
            self.app.output.text(&self.text("schedule.waits", &[("id", &id)]));
            return Ok(Exit::Waiting);
        };
        let told = match serde_json::from_value::<Answer>(value.clone()) {
            Ok(answer) => self.because().answer(&answer),
            Err(_) => self.text("answer.unknown", &[]),
        };
        let document = json!({ "request": id, "granted": granted, "answer": value, "message": told });
        self.app.output.document(&document);
        self.app.output.text(&told);
        Ok(if granted { Exit::Done } else { Exit::Failed })
    }
}

/// The day before a business date's successor: what `--to` leaves out.
pub(super) fn day_after(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1)).unwrap_or(date)
}
