//! Reading: the snapshot, changes, commits, listings.

use super::{TTL, World, at, end, id, new_tick, promise, promise_as, ready};
use crate::schedule::{Cause, Hold, Left, Op, Scope, Snapshot, TickFilter, TickState};
use chrono::TimeDelta;
use serde_json::json;

fn keys(snapshot: &Snapshot) -> Vec<(String, TickState)> {
    snapshot.ticks.iter().map(|tick| (tick.tick.id.to_string(), tick.state)).collect()
}

impl World {
    async fn finish(&self, pipeline: &str, day: u32, state: TickState) {
        assert!(self.apply(&[promise(pipeline, day), ready(pipeline, day)]).await);
        let tick = self.claim_one().await;
        let left = Left::Ended { state, reason: None, successor: None };
        self.catalog.leave(&self.actor, &tick.tick.id, tick.token, &left, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_snapshot_is_what_was_applied() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    assert_eq!(catalog.snapshot(actor).await.unwrap(), Snapshot::default());
    for (day, state) in [(1, TickState::Succeeded), (2, TickState::Failed), (3, TickState::Withheld)] {
        world.finish("a", day, state).await;
    }
    world.finish("b", 1, TickState::Succeeded).await;
    let backfill = crate::schedule::NewTick { cause: Cause::Backfill, ..new_tick("b", 9) };
    let anchor = |pipeline: &str| Op::Anchor {
        pipeline: pipeline.to_owned(),
        schedule: "s".to_owned(),
        at: at("2026-11-05T02:30:00Z"),
    };
    let hold = Hold {
        scope: Scope::Pipeline("c".into()),
        by: "ops".into(),
        note: String::new(),
        since: at("2026-11-20T02:00:00Z"),
    };
    let ops = [
        promise_as("a", 4, TickState::Skipped, None),
        promise("a", 5),
        promise_as("d", 1, TickState::Missed, None),
        promise_as("d", 2, TickState::Skipped, None),
        promise("d", 3),
        Op::Promise { tick: backfill, state: TickState::Queued, reason: None, successor: None },
        Op::Ready { id: id("b", "09") },
        promise("c", 1),
        Op::Wait { id: id("c", "01"), reason: json!({ "why": "paused" }) },
        Op::Hold(hold.clone()),
        anchor("a"),
        anchor("b"),
        anchor("c"),
        anchor("d"),
    ];
    assert!(world.apply(&ops).await);
    let ran = world.claim_one().await;
    let left = Left::Ended { state: TickState::Succeeded, reason: None, successor: None };
    catalog.leave(actor, &ran.tick.id, ran.token, &left, None).await.unwrap();

    let snapshot = catalog.snapshot(actor).await.unwrap();
    // Open ones, then of each pipeline the newest that ran: not one that was skipped, not a backfill. Where
    // none ran, the first that was passed over.
    let expected = [
        ("c@01".to_owned(), TickState::Queued),
        ("d@03".to_owned(), TickState::Queued),
        ("a@05".to_owned(), TickState::Queued),
        ("b@01".to_owned(), TickState::Succeeded),
        ("a@03".to_owned(), TickState::Withheld),
        ("d@01".to_owned(), TickState::Missed),
    ];
    assert_eq!(keys(&snapshot), expected);
    assert_eq!(snapshot.ticks[0], world.tick("c", "01").await);
    assert_eq!(snapshot.holds, [hold]);
    assert_eq!(snapshot.anchors.len(), 4);
    assert_eq!(snapshot.revision, 10, "five claims and five ends");
    assert!(catalog.changes(actor, snapshot.revision, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn changes_come_in_the_order_of_commits() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    assert!(world.apply(&["b", "a"].map(|pipeline| promise(pipeline, 1))).await);
    assert!(world.apply(&[ready("b", 1), ready("a", 1)]).await);
    assert!(catalog.changes(actor, 0, 9).await.unwrap().is_empty(), "the leader knows what it did");
    let (b, a) = (world.claim_one().await, world.claim_one().await);
    let left = Left::Ended { state: TickState::Succeeded, reason: None, successor: None };
    catalog.leave(actor, &b.tick.id, b.token, &left, None).await.unwrap();
    let changed = |after: i64, limit: u32| async move {
        let ticks = catalog.changes(actor, after, limit).await.unwrap();
        ticks.iter().map(|tick| (tick.tick.id.pipeline.clone(), tick.revision)).collect::<Vec<_>>()
    };
    assert_eq!(changed(0, 9).await, [("a".to_owned(), 2), ("b".to_owned(), 3)]);
    assert_eq!(changed(0, 1).await, [("a".to_owned(), 2)]);
    assert_eq!(changed(2, 9).await, [("b".to_owned(), 3)]);
    world.clock.forward(TTL);
    assert!(world.apply(&[end("a", "01", TickState::Failed)]).await);
    assert_eq!(changed(3, 9).await, []);
    assert_eq!(world.tick("a", "01").await.revision, a.revision);
}

#[tokio::test]
async fn ticks_are_listed_by_pipeline_time_and_state() {
    let world = World::new().await;
    let ops: Vec<Op> = (1..=5).flat_map(|day| ["a", "b"].map(|pipeline| promise(pipeline, day))).collect();
    assert!(world.apply(&ops).await);
    assert!(world.apply(&[end("a", "03", TickState::Skipped), end("b", "03", TickState::Missed)]).await);
    let all = TickFilter { limit: 100, ..TickFilter::default() };
    let of = |pipeline: &str| TickFilter { pipeline: Some(pipeline.to_owned()), ..all.clone() };
    let cases: [(TickFilter, &[&str]); 7] = [
        (TickFilter { limit: 3, ..all.clone() }, &["a@01", "b@01", "a@02"]),
        (TickFilter { limit: 3, newest_first: true, ..all.clone() }, &["b@05", "a@05", "b@04"]),
        (of("b"), &["b@01", "b@02", "b@03", "b@04", "b@05"]),
        (
            TickFilter { from: Some(at("2026-11-02T02:30:00Z")), to: Some(at("2026-11-04T02:30:00Z")), ..of("a") },
            &["a@02", "a@03"],
        ),
        (TickFilter { states: vec![TickState::Skipped, TickState::Missed], ..all.clone() }, &["a@03", "b@03"]),
        (TickFilter { cause: Some(Cause::Backfill), ..all.clone() }, &[]),
        (TickFilter { limit: 0, ..all.clone() }, &[]),
    ];
    for (filter, expected) in cases {
        let ticks = world.catalog.ticks(&world.actor, &filter).await.unwrap();
        assert_eq!(ticks.iter().map(|tick| tick.tick.id.to_string()).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn commits_of_libraries_come_in_order_whatever_the_clock_says() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    world.publish("library:a", "1").await;
    world.publish("dataset:a", "1").await;
    world.clock.forward(TimeDelta::minutes(-5));
    world.publish("library:b", "1").await;
    world.publish("library:a", "2").await;
    world.intent("library:b", "2").await;
    let commits = catalog.commits(actor, "", 9).await.unwrap();
    let seen: Vec<_> = commits.iter().map(|commit| (commit.target.as_str(), commit.version)).collect();
    assert_eq!(seen, [("library:a", 10), ("library:b", 10), ("library:a", 20)], "published ones, of libraries");
    assert_eq!(commits[0].biz_date, crate::date::parse("2026-11-19"));
    assert_eq!(commits[1].at, at("2026-11-20T02:25:00Z"));
    assert!(commits.is_sorted_by(|one, next| one.position < next.position));
    assert_eq!(catalog.commits(actor, &commits[0].position, 9).await.unwrap(), commits[1..]);
    assert_eq!(catalog.commits(actor, "", 2).await.unwrap(), commits[..2]);
    assert!(catalog.commits(actor, "yesterday", 2).await.is_err());

    // The latest of every table and date, and none that is older than 40 days.
    assert_eq!(catalog.snapshot(actor).await.unwrap().commits, commits[1..]);
    world.clock.forward(TimeDelta::days(40) + TimeDelta::minutes(6));
    assert_eq!(catalog.snapshot(actor).await.unwrap().commits, []);
    world.publish("library:a", "3").await;
    assert_eq!(catalog.snapshot(actor).await.unwrap().commits.len(), 1);
}

#[tokio::test]
async fn a_ledger_of_before_schedules_numbers_its_commits() {
    let world = World::new().await;
    for (target, key) in [("library:b", "1"), ("library:a", "1"), ("library:b", "2")] {
        world.clock.forward(TimeDelta::seconds(1));
        world.publish(target, key).await;
    }
    world.catalog.close().await;
    world
        .tamper(
            "DROP INDEX intent_commit; DROP INDEX intent_published; ALTER TABLE intent DROP COLUMN commit_no; \
             DROP TABLE counter; DROP TABLE tick; DROP TABLE schedule_anchor; DROP TABLE schedule_hold; \
             DROP TABLE schedule_request; DROP TABLE run_log; DROP TABLE notice; DELETE FROM schema_version WHERE version = 2",
        )
        .await;
    let catalog = super::super::open(&world.address, &world.clock).await;
    let world = World { catalog, ..world };
    world.publish("library:a", "2").await;
    let commits = world.catalog.commits(&world.actor, "", 9).await.unwrap();
    let seen: Vec<_> = commits.iter().map(|commit| (commit.target.as_str(), commit.version)).collect();
    assert_eq!(seen, [("library:b", 10), ("library:a", 10), ("library:b", 20), ("library:a", 20)]);
    assert_eq!(commits[3].position, "0000000000000000004");
}
