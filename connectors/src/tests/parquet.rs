//! Parquet: lists of files, and files that are broken.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::support::*;
use crate::kind::Format;
use crate::parquet::{FILE_COLUMN, FileList, ListedFile, Options, ROW_COLUMN, open_list};
use crate::write::{ParquetOptions, ParquetSink, Written};
use crate::{Error, Limits, Source};

fn batch(ids: std::ops::Range<i32>) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("id", DataType::Int32, true), Field::new("name", DataType::Utf8, true)]);
    let names = StringArray::from_iter_values(ids.clone().map(|id| format!("secret{id}")));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int32Array::from_iter_values(ids)), Arc::new(names)]).unwrap()
}

async fn file(place: &Place, path: &str, ids: std::ops::Range<i32>) -> Written {
    let batch = batch(ids);
    let options = ParquetOptions { row_group_rows: 10, ..Default::default() };
    let mut sink = ParquetSink::create(&place.store, path, batch.schema(), &options).await.unwrap();
    sink.write(&batch).await.unwrap();
    sink.finish().await.unwrap()
}

fn listed(path: &str, area: Option<&str>) -> ListedFile {
    let constants = BTreeMap::from([("area".to_owned(), area.map(str::to_owned))]);
    ListedFile { path: path.into(), size: None, constants }
}

#[tokio::test]
async fn a_list_adds_constants_and_positions() {
    let place = Place::new();
    file(&place, "a.parquet", 0..25).await;
    file(&place, "b.parquet", 100..105).await;
    let list = FileList {
        files: vec![listed("a.parquet", Some("320902")), listed("b.parquet", None)],
        constants: vec![Field::new("area", DataType::Int32, true)],
        row_index: true,
        ..Default::default()
    };
    let source = open_list(&place.store, list, &Limits::default(), 3).await.unwrap();
    let names: Vec<_> = source.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "name", "area", FILE_COLUMN, ROW_COLUMN]);
    assert_eq!((source.splits(), source.rows()), (3, 30));
    let rows = all_rows(&source).await.unwrap();
    assert_eq!(rows.len(), 30);
    assert_eq!(rows[24], ["24", "secret24", "320902", "0", "24"]);
    assert_eq!(rows[25], ["100", "secret100", "∅", "1", "0"]);
    let some = super::support::rows(&batches(&source, Some(&[4, 2, 0])).await.unwrap());
    assert_eq!(some[11], ["11", "320902", "11"]);
}

#[tokio::test]
async fn a_declared_schema_casts_and_fills() {
    let place = Place::new();
    file(&place, "a.parquet", 0..3).await;
    let wanted = |name: &str, kind| Field::new(name, kind, true);
    let schema = Schema::new(vec![wanted("new", DataType::Utf8), wanted("id", DataType::Int64)]);
    let list =
        FileList { files: vec![listed("a.parquet", None)], schema: Some(Arc::new(schema)), ..Default::default() };
    let source = open_list(&place.store, list, &Limits::default(), 1).await.unwrap();
    assert_eq!(all_rows(&source).await.unwrap(), [["∅", "0"], ["∅", "1"], ["∅", "2"]]);
    let schema = Schema::new(vec![wanted("name", DataType::Int64)]);
    let list =
        FileList { files: vec![listed("a.parquet", None)], schema: Some(Arc::new(schema)), ..Default::default() };
    let source = open_list(&place.store, list, &Limits::default(), 1).await.unwrap();
    let error = all_rows(&source).await.unwrap_err();
    assert!(matches!(error, Error::Parquet { .. }));
    silent(&error, &["secret"]);
}

#[tokio::test]
async fn broken_files_are_errors_and_never_short() {
    let place = Place::new();
    file(&place, "a.parquet", 0..200).await;
    let whole = place.get("a.parquet");
    let read = |bytes: Vec<u8>| {
        place.put("b.parquet", bytes);
        let request = request(Format::Parquet(Options::default()), "b.parquet");
        let place = &place;
        async move { outcome(place, &request).await }
    };
    for cut in [0, 1, 4, 11, 12, whole.len() / 2, whole.len() - 1] {
        let error = read(whole[..cut].to_vec()).await.unwrap_err();
        assert!(matches!(error, Error::Parquet { .. }), "cut at {cut}: {error:?}");
    }
    let mut long = whole.clone();
    let at = long.len() - 8;
    long[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(long).await, Err(Error::ParquetTooLarge { what: "footer", .. })));
    for at in (4..whole.len()).step_by(5) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        if let Err(error) = read(flipped).await {
            silent(&error, &["secret"]);
        }
    }
}

#[tokio::test]
async fn a_page_that_claims_too_much_is_not_read() {
    let place = Place::new();
    file(&place, "a.parquet", 0..200).await;
    let mut request = request(Format::Parquet(Options::default()), "a.parquet");
    request.limits.parquet_page_bytes = 16;
    let error = outcome(&place, &request).await.unwrap_err();
    assert!(matches!(error, Error::ParquetTooLarge { what: "page", limit: 16, .. }), "{error:?}");
}

#[tokio::test]
async fn files_with_other_columns_are_refused() {
    let place = Place::new();
    file(&place, "d/a.parquet", 0..3).await;
    let other = batch(0..3).project(&[1]).unwrap();
    let mut sink =
        ParquetSink::create(&place.store, "d/b.parquet", other.schema(), &ParquetOptions::default()).await.unwrap();
    sink.write(&other).await.unwrap();
    sink.finish().await.unwrap();
    let error = outcome(&place, &request(Format::Parquet(Options::default()), "d/*.parquet")).await.unwrap_err();
    assert_eq!(error, Error::SchemaDiffers { path: "d/b.parquet".into(), first: "d/a.parquet".into() });
}
