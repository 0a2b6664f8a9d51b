//! Differences between versions, and commits the catalog does not know.

use connectors::Source;
use futures::StreamExt;

use super::city::{City, merge, text};
use crate::publish::difference::difference;
use crate::publish::reconcile::foreign_commits;
use crate::publish::{Deletes, Error, metadata};

async fn rows(source: Option<&dyn Source>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(source) = source {
        for split in 0..source.splits() {
            let mut batches = source.read(split, None);
            while let Some(batch) = batches.next().await {
                lines.extend(text(&batch.unwrap()));
            }
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn a_difference_is_the_files_of_one_side_only() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    city.publish(&[("a", "1", Some(1)), ("b", "1", Some(1))]).await.unwrap();
    city.publish(&[("c", "1", Some(1))]).await.unwrap();
    city.publish(&[("a", "2", Some(2))]).await.unwrap();
    let columns = ["value".to_owned()];
    let key = ["id".to_owned()];
    let (root, wanted, by) = (city.root(), columns.clone(), key.clone());
    let all = tokio::spawn(async move { difference(&root, None, 3, &wanted, &by).await }).await.unwrap().unwrap();
    assert!(all.removed.is_none());
    assert_eq!(rows(all.added.as_deref()).await, ["1|b", "1|c", "2|a"]);
    let last = difference(&city.root(), Some(2), 3, &columns, &key).await.unwrap();
    assert_eq!(rows(last.removed.as_deref()).await, ["1|a", "1|b"]);
    assert_eq!(rows(last.added.as_deref()).await, ["1|b", "2|a"]);
    let none = difference(&city.root(), Some(3), 3, &columns, &key).await.unwrap();
    assert!(none.removed.is_none() && none.added.is_none());
    let narrow = last.added.unwrap();
    assert!(narrow.read(0, Some(&[1])).next().await.unwrap().is_ok());
    assert!(narrow.read(0, Some(&[2])).next().await.unwrap().is_err());
    let missing = difference(&city.root(), None, 3, &["no".to_owned()], &key).await;
    assert!(matches!(missing, Err(Error::Column { .. })));
}

#[tokio::test]
async fn commits_the_catalog_does_not_know_are_found() {
    let mut city = City::new(merge(true, Deletes::None)).await;
    city.publish(&[("a", "1", Some(1))]).await.unwrap();
    city.publish(&[("b", "1", Some(1))]).await.unwrap();
    let all = foreign_commits(&city.root(), None).await.unwrap();
    assert_eq!(all.iter().map(|commit| (commit.version, commit.sequence)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    assert!(all.iter().all(|commit| commit.app_id == "epoch/library:a.b"));
    assert!(all[0].metadata.contains_key(metadata::MANIFEST) && all[0].metadata.contains_key(metadata::OUTCOME));
    assert_eq!(foreign_commits(&city.root(), Some(1)).await.unwrap(), all[1..]);
    assert!(foreign_commits(&city.root(), Some(2)).await.unwrap().is_empty());
}
