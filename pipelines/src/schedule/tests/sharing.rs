//! Pools: fair shares, priorities that starve nobody, slots that come back.

use std::collections::BTreeMap;

use catalog::schedule::{Left, Tick, TickState};
use chrono::TimeDelta;

use super::desk::{Desk, at, entry, timetable};
use crate::schedule::{Pool, Reason, Timetable};

/// 200 pipelines of three owners, due at once, in a pool of two. Owner a has weight 2, its runs take as long as others'.
fn crowd() -> Timetable {
    let entries = (0..200).map(|number| {
        let mut one = entry(&format!("p{number:03}"), "0 1 * * *");
        one.owner = ["a", "b", "c"][number % 3].to_owned();
        one
    });
    let mut timetable = timetable(entries);
    timetable.pools.insert("default".to_owned(), Pool { slots: 2 });
    timetable.shares.insert("a".to_owned(), 2);
    timetable
}

fn seconds(tick: &Tick) -> i64 {
    // Runs of one owner differ among themselves by a factor of seven.
    30 + i64::try_from(tick.tick.id.pipeline.len() + tick.tick.id.pipeline.as_bytes()[3] as usize % 7).unwrap() * 25
}

#[test]
fn owners_get_slot_time_by_weight_and_a_killed_run_loses_no_slot() {
    let mut desk = Desk::new(at("2026-11-20T00:30"), crowd());
    desk.to(at("2026-11-20T01:00"));
    let mut running: Vec<(chrono::DateTime<chrono::Utc>, Tick, bool)> = Vec::new();
    let mut used: BTreeMap<String, i64> = BTreeMap::new();
    let mut begun = 0;
    // Until one owner has nothing left, all three compete.
    while begun < 120 {
        while let Some(tick) = desk.claim() {
            begun += 1;
            let killed = begun % 11 == 0 && tick.deaths == 0;
            let takes = if killed { 61 } else { seconds(&tick) };
            desk.ledger.beat(&tick.tick.id, tick.token, desk.now, TimeDelta::seconds(if killed { 60 } else { 900 }));
            *used.entry(tick.tick.owner.clone()).or_default() += takes;
            running.push((desk.now + TimeDelta::seconds(takes), tick, killed));
        }
        assert!(running.len() <= 2, "never more than the pool has");
        running.sort_by_key(|(until, ..)| *until);
        let (until, tick, killed) = running.remove(0);
        desk.to(until);
        if killed {
            desk.later(TimeDelta::seconds(2));
        } else {
            desk.leave(&tick, &Left::Ended { state: TickState::Succeeded, reason: None, successor: None });
        }
    }
    let total: i64 = used.values().sum();
    for (owner, share) in [("a", 0.5), ("b", 0.25), ("c", 0.25)] {
        let got = used[owner] as f64 / total as f64;
        assert!((got - share).abs() <= share * 0.1, "{owner} got {got:.3} of the slot time, not {share}: {used:?}");
    }
    while !running.is_empty() || desk.ledger.ticks.values().any(|tick| !tick.state.ended()) {
        while let Some(tick) = desk.claim() {
            running.push((desk.now, tick, false));
        }
        assert!(!running.is_empty(), "a slot was lost");
        for (_, tick, _) in std::mem::take(&mut running) {
            let done = Left::Ended { state: TickState::Succeeded, reason: None, successor: None };
            if desk.ledger.leave(&tick.tick.id, tick.token, &done, desk.now) {
                desk.to(desk.now);
            }
        }
        desk.later(TimeDelta::seconds(1));
    }
}

#[test]
fn priority_goes_first_and_starves_nobody() {
    let mut low = entry("low", "0 1 * * *");
    low.priority = 0;
    let mut urgent: Vec<_> = (0..12).map(|number| entry(&format!("u{number}"), "*/10 * * * *")).collect();
    urgent.iter_mut().for_each(|one| one.priority = 9);
    urgent.push(low);
    let mut timetable = timetable(urgent);
    timetable.pools.insert("default".to_owned(), Pool { slots: 1 });
    let mut desk = Desk::new(at("2026-11-20T00:55"), timetable);
    desk.to(at("2026-11-20T01:00"));
    assert!(desk.claim().unwrap().tick.id.pipeline.starts_with('u'));
    assert_eq!(desk.reason("low", at("2026-11-20T01:00")), Some(Reason::Pool { pool: "default".to_owned() }));
    let mut desk = Desk::new(at("2026-11-20T00:55"), (*desk.timetable).clone());
    let mut waited = None;
    for minute in 0..300 {
        desk.to(at("2026-11-20T01:00") + TimeDelta::minutes(minute));
        if let Some(tick) = desk.claim() {
            desk.leave(&tick, &Left::Ended { state: TickState::Succeeded, reason: None, successor: None });
            if tick.tick.id.pipeline == "low" {
                waited = Some(minute);
                break;
            }
        }
    }
    assert!(waited.is_some_and(|minutes| (60..=180).contains(&minutes)), "{waited:?}");
}

#[test]
fn a_connection_is_used_by_as_many_runs_as_it_allows() {
    let entries = (0..4).map(|number| {
        let mut one = entry(&format!("p{number}"), "0 1 * * *");
        one.connections = vec!["hrss".to_owned()];
        one
    });
    let mut timetable = timetable(entries);
    timetable.connections.insert("hrss".to_owned(), 1);
    let mut desk = Desk::new(at("2026-11-20T00:30"), timetable);
    desk.to(at("2026-11-20T01:00"));
    for _ in 0..4 {
        let tick = desk.claim().unwrap();
        assert_eq!(desk.claim(), None);
        desk.leave(&tick, &Left::Ended { state: TickState::Succeeded, reason: None, successor: None });
    }
    let waits = Reason::Connection { connection: "hrss".to_owned() };
    let mut fresh = Desk::new(at("2026-11-20T00:30"), (*desk.timetable).clone());
    fresh.to(at("2026-11-20T01:00"));
    assert_eq!(fresh.reason("p3", at("2026-11-20T01:00")), Some(waits));
}
