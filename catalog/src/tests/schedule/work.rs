//! What workers do: claims, signs of life, ends; under tokens.

use super::{TTL, World, at, id, promise, ready};
use crate::Error;
use crate::schedule::{Beat, Leaving, Left, Op, Pulse, Tick, TickState};
use chrono::TimeDelta;
use serde_json::json;

fn beat_of(tick: &Tick, phase: Option<&str>) -> Beat {
    Beat { id: tick.tick.id.clone(), token: tick.token, phase: phase.map(str::to_owned) }
}

fn ended(state: TickState) -> Left {
    Left::Ended { state, reason: None, successor: None }
}

#[tokio::test]
async fn the_first_to_be_ready_is_the_first_to_be_claimed() {
    let world = World::new().await;
    assert!(world.apply(&["c", "a", "b", "d"].map(|pipeline| promise(pipeline, 1))).await);
    assert!(world.apply(&[ready("c", 1), ready("a", 1)]).await);
    assert!(
        world
            .apply(&[ready("b", 1), ready("d", 1), Op::Wait { id: id("c", "01"), reason: json!({}) }, ready("c", 1)])
            .await
    );
    let two = world.catalog.claim(&world.actor, "w1", 2, TTL).await.unwrap();
    assert_eq!(two.iter().map(|tick| tick.tick.id.pipeline.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let tick = &two[0];
    assert_eq!((tick.state, tick.token, tick.attempt, tick.revision), (TickState::Running, 1, 1, 1));
    assert_eq!((tick.worker.as_deref(), tick.started_at), (Some("w1"), Some(at("2026-11-20T02:30:00Z"))));
    assert_eq!(tick.lease_until, Some(at("2026-11-20T02:30:30Z")));
    assert_eq!(world.tick("a", "01").await, *tick);
    let rest = world.catalog.claim(&world.actor, "w2", 9, TTL).await.unwrap();
    assert_eq!(rest.iter().map(|tick| tick.tick.id.pipeline.as_str()).collect::<Vec<_>>(), ["d", "c"]);
    assert!(world.catalog.claim(&world.actor, "w2", 9, TTL).await.unwrap().is_empty());
}

#[tokio::test]
async fn claimers_never_get_the_same_tick() {
    let world = World::new().await;
    let pipelines: Vec<String> = (0..60).map(|number| format!("p{number:02}")).collect();
    let mut ops: Vec<Op> = pipelines.iter().map(|pipeline| promise(pipeline, 1)).collect();
    ops.extend(pipelines.iter().map(|pipeline| ready(pipeline, 1)));
    assert!(world.apply(&ops).await);
    let other = super::super::open(&world.address, &world.clock).await;
    let claimers = (0..6).map(|number| {
        let catalog = if number % 2 == 0 { world.catalog.clone() } else { other.clone() };
        let actor = world.actor.clone();
        tokio::spawn(async move {
            let mut got = Vec::new();
            loop {
                let ticks = catalog.claim(&actor, &format!("w{number}"), 3, TTL).await.unwrap();
                if ticks.is_empty() {
                    return got;
                }
                got.extend(ticks.into_iter().map(|tick| tick.tick.id.pipeline));
            }
        })
    });
    let mut all = Vec::new();
    for claimer in claimers.collect::<Vec<_>>() {
        all.extend(claimer.await.unwrap());
    }
    all.sort();
    assert_eq!(all, pipelines);
}

#[tokio::test]
async fn a_beat_prolongs_what_its_token_has() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let tick = world.running().await;
    world.clock.forward(TimeDelta::seconds(20));
    let pulses = catalog.beat(actor, "w1", &[beat_of(&tick, Some("stage"))], TTL).await.unwrap();
    let alive = Pulse { id: tick.tick.id.clone(), alive: true, cancel: None };
    assert_eq!(pulses, std::slice::from_ref(&alive));
    let now = world.tick("a", "01").await;
    assert_eq!(now.lease_until, Some(at("2026-11-20T02:30:50Z")));
    assert_eq!((now.phase.as_deref(), now.revision), (Some("stage"), 2));

    assert!(world.apply(&[Op::Cancel { id: tick.tick.id.clone(), reason: json!({ "why": "stopped" }) }]).await);
    let pulses = catalog.beat(actor, "w1", &[beat_of(&tick, None)], TTL).await.unwrap();
    assert_eq!(pulses, [Pulse { cancel: Some(json!({ "why": "stopped" })), ..alive.clone() }]);
    assert_eq!(world.tick("a", "01").await.phase.as_deref(), Some("stage"));

    let dead = Pulse { alive: false, ..alive };
    let mut stale = beat_of(&tick, None);
    stale.token -= 1;
    let unknown = Beat { id: id("none", "01"), ..stale.clone() };
    let pulses = catalog.beat(actor, "w1", &[stale, unknown, beat_of(&tick, None)], TTL).await.unwrap();
    assert_eq!(pulses.iter().map(|pulse| pulse.alive).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(catalog.beat(actor, "w2", &[beat_of(&tick, None)], TTL).await.unwrap(), std::slice::from_ref(&dead));

    // Late is not too late, as long as nobody took the tick back.
    world.clock.forward(TTL * 2);
    assert!(catalog.beat(actor, "w1", &[beat_of(&tick, None)], TTL).await.unwrap()[0].alive);
    world.clock.forward(TTL);
    let lost = Op::Reclaim { id: tick.tick.id.clone(), not_before: at("2026-11-20T02:30:00Z"), reason: json!({}) };
    assert!(world.apply(&[lost, ready("a", 1)]).await);
    assert_eq!(catalog.beat(actor, "w1", &[beat_of(&tick, None)], TTL).await.unwrap(), std::slice::from_ref(&dead));
    let successor = world.claim_one().await;
    assert!(successor.cancel.is_some(), "what somebody asked for outlives the worker that was told");
    assert_eq!(catalog.beat(actor, "w1", &[beat_of(&tick, None)], TTL).await.unwrap(), [dead]);
    assert!(catalog.beat(actor, "w1", &[], TTL).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tick_is_left_once_by_who_has_it() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let tick = world.running().await;
    let tick_id = &tick.tick.id;
    let stale = Err(Error::StaleLease { target: "a@01".to_owned() });
    assert_eq!(catalog.leave(actor, tick_id, tick.token - 1, &ended(TickState::Failed), None).await, stale);
    let wrong = catalog.leave(actor, tick_id, tick.token, &ended(TickState::Queued), None).await;
    assert!(matches!(wrong, Err(Error::Mismatch { .. })));
    catalog.leave(actor, tick_id, tick.token, &ended(TickState::Succeeded), Some("run-1")).await.unwrap();
    let left = world.tick("a", "01").await;
    assert_eq!((left.state, left.run.as_deref(), left.lease_until), (TickState::Succeeded, Some("run-1"), None));
    assert_eq!((left.finished_at, left.revision), (Some(at("2026-11-20T02:30:00Z")), 2));
    assert_eq!(catalog.leave(actor, tick_id, tick.token, &ended(TickState::Failed), None).await, stale);
    assert_eq!(world.told().await, [("tick.end".to_owned(), true)]);
    let reopen = Op::Reopen { id: tick_id.clone(), reason: json!({}) };
    assert!(!world.apply(&[reopen]).await, "a success is never reopened");
}

#[tokio::test]
async fn an_attempt_that_is_repeated_counts_only_when_it_says_so() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    assert!(world.apply(&[promise("a", 1)]).await);
    for (counts, tries) in [(true, 1), (false, 1), (true, 2)] {
        assert!(world.apply(&[ready("a", 1)]).await);
        let tick = world.claim_one().await;
        let (not_before, reason) = (at("2026-11-20T02:35:00Z"), json!({ "why": "retry" }));
        let left = Left::Again { not_before, reason: reason.clone(), counts };
        let run = (tries == 1).then_some("run-1");
        catalog.leave(actor, &tick.tick.id, tick.token, &left, run).await.unwrap();
        let now = world.tick("a", "01").await;
        assert_eq!((now.state, now.tries, now.not_before), (TickState::Queued, tries, Some(not_before)));
        assert_eq!((now.reason, now.run.as_deref(), now.lease_until), (Some(reason), Some("run-1"), None));
    }
    assert_eq!(world.tick("a", "01").await.attempt, 3);
    assert_eq!(world.told().await, [], "a tick that goes on is told by its runs");
}

#[tokio::test]
async fn of_many_that_leave_at_once_a_stale_one_fails_alone() {
    let world = World::new().await;
    assert!(world.apply(&["a", "b", "c"].map(|pipeline| promise(pipeline, 1))).await);
    assert!(world.apply(&["a", "b", "c"].map(|pipeline| ready(pipeline, 1))).await);
    let ticks = world.catalog.claim(&world.actor, "w1", 9, TTL).await.unwrap();
    let mut leaving: Vec<Leaving> = ticks
        .iter()
        .map(|tick| Leaving {
            id: tick.tick.id.clone(),
            token: tick.token,
            left: ended(TickState::Withheld),
            run: None,
        })
        .collect();
    leaving[1].token += 1;
    leaving.push(leaving[0].clone());
    let answers = world.catalog.leave_all(&world.actor, &leaving).await.unwrap();
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, false]);
    assert_eq!(world.tick("b", "01").await.state, TickState::Running);
    let changes = world.catalog.changes(&world.actor, 3, 9).await.unwrap();
    assert_eq!(
        changes.iter().map(|tick| (tick.tick.id.pipeline.as_str(), tick.revision)).collect::<Vec<_>>(),
        [("a", 4), ("c", 5)]
    );
}
