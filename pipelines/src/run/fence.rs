//! The lease of a job as its targets' fence.

use async_trait::async_trait;
use catalog::clock::Actor;
use catalog::ledger::Lease;
use catalog::store::Catalog;

use crate::publish::{Error, Fence};

/// Passes while the ledger knows no newer lease on the target.
#[derive(Debug)]
pub(super) struct LeaseFence {
    pub(super) catalog: Catalog,
    pub(super) actor: Actor,
    pub(super) lease: Lease,
}

#[async_trait]
impl Fence for LeaseFence {
    async fn check(&self, target: &str) -> Result<(), Error> {
        let target = target.to_owned();
        match self.catalog.still_holds(&self.actor, &self.lease).await {
            Ok(()) => Ok(()),
            Err(catalog::Error::StaleLease { .. }) => Err(Error::Superseded { target }),
            Err(_) => Err(Error::Unknown { target }),
        }
    }
}
