//! What grows old: libraries, supplies, grants, calendars.

use std::collections::BTreeMap;

use catalog::grant::GrantState;
use catalog::schedule::TickState;
use chrono::{DateTime, Datelike, Utc};

use super::cause::Cause;
use super::watched::{Fresh, Watched};
use super::{Desk, told};
use crate::notice::{Kind, Next, Notice};
use crate::problem::Problem;

/// How many days before a grant ends its users are told.
const GRANT_DAYS: i64 = 14;
/// How many days before a year begins its calendar must be there.
const CALENDAR_DAYS: i64 = 30;

pub(super) fn look(watched: &[Watched], desk: &mut Desk<'_>) {
    let mut succeeded: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for tick in desk.facts.ticks.iter().filter(|tick| tick.state == TickState::Succeeded) {
        let Some(at) = tick.finished_at else { continue };
        let newest = succeeded.entry(&tick.tick.id.pipeline).or_insert(at);
        *newest = at.max(*newest);
    }
    for one in watched {
        for fresh in &one.fresh {
            let run = succeeded.get(one.pipeline.id.as_str()).copied();
            let last = desk.facts.published.get(&fresh.target).copied().max(run);
            age(one, fresh, last, desk);
        }
    }
    grants(watched, desk);
    calendars(watched, desk);
}

fn age(one: &Watched, fresh: &Fresh, last: Option<DateTime<Utc>>, desk: &mut Desk<'_>) {
    let (kind, about) = match &fresh.grants {
        None => (Kind::StaleLibrary, fresh.name.clone()),
        Some(_) => (Kind::LateForGrant, fresh.target.clone()),
    };
    let late = desk.facts.now - last.unwrap_or(desk.facts.since) > fresh.within;
    if late {
        let cause = Problem::of(&cause(fresh, last.map(|last| told(last, one.zone))), false);
        desk.state(one.notice(kind, Some(&about), cause, Next::Why));
    } else if let Some(last) = last {
        let cause = Problem::of(&Cause::RightAgain { at: told(last, one.zone) }, false);
        desk.right(one.notice(kind, Some(&about), cause, Next::Nothing));
    }
}

fn cause(fresh: &Fresh, last: Option<String>) -> Cause {
    let (name, within) = (fresh.name.clone(), fresh.text.clone());
    match (&fresh.grants, last) {
        (None, Some(last)) => Cause::Stale { table: name, last, within },
        (None, None) => Cause::NeverBuilt { table: name, within },
        (Some(grants), Some(last)) => Cause::LateSupply { dataset: name, grant: grants.join(", "), last, within },
        (Some(grants), None) => Cause::NeverSupplied { dataset: name, grant: grants.join(", "), within },
    }
}

/// Grants that end soon and that a pipeline uses.
fn grants(watched: &[Watched], desk: &mut Desk<'_>) {
    for grant in desk.facts.grants.iter().filter(|grant| grant.state == GrantState::Active) {
        let Some(user) = watched.iter().find(|one| one.grants.contains(&grant.id)) else { continue };
        let until = grant.valid_until.min(grant.agreement.until);
        let days = until.signed_duration_since(desk.facts.today).num_days();
        let make = |cause: Cause, next: Next| {
            let mut notice = user.notice(Kind::GrantExpiring, Some(&grant.id), Problem::of(&cause, false), next);
            // One notice a grant, whichever pipelines use it.
            notice.pipeline = None;
            notice
        };
        if (0..=GRANT_DAYS).contains(&days) {
            let cause = Cause::GrantEnds { grant: grant.id.clone(), until: until.to_string(), days };
            desk.state(make(cause, Next::Renew { grant: grant.id.clone() }));
        } else if days > GRANT_DAYS {
            desk.right(make(Cause::RightAgain { at: desk.told(desk.facts.now) }, Next::Nothing));
        }
    }
}

/// Calendars whose next year is not there yet although it begins soon.
fn calendars(watched: &[Watched], desk: &mut Desk<'_>) {
    let soon = desk.facts.today.checked_add_signed(chrono::TimeDelta::days(CALENDAR_DAYS)).unwrap_or(desk.facts.today);
    let year = soon.year();
    let mut seen = std::collections::BTreeSet::new();
    for calendar in watched.iter().filter_map(|one| one.calendar.as_ref()) {
        if !seen.insert(calendar.name().to_owned()) {
            continue;
        }
        let make = |cause: Cause, next: Next| Notice {
            kind: Kind::CalendarUnpublished,
            about: Some(format!("{}-{year}", calendar.name())),
            pipeline: None,
            tick: None,
            dates: None,
            cause: Problem::of(&cause, false),
            next,
            team: None,
            replaces: None,
        };
        if calendar.knows(year) {
            desk.right(make(Cause::RightAgain { at: desk.told(desk.facts.now) }, Next::Nothing));
        } else {
            let name = calendar.name().to_owned();
            let next = Next::Calendar { calendar: name.clone(), year };
            desk.state(make(Cause::CalendarUnpublished { calendar: name, year }, next));
        }
    }
}
