//! Statements over many rows at once.
//!
//! Lists are cut into pieces of a few sizes: a handful of prepared statements serves every length, and none comes near a
//! database's limit of parameters. Every row begins with the tenant.

use crate::Error;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, query};
use std::fmt::Write;

/// Rows that a statement may have. Any list is cut into few of them.
const SIZES: [usize; 12] = [64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// A value on its way into a column.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// Of a TEXT column.
    Text(Option<String>),
    /// Of a BIGINT column.
    Number(Option<i64>),
}

impl Cell {
    /// What no row equals, of the same type.
    fn nothing(&self) -> Cell {
        match self {
            Cell::Text(_) => Cell::Text(None),
            Cell::Number(_) => Cell::Number(None),
        }
    }
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
    while let Some(size) = at_most(rows.len()) {
        let sql = format!("INSERT INTO {into} VALUES {} {conflict}", places(conn, size, N));
        let statement = bind(query(AssertSqlSafe(sql)), tenant, rows.by_ref().take(size));
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
    while let Some(size) = at_least(keys.len()) {
        let sql = format!("SELECT {columns} FROM (VALUES {}) AS wanted CROSS JOIN {of}", places(conn, size, N));
        // One statement that also looks for nothing costs less than several that fit.
        let nothing = keys.as_slice().first().map(|key| key.each_ref().map(Cell::nothing));
        let piece = keys.by_ref().take(size).chain(std::iter::repeat(nothing).flatten()).take(size);
        let statement = bind(query(AssertSqlSafe(sql)), tenant, piece);
        found.extend(statement.fetch_all(&mut *conn).await?);
    }
    Ok(found)
}

/// Rows of the next statement that has only rows of the list: the greatest size that is left.
fn at_most(left: usize) -> Option<usize> {
    SIZES.into_iter().find(|size| *size <= left)
}

/// Rows of the next statement that may have others besides: the smallest size that takes all that is left.
fn at_least(left: usize) -> Option<usize> {
    SIZES.into_iter().rev().find(|size| *size >= left.min(SIZES[0])).filter(|_| left > 0)
}

/// Places of the parameters of so many rows of a tenant and cells.
fn places(conn: &AnyConnection, rows: usize, cells: usize) -> String {
    // SQLite walks a list to find the name of a numbered parameter: of hundreds, they are better without.
    if conn.backend_name() == "SQLite" { unnumbered(rows, cells) } else { numbered(rows, cells) }
}

/// `(?, ?, ?), (?, ?, ?)` for two rows of two cells.
fn unnumbered(rows: usize, cells: usize) -> String {
    let row = format!("(?{})", ", ?".repeat(cells));
    vec![row; rows].join(", ")
}

/// `($1, $2, $3), ($4, $5, $6)` for two rows of two cells.
fn numbered(rows: usize, cells: usize) -> String {
    let mut out = String::with_capacity(rows * (cells + 1) * 7);
    for row in 0..rows {
        for cell in 0..=cells {
            let before = match (row, cell) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            // Writing to a string cannot fail.
            let _ = write!(out, "{before}${}", row * (cells + 1) + cell + 1);
        }
    }
    out + ")"
}

fn bind<const N: usize>(
    statement: Query<'static, Any, AnyArguments>,
    tenant: &str,
    rows: impl Iterator<Item = [Cell; N]>,
) -> Query<'static, Any, AnyArguments> {
    rows.fold(statement, |statement, row| {
        row.into_iter().fold(statement.bind(tenant), |statement, cell| match cell {
            Cell::Text(text) => statement.bind(text),
            Cell::Number(number) => statement.bind(number),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_cut_into_few_pieces() {
        for length in 0..300 {
            let (mut left, mut pieces) = (length, 0);
            while let Some(size) = at_most(left) {
                left -= size;
                pieces += 1;
            }
            assert_eq!(left, 0);
            assert!(pieces <= length / SIZES[0] + 3, "{length}: {pieces}");
        }
        assert_eq!([0, 1, 5, 33, 64, 65].map(at_least), [None, Some(1), Some(6), Some(48), Some(64), Some(64)]);
    }

    #[test]
    fn every_row_has_a_place_for_the_tenant() {
        assert_eq!(numbered(2, 2), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(unnumbered(2, 2), "(?, ?, ?), (?, ?, ?)");
    }
}
