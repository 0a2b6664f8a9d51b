//! What is kept for a while and then dropped.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(3600);

/// Drops logs of runs that are older than the settings keep them, once an hour, until told to stop.
pub(super) async fn logs(hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(ROUND) => {}
        }
        if hub.catalog.prune_logs(&hub.actor, Utc::now() - hub.settings.log_keep).await.is_err() {
            hub.metrics.ledger_failed();
        }
    }
}
