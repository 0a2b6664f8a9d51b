//! Everything of a project that must be the same after a crash, as sorted text.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Project, dataset, table};

/// Datasets that are supplied as changes: their deletes are rows that were sent.
const CHANGES: [&str; 3] = ["/person_changes", "/person_feed", "/firm_changes"];

/// Name of a part → its lines.
pub(crate) type Picture = BTreeMap<String, Vec<String>>;

/// What a pipeline built and supplied: `library` is its table, `datasets` are its datasets.
pub(crate) fn contents(project: &Project, library: &str, datasets: &[&str]) -> Picture {
    let mut picture = Picture::new();
    let library_rows = table::delta_rows(&project.path(format!("libraries/{library}")));
    picture.insert(format!("library {library}"), lines(&library_rows));
    for name in datasets {
        let path = format!("supplied/finance/{name}");
        if project.path(&path).join("_delta_log").is_dir() {
            picture.insert(format!("supply {name}"), lines(&dataset::supplied(project, &path)));
            continue;
        }
        for (number, rows) in dataset::delivered(project, &path).iter().enumerate() {
            picture.insert(format!("supply {name} {}", number + 1), lines(rows));
        }
    }
    picture
}

/// What was quarantined last, unsealed.
pub(crate) fn quarantine(project: &Project) -> Vec<String> {
    quarantined(project, &[])
}

/// What a run quarantined, unsealed; the latest if none is named.
pub(crate) fn quarantined(project: &Project, run: &[&str]) -> Vec<String> {
    let show = ["quarantine", "show", "--limit", "100000", "--json"];
    let shown = project.sluice(&[&show, run].concat()).ends(0).json();
    let mut rows: Vec<String> = shown["quarantined"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(shown["rows"], rows.len());
    rows.sort();
    rows
}

/// What the ledger says, without ids, instants and digests of ciphertexts.
pub(crate) fn books(project: &Project) -> Picture {
    const PARTS: [(&str, &str); 8] = [
        ("targets", "SELECT target, last_sequence, last_version, position FROM target ORDER BY 1"),
        ("occurrences", "SELECT pipeline, target, occurrence_key, biz_date, disposition FROM occurrence ORDER BY 2, 3"),
        (
            "intents",
            "SELECT target, publish_sequence, state, version, cursor_after, balance FROM intent \
             WHERE state <> 'abandoned' ORDER BY 1, 2",
        ),
        ("row counts", "SELECT target, name, publish_sequence, row_total FROM row_count ORDER BY 1, 2, 3"),
        (
            "lineage",
            "SELECT target, publish_sequence, ordinal, column_name, flow, source, source_column, grade, protection \
             FROM lineage ORDER BY 1, 2, 3",
        ),
        ("receipts", "SELECT target, publish_sequence, version FROM receipt ORDER BY 1, 2"),
        (
            "quarantine files",
            "SELECT o.target, o.occurrence_key, q.path, q.row_total FROM quarantine_file q \
             JOIN occurrence o ON o.id = q.occurrence_id ORDER BY 1, 2, 3",
        ),
        ("keys", "SELECT kind, owner, length_bits FROM wrapped_key WHERE kind <> 'data' ORDER BY id"),
    ];
    PARTS
        .iter()
        .map(|(part, sql)| {
            let rows = project.books(sql);
            ((*part).to_owned(), rows.iter().map(|row| row.join(" | ")).collect())
        })
        .collect()
}

/// Every step of every publication balances, the target's counts add up, and the tables hold what was recounted.
pub(crate) fn balances(project: &Project) {
    let sql = "SELECT target, balance FROM intent i WHERE state <> 'abandoned' AND publish_sequence = \
               (SELECT max(publish_sequence) FROM intent n WHERE n.target = i.target AND n.state <> 'abandoned')";
    let newest = project.books(sql);
    assert!(!newest.is_empty());
    for row in newest {
        let balance: Value = serde_json::from_str(&row[1]).unwrap();
        steps(&row[0], &balance);
        if let Some(table) = row[0].strip_prefix("library:") {
            let rows = table::delta_rows(&project.path(Path::new("libraries").join(table.replace('.', "/"))));
            assert_eq!(balance["target"]["rows_after"], rows.len(), "{}", row[0]);
        }
    }
}

fn steps(target: &str, balance: &Value) {
    let of = |step: &Value, name: &str| step[name].as_u64().unwrap_or_else(|| panic!("{target}: {step}"));
    let steps = balance["steps"].as_array().unwrap();
    assert!(!steps.is_empty(), "{target} has no steps");
    for step in steps {
        let gone = ["out", "filtered", "deduplicated", "unmatched", "sampled", "withheld", "quarantined", "grouped"];
        let accounted: u64 = gone.iter().map(|name| of(step, name)).sum();
        assert_eq!(of(step, "read") + of(step, "multiplied"), accounted, "{target}: {step}");
    }
    let outcome = &balance["target"];
    let parts = ["inserted", "updated", "unchanged", "stale", "deduplicated", "flagged"];
    let mut accounted: u64 = parts.iter().map(|name| of(outcome, name)).sum();
    if CHANGES.iter().any(|dataset| target.ends_with(dataset)) {
        accounted += of(outcome, "deleted");
    }
    assert_eq!(of(steps.last().unwrap(), "out"), accounted, "{target}: {outcome}");
}

fn lines(rows: &[table::Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{row:?}")).collect()
}

/// Compares part by part, so that a failure shows the first lines that differ and no more.
#[track_caller]
pub(crate) fn same(what: &str, expected: &Picture, found: &Picture) {
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "{what}");
    for (part, lines) in expected {
        let found = &found[part];
        let first = lines.iter().zip(found).find(|(a, b)| a != b);
        assert!(lines == found, "{what}: {part} differs: {} lines, now {}; first {first:?}", lines.len(), found.len());
    }
}
