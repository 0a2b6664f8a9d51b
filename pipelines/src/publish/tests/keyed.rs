//! Merge, rule by rule.

use std::collections::BTreeMap;

use super::city::{City, batch, counts, flag, merge};
use crate::manifest::StagedFile;
use crate::publish::{Change, Deletes, Error, Place, publish};

#[tokio::test]
async fn new_changed_and_equal_rows() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    let first = city.publish(&[("a", "1", Some(1)), ("b", "1", Some(1)), ("c", "1", Some(1))]).await.unwrap();
    assert_eq!(counts(&first), BTreeMap::from([("inserted", 3)]));
    assert_eq!((first.version, first.rows_before, first.rows_after), (1, 0, 3));
    let second = city.publish(&[("a", "1", Some(1)), ("b", "2", Some(2)), ("d", "1", Some(1))]).await.unwrap();
    assert_eq!(counts(&second), BTreeMap::from([("inserted", 1), ("updated", 1), ("unchanged", 1)]));
    assert_eq!((second.rows_before, second.rows_after), (3, 4));
    assert_eq!(city.rows().await, ["a|1|1", "b|2|2", "c|1|1", "d|1|1"]);
}

#[tokio::test]
async fn an_older_row_never_replaces_a_newer_one() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    city.publish(&[("a", "new", Some(5)), ("b", "new", Some(5)), ("c", "x", None)]).await.unwrap();
    let outcome = city.publish(&[("a", "old", Some(4)), ("b", "same", Some(5)), ("c", "y", Some(-9))]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("stale", 1), ("updated", 2)]));
    assert_eq!(city.rows().await, ["a|new|5", "b|same|5", "c|y|-9"]);
    let outcome = city.publish(&[("a", "none", None)]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("stale", 1)]));
}

#[tokio::test]
async fn rows_of_the_past_that_nothing_orders_fill_gaps_and_replace_nothing() {
    let mut city = City::new(merge(false, Deletes::None)).await;
    city.publish(&[("a", "new", Some(1)), ("b", "new", Some(1))]).await.unwrap();
    city.change = Change::Insert { key: vec!["id".into()], deletes: flag() };
    let outcome = city.publish(&[("a", "old", Some(9)), ("c", "old", None), ("b", "gone", None), ("d", "gone", None)]);
    assert_eq!(counts(&outcome.await.unwrap()), BTreeMap::from([("inserted", 1), ("stale", 2), ("flagged", 1)]));
    assert_eq!(city.rows().await, ["a|new|1", "b|new|1", "c|old|-"]);
}

#[tokio::test]
async fn a_newer_version_alone_is_an_update() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    city.publish(&[("a", "x", Some(1))]).await.unwrap();
    assert_eq!(counts(&city.publish(&[("a", "x", Some(2))]).await.unwrap()), BTreeMap::from([("updated", 1)]));
    assert_eq!(city.rows().await, ["a|x|2"]);
}

#[tokio::test]
async fn staged_duplicates_are_settled_first() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    let files = [
        batch(&[("a", "old", Some(1)), ("b", "x", Some(1))]),
        batch(&[("a", "new", Some(3)), ("a", "mid", Some(2)), ("b", "x", Some(1)), ("c", "x", Some(1))]),
    ];
    let outcome = city.publish_batches(&files).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("inserted", 3), ("deduplicated", 3)]));
    assert_eq!(city.rows().await, ["a|new|3", "b|x|1", "c|x|1"]);
}

#[tokio::test]
async fn ties_are_settled_alike_whatever_the_order() {
    let mut seen = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut city = City::new(merge(true, Deletes::None)).await;
        let files: Vec<_> = order.iter().map(|at| batch(&[("a", ["x", "y", "z"][*at], Some(1))])).collect();
        city.publish_batches(&files).await.unwrap();
        seen.push(city.rows().await);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}

#[tokio::test]
async fn without_a_version_the_staged_row_counts() {
    let mut city = City::new(merge(false, Deletes::None)).await;
    city.publish(&[("a", "x", Some(9))]).await.unwrap();
    assert_eq!(counts(&city.publish(&[("a", "y", Some(1))]).await.unwrap()), BTreeMap::from([("updated", 1)]));
    assert_eq!(city.rows().await, ["a|y|1"]);
}

