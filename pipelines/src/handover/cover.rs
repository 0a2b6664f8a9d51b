//! What stands in for a tick: it itself, another one, or nothing.

use catalog::schedule::{Tick, TickState};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// What stands in for a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "cover", rename_all = "snake_case")]
pub enum Cover {
    /// It ran.
    Itself,
    /// It has not ended, or what covers it has not.
    Open {
        /// The tick that is to cover it, if it is another one.
        key: Option<String>,
    },
    /// Another tick ran and covers it.
    By {
        /// Its key.
        key: String,
    },
    /// Nothing covers it.
    Gap,
}

/// What stands in for a tick among others, and when that had published. Unless runs read their own interval alone, a
/// later one makes good what an earlier one left.
pub(super) fn of(tick: &Tick, others: &[Tick], by_interval: bool) -> (Cover, Option<DateTime<Utc>>) {
    if ran(tick) {
        return (Cover::Itself, tick.finished_at);
    }
    if !tick.state.ended() {
        return (Cover::Open { key: None }, None);
    }
    let stands_in = |other: &&Tick| {
        let (its, own) = (&other.tick, &tick.tick);
        let spans = its.interval_start <= own.interval_start && its.interval_end >= own.interval_end;
        let later = !by_interval && its.interval_end >= own.interval_end;
        its.id.pipeline == own.id.pipeline && its.id.key != own.id.key && (spans || later)
    };
    let covering: Vec<&Tick> = others.iter().filter(stands_in).collect();
    // The successor that the ledger names comes first where several cover it.
    let first = |fits: fn(&Tick) -> bool| {
        let mut found: Vec<&&Tick> = covering.iter().filter(|other| fits(other)).collect();
        found.sort_by_key(|other| (tick.successor.as_ref() != Some(&other.tick.id.key), other.finished_at));
        found.first().map(|other| (other.tick.id.key.clone(), other.finished_at))
    };
    if let Some((key, at)) = first(ran) {
        return (Cover::By { key }, at);
    }
    match first(|other| !other.state.ended()) {
        Some((key, _)) => (Cover::Open { key: Some(key) }, None),
        None => (Cover::Gap, None),
    }
}

fn ran(tick: &Tick) -> bool {
    matches!(tick.state, TickState::Succeeded | TickState::Withheld)
}
