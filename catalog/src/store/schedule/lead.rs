//! Who leads: one scheduler at a time, by a lease like that of a target.

use crate::ledger::Lease;
use crate::store::Catalog;
use crate::{Actor, Error};
use chrono::TimeDelta;
use sqlx::{Row, query};

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

    /// Who has the lead, or had it last; it is that scheduler's until the lease ends. `None` when nobody ever led, or
    /// whoever did gave it back.
    ///
    /// # Errors
    /// K301.
    pub async fn leader(&self, actor: &Actor) -> Result<Option<Lease>, Error> {
        let found = query("SELECT owner, token, expires_at FROM lease WHERE tenant = $1 AND target = $2")
            .bind(&actor.tenant)
            .bind(LEAD)
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = found else { return Ok(None) };
        let owner: Option<String> = row.try_get("owner")?;
        let (token, expires_at) = (row.try_get("token")?, row.try_get("expires_at")?);
        Ok(owner.map(|owner| Lease { target: LEAD.to_owned(), owner, token, expires_at }))
    }
}
