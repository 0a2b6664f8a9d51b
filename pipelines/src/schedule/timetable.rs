//! What pipelines promise and may take: the schedule's side of a project, ready for the scheduler.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;

use crate::project::{Pipeline, Project};
use crate::spec::duration;
use crate::spec::pipeline::{AfterVersion, CatchUp, Overlap, ScheduleSpec};
use crate::when::When;

/// Longest wait for a table or for files where the definition names none.
const A_DAY: TimeDelta = TimeDelta::days(1);
/// Pools that exist without being named.
const DEFAULT_POOL: &str = "default";
/// Where backfills run.
pub(crate) const BACKFILL_POOL: &str = "backfill";

/// Everything scheduled of a project.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// Scheduled pipelines by id, and those that can be run by asking.
    pub entries: BTreeMap<String, Entry>,
    /// Pools by name.
    pub pools: BTreeMap<String, Pool>,
    /// Weight of owners; 1 for who is not named.
    pub shares: BTreeMap<String, u32>,
    /// Runs that may use a connection at once.
    pub connections: BTreeMap<String, u32>,
    /// Workers that may die with a tick.
    pub poison_limit: u32,
    /// Pause between two looks at a source that is not ready.
    pub poll: Duration,
}

/// A pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Runs that may go on in it at once.
    pub slots: u32,
}

/// One pipeline.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Pipeline id.
    pub pipeline: String,
    /// Organisation whose share it uses.
    pub owner: String,
    /// Digest of the whole definition.
    pub definition: String,
    /// Digest of what decides on its fires: another one starts anew from now.
    pub schedule: String,
    /// When it fires; `None` when it runs only by asking or after tables.
    pub when: Option<When>,
    /// Zone of its times of day.
    pub zone: Tz,
    /// What becomes of fires that passed.
    pub catch_up: CatchUp,
    /// How far back.
    pub window: TimeDelta,
    /// What a tick does while an earlier one goes on.
    pub overlap: Overlap,
    /// Tables it waits for.
    pub after: Vec<After>,
    /// Whether it has no times of its own: each new version of its tables is a tick.
    pub by_versions: bool,
    /// Pool.
    pub pool: String,
    /// 0 to 9.
    pub priority: u8,
    /// Connections it reads, each once.
    pub connections: Vec<String>,
    /// Library targets it builds.
    pub builds: Vec<String>,
    /// Pipelines whose libraries it reads: within a backfill it follows them.
    pub reads: Vec<String>,
    /// Repeating what may pass.
    pub retry: Retry,
    /// Longest attempt.
    pub timeout: Option<Duration>,
    /// Until when sources are waited for.
    pub until: Until,
}

/// A table that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// Target of the table, `library:base.population`.
    pub target: String,
    /// Which version.
    pub version: AfterVersion,
    /// How long.
    pub timeout: TimeDelta,
}

/// Repeating what may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts after the first.
    pub max: u32,
    /// Pause before the second.
    pub backoff: Duration,
    /// Longest pause.
    pub max_backoff: Duration,
}

/// Until when sources are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The first such time of day after the tick.
    Time(NaiveTime),
    /// So long after the tick.
    For(TimeDelta),
}

impl Timetable {
    /// The timetable of a project. Pools, durations and calendars were checked when the project was read.
    pub fn of(project: &Project) -> Self {
        let service = &project.spec.service;
        let mut pools: BTreeMap<String, Pool> =
            project.spec.pools.iter().map(|(name, pool)| (name.clone(), Pool { slots: pool.slots.max(1) })).collect();
        pools.entry(DEFAULT_POOL.into()).or_insert(Pool { slots: service.workers.max(1) });
        pools.entry(BACKFILL_POOL.into()).or_insert(Pool { slots: 1 });
        let capped = |(name, spec): (&String, &crate::spec::project::ConnectionSpec)| {
            spec.limits.runs.map(|runs| (name.clone(), runs.max(1)))
        };
        Self {
            entries: project
                .pipelines
                .iter()
                .map(|pipeline| (pipeline.spec.pipeline.id.clone(), Entry::of(project, pipeline)))
                .collect(),
            pools,
            shares: project.spec.shares.clone(),
            connections: project.connections.iter().filter_map(capped).collect(),
            poison_limit: service.poison_limit.max(1),
            poll: duration::parse(&service.poll).unwrap_or(Duration::from_secs(30)),
        }
    }

