//! Histories (拉链), rule by rule.

use std::collections::BTreeMap;

use super::city::{City, batch, counts, day, flag};
use crate::publish::{Change, Deletes, Error};

fn history(version: bool, boundary: u32, deletes: Deletes) -> Change {
    Change::History { key: vec!["id".into()], version: version.then(|| "at".into()), boundary: day(boundary), deletes }
}

#[tokio::test]
async fn changed_content_closes_the_current_row_where_the_new_begins() {
    let mut city = City::new(history(true, 20, Deletes::None)).await;
    city.publish(&[("a", "x", Some(10)), ("b", "x", Some(10))]).await.unwrap();
    let outcome = city.publish(&[("a", "y", Some(20)), ("b", "x", Some(20)), ("c", "x", Some(20))]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("inserted", 1), ("updated", 1), ("unchanged", 1)]));
    assert_eq!((outcome.rows_before, outcome.rows_after), (2, 4));
    assert_eq!(city.rows().await, ["a|x|10|10|20", "a|y|20|20|-", "b|x|20|10|-", "c|x|20|20|-"]);
}

#[tokio::test]
async fn late_and_repeated_rows_change_nothing() {
    let mut city = City::new(history(true, 20, Deletes::None)).await;
    city.publish(&[("a", "x", Some(10))]).await.unwrap();
    city.publish(&[("a", "y", Some(20))]).await.unwrap();
    let rows = city.rows().await;
    for (line, what) in [
        (("a", "y", Some(20)), "unchanged"),
        (("a", "x", Some(10)), "stale"),
        (("a", "z", Some(15)), "stale"),
        (("a", "z", Some(20)), "stale"),
    ] {
        let outcome = city.publish(&[line]).await.unwrap();
        assert_eq!(counts(&outcome), BTreeMap::from([(what, 1)]), "{line:?}");
        assert_eq!(city.rows().await, rows);
    }
}

#[tokio::test]
async fn without_a_version_rows_begin_at_the_boundary() {
    let mut city = City::new(history(false, 20, Deletes::ByAbsence)).await;
    city.publish(&[("a", "x", None), ("b", "x", None)]).await.unwrap();
    city.change = history(false, 21, Deletes::ByAbsence);
    let outcome = city.publish(&[("a", "y", None)]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("updated", 1), ("deleted", 1)]));
    let rows = ["a|x|-|2026-11-20|2026-11-21", "a|y|-|2026-11-21|-", "b|x|-|2026-11-20|2026-11-21"];
    assert_eq!(city.rows().await, rows);
    // The same business date again, corrected.
    let outcome = city.publish(&[("a", "z", None)]).await.unwrap();
    assert_eq!((counts(&outcome), outcome.rows_after), (BTreeMap::from([("updated", 1)]), 3));
    let rows = ["a|x|-|2026-11-20|2026-11-21", "a|z|-|2026-11-21|-", "b|x|-|2026-11-20|2026-11-21"];
    assert_eq!(city.rows().await, rows);
    // An older full load says nothing about younger rows, and opens no interval that overlaps a closed one.
    city.change = history(false, 19, Deletes::ByAbsence);
    let outcome = city.publish(&[("b", "q", None)]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("stale", 1)]));
    assert_eq!(city.rows().await, rows);
    assert_eq!(counts(&city.publish(&[("a", "late", None)]).await.unwrap()), BTreeMap::from([("stale", 1)]));
    // A key that comes back begins anew.
    city.change = history(false, 22, Deletes::None);
    assert_eq!(counts(&city.publish(&[("b", "x", None)]).await.unwrap()), BTreeMap::from([("inserted", 1)]));
    assert_eq!(city.rows().await.len(), 4);
}

#[tokio::test]
async fn a_flag_closes_the_current_row_at_its_version() {
    let mut city = City::new(history(true, 20, flag())).await;
    city.publish(&[("a", "x", Some(10)), ("b", "x", Some(10))]).await.unwrap();
    let outcome = city.publish(&[("a", "gone", Some(12)), ("b", "gone", Some(9))]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("flagged", 1), ("deleted", 1), ("stale", 1)]));
    assert_eq!(city.rows().await, ["a|x|10|10|12", "b|x|10|10|-"]);
    // Nothing begins before the last end.
    assert_eq!(counts(&city.publish(&[("a", "y", Some(11))]).await.unwrap()), BTreeMap::from([("stale", 1)]));
    assert_eq!(counts(&city.publish(&[("a", "y", Some(12))]).await.unwrap()), BTreeMap::from([("inserted", 1)]));
}

#[tokio::test]
async fn a_missing_version_and_absence_at_an_integer_are_refused() {
    let mut city = City::new(history(true, 20, Deletes::None)).await;
    let error = city.publish_batches(&[batch(&[("a", "x", None), ("b", "x", None)])]).await.unwrap_err();
    assert_eq!(error, Error::VersionMissing { column: "at".into(), rows: 2 });
    city.change = history(true, 20, Deletes::ByAbsence);
    assert!(matches!(city.publish(&[("a", "x", Some(1))]).await, Err(Error::Column { .. })));
}

/// Random loads, late ones and repeated ones among them: intervals of a key never overlap, at most one is open, and
/// what is open is what the newest load said.
#[tokio::test]
async fn random_histories_stay_histories() {
    use super::model::Dice;
    for seed in 0..4 {
        let mut dice = Dice(seed, 0);
        let mut city = City::new(history(true, 20, Deletes::None)).await;
        let mut newest: BTreeMap<String, (i64, String)> = BTreeMap::new();
        for _ in 0..10 {
            let lines: Vec<(String, String, Option<i64>)> = (0..dice.below(60))
                .map(|_| {
                    let (key, version) = (dice.below(25), dice.below(40));
                    (format!("k{key}"), format!("v{}", version / 4 % 3), Some(version))
                })
                .collect();
            for (key, value, version) in &lines {
                let entry = newest.entry(key.clone()).or_insert((-1, String::new()));
                if version.unwrap() > entry.0 {
                    *entry = (version.unwrap(), value.clone());
                }
            }
            city.publish_batches(&[batch(&lines)]).await.unwrap();
            let rows = city.rows().await;
            let again = city.publish_batches(&[batch(&lines)]).await.unwrap();
            assert_eq!((again.inserted, again.updated, again.deleted), (0, 0, 0), "a replay changes nothing");
            assert_eq!(city.rows().await, rows);
            check(&rows, &newest);
        }
    }
}

fn check(rows: &[String], newest: &BTreeMap<String, (i64, String)>) {
    let mut last: BTreeMap<&str, Option<i64>> = BTreeMap::new();
    let mut intervals: Vec<(&str, i64, &str, &str)> = rows
        .iter()
        .map(|row| row.split('|').collect::<Vec<_>>())
        .map(|cells| (cells[0], cells[3].parse().unwrap(), cells[4], cells[1]))
        .collect();
    intervals.sort();
    for (key, from, until, value) in intervals {
        let until = until.parse::<i64>().ok();
        if let Some(before) = last.insert(key, until) {
            assert_eq!(before, Some(from), "{key}: an interval is open or leaves a gap");
        }
        if until.is_none() {
            assert_eq!(newest[key].1, value, "{key}");
        }
    }
    assert!(last.values().all(Option::is_none) && last.len() == newest.len());
}
