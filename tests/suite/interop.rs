//! Libraries written here, read by the Python packages `deltalake`, DuckDB (with its Delta extension) and Polars.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::crash::world::{self, DAYS};
use crate::harness::table::{Row, delta_rows, get};
use crate::harness::{Project, python};

/// What the three packages found, each as our own rows are written.
fn read_by_others(project: &Project, library: &str) -> [(&'static str, Vec<Row>); 3] {
    let told: Value = serde_json::from_str(&python::run("read.py", &[&project.path(library)])).unwrap();
    ["deltalake", "duckdb", "polars"].map(|reader| {
        let rows = told[reader].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let row =
            |row: &Value| row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let mut rows: Vec<Row> = rows.map(row).collect();
        rows.sort();
        (reader, rows)
    })
}

/// Instants without their zone: readers write it differently.
fn plain(rows: Vec<Row>) -> Vec<Row> {
    let plain = |value: String| match value.strip_suffix('Z') {
        Some(instant) if instant.contains('T') => instant.to_owned(),
        _ => value,
    };
    let mut rows: Vec<Row> =
        rows.into_iter().map(|row| row.into_iter().map(|(name, value)| (name, value.map(plain))).collect()).collect();
    rows.sort();
    rows
}

fn three_days() -> Project {
    let project = world::new();
    for (day, date) in DAYS.iter().enumerate() {
        world::visits(&project, u32::try_from(day).unwrap());
        for pipeline in ["crash.person", "crash.firm", "crash.visit", "crash.stock"] {
            project.run(pipeline, date).ends(0);
        }
    }
    project
}

#[test]
fn merged_history_appended_and_partitioned_libraries_open_with_the_right_rows() {
    let project = three_days();
    for library in ["reg/person", "reg/firm", "reg/visit", "reg/stock"] {
        let path = format!("libraries/{library}");
        let own = plain(delta_rows(&project.path(&path)));
        assert!(own.len() > 50, "{library} has {} rows", own.len());
        for (reader, rows) in read_by_others(&project, &path) {
            assert_eq!(rows.len(), own.len(), "{library} read by {reader}");
            let first = own.iter().zip(&rows).find(|(own, read)| own != read);
            assert!(own == rows, "{library} read by {reader}: {first:?}");
        }
    }
    expected_people(&delta_rows(&project.path("libraries/reg/person")));
    expected_firms(&delta_rows(&project.path("libraries/reg/firm")));
    supplied_tables_open_too(&project);
}

/// The people of the third day, without the wrong ones of that day who were never seen before.
fn expected_people(rows: &[Row]) {
    use crate::harness::sample::citizen_id;
    let wrong = |number: u32| number % 50 == 24 || number % 50 == 10 || number == 49;
    let expected: BTreeSet<String> =
        (80..340).filter(|number| !wrong(*number) && number % 50 != 49).map(citizen_id).collect();
    let found: BTreeSet<String> = rows.iter().map(|row| get(row, "citizen_id").to_owned()).collect();
    assert_eq!(found.len(), rows.len(), "one row a person");
    let missing: Vec<&String> = expected.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// One open interval for every firm that is there, none for those that closed, no gap between a firm's intervals.
fn expected_firms(rows: &[Row]) {
    use crate::harness::sample::credit_code;
    let open: BTreeSet<&str> =
        rows.iter().filter(|row| get(row, "valid_to").is_empty()).map(|row| get(row, "credit_code")).collect();
    let expected: BTreeSet<String> = (16..130).filter(|number| number % 40 != 21).map(credit_code).collect();
    assert_eq!(open, expected.iter().map(String::as_str).collect());
    for code in &open {
        let mut own: Vec<&Row> = rows.iter().filter(|row| get(row, "credit_code") == *code).collect();
        own.sort_by_key(|row| get(row, "valid_from"));
        for pair in own.windows(2) {
            assert_eq!(get(pair[0], "valid_to"), get(pair[1], "valid_from"), "{code}");
        }
    }
}

fn supplied_tables_open_too(project: &Project) {
    for dataset in ["person_changes", "visit_new", "stock_full"] {
        let path = format!("supplied/finance/{dataset}");
        let rows = delta_rows(&project.path(&path)).len();
        for (reader, found) in read_by_others(project, &path) {
            assert_eq!(found.len(), rows, "{dataset} read by {reader}");
        }
    }
}
