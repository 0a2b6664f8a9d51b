//! Reading the schedule's ledger.

use super::holds::holds;
use super::row::{self, tick_columns};
use super::table::Counter;
use crate::schedule::{Anchor, Commit, Snapshot, Tick, TickFilter, TickId};
use crate::store::Catalog;
use crate::store::row::{decode, instant, optional_date};
use crate::{Actor, Error, clock};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row, query, query_scalar};

/// How far back commits are part of a snapshot.
const COMMITS: TimeDelta = TimeDelta::days(40);

const BY_ID: &str =
    concat!("SELECT ", tick_columns!(), " FROM tick WHERE tenant = $1 AND pipeline = $2 AND tick_key = $3");
const CHANGES: &str = concat!(
    "SELECT ",
    tick_columns!(),
    " FROM tick WHERE tenant = $1 AND revision > 0 AND revision > $2 ORDER BY revision LIMIT $3"
);
const OPEN: &str =
    concat!("SELECT ", tick_columns!(), " FROM tick WHERE tenant = $1 AND state IN ('queued', 'ready', 'running')");
/// Of every pipeline that was ever promised, the newest tick that ran; a backfill is of the past.
const NEWEST: &str = "SELECT t.* FROM schedule_anchor a CROSS JOIN tick t \
     WHERE a.tenant = $1 AND t.tenant = a.tenant AND t.pipeline = a.pipeline AND t.tick_key = (SELECT k.tick_key FROM tick k \
     WHERE k.tenant = a.tenant AND k.pipeline = a.pipeline AND k.state IN ('succeeded', 'failed', 'withheld') \
     AND k.cause <> 'backfill' ORDER BY k.scheduled_at DESC, k.tick_key DESC LIMIT 1)";
/// Of every pipeline none of whose ticks ran, the first that was passed over: what later ones reach back to.
const FIRST: &str = "SELECT t.* FROM schedule_anchor a CROSS JOIN tick t \
     WHERE a.tenant = $1 AND t.tenant = a.tenant AND t.pipeline = a.pipeline AND t.tick_key = (SELECT k.tick_key FROM tick k \
     WHERE k.tenant = a.tenant AND k.pipeline = a.pipeline AND k.state IN ('skipped', 'superseded', 'missed') \
     AND k.cause IN ('schedule', 'catch_up') ORDER BY k.scheduled_at, k.tick_key LIMIT 1) \
     AND NOT EXISTS (SELECT 1 FROM tick r WHERE r.tenant = a.tenant AND r.pipeline = a.pipeline \
     AND r.state IN ('succeeded', 'failed', 'withheld') AND r.cause <> 'backfill')";

/// Columns of [`commit`], of `intent i` and `occurrence o`.
macro_rules! commits {
    () => {
        "SELECT i.commit_no, i.target, i.version, i.published_at, o.biz_date FROM intent i \
         JOIN occurrence o ON o.tenant = i.tenant AND o.id = i.occurrence_id \
         WHERE i.tenant = $1 AND i.state = 'published' AND i.target >= 'library:' AND i.target < 'library;'"
    };
}
const COMMITS_AFTER: &str = concat!(commits!(), " AND i.commit_no > $2 ORDER BY i.commit_no LIMIT $3");
const COMMITS_SINCE: &str = concat!(
    commits!(),
    " AND i.commit_no IN (SELECT MAX(n.commit_no) FROM intent n \
     JOIN occurrence p ON p.tenant = n.tenant AND p.id = n.occurrence_id \
     WHERE n.tenant = $1 AND n.state = 'published' AND n.published_at >= $2 \
     AND n.target >= 'library:' AND n.target < 'library;' GROUP BY n.target, p.biz_date) ORDER BY i.commit_no"
);

impl Catalog {
    /// A tick, if it was ever promised.
    ///
    /// # Errors
    /// K301.
    pub async fn tick(&self, actor: &Actor, id: &TickId) -> Result<Option<Tick>, Error> {
        let found =
            query(BY_ID).bind(&actor.tenant).bind(&id.pipeline).bind(&id.key).fetch_optional(&self.reader).await?;
        found.as_ref().map(row::tick).transpose()
    }

    /// Ticks by pipeline, time and state, in the order of the instants they were due.
    ///
    /// # Errors
    /// K301.
    pub async fn ticks(&self, actor: &Actor, filter: &TickFilter) -> Result<Vec<Tick>, Error> {
        let (sql, texts) = listing(&actor.tenant, filter);
        let statement = texts.into_iter().fold(query(AssertSqlSafe(sql)), |statement, text| statement.bind(text));
        // One by one: a row as the driver has it takes many times the memory of a tick.
        let rows = statement.bind(i64::from(filter.limit)).fetch(&self.reader);
        rows.map(|found| row::tick(&found?)).try_collect().await
    }

    /// Ticks that workers changed after a revision, in the order of their last change. One that was changed more than
    /// once comes once, as it is now.
    ///
    /// # Errors
    /// K301.
    pub async fn changes(&self, actor: &Actor, after: i64, limit: u32) -> Result<Vec<Tick>, Error> {
        let rows =
            query(CHANGES).bind(&actor.tenant).bind(after).bind(i64::from(limit)).fetch_all(&self.reader).await?;
        rows.iter().map(row::tick).collect()
    }

