//! Delta tables: one commit on one snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde_json::json;

use super::support::*;
use crate::Error;
use crate::delta::{AddFile, Bounds, Commit, DeltaTable, NewTable, Options};
use crate::kind::Format;
use crate::write::{ParquetOptions, ParquetSink};

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("area", DataType::Utf8, true),
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
    ]))
}

async fn table(place: &Place) -> DeltaTable {
    let new =
        NewTable { partition_columns: vec!["area".into()], statistics: vec!["id".into()], ..NewTable::new(schema()) };
    DeltaTable::create(&place.store, "lib/person", &new).await.unwrap()
}

async fn file(place: &Place, name: &str, area: &str, ids: std::ops::Range<i64>) -> AddFile {
    let stored = Arc::new(schema().project(&[1, 2]).unwrap());
    let name = &format!("area={area}/{name}");
    let names = StringArray::from_iter_values(ids.clone().map(|id| format!("canary{id}")));
    let bounds = Bounds { min: json!(ids.start), max: json!(ids.end - 1), nulls: 0 };
    let named = Bounds { min: json!("canary0"), max: json!("canary9"), nulls: 0 };
    let batch =
        RecordBatch::try_new(stored.clone(), vec![Arc::new(Int64Array::from_iter_values(ids)), Arc::new(names)])
            .unwrap();
    let mut sink = ParquetSink::create(&place.store, &format!("lib/person/{name}"), stored, &ParquetOptions::default())
        .await
        .unwrap();
    sink.write(&batch).await.unwrap();
    let written = sink.finish().await.unwrap();
    AddFile {
        path: name.into(),
        size: written.bytes,
        rows: written.rows,
        partition_values: BTreeMap::from([("area".into(), Some(area.into()))]),
        bounds: BTreeMap::from([("id".into(), bounds), ("name".into(), named)]),
    }
}