    /// The same pools and limits, no pipeline.
    pub(super) fn without_entries(&self) -> Self {
        Self { entries: BTreeMap::new(), ..self.clone() }
    }

    /// The same pipelines, none of which fires.
    pub(super) fn without_fires(&self) -> Self {
        let mut quiet = self.clone();
        for entry in quiet.entries.values_mut() {
            (entry.when, entry.by_versions) = (None, false);
        }
        quiet
    }

    /// Weight of an owner's share.
    pub fn weight(&self, owner: &str) -> u32 {
        self.shares.get(owner).copied().unwrap_or(1).max(1)
    }

    /// Slots of a pool; one for a pool that is gone.
    pub fn slots(&self, pool: &str) -> u32 {
        self.pools.get(pool).map_or(1, |pool| pool.slots)
    }
}

impl Entry {
    fn of(project: &Project, pipeline: &Pipeline) -> Self {
        let schedule = pipeline.spec.schedule.clone().unwrap_or_default();
        let when = When::of(&schedule, project.timezone(pipeline), &project.calendars).ok().filter(When::has_fires);
        Self {
            pipeline: pipeline.spec.pipeline.id.clone(),
            owner: pipeline.spec.pipeline.owner.clone(),
            definition: pipeline.digest.clone(),
            schedule: digest(&schedule),
            by_versions: when.is_none() && !schedule.after.is_empty(),
            when,
            zone: project.timezone(pipeline),
            catch_up: schedule.catch_up.policy,
            window: span(&schedule.catch_up.window).unwrap_or(TimeDelta::days(7)),
            overlap: schedule.overlap,
            after: schedule
                .after
                .iter()
                .map(|after| After {
                    target: format!("library:{}", after.table),
                    version: after.version,
                    timeout: after.timeout.as_deref().and_then(span).unwrap_or(A_DAY),
                })
                .collect(),
            pool: schedule.pool.clone().unwrap_or_else(|| DEFAULT_POOL.into()),
            priority: schedule.priority.unwrap_or(5).min(9),
            connections: connections(pipeline),
            builds: pipeline.spec.library.iter().map(|library| format!("library:{}", library.table)).collect(),
            reads: project.upstream(pipeline).into_iter().collect(),
            retry: Retry {
                max: schedule.retry.max.min(20),
                backoff: duration::parse(&schedule.retry.backoff).unwrap_or(Duration::from_secs(60)),
                max_backoff: duration::parse(&schedule.retry.max_backoff).unwrap_or(Duration::from_secs(1800)),
            },
            timeout: schedule.timeout.as_deref().and_then(|text| duration::parse(text).ok()),
            until: until(pipeline),
        }
    }
}

/// What decides on fires; a change of priority or retries does not fire or lose anything.
fn digest(schedule: &ScheduleSpec) -> String {
    let parts = (&schedule.cron, &schedule.every, &schedule.timezone, &schedule.calendar);
    catalog::digest::sm3_of(&parts).unwrap_or_default()
}

fn span(text: &str) -> Option<TimeDelta> {
    duration::parse(text).ok().and_then(|duration| TimeDelta::from_std(duration).ok())
}

fn connections(pipeline: &Pipeline) -> Vec<String> {
    let sources = pipeline.spec.source.iter().filter_map(|source| source.connection.clone());
    sources.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The earliest limit of its sources.
fn until(pipeline: &Pipeline) -> Until {
    let texts = pipeline.spec.source.iter().filter_map(|source| source.ready.as_ref()?.until.as_deref());
    texts
        .filter_map(|text| match NaiveTime::parse_from_str(text, "%H:%M") {
            Ok(time) => Some(Until::Time(time)),
            Err(_) => span(text).map(Until::For),
        })
        .next()
        .unwrap_or(Until::For(A_DAY))
}
