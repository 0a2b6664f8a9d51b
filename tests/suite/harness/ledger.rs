//! Looking into databases: the ledger in its file or on a server, and sources that tests make.

use std::path::Path;

use super::postgres::server;
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

/// As [`query`], of a ledger on the test server; a value must not hold `|` or a line break.
pub(crate) fn on_server(schema: &str, sql: &str) -> Vec<Vec<String>> {
    let said = server().sql(&format!("SET search_path = {schema}; {sql}"));
    said.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
}

/// A new schema of the test server that holds what another one holds.
pub(crate) fn copied(schema: &str) -> String {
    let new = server().new_schema();
    let tables = server().sql(&format!("SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'"));
    let copy = |table: &str| {
        format!(
            "CREATE TABLE {new}.{table} (LIKE {schema}.{table} INCLUDING ALL);\
             INSERT INTO {new}.{table} SELECT * FROM {schema}.{table};"
        )
    };
    server().sql(&tables.lines().map(copy).collect::<String>());
    new
}
