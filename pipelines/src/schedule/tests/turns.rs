//! Whose turn it is: overlap, tables, retries, workers that die.

use catalog::schedule::{Left, TickState};
use chrono::TimeDelta;

use super::desk::{Desk, at, entry, plain, timetable};
use crate::problem::Problem;
use crate::schedule::outcome::{Ending, left, ready_until};
use crate::schedule::{After, Reason, Until};
use crate::spec::pipeline::{AfterVersion, Overlap};

fn hourly(overlap: Overlap) -> Desk {
    let mut hourly = entry("h", "0 * * * *");
    hourly.overlap = overlap;
    Desk::new(at("2026-11-20T00:30"), timetable([hourly]))
}

#[test]
fn queue_waits_and_skip_skips() {
    let mut desk = hourly(Overlap::Queue);
    desk.to(at("2026-11-20T01:00"));
    let first = desk.claim().unwrap();
    desk.ledger.beat(&first.tick.id, first.token, desk.now, TimeDelta::hours(3));
    desk.to(at("2026-11-20T02:00"));
    let behind = Reason::Behind { key: at("2026-11-20T01:00").to_rfc3339() };
    assert_eq!(desk.reason("h", at("2026-11-20T02:00")), Some(behind));
    desk.leave(&first, &Left::Ended { state: TickState::Failed, reason: None, successor: None });
    assert_eq!(desk.claim().unwrap().tick.scheduled_at, at("2026-11-20T02:00"));

    let mut desk = hourly(Overlap::Skip);
    desk.to(at("2026-11-20T01:00"));
    let first = desk.claim().unwrap();
    desk.ledger.beat(&first.tick.id, first.token, desk.now, TimeDelta::hours(3));
    desk.to(at("2026-11-20T02:00"));
    assert_eq!(desk.tick("h", at("2026-11-20T02:00")).state, TickState::Skipped);
}

#[test]
fn replace_takes_the_place_of_what_waits_and_stops_what_runs() {
    let mut desk = hourly(Overlap::Replace);
    desk.to(at("2026-11-20T01:00"));
    let first = desk.claim().unwrap();
    desk.ledger.beat(&first.tick.id, first.token, desk.now, TimeDelta::hours(9));
    desk.to(at("2026-11-20T02:00"));
    desk.to(at("2026-11-20T03:00"));
    let three = at("2026-11-20T03:00").to_rfc3339();
    assert_eq!(desk.tick("h", at("2026-11-20T02:00")).successor, Some(three.clone()));
    let cancel = desk.tick("h", at("2026-11-20T01:00")).cancel.clone().unwrap();
    let entry = desk.timetable.entries["h"].clone();
    let ending = Ending::Stopped(Reason::of(&cancel).unwrap());
    let leaves = left(&entry, desk.timetable.poll, &first, ending, desk.now);
    desk.leave(&first, &leaves);
    assert_eq!(desk.tick("h", at("2026-11-20T01:00")).state, TickState::Superseded);
    assert_eq!(desk.claim().unwrap().tick.id.key, three);
}

#[test]
fn a_table_of_the_same_day_is_waited_for_until_its_time_is_over() {
    let mut daily = entry("d", "30 2 * * *");
    daily.after = vec![After {
        target: "library:base.population".to_owned(),
        version: AfterVersion::SameDay,
        timeout: TimeDelta::hours(3),
    }];
    let mut desk = Desk::new(at("2026-11-20T00:00"), timetable([daily]));
    desk.to(at("2026-11-20T02:30"));
    let waits = Reason::Table {
        table: "base.population".to_owned(),
        biz_date: "2026-11-19".parse().ok(),
        until: at("2026-11-20T05:30"),
    };
    assert_eq!(desk.reason("d", at("2026-11-20T02:30")), Some(waits.clone()));
    desk.committed("base.population", Some("2026-11-18"));
    assert_eq!(desk.claim(), None, "another day's version is none");
    desk.to(at("2026-11-20T05:30"));
    assert_eq!(desk.tick("d", at("2026-11-20T02:30")).state, TickState::Failed);
    assert_eq!(desk.reason("d", at("2026-11-20T02:30")), Some(waits));

    desk.to(at("2026-11-21T02:30"));
    desk.later(TimeDelta::hours(1));
    desk.committed("base.population", Some("2026-11-20"));
    assert!(desk.succeed().is_some());
    desk.committed("base.population", Some("2026-11-21"));
    desk.to(at("2026-11-22T02:30"));
    assert!(desk.succeed().is_some(), "a version that was there before counts as well");
}

