//! Reading tables without the house's own readers: the Delta log is replayed from its JSON, Parquet read by its crate.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// One row: column → value as text, or missing.
pub(crate) type Row = BTreeMap<String, Option<String>>;

/// A data file of a Delta table with its partition values.
pub(crate) struct DataFile {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Values of the partition columns.
    pub(crate) partition: Row,
}

/// Actions of every commit, by version.
pub(crate) fn commits(root: &Path) -> BTreeMap<u64, Vec<Value>> {
    let mut all = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(root.join("_delta_log")) else { return all };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(version) = name.strip_suffix(".json").and_then(|stem| stem.parse().ok()) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        all.insert(version, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect());
    }
    all
}

/// Newest version of a Delta table; nothing when there is no table.
pub(crate) fn version(root: &Path) -> Option<u64> {
    commits(root).keys().next_back().copied()
}

/// Files of the newest version.
pub(crate) fn data_files(root: &Path) -> Vec<DataFile> {
    let mut live: BTreeMap<String, Row> = BTreeMap::new();
    for action in commits(root).into_values().flatten() {
        if let Some(path) = action["remove"]["path"].as_str() {
            assert!(live.remove(path).is_some(), "{path} was removed and not there");
        }
        if let Some(path) = action["add"]["path"].as_str() {
            let partition = action["add"]["partitionValues"].as_object().cloned().unwrap_or_default();
            let partition = partition.into_iter().map(|(name, value)| (name, value.as_str().map(str::to_owned)));
            assert!(live.insert(path.to_owned(), partition.collect()).is_none(), "{path} was added twice");
        }
    }
    live.into_iter().map(|(path, partition)| DataFile { path: root.join(unescaped(&path)), partition }).collect()
}

/// Rows of the newest version, sorted.
pub(crate) fn delta_rows(root: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    for file in data_files(root) {
        rows.extend(parquet_rows(&file.path).into_iter().map(|mut row| {
            row.extend(file.partition.clone());
            row
        }));
    }
    rows.sort();
    rows
}

/// Rows of a Parquet file, in its order.
pub(crate) fn parquet_rows(path: &Path) -> Vec<Row> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let schema = batch.schema();
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let value =
                |index: usize| (!batch.column(index).is_null(row)).then(|| columns[index].value(row).to_string());
            rows.push((0..columns.len()).map(|index| (schema.field(index).name().clone(), value(index))).collect());
        }
    }
    rows
}

/// Paths in a Delta log are percent-encoded.
fn unescaped(path: &str) -> String {
    let (mut bytes, mut out) = (path.bytes(), Vec::new());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap()
}

/// A value of a row; missing is empty.
pub(crate) fn get<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).unwrap_or_else(|| panic!("no column {column} in {row:?}")).as_deref().unwrap_or("")
}
