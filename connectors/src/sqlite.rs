//! A table or view of an SQLite file, read only.

mod columns;
mod highest;

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection, Row};

use crate::kind::{Context, Request};
use crate::source::{self, Batches, Position, Source};
use crate::{Error, Limits};

pub use highest::highest;

use columns::{Affinity, Builder};

/// Which rows of which table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Name of the table or view.
    pub table: String,
    /// The part of the table that an incremental read takes.
    pub increment: Option<Increment>,
}

/// Rows with `after < column` and `column <= up_to`, or of a half-open interval. A bound that is not given does not bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Increment {
    /// The cursor column.
    pub column: String,
    /// Exclusive lower bound; inclusive if half open.
    #[serde(default)]
    pub after: Option<Bound>,
    /// Inclusive upper bound; exclusive if half open.
    #[serde(default)]
    pub up_to: Option<Bound>,
    /// Whether it is `after <= column` and `column < up_to`.
    #[serde(default)]
    pub half_open: bool,
}

/// A bound, compared by SQLite with the column's own ordering.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// For integer columns.
    Integer(i64),
    /// For real columns.
    Real(f64),
    /// For text columns, ISO dates and times among them.
    Text(String),
}

/// One table or view, in one split.
#[derive(Debug)]
pub struct SqliteSource {
    connect: SqliteConnectOptions,
    database: String,
    table: String,
    increment: Option<Increment>,
    schema: SchemaRef,
    affinities: Vec<Affinity>,
    limits: Limits,
}

/// Opens a table of the database file that is the request's only pattern.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NoTable`], [`Error::ColumnMissing`], [`Error::Database`].
pub async fn open(request: &Request, context: &Context, options: &Options) -> Result<SqliteSource, Error> {
    request.limits.check()?;
    let [path] = request.patterns.as_slice() else {
        return Err(Error::Option { option: "files", reason: "an SQLite source is one database file" });
    };
    crate::store::path::checked(path)?;
    let file = context.store.file(path)?;
    if !file.is_file() {
        return Err(Error::NotFound { path: path.clone() });
    }
    let connect = SqliteConnectOptions::new().filename(&file).read_only(true).disable_statement_logging();
    let mut connection = connect.connect().await.map_err(|error| failure(path, "opened", &error))?;
    let found = introspect(&mut connection, path, &options.table).await;
    let _ = connection.close().await;
    let (schema, affinities) = found?;
    let cursor = options.increment.iter().map(|increment| &increment.column);
    if let Some(column) = request.expected_columns.iter().chain(cursor).find(|column| schema.index_of(column).is_err())
    {
        return Err(Error::ColumnMissing { column: column.clone() });
    }
    if affinities.len() > request.limits.columns {
        let (found, limit) = (affinities.len(), request.limits.columns);
        return Err(Error::TooManyColumns { path: path.clone(), found, limit });
    }
    Ok(SqliteSource {
        connect,
        database: path.clone(),
        table: options.table.clone(),
        increment: options.increment.clone(),
        schema: Arc::new(schema),
        affinities,
        limits: request.limits.clone(),
    })
}

async fn introspect(
    connection: &mut SqliteConnection,
    path: &str,
    table: &str,
) -> Result<(Schema, Vec<Affinity>), Error> {
    let fail = |error: sqlx::Error| failure(path, "looked at", &error);
    let rows = sqlx::query(
        "SELECT c.name, c.type FROM sqlite_master AS t, pragma_table_info(t.name) AS c \
         WHERE t.type IN ('table', 'view') AND t.name = ?1 ORDER BY c.cid",
    )
    .bind(table)
    .fetch_all(connection)
    .await
    .map_err(fail)?;
    if rows.is_empty() {
        return Err(Error::NoTable { path: path.to_owned(), table: table.to_owned() });
    }
    let mut fields = Vec::with_capacity(rows.len());
    let mut affinities = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: String = row.try_get(0).map_err(fail)?;
        let declared: String = row.try_get(1).map_err(fail)?;
        let affinity = Affinity::of(&declared);
        fields.push(Field::new(name, affinity.data_type(), true));
        affinities.push(affinity);
    }
    Ok((Schema::new(fields), affinities))
}

