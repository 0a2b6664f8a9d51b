//! Append, overwrite, and partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};

use super::city::{City, batch, counts, schema};
use crate::publish::{Change, Deletes, Error, publish};

fn partitioned() -> Schema {
    let mut fields: Vec<_> = schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new("area", DataType::Utf8, true));
    Schema::new(fields)
}

#[tokio::test]
async fn append_adds_whatever_is_there() {
    let mut city = City::new(Change::Append).await;
    city.publish(&[("a", "x", None)]).await.unwrap();
    let outcome = city.publish(&[("a", "x", None), ("b", "x", None)]).await.unwrap();
    assert_eq!((counts(&outcome), outcome.rows_after), (BTreeMap::from([("inserted", 2)]), 3));
    assert_eq!(city.rows().await, ["a|x|-", "a|x|-", "b|x|-"]);
    let empty = city.publish_batches(&[]).await.unwrap();
    assert_eq!((empty.version, empty.rows_after), (3, 3));
}

#[tokio::test]
async fn overwrite_replaces_the_table() {
    let mut city = City::new(Change::Overwrite { partition_by: Vec::new() }).await;
    city.publish(&[("a", "x", None), ("b", "x", None)]).await.unwrap();
    let outcome = city.publish(&[("c", "x", None)]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("inserted", 1), ("deleted", 2)]));
    assert_eq!(city.rows().await, ["c|x|-"]);
}

#[tokio::test]
async fn overwrite_replaces_only_the_partitions_it_touches() {
    let change = Change::Overwrite { partition_by: vec!["area".into()] };
    let mut city = City::with(change, &partitioned(), &["area"]).await;
    put(&mut city, &[("盐都", "a"), ("亭湖", "b")]).await.unwrap();
    put(&mut city, &[("盐都", "c")]).await.unwrap();
    assert_eq!(city.rows().await, ["b|x|1|亭湖", "c|x|1|盐都"]);
    let folders = ["area=亭湖/", "area=盐都/"];
    assert!(city.files().await.iter().zip(folders).all(|(path, folder)| path.starts_with(folder)));
}

#[tokio::test]
async fn a_row_that_moves_leaves_its_old_partition() {
    let change = Change::Merge { key: vec!["id".into()], version: None, deletes: Deletes::None };
    let mut city = City::with(change, &partitioned(), &["area"]).await;
    put(&mut city, &[("1", "a"), ("2", "b")]).await.unwrap();
    let outcome = put(&mut city, &[("2", "a")]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("updated", 1)]));
    assert_eq!(city.rows().await, ["a|x|1|2", "b|x|1|2"]);
}

#[tokio::test]
async fn a_partition_in_the_key_keeps_rows_apart() {
    let key = vec!["area".to_owned(), "id".to_owned()];
    let mut city =
        City::with(Change::Merge { key, version: None, deletes: Deletes::None }, &partitioned(), &["area"]).await;
    put(&mut city, &[("1", "a"), ("2", "a")]).await.unwrap();
    let outcome = put(&mut city, &[("2", "a"), ("3", "a")]).await.unwrap();
    assert_eq!(counts(&outcome), BTreeMap::from([("inserted", 1), ("unchanged", 1)]));
    assert_eq!(city.rows().await, ["a|x|1|1", "a|x|1|2", "a|x|1|3"]);
}

#[tokio::test]
async fn other_columns_than_the_table_are_refused() {
    let fields = vec![Field::new("id", DataType::Utf8, true), Field::new("other", DataType::Utf8, true)];
    let other = RecordBatch::new_empty(Arc::new(Schema::new(fields)));
    let narrow = batch(&[("a", "x", None)]).project(&[0, 1]).unwrap();
    for wrong in [other, narrow] {
        for change in [Change::Append, super::city::merge(false, Deletes::None)] {
            let mut city = City::new(change).await;
            let mut files = city.stage(std::slice::from_ref(&wrong)).await;
            files[0].rows = files[0].rows.max(1);
            let error = publish(&city.publication(files)).await.unwrap_err();
            assert!(matches!(error, Error::Column { .. }), "{error}");
            assert_eq!(city.version().await, 0);
        }
    }
}

async fn put(city: &mut City, lines: &[(&str, &str)]) -> Result<crate::manifest::Outcome, Error> {
    let mut files = Vec::new();
    for (area, id) in lines {
        files.push(city.stage_file(&batch(&[(*id, "x", Some(1))]), &[("area", area)]).await);
    }
    publish(&city.publication(files)).await
}
