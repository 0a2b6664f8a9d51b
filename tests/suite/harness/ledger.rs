//! Looking into SQLite files: the ledger, and sources that tests make.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};

fn with<T>(file: &Path, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection =
            SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap();
        work(&mut connection).await
    })
}

/// Rows of a query, every value as text, a missing one as `∅`.
pub(crate) fn query(file: &Path, sql: &'static str) -> Vec<Vec<String>> {
    with(file, async |connection| {
        let rows = sqlx::query(sql).fetch_all(connection).await.unwrap();
        let text = |row: &sqlx::sqlite::SqliteRow, at: usize| {
            let number = || row.try_get_unchecked::<Option<i64>, _>(at).unwrap().map(|number| number.to_string());
            let text = row.try_get::<Option<String>, _>(at).unwrap_or_else(|_| number());
            text.unwrap_or_else(|| "∅".to_owned())
        };
        rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect()).collect()
    })
}

/// Runs statements.
pub(crate) fn execute(file: &Path, sql: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    with(file, async |connection| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
    });
}

/// Whether another process is writing to the file and does not end.
pub(crate) fn is_locked(file: &Path) -> bool {
    with(file, async |connection| {
        sqlx::raw_sql("PRAGMA busy_timeout = 1000").execute(&mut *connection).await.unwrap();
        let begun = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(connection).await;
        begun.is_err()
    })
}
