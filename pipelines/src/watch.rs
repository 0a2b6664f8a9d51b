//! The watchdog: what was promised, held against what the ledger says. Pure, and apart from the scheduler: it works out
//! expected ticks itself, so that a scheduler that is down, or wrong, does not go unnoticed.
//!
//! | to find | look in |
//! |---|---|
//! | what is watched, out of the definitions | `watch/watched.rs` |
//! | the instants of a deadline | `watch/deadline.rs` |
//! | ticks against their deadlines, also ahead of time | `watch/late.rs` |
//! | ticks that ended badly | `watch/ended.rs` |
//! | ticks that are not there | `watch/missing.rs` |
//! | age of libraries and supplies, terms of grants, years of calendars | `watch/age.rs` |
//! | why, with codes | `watch/cause.rs` |
//!
//! Every look answers with [`Change`]s: what is to be raised, and what is right again. What was raised before is not raised
//! again; only what was seen to be right recovers, never what merely is not looked at any more.

mod age;
mod cause;
pub(crate) mod deadline;
mod ended;
mod late;
mod missing;
#[cfg(test)]
mod tests;
mod watched;

use std::collections::BTreeMap;

use catalog::Grant;
use catalog::schedule::{Anchor, Tick};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::notice::{Next, Notice};
use crate::problem::Problem;
pub use cause::Cause;
pub use deadline::Point;
pub use watched::Watched;

/// How long a tick may be missing before the scheduler counts as down: it promises within a minute.
pub const GRACE: TimeDelta = TimeDelta::minutes(3);
/// How old a tick may be to be judged at all.
pub const HORIZON: TimeDelta = TimeDelta::days(7);

/// What the ledger says.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The present instant.
    pub now: DateTime<Utc>,
    /// Since when these definitions are watched: earlier fires of a schedule without an anchor were promised by nobody.
    pub since: DateTime<Utc>,
    /// When the last look was; ticks that fired since are among `ticks` unless they are missing.
    pub last: DateTime<Utc>,
    /// Zone in which times are told.
    pub zone: Tz,
    /// Ticks that have not ended, and those of the last days that have, in any order.
    pub ticks: &'a [Tick],
    /// Up to where schedules were promised.
    pub anchors: &'a [Anchor],
    /// When each target was published last: `library:base.person`, `supply:scenario:x/person`.
    pub published: &'a BTreeMap<String, DateTime<Utc>>,
    /// Grants.
    pub grants: &'a [Grant],
    /// The present day where grants are valid.
    pub today: NaiveDate,
    /// What is wrong with the definitions in the files, if they cannot be used.
    pub definitions: Option<&'a Problem>,
    /// Keys of notices raised within the horizon, and whether they are live.
    pub raised: &'a BTreeMap<String, bool>,
}

/// What follows from a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something is wrong.
    Raise(Box<Notice>),
    /// Something is right again.
    Recover {
        /// Key of the notice.
        key: String,
        /// What people are told then.
        notice: Box<Notice>,
    },
}

/// Looks once.
pub fn look(watched: &[Watched], facts: &Facts<'_>) -> Vec<Change> {
    let mut promised: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for anchor in facts.anchors {
        let last = promised.entry(&anchor.pipeline).or_insert(anchor.at);
        *last = anchor.at.max(*last);
    }
    let mut desk = Desk { facts, promised, changes: Vec::new() };
    missing::look(watched, &mut desk);
    late::look(watched, &mut desk);
    ended::look(watched, &mut desk);
    age::look(watched, &mut desk);
    definitions(&mut desk);
    desk.changes
}

fn definitions(desk: &mut Desk<'_>) {
    let notice = |cause: Problem, next: Next| Notice {
        kind: crate::notice::Kind::DefinitionInvalid,
        about: None,
        pipeline: None,
        tick: None,
        dates: None,
        cause,
        next,
        team: None,
        replaces: None,
    };
    match desk.facts.definitions {
        Some(problem) => desk.state(notice(problem.clone(), Next::Correct)),
        None => {
            let now = desk.facts.now;
            desk.right(notice(Problem::of(&Cause::RightAgain { at: desk.told(now) }, false), Next::Nothing));
        }
    }
}

/// Collects changes and knows what was raised before.
struct Desk<'a> {
    facts: &'a Facts<'a>,
    /// The instant up to which the ledger says that everything of a pipeline was promised.
    promised: BTreeMap<&'a str, DateTime<Utc>>,
    changes: Vec<Change>,
}

impl Desk<'_> {
    /// Something that happened once: never raised a second time.
    fn once(&mut self, notice: Notice) {
        if !self.facts.raised.contains_key(&notice.key()) {
            self.changes.push(Change::Raise(Box::new(notice)));
        }
    }

    /// Something that is so: raised again when it was right in between.
    fn state(&mut self, notice: Notice) {
        if !self.is_live(&notice.key()) {
            self.changes.push(Change::Raise(Box::new(notice)));
        }
    }

    /// Something that is right: whoever heard of the trouble hears of that.
    fn right(&mut self, notice: Notice) {
        let key = notice.key();
        if self.is_live(&key) {
            self.changes.push(Change::Recover { key, notice: Box::new(notice) });
        }
    }

    /// Up to where a pipeline was promised; what was never promised is awaited since it is watched.
    fn promised(&self, one: &Watched) -> DateTime<Utc> {
        self.promised.get(one.pipeline.id.as_str()).copied().unwrap_or(self.facts.since)
    }

    fn is_live(&self, key: &str) -> bool {
        self.facts.raised.get(key) == Some(&true)
    }

    fn was_raised(&self, key: &str) -> bool {
        self.facts.raised.contains_key(key)
    }

    /// An instant as people are told it.
    fn told(&self, at: DateTime<Utc>) -> String {
        told(at, self.facts.zone)
    }
}

/// An instant as people are told it, to the minute.
fn told(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}
