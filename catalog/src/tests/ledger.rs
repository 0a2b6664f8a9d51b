//! Occurrences, runs, attempts and leases.

use super::{World, new_intent, new_occurrence, published};
use crate::Error;
use crate::ledger::Disposition;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn an_occurrence_is_made_once_and_keeps_its_definition() {
    let world = World::new().await;
    let first = world.occurrence("base.person", "2026-11-19").await;
    let mut other = new_occurrence("base.person", "2026-11-19");
    other.definition_digest = "edited since".to_owned();
    let again = world.catalog.occurrence(&world.actor, &other).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(first.biz_date.as_deref(), Some("2026-11-19"));
    let key = world.catalog.find_occurrence(&world.actor, "base.person", "2026-11-19").await.unwrap();
    assert_eq!(key, Some(first));
    assert_eq!(world.catalog.find_occurrence(&world.actor, "base.person", "x").await.unwrap(), None);
}

#[tokio::test]
async fn an_occurrence_ends_exactly_once() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let run = catalog.start_run(actor, "population.insured", "manual").await.unwrap();
    let occurrence = world.occurrence("base.person", "k").await;
    assert_eq!(catalog.start_attempt(actor, &occurrence.id, &run.id).await.unwrap().no, 1);
    assert_eq!(catalog.start_attempt(actor, &occurrence.id, &run.id).await.unwrap().no, 2);
    let reason = json!({ "code": "P401" });
    catalog.finish(actor, &occurrence.id, Disposition::Withheld, Some(reason.clone())).await.unwrap();
    let size = catalog.head().await.unwrap().size;
    catalog.finish(actor, &occurrence.id, Disposition::Withheld, None).await.unwrap();
    assert_eq!(catalog.head().await.unwrap().size, size);
    for other in [Disposition::Failed, Disposition::Running, Disposition::Skipped] {
        let refused = catalog.finish(actor, &occurrence.id, other, None).await;
        assert!(matches!(refused, Err(Error::Finished { .. })), "{other:?}");
    }
    assert!(matches!(catalog.start_attempt(actor, &occurrence.id, &run.id).await, Err(Error::Finished { .. })));
    let success = catalog.finish(actor, &occurrence.id, Disposition::Succeeded, None).await;
    assert!(matches!(success, Err(Error::Mismatch { .. })));

    catalog.finish_run(actor, &run.id, false, &json!({ "withheld": 1 })).await.unwrap();
    let detail = catalog.show_run(actor, &run.id).await.unwrap();
    assert_eq!(detail.run.success, Some(false));
    let ends: Vec<_> = detail.attempts.iter().map(|(attempt, _)| (attempt.no, attempt.disposition)).collect();
    assert_eq!(ends, [(1, None), (2, Some(Disposition::Withheld))]);
    assert_eq!(detail.attempts[0].1.reason, Some(reason));
}

#[tokio::test]
async fn only_what_did_not_succeed_is_opened_again() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let withheld = world.occurrence("supply", "1").await;
    catalog.finish(actor, &withheld.id, Disposition::Withheld, None).await.unwrap();
    catalog.reopen(actor, &withheld.id).await.unwrap();
    let run = catalog.start_run(actor, "p", "manual").await.unwrap();
    catalog.start_attempt(actor, &withheld.id, &run.id).await.unwrap();

    world.publish("library", "1").await;
    let done = world.occurrence("library", "1").await;
    assert_eq!(done.disposition, Disposition::Succeeded);
    assert!(matches!(catalog.reopen(actor, &done.id).await, Err(Error::Finished { .. })));
}

#[tokio::test]
async fn an_announced_publication_cannot_be_given_up() {
    let world = World::new().await;
    let intent = world.intent("library", "1").await;
    let refused = world.catalog.finish(&world.actor, &intent.occurrence, Disposition::Failed, None).await;
    assert!(matches!(refused, Err(Error::IntentPending { .. })));
    world.catalog.complete(&world.actor, &intent.id, &published(1)).await.unwrap();
}

#[tokio::test]
async fn runs_end_once_and_list_newest_first() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let first = catalog.start_run(actor, "a", "schedule").await.unwrap();
    world.clock.forward(TimeDelta::seconds(1));
    let second = catalog.start_run(actor, "b", "manual").await.unwrap();
    let listed = catalog.list_runs(actor, 10).await.unwrap();
    assert_eq!(listed.iter().map(|run| &run.id).collect::<Vec<_>>(), [&second.id, &first.id]);
    catalog.finish_run(actor, &first.id, true, &json!({})).await.unwrap();
    catalog.finish_run(actor, &first.id, false, &json!({})).await.unwrap();
    assert_eq!(catalog.show_run(actor, &first.id).await.unwrap().run.success, Some(true));
    assert!(matches!(catalog.finish_run(actor, "none", true, &json!({})).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_lease_is_held_by_one_and_fences_the_earlier_holder() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let ttl = TimeDelta::seconds(60);
    let first = catalog.acquire(actor, "t", "w1", ttl).await.unwrap();
    let refused = catalog.acquire(actor, "t", "w2", ttl).await.unwrap_err();
    assert!(matches!(&refused, Error::LeaseHeld { owner, .. } if owner == "w1") && refused.retryable());
    world.clock.forward(TimeDelta::seconds(59));
    let first = catalog.renew(actor, &first, ttl).await.unwrap();
    world.clock.forward(TimeDelta::seconds(59));
    assert!(catalog.acquire(actor, "t", "w2", ttl).await.is_err());
    world.clock.forward(TimeDelta::seconds(1));
    let second = catalog.acquire(actor, "t", "w2", ttl).await.unwrap();
    assert!(second.token > first.token);

    let stale = Error::StaleLease { target: "t".to_owned() };
    assert_eq!(catalog.renew(actor, &first, ttl).await.unwrap_err(), stale);
    assert_eq!(catalog.release(actor, &first).await.unwrap_err(), stale);
    let occurrence = world.occurrence("t", "1").await;
    let refused = catalog.record_intent(actor, &new_intent(&occurrence, first.token, "1")).await;
    assert_eq!(refused.unwrap_err(), stale);
    assert_eq!(catalog.still_holds(actor, &first).await.unwrap_err(), stale);
    let failed = Disposition::Failed;
    assert_eq!(catalog.under(&first).finish(actor, &occurrence.id, failed, None).await.unwrap_err(), stale);
    assert_eq!(catalog.find_occurrence(actor, "t", "1").await.unwrap().unwrap().disposition, occurrence.disposition);
    catalog.still_holds(actor, &second).await.unwrap();
    let under = catalog.under(&second);
    under.record_intent(actor, &new_intent(&occurrence, second.token, "1")).await.unwrap();

    catalog.release(actor, &second).await.unwrap();
    assert_eq!(catalog.renew(actor, &second, ttl).await.unwrap_err(), stale);
    assert!(catalog.acquire(actor, "t", "w1", ttl).await.unwrap().token > second.token);
}
