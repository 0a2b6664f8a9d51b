//! What people ask of the scheduler, and what they were told.

use super::board::Fit;
use super::table::Counter;
use crate::audit::Event;
use crate::schedule::{Ask, Request, TickId, Vote};
use crate::store::Catalog;
use crate::store::row::{self, decode, instant};
use crate::store::tx::WriteTx;
use crate::{Actor, Error, clock, digest};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Row, query};

/// Most bytes of a request as it is stored: a backfill of a few ten thousand ticks.
const LARGEST: usize = 16 << 20;

impl Catalog {
    /// Puts down what the actor asks for, for the leading scheduler to decide. Returns the request's number.
    ///
    /// # Errors
    /// K314 when it is too large, as a backfill of many thousand ticks may be.
    pub async fn ask(&self, actor: &Actor, ask: &Ask) -> Result<i64, Error> {
        let text = digest::canonical_json(ask)?;
        if text.len() > LARGEST {
            return Err(Error::Mismatch { what: "size of the request".to_owned() });
        }
        let release = match ask {
            Ask::Release { id, .. } => Some(id),
            _ => None,
        };
        let mut tx = self.write(actor).await?;
        let (id, now) = (tx.number(Counter::Request, 1).await?, tx.now_text());
        query(
            "INSERT INTO schedule_request (tenant, id, ask, asked_by, asked_at, release_pipeline, release_key) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&actor.tenant)
        .bind(id)
        .bind(text)
        .bind(&actor.name)
        .bind(now)
        .bind(release.map(|tick| tick.pipeline.clone()))
        .bind(release.map(|tick| tick.key.clone()))
        .execute(tx.conn())
        .await?;
        let (subject, detail) = summary(ask)?;
        tx.audit(Event::intent("schedule.ask", subject, id.to_string(), detail));
        tx.commit().await?;
        Ok(id)
    }

    /// A request, with its answer once it is decided.
    ///
    /// # Errors
    /// K303 for an unknown one.
    pub async fn request(&self, actor: &Actor, id: i64) -> Result<Request, Error> {
        let found = query("SELECT * FROM schedule_request WHERE tenant = $1 AND id = $2")
            .bind(&actor.tenant)
            .bind(id)
            .fetch_optional(&self.reader)
            .await?;
        let found = found.ok_or_else(|| Error::NotFound { what: "request".to_owned(), id: id.to_string() })?;
        request(&found)
    }

    /// Requests that wait for a decision, in the order of asking.
    ///
    /// # Errors
    /// K301.
    pub async fn requests(&self, actor: &Actor, limit: u32) -> Result<Vec<Request>, Error> {
        let rows =
            query("SELECT * FROM schedule_request WHERE tenant = $1 AND answered_at IS NULL ORDER BY id LIMIT $2")
                .bind(&actor.tenant)
                .bind(i64::from(limit))
                .fetch_all(&self.reader)
                .await?;
        rows.iter().map(request).collect()
    }

    /// Whose releases of a tick's quality gate were granted since the attempt that the gate stopped, the first one first.
    ///
    /// # Errors
    /// K301.
    pub async fn release_votes(&self, actor: &Actor, tick: &TickId) -> Result<Vec<Vote>, Error> {
        let rows = query(
            "SELECT r.* FROM schedule_request r JOIN tick t \
             ON t.tenant = r.tenant AND t.pipeline = r.release_pipeline AND t.tick_key = r.release_key \
             WHERE r.tenant = $1 AND r.release_pipeline = $2 AND r.release_key = $3 AND r.granted = 1 \
             AND r.release_attempt = t.attempt ORDER BY r.id",
        )
        .bind(&actor.tenant)
        .bind(&tick.pipeline)
        .bind(&tick.key)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(vote).collect()
    }

    /// Who released the quality gate that stopped an attempt of a tick before this one, the first one first; of several
    /// such attempts, the last. The gate is open when these are two people.
    ///
    /// # Errors
    /// K301.
    pub async fn released(&self, actor: &Actor, tick: &TickId, attempt: u32) -> Result<Vec<Vote>, Error> {
        let rows = query(
            "SELECT r.* FROM schedule_request r WHERE r.tenant = $1 AND r.release_pipeline = $2 AND r.release_key = $3 \
             AND r.granted = 1 AND r.release_attempt < $4 AND r.release_attempt = (SELECT MAX(n.release_attempt) \
             FROM schedule_request n WHERE n.tenant = $1 AND n.release_pipeline = $2 AND n.release_key = $3 \
             AND n.granted = 1) ORDER BY r.id",
        )
        .bind(&actor.tenant)
        .bind(&tick.pipeline)
        .bind(&tick.key)
        .bind(i64::from(attempt))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(vote).collect()
    }

    /// Drops requests that were answered before an instant; returns how many. What became of them stays on the audit log.
    ///
    /// # Errors
    /// K301.
    pub async fn prune_requests(&self, actor: &Actor, before: DateTime<Utc>) -> Result<u64, Error> {
        let mut tx = self.write(actor).await?;
        let gone = query("DELETE FROM schedule_request WHERE tenant = $1 AND answered_at < $2")
            .bind(&actor.tenant)
            .bind(clock::text(before))
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

impl WriteTx {
    /// Decides a request that waits.
    pub(super) async fn answer(&mut self, request: i64, granted: bool, answer: &Value) -> Result<Fit, Error> {
        let (tenant, now) = (self.tenant.clone(), self.now_text());
        let decided = query(
            "UPDATE schedule_request SET granted = $1, answer = $2, answered_at = $3, release_attempt = \
             (SELECT t.attempt FROM tick t WHERE t.tenant = $4 AND t.pipeline = release_pipeline AND t.tick_key = release_key) \
             WHERE tenant = $4 AND id = $5 AND answered_at IS NULL RETURNING asked_by",
        )
        .bind(i64::from(granted))
        .bind(digest::canonical_json(answer)?)
        .bind(now)
        .bind(tenant)
        .bind(request)
        .fetch_optional(self.conn())
        .await?;
        let Some(decided) = decided else { return Ok(Fit::Never) };
        let by: String = decided.try_get("asked_by")?;
        let mut event = Event::done("schedule.answer", by, request.to_string(), json!({ "answer": answer }));
        event.success = granted;
        Ok(Fit::Told(event))
    }
}

/// What the audit log says of a request: all of it, but a backfill's ticks only by number.
fn summary(ask: &Ask) -> Result<(String, Value), Error> {
    let mut detail = serde_json::to_value(ask).map_err(|_| Error::Encoding { what: "a request".to_owned() })?;
    if let Some(ticks) = detail.get_mut("ticks") {
        *ticks = json!(ticks.as_array().map_or(0, Vec::len));
    }
    let subject = match ask {
        Ask::Pause { what, .. } | Ask::Resume { what, .. } => what.parts().1.to_owned(),
        Ask::Run { pipeline, .. } => pipeline.clone(),
        Ask::Cancel { id, .. } | Ask::Rerun { id, .. } | Ask::Skip { id, .. } | Ask::Release { id, .. } => {
            id.pipeline.clone()
        }
        Ask::Backfill { name, .. } | Ask::CancelBackfill { name } => name.clone(),
    };
    Ok((subject, detail))
}

fn request(row: &AnyRow) -> Result<Request, Error> {
    let granted: Option<i64> = row.try_get("granted")?;
    let answer = row::optional_json(row.try_get("answer")?)?;
    Ok(Request {
        id: row.try_get("id")?,
        ask: ask(row)?,
        by: row.try_get("asked_by")?,
        at: instant(row, "asked_at")?,
        answer: granted.map(|granted| granted != 0).zip(answer),
    })
}

fn ask(row: &AnyRow) -> Result<Ask, Error> {
    serde_json::from_str(row.try_get("ask")?).map_err(|_| decode())
}

fn vote(row: &AnyRow) -> Result<Vote, Error> {
    let Ask::Release { note, .. } = ask(row)? else { return Err(decode()) };
    Ok(Vote { by: row.try_get("asked_by")?, note, at: instant(row, "asked_at")? })
}
