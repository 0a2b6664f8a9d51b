//! Files out.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use sha2::{Digest, Sha256};

use super::support::*;
use crate::Error;
use crate::store::sha256_of;
use crate::write::{CsvOptions, CsvSink, ParquetOptions, ParquetSink};

fn batch(columns: &[(&str, Vec<Option<&str>>)]) -> RecordBatch {
    let fields: Vec<_> = columns.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)).collect();
    let arrays = columns.iter().map(|(_, values)| Arc::new(StringArray::from(values.clone())) as _).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

#[tokio::test]
async fn statistics_and_dictionaries_only_where_allowed() {
    let place = Place::new();
    let values: Vec<_> = (0..2_000).map(|i| Some(if i % 2 == 0 { "canary320902" } else { "canary320903" })).collect();
    let batch = batch(&[("area", values.clone()), ("phone", values.clone()), ("token", values)]);
    let options = ParquetOptions { plain: vec!["token".into()], statistics: vec!["area".into()], ..Default::default() };
    let mut sink = ParquetSink::create(&place.store, "o/a.parquet", batch.schema(), &options).await.unwrap();
    for _ in 0..5 {
        sink.write(&batch).await.unwrap();
    }
    assert!(!place.directory.path().join("o/a.parquet").exists(), "a file appears when it is finished");
    let written = sink.finish().await.unwrap();
    assert_eq!((written.rows, written.bytes), (10_000, place.get("o/a.parquet").len() as u64));
    assert_eq!(sha256_of(&place.store, "o/a.parquet").await.unwrap(), (written.sha256, written.bytes));
    let reader = SerializedFileReader::try_from(place.directory.path().join("o/a.parquet").as_path()).unwrap();
    let group = reader.metadata().row_group(0);
    let bounds: Vec<bool> = group.columns().iter().map(|c| c.statistics().is_some()).collect();
    assert_eq!(bounds, [true, false, false]);
    let token = group.column(2);
    assert!(token.dictionary_page_offset().is_none());
    assert_eq!(token.compression(), parquet::basic::Compression::UNCOMPRESSED);
    let footer = format!("{:?}", reader.metadata());
    assert!(group.column(1).statistics().is_none() && footer.contains("sluice"));
}

/// Whether each column of the first row group of a file of these batches has a dictionary.
async fn dictionaries(batches: &[RecordBatch]) -> Vec<bool> {
    let place = Place::new();
    let options = ParquetOptions::default();
    let mut sink = ParquetSink::create(&place.store, "a.parquet", batches[0].schema(), &options).await.unwrap();
    for batch in batches {
        sink.write(batch).await.unwrap();
    }
    sink.finish().await.unwrap();
    let path = place.directory.path().join("a.parquet");
    let back = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap()).unwrap();
    let back = back.with_batch_size(100_000).build().unwrap().next().unwrap().unwrap();
    assert_eq!(back.columns(), concat_batches(&batches[0].schema(), batches).unwrap().columns());
    let reader = SerializedFileReader::try_from(path.as_path()).unwrap();
    let columns = reader.metadata().row_group(0).columns().to_vec();
    columns.iter().map(|column| column.dictionary_page_offset().is_some()).collect()
}

#[tokio::test]
async fn columns_whose_values_hardly_repeat_have_no_dictionary() {
    let rows = |rows: std::ops::Range<i64>| {
        let text = |value: i64| Some(value).filter(|value| value % 10 > 0).map(|value| format!("{value:018}"));
        let columns: [(&str, ArrayRef); 6] = [
            ("id", Arc::new(StringArray::from_iter(rows.clone().map(text)))),
            ("area", Arc::new(StringArray::from_iter(rows.clone().map(|row| text(row % 2_000))))),
            ("number", Arc::new(Int64Array::from_iter(rows.clone().map(|row| (row % 5 > 0).then_some(row))))),
            ("count", Arc::new(Int64Array::from_iter_values(rows.clone().map(|row| row % 3)))),
            ("bytes", Arc::new(BinaryArray::from_iter_values(rows.clone().map(i64::to_be_bytes)))),
            ("nothing", Arc::new(Int64Array::new_null(rows.clone().count()))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, values)| (name, values, true))).unwrap()
    };
    assert_eq!(dictionaries(&[rows(0..8_192), rows(8_192..9_000)]).await, [false, true, false, true, false, true]);
    let sliced = rows(0..10_000).slice(1_000, 8_192);
    assert_eq!(dictionaries(&[sliced]).await, [false, true, false, true, false, true]);
    // Too few rows to tell: as before.
    assert_eq!(dictionaries(&[rows(0..100), rows(100..8_192)]).await, [true; 6]);
}

