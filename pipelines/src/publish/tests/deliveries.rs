//! File datasets.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use super::city::{City, batch, day};
use crate::crash;
use crate::publish::delivery::{Delivery, Format, Mode, deliver, read};
use crate::publish::{Change, Error, metadata};

async fn delivery(city: &mut City, format: Format) -> Delivery {
    let files =
        city.stage(&[batch(&[("a", "=1+1", Some(-1)), ("b", "x,\"y\"", None)]), batch(&[("c", "z", None)])]).await;
    let publication = city.publication(files);
    Delivery {
        dataset_root: city.folder.path().join("datasets"),
        dataset: "insured".into(),
        format,
        mode: Mode::Full,
        manifest: publication.manifest,
        stage_root: publication.stage_root,
        sequence: publication.sequence,
        metadata: publication.metadata,
        business_date: day(20),
        fence: publication.fence,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_files_and_one_record() {
    let mut city = City::new(Change::Append).await;
    let delivery = delivery(&mut city, Format::Csv).await;
    let owned = delivery.clone();
    let outcome = tokio::spawn(async move { deliver(&owned).await }).await.unwrap().unwrap();
    assert_eq!((outcome.version, outcome.inserted, outcome.rows_after), (1, 3, 3));
    let folder = delivery.dataset_root.join("insured");
    let text = std::fs::read_to_string(folder.join("0000000001/part-0.csv")).unwrap();
    assert_eq!(text, "id,value,at\r\na,'=1+1,-1\r\nb,\"x,\"\"y\"\"\",\r\n");
    let store = connectors::store::local(&delivery.dataset_root).unwrap();
    let record = read(&store, "insured", 1).await.unwrap().unwrap();
    assert_eq!((record.rows, record.files.len(), record.prefixed_values), (3, 2, 1));
    let (sha256, bytes) = connectors::store::sha256_of(&store, "insured/0000000001/part-0.csv").await.unwrap();
    assert_eq!((&record.files[0].sha256, record.files[0].bytes, record.files[0].rows), (&sha256, bytes, 2));
    assert_eq!(deliver(&delivery).await.unwrap(), outcome);
}

#[tokio::test]
async fn another_manifest_under_the_same_delivery_is_refused() {
    let mut city = City::new(Change::Append).await;
    let mut delivery = delivery(&mut city, Format::Parquet).await;
    deliver(&delivery).await.unwrap();
    delivery.metadata.insert(metadata::MANIFEST.into(), "other".into());
    assert!(matches!(deliver(&delivery).await, Err(Error::OtherManifest { sequence: 1, .. })));
}

#[tokio::test]
async fn a_crash_at_any_point_delivers_once() {
    for format in [Format::Parquet, Format::Csv] {
        for point in ["publish.data_written", "publish.before_commit", "publish.committed"] {
            let mut city = City::new(Change::Append).await;
            let delivery = delivery(&mut city, format).await;
            crash::local::install(move |reached| assert_ne!(reached, point, "killed"));
            assert!(AssertUnwindSafe(deliver(&delivery)).catch_unwind().await.is_err());
            crash::local::remove();
            assert_eq!(deliver(&delivery).await.unwrap().rows_after, 3);
            let records = std::fs::read_dir(delivery.dataset_root.join("insured/_deliveries")).unwrap();
            assert_eq!(records.count(), 1);
        }
    }
}
