//! Intents, permits, completion.

use super::{GRANT, World, grants, import, new_intent, published};
use crate::ledger::{Disposition, Permit};
use crate::{Error, Refusal};
use chrono::TimeDelta;

#[tokio::test]
async fn publish_sequences_are_dense_per_target() {
    let world = World::new().await;
    for (target, key, sequence) in [("a", "1", 1), ("a", "2", 2), ("b", "1", 1), ("a", "3", 3)] {
        assert_eq!(world.publish(target, key).await.publish_sequence, sequence);
    }
    let last = world.catalog.last_published(&world.actor, "a").await.unwrap().unwrap();
    assert_eq!((last.publish_sequence, last.version), (3, 30));
    assert_eq!(world.catalog.cursor(&world.actor, "a").await.unwrap().as_deref(), Some("after 3"));
    assert_eq!(world.catalog.cursor(&world.actor, "none").await.unwrap(), None);
    assert_eq!(world.catalog.row_history(&world.actor, "a", "clean", 2).await.unwrap(), [3000, 2000]);
    let by = world.catalog.published_by_occurrence(&world.actor, "a", "2").await.unwrap().unwrap();
    assert_eq!((by.publish_sequence, by.manifest_digest.as_str()), (2, "manifest of 2"));
    assert_eq!(by.epoch, world.catalog.epoch().await.unwrap());
    assert_eq!(world.catalog.receipts(&world.actor, Some("a"), 10).await.unwrap().len(), 3);
    let edges = world.catalog.lineage(&world.actor, Some("a")).await.unwrap();
    assert_eq!((edges.len(), edges[0].publish_sequence), (1, 3));
    assert_eq!(edges[0].edge, published(1).lineage[0]);
}

#[tokio::test]
async fn an_intent_is_recorded_once_and_holds_the_target() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let first = world.intent("a", "1").await;
    assert_eq!(world.intent("a", "1").await, first);
    assert_eq!(catalog.pending_intents(actor, "a").await.unwrap(), std::slice::from_ref(&first));

    let occurrence = world.occurrence("a", "1").await;
    let lease = catalog.acquire(actor, "a", "w1", TimeDelta::minutes(1)).await.unwrap();
    let mut other = new_intent(&occurrence, lease.token, "1");
    other.manifest_digest = "another".to_owned();
    assert!(matches!(catalog.record_intent(actor, &other).await, Err(Error::OtherIntent { .. })));
    let next = new_intent(&world.occurrence("a", "2").await, lease.token, "2");
    let refused = catalog.record_intent(actor, &next).await.unwrap_err();
    assert_eq!(refused, Error::EarlierIntent { target: "a".to_owned(), sequence: 1 });
    let mut elsewhere = next.clone();
    elsewhere.target = "b".to_owned();
    elsewhere.lease_token = catalog.acquire(actor, "b", "w1", TimeDelta::minutes(1)).await.unwrap().token;
    assert!(matches!(catalog.record_intent(actor, &elsewhere).await, Err(Error::Mismatch { .. })));

    catalog.complete(actor, &first.id, &published(7)).await.unwrap();
    assert!(catalog.pending_intents(actor, "a").await.unwrap().is_empty());
    assert_eq!(catalog.record_intent(actor, &next).await.unwrap().publish_sequence, 2);
    assert!(matches!(catalog.record_intent(actor, &other).await, Err(Error::Finished { .. })));
}

#[tokio::test]
async fn completing_again_changes_nothing() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let intent = world.intent("a", "1").await;
    catalog.complete(actor, &intent.id, &published(7)).await.unwrap();
    let size = catalog.head().await.unwrap().size;
    catalog.complete(actor, &intent.id, &published(7)).await.unwrap();
    assert_eq!(catalog.head().await.unwrap().size, size);
    assert_eq!(catalog.receipts(actor, None, 10).await.unwrap().len(), 1);
    assert!(matches!(catalog.complete(actor, &intent.id, &published(8)).await, Err(Error::Mismatch { .. })));
    assert!(matches!(catalog.complete(actor, "none", &published(8)).await, Err(Error::NotFound { .. })));
    let end = world.occurrence("a", "1").await;
    assert_eq!(end.disposition, Disposition::Succeeded);
    assert!(end.finished_at.is_some());
}

#[tokio::test]
async fn a_backfill_does_not_move_the_cursor() {
    let world = World::new().await;
    world.publish("a", "1").await;
    let occurrence = world.occurrence("a", "backfill").await;
    let lease = world.catalog.acquire(&world.actor, "a", "w1", TimeDelta::minutes(1)).await.unwrap();
    let mut new = new_intent(&occurrence, lease.token, "backfill");
    new.cursor_after = None;
    let intent = world.catalog.record_intent(&world.actor, &new).await.unwrap();
    world.catalog.complete(&world.actor, &intent.id, &published(20)).await.unwrap();
    assert_eq!(world.catalog.cursor(&world.actor, "a").await.unwrap().as_deref(), Some("after 1"));
}

#[tokio::test]
async fn a_permit_holds_a_supply_to_its_grant_as_it_stands_now() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let mut grants = grants(GRANT);
    catalog.import(actor, import("p1", &grants)).await.unwrap();
    let occurrence = world.occurrence("s", "1").await;
    let lease = catalog.acquire(actor, "s", "w1", TimeDelta::days(90)).await.unwrap();
    let mut new = new_intent(&occurrence, lease.token, "1");
    new.permits = vec![Permit { grant: "G-2026-0137".to_owned(), digest: grants[0].digest().unwrap() }];

    new.policy_digest = Some("p0".to_owned());
    assert_eq!(catalog.record_intent(actor, &new).await.unwrap_err(), Error::PolicyChanged);
    new.policy_digest = Some("p1".to_owned());

    grants[0].purpose.push_str(" only");
    catalog.import(actor, import("p1", &grants)).await.unwrap();
    let refusal = Refusal::Changed { grant: "G-2026-0137".to_owned() };
    assert_eq!(catalog.record_intent(actor, &new).await.unwrap_err(), Error::PermitRefused { refusal });

    new.permits[0].digest = grants[0].digest().unwrap();
    catalog.import(actor, import("p1", &[])).await.unwrap();
    let refused = catalog.record_intent(actor, &new).await.unwrap_err();
    assert!(matches!(refused, Error::PermitRefused { refusal: Refusal::Unknown { .. } }));
    catalog.import(actor, import("p1", &grants)).await.unwrap();

    world.clock.forward(TimeDelta::days(60));
    let refused = catalog.record_intent(actor, &new).await.unwrap_err();
    assert!(matches!(refused, Error::PermitRefused { refusal: Refusal::Expired { .. } }));
    assert!(catalog.pending_intents(actor, "s").await.unwrap().is_empty());
    let entries = catalog.audit_entries(actor, 0, 100).await.unwrap();
    let failures = entries.iter().filter(|entry| entry.kind == "publish" && !entry.success);
    assert_eq!(failures.count(), 4);

    world.clock.forward(TimeDelta::days(-60));
    assert_eq!(catalog.record_intent(actor, &new).await.unwrap().publish_sequence, 1);
}

#[tokio::test]
async fn the_last_day_of_a_grant_ends_at_midnight_in_china() {
    let world = World::new().await;
    world.clock.forward(
        "2026-12-31T15:59:59Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() - crate::Clock::now(&world.clock),
    );
    assert_eq!(world.catalog.today(), crate::date::parse("2026-12-31").unwrap());
    world.clock.forward(TimeDelta::seconds(1));
    assert_eq!(world.catalog.today(), crate::date::parse("2027-01-01").unwrap());
}
