//! Unsealed rows as text and as JSON: first why they were quarantined, then their original values.

use arrow::array::{Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value, json};

use crate::messages::Messages;
use crate::words::{self, Titles};

/// The column that holds what a row failed: a list of rule, column and reason.
const BREACHES: &str = "breaches";

/// The rows as a table, reasons in words.
pub(super) fn table(messages: Messages, titles: &Titles, batch: &RecordBatch) -> String {
    let why = messages.text("quarantine.why", &[]);
    let names = values(batch).into_iter().map(|(name, _)| name);
    let mut table = crate::table::table(std::iter::once(why).chain(names).collect());
    let columns: Vec<Vec<Option<String>>> = values(batch).into_iter().map(|(_, cells)| cells).collect();
    for row in 0..batch.num_rows() {
        let told: Vec<String> = breaches(batch, row)
            .iter()
            .map(|[rule, column, reason]| words::failure(messages, titles, rule, column, reason))
            .collect();
        let cells = columns.iter().map(|cells| cells[row].clone().unwrap_or_default());
        table.add_row(std::iter::once(told.join("\n")).chain(cells).collect::<Vec<_>>());
    }
    crate::table::render(&table)
}

/// The rows as objects: `breaches` as recorded, then every value as text.
pub(super) fn json(batch: &RecordBatch) -> Vec<Value> {
    let columns = values(batch);
    (0..batch.num_rows())
        .map(|row| {
            let list: Vec<Value> = breaches(batch, row)
                .iter()
                .map(|[rule, column, reason]| json!({ "rule": rule, "column": column, "reason": reason }))
                .collect();
            let mut object = Map::from_iter([(BREACHES.to_owned(), Value::Array(list))]);
            object.extend(columns.iter().map(|(name, cells)| (name.clone(), json!(cells[row]))));
            Value::Object(object)
        })
        .collect()
}

/// Every column but the breaches, its cells as text; a missing value is `None`.
fn values(batch: &RecordBatch) -> Vec<(String, Vec<Option<String>>)> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let shown = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| field.name() != BREACHES);
    shown
        .map(|(field, column)| {
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options).ok();
            let cell = |row| {
                let formatter = formatter.as_ref().filter(|_| !column.is_null(row))?;
                Some(formatter.value(row).to_string())
            };
            (field.name().clone(), (0..batch.num_rows()).map(cell).collect())
        })
        .collect()
}

/// Rule, column and reason of everything a row failed.
fn breaches(batch: &RecordBatch, row: usize) -> Vec<[String; 3]> {
    let list = batch.column_by_name(BREACHES).and_then(|column| column.as_any().downcast_ref::<ListArray>());
    let Some(entries) = list.map(|list| list.value(row)) else { return Vec::new() };
    let Some(entries) = entries.as_any().downcast_ref::<StructArray>() else { return Vec::new() };
    let text = |position: usize, entry: usize| {
        let column = entries.columns().get(position)?.as_any().downcast_ref::<StringArray>()?;
        Some(column.value(entry).to_owned())
    };
    (0..entries.len()).map(|entry| [0, 1, 2].map(|position| text(position, entry).unwrap_or_default())).collect()
}
