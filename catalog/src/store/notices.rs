//! The outbox of notices.

use super::Catalog;
use super::batch::{self, Cell};
use super::row::{self, decode};
use super::tx::WriteTx;
use crate::audit::Event;
use crate::notice::{Acknowledgement, NewNotice, NoticeState, Recovery, Severity, StoredNotice};
use crate::{Actor, Error, clock, digest};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row, query};
use std::collections::BTreeMap;

/// Columns of a notice beside its tenant, in the order of [`cells`].
macro_rules! notice_columns {
    () => {
        "id, dedup_key, kind, severity, pipeline, tick_key, body, state, times, created_at, last_at, acknowledged, recovery, \
         sends, next_at, revision"
    };
}

const INTO: &str = concat!("notice (tenant, ", notice_columns!(), ")");
const CHANGE: &str = "ON CONFLICT (tenant, id) DO UPDATE SET state = excluded.state, times = excluded.times, \
     last_at = excluded.last_at, acknowledged = excluded.acknowledged, recovery = excluded.recovery, \
     sends = excluded.sends, next_at = excluded.next_at, revision = excluded.revision";
const LIVE: &str =
    "notice t WHERE t.tenant = wanted.column1 AND t.dedup_key = wanted.column2 AND t.state IN ('open', 'acknowledged')";
const BY_ID: &str = "notice t WHERE t.tenant = wanted.column1 AND t.id = wanted.column2";

impl Catalog {
    /// Puts down what people are to be told. What is known already and not over is counted; the rest is new, open, and
    /// due now. One whose place a new one takes is closed. Answers with the records, in the order given.
    ///
    /// # Errors
    /// K301.
    pub async fn raise(&self, actor: &Actor, notices: &[NewNotice]) -> Result<Vec<StoredNotice>, Error> {
        let mut tx = self.write(actor).await?;
        let keys = notices.iter().flat_map(|notice| [Some(notice.key.as_str()), notice.replaces.as_deref()]);
        let mut live = tx.live(keys.flatten().collect()).await?;
        let mut raised = Vec::with_capacity(notices.len());
        for new in notices {
            let (id, now) = (tx.new_id(), tx.now);
            let stored = live.entry(new.key.clone()).or_insert_with(|| fresh(id, new, now));
            stored.count = stored.count.saturating_add(1);
            stored.last_at = now;
            if stored.count == 1 {
                tx.audit(Event::done(
                    "notice.raise",
                    about(stored),
                    &stored.id,
                    json!({ "key": new.key, "kind": new.kind }),
                ));
            }
            raised.push(new.key.as_str());
            let replaced = new.replaces.as_ref().and_then(|key| live.get_mut(key)).filter(|one| one.state.live());
            if let Some(replaced) = replaced.filter(|one| one.notice.key != new.key) {
                (replaced.state, replaced.next_at) = (NoticeState::Closed, None);
                replaced.revision += 1;
                tx.audit(Event::done("notice.replace", about(replaced), &replaced.id, json!({ "by": new.key })));
            }
        }
        let records: Vec<StoredNotice> = raised.iter().filter_map(|key| live.get(*key).cloned()).collect();
        tx.put_notices(live.into_values()).await?;
        tx.commit().await?;
        Ok(records)
    }

