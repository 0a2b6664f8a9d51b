//! What people ask for, and what they are told.

use catalog::schedule::{Ask, Cause, Left, NewTick, Scope, TickId, TickState};
use chrono::TimeDelta;

use super::desk::{Desk, at, entry, id, timetable};
use crate::problem::Problem;
use crate::schedule::{Answer, Reason};

fn daily() -> Desk {
    Desk::new(at("2026-11-19T12:00"), timetable([entry("d", "30 2 * * *")]))
}

fn pause(what: Scope) -> Ask {
    Ask::Pause { what, note: "停机检修".to_owned() }
}

#[test]
fn what_is_due_during_a_pause_is_skipped_and_not_replayed_unless_told() {
    for replay in [false, true] {
        let mut desk = daily();
        let what = Scope::Pipeline("d".to_owned());
        assert_eq!(desk.ask("wang", pause(what.clone())), Answer::Done);
        desk.to(at("2026-11-20T02:30"));
        desk.to(at("2026-11-21T02:30"));
        assert_eq!(desk.sheet(), ["11-20 02:30 skipped", "11-21 02:30 skipped"]);
        let reason = Reason::Paused { what: what.clone(), by: "wang".to_owned() };
        assert_eq!(desk.reason("d", at("2026-11-20T02:30")), Some(reason));
        desk.restart(at("2026-11-21T09:00"));
        assert_eq!(desk.ask("wang", Ask::Resume { what: what.clone(), replay }), Answer::Done);
        assert_eq!(desk.claim().is_some(), replay);
        assert_eq!(desk.ask("wang", Ask::Resume { what, replay }), Answer::NotPaused);
    }
}

#[test]
fn a_paused_pool_or_connection_holds_and_loses_nothing() {
    let mut desk = daily();
    desk.to(at("2026-11-20T02:30"));
    assert_eq!(desk.tick("d", at("2026-11-20T02:30")).state, TickState::Ready);
    desk.ask("wang", pause(Scope::Pool("default".to_owned())));
    assert_eq!(desk.claim(), None, "what nobody had begun waits");
    desk.to(at("2026-11-20T08:00"));
    desk.ask("wang", Ask::Resume { what: Scope::Pool("default".to_owned()), replay: false });
    assert!(desk.succeed().is_some());
}

#[test]
fn run_now_is_the_tick_of_its_day_and_runs_once() {
    let mut desk = daily();
    let run = |date: Option<&str>| Ask::Run {
        pipeline: "d".to_owned(),
        biz_date: date.map(|date| date.parse().unwrap()),
        priority: None,
    };
    let key = at("2026-11-19T02:30").to_rfc3339();
    let queued = Answer::Queued { ticks: 1, first: key.clone(), last: key.clone() };
    assert_eq!(desk.ask("wang", run(Some("2026-11-18"))), queued);
    assert_eq!(desk.ask("wang", run(None)), Answer::UnderWay);
    assert_eq!(desk.succeed(), Some(key));
    assert_eq!(desk.ask("wang", run(None)), Answer::Ended { state: TickState::Succeeded });
    // Of today: its tick would be found done at its own time, and what came in between would be lost.
    assert_eq!(desk.ask("wang", run(Some("2026-11-19"))), Answer::NotDue { at: at("2026-11-20T02:30") });
    desk.to(at("2026-11-20T02:30"));
    assert_eq!(desk.succeed(), Some(at("2026-11-20T02:30").to_rfc3339()));
    let nobody = Ask::Run { pipeline: "x".to_owned(), biz_date: None, priority: None };
    assert_eq!(desk.ask("wang", nobody), Answer::NoPipeline);
}

#[test]
fn cancel_stops_what_runs_and_ends_what_waits() {
    let mut desk = daily();
    desk.to(at("2026-11-20T02:30"));
    let cancel = Ask::Cancel { id: id("d", at("2026-11-20T02:30")), note: "源头重报".to_owned() };
    let running = desk.claim().unwrap();
    desk.to(desk.now);
    assert_eq!(desk.ask("li", cancel.clone()), Answer::Stopping);
    let (alive, stop) = desk.ledger.beat(&running.tick.id, running.token, desk.now, TimeDelta::seconds(60));
    assert!(alive && stop);
    let skip = Ask::Skip { id: running.tick.id.clone(), note: String::new() };
    assert_eq!(desk.ask("li", skip), Answer::Begun);
    desk.leave(&running, &Left::Ended { state: TickState::Skipped, reason: None, successor: None });
    assert_eq!(desk.ask("li", cancel), Answer::Ended { state: TickState::Skipped });
}

