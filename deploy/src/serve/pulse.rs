//! Signs of life: all ticks this process runs are kept in one write; what the ledger answers reaches the runs.

use std::sync::Arc;

use catalog::schedule::Beat;
use pipelines::lease::ttl;
use pipelines::schedule::Reason;
use tokio_util::sync::CancellationToken;

use super::control::Why;
use super::hub::Hub;

/// Keeps this process's ticks until told to stop.
pub(super) async fn keep(hub: Arc<Hub>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hub.wake_pulse.notified() => {}
            () = tokio::time::sleep(hub.settings.beat()) => {}
        }
        let held = hub.running().clone();
        let beats: Vec<Beat> = held
            .iter()
            .map(|(id, held)| Beat { id: id.clone(), token: held.token, phase: held.control.phase() })
            .collect();
        let Ok(pulses) = hub.group.beat(&hub.name, beats, ttl(hub.settings.lease)).await else {
            // Whether the ticks still hold is told by the next answer; their targets have leases of their own.
            hub.metrics.ledger_failed();
            continue;
        };
        for pulse in pulses {
            let Some(held) = held.get(&pulse.id) else { continue };
            match pulse.cancel {
                _ if !pulse.alive => held.control.end(Why::Lost),
                Some(reason) => held.control.end(Why::Asked(Reason::of(&reason).unwrap_or(Reason::Withdrawn))),
                None => {}
            }
        }
    }
}