    /// Puts down that things are right again, by their keys, with what people are told then. Answers with the records of
    /// those that were wrong; they are due now.
    ///
    /// # Errors
    /// K301.
    pub async fn recover(&self, actor: &Actor, recovered: &[(String, Value)]) -> Result<Vec<StoredNotice>, Error> {
        let mut tx = self.write(actor).await?;
        let mut live = tx.live(recovered.iter().map(|(key, _)| key.as_str()).collect()).await?;
        let mut changed = Vec::new();
        for (key, body) in recovered {
            let Some(mut stored) = live.remove(key) else { continue };
            stored.state = NoticeState::Recovered;
            stored.recovery = Some(Recovery { body: body.clone(), at: tx.now });
            stored.next_at = Some(tx.now);
            stored.revision += 1;
            tx.audit(Event::done("notice.recover", about(&stored), &stored.id, json!({ "key": key })));
            changed.push(stored);
        }
        tx.put_notices(changed.iter().cloned()).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Notices about which something is to be done by an instant, the most grave first and of those the oldest.
    ///
    /// # Errors
    /// K301.
    pub async fn notices_due(&self, actor: &Actor, now: DateTime<Utc>, limit: u32) -> Result<Vec<StoredNotice>, Error> {
        let rows = query(
            "SELECT * FROM notice WHERE tenant = $1 AND next_at IS NOT NULL AND next_at <= $2 \
             ORDER BY CASE severity WHEN 'urgent' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, created_at, id LIMIT $3",
        )
        .bind(&actor.tenant)
        .bind(clock::text(now))
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(notice).collect()
    }

    /// Writes state, messages and next instant of records that nobody changed since they were read; answers for each
    /// whether it was written. Counting goes on beside it.
    ///
    /// # Errors
    /// K301.
    pub async fn save(&self, actor: &Actor, records: &[StoredNotice]) -> Result<Vec<bool>, Error> {
        let mut tx = self.write(actor).await?;
        let mut present = tx.by_id(records.iter().map(|record| record.id.as_str()).collect()).await?;
        let mut changed = BTreeMap::new();
        let mut written = Vec::with_capacity(records.len());
        for record in records {
            let stored = present.get_mut(&record.id).filter(|stored| stored.revision == record.revision);
            written.push(stored.is_some());
            if let Some(stored) = stored {
                (stored.state, stored.sends, stored.next_at) = (record.state, record.sends.clone(), record.next_at);
                stored.revision += 1;
                changed.insert(stored.id.clone(), stored.clone());
            }
        }
        tx.put_notices(changed.into_values()).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// The actor takes on an open notice: nobody else is told any more. One that is not open stays as it is.
    ///
    /// # Errors
    /// K303 for an unknown one.
    pub async fn acknowledge(&self, actor: &Actor, id: &str, note: Option<&str>) -> Result<StoredNotice, Error> {
        let mut tx = self.write(actor).await?;
        let mut stored = tx.one(id).await?;
        if stored.state == NoticeState::Open {
            let (by, note) = (actor.name.clone(), note.map(str::to_owned));
            stored.state = NoticeState::Acknowledged;
            stored.acknowledged = Some(Acknowledgement { by, note: note.clone(), at: tx.now });
            stored.next_at = Some(tx.now);
            tx.change_notice("notice.acknowledge", &mut stored, note).await?;
        }
        tx.commit().await?;
        Ok(stored)
    }

    /// The actor closes a notice that is not over: nothing more is said about it, also not that it is right again.
    ///
    /// # Errors
    /// K303 for an unknown one.
    pub async fn close_notice(&self, actor: &Actor, id: &str, note: Option<&str>) -> Result<StoredNotice, Error> {
        let mut tx = self.write(actor).await?;
        let mut stored = tx.one(id).await?;
        if stored.state.live() {
            (stored.state, stored.next_at) = (NoticeState::Closed, None);
            tx.change_notice("notice.close", &mut stored, note.map(str::to_owned)).await?;
        }
        tx.commit().await?;
        Ok(stored)
    }

    /// Notices, the newest first: all, or those that are not over.
    ///
    /// # Errors
    /// K301.
    pub async fn notices(&self, actor: &Actor, live_only: bool, limit: u32) -> Result<Vec<StoredNotice>, Error> {
        let live = if live_only { "AND state IN ('open', 'acknowledged')" } else { "" };
        let sql = format!("SELECT * FROM notice WHERE tenant = $1 {live} ORDER BY created_at DESC, id DESC LIMIT $2");
        let rows = query(AssertSqlSafe(sql)).bind(&actor.tenant).bind(i64::from(limit)).fetch_all(&self.reader).await?;
        rows.iter().map(notice).collect()
    }

    /// A notice, by its id or as much of its beginning as no other one shares.
    ///
    /// # Errors
    /// K303 when none or more than one begins so.
    pub async fn notice(&self, actor: &Actor, beginning: &str) -> Result<StoredNotice, Error> {
        let rows =
            query("SELECT * FROM notice WHERE tenant = $1 AND substr(id, 1, length($2)) = $2 ORDER BY id LIMIT 2")
                .bind(&actor.tenant)
                .bind(beginning)
                .fetch_all(&self.reader)
                .await?;
        match rows.as_slice() {
            [only] if !beginning.is_empty() => notice(only),
            _ => Err(unknown(beginning)),
        }
    }
}

impl Catalog {
    /// Drops notices that were over, and told, before an instant; returns how many.
    ///
    /// # Errors
    /// K301.
    pub async fn prune_notices(&self, actor: &Actor, before: DateTime<Utc>) -> Result<u64, Error> {
        let mut tx = self.write(actor).await?;
        let gone = query(
            "DELETE FROM notice WHERE tenant = $1 AND last_at < $2 AND next_at IS NULL \
             AND state IN ('recovered', 'closed')",
        )
        .bind(&actor.tenant)
        .bind(clock::text(before))
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

impl WriteTx {
    /// Of these keys, the notices that are not over.
    async fn live(&mut self, keys: Vec<&str>) -> Result<BTreeMap<String, StoredNotice>, Error> {
        let tenant = self.tenant.clone();
        let keys = keys.into_iter().map(|key| [key.into()]).collect();
        let rows = batch::fetch(self.conn(), &tenant, notice_columns!(), LIVE, keys).await?;
        rows.iter().map(|found| notice(found).map(|stored| (stored.notice.key.clone(), stored))).collect()
    }

    async fn by_id(&mut self, ids: Vec<&str>) -> Result<BTreeMap<String, StoredNotice>, Error> {
        let tenant = self.tenant.clone();
        let ids = ids.into_iter().map(|id| [id.into()]).collect();
        let rows = batch::fetch(self.conn(), &tenant, notice_columns!(), BY_ID, ids).await?;
        rows.iter().map(|found| notice(found).map(|stored| (stored.id.clone(), stored))).collect()
    }

    async fn one(&mut self, id: &str) -> Result<StoredNotice, Error> {
        self.by_id(vec![id]).await?.remove(id).ok_or_else(|| unknown(id))
    }

    async fn change_notice(&mut self, act: &str, stored: &mut StoredNotice, note: Option<String>) -> Result<(), Error> {
        stored.revision += 1;
        self.audit(Event::done(act, about(stored), &stored.id, json!({ "key": stored.notice.key, "note": note })));
        self.put_notices(std::iter::once(stored.clone())).await
    }

    async fn put_notices(&mut self, records: impl Iterator<Item = StoredNotice>) -> Result<(), Error> {
        let rows = records.map(cells).collect::<Result<Vec<_>, _>>()?;
        let tenant = self.tenant.clone();
        batch::insert(self.conn(), &tenant, INTO, rows, CHANGE).await?;
        Ok(())
    }
}

fn unknown(id: &str) -> Error {
    Error::NotFound { what: "notice".to_owned(), id: id.chars().take(64).collect() }
}

/// Pipeline, or the kind of a notice that is about none.
fn about(stored: &StoredNotice) -> String {
    stored.notice.pipeline.clone().unwrap_or_else(|| stored.notice.kind.clone())
}

/// A notice that has not happened yet: whoever makes it counts it.
fn fresh(id: String, new: &NewNotice, now: DateTime<Utc>) -> StoredNotice {
    StoredNotice {
        id,
        notice: new.clone(),
        state: NoticeState::Open,
        count: 0,
        created_at: now,
        last_at: now,
        acknowledged: None,
        recovery: None,
        sends: Vec::new(),
        next_at: Some(now),
        revision: 1,
    }
}

fn cells(stored: StoredNotice) -> Result<[Cell; 16], Error> {
    let StoredNotice { notice, .. } = stored;
    let acknowledged = stored.acknowledged.as_ref().map(digest::canonical_json).transpose()?;
    let recovery = stored.recovery.as_ref().map(digest::canonical_json).transpose()?;
    Ok([
        stored.id.into(),
        notice.key.into(),
        notice.kind.into(),
        notice.severity.as_str().into(),
        notice.pipeline.into(),
        notice.tick.into(),
        digest::canonical_json(&notice.body)?.into(),
        stored.state.as_str().into(),
        stored.count.into(),
        clock::text(stored.created_at).into(),
        clock::text(stored.last_at).into(),
        acknowledged.into(),
        recovery.into(),
        digest::canonical_json(&stored.sends)?.into(),
        stored.next_at.map(clock::text).into(),
        stored.revision.into(),
    ])
}

fn notice(row: &AnyRow) -> Result<StoredNotice, Error> {
    Ok(StoredNotice {
        id: row.try_get("id")?,
        notice: NewNotice {
            key: row.try_get("dedup_key")?,
            kind: row.try_get("kind")?,
            severity: Severity::parse(row.try_get("severity")?).ok_or_else(decode)?,
            pipeline: row.try_get("pipeline")?,
            tick: row.try_get("tick_key")?,
            replaces: None,
            body: row::json(row.try_get("body")?)?,
        },
        state: NoticeState::parse(row.try_get("state")?).ok_or_else(decode)?,
        count: row::whole(row, "times")?,
        created_at: row::instant(row, "created_at")?,
        last_at: row::instant(row, "last_at")?,
        acknowledged: row.try_get::<Option<String>, _>("acknowledged")?.as_deref().map(of_json).transpose()?,
        recovery: row.try_get::<Option<String>, _>("recovery")?.as_deref().map(of_json).transpose()?,
        sends: of_json(row.try_get("sends")?)?,
        next_at: row::optional_instant(row, "next_at")?,
        revision: row.try_get("revision")?,
    })
}

fn of_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| decode())
}
