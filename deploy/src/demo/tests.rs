#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;

const CITY: City = City { rows: 4_000, seed: 11 };

fn dates() -> [NaiveDate; 2] {
    ["2026-11-19", "2026-11-20"].map(|day| day.parse().unwrap())
}

async fn both(city: &City, folder: &Path) -> [Written; 2] {
    let [first, second] = dates();
    [
        generate(city, Delivery::First, first, folder).await.unwrap(),
        generate(city, Delivery::Second, second, folder).await.unwrap(),
    ]
}

fn files(folder: &Path, out: &mut BTreeMap<PathBuf, Vec<u8>>, root: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out, root);
        } else {
            out.insert(path.strip_prefix(root).unwrap().to_owned(), std::fs::read(&path).unwrap());
        }
    }
}

fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    files(folder, &mut out, folder);
    out
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_and_another_seed_other_ones() {
    let [one, two, other] = [0; 3].map(|_| tempfile::tempdir().unwrap());
    both(&CITY, one.path()).await;
    both(&CITY, two.path()).await;
    both(&City { seed: 12, ..CITY }, other.path()).await;
    let (one, two, other) = (tree(one.path()), tree(two.path()), tree(other.path()));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (path, bytes) in &one {
        assert!(two[path] == *bytes, "{} differs", path.display());
    }
    let resident = Path::new("exchange/psb/20261119/resident_1.csv");
    assert_ne!(one[resident], other[resident]);
}

#[tokio::test]
async fn every_kind_of_defect_is_planted_and_the_counts_are_those_of_the_truth_file() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = both(&CITY, folder.path()).await;
    assert_eq!(first.len(), 7);
    let truth = std::fs::read_to_string(folder.path().join("truth.csv")).unwrap();
    assert!(truth.starts_with(truth::HEADER));
    let rows: Vec<Vec<&str>> = truth.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let mut kinds: BTreeMap<(&str, &str, &str, &str), u64> = BTreeMap::new();
    for row in &rows {
        assert_eq!(row.len(), 7, "{row:?}");
        *kinds.entry((row[0], row[1], row[4], row[5])).or_default() += 1;
    }
    let of_first = kinds.keys().filter(|key| key.0 == "1").count();
    assert!(of_first >= 40, "{of_first} kinds: {kinds:?}");
    let residents = |written: &Written| written.iter().find(|(code, _)| *code == residents::CODE).unwrap().1;
    assert!(residents(&second) < residents(&first) + CITY.rows / 1_000, "some residents moved away");
}

#[tokio::test]
async fn defects_are_where_the_truth_file_says() {
    let folder = tempfile::tempdir().unwrap();
    both(&CITY, folder.path()).await;
    let bytes = std::fs::read(folder.path().join("exchange/psb/20261119/resident_1.csv")).unwrap();
    let (text, _, broken) = encoding_rs::GBK.decode(&bytes);
    assert!(!broken);
    let lines: Vec<&str> = text.lines().collect();
    let truth = std::fs::read_to_string(folder.path().join("truth.csv")).unwrap();
    let mut looked = 0;
    for row in truth.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>()) {
        if row[0] != "1" || row[2] != "resident_1.csv" || row[4] != "sex" {
            continue;
        }
        let line: usize = row[3].parse().unwrap();
        assert_eq!(lines[line].split(',').nth(2), Some("3"), "{}", lines[line]);
        looked += 1;
    }
    assert!(looked > 0);
    let odd = lines.iter().skip(1).filter(|line| line.split(',').nth(2) == Some("3")).count();
    assert_eq!(odd, looked);
}

#[tokio::test]
async fn a_city_is_neither_too_small_nor_too_large() {
    let folder = tempfile::tempdir().unwrap();
    for rows in [LEAST_ROWS - 1, MOST_ROWS + 1] {
        let city = City { rows, seed: 1 };
        let refused = generate(&city, Delivery::First, dates()[0], folder.path()).await;
        assert!(matches!(refused, Err(Error::DemoRows { .. })));
    }
}
