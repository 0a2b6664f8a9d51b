//! The one boundary where database errors become ours: kind only, never their text.

use crate::{Error, StoreFault};
use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        Error::Store { fault: fault(&error) }
    }
}

fn fault(error: &sqlx::Error) -> StoreFault {
    match error {
        sqlx::Error::Database(error) => of_database(error.as_ref()),
        // Reading and writing a file fails as a database error; this is the network's.
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => StoreFault::Lost,
        sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => StoreFault::Access,
        sqlx::Error::PoolTimedOut => StoreFault::Busy,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            StoreFault::Decode
        }
        _ => StoreFault::Other,
    }
}

fn of_database(error: &dyn DatabaseError) -> StoreFault {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<SqliteError>().is_some() {
        return of_sqlite(code.parse().unwrap_or(0));
    }
    of_postgres(&code)
}

/// Primary result codes of SQLite (the low byte of the extended code), <https://sqlite.org/rescode.html>.
fn of_sqlite(extended: i32) -> StoreFault {
    match extended & 0xff {
        5 | 6 => StoreFault::Busy,
        8 | 14 | 23 => StoreFault::Access,
        10 => StoreFault::Io,
        11 | 26 => StoreFault::Corrupt,
        13 => StoreFault::Full,
        19 => StoreFault::Constraint,
        _ => StoreFault::Other,
    }
}

/// SQLSTATE codes, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_postgres(state: &str) -> StoreFault {
    match state {
        // Cancelled by a timeout, lock not to be had, deadlock, serialisation, too many connections.
        "57014" | "55P03" | "40P01" | "40001" | "53300" => StoreFault::Busy,
        // Shut down, crashed, starting up, or ended for standing still inside a transaction.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => StoreFault::Lost,
        // No such database or schema, not permitted, a standby.
        "3D000" | "3F000" | "42501" | "25006" => StoreFault::Access,
        "53100" => StoreFault::Full,
        "58030" => StoreFault::Io,
        other => match other.get(..2) {
            Some("08") => StoreFault::Lost,
            Some("23") => StoreFault::Constraint,
            Some("28") => StoreFault::Access,
            Some("XX") => StoreFault::Corrupt,
            _ => StoreFault::Other,
        },
    }
}
