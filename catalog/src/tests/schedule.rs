//! The schedule's ledger: what the leader changes, and what does not fit.

mod read;
mod requests;
mod work;

use super::World;
use crate::Error;
use crate::ledger::Lease;
use crate::schedule::{Cause, Hold, NewTick, Op, Scope, Tick, TickFilter, TickId, TickState};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

const TTL: TimeDelta = TimeDelta::seconds(30);

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn id(pipeline: &str, key: &str) -> TickId {
    TickId { pipeline: pipeline.to_owned(), key: key.to_owned() }
}

/// A tick of a day of November.
fn new_tick(pipeline: &str, day: u32) -> NewTick {
    let scheduled_at = at(&format!("2026-11-{day:02}T02:30:00Z"));
    NewTick {
        id: id(pipeline, &format!("{day:02}")),
        cause: Cause::Schedule,
        scheduled_at,
        interval_start: scheduled_at - TimeDelta::days(1),
        interval_end: scheduled_at,
        biz_date: scheduled_at.date_naive().pred_opt().unwrap(),
        definition_digest: "d".to_owned(),
        owner: "320900-hrss".to_owned(),
        pool: "default".to_owned(),
        priority: 5,
    }
}

fn promise(pipeline: &str, day: u32) -> Op {
    promise_as(pipeline, day, TickState::Queued, None)
}

fn promise_as(pipeline: &str, day: u32, state: TickState, successor: Option<&str>) -> Op {
    let reason = state.ended().then(|| json!({ "why": "down" }));
    Op::Promise { tick: new_tick(pipeline, day), state, reason, successor: successor.map(str::to_owned) }
}

fn ready(pipeline: &str, day: u32) -> Op {
    Op::Ready { id: id(pipeline, &format!("{day:02}")) }
}

fn end(pipeline: &str, key: &str, state: TickState) -> Op {
    Op::End { id: id(pipeline, key), state, reason: Some(json!({ "why": "test" })), successor: None }
}

impl World {
    async fn leader(&self) -> Lease {
        self.catalog.lead(&self.actor, "s1", TimeDelta::minutes(1)).await.unwrap().unwrap()
    }

    /// Applies as the leader; whether all fitted.
    async fn apply(&self, ops: &[Op]) -> bool {
        let lead = self.leader().await;
        self.catalog.apply(&self.actor, &lead, ops).await.unwrap()
    }

    async fn tick(&self, pipeline: &str, key: &str) -> Tick {
        self.catalog.tick(&self.actor, &id(pipeline, key)).await.unwrap().unwrap()
    }

    async fn claim_one(&self) -> Tick {
        self.catalog.claim(&self.actor, "w1", 1, TTL).await.unwrap().remove(0)
    }

    /// A tick of pipeline `a` that a worker has.
    async fn running(&self) -> Tick {
        assert!(self.apply(&[promise("a", 1), ready("a", 1)]).await);
        self.claim_one().await
    }

    /// Kinds of the audit entries about ticks and the schedule, in order, with whether they are of a success.
    async fn told(&self) -> Vec<(String, bool)> {
        let entries = self.catalog.audit_entries(&self.actor, 0, 10_000).await.unwrap();
        let ours =
            entries.into_iter().filter(|entry| entry.kind.starts_with("tick.") || entry.kind.starts_with("schedule."));
        ours.map(|entry| (entry.kind, entry.success)).collect()
    }
}

#[tokio::test]
async fn a_promise_is_kept_as_it_was_made() {
    let world = World::new().await;
    let missed = promise_as("a", 1, TickState::Missed, Some("02"));
    assert!(world.apply(&[missed.clone(), promise("a", 2)]).await);
    let tick = world.tick("a", "02").await;
    assert_eq!(tick.tick, new_tick("a", 2));
    assert_eq!((tick.state, tick.reason, tick.attempt, tick.token, tick.revision), (TickState::Queued, None, 0, 0, 0));
    assert_eq!((tick.created_at, tick.finished_at), (at("2026-11-20T02:30:00Z"), None));
    let gone = world.tick("a", "01").await;
    assert_eq!((gone.state, gone.successor.as_deref()), (TickState::Missed, Some("02")));
    assert_eq!((gone.reason, gone.finished_at), (Some(json!({ "why": "down" })), Some(at("2026-11-20T02:30:00Z"))));
    // A promise that waits is told by its run; one that has ended is told now.
    assert_eq!(world.told().await, [("tick.end".to_owned(), false)]);
    let entries = world.catalog.audit_entries(&world.actor, 0, 10).await.unwrap();
    assert_eq!((entries[0].subject.as_str(), entries[0].object.as_str()), ("a", "01"));

    let mut other = new_tick("a", 2);
    other.definition_digest = "edited since".to_owned();
    let again = Op::Promise { tick: other, state: TickState::Queued, reason: None, successor: None };
    assert!(!world.apply(&[again, promise("a", 3), promise("a", 3)]).await, "a key is promised once");
    assert_eq!(world.tick("a", "02").await.tick, new_tick("a", 2));
    let beside = world.catalog.tick(&world.actor, &id("a", "03")).await.unwrap();
    assert_eq!(beside, None, "what was decided together is written together or not at all");
}

