#![allow(clippy::unwrap_used, clippy::panic)]
//! Each case of `cases.txt`: SQL over three graded tables, then what must flow where, or the refusal.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::grade::Grade;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::TableReference;
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;

use super::*;

/// `p(id L3, name L2, phone L3, diag L4, area L1)`, `a(code L1, county L1)`, `q(id L3, note L2)`.
fn world() -> (SessionContext, BTreeMap<String, Flow>) {
    let tables: [(&str, &[(&str, Grade)]); 3] = [
        (
            "p",
            &[("id", Grade::L3), ("name", Grade::L2), ("phone", Grade::L3), ("diag", Grade::L4), ("area", Grade::L1)],
        ),
        ("a", &[("code", Grade::L1), ("county", Grade::L1)]),
        ("q", &[("id", Grade::L3), ("note", Grade::L2)]),
    ];
    let context = SessionContext::new();
    let mut flows = BTreeMap::new();
    for (table, columns) in tables {
        let fields: Vec<Field> = columns.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)).collect();
        let empty = EmptyTable::new(Arc::new(Schema::new(fields)));
        context.register_table(TableReference::bare(table), Arc::new(empty)).unwrap();
        let columns = columns
            .iter()
            .map(|(name, grade)| {
                let origin = Origin { resource: table.into(), item: (*name).into() };
                Value::source(origin, *grade, format!("{table}.{name}"))
            })
            .collect();
        flows.insert(table.to_owned(), Flow { columns, rows: Traces::new() });
    }
    (context, flows)
}

fn origins(traces: &Traces) -> String {
    traces.keys().map(|origin| format!("{}.{}", origin.resource, origin.item)).collect::<Vec<_>>().join(" ")
}

/// Columns as `name=grade(origins)`, `*` on a copy, then `rows(origins)`.
async fn shown(sql: &str) -> String {
    let (context, flows) = world();
    let plan = match context.state().create_logical_plan(sql).await {
        Ok(plan) => plan,
        Err(_) => return "no plan".into(),
    };
    match derive(&plan, &flows) {
        Err(Refused::NotAllowed { kind, name }) => format!("refused: {kind} {name}"),
        Err(Refused::LimitWithoutOrder) => "refused: limit".into(),
        Err(Refused::UnknownTable(table)) => format!("refused: table {table}"),
        Ok(flow) => {
            let columns = flow.columns.iter().zip(plan.schema().fields()).map(|(value, field)| {
                let copy = if value.copy_of.is_some() { "*" } else { "" };
                format!("{}={}{copy}({})", field.name(), value.grade(), origins(&value.traces))
            });
            format!("{} rows({})", columns.collect::<Vec<_>>().join(" "), origins(&flow.rows))
        }
    }
}

#[tokio::test]
async fn what_flows_where() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in include_str!("cases.txt").split("\n\n").filter(|case| !case.trim_start().starts_with('#')) {
        let (sql, expected) = case.trim().split_once("\n=> ").unwrap();
        let found = shown(sql).await;
        count += 1;
        if found != expected {
            wrong.push(format!("{sql}\n   expected {expected}\n   found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 30, "{count} cases");
}

#[tokio::test]
async fn the_optimised_plan_would_have_lost_the_flow() {
    let (context, flows) = world();
    let plan = context.state().create_logical_plan("SELECT name FROM p WHERE diag = 'x' OR true").await.unwrap();
    let optimised = context.state().optimize(&plan).unwrap();
    assert!(derive(&plan, &flows).unwrap().rows.keys().any(|origin| origin.item == "diag"));
    let lost = derive(&optimised, &flows).map(|flow| flow.rows.is_empty()).unwrap_or(true);
    assert!(lost, "the optimiser keeps it by now: the note in flow.rs can go");
}

#[test]
fn names_make_the_way_longer_once() {
    let origin = Origin { resource: "r".into(), item: "i".into() };
    let flow = Flow { columns: vec![Value::source(origin.clone(), Grade::L3, "s.i".into())], rows: Traces::new() };
    let flow = flow.named("t", ["x"]).named("t", ["x"]);
    assert_eq!(flow.columns[0].traces[&origin].path, ["s.i", "t.x"]);
}