    /// Commits of library tables after a position, in order; the empty position is before all.
    ///
    /// # Errors
    /// K314 for a position that no commit had.
    pub async fn commits(&self, actor: &Actor, after: &str, limit: u32) -> Result<Vec<Commit>, Error> {
        let after: i64 = match after {
            "" => 0,
            text => text.parse().map_err(|_| Error::Mismatch { what: "position of a commit".to_owned() })?,
        };
        let rows =
            query(COMMITS_AFTER).bind(&actor.tenant).bind(after).bind(i64::from(limit)).fetch_all(&self.reader).await?;
        rows.iter().map(commit).collect()
    }

    /// Up to where each schedule was promised.
    ///
    /// # Errors
    /// K301.
    pub async fn anchors(&self, actor: &Actor) -> Result<Vec<Anchor>, Error> {
        let mut reader = self.reader.acquire().await?;
        anchors(&mut reader, &actor.tenant).await
    }

    /// Everything a scheduler needs to go on, as of one moment.
    ///
    /// # Errors
    /// K301.
    pub async fn snapshot(&self, actor: &Actor) -> Result<Snapshot, Error> {
        let mut at_once = self.dialect.snapshot(&self.reader).await?;
        let tenant = actor.tenant.as_str();
        let mut ticks = Vec::new();
        for sql in [OPEN, NEWEST, FIRST] {
            let rows = query(sql).bind(tenant).fetch_all(&mut *at_once).await?;
            let mut found = rows.iter().map(row::tick).collect::<Result<Vec<_>, _>>()?;
            found.sort_by(|one, next| {
                (one.tick.scheduled_at, &one.tick.id).cmp(&(next.tick.scheduled_at, &next.tick.id))
            });
            ticks.extend(found);
        }
        let revision: Option<i64> = query_scalar("SELECT last FROM counter WHERE tenant = $1 AND name = $2")
            .bind(tenant)
            .bind(Counter::Revision.as_str())
            .fetch_optional(&mut *at_once)
            .await?;
        Ok(Snapshot {
            ticks,
            anchors: anchors(&mut at_once, tenant).await?,
            holds: holds(&mut at_once, tenant).await?,
            commits: recent_commits(&mut at_once, tenant, self.clock.now() - COMMITS).await?,
            revision: revision.unwrap_or(0),
        })
    }
}

/// The statement of a listing with its texts; the limit is the last parameter.
fn listing(tenant: &str, filter: &TickFilter) -> (String, Vec<String>) {
    let mut texts = vec![tenant.to_owned()];
    let mut sql = concat!("SELECT ", tick_columns!(), " FROM tick WHERE tenant = $1").to_owned();
    let bounds = [
        (" AND pipeline = ", filter.pipeline.clone()),
        (" AND scheduled_at >= ", filter.from.map(clock::text)),
        (" AND scheduled_at < ", filter.to.map(clock::text)),
    ];
    for (bound, text) in bounds {
        if let Some(text) = text {
            texts.push(text);
            sql.push_str(&format!("{bound}${}", texts.len()));
        }
    }
    if !filter.states.is_empty() {
        let names: Vec<String> = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
        sql.push_str(&format!(" AND state IN ({})", names.join(", ")));
    }
    if let Some(cause) = filter.cause {
        sql.push_str(&format!(" AND cause = '{}'", cause.as_str()));
    }
    let way = if filter.newest_first { "DESC" } else { "ASC" };
    sql.push_str(&format!(" ORDER BY scheduled_at {way}, pipeline {way}, tick_key {way} LIMIT ${}", texts.len() + 1));
    (sql, texts)
}

async fn anchors(conn: &mut AnyConnection, tenant: &str) -> Result<Vec<Anchor>, Error> {
    let rows = query("SELECT pipeline, schedule, at FROM schedule_anchor WHERE tenant = $1 ORDER BY pipeline")
        .bind(tenant)
        .fetch_all(conn)
        .await?;
    let anchor = |row: &AnyRow| {
        Ok(Anchor { pipeline: row.try_get("pipeline")?, schedule: row.try_get("schedule")?, at: instant(row, "at")? })
    };
    rows.iter().map(anchor).collect()
}

/// The latest commit of every table and business date since an instant.
async fn recent_commits(conn: &mut AnyConnection, tenant: &str, since: DateTime<Utc>) -> Result<Vec<Commit>, Error> {
    let rows = query(COMMITS_SINCE).bind(tenant).bind(clock::text(since)).fetch_all(conn).await?;
    rows.iter().map(commit).collect()
}

fn commit(row: &AnyRow) -> Result<Commit, Error> {
    let place: i64 = row.try_get("commit_no")?;
    Ok(Commit {
        // So many digits that text order is number order.
        position: format!("{place:019}"),
        target: row.try_get("target")?,
        version: row.try_get::<Option<i64>, _>("version")?.ok_or_else(decode)?,
        biz_date: optional_date(row, "biz_date")?,
        at: instant(row, "published_at")?,
    })
}