impl SqliteSource {
    /// The query over introspected, quoted names; bounds are bound.
    fn query(&self, wanted: &[usize]) -> Result<(String, SqliteArguments), Error> {
        let selected: Vec<String> = wanted
            .iter()
            .map(|&column| self.affinities[column].selected(&quoted(self.schema.field(column).name())))
            .collect();
        let selected = if selected.is_empty() { "1".to_owned() } else { selected.join(", ") };
        let mut sql = format!("SELECT {selected} FROM {}", quoted(&self.table));
        let mut arguments = SqliteArguments::default();
        if let Some(increment) = &self.increment {
            let column = quoted(&increment.column);
            let (above, below) = if increment.half_open { (">=", "<") } else { (">", "<=") };
            let bounds = [(&increment.after, above), (&increment.up_to, below)];
            let mut word = "WHERE";
            for (bound, comparison) in bounds {
                let Some(bound) = bound else { continue };
                let added = match bound {
                    Bound::Integer(value) => arguments.add(*value),
                    Bound::Real(value) => arguments.add(*value),
                    Bound::Text(value) => arguments.add(value.clone()),
                };
                added.map_err(|_| Error::Option { option: "increment", reason: "a bound cannot be bound" })?;
                sql.push_str(&format!(" {word} {column} {comparison} ?"));
                word = "AND";
            }
        }
        Ok((sql, arguments))
    }
}

impl Source for SqliteSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn splits(&self) -> usize {
        1
    }

    fn read(&self, split: usize, projection: Option<&[usize]>) -> Batches {
        let prepared = source::check(split, 1, projection, self.schema.fields().len())
            .and_then(|wanted| Ok((self.query(&wanted)?, wanted)));
        let ((sql, arguments), wanted) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return source::failed(error),
        };
        let fields: Vec<_> = wanted.iter().map(|&column| self.schema.fields()[column].clone()).collect();
        let affinities = wanted.iter().map(|&column| self.affinities[column]).collect();
        let builder = Builder::new(&self.table, Arc::new(Schema::new(fields)), affinities, &self.limits);
        let (connect, database) = (self.connect.clone(), self.database.clone());
        let (send, receive) = tokio::sync::mpsc::channel(2);
        tokio::spawn(async move {
            if let Err(error) = run(connect, &database, sql, arguments, builder, &send).await {
                let _ = send.send(Err(error)).await;
            }
        });
        futures::stream::unfold(receive, |mut receive| async move { Some((receive.recv().await?, receive)) }).boxed()
    }

    fn position(&self) -> Position {
        Position::Table {
            database: self.database.clone(),
            table: self.table.clone(),
            cursor: self.increment.as_ref().map(|increment| increment.column.clone()),
        }
    }
}

type Sender = tokio::sync::mpsc::Sender<Result<arrow::array::RecordBatch, Error>>;

/// Streams the query's rows in batches until the receiver has gone.
async fn run(
    connect: SqliteConnectOptions,
    database: &str,
    sql: String,
    arguments: SqliteArguments,
    mut builder: Builder,
    send: &Sender,
) -> Result<(), Error> {
    let fail = |error: sqlx::Error| failure(database, "read", &error);
    let mut connection = connect.connect().await.map_err(fail)?;
    {
        let mut rows = sqlx::query_with(AssertSqlSafe(sql), arguments).fetch(&mut connection);
        while let Some(row) = rows.try_next().await.map_err(fail)? {
            let row: SqliteRow = row;
            builder.append(&row)?;
            if builder.full() && send.send(builder.finish()).await.is_err() {
                return Ok(());
            }
        }
    }
    if !builder.is_empty() {
        let _ = send.send(builder.finish()).await;
    }
    connection.close().await.map_err(fail)
}

/// An identifier as SQL writes it. Names come from introspection only.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Keeps the kind of a database error; its text may quote values.
fn failure(path: &str, action: &'static str, error: &sqlx::Error) -> Error {
    let reason = match error {
        sqlx::Error::Database(inner) => match inner.code().as_deref() {
            Some("5" | "6" | "261" | "517") => "it is locked by another program",
            Some("11") => "it is corrupt",
            Some("14") => "it cannot be opened",
            Some("26") => "it is not an SQLite database",
            Some("8") => "it is read-only",
            _ => "the database refused",
        },
        sqlx::Error::Io(_) => "its file cannot be read",
        _ => "the database failed",
    };
    Error::Database { path: path.to_owned(), action, reason }
}
