//! Taking ticks that are ready, as many as there are hands.

use std::sync::Arc;

use pipelines::lease::ttl;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Execute;
use super::attempt::attempt;
use super::control::Why;
use super::hub::Hub;

/// Takes ticks until told to stop, and then waits for the runs that go on: `patience` ends when they are to stop too.
/// Runs have a runtime of their own, so that no computation holds up a sign of life.
pub(super) async fn work(
    hub: Arc<Hub>,
    executor: Arc<dyn Execute>,
    runs: Handle,
    stop: CancellationToken,
    patience: CancellationToken,
) {
    let mut going = JoinSet::new();
    while !stop.is_cancelled() {
        while going.try_join_next().is_some() {}
        let free = hub.settings.workers.saturating_sub(u32::try_from(going.len()).unwrap_or(u32::MAX));
        match hub.group.claim(&hub.name, free, ttl(hub.settings.lease)).await {
            Ok(ticks) => {
                for tick in ticks {
                    going.spawn(attempt(Arc::clone(&hub), Arc::clone(&executor), runs.clone(), tick));
                }
            }
            Err(_) => hub.metrics.ledger_failed(),
        }
        hub.metrics.running(going.len());
        tokio::select! {
            () = stop.cancelled() => {}
            () = hub.wake_workers.notified() => {}
            Some(_) = going.join_next() => {}
            () = tokio::time::sleep(hub.settings.look) => {}
        }
    }
    let mut told = false;
    loop {
        tokio::select! {
            ended = going.join_next() => if ended.is_none() { break },
            () = patience.cancelled(), if !told => {
                told = true;
                drain(&hub);
            }
        }
        hub.metrics.running(going.len());
    }
    hub.metrics.running(0);
}

/// Tells every run to stop: the service is going down.
fn drain(hub: &Hub) {
    for held in hub.running().values() {
        held.control.end(Why::Drained);
    }
}
