//! Importing definitions.

use super::{GRANT, World, grants, import};
use crate::grant::Provenance;
use crate::store::Imported;
use crate::{Actor, Error};

#[tokio::test]
async fn only_differences_are_written_and_audited() {
    let world = World::new().await;
    let mut grants = grants(GRANT);
    let policy = crate::Policy::shipped().digest().unwrap();
    let first = world.catalog.import(&world.actor, import(&policy, &grants)).await.unwrap();
    assert_eq!(first, Imported { added: 2, changed: 0, removed: 0 });
    let size = world.catalog.head().await.unwrap().size;
    assert_eq!(world.catalog.import(&world.actor, import(&policy, &grants)).await.unwrap(), Imported::default());
    assert_eq!(world.catalog.head().await.unwrap().size, size);

    let stored = world.catalog.grants(&world.actor).await.unwrap();
    assert_eq!(stored[0].provenance, Provenance::File);
    assert_eq!(stored[0].grant, grants[0]);
    assert_eq!(stored[0].digest, grants[0].digest().unwrap());
    assert_eq!(world.catalog.policy_digest(&world.actor).await.unwrap(), Some(policy.clone()));

    grants[0].title.push('！');
    let changed = world.catalog.import(&world.actor, import(&policy, &grants)).await.unwrap();
    assert_eq!(changed, Imported { added: 0, changed: 1, removed: 0 });
    let removed = world.catalog.import(&world.actor, import(&policy, &[])).await.unwrap();
    assert_eq!(removed, Imported { added: 0, changed: 0, removed: 1 });
    let kinds: Vec<_> = world.catalog.audit_entries(&world.actor, 0, 10).await.unwrap();
    let acts: Vec<_> = kinds.iter().map(|entry| (entry.kind.as_str(), entry.detail["act"].as_str().unwrap())).collect();
    assert_eq!(
        acts,
        [
            ("grant.import", "added"),
            ("policy.import", "added"),
            ("grant.import", "changed"),
            ("grant.import", "removed")
        ]
    );
}

#[tokio::test]
async fn a_tenant_sees_and_removes_only_its_own() {
    let world = World::new().await;
    let county = Actor::new("county", "ops");
    let grants = grants(GRANT);
    world.catalog.import(&world.actor, import("p", &grants)).await.unwrap();
    assert!(world.catalog.grants(&county).await.unwrap().is_empty());
    world.catalog.import(&county, import("p", &[])).await.unwrap();
    assert_eq!(world.catalog.grants(&world.actor).await.unwrap().len(), 1);
    assert!(world.catalog.audit_entries(&county, 0, 10).await.unwrap().iter().all(|entry| entry.tenant == "county"));
}

#[tokio::test]
async fn two_grants_of_one_number_are_refused() {
    let world = World::new().await;
    let twice = [grants(GRANT), grants(GRANT)].concat();
    assert!(matches!(world.catalog.import(&world.actor, import("p", &twice)).await, Err(Error::Mismatch { .. })));
    assert!(world.catalog.grants(&world.actor).await.unwrap().is_empty());
}
