//! Where a catalog lives: a path, or the address of a server, which may hold a password and is never shown.

use crate::Error;
use sqlx::any::AnyConnectOptions;
use std::fmt;
use std::path::PathBuf;
use url::Url;

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
    /// A path, or `postgres://user:password@host:port/database?options=-csearch_path%3Dschema`. Over a network the
    /// connection is encrypted and the server's certificate and name are checked (`sslmode=verify-full`), unless the
    /// address names another `sslmode`.
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
        if !known || !fits || text.contains('#') {
            return Err(Error::BadPlace);
        }
        let mut url = text.parse::<AnyConnectOptions>().map_err(|_| Error::BadPlace)?.database_url;
        let chosen = url.query_pairs().any(|(name, _)| name == "sslmode");
        if !chosen && leaves_the_machine(&url) {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
            return Ok(Place::Server(ServerUrl(url.into())));
        }
        Ok(Place::Server(ServerUrl(text.to_owned())))
    }
}

/// Whether a server is reached over a network: neither through a socket's folder nor by the machine's own address.
fn leaves_the_machine(url: &Url) -> bool {
    let named = url.query_pairs().find(|(name, _)| matches!(&**name, "host" | "hostaddr"));
    let host = named.map(|(_, host)| host.into_owned()).or_else(|| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let folder = host.is_empty() || host.starts_with('/') || host.starts_with("%2f");
    !folder && !matches!(&*host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn over_a_network_the_certificate_is_checked_unless_the_address_says_otherwise() {
        let checked = |address: &str| {
            let Place::Server(url) = Place::parse(address).unwrap() else { panic!("no server") };
            url.reveal().contains("sslmode=verify-full")
        };
        assert!(checked("postgres://sluice:hunter2@db.city.local:5432/ledger?options=-csearch_path%3Dsluice"));
        assert!(checked("postgres://sluice@10.1.2.3/ledger"));
        assert!(checked("postgres:///ledger?host=db.city.local&user=sluice"));
        assert!(!checked("postgres://sluice@db.city.local/ledger?sslmode=disable"));
        for local in [
            "postgres:///ledger?host=/run/postgresql",
            "postgresql://%2Frun%2Fpostgresql/ledger",
            "postgres://sluice@localhost/ledger",
        ] {
            assert!(!checked(local), "{local}");
        }
    }
}
