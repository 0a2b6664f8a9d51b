//! The one boundary where database errors become ours: kind only, never their text.

use crate::{Error, StoreFault};

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        Error::Store { fault: fault(&error) }
    }
}

fn fault(error: &sqlx::Error) -> StoreFault {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
            of_sqlite(code)
        }
        sqlx::Error::Io(_) => StoreFault::Io,
        sqlx::Error::PoolTimedOut => StoreFault::Busy,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            StoreFault::Decode
        }
        _ => StoreFault::Other,
    }
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
