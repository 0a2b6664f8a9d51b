//! Runs of pipelines and the attempts they make.

use super::row::{self, occurrence_columns};
use super::{Catalog, occurrences};
use crate::audit::Event;
use crate::ledger::{Attempt, Disposition, Run, RunDetail};
use crate::{Actor, Error};
use serde_json::{Value, json};
use sqlx::{query, query_scalar};

const ATTEMPTS: &str = concat!(
    "SELECT a.no AS a_no, a.run_id AS a_run, a.started_at AS a_started_at, a.finished_at AS a_finished_at, \
     a.disposition AS a_disposition, ",
    occurrence_columns!(),
    " FROM attempt a JOIN occurrence o ON o.tenant = a.tenant AND o.id = a.occurrence_id \
     WHERE a.tenant = $1 AND a.run_id = $2 ORDER BY a.started_at, o.id, a.no"
);

impl Catalog {
    /// Begins a run. `cause` is what started it: `manual`, `schedule`, `backfill`, `catch_up`.
    ///
    /// # Errors
    /// K301.
    pub async fn start_run(&self, actor: &Actor, pipeline: &str, cause: &str) -> Result<Run, Error> {
        let mut tx = self.write(actor).await?;
        let (id, started_at) = (tx.new_id(), tx.now_text());
        query("INSERT INTO run (tenant, id, pipeline, cause, started_by, started_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(&actor.tenant)
            .bind(&id)
            .bind(pipeline)
            .bind(cause)
            .bind(&actor.name)
            .bind(&started_at)
            .execute(tx.conn())
            .await?;
        tx.audit(Event::intent("run", pipeline, &id, json!({ "cause": cause })));
        tx.commit().await?;
        Ok(Run {
            id,
            pipeline: pipeline.to_owned(),
            cause: cause.to_owned(),
            started_by: actor.name.clone(),
            started_at,
            finished_at: None,
            success: None,
            summary: None,
        })
    }

    /// Ends a run; ending it again changes nothing. `summary` holds names, codes and counts.
    ///
    /// # Errors
    /// K303 for an unknown run.
    pub async fn finish_run(&self, actor: &Actor, run: &str, success: bool, summary: &Value) -> Result<(), Error> {
        let mut tx = self.write(actor).await?;
        let now = tx.now_text();
        let pipeline: Option<String> = query_scalar(
            "UPDATE run SET finished_at = $1, success = $2, summary = $3 WHERE tenant = $4 AND id = $5 AND finished_at IS NULL \
             RETURNING pipeline",
        )
        .bind(now)
        .bind(i64::from(success))
        .bind(crate::digest::canonical_json(summary)?)
        .bind(&actor.tenant)
        .bind(run)
        .fetch_optional(tx.conn())
        .await?;
        let Some(pipeline) = pipeline else {
            let known: Option<i64> = query_scalar("SELECT 1 FROM run WHERE tenant = $1 AND id = $2")
                .bind(&actor.tenant)
                .bind(run)
                .fetch_optional(tx.conn())
                .await?;
            return known.map(|_| ()).ok_or_else(|| Error::NotFound { what: "run".to_owned(), id: run.to_owned() });
        };
        let mut event = Event::done("run", pipeline, run, json!({}));
        event.success = success;
        tx.audit(event);
        tx.commit().await
    }

    /// Begins the next attempt of an occurrence, which is running then. An attempt that a crash left open stays so.
    ///
    /// # Errors
    /// K308 when the occurrence has ended.
    pub async fn start_attempt(&self, actor: &Actor, occurrence: &str, run: &str) -> Result<Attempt, Error> {
        let mut tx = self.write(actor).await?;
        let present = tx.occurrence(occurrence).await?;
        if present.disposition.terminal() {
            return Err(occurrences::finished(&present));
        }
        let started_at = tx.now_text();
        let no: i64 = query_scalar(
            "INSERT INTO attempt (tenant, occurrence_id, no, run_id, started_at) \
             SELECT $1, $2, COALESCE(MAX(no), 0) + 1, $3, $4 FROM attempt WHERE tenant = $1 AND occurrence_id = $2 RETURNING no",
        )
        .bind(&actor.tenant)
        .bind(occurrence)
        .bind(run)
        .bind(&started_at)
        .fetch_one(tx.conn())
        .await?;
        tx.set_disposition(occurrence, Disposition::Running, None).await?;
        let detail = json!({ "occurrence": occurrence, "key": present.key, "attempt": no, "run": run });
        tx.audit(Event::intent("occurrence.attempt", present.pipeline, present.target, detail));
        tx.commit().await?;
        Ok(Attempt {
            occurrence: occurrence.to_owned(),
            no,
            run: run.to_owned(),
            started_at,
            finished_at: None,
            disposition: None,
        })
    }

    /// The latest runs, newest first.
    ///
    /// # Errors
    /// K301.
    pub async fn list_runs(&self, actor: &Actor, limit: u32) -> Result<Vec<Run>, Error> {
        let rows = query("SELECT * FROM run WHERE tenant = $1 ORDER BY started_at DESC, id DESC LIMIT $2")
            .bind(&actor.tenant)
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(row::run).collect()
    }

    /// One run with its attempts and their occurrences.
    ///
    /// # Errors
    /// K303 for an unknown run.
    pub async fn show_run(&self, actor: &Actor, run: &str) -> Result<RunDetail, Error> {
        let found = query("SELECT * FROM run WHERE tenant = $1 AND id = $2")
            .bind(&actor.tenant)
            .bind(run)
            .fetch_optional(&self.reader)
            .await?;
        let found = found.ok_or_else(|| Error::NotFound { what: "run".to_owned(), id: run.to_owned() })?;
        let rows = query(ATTEMPTS).bind(&actor.tenant).bind(run).fetch_all(&self.reader).await?;
        let attempts = rows.iter().map(row::attempt_with_occurrence).collect::<Result<_, _>>()?;
        Ok(RunDetail { run: row::run(&found)?, attempts })
    }
}