fn commit(add: Vec<AddFile>, sequence: i64) -> Commit {
    Commit {
        add,
        app_id: "epoch/lib.person".into(),
        sequence,
        metadata: BTreeMap::from([("sluice.manifest".into(), format!("digest{sequence}"))]),
        operation: "merge".into(),
        statistics: BTreeSet::from(["id".into()]),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_made_committed_to_and_read() {
    let place = Place::new();
    let table = table(&place).await;
    assert!(DeltaTable::exists(&place.store, "lib/person").await.unwrap());
    let again = DeltaTable::create(&place.store, "lib/person", &NewTable::new(schema())).await.unwrap_err();
    assert_eq!(again, Error::TableExists { path: "lib/person".into() });
    let empty = table.snapshot(None).await.unwrap();
    assert_eq!((empty.version(), empty.files().len(), empty.rows()), (0, 0, Some(0)));
    assert_eq!(empty.transaction("epoch/lib.person").await.unwrap(), None);
    let first = commit(vec![file(&place, "a.parquet", "亭湖", 0..3).await], 1);
    assert_eq!(table.commit(&empty, first).await.unwrap(), 1);
    let snapshot = table.snapshot(None).await.unwrap();
    assert_eq!(snapshot.transaction("epoch/lib.person").await.unwrap(), Some(1));
    assert_eq!((snapshot.rows(), snapshot.partition_columns()), (Some(3), vec!["area".to_owned()]));
    let mut second = commit(vec![file(&place, "b.parquet", "盐都", 5..6).await], 2);
    second.remove = snapshot.files().to_vec();
    table.commit(&snapshot, second).await.unwrap();
    let request = request(Format::Delta(Options::default()), "lib/person");
    assert_eq!(outcome(&place, &request).await.unwrap(), [["盐都", "5", "canary5"]]);
    let mut old = request.clone();
    old.format = Format::Delta(Options { version: Some(1) });
    assert_eq!(outcome(&place, &old).await.unwrap().len(), 3);
    let log = String::from_utf8(place.get("lib/person/_delta_log/00000000000000000001.json")).unwrap();
    assert!(log.contains("minValues") && !log.contains("canary"), "statistics only where allowed: {log}");
    let made = String::from_utf8(place.get("lib/person/_delta_log/00000000000000000000.json")).unwrap();
    assert!(
        made.contains("\"delta.logRetentionDuration\":\"interval 400 days\"")
            && !made.contains("setTransactionRetention")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_with_odd_values_lie_in_escaped_directories() {
    let place = Place::new();
    let table = table(&place).await;
    let snapshot = table.snapshot(None).await.unwrap();
    let values = |value: Option<&str>| BTreeMap::from([("area".to_owned(), value.map(str::to_owned))]);
    assert_eq!(snapshot.directory(&values(Some("a/b: 50%"))), "area=a%2Fb%3A 50%25/");
    assert_eq!(snapshot.directory(&values(None)), "area=__HIVE_DEFAULT_PARTITION__/");
    let mut odd = file(&place, "x.parquet", "a%2Fb%3A 50%25", 0..2).await;
    odd.partition_values = values(Some("a/b: 50%"));
    let mut astray = odd.clone();
    astray.partition_values = values(Some("b"));
    assert!(table.commit(&snapshot, commit(vec![astray], 1)).await.is_err());
    let mut null = file(&place, "y.parquet", "__HIVE_DEFAULT_PARTITION__", 2..3).await;
    null.partition_values = values(None);
    table.commit(&snapshot, commit(vec![odd, null], 1)).await.unwrap();
    let mut rows = outcome(&place, &request(Format::Delta(Options::default()), "lib/person")).await.unwrap();
    rows.sort();
    assert_eq!(rows, [["a/b: 50%", "0", "canary0"], ["a/b: 50%", "1", "canary1"], ["∅", "2", "canary2"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_on_an_old_snapshot_is_a_conflict_and_writes_nothing() {
    let place = Place::new();
    let table = table(&place).await;
    let old = table.snapshot(None).await.unwrap();
    table.commit(&old, commit(vec![file(&place, "a.parquet", "1", 0..3).await], 1)).await.unwrap();
    let late = table.commit(&old, commit(vec![file(&place, "b.parquet", "1", 3..6).await], 2)).await.unwrap_err();
    assert_eq!(late, Error::Conflict { path: "lib/person".into(), version: 0 });
    assert!(late.retryable());
    let now = table.snapshot(None).await.unwrap();
    assert_eq!((now.version(), now.rows()), (1, Some(3)));
    assert_eq!(table.commit(&now, commit(Vec::new(), 2)).await.unwrap(), 2, "an empty commit is one");
    assert_eq!(table.snapshot(None).await.unwrap().transaction("epoch/lib.person").await.unwrap(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writers_on_one_snapshot_exactly_one_wins() {
    let place = Place::new();
    let table = table(&place).await;
    let snapshot = table.snapshot(None).await.unwrap();
    let mut racers = tokio::task::JoinSet::new();
    for i in 0..8 {
        let (table, snapshot) = (table.clone(), snapshot.clone());
        let add = file(&place, &format!("{i}.parquet"), "1", 0..1).await;
        racers.spawn(async move { table.commit(&snapshot, commit(vec![add], i)).await });
    }
    let won: Vec<_> = racers.join_all().await;
    assert_eq!(won.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(won.iter().filter_map(|result| result.as_ref().err()).all(|error| matches!(error, Error::Conflict { .. })));
    assert_eq!(table.snapshot(None).await.unwrap().rows(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_and_changes_tell_what_happened() {
    let place = Place::new();
    let table = table(&place).await;
    for (sequence, name) in [(1, "a.parquet"), (2, "b.parquet"), (3, "c.parquet")] {
        let snapshot = table.snapshot(None).await.unwrap();
        let mut commit = commit(vec![file(&place, name, "1", 0..2).await], sequence);
        commit.remove = snapshot.files().to_vec();
        table.commit(&snapshot, commit).await.unwrap();
    }
    let commits = table.commits(2).await.unwrap();
    assert_eq!(commits.iter().map(|commit| commit.version).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(commits[0].metadata["sluice.manifest"], "digest2");
    assert_eq!(commits[0].metadata["sluice.operation"], "merge");
    assert_eq!(commits[1].transactions["epoch/lib.person"], 3);
    assert!(commits[1].changes_data && commits[1].at.is_some());
    let changes = table.changes(1, 3).await.unwrap();
    assert_eq!(
        (changes.removed[0].path.as_str(), changes.added[0].path.as_str()),
        ("area=1/a.parquet", "area=1/c.parquet")
    );
    assert_eq!((changes.removed.len(), changes.added.len()), (1, 1));
    assert_eq!(table.changes(3, 3).await.unwrap(), Default::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_make_no_sense_and_logs_that_escape_are_refused() {
    let place = Place::new();
    let table = table(&place).await;
    let snapshot = table.snapshot(None).await.unwrap();
    let good = file(&place, "a.parquet", "1", 0..2).await;
    let mut wrong = vec![AddFile { path: "../a.parquet".into(), ..good.clone() }];
    wrong.push(AddFile { path: "absent.parquet".into(), ..good.clone() });
    wrong.push(AddFile { size: 1, ..good.clone() });
    wrong.push(AddFile { partition_values: BTreeMap::new(), ..good.clone() });
    for add in wrong {
        assert!(table.commit(&snapshot, commit(vec![add], 1)).await.is_err());
    }
    assert!(table.commit(&snapshot, commit(vec![good.clone(), good.clone()], 1)).await.is_err());
    assert_eq!(table.snapshot(None).await.unwrap().version(), 0);
    let escape = r#"{"add":{"path":"..%2F..%2Fsecret.parquet","partitionValues":{"area":"1"},"size":10,"modificationTime":0,"dataChange":true}}"#;
    place.put("lib/person/_delta_log/00000000000000000001.json", escape);
    assert!(matches!(table.snapshot(None).await, Err(Error::PathRefused { .. })));
    let vector = r#"{"add":{"path":"a.parquet","partitionValues":{"area":"1"},"size":10,"modificationTime":0,"dataChange":true,"deletionVector":{"storageType":"u","pathOrInlineDv":"vBn[lx{q8@P<9BNH/isA","offset":1,"sizeInBytes":36,"cardinality":2}}}"#;
    place.put("lib/person/_delta_log/00000000000000000001.json", vector);
    assert!(table.snapshot(None).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_keep_the_transaction_and_a_shortened_log_is_noticed() {
    let place = Place::new();
    let table = table(&place).await;
    for sequence in 1..=105 {
        let snapshot = table.snapshot(None).await.unwrap();
        table.commit(&snapshot, commit(Vec::new(), sequence)).await.unwrap();
    }
    let checkpoint = place.directory.path().join("lib/person/_delta_log/_last_checkpoint");
    assert!(checkpoint.exists());
    assert_eq!(table.snapshot(None).await.unwrap().transaction("epoch/lib.person").await.unwrap(), Some(105));
    for version in 0..=50 {
        let entry = format!("lib/person/_delta_log/{version:020}.json");
        std::fs::remove_file(place.directory.path().join(entry)).unwrap();
    }
    let now = table.snapshot(None).await.unwrap();
    assert_eq!(now.transaction("epoch/lib.person").await.unwrap(), Some(105));
    assert_eq!(table.changes(101, 105).await.unwrap(), Default::default());
    assert!(matches!(table.changes(10, 105).await, Err(Error::LogGone { .. })));
    assert!(matches!(table.commits(10).await, Err(Error::LogGone { .. })));
}
