//! Occurrences: found or made, ended once, reopened only on request.

use super::Catalog;
use super::row::{self, occurrence_columns};
use super::tx::WriteTx;
use crate::audit::Event;
use crate::ledger::{Disposition, NewOccurrence, Occurrence};
use crate::{Actor, Error, clock};
use serde_json::{Value, json};
use sqlx::{query, query_scalar};

const BY_KEY: &str = concat!(
    "SELECT ",
    occurrence_columns!(),
    " FROM occurrence o WHERE o.tenant = $1 AND o.target = $2 AND o.occurrence_key = $3"
);
const BY_ID: &str = concat!("SELECT ", occurrence_columns!(), " FROM occurrence o WHERE o.tenant = $1 AND o.id = $2");
const LATEST: &str = concat!(
    "SELECT ",
    occurrence_columns!(),
    " FROM occurrence o WHERE o.tenant = $1 AND ($2 = '' OR o.target = $2) ORDER BY o.created_at DESC, o.id DESC LIMIT $3"
);

impl Catalog {
    /// Finds the occurrence of a target by its key, or makes it as pending. A found one keeps what it was made with.
    ///
    /// # Errors
    /// K301.
    pub async fn occurrence(&self, actor: &Actor, new: &NewOccurrence) -> Result<Occurrence, Error> {
        let mut tx = self.write(actor).await?;
        let occurrence = tx.get_or_create(new).await?;
        tx.commit().await?;
        Ok(occurrence)
    }

    /// The occurrence of a target with that key, if there is one.
    ///
    /// # Errors
    /// K301.
    pub async fn find_occurrence(&self, actor: &Actor, target: &str, key: &str) -> Result<Option<Occurrence>, Error> {
        let found = query(BY_KEY).bind(&actor.tenant).bind(target).bind(key).fetch_optional(&self.reader).await?;
        found.as_ref().map(row::occurrence).transpose()
    }

    /// The latest occurrences, newest first; of one target, or of all.
    ///
    /// # Errors
    /// K301.
    pub async fn list_occurrences(
        &self,
        actor: &Actor,
        target: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Occurrence>, Error> {
        let rows = query(LATEST)
            .bind(&actor.tenant)
            .bind(target.unwrap_or(""))
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(row::occurrence).collect()
    }

    /// Sets how far an occurrence is, or ends it. `reason` holds codes, names and counts, never values of data.
    /// Ending it again in the same way changes nothing. Success comes only from [`Catalog::complete`].
    ///
    /// # Errors
    /// K308 when it has ended otherwise, K313 when it has an unpublished intent, K314 for success.
    pub async fn finish(
        &self,
        actor: &Actor,
        occurrence: &str,
        disposition: Disposition,
        reason: Option<Value>,
    ) -> Result<(), Error> {
        if disposition == Disposition::Succeeded {
            return Err(Error::Mismatch { what: "success without a publication".to_owned() });
        }
        let mut tx = self.write(actor).await?;
        let present = tx.occurrence(occurrence).await?;
        if present.disposition == disposition && disposition.terminal() {
            return Ok(());
        }
        if present.disposition.terminal() {
            return Err(finished(&present));
        }
        if disposition.terminal() && tx.has_pending_intent(occurrence).await? {
            return Err(Error::IntentPending { occurrence: occurrence.to_owned() });
        }
        tx.set_disposition(occurrence, disposition, reason.as_ref()).await?;
        if disposition.terminal() {
            tx.audit_end(&present, disposition, reason);
        }
        tx.commit().await
    }

    /// Lets an occurrence that failed, was withheld, skipped or missed be tried again; it is pending then.
    ///
    /// # Errors
    /// K308 when it succeeded or was superseded.
    pub async fn reopen(&self, actor: &Actor, occurrence: &str) -> Result<(), Error> {
        let mut tx = self.write(actor).await?;
        let present = tx.occurrence(occurrence).await?;
        if !present.disposition.terminal() {
            return Ok(());
        }
        if !present.disposition.reopenable() {
            return Err(finished(&present));
        }
        tx.set_disposition(occurrence, Disposition::Pending, None).await?;
        let detail = json!({ "occurrence": occurrence, "key": present.key, "was": present.disposition.as_str() });
        tx.audit(Event::done("occurrence.reopen", present.pipeline, present.target, detail));
        tx.commit().await
    }
}

pub(super) fn finished(occurrence: &Occurrence) -> Error {
    Error::Finished { occurrence: occurrence.id.clone(), disposition: occurrence.disposition.as_str().to_owned() }
}

impl WriteTx {
    pub(super) async fn get_or_create(&mut self, new: &NewOccurrence) -> Result<Occurrence, Error> {
        let tenant = self.tenant.clone();
        let found = query(BY_KEY).bind(&tenant).bind(&new.target).bind(&new.key).fetch_optional(self.conn()).await?;
        if let Some(found) = found {
            return row::occurrence(&found);
        }
        let (id, now) = (self.new_id(), self.now_text());
        query(
            "INSERT INTO occurrence (tenant, id, pipeline, job, target, occurrence_key, biz_date, scheduled_at, interval_start, \
             interval_end, definition_digest, policy_digest, grants_digest, disposition, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending', $14)",
        )
        .bind(tenant)
        .bind(&id)
        .bind(&new.pipeline)
        .bind(&new.job)
        .bind(&new.target)
        .bind(&new.key)
        .bind(new.biz_date.map(|date| date.to_string()))
        .bind(new.scheduled_at.map(clock::text))
        .bind(new.interval_start.map(clock::text))
        .bind(new.interval_end.map(clock::text))
        .bind(&new.definition_digest)
        .bind(&new.policy_digest)
        .bind(&new.grants_digest)
        .bind(now)
        .execute(self.conn())
        .await?;
        self.occurrence(&id).await
    }

