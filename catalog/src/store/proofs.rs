//! Receipts, lineage and sealed quarantine of an occurrence.

use super::tx::WriteTx;
use super::{Catalog, row};
use crate::audit::Event;
use crate::key::{QuarantineFile, RecordedQuarantine};
use crate::ledger::{Intent, Published};
use crate::lineage::{Flow, LineageEdge, Receipt, RecordedEdge};
use crate::{Actor, Error, Protection};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Row, query};

impl Catalog {
    /// Receipts, newest first; of one target, or of all.
    ///
    /// # Errors
    /// K301.
    pub async fn receipts(&self, actor: &Actor, target: Option<&str>, limit: u32) -> Result<Vec<Receipt>, Error> {
        let rows = query(
            "SELECT * FROM receipt WHERE tenant = $1 AND ($2 = '' OR target = $2) ORDER BY issued_at DESC, id DESC LIMIT $3",
        )
        .bind(&actor.tenant)
        .bind(target.unwrap_or(""))
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(receipt).collect()
    }

    /// Lineage of the last publication of every target, or of one, in the order it was recorded.
    ///
    /// # Errors
    /// K301.
    pub async fn lineage(&self, actor: &Actor, target: Option<&str>) -> Result<Vec<RecordedEdge>, Error> {
        let rows = query(
            "SELECT l.* FROM lineage l WHERE l.tenant = $1 AND ($2 = '' OR l.target = $2) AND l.publish_sequence = \
             (SELECT MAX(m.publish_sequence) FROM lineage m WHERE m.tenant = l.tenant AND m.target = l.target) \
             ORDER BY l.target, l.ordinal",
        )
        .bind(&actor.tenant)
        .bind(target.unwrap_or(""))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(edge).collect()
    }

    /// Records the sealed quarantine files of an occurrence in place of those of an earlier attempt, and returns the
    /// paths that are no longer recorded, so that the caller removes them. Recording the same again changes nothing.
    ///
    /// # Errors
    /// K303 for an unknown occurrence.
    pub async fn put_quarantine(
        &self,
        actor: &Actor,
        occurrence: &str,
        files: &[QuarantineFile],
    ) -> Result<Vec<String>, Error> {
        let mut tx = self.write(actor).await?;
        let of = tx.occurrence(occurrence).await?;
        let before = query("SELECT * FROM quarantine_file WHERE tenant = $1 AND occurrence_id = $2")
            .bind(&actor.tenant)
            .bind(occurrence)
            .fetch_all(tx.conn())
            .await?;
        let before: Vec<_> = before.iter().map(quarantine).collect::<Result<_, _>>()?;
        if before.len() == files.len() && files.iter().all(|file| before.iter().any(|known| known.file == *file)) {
            return Ok(Vec::new());
        }
        query("DELETE FROM quarantine_file WHERE tenant = $1 AND occurrence_id = $2")
            .bind(&actor.tenant)
            .bind(occurrence)
            .execute(tx.conn())
            .await?;
        for file in files {
            tx.insert_quarantine(occurrence, file).await?;
        }
        let rows: i64 = files.iter().map(|file| file.rows).fold(0, i64::saturating_add);
        let detail = json!({ "occurrence": occurrence, "files": files.len(), "rows": rows });
        tx.audit(Event::done("quarantine", of.pipeline, of.target, detail));
        tx.commit().await?;
        let gone =
            before.into_iter().map(|known| known.file.path).filter(|path| files.iter().all(|file| file.path != *path));
        Ok(gone.collect())
    }

