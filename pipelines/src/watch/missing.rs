//! Ticks that definitions promise and the ledger does not hold.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::cause::Cause;
use super::watched::Watched;
use super::{Desk, GRACE, HORIZON};
use crate::notice::{Kind, Next, Notice, TickRef};
use crate::problem::Problem;
use crate::when::Fire;

/// Most fires of one pipeline that are looked at in one look.
const MOST: usize = 2_000;

pub(super) fn look(watched: &[Watched], desk: &mut Desk<'_>) {
    down(watched, desk);
    lost(watched, desk);
}

/// Fires that should have been promised by now and were not, oldest first.
pub(super) fn absent(one: &Watched, desk: &Desk<'_>) -> Vec<Fire> {
    let Some(when) = &one.when else { return Vec::new() };
    let from = desk.promised(one).max(desk.facts.now - HORIZON);
    when.fires(from, desk.facts.now - GRACE).take(MOST).filter_map(Result::ok).collect()
}

/// One notice for all of it: a scheduler that is down fails every schedule.
fn down(watched: &[Watched], desk: &mut Desk<'_>) {
    let facts = desk.facts;
    let due = watched.iter().filter_map(|one| {
        let next = one.when.as_ref()?.next(desk.promised(one)).ok()??;
        (next.at <= facts.now - GRACE).then_some(next.at)
    });
    let due: Vec<DateTime<Utc>> = due.collect();
    let notice = |cause: Cause, next: Next| Notice {
        kind: Kind::SchedulerDown,
        about: None,
        pipeline: None,
        tick: None,
        dates: None,
        cause: Problem::of(&cause, false),
        next,
        team: None,
        replaces: None,
    };
    match due.iter().min() {
        Some(first) => {
            let cause = Cause::SchedulerDown { since: desk.told(*first), pipelines: due.len() };
            desk.state(notice(cause, Next::Start));
        }
        None => desk.right(notice(Cause::RightAgain { at: desk.told(facts.now) }, Next::Nothing)),
    }
}

/// Fires since the last look that count as promised and are not in the ledger: the scheduler runs, and lost one.
fn lost(watched: &[Watched], desk: &mut Desk<'_>) {
    let facts = desk.facts;
    let known: BTreeSet<(&str, DateTime<Utc>)> =
        facts.ticks.iter().map(|tick| (tick.tick.id.pipeline.as_str(), tick.tick.scheduled_at)).collect();
    for one in watched {
        let Some(when) = &one.when else { continue };
        let from = (facts.last - GRACE).max(facts.since).max(facts.now - HORIZON);
        let until = desk.promised(one).min(facts.now - GRACE);
        for fire in when.fires(from, until).take(MOST).filter_map(Result::ok) {
            if known.contains(&(one.pipeline.id.as_str(), fire.at)) {
                continue;
            }
            let cause = Problem::of(&Cause::Lost { at: super::told(fire.at, one.zone) }, false);
            let mut notice = one.notice(Kind::SchedulerDown, Some("lost"), cause, Next::Why);
            notice.tick = Some(TickRef { key: fire.key(), at: fire.at });
            notice.dates = Some((fire.business_date, fire.last_business_date));
            desk.once(notice);
        }
    }
}
