//! Who leads: one scheduler at a time, by a lease like that of a target.

use crate::ledger::Lease;
use crate::store::Catalog;
use crate::{Actor, Error};
use chrono::TimeDelta;

/// Target of the lease that the leading scheduler holds. Targets of jobs have a colon in their name.
pub const LEAD: &str = "schedule";

impl Catalog {
    /// Takes the lead, or answers `None` while another one has it. It is kept with [`Catalog::renew`] and given back with
    /// [`Catalog::release`], as any lease.
    ///
    /// # Errors
    /// K301.
    pub async fn lead(&self, actor: &Actor, owner: &str, ttl: TimeDelta) -> Result<Option<Lease>, Error> {
        match self.acquire(actor, LEAD, owner, ttl).await {
            Ok(lease) => Ok(Some(lease)),
            Err(Error::LeaseHeld { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }
}
