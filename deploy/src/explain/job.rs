//! One job of a plan: its target, crossings, columns, and why the gate would refuse it.

use std::collections::BTreeMap;

use pipelines::plan::{JobKind, JobPlan, OutputColumn, RowFlow};

use crate::card;
use crate::messages::Messages;
use crate::table;
use crate::words::{self, Titles};

/// The lines of one job.
pub(super) fn lines(messages: Messages, titles: &Titles, number: usize, job: &JobPlan) -> Vec<String> {
    let name = card::job_name(messages, &job.target);
    let mut lines = vec![messages.text("plan.job.head", &[("number", &number), ("name", &name)])];
    let mut add = |text: String| lines.extend(text.lines().map(|line| format!("  {line}")));
    add(writes(messages, job));
    if let Some(cursor) = &job.cursor {
        add(messages.text("plan.job.cursor", &[("cursor", cursor)]));
    }
    if job.crossings.is_empty() {
        add(messages.text("plan.job.stays", &[("zone", &job.zone)]));
    }
    let comma = messages.text("card.list", &[]);
    for crossing in &job.crossings {
        let grants = match crossing.grants.is_empty() {
            true => messages.text("plan.job.no_grant", &[]),
            false => crossing.grants.join(&comma),
        };
        add(messages.text(
            "plan.job.crossing",
            &[
                ("from", &crossing.from),
                ("to", &crossing.to),
                ("resources", &crossing.resources.join(&comma)),
                ("grants", &grants),
            ],
        ));
    }
    add(columns(messages, titles, &job.columns, !job.crossings.is_empty()));
    for (path, columns) in row_flows(messages, titles, &job.rows) {
        add(messages.text("plan.job.rows", &[("columns", &columns.join(&comma)), ("path", &path)]));
    }
    if !job.refusals.is_empty() {
        add(messages.text("plan.job.refused", &[]));
        for problem in &job.refusals {
            add(format!("  [{}] {}", problem.code, messages.problem(&titles.titled(problem))));
        }
    }
    lines
}

/// Columns that decide on rows, by the steps at which they do.
fn row_flows(messages: Messages, titles: &Titles, rows: &[RowFlow]) -> BTreeMap<String, Vec<String>> {
    let mut grouped: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        // The flow marks a step that chooses rows; the stops before it only carry the column there.
        let deciding: Vec<&str> = row.path.split(" → ").filter_map(|stop| stop.strip_suffix("（行）")).collect();
        let path = if deciding.is_empty() { row.path.clone() } else { deciding.join(" → ") };
        let (resource, item) = row.column.rsplit_once('/').unwrap_or(("", &row.column));
        let column = messages.text(
            "plan.job.row",
            &[
                ("column", &titles.item(resource, item)),
                ("grade", &messages.phrase(row.grade.as_str())),
                ("resource", &resource),
            ],
        );
        grouped.entry(path).or_default().push(column);
    }
    grouped
}

fn writes(messages: Messages, job: &JobPlan) -> String {
    match &job.kind {
        JobKind::Build { mode, key, version, deletes, partition_by, .. } => {
            let mut text =
                messages.text("plan.job.build", &[("location", &job.location), ("mode", &word(messages, mode))]);
            let list = |columns: &[String]| columns.join(", ");
            for (name, value) in [
                ("key", list(key)),
                ("version", version.clone().unwrap_or_default()),
                ("deletes", deletes.as_ref().map(|deletes| word(messages, deletes)).unwrap_or_default()),
                ("partition", list(partition_by)),
            ] {
                if !value.is_empty() {
                    text.push_str(&messages.text(&format!("plan.job.{name}"), &[("value", &value)]));
                }
            }
            text
        }
        JobKind::Supply { connection, format, mode, filter, sample, .. } => {
            let mut text = messages.text(
                "plan.job.supply",
                &[
                    ("location", &job.location),
                    ("connection", connection),
                    ("format", &word(messages, format)),
                    ("mode", &word(messages, mode)),
                    ("from", &job.from),
                ],
            );
            if let Some(filter) = filter {
                text.push_str(&messages.text("plan.job.filter", &[("value", filter)]));
            }
            if let Some(sample) = sample {
                text.push_str(&messages.text("plan.job.sample", &[("value", &sample.rate)]));
            }
            text
        }
    }
}

/// A mode or format by the name files use: `by_absence`, `changes`, …
fn word(messages: Messages, value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => messages.phrase(&name),
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn columns(messages: Messages, titles: &Titles, columns: &[OutputColumn], crosses: bool) -> String {
    let names: &[&str] = if crosses {
        &["name", "type", "grade", "protection", "by", "path"]
    } else {
        &["name", "type", "grade", "path"]
    };
    let header = names.iter().map(|name| messages.text(&format!("plan.column.{name}"), &[])).collect();
    let mut table = table::table(header);
    for column in columns {
        let title = titles.title(&column.name);
        let name = if title == column.name {
            title
        } else {
            messages.text("plan.column.titled", &[("name", &column.name), ("title", &title)])
        };
        let mut row =
            vec![name, messages.phrase(&column.data_type.to_string()), messages.phrase(column.grade.as_str())];
        if crosses {
            row.push(words::protection(messages, &column.protection.to_string()));
            row.push(words::demander(messages, column.demanded_by));
        }
        row.push(column.paths.join("\n"));
        table.add_row(row);
    }
    table::render(&table)
}
