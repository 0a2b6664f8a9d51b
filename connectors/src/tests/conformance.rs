//! One suite for every kind: whoever adds a kind adds a case.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::support::*;
use crate::kind::Format;
use crate::write::{ParquetOptions, ParquetSink};
use crate::{Request, Source, csv, delta, excel, ndjson, parquet, sqlite};

const ROWS: usize = 20_000;

fn lines(separator: char, rows: usize) -> String {
    let body: String = (0..rows).map(|i| format!("{i}{separator}n{i}{separator}v{}\n", i % 7)).collect();
    format!("id{separator}name{separator}value\n{body}")
}

fn batch(rows: usize) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("value", DataType::Utf8, true),
    ]);
    let id = Int64Array::from_iter_values((0..rows).map(|i| i as i64));
    let name = StringArray::from_iter_values((0..rows).map(|i| format!("n{i}")));
    let value = StringArray::from_iter_values((0..rows).map(|i| format!("v{}", i % 7)));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(id), Arc::new(name), Arc::new(value)]).unwrap()
}

async fn parquet_file(place: &Place, path: &str, rows: usize) -> crate::write::Written {
    let batch = batch(rows);
    let options = ParquetOptions { row_group_rows: 3_000, ..Default::default() };
    let mut sink = ParquetSink::create(&place.store, path, batch.schema(), &options).await.unwrap();
    sink.write(&batch).await.unwrap();
    sink.finish().await.unwrap()
}

async fn delta_table(place: &Place, path: &str, rows: usize) {
    let new = delta::NewTable::new(batch(0).schema());
    let table = delta::DeltaTable::create(&place.store, path, &new).await.unwrap();
    let written = parquet_file(place, &format!("{path}/part-0.parquet"), rows).await;
    let add =
        delta::AddFile { path: "part-0.parquet".into(), size: written.bytes, rows: written.rows, ..Default::default() };
    let commit = delta::Commit { add: vec![add], app_id: "t".into(), sequence: 1, ..Default::default() };
    table.commit(&table.snapshot(None).await.unwrap(), commit).await.unwrap();
}

async fn sqlite_file(place: &Place, path: &str, rows: usize) {
    use sqlx::{ConnectOptions, Connection};
    let file = place.directory.path().join(path);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE person (id INTEGER, name TEXT, value VARCHAR(9))")
        .execute(&mut connection)
        .await
        .unwrap();
    let fill = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) \
                INSERT INTO person SELECT i, 'n' || i, 'v' || (i % 7) FROM n WHERE ?1 > 0";
    sqlx::query(fill).bind(rows as i64).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn workbook(rows: usize) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in ["id", "name", "value"].iter().enumerate() {
        sheet.write(0, column as u16, *name).unwrap();
    }
    for i in 0..rows {
        let row = i as u32 + 1;
        sheet.write(row, 0, i as f64).unwrap();
        sheet.write(row, 1, format!("n{i}")).unwrap();
        sheet.write(row, 2, format!("v{}", i % 7)).unwrap();
    }
    book.save_to_buffer().unwrap()
}

/// Every kind with a source of `rows` rows of id, name and value.
async fn cases(place: &Place, rows: usize) -> Vec<(&'static str, Request)> {
    place.put("f.csv", lines(',', rows));
    place.put("f.tsv", lines('\t', rows));
    let json: String =
        (0..rows).map(|i| format!("{{\"value\":\"v{}\",\"id\":{i},\"name\":\"n{i}\"}}\n", i % 7)).collect();
    place.put("f.ndjson", json);
    place.put("f.xlsx", workbook(rows));
    sqlite_file(place, "f.db", rows).await;
    parquet_file(place, "f.parquet", rows).await;
    delta_table(place, "table", rows).await;
    let mut cases = Vec::new();
    for kind in Format::KINDS {
        let (format, path) = match *kind {
            "csv" => (Format::Csv(csv::Options::default()), "f.csv"),
            "tsv" => (Format::Tsv(csv::Options::default()), "f.tsv"),
            "ndjson" => (Format::Ndjson(ndjson::Options::default()), "f.ndjson"),
            "excel" => (Format::Excel(excel::Options::default()), "f.xlsx"),
            "sqlite" => (Format::Sqlite(sqlite::Options { table: "person".into(), increment: None }), "f.db"),
            "parquet" => (Format::Parquet(parquet::Options::default()), "f.parquet"),
            "delta" => (Format::Delta(delta::Options::default()), "table"),
            other => panic!("the kind {other} has no conformance case"),
        };
        let mut request = request(format, path);
        request.limits.split_bytes = 10_000;
        request.expected_columns = vec!["id".into(), "name".into(), "value".into()];
        cases.push((*kind, request));
    }
    cases
}

async fn same(kind: &str, source: &dyn Source, rows: usize) {
    let schema = source.schema();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name", "value"], "{kind}");
    assert!(source.splits() >= 1, "{kind}");
    let all = batches(source, None).await.unwrap();
    assert!(all.iter().all(|batch| batch.schema() == schema), "{kind}: batches have the schema");
    assert!(all.iter().all(|batch| batch.num_rows() > 0 && batch.num_rows() <= 8_192), "{kind}: batch sizes");
    let read = super::support::rows(&all);
    let expected: Vec<Vec<String>> =
        (0..rows).map(|i| vec![i.to_string(), format!("n{i}"), format!("v{}", i % 7)]).collect();
    assert!(read == expected, "{kind}: every row once, in order; {} rows", read.len());
    let some = super::support::rows(&batches(source, Some(&[2, 0])).await.unwrap());
    let picked = expected.iter().map(|row| vec![row[2].clone(), row[0].clone()]).collect::<Vec<_>>();
    assert!(some == picked, "{kind}: a projection sets columns and order");
    let none: usize = batches(source, Some(&[])).await.unwrap().iter().map(RecordBatch::num_rows).sum();
    assert_eq!(none, rows, "{kind}: no columns still count rows");
    assert!(batches(source, Some(&[3])).await.is_err(), "{kind}: an unknown column");
    assert!(batches(source, Some(&[1, 1])).await.is_err(), "{kind}: a repeated column");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_keeps_the_contract() {
    let place = Place::new();
    for (kind, request) in cases(&place, ROWS).await {
        let source = place.open(&request).await.unwrap();
        same(kind, source.as_ref(), ROWS).await;
        let again = place.open(&request).await.unwrap();
        assert_eq!(source.position(), again.position(), "{kind}: the position is stable");
        let shown = serde_json::to_string(&source.position()).unwrap();
        assert!(!shown.contains("n19999"), "{kind}: a position holds no value");
        let mut missing = request.clone();
        missing.expected_columns.push("absent".into());
        if kind != "ndjson" {
            let error = place.open(&missing).await.unwrap_err();
            assert_eq!(error, crate::Error::ColumnMissing { column: "absent".into() }, "{kind}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_can_be_empty() {
    let place = Place::new();
    for (kind, request) in cases(&place, 0).await {
        let source = place.open(&request).await.unwrap();
        assert_eq!(source.schema().fields().len(), 3, "{kind}");
        assert_eq!(all_rows(source.as_ref()).await.unwrap().len(), 0, "{kind}");
    }
}

#[tokio::test]
async fn a_request_survives_its_own_text_form() {
    let place = Place::new();
    for (kind, request) in cases(&place, 0).await {
        let text = serde_json::to_string(&request).unwrap();
        assert!(text.contains(&format!("\"kind\":\"{kind}\"")), "{text}");
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
    }
}
