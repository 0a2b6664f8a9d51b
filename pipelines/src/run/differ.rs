//! Rows of a supply from a library: all of them, or what differs between the version supplied last and the newest one.

use std::sync::Arc;

use async_trait::async_trait;
use connectors::source::Source;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::prelude::SessionContext;

use super::Runner;
use super::chain::{Chain, Lost, register};
use crate::error::Error;
use crate::manifest::Operations;
use crate::plan::JobPlan;
use crate::publish::difference::difference;
use crate::relation::{Query, query::quoted};
use crate::spec::pipeline::SupplyMode;
use crate::stream::{self, BatchMap, Rows};
use crate::types;

/// Column of a change supply: `insert`, `update` or `delete`.
pub(super) const OPERATION: &str = "_operation";

const ADDED: &str = "·added";
const REMOVED: &str = "·removed";

/// What a supply wants of its library.
pub(super) struct Wanted<'a> {
    pub(super) table: &'a str,
    pub(super) mode: SupplyMode,
    pub(super) key: &'a [String],
    pub(super) select: &'a [String],
    pub(super) filter: Option<&'a str>,
}

/// The table of the rows, and the library's version they bring the supply to.
pub(super) struct Found {
    pub(super) table: String,
    pub(super) version: i64,
    /// Counts operations while rows flow; only for a change supply.
    pub(super) operations: Option<Arc<OperationCounter>>,
}

pub(super) async fn rows(
    runner: &Runner<'_>,
    job: &JobPlan,
    context: &SessionContext,
    wanted: &Wanted<'_>,
    steps: &mut Chain,
) -> Result<Found, Error> {
    let engine = runner.engine;
    let target = format!("library:{}", wanted.table);
    let built = engine.catalog.last_published(&engine.actor, &target).await?;
    let built = built.ok_or_else(|| Error::NotBuilt {
        table: wanted.table.to_owned(),
        pipeline: engine
            .project
            .builder_of(wanted.table)
            .map_or_else(String::new, |(pipeline, _)| pipeline.spec.pipeline.id.clone()),
    })?;
    let cursor = engine.catalog.cursor(&engine.actor, &job.target).await?;
    let from = match wanted.mode {
        SupplyMode::Full => None,
        SupplyMode::Increment | SupplyMode::Changes => cursor.and_then(|text| text.parse().ok()),
    };
    let root = engine.library_root(wanted.table);
    let columns = engine.columns_of(&root, built.version).await?;
    let found = difference(&root, from, built.version, &columns, &[]).await?;
    let mut counters = Vec::new();
    let added = side(context, &job.target, ADDED, found.added, wanted.filter, &mut counters).await?;
    let removed = side(context, &job.target, REMOVED, found.removed, wanted.filter, &mut counters).await?;
    steps.enter_counted(counters);
    let text = match (&added, &removed) {
        (None, None) => nothing(context, &job.target, &found.schema, wanted)?,
        (added, None) => inserts(added.as_deref().unwrap_or(ADDED), wanted),
        (None, Some(removed)) => {
            register(context, &job.target, ADDED, empty(&found.schema))?;
            differing(ADDED, removed, wanted)
        }
        (Some(added), Some(removed)) => differing(added, removed, wanted),
    };
    let operations = (wanted.mode == SupplyMode::Changes).then(|| Arc::new(OperationCounter::default()));
    let map = operations.clone().map(|counter| counter as Arc<dyn BatchMap>);
    let table = steps.query(context, &job.target, &Query::Sql { text }, ADDED, Lost::Filtered, map).await?;
    Ok(Found { table, version: built.version, operations })
}

/// Counts the operations of a change supply.
#[derive(Debug, Default)]
pub(super) struct OperationCounter {
    inserted: Rows,
    updated: Rows,
    deleted: Rows,
}

impl OperationCounter {
    pub(super) fn get(&self) -> Operations {
        Operations { inserted: self.inserted.get(), updated: self.updated.get(), deleted: self.deleted.get() }
    }
}

#[async_trait]
impl BatchMap for OperationCounter {
    async fn map(&self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        let fields: Vec<Field> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| match types::item(field.data_type()) {
                Some(item) => Field::new(field.name(), types::arrow(item), true),
                None => field.as_ref().clone(),
            })
            .collect();
        let batch = stream::cast_to("changes", &batch, &Arc::new(Schema::new(fields)))?;
        if let Some(operations) = batch.column_by_name(OPERATION) {
            for operation in operations.as_string::<i32>().iter().flatten() {
                match operation {
                    "insert" => self.inserted.add(1),
                    "update" => self.updated.add(1),
                    _ => self.deleted.add(1),
                }
            }
        }
        Ok(batch)
    }
}