#[test]
fn a_version_is_a_tick_where_no_clock_is() {
    let mut follower = plain("f");
    let after = |table: &str| After {
        target: format!("library:{table}"),
        version: AfterVersion::New,
        timeout: TimeDelta::days(1),
    };
    (follower.after, follower.by_versions) = (vec![after("base.a"), after("base.b")], true);
    let mut desk = Desk::new(at("2026-11-20T00:00"), timetable([follower]));
    desk.later(TimeDelta::minutes(1));
    desk.committed("base.a", Some("2026-11-19"));
    assert_eq!(desk.claim(), None, "both are needed");
    desk.later(TimeDelta::minutes(1));
    desk.committed("base.b", Some("2026-11-19"));
    assert!(desk.succeed().is_some());
    desk.restart(at("2026-11-20T01:00"));
    assert_eq!(desk.claim(), None, "a version fires once, also after a restart");
    desk.committed("base.b", Some("2026-11-19"));
    assert_eq!(desk.claim(), None, "both anew");
}

#[test]
fn what_may_pass_is_tried_again_with_growing_pauses_and_nothing_else() {
    let mut desk = hourly(Overlap::Queue);
    desk.to(at("2026-11-20T01:00"));
    let entry = desk.timetable.entries["h"].clone();
    let problem = |retryable| Problem { code: "N301".into(), params: [].into(), message: String::new(), retryable };
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let tick = desk.claim().unwrap();
        let leaves = left(&entry, desk.timetable.poll, &tick, Ending::Refused(problem(true)), desk.now);
        let Left::Again { not_before, counts: true, .. } = leaves else { panic!("{leaves:?}") };
        pauses.push((not_before - desk.now).num_seconds());
        desk.leave(&tick, &leaves);
        assert_eq!(desk.claim(), None, "not before its pause is over");
        desk.to(not_before);
    }
    assert!((60..=75).contains(&pauses[0]) && (120..=150).contains(&pauses[1]) && (240..=300).contains(&pauses[2]));
    let last = desk.claim().unwrap();
    let leaves = left(&entry, desk.timetable.poll, &last, Ending::Refused(problem(true)), desk.now);
    assert!(matches!(leaves, Left::Ended { state: TickState::Failed, .. }), "four attempts are enough");
    let leaves = left(&entry, desk.timetable.poll, &first_try(&last), Ending::Refused(problem(false)), desk.now);
    assert!(matches!(leaves, Left::Ended { state: TickState::Failed, .. }), "what cannot pass is not tried again");
}

fn first_try(tick: &catalog::schedule::Tick) -> catalog::schedule::Tick {
    catalog::schedule::Tick { tries: 0, ..tick.clone() }
}

#[test]
fn a_source_is_looked_for_until_its_time_of_day() {
    let mut daily = entry("d", "30 2 * * *");
    daily.until = Until::Time(chrono::NaiveTime::from_hms_opt(5, 0, 0).unwrap());
    assert_eq!(ready_until(&daily, at("2026-11-20T02:30")), at("2026-11-20T05:00"));
    assert_eq!(ready_until(&daily, at("2026-11-20T22:30")), at("2026-11-21T05:00"), "the next morning's");
    let mut desk = Desk::new(at("2026-11-20T00:00"), timetable([daily.clone()]));
    desk.to(at("2026-11-20T02:30"));
    let mut looks = 0;
    loop {
        let tick = desk.claim().unwrap();
        looks += 1;
        let leaves = left(&daily, std::time::Duration::from_secs(1800), &tick, Ending::Waiting(Vec::new()), desk.now);
        desk.leave(&tick, &leaves);
        match leaves {
            Left::Again { not_before, counts, .. } => {
                assert!(!counts, "looking is no failure");
                desk.to(not_before);
            }
            Left::Ended { state, .. } => {
                assert_eq!((state, desk.now), (TickState::Failed, at("2026-11-20T05:00")));
                break;
            }
        }
    }
    assert_eq!(looks, 6);
}

#[test]
fn a_worker_that_dies_gives_its_slot_back_and_poison_is_set_aside() {
    let mut desk = hourly(Overlap::Queue);
    desk.to(at("2026-11-20T01:00"));
    for death in 1..=3 {
        let tick = desk.claim().unwrap();
        assert_eq!(tick.deaths + 1, death);
        desk.later(TimeDelta::seconds(5));
        desk.later(TimeDelta::seconds(61));
        assert!(!desk.ledger.beat(&tick.tick.id, tick.token, desk.now, TimeDelta::seconds(60)).0, "its token is spent");
        let late = Left::Ended { state: TickState::Succeeded, reason: None, successor: None };
        assert!(!desk.ledger.leave(&tick.tick.id, tick.token, &late, desk.now), "so that it ends nothing");
        desk.later(TimeDelta::seconds(2));
    }
    assert_eq!(desk.tick("h", at("2026-11-20T01:00")).state, TickState::Failed);
    assert_eq!(desk.reason("h", at("2026-11-20T01:00")), Some(Reason::Poison { deaths: 3 }));
    desk.to(at("2026-11-20T02:00"));
    assert!(desk.succeed().is_some(), "the next tick is not held up");
}
