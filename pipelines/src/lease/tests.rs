#![allow(clippy::unwrap_used)]

use catalog::clock::SystemClock;

use super::*;

const LASTING: Duration = Duration::from_millis(300);

async fn catalog(folder: &std::path::Path) -> (Catalog, Actor) {
    let catalog = Catalog::open(&folder.join("ledger.db"), Arc::new(SystemClock)).await.unwrap();
    (catalog, Actor::new("city", "tester"))
}

#[tokio::test]
async fn a_dead_holder_is_followed_at_once_and_a_living_one_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, actor) = catalog(folder.path()).await;
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let dead = holder::name("me@here").replace(&std::process::id().to_string(), &child.id().to_string());
    let hour = TimeDelta::hours(1);
    let left = catalog.acquire(&actor, "t", &dead, hour).await.unwrap();
    let own = holder::unique("me@here");
    let taken = take(&catalog, &actor, "t", &own, LASTING).await.unwrap();
    assert!(taken.token > left.token && taken.owner == own);
    let refused = take(&catalog, &actor, "t", &holder::unique("me@here"), LASTING).await;
    assert!(matches!(refused, Err(Error::Busy { .. })), "this process lives");
}

#[tokio::test]
async fn a_lease_that_somebody_else_has_stops_the_work_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, actor) = catalog(folder.path()).await;
    let lease = take(&catalog, &actor, "t", "a", LASTING).await.unwrap();
    let stop = CancellationToken::new();
    let keeper = Keeper::start(catalog.clone(), actor.clone(), lease.clone(), LASTING, stop.clone());
    tokio::time::sleep(LASTING * 2).await;
    assert!(!keeper.lost(), "prolonged beyond its duration");
    // Somebody else has it now, as after a pause of this process.
    catalog.release(&actor, &lease).await.unwrap();
    take(&catalog, &actor, "t", "b", LASTING).await.unwrap();
    stop.cancelled().await;
    assert!(keeper.lost());
}
