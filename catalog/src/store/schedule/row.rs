//! Ticks to rows of the database and back.

use crate::schedule::{Cause, NewTick, Tick, TickId, TickState};
use crate::store::batch::Cell;
use crate::store::row::{decode, instant, optional_date, optional_instant, optional_json, whole};
use crate::{Error, clock, digest};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;

/// Columns of a tick beside its tenant, in the order of [`cells`].
macro_rules! tick_columns {
    () => {
        "pipeline, tick_key, cause, scheduled_at, interval_start, interval_end, biz_date, definition_digest, owner, pool, \
         priority, state, reason, successor, attempt, tries, deaths, not_before, worker, token, lease_until, phase, cancel, \
         run_id, created_at, started_at, finished_at, revision, ready_no"
    };
}
pub(super) use tick_columns;

/// Number of columns of [`tick_columns`].
pub(super) const COLUMNS: usize = 29;

/// A tick with its place among those that are ready.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) tick: Tick,
    pub(super) ready_no: Option<i64>,
}

pub(super) fn cells(kept: &Kept) -> Result<[Cell; COLUMNS], Error> {
    let Tick { tick, .. } = &kept.tick;
    let row = &kept.tick;
    let json = |value: &Option<Value>| value.as_ref().map(digest::canonical_json).transpose();
    let text = |at: Option<DateTime<Utc>>| at.map(clock::text);
    Ok([
        tick.id.pipeline.as_str().into(),
        tick.id.key.as_str().into(),
        tick.cause.as_str().into(),
        clock::text(tick.scheduled_at).into(),
        clock::text(tick.interval_start).into(),
        clock::text(tick.interval_end).into(),
        tick.biz_date.to_string().into(),
        tick.definition_digest.as_str().into(),
        tick.owner.as_str().into(),
        tick.pool.as_str().into(),
        u32::from(tick.priority).into(),
        row.state.as_str().into(),
        json(&row.reason)?.into(),
        row.successor.clone().into(),
        row.attempt.into(),
        row.tries.into(),
        row.deaths.into(),
        text(row.not_before).into(),
        row.worker.clone().into(),
        row.token.into(),
        text(row.lease_until).into(),
        row.phase.clone().into(),
        json(&row.cancel)?.into(),
        row.run.clone().into(),
        clock::text(row.created_at).into(),
        text(row.started_at).into(),
        text(row.finished_at).into(),
        row.revision.into(),
        kept.ready_no.filter(|_| row.state == TickState::Ready).into(),
    ])
}

pub(super) fn kept(row: &AnyRow) -> Result<Kept, Error> {
    Ok(Kept { tick: tick(row)?, ready_no: row.try_get("ready_no")? })
}

pub(super) fn tick(row: &AnyRow) -> Result<Tick, Error> {
    Ok(Tick {
        tick: NewTick {
            id: TickId { pipeline: row.try_get("pipeline")?, key: row.try_get("tick_key")? },
            cause: Cause::parse(row.try_get("cause")?).ok_or_else(decode)?,
            scheduled_at: instant(row, "scheduled_at")?,
            interval_start: instant(row, "interval_start")?,
            interval_end: instant(row, "interval_end")?,
            biz_date: optional_date(row, "biz_date")?.ok_or_else(decode)?,
            definition_digest: row.try_get("definition_digest")?,
            owner: row.try_get("owner")?,
            pool: row.try_get("pool")?,
            priority: whole(row, "priority")?,
        },
        state: TickState::parse(row.try_get("state")?).ok_or_else(decode)?,
        reason: optional_json(row.try_get("reason")?)?,
        successor: row.try_get("successor")?,
        attempt: whole(row, "attempt")?,
        tries: whole(row, "tries")?,
        deaths: whole(row, "deaths")?,
        not_before: optional_instant(row, "not_before")?,
        worker: row.try_get("worker")?,
        token: row.try_get("token")?,
        lease_until: optional_instant(row, "lease_until")?,
        phase: row.try_get("phase")?,
        cancel: optional_json(row.try_get("cancel")?)?,
        run: row.try_get("run_id")?,
        created_at: instant(row, "created_at")?,
        started_at: optional_instant(row, "started_at")?,
        finished_at: optional_instant(row, "finished_at")?,
        revision: row.try_get("revision")?,
    })
}
