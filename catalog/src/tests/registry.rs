//! Keys, quarantine, and the file of the database itself.

use super::World;
use crate::key::{NewKey, QuarantineFile};
use crate::{Actor, Clock, Error};

fn key(world: &World, wrapped: &[u8]) -> NewKey {
    NewKey {
        id: "pseudonym/inclusive_finance/1".to_owned(),
        kind: "pseudonym".to_owned(),
        length_bits: 256,
        owner: "scenario:inclusive_finance".to_owned(),
        wrapped: wrapped.to_vec(),
        starts_at: world.clock.now(),
        ends_at: None,
    }
}

#[tokio::test]
async fn the_first_of_two_keys_with_one_id_wins() {
    let world = World::new().await;
    let first = world.catalog.put_key(&world.actor, &key(&world, b"first wrapped key")).await.unwrap();
    let second = world.catalog.put_key(&world.actor, &key(&world, b"other wrapped key")).await.unwrap();
    assert_eq!(
        (first.wrapped.as_slice(), second.wrapped.as_slice()),
        (&b"first wrapped key"[..], &b"first wrapped key"[..])
    );
    assert!(!format!("{first:?}").contains("first wrapped key"));
    let county = Actor::new("county", "ops");
    assert_eq!(world.catalog.get_key(&county, &first.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_destroyed_key_is_gone() {
    let world = World::new().await;
    let canary = b"0123456789abcdef-wrapped-canary-";
    let stored = world.catalog.put_key(&world.actor, &key(&world, canary)).await.unwrap();
    world.catalog.destroy_key(&world.actor, &stored.id).await.unwrap();
    world.catalog.destroy_key(&world.actor, &stored.id).await.unwrap();
    let gone = world.catalog.get_key(&world.actor, &stored.id).await.unwrap().unwrap();
    assert!(gone.wrapped.is_empty() && gone.destroyed_at.is_some());
    let again = world.catalog.put_key(&world.actor, &key(&world, b"new")).await.unwrap();
    assert!(again.wrapped.is_empty(), "a destroyed key's id is not used again");
    let kinds: Vec<_> = world.catalog.audit_entries(&world.actor, 0, 10).await.unwrap();
    assert_eq!(kinds.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["key.put", "key.destroy"]);
    assert!(matches!(world.catalog.destroy_key(&world.actor, "none").await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_new_attempt_replaces_the_quarantine_of_the_last() {
    let world = World::new().await;
    let occurrence = world.occurrence("a", "1").await;
    let file = |path: &str, rows| QuarantineFile { path: path.to_owned(), rows, key_id: "q/1".to_owned() };
    let first = [file("1/x", 3), file("1/y", 4)];
    assert!(world.catalog.put_quarantine(&world.actor, &occurrence.id, &first).await.unwrap().is_empty());
    let size = world.catalog.head().await.unwrap().size;
    assert!(world.catalog.put_quarantine(&world.actor, &occurrence.id, &first).await.unwrap().is_empty());
    assert_eq!(world.catalog.head().await.unwrap().size, size);
    let gone = world.catalog.put_quarantine(&world.actor, &occurrence.id, &[file("2/x", 7)]).await.unwrap();
    assert_eq!(gone, ["1/x", "1/y"]);
    let listed = world.catalog.list_quarantine(&world.actor, Some("a"), 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].file, file("2/x", 7));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let world = World::new().await;
    world.tamper("INSERT INTO schema_version (version) VALUES (99)").await;
    let opened = crate::Catalog::connect(&world.address, std::sync::Arc::new(world.clock.clone())).await;
    assert!(matches!(opened, Err(Error::SchemaNewer { found: 99, .. })));
}
