//! A catalog restored from an older copy.

use super::{World, new_intent, open, published};
use crate::Error;
use crate::ledger::{AdoptTarget, Adopted, Disposition, FoundCommit, Intent};
use chrono::TimeDelta;

fn target() -> AdoptTarget {
    AdoptTarget { pipeline: "p".to_owned(), job: "library:a".to_owned(), target: "a".to_owned() }
}

fn found(intent: &Intent, key: &str) -> FoundCommit {
    FoundCommit {
        epoch: intent.epoch.clone(),
        sequence: intent.publish_sequence,
        occurrence_key: key.to_owned(),
        manifest_digest: intent.manifest_digest.clone(),
        cursor_after: intent.cursor_after.clone(),
        version: intent.publish_sequence * 10,
    }
}

/// Publishes 1, copies the catalog, publishes 2 and 3, puts the copy back; returns the commits the target holds.
async fn restored() -> (World, Vec<FoundCommit>) {
    let mut world = World::new().await;
    let mut commits = vec![found(&world.publish("a", "1").await, "1")];
    world.catalog.close().await;
    let copy = world.backup();
    world.catalog = open(&world.address, &world.clock).await;
    for key in ["2", "3"] {
        commits.push(found(&world.publish("a", key).await, key));
    }
    world.catalog.close().await;
    world.catalog = open(&copy, &world.clock).await;
    (world, commits)
}

#[tokio::test]
async fn lost_commits_are_recorded_and_the_sequence_goes_on_above_them() {
    let (world, commits) = restored().await;
    let adopted = world.catalog.adopt(&world.actor, &target(), &commits).await.unwrap();
    assert_eq!(adopted, Adopted { recorded: 2, known: 1, abandoned: 0, next_sequence: 4 });
    assert_eq!(world.catalog.cursor(&world.actor, "a").await.unwrap().as_deref(), Some("after 3"));
    assert_eq!(world.occurrence("a", "3").await.disposition, Disposition::Succeeded);
    let last = world.catalog.last_published(&world.actor, "a").await.unwrap().unwrap();
    assert_eq!((last.version, last.balance), (30, None));
    let size = world.catalog.head().await.unwrap().size;
    let again = world.catalog.adopt(&world.actor, &target(), &commits).await.unwrap();
    assert_eq!(again, Adopted { recorded: 0, known: 3, abandoned: 0, next_sequence: 4 });
    assert_eq!(world.catalog.head().await.unwrap().size, size);
    let entries = world.catalog.audit_entries(&world.actor, 0, 100).await.unwrap();
    assert_eq!(entries.last().unwrap().kind, "adopted");
    assert_eq!(world.publish("a", "4").await.publish_sequence, 4);
}

#[tokio::test]
async fn an_intent_that_gave_way_is_abandoned_and_its_occurrence_opened() {
    let (world, commits) = restored().await;
    let pending = world.intent("a", "other").await;
    assert_eq!(pending.publish_sequence, 2);
    let adopted = world.catalog.adopt(&world.actor, &target(), &commits).await.unwrap();
    assert_eq!((adopted.recorded, adopted.abandoned, adopted.next_sequence), (2, 1, 4));
    assert_eq!(world.occurrence("a", "other").await.disposition, Disposition::Pending);
    let refused = world.catalog.complete(&world.actor, &pending.id, &published(40)).await;
    assert!(matches!(refused, Err(Error::Abandoned { .. })));
    assert_eq!(world.publish("a", "other").await.publish_sequence, 4);
}

#[tokio::test]
async fn the_same_occurrence_staged_anew_is_not_published_twice() {
    let (world, commits) = restored().await;
    let occurrence = world.occurrence("a", "2").await;
    let lease = world.catalog.acquire(&world.actor, "a", "w1", TimeDelta::hours(1)).await.unwrap();
    let mut new = new_intent(&occurrence, lease.token, "2");
    new.manifest_digest = "staged anew".to_owned();
    world.catalog.record_intent(&world.actor, &new).await.unwrap();
    world.catalog.adopt(&world.actor, &target(), &commits).await.unwrap();
    assert!(world.catalog.pending_intents(&world.actor, "a").await.unwrap().is_empty());
    assert_eq!(world.occurrence("a", "2").await.disposition, Disposition::Succeeded);
    assert!(matches!(world.catalog.record_intent(&world.actor, &new).await, Err(Error::Finished { .. })));
}

#[tokio::test]
async fn an_intent_that_landed_last_is_left_to_complete() {
    let world = World::new().await;
    let intent = world.intent("a", "1").await;
    let adopted = world.catalog.adopt(&world.actor, &target(), &[found(&intent, "1")]).await.unwrap();
    assert_eq!((adopted.recorded, adopted.known), (0, 1));
    world.catalog.complete(&world.actor, &intent.id, &published(10)).await.unwrap();
    assert_eq!(world.catalog.receipts(&world.actor, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_foreign_commit_in_a_published_place_stops_everything() {
    let (world, mut commits) = restored().await;
    commits[0].manifest_digest = "foreign".to_owned();
    let refused = world.catalog.adopt(&world.actor, &target(), &commits).await.unwrap_err();
    assert_eq!(refused, Error::AdoptConflict { target: "a".to_owned(), sequence: 1 });
    assert_eq!(world.catalog.last_published(&world.actor, "a").await.unwrap().unwrap().publish_sequence, 1);
}

#[tokio::test]
async fn an_epoch_lasts_until_it_is_renewed() {
    let mut world = World::new().await;
    let first = world.catalog.epoch().await.unwrap();
    world.catalog.close().await;
    world.catalog = open(&world.address, &world.clock).await;
    assert_eq!(world.catalog.epoch().await.unwrap(), first);
    let before = world.intent("a", "1").await;
    let second = world.catalog.renew_epoch(&world.actor).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(world.catalog.pending_intents(&world.actor, "a").await.unwrap()[0].epoch, before.epoch);
    world.catalog.complete(&world.actor, &before.id, &published(1)).await.unwrap();
    let after = world.intent("a", "2").await;
    assert_eq!((after.publish_sequence, after.epoch), (2, second));
}
