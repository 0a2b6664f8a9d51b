//! Query phases as unoptimised logical plans over the tables of a session.

use datafusion::common::TableReference;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionContext, ident};

use super::Query;
use crate::spec::pipeline::{AggregateSpec, DeduplicateSpec, JoinSpec, Keep};

/// Longest SQL text; a very long flat expression would overflow the planner's stack.
pub const MAX_SQL_BYTES: usize = 64 * 1024;

/// Column that tells a joined row from an unmatched one.
const MATCHED: &str = "·matched";
const RANK: &str = "·rank";

/// The plan of a query; `input` is the table the phase before left, which the first phase has not.
pub async fn build(context: &SessionContext, query: &Query, input: Option<&str>) -> Result<LogicalPlan> {
    let frame = match query {
        Query::From { relation } => table(context, relation).await?,
        Query::Sql { text } => return sql(context, text).await,
        Query::Join(join) => return self::join(context, join).await,
        Query::Union { relations } => return sql(context, &union(relations)).await,
        Query::Matched => matched(previous(context, input).await?)?,
        Query::Derive { columns } => {
            let frame = previous(context, input).await?;
            let mut derived = frame.clone();
            for (name, text) in columns {
                bounded(text)?;
                derived = derived.with_column(name, frame.parse_sql_expr(text)?)?;
            }
            derived
        }
        Query::Filter { condition } => {
            bounded(condition)?;
            let frame = previous(context, input).await?;
            let condition = frame.parse_sql_expr(condition)?;
            frame.filter(condition)?
        }
        Query::Deduplicate(spec) => {
            let frame = previous(context, input).await?;
            return sql(context, &deduplicate(&frame, name(input)?, spec)).await;
        }
        Query::Aggregate(spec) => {
            let frame = previous(context, input).await?;
            for text in spec.measures.values() {
                bounded(text)?;
                frame.parse_sql_expr(text)?;
            }
            return sql(context, &aggregate(name(input)?, spec)).await;
        }
        Query::Select { columns } => {
            let frame = previous(context, input).await?;
            frame.select(columns.iter().map(ident))?
        }
    };
    Ok(frame.into_unoptimized_plan())
}

/// A name as an SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn table(context: &SessionContext, name: &str) -> Result<DataFrame> {
    context.table(TableReference::bare(name)).await
}

fn name(input: Option<&str>) -> Result<&str> {
    input.ok_or_else(|| DataFusionError::Plan("this step has nothing to start from".into()))
}

async fn previous(context: &SessionContext, input: Option<&str>) -> Result<DataFrame> {
    table(context, name(input)?).await
}

fn bounded(text: &str) -> Result<()> {
    if text.len() > MAX_SQL_BYTES {
        return Err(DataFusionError::Plan(format!("SQL text is longer than {MAX_SQL_BYTES} bytes")));
    }
    let depth = text.bytes().filter(|byte| matches!(byte, b'(' | b'+' | b'-' | b'*' | b'/' | b'|')).count();
    if depth > 2_000 {
        return Err(DataFusionError::Plan("SQL text is too deeply composed (more than 2000 operators)".into()));
    }
    Ok(())
}

/// One SELECT, nothing else, unoptimised.
async fn sql(context: &SessionContext, text: &str) -> Result<LogicalPlan> {
    bounded(text)?;
    let plan = context.state().create_logical_plan(text).await?;
    datafusion::prelude::SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)?;
    Ok(plan)
}

fn union(relations: &[String]) -> String {
    let selects: Vec<String> = relations.iter().map(|name| format!("SELECT * FROM {}", quoted(name))).collect();
    selects.join(" UNION ALL ")
}

/// A left join that keeps the left columns and the right ones the left has not, with a marker on matched rows.
async fn join(context: &SessionContext, join: &JoinSpec) -> Result<LogicalPlan> {
    let left = table(context, &join.left).await?;
    let right = table(context, &join.right).await?;
    let mine: Vec<&str> = left.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let theirs = right.schema().fields().iter().map(|field| field.name().as_str());
    let mut columns: Vec<String> = mine.iter().map(|column| format!("l.{}", quoted(column))).collect();
    columns.extend(theirs.filter(|column| !mine.contains(column)).map(|column| format!("r.{}", quoted(column))));
    columns.push(format!("r.{0} AS {0}", quoted(MATCHED)));
    let on: Vec<String> =
        join.on.iter().map(|(left, right)| format!("l.{} = r.{}", quoted(left), quoted(right))).collect();
    let text = format!(
        "SELECT {} FROM {} l LEFT JOIN (SELECT *, true AS {} FROM {}) r ON {}",
        columns.join(", "),
        quoted(&join.left),
        quoted(MATCHED),
        quoted(&join.right),
        on.join(" AND "),
    );
    sql(context, &text).await
}

/// Rows with a partner, without the marker.
fn matched(frame: DataFrame) -> Result<DataFrame> {
    let kept = frame.filter(ident(MATCHED).is_true())?;
    kept.drop_columns(&[quoted(MATCHED).as_str()])
}

fn deduplicate(frame: &DataFrame, input: &str, spec: &DeduplicateSpec) -> String {
    let direction = match spec.keep {
        Keep::Highest => "DESC NULLS LAST",
        Keep::Lowest => "ASC NULLS LAST",
    };
    let all: Vec<&str> = frame.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let ranked = spec.by.iter().map(|column| format!("{} {direction}", quoted(column)));
    let ties = all.iter().filter(|column| !spec.by.iter().chain(&spec.key).any(|used| used == *column));
    let order: Vec<String> = ranked.chain(ties.map(|column| quoted(column))).collect();
    let key: Vec<String> = spec.key.iter().map(|column| quoted(column)).collect();
    let order = if order.is_empty() { key.join(", ") } else { order.join(", ") };
    let columns: Vec<String> = all.iter().map(|column| quoted(column)).collect();
    format!(
        "SELECT {columns} FROM (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS {rank} FROM {input}) \
         WHERE {rank} = 1",
        columns = columns.join(", "),
        key = key.join(", "),
        rank = quoted(RANK),
        input = quoted(input),
    )
}

fn aggregate(input: &str, spec: &AggregateSpec) -> String {
    let groups: Vec<String> = spec.group_by.iter().map(|column| quoted(column)).collect();
    let measures = spec.measures.iter().map(|(name, text)| format!("{text} AS {}", quoted(name)));
    let columns: Vec<String> = groups.iter().cloned().chain(measures).collect();
    let by = if groups.is_empty() { String::new() } else { format!(" GROUP BY {}", groups.join(", ")) };
    format!("SELECT {} FROM {}{by}", columns.join(", "), quoted(input))
}
