//! The watchdog's rounds: facts out of the ledger, a look, and what follows into the outbox.

use std::collections::{BTreeMap, BTreeSet};

use catalog::schedule::{Tick, TickFilter, TickId};
use catalog::{Actor, Catalog};
use chrono::{DateTime, Utc};
use pipelines::problem::Problem;
use pipelines::project::Project;
use pipelines::watch::{self, Change, Facts, HORIZON, Watched};

/// Most ended ticks that a look sees, the newest first.
const MOST_TICKS: u32 = 20_000;
/// Most notices of the past that are remembered, the newest first.
const MOST_NOTICES: u32 = 20_000;

/// A watchdog between its looks.
#[derive(Debug)]
pub(crate) struct Guard {
    since: DateTime<Utc>,
    last: DateTime<Utc>,
    /// Keys of everything raised before.
    raised: BTreeSet<String>,
    watched: Vec<Watched>,
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
        Ok(Self { since: now, last: now, raised, watched: Watched::of(project) })
    }

    /// Looks once. `definitions`: what is wrong with the files, if the project in force is an older one. Returns how many
    /// notices were raised and how many things are right again.
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
    ) -> Result<(usize, usize), catalog::Error> {
        let snapshot = catalog.snapshot(actor).await?;
        let recent =
            TickFilter { from: Some(now - HORIZON), limit: MOST_TICKS, newest_first: true, ..TickFilter::default() };
        let recent = catalog.ticks(actor, &recent).await?;
        // Where not all ticks fit, those that are older than the oldest seen are not called missing.
        let cut = recent.last().filter(|_| recent.len() >= MOST_TICKS as usize).map(|tick| tick.tick.scheduled_at);
        let all: BTreeMap<TickId, Tick> =
            recent.into_iter().chain(snapshot.ticks).map(|tick| (tick.tick.id.clone(), tick)).collect();
        let ticks: Vec<Tick> = all.into_values().collect();
        let mut published = BTreeMap::new();
        for commit in snapshot.commits {
            let newest = published.entry(commit.target).or_insert(commit.at);
            *newest = commit.at.max(*newest);
        }
        let live = catalog.notices(actor, true, MOST_NOTICES).await?;
        let mut raised: BTreeMap<String, bool> = self.raised.iter().map(|key| (key.clone(), false)).collect();
        raised.extend(live.into_iter().map(|stored| (stored.notice.key, true)));
        let facts = Facts {
            now,
            since: self.since,
            last: cut.map_or(self.last, |cut| cut.max(self.last)),
            zone: project.spec.project.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai),
            ticks: &ticks,
            anchors: &snapshot.anchors,
            published: &published,
            grants: &project.grants,
            today: catalog.today(),
            definitions,
            raised: &raised,
        };
        let changes = watch::look(&self.watched, &facts);
        let done = self.record(catalog, actor, changes).await?;
        self.raised.extend(raised.into_keys());
        self.last = now;
        Ok(done)
    }

    async fn record(
        &mut self,
        catalog: &Catalog,
        actor: &Actor,
        changes: Vec<Change>,
    ) -> Result<(usize, usize), catalog::Error> {
        let (mut new, mut right) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Raise(notice) => new.push(notice.to_outbox()),
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
        Ok((new.len(), right.len()))
    }
}
