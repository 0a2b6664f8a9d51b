//! One write transaction: the tenant, the user, the time it began, and the audit log inside it.

use super::Catalog;
use crate::audit::{Entry, Event};
use crate::merkle::{AuditHash, Frontier};
use crate::{Actor, Error, StoreFault, clock};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{Any, AnyConnection, Row, Transaction, query, query_scalar};

pub(super) const EPOCH: &str = "SELECT epoch FROM ledger_epoch ORDER BY ordinal DESC LIMIT 1";

/// A write transaction. Dropping it without [`WriteTx::commit`] rolls back.
pub(super) struct WriteTx {
    inner: Transaction<'static, Any>,
    pub(super) tenant: String,
    pub(super) user: String,
    pub(super) now: DateTime<Utc>,
    pub(super) today: NaiveDate,
    hash: AuditHash,
}

impl Catalog {
    pub(super) async fn write(&self, actor: &Actor) -> Result<WriteTx, Error> {
        let (inner, server) = self.dialect.begin(&self.writer).await?;
        let now = server.filter(|_| self.clock.real()).unwrap_or_else(|| self.clock.now());
        Ok(WriteTx {
            inner,
            tenant: actor.tenant.clone(),
            user: actor.name.clone(),
            now,
            today: clock::day(now),
            hash: self.hash,
        })
    }
}

impl WriteTx {
    pub(super) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    pub(super) fn now_text(&self) -> String {
        clock::text(self.now)
    }

    /// A UUID v7 of the transaction's time.
    pub(super) fn new_id(&self) -> String {
        let seconds = u64::try_from(self.now.timestamp()).unwrap_or(0);
        let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, self.now.timestamp_subsec_nanos());
        uuid::Uuid::new_v7(time).to_string()
    }

    pub(super) async fn epoch(&mut self) -> Result<String, Error> {
        Ok(query_scalar(EPOCH).fetch_one(self.conn()).await?)
    }

    /// Appends an entry with the next sequence; it exists if and only if the transaction commits.
    pub(super) async fn audit(&mut self, event: Event) -> Result<(), Error> {
        let head = query("SELECT size, frontier FROM audit_head WHERE id = 1").fetch_one(self.conn()).await?;
        let (size, frontier): (i64, String) = (head.try_get("size")?, head.try_get("frontier")?);
        let broken = || Error::Store { fault: StoreFault::Decode };
        let mut frontier =
            Frontier::restore(self.hash, u64::try_from(size).map_err(|_| broken())?, &frontier).ok_or_else(broken)?;
        let entry = Entry {
            seq: size + 1,
            tenant: self.tenant.clone(),
            at: self.now_text(),
            user: self.user.clone(),
            kind: event.kind,
            phase: event.phase.as_str().to_owned(),
            success: event.success,
            subject: event.subject,
            object: event.object,
            detail: event.detail,
        };
        let leaf = entry.leaf(self.hash)?;
        frontier.push(leaf);
        insert(self.conn(), &entry, &hex::encode(leaf), &hex::encode(frontier.root())).await?;
        query("UPDATE audit_head SET size = $1, frontier = $2 WHERE id = 1")
            .bind(entry.seq)
            .bind(frontier.to_text())
            .execute(self.conn())
            .await?;
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }
}

async fn insert(conn: &mut AnyConnection, entry: &Entry, leaf: &str, root: &str) -> Result<(), Error> {
    query(
        "INSERT INTO audit_entry (seq, tenant, at, user_name, kind, phase, success, subject, object, detail, leaf, root) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(entry.seq)
    .bind(&entry.tenant)
    .bind(&entry.at)
    .bind(&entry.user)
    .bind(&entry.kind)
    .bind(&entry.phase)
    .bind(i64::from(entry.success))
    .bind(&entry.subject)
    .bind(&entry.object)
    .bind(crate::digest::canonical_json(&entry.detail)?)
    .bind(leaf)
    .bind(root)
    .execute(conn)
    .await?;
    Ok(())
}