#[tokio::test]
async fn hundreds_of_changes_are_one_transaction() {
    let world = World::new().await;
    let pipelines: Vec<String> = (0..333).map(|number| format!("p{number:03}")).collect();
    let mut ops: Vec<Op> = pipelines.iter().map(|pipeline| promise(pipeline, 1)).collect();
    ops.extend(pipelines.iter().map(|pipeline| ready(pipeline, 1)));
    ops.extend(pipelines.iter().map(|pipeline| promise_as(pipeline, 2, TickState::Missed, None)));
    assert!(world.apply(&ops).await);
    assert_eq!(world.told().await.len(), 333);
    let claimed = world.catalog.claim(&world.actor, "w1", 1000, TTL).await.unwrap();
    assert_eq!(claimed.iter().map(|tick| tick.tick.id.pipeline.clone()).collect::<Vec<_>>(), pipelines);
    assert_eq!(claimed.iter().map(|tick| tick.revision).collect::<Vec<_>>(), (1..=333).collect::<Vec<i64>>());
    assert!(matches!(world.catalog.verify().await.unwrap(), crate::audit::Verification::Intact { .. }));
}

#[tokio::test]
async fn waiting_and_being_ready_change_each_other() {
    let world = World::new().await;
    let wait = |why: &str| Op::Wait { id: id("a", "01"), reason: json!({ "why": why }) };
    assert!(world.apply(&[promise("a", 1), wait("pool"), ready("a", 1)]).await);
    let tick = world.tick("a", "01").await;
    assert_eq!((tick.state, tick.reason), (TickState::Ready, None));
    assert!(world.apply(&[wait("paused")]).await, "readiness is taken back");
    let tick = world.tick("a", "01").await;
    assert_eq!((tick.state, tick.reason), (TickState::Queued, Some(json!({ "why": "paused" }))));
    assert!(world.catalog.claim(&world.actor, "w1", 9, TTL).await.unwrap().is_empty());

    assert!(world.apply(&[ready("a", 1)]).await);
    world.claim_one().await;
    assert!(!world.apply(&[wait("late")]).await, "a worker was quicker");
    assert!(!world.apply(&[ready("a", 1)]).await);
    assert!(!world.apply(&[Op::Wait { id: id("a", "none"), reason: Value::Null }, ready("none", 1)]).await);
    assert_eq!(world.tick("a", "01").await.state, TickState::Running);
    assert_eq!(world.told().await, []);
}

#[tokio::test]
async fn one_tick_of_a_pipeline_is_ready_or_running() {
    let world = World::new().await;
    assert!(world.apply(&[promise("a", 1), promise("a", 2), promise("b", 1)]).await);
    assert!(!world.apply(&[ready("a", 2), ready("a", 1), ready("b", 1)]).await);
    assert_eq!(world.tick("b", "01").await.state, TickState::Queued);
    assert!(world.apply(&[ready("a", 2), ready("b", 1)]).await);
    assert_eq!(world.tick("a", "01").await.state, TickState::Queued);
    assert_eq!(world.tick("b", "01").await.state, TickState::Ready);
    assert_eq!(world.claim_one().await.tick.id, id("a", "02"));
    assert!(!world.apply(&[ready("a", 1)]).await, "while another runs");
    world.clock.forward(TTL);
    // The turn passes on inside one transaction.
    assert!(world.apply(&[end("a", "02", TickState::Failed), ready("a", 1)]).await);
    assert!(world.apply(&[Op::Wait { id: id("a", "01"), reason: Value::Null }, promise("a", 3), ready("a", 3)]).await);
    assert_eq!(world.tick("a", "03").await.state, TickState::Ready);
    assert!(!world.apply(&[ready("a", 1), Op::Wait { id: id("a", "03"), reason: Value::Null }]).await, "in order");
}

