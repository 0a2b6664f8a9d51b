//! Where an incremental read may end: the greatest value of the cursor column when reading begins.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row, TypeInfo, ValueRef};

use super::{Bound, failure, introspect, quoted};
use crate::Error;
use crate::store::Store;

/// The greatest value of a column, or nothing when the table holds none.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NoTable`], [`Error::ColumnMissing`], [`Error::Database`].
pub async fn highest(store: &Store, path: &str, table: &str, column: &str) -> Result<Option<Bound>, Error> {
    crate::store::path::checked(path)?;
    let file = store.file(path)?;
    if !file.is_file() {
        return Err(Error::NotFound { path: path.to_owned() });
    }
    let connect = SqliteConnectOptions::new().filename(&file).read_only(true).disable_statement_logging();
    let mut connection = connect.connect().await.map_err(|error| failure(path, "opened", &error))?;
    let (schema, _) = introspect(&mut connection, path, table).await?;
    if schema.index_of(column).is_err() {
        return Err(Error::ColumnMissing { column: column.to_owned() });
    }
    let sql = format!("SELECT max({}) FROM {}", quoted(column), quoted(table));
    let fail = |error: sqlx::Error| failure(path, "read", &error);
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut connection).await.map_err(fail)?;
    let raw = row.try_get_raw(0).map_err(fail)?;
    if raw.is_null() {
        return Ok(None);
    }
    Ok(Some(match raw.type_info().name() {
        "INTEGER" => Bound::Integer(row.try_get(0).map_err(fail)?),
        "REAL" => Bound::Real(row.try_get(0).map_err(fail)?),
        _ => Bound::Text(row.try_get(0).map_err(fail)?),
    }))
}