#[tokio::test]
async fn absent_keys_leave_unless_quarantined() {
    let mut city = City::new(merge(true, Deletes::ByAbsence)).await;
    city.publish(&[("a", "x", Some(1)), ("b", "x", Some(1)), ("c", "x", Some(1)), ("d", "x", Some(1))]).await.unwrap();
    let files = city.stage(&[batch(&[("a", "x", Some(1)), ("e", "x", Some(1))])]).await;
    let held = held(&mut city, &["c", "zz"]).await;
    let mut publication = city.publication(files);
    publication.manifest.held = vec![held];
    let outcome = publish(&publication).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("inserted", 1), ("unchanged", 1), ("deleted", 2)]));
    assert_eq!(city.rows().await, ["a|x|1", "c|x|1", "e|x|1"]);
}

#[tokio::test]
async fn an_empty_full_load_empties_the_table() {
    let mut city = City::new(merge(true, Deletes::ByAbsence)).await;
    city.publish(&[("a", "x", Some(1)), ("b", "x", Some(1))]).await.unwrap();
    let outcome = city.publish_batches(&[]).await.unwrap();
    assert_eq!((outcome.deleted, outcome.rows_after), (2, 0));
    assert!(city.rows().await.is_empty());
}

#[tokio::test]
async fn flagged_rows_delete_their_key_and_respect_versions() {
    let mut city = City::new(merge(true, flag())).await;
    city.publish(&[("a", "x", Some(1)), ("b", "x", Some(5)), ("c", "x", Some(1))]).await.unwrap();
    let outcome = city
        .publish(&[
            ("a", "gone", Some(2)),
            ("b", "gone", Some(4)),
            ("n", "gone", Some(1)),
            ("m", "x", Some(1)),
            ("m", "gone", Some(2)),
        ])
        .await
        .unwrap();
    let expected = [("deleted", 1), ("flagged", 3), ("stale", 1), ("deduplicated", 1)];
    assert_eq!(counts(&outcome), BTreeMap::from(expected));
    assert_eq!(city.rows().await, ["b|x|5", "c|x|1"]);
}

#[tokio::test]
async fn a_missing_key_is_refused_with_its_column_and_number() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    let files = [batch(&[("a", "x", Some(1)), ("NULL", "x", Some(1))]), batch(&[("NULL", "secret", Some(1))])];
    let error = city.publish_batches(&files).await.unwrap_err();
    assert_eq!(error, Error::KeyMissing { column: "id".into(), rows: 2, place: Place::Stage });
    assert!(!error.to_string().contains("secret"));
    assert_eq!(city.version().await, 0);
}

#[tokio::test]
async fn a_stage_that_holds_other_rows_than_its_manifest_is_refused() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    let mut files = city.stage(&[batch(&[("a", "x", Some(1))])]).await;
    files[0].rows = 2;
    assert!(publish(&city.publication(files)).await.is_err());
    assert_eq!(city.version().await, 0);
}

#[tokio::test]
async fn only_touched_files_are_rewritten() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    city.publish(&[("a", "x", Some(1)), ("b", "x", Some(1))]).await.unwrap();
    city.publish(&[("c", "x", Some(1))]).await.unwrap();
    let before = city.files().await;
    city.publish(&[("c", "y", Some(2))]).await.unwrap();
    let after = city.files().await;
    assert!(after.contains(&before[0]) && !after.contains(&before[1]), "{before:?} {after:?}");
    let nothing = city.publish(&[("c", "y", Some(2))]).await.unwrap();
    assert_eq!((nothing.unchanged, nothing.version), (1, 4));
    assert_eq!(city.files().await, after);
}

async fn held(city: &mut City, keys: &[&str]) -> StagedFile {
    let lines: Vec<_> = keys.iter().map(|key| (*key, "", None)).collect();
    city.stage_file(&batch(&lines).project(&[0]).unwrap(), &[]).await
}