#[tokio::test]
async fn what_a_worker_has_is_ended_or_taken_back_only_after_its_lease() {
    let world = World::new().await;
    let tick = world.running().await;
    let reclaim =
        Op::Reclaim { id: id("a", "01"), not_before: at("2026-11-20T02:31:00Z"), reason: json!({ "why": "lost" }) };
    assert!(!world.apply(std::slice::from_ref(&reclaim)).await, "it may be alive");
    assert!(!world.apply(&[end("a", "01", TickState::Failed)]).await);
    world.clock.forward(TTL);
    assert!(world.apply(std::slice::from_ref(&reclaim)).await);
    let back = world.tick("a", "01").await;
    assert_eq!((back.state, back.deaths, back.token), (TickState::Queued, 1, tick.token + 1));
    assert_eq!((back.not_before, back.lease_until), (Some(at("2026-11-20T02:31:00Z")), None));
    assert_eq!((back.worker.as_deref(), back.reason), (Some("w1"), Some(json!({ "why": "lost" }))));
    assert!(!world.apply(&[reclaim]).await, "once");

    assert!(world.apply(&[ready("a", 1)]).await);
    let again = world.claim_one().await;
    assert_eq!((again.token, again.attempt, again.started_at), (3, 2, tick.started_at));
    world.clock.forward(TTL);
    assert!(world.apply(&[end("a", "01", TickState::Failed)]).await);
    let ended = world.tick("a", "01").await;
    assert_eq!((ended.state, ended.token, ended.lease_until), (TickState::Failed, 4, None));
    assert!(!world.apply(&[end("a", "01", TickState::Skipped)]).await, "a tick ends once");
    assert_eq!(world.told().await, [("tick.reclaim".to_owned(), false), ("tick.end".to_owned(), false)]);
}

#[tokio::test]
async fn what_did_not_succeed_is_reopened_as_new() {
    let world = World::new().await;
    let reopen = |key: &str| Op::Reopen { id: id("a", key), reason: json!({ "why": "again", "by": ["ops"] }) };
    world.running().await;
    let cancel = Op::Cancel { id: id("a", "01"), reason: json!({ "why": "stopped" }) };
    assert!(world.apply(std::slice::from_ref(&cancel)).await);
    assert_eq!(world.tick("a", "01").await.cancel, Some(json!({ "why": "stopped" })));
    assert!(!world.apply(&[reopen("01")]).await, "it has not ended");
    world.clock.forward(TTL);
    assert!(world.apply(&[end("a", "01", TickState::Failed), reopen("01")]).await);
    assert!(!world.apply(&[cancel]).await, "no worker has it");
    let tick = world.tick("a", "01").await;
    assert_eq!((tick.state, tick.cancel, tick.finished_at), (TickState::Queued, None, None));
    assert_eq!((tick.tries, tick.deaths, tick.attempt, tick.token), (0, 0, 1, 2));
    let kinds: Vec<String> = world.told().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["tick.cancel", "tick.end", "tick.reopen"]);
}

#[tokio::test]
async fn pauses_and_anchors_are_kept() {
    let world = World::new().await;
    let hold = |scope: Scope, by: &str| Hold {
        scope,
        by: by.to_owned(),
        note: "维护".to_owned(),
        since: at("2026-11-20T01:00:00Z"),
    };
    let scopes =
        [Scope::All, Scope::Connection("hrss".into()), Scope::Pipeline("a".into()), Scope::Pool("backfill".into())];
    let ops: Vec<Op> = scopes.iter().map(|scope| Op::Hold(hold(scope.clone(), "ops"))).collect();
    assert!(world.apply(&ops).await);
    assert!(world.apply(&[Op::Hold(hold(Scope::All, "duty"))]).await, "the newer pause counts");
    let held = world.catalog.holds(&world.actor).await.unwrap();
    assert_eq!(held.iter().map(|hold| hold.scope.clone()).collect::<Vec<_>>(), scopes);
    assert_eq!(held[0], hold(Scope::All, "duty"));
    assert!(world.apply(&[Op::Release { scope: Scope::All }]).await);
    assert!(!world.apply(&[Op::Release { scope: Scope::All }]).await, "nothing is paused any more");
    assert!(!world.apply(&[Op::Release { scope: Scope::Pipeline("b".into()) }]).await);
    assert_eq!(world.catalog.holds(&world.actor).await.unwrap().len(), 3);
    assert_eq!(world.told().await.len(), 6);

    let anchor = |pipeline: &str, schedule: &str, hour: u32| Op::Anchor {
        pipeline: pipeline.to_owned(),
        schedule: schedule.to_owned(),
        at: at(&format!("2026-11-20T{hour:02}:00:00Z")),
    };
    assert!(world.apply(&[anchor("a", "s", 1), anchor("b", "s", 1), anchor("a", "s", 2)]).await);
    assert!(world.apply(&[anchor("a", "t", 0)]).await);
    let anchors = world.catalog.anchors(&world.actor).await.unwrap();
    let kept: Vec<_> =
        anchors.iter().map(|anchor| (anchor.pipeline.as_str(), anchor.schedule.as_str(), anchor.at)).collect();
    assert_eq!(kept, [("a", "t", at("2026-11-20T00:00:00Z")), ("b", "s", at("2026-11-20T01:00:00Z"))]);
}