    /// Sealed quarantine files of the latest occurrences, newest first; of one target, or of all.
    ///
    /// # Errors
    /// K301.
    pub async fn list_quarantine(
        &self,
        actor: &Actor,
        target: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RecordedQuarantine>, Error> {
        let rows = query(
            "SELECT q.* FROM quarantine_file q JOIN occurrence o ON o.tenant = q.tenant AND o.id = q.occurrence_id \
             WHERE q.tenant = $1 AND ($2 = '' OR o.target = $2) ORDER BY q.recorded_at DESC, q.path LIMIT $3",
        )
        .bind(&actor.tenant)
        .bind(target.unwrap_or(""))
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(quarantine).collect()
    }
}

impl WriteTx {
    pub(super) async fn record_proofs(&mut self, intent: &Intent, published: &Published) -> Result<(), Error> {
        let (tenant, now) = (self.tenant.clone(), self.now_text());
        for body in &published.receipts {
            let id = self.new_id();
            query(
                "INSERT INTO receipt (tenant, id, occurrence_id, target, publish_sequence, version, body, issued_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(&tenant)
            .bind(id)
            .bind(&intent.occurrence)
            .bind(&intent.target)
            .bind(intent.publish_sequence)
            .bind(published.version)
            .bind(crate::digest::canonical_json(body)?)
            .bind(&now)
            .execute(self.conn())
            .await?;
        }
        for (ordinal, edge) in (1i64..).zip(&published.lineage) {
            self.insert_edge(intent, ordinal, edge).await?;
        }
        Ok(())
    }

    async fn insert_edge(&mut self, intent: &Intent, ordinal: i64, edge: &LineageEdge) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        query(
            "INSERT INTO lineage (tenant, target, publish_sequence, ordinal, occurrence_id, column_name, flow, source, \
             source_column, grade, protection) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(tenant)
        .bind(&intent.target)
        .bind(intent.publish_sequence)
        .bind(ordinal)
        .bind(&intent.occurrence)
        .bind(&edge.column)
        .bind(edge.flow.as_str())
        .bind(&edge.source)
        .bind(&edge.source_column)
        .bind(edge.grade.as_str())
        .bind(edge.protection.as_str())
        .execute(self.conn())
        .await?;
        Ok(())
    }

    async fn insert_quarantine(&mut self, occurrence: &str, file: &QuarantineFile) -> Result<(), Error> {
        let (tenant, now) = (self.tenant.clone(), self.now_text());
        query(
            "INSERT INTO quarantine_file (tenant, occurrence_id, path, row_total, key_id, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(tenant)
        .bind(occurrence)
        .bind(&file.path)
        .bind(file.rows)
        .bind(&file.key_id)
        .bind(now)
        .execute(self.conn())
        .await?;
        Ok(())
    }
}

fn receipt(row: &AnyRow) -> Result<Receipt, Error> {
    Ok(Receipt {
        id: row.try_get("id")?,
        occurrence: row.try_get("occurrence_id")?,
        target: row.try_get("target")?,
        publish_sequence: row.try_get("publish_sequence")?,
        version: row.try_get("version")?,
        body: self::row::json(row.try_get("body")?)?,
        issued_at: row.try_get("issued_at")?,
    })
}

fn edge(row: &AnyRow) -> Result<RecordedEdge, Error> {
    let protection: &str = row.try_get("protection")?;
    let flow = if row.try_get::<&str, _>("flow")? == Flow::Row.as_str() { Flow::Row } else { Flow::Value };
    let edge = LineageEdge {
        column: row.try_get("column_name")?,
        flow,
        source: row.try_get("source")?,
        source_column: row.try_get("source_column")?,
        grade: row.try_get::<&str, _>("grade")?.parse()?,
        protection: Protection::parse(protection).ok_or_else(self::row::decode)?,
    };
    Ok(RecordedEdge { target: row.try_get("target")?, publish_sequence: row.try_get("publish_sequence")?, edge })
}

fn quarantine(row: &AnyRow) -> Result<RecordedQuarantine, Error> {
    let file =
        QuarantineFile { path: row.try_get("path")?, rows: row.try_get("row_total")?, key_id: row.try_get("key_id")? };
    Ok(RecordedQuarantine { occurrence: row.try_get("occurrence_id")?, file, recorded_at: row.try_get("recorded_at")? })
}
