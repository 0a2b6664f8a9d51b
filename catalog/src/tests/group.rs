//! Many tasks that write through one group.

use super::World;
use crate::Error;
use crate::ledger::Lease;
use crate::schedule::{Beat, Cause, Left, NewTick, Op, Tick, TickFilter, TickId, TickState};
use crate::store::Group;
use chrono::TimeDelta;
use futures::FutureExt;
use futures::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

const TTL: TimeDelta = TimeDelta::minutes(5);

/// A group of a world with so many ticks ready, each of a pipeline of its own.
pub(in crate::tests) async fn with_ready(world: &World, ticks: usize) -> (Group, Lease) {
    let lead = world.catalog.lead(&world.actor, "s1", TTL).await.unwrap().unwrap();
    let group = Group::new(world.catalog.clone(), world.actor.clone());
    let ops = (0..ticks).flat_map(|number| promise(&format!("p{number:03}"))).collect();
    assert!(group.apply(&lead, ops).await.unwrap());
    (group, lead)
}

fn promise(pipeline: &str) -> [Op; 2] {
    let at = "2026-11-20T02:30:00Z".parse().unwrap();
    let id = TickId { pipeline: pipeline.to_owned(), key: "2026-11-20T02:30:00Z".to_owned() };
    let tick = NewTick {
        id: id.clone(),
        cause: Cause::Schedule,
        scheduled_at: at,
        interval_start: at - TimeDelta::days(1),
        interval_end: at,
        biz_date: crate::date::parse("2026-11-19").unwrap(),
        definition_digest: "d".to_owned(),
        owner: "320900-hrss".to_owned(),
        pool: "default".to_owned(),
        priority: 5,
    };
    [Op::Promise { tick, state: TickState::Queued, reason: None, successor: None }, Op::Ready { id }]
}

fn succeeded() -> Left {
    Left::Ended { state: TickState::Succeeded, reason: None, successor: None }
}

async fn ended(world: &World) -> Vec<Tick> {
    let filter = TickFilter { states: vec![TickState::Succeeded], limit: 1000, ..TickFilter::default() };
    world.catalog.ticks(&world.actor, &filter).await.unwrap()
}

#[tokio::test]
async fn every_tick_goes_to_one_task_and_many_share_a_commit() {
    let world = World::new().await;
    let (group, _lead) = with_ready(&world, 60).await;
    let take = |worker: usize| {
        let group = group.clone();
        async move {
            let ticks = group.claim(&format!("w{}", worker % 3), 2, TTL).await.unwrap();
            let beats = ticks.iter().map(|tick| Beat { id: tick.tick.id.clone(), token: tick.token, phase: None });
            let pulses = group.beat(&format!("w{}", worker % 3), beats.collect(), TTL).await.unwrap();
            assert!(pulses.iter().all(|pulse| pulse.alive));
            assert_eq!(pulses.len(), ticks.len());
            for tick in &ticks {
                assert_eq!(tick.worker, Some(format!("w{}", worker % 3)));
                group.leave(&tick.tick.id, tick.token, &succeeded(), Some("run")).await.unwrap();
            }
            ticks
        }
    };
    let taken: Vec<Tick> = join_all((0..40).map(take)).await.into_iter().flatten().collect();
    let names: BTreeSet<&TickId> = taken.iter().map(|tick| &tick.tick.id).collect();
    assert_eq!((taken.len(), names.len()), (60, 60));
    let all = ended(&world).await;
    assert!(all.len() == 60 && all.iter().all(|tick| tick.attempt == 1));
    let written = group.written();
    assert!(written.commits * 3 < written.requests, "{written:?}");
    // An entry for every end, and the log holds.
    assert_eq!(world.catalog.head().await.unwrap().size, 60);
}

#[tokio::test]
async fn who_is_refused_is_refused_alone() {
    let world = World::new().await;
    let (group, lead) = with_ready(&world, 9).await;
    let ticks = group.claim("w", 9, TTL).await.unwrap();
    let stale = Lease { token: lead.token + 1, ..lead.clone() };
    let (left, refused) = tokio::join!(
        join_all(ticks.iter().map(|tick| {
            let token = tick.token + i64::from(tick.tick.id.pipeline == "p004");
            let group = &group;
            async move { group.leave(&tick.tick.id, token, &succeeded(), None).await }
        })),
        group.apply(&stale, promise("late").into()),
    );
    let wrong: Vec<usize> = left.iter().enumerate().filter(|(_, answer)| answer.is_err()).map(|(at, _)| at).collect();
    assert_eq!(wrong, [4]);
    assert!(matches!(left[4], Err(Error::StaleLease { .. })));
    assert!(matches!(refused, Err(Error::StaleLease { .. })));
    assert_eq!(ended(&world).await.len(), 8);
    assert!(group.apply(&lead, promise("late").into()).await.unwrap());
}

#[tokio::test]
async fn what_was_asked_for_is_written_even_if_nobody_waits() {
    let world = World::new().await;
    let (group, _lead) = with_ready(&world, 1).await;
    let tick = group.claim("w", 1, TTL).await.unwrap().remove(0);
    let unheard = group.leave(&tick.tick.id, tick.token, &succeeded(), None).now_or_never();
    assert!(unheard.is_none(), "the request waits, and now nobody waits for it");
    drop(group);
    let written = async {
        while ended(&world).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), written).await.unwrap();
}
