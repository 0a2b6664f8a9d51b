//! The watchdog's rounds: facts out of the ledger, a look, and what follows into the outbox.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalog::schedule::{Anchor, Tick, TickFilter, TickId, TickState};
use catalog::{Actor, Catalog, Grant, StoreFault};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use pipelines::notice::Kind;
use pipelines::problem::Problem;
use pipelines::project::Project;
use pipelines::watch::{self, Change, Facts, HORIZON, Watched};

/// Most ended ticks that a look sees, the newest first.
const MOST_TICKS: u32 = 20_000;
/// Most notices of the past that are remembered, the newest first.
const MOST_NOTICES: u32 = 20_000;
/// Ends other than success.
const BAD: [TickState; 5] =
    [TickState::Failed, TickState::Withheld, TickState::Skipped, TickState::Superseded, TickState::Missed];

/// A watchdog between its looks.
#[derive(Debug)]
pub(crate) struct Guard {
    since: DateTime<Utc>,
    last: DateTime<Utc>,
    /// Keys of everything raised before.
    raised: BTreeSet<String>,
    watched: Arc<Vec<Watched>>,
}

/// What the ledger says at one moment.
struct Seen {
    ticks: Vec<Tick>,
    /// Older ticks that ended well are not among them.
    cut: Option<DateTime<Utc>>,
    anchors: Vec<Anchor>,
    published: BTreeMap<String, DateTime<Utc>>,
    raised: BTreeMap<String, bool>,
}

/// What it is held against.
struct Judge {
    now: DateTime<Utc>,
    since: DateTime<Utc>,
    last: DateTime<Utc>,
    zone: Tz,
    grants: Vec<Grant>,
    today: NaiveDate,
    definitions: Option<Problem>,
    watched: Arc<Vec<Watched>>,
}

impl Judge {
    fn look(&self, seen: Seen) -> (Vec<Change>, BTreeMap<String, bool>) {
        let facts = Facts {
            now: self.now,
            since: self.since,
            last: self.last,
            zone: self.zone,
            ticks: &seen.ticks,
            anchors: &seen.anchors,
            published: &seen.published,
            grants: &self.grants,
            today: self.today,
            definitions: self.definitions.as_ref(),
            raised: &seen.raised,
        };
        (watch::look(&self.watched, &facts), seen.raised)
    }
}

/// What a look found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Notices that were raised.
    pub(crate) raised: usize,
    /// Missed deadlines among them.
    pub(crate) missed: usize,
    /// Things that are right again.
    pub(crate) right: usize,
}

impl Guard {
    /// A watchdog of a project from an instant on. Make another one when the definitions change.
    ///
    /// # Errors
    /// K301.
    pub(crate) async fn new(
        catalog: &Catalog,
        actor: &Actor,
        project: &Project,
        now: DateTime<Utc>,
    ) -> Result<Self, catalog::Error> {
        let before = catalog.notices(actor, false, MOST_NOTICES).await?;
        let raised = before.into_iter().map(|stored| stored.notice.key).collect();
        Ok(Self { since: now, last: now, raised, watched: Arc::new(Watched::of(project)) })
    }

    /// Looks once. `definitions`: what is wrong with the files, if the project in force is an older one.
    ///
    /// # Errors
    /// K301.
    pub(crate) async fn look(
        &mut self,
        catalog: &Catalog,
        actor: &Actor,
        project: &Project,
        definitions: Option<&Problem>,
        now: DateTime<Utc>,
    ) -> Result<Looked, catalog::Error> {
        let seen = self.see(catalog, actor, now).await?;
        let judge = Judge {
            now,
            since: self.since,
            last: seen.cut.map_or(self.last, |cut| cut.max(self.last)),
            zone: project.spec.project.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai),
            grants: project.grants.clone(),
            today: catalog.today(),
            definitions: definitions.cloned(),
            watched: Arc::clone(&self.watched),
        };
        // Thousands of schedules are worked out: not where others wait for their turn.
        let judged = tokio::task::spawn_blocking(move || judge.look(seen)).await;
        let (changes, raised) = judged.map_err(|_| catalog::Error::Store { fault: StoreFault::Other })?;
        let done = self.record(catalog, actor, changes).await?;
        self.raised.extend(raised.into_keys());
        self.last = now;
        Ok(done)
    }

    /// What the ledger says now.
    async fn see(&self, catalog: &Catalog, actor: &Actor, now: DateTime<Utc>) -> Result<Seen, catalog::Error> {
        let snapshot = catalog.snapshot(actor).await?;
        let newest =
            TickFilter { from: Some(now - HORIZON), limit: MOST_TICKS, newest_first: true, ..TickFilter::default() };
        let recent = catalog.ticks(actor, &newest).await?;
        // Where not all ticks fit, those that are older than the oldest seen are not called missing.
        let cut = recent.last().filter(|_| recent.len() >= MOST_TICKS as usize).map(|tick| tick.tick.scheduled_at);
        let mut all: BTreeMap<TickId, Tick> =
            recent.into_iter().chain(snapshot.ticks).map(|tick| (tick.tick.id.clone(), tick)).collect();
        if cut.is_some() {
            // What did not end well is seen however much ended well since.
            let bad = catalog.ticks(actor, &TickFilter { states: BAD.to_vec(), ..newest }).await?;
            all.extend(bad.into_iter().map(|tick| (tick.tick.id.clone(), tick)));
        }
        let mut published = BTreeMap::new();
        for commit in snapshot.commits {
            let newest = published.entry(commit.target).or_insert(commit.at);
            *newest = commit.at.max(*newest);
        }
        let live = catalog.notices(actor, true, MOST_NOTICES).await?;
        let mut raised: BTreeMap<String, bool> = self.raised.iter().map(|key| (key.clone(), false)).collect();
        raised.extend(live.into_iter().map(|stored| (stored.notice.key, true)));
        Ok(Seen { ticks: all.into_values().collect(), cut, anchors: snapshot.anchors, published, raised })
    }

    async fn record(
        &mut self,
        catalog: &Catalog,
        actor: &Actor,
        changes: Vec<Change>,
    ) -> Result<Looked, catalog::Error> {
        let (mut new, mut right, mut missed) = (Vec::new(), Vec::new(), 0);
        for change in changes {
            match change {
                Change::Raise(notice) => {
                    missed += usize::from(notice.kind == Kind::DeadlineMissed);
                    new.push(notice.to_outbox());
                }
                Change::Recover { key, notice } => right.push((key, notice.body())),
            }
        }
        if !right.is_empty() {
            catalog.recover(actor, &right).await?;
        }
        if !new.is_empty() {
            catalog.raise(actor, &new).await?;
            self.raised.extend(new.iter().map(|notice| notice.key.clone()));
        }
        Ok(Looked { raised: new.len(), missed, right: right.len() })
    }
}
