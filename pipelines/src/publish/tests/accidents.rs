//! Repeating, crashing, and others who commit at the same time.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;

use connectors::delta::{AddFile, Commit, DeltaTable};
use connectors::store;
use connectors::write::{ParquetOptions, ParquetSink};
use futures::{FutureExt, StreamExt};

use super::city::{City, batch, merge};
use crate::crash;
use crate::publish::table::Table;
use crate::publish::{Change, Deletes, Error, Fence, Publication, metadata, publish};

#[tokio::test]
async fn a_sequence_is_published_once() {
    let mut city = City::new(Change::Append).await;
    let files = city.stage(&[batch(&[("a", "x", Some(1))])]).await;
    let publication = city.publication(files);
    let first = publish(&publication).await.unwrap();
    assert_eq!(publish(&publication).await.unwrap(), first);
    assert_eq!((city.version().await, city.rows().await.len()), (1, 1));
    // Also after later ones.
    for _ in 0..20 {
        city.publish(&[("b", "x", None)]).await.unwrap();
    }
    assert_eq!(publish(&publication).await.unwrap(), first);
    assert_eq!(city.version().await, 21);
}

#[tokio::test]
async fn another_manifest_under_the_same_sequence_is_refused() {
    let mut city = City::new(Change::Append).await;
    city.publish(&[("a", "x", None)]).await.unwrap();
    let files = city.stage(&[batch(&[("b", "x", None)])]).await;
    let mut other = city.publication(files);
    other.sequence = 1;
    assert!(matches!(publish(&other).await, Err(Error::OtherManifest { sequence: 1, version: 1, .. })));
    other.metadata.remove(metadata::MANIFEST);
    assert!(matches!(publish(&other).await, Err(Error::Setting { .. })));
    assert_eq!(city.rows().await.len(), 1);
}

#[derive(Debug)]
struct TakenOver;

#[async_trait::async_trait]
impl Fence for TakenOver {
    async fn check(&self, target: &str) -> Result<(), Error> {
        Err(Error::Superseded { target: target.to_owned() })
    }
}

#[tokio::test]
async fn who_lost_the_target_commits_nothing_and_finds_what_the_successor_did() {
    let mut city = City::new(Change::Append).await;
    let files = city.stage(&[batch(&[("a", "x", Some(1))])]).await;
    let successor = city.publication(files);
    let zombie = Publication { fence: Arc::new(TakenOver), ..successor.clone() };
    assert!(matches!(publish(&zombie).await, Err(Error::Superseded { .. })));
    assert_eq!(city.version().await, 0);
    let outcome = publish(&successor).await.unwrap();
    assert_eq!(publish(&zombie).await.unwrap(), outcome);
    assert_eq!((city.version().await, city.rows().await.len()), (1, 1));
}

#[tokio::test]
async fn who_wakes_between_its_last_look_and_its_commit_is_refused_by_the_table() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    let files = city.stage(&[batch(&[("a", "x", Some(1))])]).await;
    let publication = city.publication(files);
    let successor = publication.clone();
    let done = std::cell::Cell::new(false);
    // The hook stands for the pause: a successor does all of it on a thread of its own meanwhile.
    crash::local::install(move |reached| {
        if reached == "publish.before_commit" && !done.replace(true) {
            let successor = successor.clone();
            let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            std::thread::spawn(move || runtime().block_on(publish(&successor)).unwrap()).join().unwrap();
        }
    });
    let outcome = publish(&publication).await.unwrap();
    crash::local::remove();
    assert_eq!((outcome.version, outcome.inserted), (1, 1), "answered with what the successor committed");
    assert_eq!((city.version().await, city.rows().await.len()), (1, 1));
}

#[tokio::test]
async fn a_crash_at_any_point_loses_and_doubles_nothing() {
    for point in ["publish.data_written", "publish.before_commit", "publish.committed"] {
        for change in [Change::Append, merge(true, Deletes::ByAbsence)] {
            let mut city = City::new(change.clone()).await;
            city.publish(&[("a", "x", Some(1)), ("b", "x", Some(1))]).await.unwrap();
            let files = city.stage(&[batch(&[("b", "y", Some(2)), ("c", "x", Some(1)), ("c", "x", Some(1))])]).await;
            let publication = city.publication(files);
            crash::local::install(move |reached| assert_ne!(reached, point, "killed"));
            assert!(AssertUnwindSafe(publish(&publication)).catch_unwind().await.is_err());
            crash::local::remove();
            let outcome = publish(&publication).await.unwrap();
            assert_eq!(city.version().await, 2, "{point}");
            let rows = city.rows().await;
            assert_eq!(rows.len() as u64, outcome.rows_after);
            match change {
                Change::Append => assert_eq!(rows, ["a|x|1", "b|x|1", "b|y|2", "c|x|1", "c|x|1"], "{point}"),
                _ => assert_eq!(rows, ["b|y|2", "c|x|1"], "{point}"),
            }
        }
    }
}

