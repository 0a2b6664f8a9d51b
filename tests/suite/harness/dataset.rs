//! Supplied datasets as their recipient sees them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::table::{self, Row};
use super::{Project, files_below};

/// Deliveries of a file dataset, first to last: the record of each.
pub(crate) fn deliveries(dataset: &Path) -> Vec<Value> {
    let records = files_below(&dataset.join("_deliveries"));
    records.iter().map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

/// Files of a delivery.
pub(crate) fn files(dataset: &Path, record: &Value) -> Vec<PathBuf> {
    let files = record["files"].as_array().unwrap();
    files.iter().map(|file| dataset.join(file["path"].as_str().unwrap())).collect()
}

/// Rows of every delivery of a Parquet or CSV dataset, sorted within each; encrypted columns are opened.
pub(crate) fn delivered(project: &Project, dataset: &str) -> Vec<Vec<Row>> {
    let root = project.path(dataset);
    let rows = |record: &Value| {
        let mut rows: Vec<Row> = Vec::new();
        for file in files(&root, record) {
            match record["format"].as_str() {
                Some("csv") => rows.extend(csv_rows(&file)),
                _ => rows.extend(decrypted(project, &file)),
            }
        }
        assert_eq!(record["rows"], rows.len(), "{record}");
        rows.sort();
        rows
    };
    deliveries(&root).iter().map(rows).collect()
}

/// Rows of a supplied Delta table, sorted; encrypted columns are opened.
pub(crate) fn supplied(project: &Project, dataset: &str) -> Vec<Row> {
    let files = table::data_files(&project.path(dataset));
    let mut rows: Vec<Row> = files.iter().flat_map(|file| decrypted(project, &file.path)).collect();
    rows.sort();
    rows
}

/// Rows of a supplied Parquet file after `sluice supply decrypt`.
fn decrypted(project: &Project, file: &Path) -> Vec<Row> {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("opened.parquet");
    let (from, to) = (file.display().to_string(), out.display().to_string());
    project.sluice(&["supply", "decrypt", &from, "--out", &to, "--json"]).ends(0);
    table::parquet_rows(&out)
}

/// Rows of a CSV file without quoted line breaks or separators.
pub(crate) fn csv_rows(file: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines
        .map(|cells| header.iter().cloned().zip(cells.map(|cell| (!cell.is_empty()).then_some(cell))).collect())
        .collect()
}
