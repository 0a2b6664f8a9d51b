//! Random merges against a map.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::city::{City, batch, merge};
use crate::manifest::Outcome;
use crate::publish::Deletes;

type Model = BTreeMap<String, (i64, String)>;

/// What a merge must do to the map, without thinking of files. Ties inside a stage are not made here.
fn apply(model: &mut Model, staged: &[(String, String, Option<i64>)], by_absence: bool, expected: &mut Outcome) {
    let mut best: Model = BTreeMap::new();
    for (key, value, version) in staged {
        let entry = (version.unwrap(), value.clone());
        let old = best.get(key).cloned();
        if old.is_some() {
            expected.deduplicated += 1;
        }
        if old.is_none_or(|old| old.0 < entry.0) {
            best.insert(key.clone(), entry);
        }
    }
    if by_absence {
        let before = model.len();
        model.retain(|key, _| best.contains_key(key));
        expected.deleted += (before - model.len()) as u64;
    }
    for (key, (version, value)) in best {
        match model.get(&key) {
            None => expected.inserted += 1,
            Some((old, _)) if version < *old => {
                expected.stale += 1;
                continue;
            }
            Some(old) if *old == (version, value.clone()) => expected.unchanged += 1,
            Some(_) => expected.updated += 1,
        }
        model.insert(key, (version, value));
    }
}

/// Numbers that only look random: the same ones every time.
pub(super) struct Dice(pub(super) u64, pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: i64) -> i64 {
        self.1 += 1;
        (xxh3_64_with_seed(&self.1.to_le_bytes(), self.0) % bound as u64) as i64
    }
}

#[tokio::test]
async fn random_merges_equal_a_map() {
    for seed in 0..6 {
        let mut random = Dice(seed, 0);
        let by_absence = seed % 2 == 1;
        let deletes = if by_absence { Deletes::ByAbsence } else { Deletes::None };
        let mut city = City::new(merge(true, deletes)).await;
        let mut model = Model::new();
        for round in 0..12 {
            let rows = random.below(120);
            // A version is drawn once a key and round, so that no two staged rows tie with different content.
            let staged: Vec<(String, String, Option<i64>)> = (0..rows)
                .map(|_| {
                    let version = random.below(6);
                    let key = random.below(80);
                    (format!("k{key}"), format!("v{}", (key + version) % 3 + round % 2), Some(version))
                })
                .collect();
            let mut expected = Outcome { rows_before: model.len() as u64, ..Outcome::default() };
            apply(&mut model, &staged, by_absence, &mut expected);
            let (first, second) = staged.split_at(staged.len() / 3);
            let outcome = city.publish_batches(&[batch(first), batch(second)]).await.unwrap();
            expected.rows_after = model.len() as u64;
            expected.version = outcome.version;
            assert_eq!(outcome, expected, "seed {seed} round {round}");
            let rows: Vec<String> =
                model.iter().map(|(key, (version, value))| format!("{key}|{value}|{version}")).collect();
            let mut sorted = rows.clone();
            sorted.sort();
            assert_eq!(city.rows().await, sorted, "seed {seed} round {round}");
        }
    }
}
