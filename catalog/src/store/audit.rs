//! Reading and verifying the audit log.

use super::{Catalog, row};
use crate::audit::{Entry, Event, Fault, Head, Verification};
use crate::merkle::{AuditHash, Frontier};
use crate::{Actor, Error};
use sqlx::any::AnyRow;
use sqlx::{Row, query};

/// Entries read at a time while verifying.
const PAGE: i64 = 1000;

impl Catalog {
    /// Records an event of its own, one that goes with no other change of the catalog.
    ///
    /// # Errors
    /// K301.
    pub async fn append(&self, actor: &Actor, event: Event) -> Result<(), Error> {
        let mut tx = self.write(actor).await?;
        tx.audit(event);
        tx.commit().await
    }

    /// Entries of the actor's tenant after a sequence number, in order.
    ///
    /// # Errors
    /// K301.
    pub async fn audit_entries(&self, actor: &Actor, after: i64, limit: u32) -> Result<Vec<Entry>, Error> {
        let rows = query("SELECT * FROM audit_entry WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3")
            .bind(&actor.tenant)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(entry).collect()
    }

    /// The newest entry of a kind among the last 100,000 of the log, of the actor's tenant.
    ///
    /// # Errors
    /// K301.
    pub async fn newest_entry(&self, actor: &Actor, kind: &str) -> Result<Option<Entry>, Error> {
        let found = query(
            "SELECT * FROM audit_entry WHERE tenant = $1 AND kind = $2 \
             AND seq > (SELECT COALESCE(MAX(seq), 0) FROM audit_entry) - 100000 ORDER BY seq DESC LIMIT 1",
        )
        .bind(&actor.tenant)
        .bind(kind)
        .fetch_optional(&self.reader)
        .await?;
        found.as_ref().map(entry).transpose()
    }

    /// The head of the log as recorded.
    ///
    /// # Errors
    /// K301.
    pub async fn head(&self) -> Result<Head, Error> {
        let found = query("SELECT size, frontier FROM audit_head WHERE id = 1").fetch_one(&self.reader).await?;
        let frontier = frontier(self.hash, &found)?;
        Ok(head(self.hash, &frontier))
    }

    /// Recomputes every leaf and root of the log and names the first entry that does not agree.
    ///
    /// # Errors
    /// K301; a broken log is an answer, not an error.
    pub async fn verify(&self) -> Result<Verification, Error> {
        // One read transaction, so that entries and head belong together while others append.
        let mut snapshot = self.dialect.snapshot(&self.reader).await?;
        let recorded =
            query("SELECT size, frontier FROM audit_head WHERE id = 1").fetch_optional(&mut *snapshot).await?;
        let mut tree = Frontier::new(self.hash);
        loop {
            let done = i64::try_from(tree.size()).map_err(|_| row::decode())?;
            let page = query("SELECT * FROM audit_entry WHERE seq > $1 ORDER BY seq LIMIT $2")
                .bind(done)
                .bind(PAGE)
                .fetch_all(&mut *snapshot)
                .await?;
            if page.is_empty() {
                break;
            }
            for (expected, found) in (done + 1..).zip(&page) {
                if let Err(fault) = check(&mut tree, expected, found) {
                    return Ok(Verification::Broken { seq: expected, fault });
                }
            }
        }
        Ok(against_head(&tree, self.hash, recorded.and_then(|found| frontier(self.hash, &found).ok())))
    }
}

fn check(tree: &mut Frontier, expected: i64, found: &AnyRow) -> Result<(), Fault> {
    if found.try_get::<i64, _>("seq").map_err(|_| Fault::Changed)? != expected {
        return Err(Fault::Missing);
    }
    let entry = entry(found).map_err(|_| Fault::Changed)?;
    let hash = tree.hash();
    let leaf = entry.leaf(hash).map_err(|_| Fault::Changed)?;
    tree.push(leaf);
    let text = |column| found.try_get::<String, _>(column).map_err(|_| Fault::Changed);
    if text("leaf")? != hex::encode(leaf) || text("root")? != hex::encode(tree.root()) {
        return Err(Fault::Changed);
    }
    Ok(())
}

/// Compares what the entries give with the recorded head: fewer entries than it counts means the last were removed.
fn against_head(tree: &Frontier, hash: AuditHash, recorded: Option<Frontier>) -> Verification {
    let next = i64::try_from(tree.size()).unwrap_or(i64::MAX).saturating_add(1);
    match recorded {
        Some(recorded) if recorded == *tree => Verification::Intact { head: head(hash, tree) },
        Some(recorded) if recorded.size() > tree.size() => Verification::Broken { seq: next, fault: Fault::Missing },
        _ => Verification::Broken { seq: next.saturating_sub(1), fault: Fault::Head },
    }
}

fn head(hash: AuditHash, tree: &Frontier) -> Head {
    Head { hash, size: tree.size(), root: hex::encode(tree.root()) }
}

fn frontier(hash: AuditHash, found: &AnyRow) -> Result<Frontier, Error> {
    let size = u64::try_from(found.try_get::<i64, _>("size")?).map_err(|_| row::decode())?;
    Frontier::restore(hash, size, found.try_get("frontier")?).ok_or_else(row::decode)
}

fn entry(found: &AnyRow) -> Result<Entry, Error> {
    Ok(Entry {
        seq: found.try_get("seq")?,
        tenant: found.try_get("tenant")?,
        at: found.try_get("at")?,
        user: found.try_get("user_name")?,
        kind: found.try_get("kind")?,
        phase: found.try_get("phase")?,
        success: found.try_get::<i64, _>("success")? != 0,
        subject: found.try_get("subject")?,
        object: found.try_get("object")?,
        detail: row::json(found.try_get("detail")?)?,
    })
}
