//! Completing a publication, and what the ledger knows of a target.

use super::schedule::Counter;
use super::tx::WriteTx;
use super::{Catalog, row};
use crate::audit::Event;
use crate::ledger::{Disposition, Intent, Publication, Published};
use crate::{Actor, Error};
use serde_json::json;
use sqlx::{Row, query, query_scalar};

impl Catalog {
    /// Closes a publication that is in its target: intent, cursor, version, occurrence, row counts, receipts, lineage
    /// and audit outcome in one transaction. Repeating it changes nothing.
    ///
    /// # Errors
    /// K303 unknown intent, K306 when an earlier one waits, K314 when repeated with another version, K315 abandoned.
    pub async fn complete(&self, actor: &Actor, intent: &str, published: &Published) -> Result<(), Error> {
        let mut tx = self.write(actor).await?;
        let found = query("SELECT * FROM intent WHERE tenant = $1 AND id = $2")
            .bind(&actor.tenant)
            .bind(intent)
            .fetch_optional(tx.conn())
            .await?;
        let found = found.ok_or_else(|| Error::NotFound { what: "intent".to_owned(), id: intent.to_owned() })?;
        match found.try_get::<&str, _>("state")? {
            "pending" => {}
            "published" if found.try_get::<i64, _>("version")? == published.version => {
                return Ok(());
            }
            "published" => {
                return Err(Error::Mismatch { what: format!("version {}", published.version) });
            }
            _ => {
                return Err(Error::Abandoned { intent: intent.to_owned() });
            }
        }
        let intent = row::intent(&found)?;
        let last = tx.last_sequence(&intent.target).await?;
        if intent.publish_sequence != last + 1 {
            return Err(Error::EarlierIntent { target: intent.target, sequence: last + 1 });
        }
        let balance = crate::digest::canonical_json(&published.balance)?;
        tx.mark_published(&intent, published.version, Some(&balance)).await?;
        tx.move_target(&intent, published.version).await?;
        tx.record_rows(&intent, published).await?;
        tx.record_proofs(&intent, published).await?;
        tx.set_disposition(&intent.occurrence, Disposition::Succeeded, None).await?;
        let occurrence = tx.occurrence(&intent.occurrence).await?;
        let detail = json!({
            "occurrence": occurrence.id, "key": occurrence.key, "sequence": intent.publish_sequence,
            "manifest": intent.manifest_digest, "version": published.version, "balance": published.balance,
            "receipts": published.receipts.len(),
        });
        tx.audit(Event::done("publish", occurrence.pipeline, &intent.target, detail));
        tx.commit().await
    }

    /// The target's cursor: an opaque position, `None` before the first publication that set one.
    ///
    /// # Errors
    /// K301.
    pub async fn cursor(&self, actor: &Actor, target: &str) -> Result<Option<String>, Error> {
        let found: Option<Option<String>> =
            query_scalar("SELECT position FROM target WHERE tenant = $1 AND target = $2")
                .bind(&actor.tenant)
                .bind(target)
                .fetch_optional(&self.reader)
                .await?;
        Ok(found.flatten())
    }

    /// The target's last publication.
    ///
    /// # Errors
    /// K301.
    pub async fn last_published(&self, actor: &Actor, target: &str) -> Result<Option<Publication>, Error> {
        let found = query(
            "SELECT * FROM intent WHERE tenant = $1 AND target = $2 AND state = 'published' ORDER BY publish_sequence DESC LIMIT 1",
        )
        .bind(&actor.tenant)
        .bind(target)
        .fetch_optional(&self.reader)
        .await?;
        found.as_ref().map(row::publication).transpose()
    }

    /// What the occurrence of a target with that key published, if it did.
    ///
    /// # Errors
    /// K301.
    pub async fn published_by_occurrence(
        &self,
        actor: &Actor,
        target: &str,
        key: &str,
    ) -> Result<Option<Publication>, Error> {
        let found = query(
            "SELECT i.* FROM intent i JOIN occurrence o ON o.tenant = i.tenant AND o.id = i.occurrence_id \
             WHERE o.tenant = $1 AND o.target = $2 AND o.occurrence_key = $3 AND i.state = 'published'",
        )
        .bind(&actor.tenant)
        .bind(target)
        .bind(key)
        .fetch_optional(&self.reader)
        .await?;
        found.as_ref().map(row::publication).transpose()
    }

    /// Row counts of that name in the last `n` publications of a target, newest first: the baseline of a check.
    ///
    /// # Errors
    /// K301.
    pub async fn row_history(&self, actor: &Actor, target: &str, name: &str, n: u32) -> Result<Vec<i64>, Error> {
        Ok(query_scalar(
            "SELECT row_total FROM row_count WHERE tenant = $1 AND target = $2 AND name = $3 ORDER BY publish_sequence DESC LIMIT $4",
        )
        .bind(&actor.tenant)
        .bind(target)
        .bind(name)
        .bind(i64::from(n))
        .fetch_all(&self.reader)
        .await?)
    }
}

impl WriteTx {
    pub(super) async fn mark_published(
        &mut self,
        intent: &Intent,
        version: i64,
        balance: Option<&str>,
    ) -> Result<(), Error> {
        let (tenant, now, place) = (self.tenant.clone(), self.now_text(), self.number(Counter::Commit, 1).await?);
        query(
            "UPDATE intent SET state = 'published', published_at = $1, version = $2, balance = $3, commit_no = $6 \
             WHERE tenant = $4 AND id = $5",
        )
        .bind(now)
        .bind(version)
        .bind(balance)
        .bind(tenant)
        .bind(&intent.id)
        .bind(place)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Moves the target to an intent's sequence and cursor; an intent without a cursor leaves it where it is.
    pub(super) async fn move_target(&mut self, intent: &Intent, version: i64) -> Result<(), Error> {
        let (tenant, now) = (self.tenant.clone(), self.now_text());
        query(
            "INSERT INTO target (tenant, target, last_sequence, last_version, position, updated_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (tenant, target) DO UPDATE SET last_sequence = excluded.last_sequence, last_version = excluded.last_version, \
             position = COALESCE(excluded.position, target.position), updated_at = excluded.updated_at",
        )
        .bind(tenant)
        .bind(&intent.target)
        .bind(intent.publish_sequence)
        .bind(version)
        .bind(&intent.cursor_after)
        .bind(now)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    async fn record_rows(&mut self, intent: &Intent, published: &Published) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        for (name, rows) in &published.rows {
            query(
                "INSERT INTO row_count (tenant, target, publish_sequence, name, row_total) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&tenant)
            .bind(&intent.target)
            .bind(intent.publish_sequence)
            .bind(name)
            .bind(rows)
            .execute(self.conn())
            .await?;
        }
        Ok(())
    }
}
