//! One write transaction: the tenant, the user, the time it began, and the audit log inside it.

use super::Catalog;
use super::batch::{self, Cell};
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
    events: Vec<Event>,
}

impl Catalog {
    pub(super) async fn write(&self, actor: &Actor) -> Result<WriteTx, Error> {
        let (inner, server) = self.dialect.begin(&self.writer).await?;
        let now = server.filter(|_| self.clock.real()).unwrap_or_else(|| self.clock.now());
        let mut tx = WriteTx {
            inner,
            tenant: actor.tenant.clone(),
            user: actor.name.clone(),
            now,
            today: clock::day(now),
            hash: self.hash,
            events: Vec::new(),
        };
        if let Some(lease) = &self.fence {
            tx.fence(&lease.target, lease.token).await?;
        }
        Ok(tx)
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

    /// Appends an entry to the log; it exists if and only if the transaction commits.
    pub(super) fn audit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Writes the entries, with the next sequence numbers, and commits.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        let events = std::mem::take(&mut self.events);
        if !events.is_empty() {
            self.append(events).await?;
        }
        Ok(self.inner.commit().await?)
    }

    async fn append(&mut self, events: Vec<Event>) -> Result<(), Error> {
        let head = query("SELECT size, frontier FROM audit_head WHERE id = 1").fetch_one(self.conn()).await?;
        let (size, frontier): (i64, String) = (head.try_get("size")?, head.try_get("frontier")?);
        let broken = || Error::Store { fault: StoreFault::Decode };
        let mut frontier =
            Frontier::restore(self.hash, u64::try_from(size).map_err(|_| broken())?, &frontier).ok_or_else(broken)?;
        let at = self.now_text();
        let mut rows = Vec::with_capacity(events.len());
        for (seq, event) in (size + 1..).zip(events) {
            let entry = Entry {
                seq,
                tenant: self.tenant.clone(),
                at: at.clone(),
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
            rows.push(cells(entry, hex::encode(leaf), hex::encode(frontier.root()))?);
        }
        let size = size + rows.len() as i64;
        let tenant = self.tenant.clone();
        batch::insert(self.conn(), &tenant, ENTRY, rows, "").await?;
        query("UPDATE audit_head SET size = $1, frontier = $2 WHERE id = 1")
            .bind(size)
            .bind(frontier.to_text())
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

/// Table of entries with the columns of [`cells`].
const ENTRY: &str =
    "audit_entry (tenant, seq, at, user_name, kind, phase, success, subject, object, detail, leaf, root)";

fn cells(entry: Entry, leaf: String, root: String) -> Result<[Cell; 11], Error> {
    Ok([
        entry.seq.into(),
        entry.at.into(),
        entry.user.into(),
        entry.kind.into(),
        entry.phase.into(),
        i64::from(entry.success).into(),
        entry.subject.into(),
        entry.object.into(),
        crate::digest::canonical_json(&entry.detail)?.into(),
        leaf.into(),
        root.into(),
    ])
}