#[tokio::test]
async fn only_the_present_leader_changes_the_schedule() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let first = world.leader().await;
    assert_eq!(catalog.lead(actor, "s2", TimeDelta::minutes(1)).await.unwrap(), None);
    assert_eq!(catalog.leader(actor).await.unwrap().unwrap(), first);
    assert!(catalog.apply(actor, &first, &[promise("a", 1)]).await.unwrap());
    world.clock.forward(TimeDelta::minutes(1));
    assert!(catalog.apply(actor, &first, &[promise("a", 2)]).await.unwrap(), "until another one leads");
    let second = catalog.lead(actor, "s2", TimeDelta::minutes(1)).await.unwrap().unwrap();
    let stale = Error::StaleLease { target: "schedule".to_owned() };
    assert_eq!(catalog.apply(actor, &first, &[promise("a", 3)]).await.unwrap_err(), stale);
    assert!(catalog.renew(actor, &first, TimeDelta::minutes(1)).await.is_err());
    assert!(catalog.apply(actor, &second, &[promise("a", 3)]).await.unwrap());
    catalog.release(actor, &second).await.unwrap();
    assert_eq!(catalog.apply(actor, &second, &[promise("a", 4)]).await.unwrap_err(), stale);
    let ticks = catalog.ticks(actor, &TickFilter { limit: 10, ..TickFilter::default() }).await.unwrap();
    assert_eq!(ticks.iter().map(|tick| tick.tick.id.key.as_str()).collect::<Vec<_>>(), ["01", "02", "03"]);

    let other = catalog.acquire(actor, "library:a", "s1", TimeDelta::minutes(1)).await.unwrap();
    assert!(matches!(catalog.apply(actor, &other, &[]).await, Err(Error::Mismatch { .. })));
}

#[tokio::test]
async fn what_never_fits_is_a_defect_and_changes_nothing() {
    let world = World::new().await;
    let lead = world.leader().await;
    for bad in [
        promise_as("a", 2, TickState::Ready, None),
        promise_as("a", 2, TickState::Running, None),
        promise_as("a", 2, TickState::Succeeded, None),
        end("a", "01", TickState::Queued),
        end("a", "01", TickState::Succeeded),
    ] {
        let refused = world.catalog.apply(&world.actor, &lead, &[promise("a", 1), bad]).await;
        assert!(matches!(refused, Err(Error::Mismatch { .. })), "{refused:?}");
        assert_eq!(world.catalog.tick(&world.actor, &id("a", "01")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn tenants_have_their_own_schedule() {
    let world = World::new().await;
    let town = crate::Actor::new("town", "ops");
    world.running().await;
    let lead = world.catalog.lead(&town, "s1", TTL).await.unwrap().unwrap();
    assert_eq!(world.catalog.tick(&town, &id("a", "01")).await.unwrap(), None);
    assert!(world.catalog.apply(&town, &lead, &[promise("a", 1), ready("a", 1)]).await.unwrap());
    let claimed = world.catalog.claim(&town, "w9", 9, TTL).await.unwrap();
    assert_eq!((claimed.len(), claimed[0].revision), (1, 1));
    assert_eq!(world.tick("a", "01").await.worker.as_deref(), Some("w1"));
    assert!(world.catalog.changes(&town, 1, 9).await.unwrap().is_empty());
}