#[test]
fn a_closed_gate_opens_for_two_people_not_for_one_twice() {
    let mut desk = daily();
    desk.to(at("2026-11-20T02:30"));
    let tick = desk.claim().unwrap();
    let gate =
        Problem { code: crate::error::GATES[0].into(), params: [].into(), message: String::new(), retryable: false };
    let reason = Reason::Problems { problems: vec![gate] }.value();
    desk.leave(&tick, &Left::Ended { state: TickState::Failed, reason: Some(reason), successor: None });
    let release = Ask::Release { id: tick.tick.id.clone(), note: "已核实".to_owned() };
    assert_eq!(desk.ask("wang", release.clone()), Answer::OneOfTwo);
    assert_eq!(desk.ask_with("wang", release.clone(), &["wang"]), Answer::SamePerson);
    assert!(matches!(desk.ask_with("li", release, &["wang"]), Answer::Queued { .. }));
    let again = Reason::of(desk.tick("d", at("2026-11-20T02:30")).reason.as_ref().unwrap_or(&serde_json::Value::Null));
    assert!(again.is_none(), "ready ticks wait for nothing");
    assert!(desk.claim().is_some());
}

#[test]
fn other_failures_are_rerun_not_released() {
    let mut desk = daily();
    desk.to(at("2026-11-20T02:30"));
    let tick = desk.claim().unwrap();
    desk.leave(&tick, &Left::Ended { state: TickState::Failed, reason: None, successor: None });
    let id = tick.tick.id.clone();
    assert_eq!(desk.ask("wang", Ask::Release { id: id.clone(), note: String::new() }), Answer::NoGate);
    assert!(matches!(desk.ask("wang", Ask::Rerun { id: id.clone(), note: String::new() }), Answer::Queued { .. }));
    assert!(desk.succeed().is_some());
    let again = Ask::Rerun { id, note: String::new() };
    assert_eq!(desk.ask("wang", again), Answer::Ended { state: TickState::Succeeded });
}

#[test]
fn a_backfill_runs_beside_the_schedule_in_its_own_pool_and_can_be_stopped() {
    let mut desk = daily();
    let entry = desk.timetable.entries["d"].clone();
    let ticks: Vec<NewTick> = (1..=3)
        .map(|day| {
            let fire = entry.when.as_ref().unwrap().of_business_date(format!("2026-11-0{day}").parse().unwrap());
            let tick = desk.state.tick_of(&entry, &fire.unwrap().unwrap(), Cause::Backfill);
            let key = format!("backfill:b1:{}", tick.id.key);
            let id = catalog::schedule::TickId { key, ..tick.id.clone() };
            NewTick { id, pool: "backfill".to_owned(), priority: 0, ..tick }
        })
        .collect();
    let ask = Ask::Backfill { name: "b1".to_owned(), ticks: ticks.clone(), all: false };
    assert!(matches!(desk.ask("wang", ask.clone()), Answer::Queued { ticks: 3, .. }));
    let first = desk.claim().unwrap();
    assert_eq!(first.tick.biz_date.to_string(), "2026-11-01");
    assert_eq!(desk.claim(), None, "one at a time");
    desk.leave(&first, &Left::Ended { state: TickState::Succeeded, reason: None, successor: None });
    desk.restart(at("2026-11-19T13:00"));
    let second = desk.claim().unwrap();
    assert_eq!(second.tick.biz_date.to_string(), "2026-11-02", "resumed after a restart");
    desk.to(desk.now);
    assert_eq!(desk.ask("wang", Ask::CancelBackfill { name: "b1".to_owned() }), Answer::Done);
    desk.leave(&second, &Left::Ended { state: TickState::Succeeded, reason: None, successor: None });
    assert_eq!(desk.claim(), None);
    assert!(matches!(desk.ask("wang", ask), Answer::Queued { ticks: 1, .. }), "only what is missing");
}

#[test]
fn within_a_backfill_what_reads_a_rebuilt_table_comes_after_it() {
    let mut reader = entry("r", "0 4 * * *");
    reader.reads = vec!["d".to_owned()];
    let mut timetable = timetable([entry("d", "30 2 * * *"), reader]);
    timetable.pools.insert("backfill".to_owned(), crate::schedule::Pool { slots: 4 });
    let mut desk = Desk::new(at("2026-11-23T08:00"), timetable);
    let tick = |pipeline: &str, day: u32| {
        let end = at(&format!("2026-11-{day:02}T02:30"));
        NewTick {
            id: TickId { pipeline: pipeline.to_owned(), key: format!("backfill:nov:{}", end.to_rfc3339()) },
            cause: Cause::Backfill,
            scheduled_at: end,
            interval_start: end - TimeDelta::days(1),
            interval_end: end,
            biz_date: "2026-11-01".parse().unwrap(),
            definition_digest: "d1".to_owned(),
            owner: "o".to_owned(),
            pool: "backfill".to_owned(),
            priority: 0,
        }
    };
    let ticks = vec![tick("d", 10), tick("d", 11), tick("r", 10)];
    desk.ask("a", Ask::Backfill { name: "nov".to_owned(), ticks, all: false });
    let mut order = Vec::new();
    while let Some(running) = desk.claim() {
        assert_eq!(desk.claim(), None, "nothing beside {}", running.tick.id);
        order.push(running.tick.id.pipeline.clone());
        desk.leave(&running, &Left::Ended { state: TickState::Succeeded, reason: None, successor: None });
    }
    assert_eq!(order, ["d", "d", "r"]);
}
