//! Opening a schema of a PostgreSQL server.

use super::place::ServerUrl;
use crate::{Error, StoreFault};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions, Connection, query_scalar, raw_sql};
use std::time::Duration;

/// Oldest server that is known to work, as `server_version_num` counts: 13.
const OLDEST: i64 = 130_000;
/// Connections that read; they are made when they are needed.
pub(super) const READERS: u32 = 4;
/// A connection that was idle for longer is tried before it is used.
const FRESH: Duration = Duration::from_millis(50);
/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What every connection is told: a commit is on disk when it returns; nobody waits for ever; a process that was
/// stopped in the middle of a transaction loses it, so that it does not keep the others from writing.
const SETTINGS: &str = "SET statement_timeout = '60s'; SET lock_timeout = '20s'; \
     SET idle_in_transaction_session_timeout = '15s'; SET client_min_messages = 'warning'; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
/// Looks whether a server can hold a catalog: it is not too old, and the connection has a schema. Without one there
/// would be no lock and no place for tables.
///
/// Done on a connection of its own, because a pool that cannot set up a connection tries again until it times out.
pub(super) async fn prepare(url: &ServerUrl) -> Result<(), Error> {
    let mut connection = options(url)?.connect().await?;
    raw_sql(SETTINGS).execute(&mut connection).await?;
    let version = "SELECT CAST(current_setting('server_version_num') AS BIGINT)";
    check_version(query_scalar(version).fetch_one(&mut connection).await?)?;
    let schema: Option<String> =
        query_scalar("SELECT CAST(current_schema() AS TEXT)").fetch_one(&mut connection).await?;
    connection.close().await?;
    schema.map(|_| ()).ok_or(Error::Store { fault: StoreFault::Access })
}

/// At most so many connections to a server that is fit.
pub(super) async fn pool(url: &ServerUrl, connections: u32) -> Result<AnyPool, Error> {
    let pool = AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection, usage| {
            Box::pin(async move { Ok(usage.idle_for <= FRESH || connection.ping().await.is_ok()) })
        })
        .after_connect(|connection, _| Box::pin(async move { raw_sql(SETTINGS).execute(connection).await.map(|_| ()) }))
        .connect_with(options(url)?)
        .await?;
    Ok(pool)
}

fn options(url: &ServerUrl) -> Result<AnyConnectOptions, Error> {
    Ok(url.reveal().parse::<AnyConnectOptions>()?.disable_statement_logging())
}

/// Refuses a server older than 13; `version` is its `server_version_num`, 150004 for 15.4.
pub(crate) fn check_version(version: i64) -> Result<(), Error> {
    if version >= OLDEST {
        return Ok(());
    }
    Err(Error::ServerTooOld { found: format!("{}.{}", version / 10_000, version % 10_000) })
}
