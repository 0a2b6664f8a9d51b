//! The watchdog: apart from the schedulers, it looks at the ledger from time to time, when the service is there.

use std::collections::{BTreeMap, BTreeSet};

use catalog::schedule::Tick;
use chrono::{DateTime, TimeDelta, Utc};

use super::world::{Happening, World};
use crate::watch::{Change, Facts, HORIZON, look};

/// Between two looks.
const ROUND: TimeDelta = TimeDelta::minutes(10);

/// A watchdog between its looks.
#[derive(Debug)]
pub(super) struct Watchdog {
    last: DateTime<Utc>,
    /// Keys of notices, and whether they are live.
    raised: BTreeMap<String, bool>,
}

impl Watchdog {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { last: now, raised: BTreeMap::new() }
    }

    /// Keys of everything that it ever raised.
    pub(super) fn raised(&self) -> BTreeSet<&str> {
        self.raised.keys().map(String::as_str).collect()
    }
}

impl World<'_> {
    /// One round.
    pub(super) fn watch(&mut self) {
        let away = self.down_until.filter(|until| *until > self.now);
        if away.is_none() {
            self.look();
        }
        self.at(away.map_or(ROUND, |until| until - self.now), Happening::Watch);
    }

    /// Looks at the ledger as it is.
    pub(super) fn look(&mut self) {
        let recent = |tick: &&Tick| !tick.state.ended() || self.now - tick.tick.scheduled_at < HORIZON;
        let ticks: Vec<Tick> = self.ledger.ticks.values().filter(recent).cloned().collect();
        let anchors: Vec<_> = self.ledger.anchors().cloned().collect();
        let published = self.ledger.commits.iter().map(|commit| (commit.target.clone(), commit.at)).collect();
        let facts = Facts {
            now: self.now,
            since: self.scenario.from,
            last: self.watchdog.last,
            zone: chrono_tz::Asia::Shanghai,
            ticks: &ticks,
            anchors: &anchors,
            published: &published,
            grants: &[],
            today: self.now.date_naive(),
            definitions: None,
            raised: &self.watchdog.raised,
        };
        let changes = look(&self.scenario.watched, &facts);
        self.watchdog.last = self.now;
        for change in changes {
            match change {
                Change::Raise(notice) => {
                    let replaced = notice.replaces.iter().map(|key| (key.clone(), false));
                    self.watchdog.raised.extend(replaced);
                    self.watchdog.raised.insert(notice.key(), true);
                }
                Change::Recover { key, .. } => {
                    self.watchdog.raised.insert(key, false);
                }
            }
        }
    }
}
