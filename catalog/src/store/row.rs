//! Rows of the database to the types of the ledger; anything unexpected is a decode fault, never a panic.

use crate::ledger::{Attempt, Disposition, Intent, Occurrence, Publication, Run};
use crate::{Error, StoreFault, date};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;

/// Columns of [`occurrence`], of table `occurrence`.
macro_rules! occurrence_columns {
    () => {
        "o.id, o.pipeline, o.job, o.target, o.occurrence_key, o.biz_date, o.scheduled_at, o.interval_start, o.interval_end, \
         o.definition_digest, o.policy_digest, o.grants_digest, o.disposition, o.reason, o.created_at, o.finished_at"
    };
}
pub(super) use occurrence_columns;

pub(super) fn decode() -> Error {
    Error::Store { fault: StoreFault::Decode }
}

pub(super) fn json(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|_| decode())
}

pub(super) fn optional_json(text: Option<String>) -> Result<Option<Value>, Error> {
    text.as_deref().map(json).transpose()
}

pub(super) fn instant(row: &AnyRow, column: &str) -> Result<DateTime<Utc>, Error> {
    row.try_get::<&str, _>(column)?.parse().map_err(|_| decode())
}

pub(super) fn optional_instant(row: &AnyRow, column: &str) -> Result<Option<DateTime<Utc>>, Error> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|_| decode())).transpose()
}

pub(super) fn optional_date(row: &AnyRow, column: &str) -> Result<Option<NaiveDate>, Error> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| date::parse(&text).ok_or_else(decode)).transpose()
}

pub(super) fn whole<T: TryFrom<i64>>(row: &AnyRow, column: &str) -> Result<T, Error> {
    T::try_from(row.try_get::<i64, _>(column)?).map_err(|_| decode())
}

pub(super) fn disposition(text: &str) -> Result<Disposition, Error> {
    Disposition::parse(text).ok_or_else(decode)
}

pub(super) fn occurrence(row: &AnyRow) -> Result<Occurrence, Error> {
    Ok(Occurrence {
        id: row.try_get("id")?,
        pipeline: row.try_get("pipeline")?,
        job: row.try_get("job")?,
        target: row.try_get("target")?,
        key: row.try_get("occurrence_key")?,
        biz_date: row.try_get("biz_date")?,
        scheduled_at: row.try_get("scheduled_at")?,
        interval_start: row.try_get("interval_start")?,
        interval_end: row.try_get("interval_end")?,
        definition_digest: row.try_get("definition_digest")?,
        policy_digest: row.try_get("policy_digest")?,
        grants_digest: row.try_get("grants_digest")?,
        disposition: disposition(row.try_get("disposition")?)?,
        reason: optional_json(row.try_get("reason")?)?,
        created_at: row.try_get("created_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

pub(super) fn run(row: &AnyRow) -> Result<Run, Error> {
    Ok(Run {
        id: row.try_get("id")?,
        pipeline: row.try_get("pipeline")?,
        cause: row.try_get("cause")?,
        started_by: row.try_get("started_by")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        success: row.try_get::<Option<i64>, _>("success")?.map(|success| success != 0),
        summary: optional_json(row.try_get("summary")?)?,
    })
}

/// Columns `a_no`, `a_run`, `a_started_at`, `a_finished_at`, `a_disposition` beside those of an occurrence.
pub(super) fn attempt_with_occurrence(row: &AnyRow) -> Result<(Attempt, Occurrence), Error> {
    let occurrence = occurrence(row)?;
    let ended: Option<String> = row.try_get("a_disposition")?;
    let attempt = Attempt {
        occurrence: occurrence.id.clone(),
        no: row.try_get("a_no")?,
        run: row.try_get("a_run")?,
        started_at: row.try_get("a_started_at")?,
        finished_at: row.try_get("a_finished_at")?,
        disposition: ended.as_deref().map(disposition).transpose()?,
    };
    Ok((attempt, occurrence))
}

pub(super) fn intent(row: &AnyRow) -> Result<Intent, Error> {
    Ok(Intent {
        id: row.try_get("id")?,
        occurrence: row.try_get("occurrence_id")?,
        target: row.try_get("target")?,
        publish_sequence: row.try_get("publish_sequence")?,
        epoch: row.try_get("epoch")?,
        manifest_path: row.try_get("manifest_path")?,
        manifest_digest: row.try_get("manifest_digest")?,
        cursor_after: row.try_get("cursor_after")?,
        published: row.try_get::<String, _>("state")? == "published",
    })
}

pub(super) fn publication(row: &AnyRow) -> Result<Publication, Error> {
    Ok(Publication {
        intent: row.try_get("id")?,
        occurrence: row.try_get("occurrence_id")?,
        publish_sequence: row.try_get("publish_sequence")?,
        epoch: row.try_get("epoch")?,
        manifest_digest: row.try_get("manifest_digest")?,
        version: row.try_get("version")?,
        published_at: row.try_get("published_at")?,
        balance: optional_json(row.try_get("balance")?)?,
    })
}
