//! What several tests need.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use tempfile::TempDir;

use crate::kind::{Context, Format, Request};
use crate::store::{Store, local};
use crate::{Error, Limits, Source, csv, open};

pub(super) struct Place {
    pub(super) directory: TempDir,
    pub(super) store: Store,
}

impl Place {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = local(directory.path()).unwrap();
        Self { directory, store }
    }

    pub(super) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(super) fn get(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.directory.path().join(path)).unwrap()
    }

    pub(super) fn context(&self) -> Context {
        Context { store: self.store.clone(), parallelism: 2 }
    }

    pub(super) async fn open(&self, request: &Request) -> Result<Arc<dyn Source>, Error> {
        open(request, &self.context()).await
    }
}

pub(super) fn request(format: Format, pattern: &str) -> Request {
    Request { format, patterns: vec![pattern.to_owned()], expected_columns: Vec::new(), limits: Limits::default() }
}

pub(super) fn csv_request(pattern: &str) -> Request {
    request(Format::Csv(csv::Options::default()), pattern)
}

pub(super) async fn batches(source: &dyn Source, projection: Option<&[usize]>) -> Result<Vec<RecordBatch>, Error> {
    let mut all = Vec::new();
    for split in 0..source.splits() {
        all.extend(source.read(split, projection).try_collect::<Vec<_>>().await?);
    }
    Ok(all)
}

/// Rows as text, null as "∅".
pub(super) fn rows(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let options = FormatOptions::new().with_null("∅");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|array| ArrayFormatter::try_new(array.as_ref(), &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
        }
    }
    rows
}

pub(super) async fn all_rows(source: &dyn Source) -> Result<Vec<Vec<String>>, Error> {
    Ok(rows(&batches(source, None).await?))
}

/// Opens and reads everything, giving the first error.
pub(super) async fn outcome(place: &Place, request: &Request) -> Result<Vec<Vec<String>>, Error> {
    let source = place.open(request).await?;
    all_rows(source.as_ref()).await
}

/// Neither form of an error may hold data.
pub(super) fn silent(error: &Error, secrets: &[&str]) {
    let shown = format!("{error} {error:?} {}", serde_json::to_string(error).unwrap());
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
}

pub(super) async fn gzip(bytes: &[u8]) -> Vec<u8> {
    use tokio::io::AsyncReadExt;
    let mut out = Vec::new();
    async_compression::tokio::bufread::GzipEncoder::new(bytes).read_to_end(&mut out).await.unwrap();
    out
}

pub(super) async fn zstd(bytes: &[u8]) -> Vec<u8> {
    use tokio::io::AsyncReadExt;
    let mut out = Vec::new();
    async_compression::tokio::bufread::ZstdEncoder::new(bytes).read_to_end(&mut out).await.unwrap();
    out
}
