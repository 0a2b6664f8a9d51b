//! Several handles and several processes on one catalog.

use super::{World, new_intent, open, published};
use crate::audit::Verification;
use crate::{Actor, Catalog, Error, SystemClock};
use chrono::TimeDelta;
use std::process::{Child, Command};
use std::sync::Arc;

const CHILD: &str = "SLUICE_CATALOG_TEST_CHILD";
const PER_CHILD: usize = 15;

/// Publishes again and again to one shared target, as a worker would: lease, finish what waits, stage, announce, close.
async fn work(address: String, owner: String, times: usize) {
    let catalog = Catalog::connect(&address, Arc::new(SystemClock)).await.unwrap();
    let actor = Actor::new("city", &owner);
    let mut done = 0;
    while done < times {
        let lease = match catalog.acquire(&actor, "shared", &owner, TimeDelta::seconds(5)).await {
            Ok(lease) => lease,
            Err(Error::LeaseHeld { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        for waiting in catalog.pending_intents(&actor, "shared").await.unwrap() {
            catalog.complete(&actor, &waiting.id, &published(waiting.publish_sequence)).await.unwrap();
        }
        let key = format!("{owner}-{done}");
        let occurrence = catalog.occurrence(&actor, &super::new_occurrence("shared", &key)).await.unwrap();
        let intent = catalog.record_intent(&actor, &new_intent(&occurrence, lease.token, &key)).await.unwrap();
        catalog.complete(&actor, &intent.id, &published(intent.publish_sequence)).await.unwrap();
        catalog.release(&actor, &lease).await.unwrap();
        done += 1;
    }
    catalog.close().await;
}

fn spawn(address: &str, owner: &str) -> Child {
    let (_, module) = module_path!().split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::child"), "--include-ignored"])
        .env(CHILD, format!("{owner}\n{address}"))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a test of its own: the body of the processes that the tests below start.
#[tokio::test]
#[ignore = "started by the other tests of this file"]
async fn child() {
    let Ok(task) = std::env::var(CHILD) else {
        return;
    };
    let (owner, address) = task.split_once('\n').unwrap();
    work(address.to_owned(), owner.to_owned(), PER_CHILD).await;
}

async fn assert_sound(catalog: &Catalog, actor: &Actor, at_least: usize) {
    assert!(matches!(catalog.verify().await.unwrap(), Verification::Intact { .. }));
    let receipts = catalog.receipts(actor, Some("shared"), 1000).await.unwrap();
    let mut sequences: Vec<_> = receipts.iter().map(|receipt| receipt.publish_sequence).collect();
    sequences.sort_unstable();
    assert!(sequences.len() >= at_least, "{} publications", sequences.len());
    assert_eq!(sequences, (1..=sequences.len() as i64).collect::<Vec<_>>());
}

#[tokio::test]
async fn two_processes_and_two_handles_share_one_catalog() {
    let world = World::new().await;
    let mut children = [spawn(&world.address, "p1"), spawn(&world.address, "p2")];
    let here = tokio::spawn(work(world.address.clone(), "h1".to_owned(), PER_CHILD));
    work(world.address.clone(), "h2".to_owned(), PER_CHILD).await;
    here.await.unwrap();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_sound(&world.catalog, &world.actor, 4 * PER_CHILD).await;
}

#[tokio::test]
async fn a_killed_process_leaves_a_sound_catalog() {
    let world = World::new().await;
    for round in 0..4u64 {
        let mut child = spawn(&world.address, &format!("k{round}"));
        let before = world.catalog.head().await.unwrap().size;
        while world.catalog.head().await.unwrap().size < before + 3 + round * 4 && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let catalog = open(&world.address, &world.clock).await;
        for waiting in catalog.pending_intents(&world.actor, "shared").await.unwrap() {
            catalog.complete(&world.actor, &waiting.id, &published(waiting.publish_sequence)).await.unwrap();
        }
        assert_sound(&catalog, &world.actor, 1).await;
        catalog.close().await;
        // The killed worker's lease runs out by the system clock; take it over as its own owner would.
        world.tamper("UPDATE lease SET owner = NULL").await;
    }
}

#[tokio::test]
async fn many_handles_opening_a_new_catalog_at_once_agree_on_its_epoch() {
    let world = World::new().await;
    let address = world.elsewhere("fresh.db");
    let opening = (0..8).map(|_| open(&address, &world.clock));
    let catalogs = futures::future::join_all(opening).await;
    let first = catalogs[0].epoch().await.unwrap();
    for catalog in &catalogs {
        assert_eq!(catalog.epoch().await.unwrap(), first);
    }
}
