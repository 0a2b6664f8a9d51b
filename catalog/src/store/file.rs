//! Opening an SQLite file.

use crate::{Error, StoreFault};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions, Connection, query_scalar, raw_sql};
use std::fmt::Write;
use std::fs::{DirBuilder, OpenOptions};
use std::path::Path;
use std::time::Duration;

/// How long a writer waits for another process before it gives up; [`SETTINGS`] says the same.
const BUSY: Duration = Duration::from_secs(10);

/// What every connection is told. None of these takes a lock.
const SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF";

/// Makes a file ready: there, private, a database of a safe SQLite, with a write-ahead log.
///
/// Done on a connection of its own, because a pool that cannot set up a connection tries again until it times out.
pub(super) async fn prepare(path: &Path) -> Result<(), Error> {
    private_file(path).map_err(|_| Error::Store { fault: StoreFault::Access })?;
    let mut connection = options(path)?.connect().await?;
    raw_sql(SETTINGS).execute(&mut connection).await?;
    check_version(&query_scalar::<_, String>("SELECT sqlite_version()").fetch_one(&mut connection).await?)?;
    // Switching a new file to WAL needs an exclusive lock that the busy timeout does not wait for.
    for _ in 0..100 {
        match raw_sql("PRAGMA journal_mode = WAL").execute(&mut connection).await.map_err(Error::from) {
            Err(Error::Store { fault: StoreFault::Busy }) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(other) => return Err(other),
            Ok(_) => return Ok(connection.close().await?),
        }
    }
    Err(Error::Store { fault: StoreFault::Busy })
}

/// Connections that read: one that reads much must not keep the scheduler from a look of its own.
pub(super) const READERS: u32 = 4;

/// At most so many connections to a file that is ready.
pub(super) async fn pool(path: &Path, connections: u32) -> Result<AnyPool, Error> {
    let pool = AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY * 3)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| Box::pin(async move { raw_sql(SETTINGS).execute(connection).await.map(|_| ()) }))
        .connect_with(options(path)?)
        .await?;
    Ok(pool)
}

/// The file's absolute path as a URL, everything special percent-encoded.
fn options(path: &Path) -> Result<AnyConnectOptions, Error> {
    let path = path.canonicalize().map_err(|_| Error::Store { fault: StoreFault::Access })?;
    let mut url = String::from("sqlite://");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            url.push(char::from(*byte));
        } else {
            write!(url, "%{byte:02X}").map_err(|_| Error::Store { fault: StoreFault::Other })?;
        }
    }
    Ok(url.parse::<AnyConnectOptions>()?.disable_statement_logging())
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
