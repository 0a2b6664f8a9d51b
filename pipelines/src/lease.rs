//! Leases while they are held: taken, prolonged in the background, and given up as soon as somebody else has them.
//!
//! The ledger's lease is the only truth, also between processes of one machine: a process that stands still holds
//! nothing that its successor would have to wait for longer than the lease lasts. Only a holder that is proven dead
//! ([`holder`]) is followed at once.

pub mod holder;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use catalog::clock::Actor;
use catalog::ledger::Lease;
use catalog::store::Catalog;
use chrono::TimeDelta;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Takes the lease on a target. What a dead process of this machine left is taken over before it runs out.
///
/// # Errors
/// [`Error::Busy`] while another owner holds it.
pub async fn take(
    catalog: &Catalog,
    actor: &Actor,
    target: &str,
    owner: &str,
    lasting: Duration,
) -> Result<Lease, Error> {
    let ttl = ttl(lasting);
    let busy = |error: catalog::Error| match error {
        catalog::Error::LeaseHeld { .. } | catalog::Error::StaleLease { .. } => {
            Error::Busy { target: target.to_owned() }
        }
        other => other.into(),
    };
    match catalog.acquire(actor, target, owner, ttl).await {
        Err(catalog::Error::LeaseHeld { owner: dead, .. }) if holder::is_dead(&dead) => {
            // Taken in the dead one's name and given back; of several who do this, only the last token counts.
            let left = catalog.acquire(actor, target, &dead, ttl).await.map_err(busy)?;
            catalog.release(actor, &left).await.map_err(busy)?;
            catalog.acquire(actor, target, owner, ttl).await.map_err(busy)
        }
        taken => taken.map_err(busy),
    }
}

/// A span of time as the ledger takes it.
pub fn ttl(lasting: Duration) -> TimeDelta {
    TimeDelta::from_std(lasting).unwrap_or(TimeDelta::minutes(1))
}

/// Prolongs a lease until dropped.
#[derive(Debug)]
pub struct Keeper {
    lost: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Prolongs `lease` three times in its duration. `stop` is cancelled at once when somebody else has it, or when it
    /// ran out while the ledger could not be reached.
    pub fn start(catalog: Catalog, actor: Actor, lease: Lease, lasting: Duration, stop: CancellationToken) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&lost);
        let task = tokio::spawn(async move {
            prolong(&catalog, &actor, &lease, lasting).await;
            told.store(true, Ordering::SeqCst);
            stop.cancel();
        });
        Self { lost, task }
    }

    /// Whether the lease is gone.
    pub fn lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns when the lease is gone.
async fn prolong(catalog: &Catalog, actor: &Actor, lease: &Lease, lasting: Duration) {
    let mut until = Instant::now() + lasting;
    let mut pause = lasting / 3;
    loop {
        tokio::time::sleep(pause).await;
        let asked = Instant::now();
        match catalog.renew(actor, lease, ttl(lasting)).await {
            Ok(_) => (until, pause) = (asked + lasting, lasting / 3),
            Err(catalog::Error::StaleLease { .. }) => return,
            Err(_) if Instant::now() >= until => return,
            Err(_) => pause = (lasting / 20).min(Duration::from_secs(1)),
        }
    }
}

#[cfg(test)]
mod tests;
