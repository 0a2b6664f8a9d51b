//! Ticks by the hundred: read, written, numbered.

use super::row::{self, COLUMNS, Kept, tick_columns};
use crate::Error;
use crate::schedule::TickId;
use crate::store::batch::{self, Cell};
use crate::store::tx::WriteTx;
use sqlx::{Row, query_scalar};
use std::collections::{BTreeMap, BTreeSet};

const INTO: &str = concat!("tick (tenant, ", tick_columns!(), ")");
const BY_ID: &str =
    "tick t WHERE t.tenant = wanted.column1 AND t.pipeline = wanted.column2 AND t.tick_key = wanted.column3";
const BUSY: &str =
    "tick t WHERE t.tenant = wanted.column1 AND t.pipeline = wanted.column2 AND t.state IN ('ready', 'running')";

/// What changes in a tick that is there; what it was promised with stays.
const CHANGE: &str = "ON CONFLICT (tenant, pipeline, tick_key) DO UPDATE SET state = excluded.state, reason = excluded.reason, \
     successor = excluded.successor, attempt = excluded.attempt, tries = excluded.tries, deaths = excluded.deaths, \
     not_before = excluded.not_before, worker = excluded.worker, token = excluded.token, lease_until = excluded.lease_until, \
     phase = excluded.phase, cancel = excluded.cancel, run_id = excluded.run_id, started_at = excluded.started_at, \
     finished_at = excluded.finished_at, revision = excluded.revision, ready_no = excluded.ready_no";

/// What a [`WriteTx::number`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Counter {
    /// Changes of ticks by workers.
    Revision,
    /// Ticks made ready.
    Ready,
    /// Requests of people.
    Request,
    /// Publications.
    Commit,
}

impl Counter {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Counter::Revision => "revision",
            Counter::Ready => "ready",
            Counter::Request => "request",
            Counter::Commit => "commit",
        }
    }
}

impl WriteTx {
    /// Takes the next `count` numbers and returns the first. There is one writer at a time: numbers are dense, and in the
    /// order of commits.
    pub(in crate::store) async fn number(&mut self, of: Counter, count: usize) -> Result<i64, Error> {
        let tenant = self.tenant.clone();
        let count = i64::try_from(count).map_err(|_| Error::Mismatch { what: "count".to_owned() })?;
        let last: i64 = query_scalar(
            "INSERT INTO counter (tenant, name, last) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant, name) DO UPDATE SET last = counter.last + excluded.last RETURNING last",
        )
        .bind(tenant)
        .bind(of.as_str())
        .bind(count)
        .fetch_one(self.conn())
        .await?;
        Ok(last - count + 1)
    }

    /// Those of these ticks that are there.
    pub(super) async fn kept(&mut self, ids: BTreeSet<&TickId>) -> Result<BTreeMap<TickId, Kept>, Error> {
        let keys: Vec<[Cell; 2]> =
            ids.into_iter().map(|id| [id.pipeline.as_str().into(), id.key.as_str().into()]).collect();
        let tenant = self.tenant.clone();
        let rows = batch::fetch(self.conn(), &tenant, tick_columns!(), BY_ID, keys).await?;
        let kept = rows.iter().map(|found| row::kept(found).map(|kept| (kept.tick.tick.id.clone(), kept)));
        kept.collect()
    }

    /// Of each of these pipelines, the key of the tick that is ready or running.
    pub(super) async fn busy(&mut self, pipelines: BTreeSet<&str>) -> Result<BTreeMap<String, String>, Error> {
        let keys: Vec<[Cell; 1]> = pipelines.into_iter().map(|pipeline| [pipeline.into()]).collect();
        let tenant = self.tenant.clone();
        let rows = batch::fetch(self.conn(), &tenant, "pipeline, tick_key", BUSY, keys).await?;
        rows.iter().map(|found| Ok((found.try_get("pipeline")?, found.try_get("tick_key")?))).collect()
    }

    /// Writes ticks, new or changed, as they are now.
    pub(super) async fn put(&mut self, ticks: Vec<&Kept>) -> Result<(), Error> {
        // A pipeline has one busy tick: whoever stops being it is written before whoever becomes it.
        let (busy, others): (Vec<&Kept>, Vec<&Kept>) = ticks.into_iter().partition(|kept| kept.tick.state.busy());
        let rows: Vec<[Cell; COLUMNS]> = others.into_iter().chain(busy).map(row::cells).collect::<Result<_, _>>()?;
        let tenant = self.tenant.clone();
        batch::insert(self.conn(), &tenant, INTO, rows, CHANGE).await?;
        Ok(())
    }
}
