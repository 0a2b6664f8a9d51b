//! Stores, transfers and readiness.

use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::support::*;
use crate::files;
use crate::ready::{Readiness, State, look};
use crate::store::{Transfer, local, sha256_of, transfer};
use crate::{Error, Limits};

#[tokio::test]
async fn a_put_is_whole_and_create_never_overwrites() {
    let place = Place::new();
    let object = place.store.object();
    let path = place.store.path("a/b/c.txt").unwrap();
    object.put(&path, "one".into()).await.unwrap();
    let create = PutOptions { mode: PutMode::Create, ..Default::default() };
    let again = object.put_opts(&path, "two".into(), create.clone()).await;
    assert!(matches!(again, Err(object_store::Error::AlreadyExists { .. })));
    assert_eq!(place.get("a/b/c.txt"), b"one");
    object.put(&path, "three".into()).await.unwrap();
    assert_eq!(place.get("a/b/c.txt"), b"three");
    let left = std::fs::read_dir(place.directory.path().join("a/b")).unwrap().count();
    assert_eq!(left, 1, "nothing but the file is left");
}

#[tokio::test]
async fn a_file_in_parts_has_a_name_only_when_it_is_whole() {
    let place = Place::new();
    let object = place.store.object();
    let path = place.store.path("a/large.bin").unwrap();
    let beside = || std::fs::read_dir(place.directory.path().join("a")).unwrap().count();
    let parts: Vec<Vec<u8>> = (0..9u8).map(|at| vec![at; 8 << 20]).collect();
    let mut upload = object.put_multipart(&path).await.unwrap();
    for part in &parts {
        upload.put_part(part.clone().into()).await.unwrap();
    }
    assert!(object.head(&path).await.is_err());
    upload.complete().await.unwrap();
    assert!(place.get("a/large.bin") == parts.concat());
    let mut upload = object.put_multipart(&path).await.unwrap();
    upload.put_part("other".into()).await.unwrap();
    assert_eq!(beside(), 2);
    upload.abort().await.unwrap();
    assert_eq!(beside(), 1);
    let mut upload = object.put_multipart(&path).await.unwrap();
    upload.put_part("dropped".into()).await.unwrap();
    drop(upload);
    assert_eq!(beside(), 1, "nothing but the file is left");
    assert_eq!(place.get("a/large.bin").len(), 72 << 20);
}

#[tokio::test]
async fn a_transfer_happens_once_and_checks_content() {
    let (from, to) = (Place::new(), Place::new());
    from.put("x/data.bin", vec![7u8; 9 << 20]);
    let (digest, size) = sha256_of(&from.store, "x/data.bin").await.unwrap();
    assert_eq!(size, 9 << 20);
    let first = transfer(&from.store, "x/data.bin", &to.store, "y/data.bin", &digest).await.unwrap();
    assert_ne!(first, Transfer::Present);
    assert_eq!(to.get("y/data.bin"), from.get("x/data.bin"));
    let second = transfer(&from.store, "x/data.bin", &to.store, "y/data.bin", &digest).await.unwrap();
    assert_eq!(second, Transfer::Present);
    to.put("z.bin", vec![8u8; 9 << 20]);
    let error = transfer(&from.store, "x/data.bin", &to.store, "z.bin", &digest).await.unwrap_err();
    assert_eq!(error, Error::Exists { path: "z.bin".into() });
}

#[tokio::test]
async fn a_transfer_between_stores_without_a_directory_copies() {
    let from = Place::new();
    from.put("data.bin", vec![7u8; 17 << 20]);
    let to = crate::store::Store::remote(std::sync::Arc::new(object_store::memory::InMemory::new()));
    let (digest, _) = sha256_of(&from.store, "data.bin").await.unwrap();
    let done = transfer(&from.store, "data.bin", &to, "data.bin", &digest).await.unwrap();
    assert_eq!(done, Transfer::Copied);
    assert_eq!(sha256_of(&to, "data.bin").await.unwrap(), (digest, 17 << 20));
    let wrong = "0".repeat(64);
    let error = transfer(&from.store, "data.bin", &to, "w.bin", &wrong).await.unwrap_err();
    assert_eq!(error, Error::Changed { path: "data.bin".into() });
    assert!(sha256_of(&to, "w.bin").await.is_err());
}

#[tokio::test]
async fn a_listing_is_bounded_and_sorted() {
    let place = Place::new();
    for i in (0..30).rev() {
        place.put(&format!("d/{i:02}.csv"), "id\n");
    }
    let found = files::expand(&place.store, &["d/*.csv".into()], &Limits::default()).await.unwrap();
    assert!(found.is_sorted_by(|a, b| a.path < b.path) && found.len() == 30);
    let few = Limits { files: 5, ..Limits::default() };
    let error = files::expand(&place.store, &["d/*.csv".into()], &few).await.unwrap_err();
    assert_eq!(error, Error::TooManyFiles { pattern: "d/*.csv".into(), limit: 5 });
}

#[tokio::test]
async fn a_drop_waits_for_flag_count_and_stable_size() {
    let place = Place::new();
    let readiness = Readiness { flag: Some("_OK".into()), count_file: Some("_COUNT".into()), stable: true };
    let patterns = ["area/20261120/*.csv".to_owned()];
    let limits = Limits::default();
    let waits = |what: &str| State::Waiting { what: what.into() };
    let see = |previous| {
        let (store, readiness, patterns, limits) = (&place.store, &readiness, &patterns, &limits);
        async move { look(store, readiness, patterns, limits, previous).await }
    };
    assert_eq!(see(None).await.unwrap().state, waits("area/20261120/_OK"));
    place.put("area/20261120/_OK", "");
    assert_eq!(see(None).await.unwrap().state, waits("area/20261120/_COUNT"));
    place.put("area/20261120/_COUNT", "three");
    assert!(matches!(see(None).await, Err(Error::CountFile { .. })));
    place.put("area/20261120/_COUNT", " 3\r\n");
    assert_eq!(see(None).await.unwrap().state, waits("area/20261120/*.csv"));
    place.put("area/20261120/a.csv", "id\n1\n");
    let first = see(None).await.unwrap();
    assert_eq!(first.state, waits("stable size"));
    place.put("area/20261120/a.csv", "id\n1\n2\n");
    let second = see(Some(&first)).await.unwrap();
    assert_eq!(second.state, waits("stable size"));
    let third = see(Some(&second)).await.unwrap();
    assert_eq!((third.state.clone(), third.expected), (State::Ready, Some(3)));
    assert_eq!(third.compare(3), State::Ready);
    assert_eq!(third.compare(2), State::Mismatch { expected: 3, found: 2 });
}

#[test]
fn a_root_is_made_and_errors_have_codes() {
    let directory = tempfile::tempdir().unwrap();
    let store = local(&directory.path().join("new/root")).unwrap();
    let error = store.path("../x").unwrap_err();
    assert_eq!(serde_json::to_value(&error).unwrap()["code"], "N101");
    assert!(!error.retryable());
}