    pub(super) async fn occurrence(&mut self, id: &str) -> Result<Occurrence, Error> {
        let tenant = self.tenant.clone();
        let found = query(BY_ID).bind(tenant).bind(id).fetch_optional(self.conn()).await?;
        let found = found.ok_or_else(|| Error::NotFound { what: "occurrence".to_owned(), id: id.to_owned() })?;
        row::occurrence(&found)
    }

    pub(super) async fn set_disposition(
        &mut self,
        id: &str,
        to: Disposition,
        reason: Option<&Value>,
    ) -> Result<(), Error> {
        let (tenant, now) = (self.tenant.clone(), self.now_text());
        let ended = to.terminal().then_some(now);
        let reason = reason.map(crate::digest::canonical_json).transpose()?;
        query("UPDATE occurrence SET disposition = $1, reason = $2, finished_at = $3 WHERE tenant = $4 AND id = $5")
            .bind(to.as_str())
            .bind(reason)
            .bind(&ended)
            .bind(&tenant)
            .bind(id)
            .execute(self.conn())
            .await?;
        if ended.is_some() {
            query(
                "UPDATE attempt SET finished_at = $1, disposition = $2 WHERE tenant = $3 AND occurrence_id = $4 AND finished_at IS NULL \
                 AND no = (SELECT MAX(no) FROM attempt WHERE tenant = $3 AND occurrence_id = $4)",
            )
            .bind(&ended)
            .bind(to.as_str())
            .bind(&tenant)
            .bind(id)
            .execute(self.conn())
            .await?;
        }
        Ok(())
    }

    pub(super) fn audit_end(&mut self, of: &Occurrence, end: Disposition, reason: Option<Value>) {
        let detail = json!({ "occurrence": of.id, "key": of.key, "disposition": end.as_str(), "reason": reason });
        let mut event = Event::done("occurrence.end", &of.pipeline, &of.target, detail);
        event.success = !matches!(end, Disposition::Failed | Disposition::Withheld | Disposition::Missed);
        self.audit(event);
    }

    pub(super) async fn has_pending_intent(&mut self, occurrence: &str) -> Result<bool, Error> {
        let tenant = self.tenant.clone();
        let count: i64 =
            query_scalar("SELECT COUNT(*) FROM intent WHERE tenant = $1 AND occurrence_id = $2 AND state = 'pending'")
                .bind(tenant)
                .bind(occurrence)
                .fetch_one(self.conn())
                .await?;
        Ok(count > 0)
    }
}
