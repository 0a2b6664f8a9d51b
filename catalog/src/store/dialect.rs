//! What differs between the two databases.

use crate::Error;
use chrono::{DateTime, Utc};
use sqlx::{Any, AnyPool, Transaction, query, query_scalar};

/// Waits for the schema's one writer and tells the time when it has come. The first number is ours ("Sluc"), the second
/// the schema's. A set-returning place makes sure that the lock comes before the clock is read.
const LOCK: &str = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
     FROM pg_advisory_xact_lock(1399616867, hashtext(current_schema()::text))";

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A file.
    Sqlite,
    /// A schema of a server.
    Postgres,
}

impl Dialect {
    /// Begins a write transaction, the only one of its moment, and tells the time of a database that has its own.
    pub(super) async fn begin(
        self,
        pool: &AnyPool,
    ) -> Result<(Transaction<'static, Any>, Option<DateTime<Utc>>), Error> {
        match self {
            Dialect::Sqlite => Ok((pool.begin_with("BEGIN IMMEDIATE").await?, None)),
            Dialect::Postgres => {
                let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
                let now: String = query_scalar(LOCK).fetch_one(&mut *tx).await?;
                Ok((tx, Some(now.parse().map_err(|_| super::row::decode())?)))
            }
        }
    }

    /// Begins a read transaction in which all statements see the same state.
    pub(super) async fn snapshot(self, pool: &AnyPool) -> Result<Transaction<'static, Any>, Error> {
        Ok(match self {
            Dialect::Sqlite => pool.begin().await?,
            Dialect::Postgres => pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
        })
    }

    /// A migration as this database takes it: on PostgreSQL text is ordered by its bytes, as SQLite does.
    pub(super) fn migration(self, sql: &str) -> String {
        match self {
            Dialect::Sqlite => sql.to_owned(),
            Dialect::Postgres => sql.replace(" TEXT", " TEXT COLLATE \"C\""),
        }
    }

    /// Drops what an overwritten key left behind. Outside of transactions; readers may delay it.
    pub(super) async fn forget_keys(self, pool: &AnyPool) -> Result<(), Error> {
        let sql = match self {
            Dialect::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            Dialect::Postgres => "VACUUM wrapped_key",
        };
        query(sql).execute(pool).await?;
        Ok(())
    }
}
