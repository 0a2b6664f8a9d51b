//! The audit log: dense, proven, and loud about tampering.

use super::World;
use crate::audit::{Event, Fault, Verification};
use crate::merkle::{AuditHash, Frontier};
use crate::store::Place;
use crate::{Actor, Catalog};
use serde_json::json;
use std::sync::Arc;

async fn world_with(entries: usize) -> World {
    let world = World::new().await;
    for index in 0..entries {
        let event = Event::intent("test", "subject", "object", json!({ "b": index, "a": "x" }));
        world.catalog.append(&world.actor, event).await.unwrap();
    }
    world
}

async fn broken(world: &World) -> (i64, Fault) {
    match world.catalog.verify().await.unwrap() {
        Verification::Broken { seq, fault } => (seq, fault),
        Verification::Intact { .. } => panic!("tampering was not noticed"),
    }
}

#[tokio::test]
async fn entries_are_dense_and_the_head_is_the_tree_over_them() {
    let world = world_with(5).await;
    let entries = world.catalog.audit_entries(&world.actor, 0, 10).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(
        String::from_utf8(entries[0].canonical().unwrap()).unwrap(),
        r#"{"at":"2026-11-20T02:30:00.000000Z","detail":{"a":"x","b":0},"kind":"test","object":"object","phase":"intent","seq":1,"subject":"subject","success":true,"tenant":"city","user":"ops"}"#
    );
    let mut tree = Frontier::new(AuditHash::Sm3);
    for entry in &entries {
        tree.push(entry.leaf(AuditHash::Sm3).unwrap());
    }
    let head = world.catalog.head().await.unwrap();
    assert_eq!((head.size, head.root.clone()), (5, hex::encode(tree.root())));
    assert_eq!(world.catalog.verify().await.unwrap(), Verification::Intact { head });
}

#[tokio::test]
async fn an_empty_log_is_intact() {
    let world = World::new().await;
    assert!(matches!(world.catalog.verify().await.unwrap(), Verification::Intact { head } if head.size == 0));
}

#[tokio::test]
async fn the_first_changed_entry_is_named() {
    for sql in [
        "UPDATE audit_entry SET detail = '{\"a\":\"x\",\"b\":9}' WHERE seq = 3",
        "UPDATE audit_entry SET user_name = 'someone' WHERE seq = 3",
        "UPDATE audit_entry SET success = 0 WHERE seq >= 3",
        "UPDATE audit_entry SET tenant = 'other' WHERE seq = 3",
        "UPDATE audit_entry SET at = '2026-11-20T02:30:00.000001Z' WHERE seq = 3",
        "UPDATE audit_entry SET root = leaf WHERE seq = 3",
        "UPDATE audit_entry SET detail = 'not json' WHERE seq = 3",
    ] {
        let world = world_with(5).await;
        world.tamper(sql).await;
        assert_eq!(broken(&world).await, (3, Fault::Changed), "{sql}");
    }
}

#[tokio::test]
async fn removed_entries_are_named_also_at_the_end() {
    let world = world_with(5).await;
    world.tamper("DELETE FROM audit_entry WHERE seq = 2").await;
    assert_eq!(broken(&world).await, (2, Fault::Missing));
    let world = world_with(5).await;
    world.tamper("DELETE FROM audit_entry WHERE seq = 5").await;
    assert_eq!(broken(&world).await, (5, Fault::Missing));
    let world = world_with(5).await;
    world.tamper("UPDATE audit_head SET size = 4, frontier = substr(frontier, 1, 64)").await;
    assert_eq!(broken(&world).await, (5, Fault::Head));
    let world = world_with(5).await;
    world.tamper("DELETE FROM audit_head").await;
    assert_eq!(broken(&world).await, (5, Fault::Head));
}

#[tokio::test]
async fn a_log_keeps_the_hash_it_was_made_with() {
    let world = World::new().await;
    let address = world.elsewhere("sha.db");
    let clock = Arc::new(world.clock.clone());
    let sha = Catalog::open_with(&Place::parse(&address).unwrap(), clock.clone(), AuditHash::Sha256).await.unwrap();
    sha.append(&Actor::new("city", "ops"), Event::done("test", "s", "o", json!({}))).await.unwrap();
    sha.close().await;
    let again = Catalog::connect(&address, clock).await.unwrap();
    again.append(&Actor::new("city", "ops"), Event::done("test", "s", "o", json!({}))).await.unwrap();
    assert!(matches!(again.verify().await.unwrap(), Verification::Intact { head } if head.hash == AuditHash::Sha256));
}
