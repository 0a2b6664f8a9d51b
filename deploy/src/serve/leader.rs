//! Who leads: one process at a time takes the lead, the others stand by.

use std::sync::Arc;
use std::time::Duration;

use catalog::store::LEAD;
use pipelines::lease;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::term::Term;

/// Between two tries to take the lead.
const STAND_BY: Duration = Duration::from_millis(500);

/// Leads whenever nobody else does, until told to stop.
pub(super) async fn lead(hub: Arc<Hub>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        hub.turn();
        let owner = hub.name.as_str();
        match lease::take(&hub.catalog, &hub.actor, LEAD, owner, hub.settings.lead()).await {
            Ok(lease) => {
                hub.metrics.leads(true);
                Term::new(&hub, lease.clone()).serve(&stop).await;
                hub.metrics.leads(false);
                // Given back, another one leads at once; else it waits until the lease has run out.
                let _ = hub.catalog.release(&hub.actor, &lease).await;
            }
            Err(pipelines::Error::Busy { .. }) => hub.metrics.follows(),
            Err(_) => hub.metrics.ledger_failed(),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(STAND_BY) => {}
        }
    }
}
