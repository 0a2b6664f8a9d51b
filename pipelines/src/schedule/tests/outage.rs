//! A week without the service, for a daily pipeline.

use chrono::TimeDelta;

use super::desk::{Desk, at, entry, timetable};
use crate::schedule::Reason;
use crate::spec::pipeline::CatchUp;

/// Ran until the 20th, then nothing until the 27th 09:00.
fn after_a_week(policy: CatchUp, window: TimeDelta) -> Desk {
    let mut daily = entry("insured", "30 2 * * *");
    (daily.catch_up, daily.window) = (policy, window);
    let mut desk = Desk::new(at("2026-11-19T12:00"), timetable([daily]));
    desk.to(at("2026-11-20T02:30"));
    assert_eq!(desk.succeed(), Some(at("2026-11-20T02:30").to_rfc3339()));
    desk.restart(at("2026-11-27T09:00"));
    desk
}

#[test]
fn none_runs_nothing_and_says_so_seven_times() {
    let mut desk = after_a_week(CatchUp::None, TimeDelta::days(7));
    assert_eq!(desk.sheet()[1..], (21..=27).map(|day| format!("11-{day} 02:30 missed")).collect::<Vec<_>>());
    assert_eq!(desk.claim(), None);
    let reason = desk.reason("insured", at("2026-11-24T02:30"));
    assert_eq!(reason, Some(Reason::Down { since: at("2026-11-20T02:30"), until: at("2026-11-27T09:00") }));
    desk.to(at("2026-11-28T02:30"));
    assert!(desk.succeed().is_some(), "the next tick is in time");
}

#[test]
fn latest_runs_once_and_covers_all_of_it() {
    let mut desk = after_a_week(CatchUp::Latest, TimeDelta::days(7));
    assert_eq!(desk.sheet()[1..7], (21..=26).map(|day| format!("11-{day} 02:30 superseded")).collect::<Vec<_>>());
    let tick = desk.claim().unwrap();
    assert_eq!(tick.tick.id.key, at("2026-11-27T02:30").to_rfc3339());
    assert_eq!(tick.tick.interval_start, at("2026-11-20T02:30"), "nothing between is lost");
    assert_eq!(desk.tick("insured", at("2026-11-22T02:30")).successor, Some(tick.tick.id.key));
    assert_eq!(desk.claim(), None, "no storm");
}

#[test]
fn latest_beyond_its_window_still_loses_no_interval() {
    let mut desk = after_a_week(CatchUp::Latest, TimeDelta::days(2));
    assert_eq!(desk.sheet()[1..6], (21..=25).map(|day| format!("11-{day} 02:30 missed")).collect::<Vec<_>>());
    assert_eq!(desk.sheet()[6], "11-26 02:30 superseded");
    assert_eq!(desk.claim().unwrap().tick.interval_start, at("2026-11-20T02:30"));
    assert_eq!(desk.tick("insured", at("2026-11-22T02:30")).successor, Some(at("2026-11-27T02:30").to_rfc3339()));
}

#[test]
fn all_run_in_order_one_after_the_other() {
    let mut desk = after_a_week(CatchUp::All, TimeDelta::days(7));
    for day in 21..=27 {
        let running = desk.claim().unwrap();
        assert_eq!(running.tick.id.key, at(&format!("2026-11-{day}T02:30")).to_rfc3339());
        assert_eq!(desk.claim(), None, "one at a time");
        let done = catalog::schedule::TickState::Succeeded;
        desk.leave(&running, &catalog::schedule::Left::Ended { state: done, reason: None, successor: None });
    }
    assert_eq!(desk.claim(), None);
    assert!(desk.sheet().iter().all(|line| line.ends_with("succeeded")), "{:?}", desk.sheet());
}

#[test]
fn all_beyond_its_window_are_missed() {
    let mut desk = after_a_week(CatchUp::All, TimeDelta::days(3));
    let missed: Vec<String> = (21..=24).map(|day| format!("11-{day} 02:30 missed")).collect();
    assert_eq!(desk.sheet()[1..5], missed);
    assert_eq!(desk.succeed(), Some(at("2026-11-25T02:30").to_rfc3339()));
}

#[test]
fn a_short_absence_is_no_outage() {
    let mut daily = entry("insured", "30 2 * * *");
    daily.catch_up = CatchUp::None;
    let mut desk = Desk::new(at("2026-11-19T12:00"), timetable([daily]));
    desk.restart(at("2026-11-20T02:30") + TimeDelta::seconds(40));
    assert!(desk.succeed().is_some());
}

#[test]
fn a_changed_schedule_starts_anew_and_fires_nothing_again() {
    let daily = entry("insured", "30 2 * * *");
    let mut desk = Desk::new(at("2026-11-19T12:00"), timetable([daily]));
    desk.to(at("2026-11-20T02:30"));
    desk.succeed();
    let mut edited = entry("insured", "0 1 * * *");
    edited.schedule = "s2".to_owned();
    desk.timetable = std::sync::Arc::new(timetable([edited]));
    desk.to(at("2026-11-20T09:00"));
    desk.step(crate::schedule::Event::Defined(std::sync::Arc::clone(&desk.timetable)));
    assert_eq!(desk.sheet().len(), 1);
    desk.to(at("2026-11-21T01:00"));
    assert_eq!(desk.sheet(), ["11-20 02:30 succeeded", "11-21 01:00 ready"]);
    desk.restart(at("2026-11-21T01:01"));
    assert_eq!(desk.sheet().len(), 2, "also not after a restart");
}

#[test]
fn a_pipeline_that_was_away_starts_anew() {
    let daily = entry("insured", "30 2 * * *");
    let mut desk = Desk::new(at("2026-11-19T12:00"), timetable([daily.clone()]));
    desk.to(at("2026-11-20T02:30"));
    for (when, entries) in [("2026-11-20T09:00", vec![]), ("2026-11-24T09:00", vec![daily])] {
        desk.timetable = std::sync::Arc::new(timetable(entries));
        desk.restart(at(when));
    }
    assert_eq!(desk.sheet(), ["11-20 02:30 skipped"], "what it had not begun is taken back, nothing is made up");
    desk.to(at("2026-11-25T02:30"));
    assert!(desk.succeed().is_some());
}
