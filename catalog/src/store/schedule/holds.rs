//! What is paused.

use super::board::Fit;
use crate::audit::Event;
use crate::schedule::{Hold, Scope};
use crate::store::Catalog;
use crate::store::row::{decode, instant};
use crate::store::tx::WriteTx;
use crate::{Actor, Error, clock};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

impl Catalog {
    /// What is paused.
    ///
    /// # Errors
    /// K301.
    pub async fn holds(&self, actor: &Actor) -> Result<Vec<Hold>, Error> {
        let mut reader = self.reader.acquire().await?;
        holds(&mut reader, &actor.tenant).await
    }
}

pub(super) async fn holds(conn: &mut AnyConnection, tenant: &str) -> Result<Vec<Hold>, Error> {
    let rows =
        query("SELECT scope, name, held_by, note, since FROM schedule_hold WHERE tenant = $1 ORDER BY scope, name")
            .bind(tenant)
            .fetch_all(conn)
            .await?;
    rows.iter().map(hold).collect()
}

fn hold(row: &AnyRow) -> Result<Hold, Error> {
    Ok(Hold {
        scope: Scope::of(row.try_get("scope")?, row.try_get("name")?).ok_or_else(decode)?,
        by: row.try_get("held_by")?,
        note: row.try_get("note")?,
        since: instant(row, "since")?,
    })
}

impl WriteTx {
    /// Pauses something; what was paused before is paused by the new one.
    pub(super) async fn hold(&mut self, hold: &Hold) -> Result<Fit, Error> {
        let tenant = self.tenant.clone();
        let (kind, name) = hold.scope.parts();
        query(
            "INSERT INTO schedule_hold (tenant, scope, name, held_by, note, since) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (tenant, scope, name) DO UPDATE SET held_by = excluded.held_by, note = excluded.note, since = excluded.since",
        )
        .bind(tenant)
        .bind(kind)
        .bind(name)
        .bind(&hold.by)
        .bind(&hold.note)
        .bind(clock::text(hold.since))
        .execute(self.conn())
        .await?;
        let detail = json!({ "by": hold.by, "note": hold.note });
        Ok(Fit::Told(Event::done("schedule.hold", kind, name, detail)))
    }

    /// Lets something go on.
    pub(super) async fn release_hold(&mut self, scope: &Scope) -> Result<Fit, Error> {
        let tenant = self.tenant.clone();
        let (kind, name) = scope.parts();
        let gone = query("DELETE FROM schedule_hold WHERE tenant = $1 AND scope = $2 AND name = $3")
            .bind(tenant)
            .bind(kind)
            .bind(name)
            .execute(self.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Ok(Fit::Never);
        }
        Ok(Fit::Told(Event::done("schedule.release", kind, name, json!({}))))
    }
}
