//! Leases with fencing tokens: one worker a target.

use super::Catalog;
use super::tx::WriteTx;
use crate::ledger::Lease;
use crate::{Actor, Error, clock};
use chrono::TimeDelta;
use sqlx::{Row, query, query_scalar};
use std::sync::Arc;

/// The token of whoever holds a target.
const NEWEST: &str = "SELECT token FROM lease WHERE tenant = $1 AND target = $2 AND owner IS NOT NULL";

impl Catalog {
    /// Takes the lease on a target that nobody holds, whose lease has run out, or that `owner` itself held before.
    /// The token is greater than every earlier token of the target, so that an earlier holder is refused.
    ///
    /// # Errors
    /// K305 while another owner holds it.
    pub async fn acquire(&self, actor: &Actor, target: &str, owner: &str, ttl: TimeDelta) -> Result<Lease, Error> {
        let mut tx = self.write(actor).await?;
        let held = query("SELECT owner, token, expires_at FROM lease WHERE tenant = $1 AND target = $2")
            .bind(&actor.tenant)
            .bind(target)
            .fetch_optional(tx.conn())
            .await?;
        let mut token = 1;
        if let Some(held) = held {
            let (holder, until): (Option<String>, String) = (held.try_get("owner")?, held.try_get("expires_at")?);
            if let Some(holder) = holder.filter(|holder| holder != owner && until > tx.now_text()) {
                return Err(Error::LeaseHeld { target: target.to_owned(), owner: holder, until });
            }
            token = held.try_get::<i64, _>("token")? + 1;
        }
        let expires_at = clock::text(tx.now + ttl);
        query(
            "INSERT INTO lease (tenant, target, owner, token, expires_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant, target) DO UPDATE SET owner = excluded.owner, token = excluded.token, expires_at = excluded.expires_at",
        )
        .bind(&actor.tenant)
        .bind(target)
        .bind(owner)
        .bind(token)
        .bind(&expires_at)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Lease { target: target.to_owned(), owner: owner.to_owned(), token, expires_at })
    }

    /// Prolongs a lease from now; also one that ran out, as long as nobody took it over.
    ///
    /// # Errors
    /// K304 when someone took it over or it was released.
    pub async fn renew(&self, actor: &Actor, lease: &Lease, ttl: TimeDelta) -> Result<Lease, Error> {
        let mut tx = self.write(actor).await?;
        let expires_at = clock::text(tx.now + ttl);
        tx.touch(lease, Some(&lease.owner), &expires_at).await?;
        tx.commit().await?;
        Ok(Lease { expires_at, ..lease.clone() })
    }

    /// The catalog as the holder of a lease uses it: as soon as somebody else took the lease over, every write is
    /// refused with K304 and changes nothing.
    #[must_use]
    pub fn under(&self, lease: &Lease) -> Catalog {
        Catalog { fence: Some(Arc::new(lease.clone())), ..self.clone() }
    }

    /// Whether nobody took a lease over or released it; a look that locks nothing.
    ///
    /// # Errors
    /// K304 when someone did.
    pub async fn still_holds(&self, actor: &Actor, lease: &Lease) -> Result<(), Error> {
        let newest: Option<i64> =
            query_scalar(NEWEST).bind(&actor.tenant).bind(&lease.target).fetch_optional(&self.reader).await?;
        if newest == Some(lease.token) { Ok(()) } else { Err(Error::StaleLease { target: lease.target.clone() }) }
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// K304 when someone took it over or it was released.
    pub async fn release(&self, actor: &Actor, lease: &Lease) -> Result<(), Error> {
        let mut tx = self.write(actor).await?;
        let now = tx.now_text();
        tx.touch(lease, None, &now).await?;
        tx.commit().await
    }
}

impl WriteTx {
    async fn touch(&mut self, lease: &Lease, owner: Option<&str>, expires_at: &str) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        let done = query(
            "UPDATE lease SET owner = $1, expires_at = $2 WHERE tenant = $3 AND target = $4 AND token = $5 AND owner = $6",
        )
        .bind(owner)
        .bind(expires_at)
        .bind(tenant)
        .bind(&lease.target)
        .bind(lease.token)
        .bind(&lease.owner)
        .execute(self.conn())
        .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(Error::StaleLease { target: lease.target.clone() }) }
    }

    /// Refuses a token that is not the target's newest, or whose lease was given back.
    pub(super) async fn fence(&mut self, target: &str, token: i64) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        let newest: Option<i64> = query_scalar(NEWEST).bind(tenant).bind(target).fetch_optional(self.conn()).await?;
        if newest == Some(token) { Ok(()) } else { Err(Error::StaleLease { target: target.to_owned() }) }
    }
}