/// One side of the difference as a table, under the supply's condition.
async fn side(
    context: &SessionContext,
    step: &str,
    name: &str,
    source: Option<Arc<dyn Source>>,
    filter: Option<&str>,
    counters: &mut Vec<Rows>,
) -> Result<Option<String>, Error> {
    let Some(source) = source else { return Ok(None) };
    let rows = Rows::default();
    let schema = source.schema();
    let table = stream::over_source(step, source, None, schema, rows.clone(), None)
        .map_err(|error| Error::running(step, error))?;
    register(context, step, name, Arc::new(table))?;
    counters.push(rows);
    let Some(condition) = filter else { return Ok(Some(name.to_owned())) };
    let planning = |error| Error::planning(step, &error);
    let query = Query::Filter { condition: condition.to_owned() };
    let plan = crate::relation::query::build(context, &query, Some(name)).await.map_err(planning)?;
    let filtered = format!("{name}·in");
    let view = datafusion::datasource::ViewTable::new(plan, None);
    register(context, step, &filtered, Arc::new(view))?;
    Ok(Some(filtered))
}

fn empty(schema: &datafusion::arrow::datatypes::SchemaRef) -> Arc<dyn datafusion::catalog::TableProvider> {
    Arc::new(datafusion::datasource::empty::EmptyTable::new(Arc::clone(schema)))
}

/// Nothing changed: the same columns, no rows.
fn nothing(
    context: &SessionContext,
    step: &str,
    schema: &datafusion::arrow::datatypes::SchemaRef,
    wanted: &Wanted<'_>,
) -> Result<String, Error> {
    register(context, step, ADDED, empty(schema))?;
    Ok(inserts(ADDED, wanted))
}

fn list(columns: &[String], alias: &str) -> String {
    columns.iter().map(|column| format!("{alias}{}", quoted(column))).collect::<Vec<_>>().join(", ")
}

fn inserts(added: &str, wanted: &Wanted<'_>) -> String {
    let operation = match wanted.mode {
        SupplyMode::Changes => format!("'insert' AS {}, ", quoted(OPERATION)),
        SupplyMode::Full | SupplyMode::Increment => String::new(),
    };
    format!("SELECT {operation}{} FROM {}", list(wanted.select, ""), quoted(added))
}

fn differing(added: &str, removed: &str, wanted: &Wanted<'_>) -> String {
    if wanted.key.is_empty() { by_content(added, removed, wanted) } else { by_key(added, removed, wanted) }
}

/// Rows that are new as often as they are new: a row moved by a rewrite cancels out.
fn by_content(added: &str, removed: &str, wanted: &Wanted<'_>) -> String {
    let columns = list(wanted.select, "");
    let numbered = |table: &str| {
        format!(
            "SELECT {columns}, row_number() OVER (PARTITION BY {columns} ORDER BY {columns}) AS {} FROM {}",
            quoted("·n"),
            quoted(table)
        )
    };
    format!("SELECT {columns} FROM ({} EXCEPT {})", numbered(added), numbered(removed))
}

fn by_key(added: &str, removed: &str, wanted: &Wanted<'_>) -> String {
    let mut columns: Vec<String> = wanted.select.to_vec();
    columns.extend(wanted.key.iter().filter(|key| !wanted.select.contains(key)).cloned());
    let marked =
        |table: &str| format!("SELECT {}, true AS {} FROM {}", list(&columns, ""), quoted("·is"), quoted(table));
    let on: Vec<String> = wanted.key.iter().map(|key| format!("a.{0} = r.{0}", quoted(key))).collect();
    let differs: Vec<String> =
        wanted.select.iter().map(|column| format!("(a.{0} IS DISTINCT FROM r.{0})", quoted(column))).collect();
    let is = quoted("·is");
    let (kind, what, keep) = match wanted.mode {
        SupplyMode::Changes => {
            let operation = format!(
                "CASE WHEN r.{is} IS NULL THEN 'insert' WHEN a.{is} IS NULL THEN 'delete' ELSE 'update' END AS {}, ",
                quoted(OPERATION)
            );
            let columns = wanted.select.iter().map(|column| match wanted.key.contains(column) {
                true => format!("coalesce(a.{0}, r.{0}) AS {0}", quoted(column)),
                false => format!("a.{0} AS {0}", quoted(column)),
            });
            let what = format!("{operation}{}", columns.collect::<Vec<_>>().join(", "));
            ("FULL", what, format!("(r.{is} IS NULL) OR (a.{is} IS NULL) OR {}", differs.join(" OR ")))
        }
        SupplyMode::Full | SupplyMode::Increment => {
            let columns: Vec<String> =
                wanted.select.iter().map(|column| format!("a.{0} AS {0}", quoted(column))).collect();
            ("LEFT", columns.join(", "), format!("(r.{is} IS NULL) OR {}", differs.join(" OR ")))
        }
    };
    format!(
        "SELECT {what} FROM ({}) a {kind} JOIN ({}) r ON {} WHERE {keep}",
        marked(added),
        marked(removed),
        on.join(" AND ")
    )
}
