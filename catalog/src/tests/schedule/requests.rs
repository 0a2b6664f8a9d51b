//! What people ask for, and votes for a release.

use super::{TTL, World, id, new_tick, promise, ready};
use crate::schedule::{Ask, Left, Op, Scope, TickState};
use crate::{Actor, Error};
use serde_json::{Value, json};

fn asks() -> Vec<Ask> {
    let (tick, note) = (id("a", "01"), "复核通过".to_owned());
    vec![
        Ask::Pause { what: Scope::Pool("default".to_owned()), note: note.clone() },
        Ask::Resume { what: Scope::All, replay: true },
        Ask::Run { pipeline: "a".to_owned(), biz_date: crate::date::parse("2026-11-19"), priority: Some(9) },
        Ask::Cancel { id: tick.clone(), note: note.clone() },
        Ask::Rerun { id: tick.clone(), note: note.clone() },
        Ask::Skip { id: tick.clone(), note: note.clone() },
        Ask::Release { id: tick, note },
        Ask::Backfill { name: "f1".to_owned(), ticks: vec![new_tick("a", 1), new_tick("a", 2)], all: false },
        Ask::CancelBackfill { name: "f1".to_owned() },
    ]
}

fn answer(request: i64, granted: bool) -> Op {
    Op::Answer { request, granted, answer: json!({ "did": "done" }) }
}

#[tokio::test]
async fn a_request_waits_until_it_is_decided_once() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    for (number, ask) in (1..).zip(asks()) {
        assert_eq!(catalog.ask(actor, &ask).await.unwrap(), number);
        let request = catalog.request(actor, number).await.unwrap();
        assert_eq!((request.ask, request.by.as_str(), request.answer), (ask, "ops", None));
    }
    assert_eq!(
        catalog.requests(actor, 3).await.unwrap().iter().map(|request| request.id).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(world.apply(&[answer(1, true), answer(3, false)]).await);
    let waiting: Vec<i64> = catalog.requests(actor, 99).await.unwrap().iter().map(|request| request.id).collect();
    assert_eq!(waiting, [2, 4, 5, 6, 7, 8, 9]);
    assert_eq!(catalog.request(actor, 3).await.unwrap().answer, Some((false, json!({ "did": "done" }))));
    assert!(!world.apply(&[answer(3, true)]).await, "it is decided");
    assert!(!world.apply(&[answer(99, true)]).await, "nobody asked");
    assert!(!catalog.request(actor, 3).await.unwrap().answer.unwrap().0, "as it was");
    assert!(matches!(catalog.request(actor, 99).await, Err(Error::NotFound { .. })));

    let entries = catalog.audit_entries(actor, 0, 99).await.unwrap();
    let backfill = entries.iter().find(|entry| entry.detail["ask"] == "backfill").unwrap();
    assert_eq!((backfill.detail["ticks"].clone(), backfill.user.as_str()), (json!(2), "ops"));
    let decided: Vec<(&str, bool)> = entries
        .iter()
        .filter(|entry| entry.kind == "schedule.answer")
        .map(|entry| (entry.object.as_str(), entry.success))
        .collect();
    assert_eq!(decided, [("1", true), ("3", false)]);
}

#[tokio::test]
async fn a_request_of_any_size_is_refused() {
    let world = World::new().await;
    let ask = Ask::CancelBackfill { name: "x".repeat(17 << 20) };
    assert!(matches!(world.catalog.ask(&world.actor, &ask).await, Err(Error::Mismatch { .. })));
    assert!(world.catalog.requests(&world.actor, 9).await.unwrap().is_empty());
}

impl World {
    async fn vote(&self, name: &str, granted: bool) {
        let ask = Ask::Release { id: id("a", "01"), note: format!("{name} looked") };
        let request = self.catalog.ask(&Actor::new("city", name), &ask).await.unwrap();
        assert!(self.apply(&[answer(request, granted)]).await);
    }

    async fn voters(&self) -> Vec<String> {
        let votes = self.catalog.release_votes(&self.actor, &id("a", "01")).await.unwrap();
        votes.into_iter().map(|vote| vote.by).collect()
    }

    async fn fail_at_the_gate(&self) {
        let tick = self.claim_one().await;
        let left = Left::Ended { state: TickState::Failed, reason: Some(Value::Null), successor: None };
        self.catalog.leave(&self.actor, &tick.tick.id, tick.token, &left, None).await.unwrap();
    }
}

#[tokio::test]
async fn votes_count_for_the_attempt_that_the_gate_stopped() {
    let world = World::new().await;
    assert!(world.apply(&[promise("a", 1), promise("b", 1), ready("a", 1)]).await);
    assert_eq!(world.voters().await, [] as [&str; 0]);
    world.fail_at_the_gate().await;
    world.vote("li", true).await;
    world.vote("wang", false).await;
    world.vote("zhao", true).await;
    assert_eq!(world.voters().await, ["li", "zhao"], "those that were granted, in order");
    let votes = world.catalog.release_votes(&world.actor, &id("a", "01")).await.unwrap();
    assert_eq!((votes[0].note.as_str(), votes[0].at), ("li looked", super::at("2026-11-20T02:30:00Z")));
    assert!(world.catalog.release_votes(&world.actor, &id("b", "01")).await.unwrap().is_empty());

    // The clock stands still: what counts is the attempt, not the time.
    assert!(world.apply(&[Op::Reopen { id: id("a", "01"), reason: json!({}) }, ready("a", 1)]).await);
    world.fail_at_the_gate().await;
    assert_eq!(world.voters().await, [] as [&str; 0], "another attempt needs its own two");
    world.vote("wang", true).await;
    assert_eq!(world.voters().await, ["wang"]);
    assert!(world.catalog.claim(&world.actor, "w1", 1, TTL).await.unwrap().is_empty());
}

#[tokio::test]
async fn answered_requests_are_dropped_when_they_are_old() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    for ask in asks() {
        catalog.ask(actor, &ask).await.unwrap();
    }
    assert!(world.apply(&[answer(1, true), answer(2, false)]).await);
    world.clock.forward(chrono::TimeDelta::minutes(1));
    let now = crate::Clock::now(&world.clock);
    assert!(world.apply(&[answer(3, true)]).await);
    assert_eq!(catalog.prune_requests(actor, now).await.unwrap(), 2);
    assert!(matches!(catalog.request(actor, 1).await, Err(Error::NotFound { .. })));
    assert_eq!(catalog.requests(actor, 99).await.unwrap().len(), asks().len() - 3);
    assert_eq!(catalog.ask(actor, &asks().remove(1)).await.unwrap(), 10, "numbers are not used again");
}