#[tokio::test]
async fn a_commit_of_others_in_between_is_taken_into_account() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    city.publish(&[("a", "x", Some(1))]).await.unwrap();
    let files = city.stage(&[batch(&[("b", "mine", Some(1)), ("c", "mine", Some(5))])]).await;
    let mine = city.publication(files);
    let files = city.stage(&[batch(&[("b", "theirs", Some(9))])]).await;
    let mut theirs = city.publication(files);
    theirs.app_id = "another".into();
    once_before_commit(move || in_own_runtime(async move { publish(&theirs).await.map(|_| ()) }));
    let outcome = publish(&mine).await.unwrap();
    crash::local::remove();
    assert_eq!((outcome.version, outcome.stale, outcome.inserted), (3, 1, 1));
    assert_eq!(city.rows().await, ["a|x|1", "b|theirs|9", "c|mine|5"]);
}

#[tokio::test]
async fn the_same_publication_twice_at_once_commits_once() {
    let mut city = City::new(Change::Append).await;
    let files = city.stage(&[batch(&[("a", "x", Some(1))])]).await;
    let publication = city.publication(files);
    let twin = publication.clone();
    once_before_commit(move || in_own_runtime(async move { publish(&twin).await.map(|_| ()) }));
    let outcome = publish(&publication).await.unwrap();
    crash::local::remove();
    assert_eq!((outcome.version, city.version().await), (1, 1));
    assert_eq!(city.rows().await, ["a|x|1"]);
}

#[tokio::test]
async fn compaction_by_another_program_neither_loses_nor_doubles_rows() {
    for change in [Change::Append, merge(true, Deletes::ByAbsence), Change::Overwrite { partition_by: Vec::new() }] {
        let mut city = City::new(change.clone()).await;
        city.publish(&[("a", "x", Some(1)), ("b", "x", Some(1))]).await.unwrap();
        if change == Change::Append {
            city.publish(&[("c", "x", Some(1))]).await.unwrap();
        }
        let before = city.version().await;
        let files = city.stage(&[batch(&[("b", "y", Some(2)), ("d", "x", Some(1))])]).await;
        let publication = city.publication(files);
        let root = city.root();
        once_before_commit(move || in_own_runtime(async move { compact(root).await }));
        let outcome = publish(&publication).await.unwrap();
        crash::local::remove();
        assert_eq!(outcome.version, before + 2);
        match change {
            Change::Append => assert_eq!(city.rows().await, ["a|x|1", "b|x|1", "b|y|2", "c|x|1", "d|x|1"]),
            _ => assert_eq!(city.rows().await, ["b|y|2", "d|x|1"]),
        }
        // And a compaction after it changes nothing about its being done.
        compact(city.root()).await.unwrap();
        assert_eq!(publish(&publication).await.unwrap(), outcome);
    }
}

#[tokio::test]
async fn endless_conflicts_end() {
    let mut city = City::new(Change::Append).await;
    let files = city.stage(&[batch(&[("a", "x", Some(1))])]).await;
    let publication = city.publication(files.clone());
    let mut number = 0;
    let template = publication.clone();
    crash::local::install(move |point| {
        if point == "publish.before_commit" {
            number += 1;
            let theirs = Publication { app_id: format!("other-{number}"), ..template.clone() };
            in_own_runtime(async move { publish(&theirs).await.map(|_| ()) });
        }
    });
    let error = publish(&publication).await.unwrap_err();
    crash::local::remove();
    assert!(matches!(error, Error::Contended { attempts: 20, .. }) && error.retryable());
    assert!(publish(&publication).await.is_ok());
}

/// Does something the first time a commit is about to happen.
fn once_before_commit(work: impl FnOnce() + 'static) {
    let mut work = Some(work);
    crash::local::install(move |point| {
        if point == "publish.before_commit"
            && let Some(work) = work.take()
        {
            work();
        }
    });
}

fn in_own_runtime(work: impl Future<Output = Result<(), Error>> + Send + 'static) {
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    std::thread::spawn(run).join().unwrap().unwrap();
}

/// What OPTIMIZE does: all rows into one new file, in a commit of its own that changes no data.
async fn compact(root: PathBuf) -> Result<(), Error> {
    let table = Table::open(&root).await?;
    let snapshot = table.snapshot(None).await?;
    let kept: Vec<usize> = (0..snapshot.files.len()).collect();
    let set = Table::file_set(&snapshot, &kept);
    let name = format!("compacted-{}.parquet", snapshot.version);
    let (parent, folder) = (root.parent().unwrap(), root.file_name().unwrap().to_str().unwrap());
    let store = store::local(parent)?;
    let path = format!("{folder}/{name}");
    let mut sink = ParquetSink::create(&store, &path, snapshot.file_schema(), &ParquetOptions::default()).await?;
    let columns: Vec<usize> = (0..set.schema().fields().len()).collect();
    for unit in set.units(|_| true) {
        let mut batches = set.read(unit, &columns);
        while let Some(rows) = batches.next().await {
            sink.write(&rows?.batch).await?;
        }
    }
    let written = sink.finish().await?;
    let delta = DeltaTable::open(&store, folder).await?;
    let inner = delta.snapshot(None).await?;
    let add = AddFile { path: name, size: written.bytes, rows: written.rows, ..AddFile::default() };
    let commit = Commit {
        add: vec![add],
        remove: inner.files().to_vec(),
        app_id: "maintenance".into(),
        sequence: snapshot.version,
        operation: "OPTIMIZE".into(),
        ..Commit::default()
    };
    delta.commit(&inner, commit).await?;
    Ok(())
}
