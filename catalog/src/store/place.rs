//! Where a catalog lives: a path, or the address of a server, which may hold a password and is never shown.

use crate::Error;
use sqlx::any::AnyConnectOptions;
use std::fmt;
use std::path::PathBuf;

/// What an address may say after `?`. Others are refused: the driver would print them, whatever they hold.
const OPTIONS: [&str; 13] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Where a catalog lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A schema of a PostgreSQL server: the first of the connection's `search_path`.
    Server(ServerUrl),
}

/// Address of a PostgreSQL server, a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl Place {
    /// A path, or `postgres://user:password@host:port/database?options=-csearch_path%3Dschema`.
    ///
    /// # Errors
    /// K316 for any other address.
    pub fn parse(text: &str) -> Result<Place, Error> {
        if !text.contains("://") {
            return Ok(Place::File(PathBuf::from(text)));
        }
        let known = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        let after = text.split_once('?').map_or("", |(_, after)| after);
        let fits = after.split('&').filter(|pair| !pair.is_empty()).all(|pair| {
            let key = pair.split('=').next().unwrap_or("");
            OPTIONS.contains(&key) || key.starts_with("options[") || key.starts_with("options%5B")
        });
        if !known || !fits || text.contains('#') || text.parse::<AnyConnectOptions>().is_err() {
            return Err(Error::BadPlace);
        }
        Ok(Place::Server(ServerUrl(text.to_owned())))
    }
}

impl ServerUrl {
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://…")
    }
}
