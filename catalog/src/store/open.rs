//! Opening a catalog, and its ledger epoch.

use super::dialect::Dialect;
use super::{Catalog, Place, file, migrate, server};
use crate::audit::Event;
use crate::merkle::{AuditHash, Frontier};
use crate::{Actor, Clock, Error, StoreFault};
use serde_json::json;
use sqlx::{query, query_scalar};
use std::path::Path;
use std::sync::Arc;

impl Catalog {
    /// Opens a catalog in a file, making it if there is none, with SM3 for its audit log.
    ///
    /// # Errors
    /// K301 when the file cannot be opened, K302 for an unsafe SQLite, K311 for a newer schema.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Catalog, Error> {
        Catalog::open_with(&Place::File(path.to_owned()), clock, AuditHash::Sm3).await
    }

    /// Opens a catalog in a file or on a server, see [`Place::parse`], making it if there is none, with SM3 for its
    /// audit log. On a server whose catalog several machines share, [`crate::SystemClock`] means the server's clock.
    ///
    /// # Errors
    /// As [`Catalog::open`]; K316 for an address that is none, K317 for a server that is too old.
    pub async fn connect(address: &str, clock: Arc<dyn Clock>) -> Result<Catalog, Error> {
        Catalog::open_with(&Place::parse(address)?, clock, AuditHash::Sm3).await
    }

    /// Opens a catalog; `hash` counts only when it is made now, an existing log keeps its own.
    ///
    /// # Errors
    /// As [`Catalog::connect`].
    pub async fn open_with(place: &Place, clock: Arc<dyn Clock>, hash: AuditHash) -> Result<Catalog, Error> {
        sqlx::any::install_default_drivers();
        let (dialect, writer, reader) = match place {
            Place::File(path) => {
                file::prepare(path).await?;
                (Dialect::Sqlite, file::pool(path, 1).await?, file::pool(path, file::READERS).await?)
            }
            Place::Server(url) => {
                server::prepare(url).await?;
                (Dialect::Postgres, server::pool(url, 1).await?, server::pool(url, server::READERS).await?)
            }
        };
        migrate::migrate(dialect, &writer).await?;
        let mut catalog = Catalog { writer, reader, dialect, clock, hash, fence: None };
        catalog.hash = catalog.first_rows(hash).await?;
        Ok(catalog)
    }

    /// The present ledger epoch, a UUID that names this ledger's transactions in the targets' logs.
    ///
    /// # Errors
    /// K301.
    pub async fn epoch(&self) -> Result<String, Error> {
        Ok(query_scalar(super::tx::EPOCH).fetch_one(&self.reader).await?)
    }

    /// Begins a new epoch, for a catalog restored from a copy: the old epoch's transactions are not taken for new ones.
    ///
    /// # Errors
    /// K301.
    pub async fn renew_epoch(&self, actor: &Actor) -> Result<String, Error> {
        let mut tx = self.write(actor).await?;
        let (before, epoch, now) = (tx.epoch().await?, tx.new_id(), tx.now_text());
        query("INSERT INTO ledger_epoch (ordinal, epoch, since) SELECT MAX(ordinal) + 1, $1, $2 FROM ledger_epoch")
            .bind(&epoch)
            .bind(now)
            .execute(tx.conn())
            .await?;
        tx.audit(Event::done("ledger.epoch", "catalog", &epoch, json!({ "before": before })));
        tx.commit().await?;
        Ok(epoch)
    }

    /// The present day where grants are valid, by the catalog's clock.
    #[must_use]
    pub fn today(&self) -> chrono::NaiveDate {
        self.clock.today()
    }

    /// Closes the connections; also happens when the last clone is dropped, but then without waiting.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    async fn first_rows(&self, hash: AuditHash) -> Result<AuditHash, Error> {
        let actor = Actor::new("", "catalog");
        let mut tx = self.write(&actor).await?;
        let now = tx.now_text();
        let epoch = tx.new_id();
        query("INSERT INTO ledger_epoch (ordinal, epoch, since) SELECT 1, $1, $2 WHERE NOT EXISTS (SELECT 1 FROM ledger_epoch)")
            .bind(epoch)
            .bind(now)
            .execute(tx.conn())
            .await?;
        query("INSERT INTO audit_head (id, hash, size, frontier) SELECT 1, $1, 0, $2 WHERE NOT EXISTS (SELECT 1 FROM audit_head)")
            .bind(hash.as_str())
            .bind(Frontier::new(hash).to_text())
            .execute(tx.conn())
            .await?;
        let stored: String = query_scalar("SELECT hash FROM audit_head WHERE id = 1").fetch_one(tx.conn()).await?;
        tx.commit().await?;
        AuditHash::parse(&stored).ok_or(Error::Store { fault: StoreFault::Decode })
    }
}
