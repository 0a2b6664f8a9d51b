//! Fetches column chunks for the Parquet decoder, checking their page headers first.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;

use super::pages::{self, Refused};
use crate::Error;

/// A reader of one file whose footer is known.
pub(super) struct Guarded {
    store: Arc<dyn ObjectStore>,
    location: Path,
    metadata: Arc<ParquetMetaData>,
    page_bytes: u64,
    /// Values of the column chunks, by where they lie.
    chunks: HashMap<(u64, u64), i64>,
}

impl Guarded {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        location: Path,
        metadata: Arc<ParquetMetaData>,
        page_bytes: u64,
    ) -> Self {
        let chunks = metadata
            .row_groups()
            .iter()
            .flat_map(|group| group.columns())
            .map(|chunk| (chunk.byte_range(), chunk.num_values()))
            .collect();
        Self { store, location, metadata, page_bytes, chunks }
    }

    fn checked(&self, range: &Range<u64>, bytes: &Bytes) -> Result<()> {
        let path = || self.location.to_string();
        let error = match self.chunks.get(&(range.start, range.end - range.start)) {
            None => Error::Parquet { path: path(), reason: "its column chunks overlap" },
            Some(&values) => match pages::check(bytes, values, self.page_bytes) {
                Ok(()) => return Ok(()),
                Err(Refused::Malformed) => Error::Parquet { path: path(), reason: "its page headers are corrupt" },
                Err(Refused::TooLarge(claimed)) => {
                    Error::ParquetTooLarge { path: path(), what: "page", claimed, limit: self.page_bytes }
                }
            },
        };
        Err(ParquetError::External(Box::new(error)))
    }

    fn failed(&self, error: &object_store::Error) -> ParquetError {
        ParquetError::External(Box::new(Error::storage("read", self.location.as_ref(), error)))
    }
}

impl AsyncFileReader for Guarded {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            let got = self.store.get_range(&self.location, range.clone()).await;
            let bytes = got.map_err(|error| self.failed(&error))?;
            self.checked(&range, &bytes)?;
            Ok(bytes)
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move {
            let got = self.store.get_ranges(&self.location, &ranges).await;
            let pieces = got.map_err(|error| self.failed(&error))?;
            for (range, bytes) in ranges.iter().zip(&pieces) {
                self.checked(range, bytes)?;
            }
            Ok(pieces)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        let metadata = self.metadata.clone();
        async move { Ok(metadata) }.boxed()
    }
}
