//! Opening a catalog, and its ledger epoch.

use super::{Catalog, migrate};
use crate::audit::Event;
use crate::merkle::{AuditHash, Frontier};
use crate::{Actor, Clock, Error, StoreFault};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, query, query_scalar};
use std::fs::{DirBuilder, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a writer waits for another process before it gives up.
const BUSY: Duration = Duration::from_secs(10);

impl Catalog {
    /// Opens a catalog, making it if there is none, with SM3 for its audit log.
    ///
    /// # Errors
    /// K301 when the file cannot be opened, K302 for an unsafe SQLite, K311 for a newer schema.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Catalog, Error> {
        Catalog::open_with(path, clock, AuditHash::Sm3).await
    }

    /// Opens a catalog; `hash` counts only when it is made now, an existing log keeps its own.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub async fn open_with(path: &Path, clock: Arc<dyn Clock>, hash: AuditHash) -> Result<Catalog, Error> {
        private_file(path).map_err(|_| Error::Store { fault: StoreFault::Access })?;
        let writer = pool(path).await?;
        check_version(&query_scalar::<_, String>("SELECT sqlite_version()").fetch_one(&writer).await?)?;
        migrate::migrate(&writer).await?;
        let reader = pool(path).await?;
        let mut catalog = Catalog { writer, reader, clock, hash };
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
        tx.audit(Event::done("ledger.epoch", "catalog", &epoch, json!({ "before": before }))).await?;
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

async fn pool(path: &Path) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging();
    let pool_options = || {
        SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY * 3)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    // Switching a new file to WAL needs an exclusive lock that the busy timeout does not wait for.
    for _ in 0..100 {
        match pool_options().connect_with(options.clone()).await.map_err(Error::from) {
            Err(Error::Store { fault: StoreFault::Busy }) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => return other,
        }
    }
    Err(Error::Store { fault: StoreFault::Busy })
}

/// Makes the file and its folder readable by their owner alone; SQLite gives its side files the same mode.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    let mut file = OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.create(parent)?;
    }
    let file = file.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.sync_all()
}

/// SQLite 3.7.0–3.51.2 may corrupt a WAL database on reset; 3.50.7 and 3.44.6 carry the fix in their lines.
pub(crate) fn check_version(version: &str) -> Result<(), Error> {
    let too_old = || Error::SqliteTooOld { found: version.to_owned() };
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    let [major, minor, patch, ..] = parts[..] else {
        return Err(too_old());
    };
    let safe = match (major, minor) {
        (3, 44) => patch >= 6,
        (3, 50) => patch >= 7,
        (3, 51) => patch >= 3,
        other => other > (3, 51),
    };
    if safe { Ok(()) } else { Err(too_old()) }
}
