//! Statements over many rows at once.
//!
//! Lists are cut into pieces of 64, 32, 16 … rows: a handful of prepared statements serves every length, and none comes
//! near a database's limit of parameters. The tenant is parameter 1 of every statement.

use crate::Error;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, query};
use std::fmt::Write;

/// Most rows of one statement.
const MOST: usize = 64;

/// A value on its way into a column.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// Of a TEXT column.
    Text(Option<String>),
    /// Of a BIGINT column.
    Number(Option<i64>),
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(Some(text))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Cell {
        Cell::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Cell {
        Cell::Number(Some(number))
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Cell {
        Cell::Number(Some(i64::from(number)))
    }
}

impl From<Option<i64>> for Cell {
    fn from(number: Option<i64>) -> Cell {
        Cell::Number(number)
    }
}

/// Inserts rows. `into` is the table with its columns, `tenant` first and then those of the cells; `conflict` is what
/// follows the values, such as `ON CONFLICT DO NOTHING`. Answers how many rows were written.
pub(super) async fn insert<const N: usize>(
    conn: &mut AnyConnection,
    tenant: &str,
    into: &str,
    rows: Vec<[Cell; N]>,
    conflict: &str,
) -> Result<u64, Error> {
    let mut rows = rows.into_iter();
    let mut written = 0;
    while let Some(size) = piece(rows.len()) {
        let sql = format!("INSERT INTO {into} VALUES {} {conflict}", places(size, N));
        let statement = bind(query(AssertSqlSafe(sql)).bind(tenant), rows.by_ref().take(size));
        written += statement.execute(&mut *conn).await?.rows_affected();
    }
    Ok(written)
}

/// Rows with one of these keys. `of` is the table, `t`, and how its rows meet the list `wanted`: `column1` is the tenant,
/// `column2` and on are the cells. The list is walked and each row is looked up; `IN` would scan the table on SQLite.
pub(super) async fn fetch<const N: usize>(
    conn: &mut AnyConnection,
    tenant: &str,
    columns: &str,
    of: &str,
    keys: Vec<[Cell; N]>,
) -> Result<Vec<AnyRow>, Error> {
    let mut keys = keys.into_iter();
    let mut found = Vec::new();
    while let Some(size) = piece(keys.len()) {
        let sql = format!("SELECT {columns} FROM (VALUES {}) AS wanted CROSS JOIN {of}", places(size, N));
        let statement = bind(query(AssertSqlSafe(sql)).bind(tenant), keys.by_ref().take(size));
        found.extend(statement.fetch_all(&mut *conn).await?);
    }
    Ok(found)
}

/// Rows of the next statement: the greatest power of two that is left, and no more than [`MOST`].
fn piece(left: usize) -> Option<usize> {
    left.checked_ilog2().map(|power| MOST.min(1 << power))
}

/// `($1, $2, $3), ($1, $4, $5)` for two rows of two cells.
fn places(rows: usize, cells: usize) -> String {
    let mut out = String::with_capacity(rows * (cells * 6 + 8));
    for row in 0..rows {
        out.push_str(if row == 0 { "($1" } else { ", ($1" });
        for cell in 0..cells {
            // Writing to a string cannot fail.
            let _ = write!(out, ", ${}", row * cells + cell + 2);
        }
        out.push(')');
    }
    out
}

fn bind<const N: usize>(
    statement: Query<'static, Any, AnyArguments>,
    rows: impl Iterator<Item = [Cell; N]>,
) -> Query<'static, Any, AnyArguments> {
    rows.flatten().fold(statement, |statement, cell| match cell {
        Cell::Text(text) => statement.bind(text),
        Cell::Number(number) => statement.bind(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_cut_into_few_sizes() {
        for length in 0..300 {
            let (mut left, mut sizes) = (length, Vec::new());
            while let Some(size) = piece(left) {
                left -= size;
                sizes.push(size);
            }
            assert_eq!(sizes.iter().sum::<usize>(), length);
            assert!(sizes.iter().all(|size| size.is_power_of_two() && *size <= MOST));
        }
    }

    #[test]
    fn the_tenant_is_the_first_parameter_of_every_row() {
        assert_eq!(places(2, 2), "($1, $2, $3), ($1, $4, $5)");
    }
}
