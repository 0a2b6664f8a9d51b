//! What is kept for a while and then dropped. Ticks and the audit log are not: they are what is proven.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(3600);

/// Drops, once an hour and until told to stop, what is older than the settings keep it: logs of runs, notices that are
/// over, requests that were answered.
pub(super) async fn old(hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(ROUND) => {}
        }
        let (catalog, actor, now) = (&hub.catalog, &hub.actor, Utc::now());
        let dropped = [
            catalog.prune_logs(actor, now - hub.settings.log_keep).await,
            catalog.prune_notices(actor, now - hub.settings.keep).await,
            catalog.prune_requests(actor, now - hub.settings.keep).await,
        ];
        if dropped.iter().any(Result::is_err) {
            hub.metrics.ledger_failed();
        }
    }
}