#[tokio::test]
async fn sealed_values_are_stored_as_what_differs_and_read_back() {
    const ROWS: u64 = 5_000;
    let place = Place::new();
    let value = |row: u64| [&[7; 25], row.to_be_bytes().as_slice(), &Sha256::digest(row.to_be_bytes())].concat();
    let values = BinaryArray::from_iter((0..ROWS).map(|row| (row % 10 > 0).then(|| value(row))));
    let batch = RecordBatch::try_from_iter([("sealed", Arc::new(values) as ArrayRef)]).unwrap();
    let options = ParquetOptions { plain: vec!["sealed".into()], ..Default::default() };
    let mut sink = ParquetSink::create(&place.store, "a.parquet", batch.schema(), &options).await.unwrap();
    sink.write(&batch).await.unwrap();
    let written = sink.finish().await.unwrap();
    assert!(written.bytes < ROWS * 9 / 10 * 38, "{} bytes", written.bytes);
    let file = std::fs::File::open(place.directory.path().join("a.parquet")).unwrap();
    let mut back = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().with_batch_size(10_000).build().unwrap();
    assert_eq!(back.next().unwrap().unwrap().column(0), batch.column(0));
}

#[tokio::test]
async fn a_file_that_is_given_up_leaves_nothing() {
    let place = Place::new();
    let batch = batch(&[("a", vec![Some("1")])]);
    let mut sink =
        ParquetSink::create(&place.store, "p.parquet", batch.schema(), &ParquetOptions::default()).await.unwrap();
    sink.write(&batch).await.unwrap();
    sink.abort().await;
    assert_eq!(std::fs::read_dir(place.directory.path()).unwrap().count(), 0);
    let error = ParquetSink::create(&place.store, "../p.parquet", batch.schema(), &ParquetOptions::default()).await;
    assert!(matches!(error, Err(Error::PathRefused { .. })));
}

#[tokio::test]
async fn csv_quotes_and_defuses_formulas() {
    let place = Place::new();
    let texts = vec![
        Some("=1+1"),
        Some("+86"),
        Some("-x"),
        Some("@a"),
        Some("\tb"),
        Some("\rc"),
        Some("\nd"),
        Some("a,\"b"),
        None,
        Some("普通"),
    ];
    let numbers = Int64Array::from_iter_values(-5..5);
    let schema = Schema::new(vec![Field::new("a \"b\"", DataType::Utf8, true), Field::new("n", DataType::Int64, true)]);
    let batch =
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(StringArray::from(texts)), Arc::new(numbers)]).unwrap();
    let mut sink = CsvSink::create(&place.store, "o.csv", batch.schema(), &CsvOptions::default()).await.unwrap();
    let writing = tokio::spawn(async move {
        sink.write(&batch).await.unwrap();
        sink
    });
    let sink = writing.await.unwrap();
    let (written, prefixed) = sink.finish().await.unwrap();
    assert_eq!((written.rows, prefixed), (10, 7));
    let expected = "\"a \"\"b\"\"\",n\r\n'=1+1,-5\r\n'+86,-4\r\n'-x,-3\r\n'@a,-2\r\n'\tb,-1\r\n\"'\rc\",0\r\n\"'\nd\",1\r\n\"a,\"\"b\",2\r\n,3\r\n普通,4\r\n";
    assert_eq!(String::from_utf8(place.get("o.csv")).unwrap(), expected);
}

#[tokio::test]
async fn csv_of_one_column_keeps_its_missing_rows() {
    let place = Place::new();
    let batch = batch(&[("a", vec![Some("1"), None, Some("3")])]);
    let mut sink =
        CsvSink::create(&place.store, "o.csv", batch.schema(), &CsvOptions { mark: true, ..Default::default() })
            .await
            .unwrap();
    sink.write(&batch).await.unwrap();
    sink.finish().await.unwrap();
    assert_eq!(outcome(&place, &csv_request("o.csv")).await.unwrap(), [["1"], ["∅"], ["3"]]);
}
