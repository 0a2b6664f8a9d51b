//! Bytes on their way into one stored file.

use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use super::{Written, hex};
use crate::Error;
use crate::store::Store;

/// Size of an uploaded part: above the 5 MiB that object stores demand.
const PART: usize = 8 << 20;

/// A file that appears under its name only when it is finished.
pub(super) struct Upload {
    path: String,
    parts: Box<dyn MultipartUpload>,
    hash: Sha256,
    bytes: u64,
}

impl Upload {
    pub(super) async fn start(store: &Store, path: &str) -> Result<Self, Error> {
        let location = store.path(path)?;
        let parts = store.object().put_multipart(&location).await;
        let parts = parts.map_err(|error| Error::storage("write", path, &error))?;
        Ok(Self { path: path.to_owned(), parts, hash: Sha256::new(), bytes: 0 })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Sends `buffer` and empties it, if it holds enough for a part or `last` says that nothing follows.
    pub(super) async fn push(&mut self, buffer: &mut Vec<u8>, last: bool) -> Result<(), Error> {
        if buffer.len() < PART && !last {
            return Ok(());
        }
        if buffer.is_empty() && self.bytes > 0 {
            return Ok(());
        }
        let part = std::mem::take(buffer);
        self.hash.update(&part);
        self.bytes += part.len() as u64;
        let sent = self.parts.put_part(PutPayload::from(part)).await;
        sent.map_err(|error| Error::storage("write", &self.path, &error))
    }

    pub(super) async fn finish(mut self, rows: u64) -> Result<Written, Error> {
        let done = self.parts.complete().await;
        done.map_err(|error| Error::storage("write", &self.path, &error))?;
        Ok(Written { path: self.path, bytes: self.bytes, rows, sha256: hex(&self.hash.finalize()) })
    }

    /// Leaves nothing behind.
    pub(super) async fn abort(mut self) {
        let _ = self.parts.abort().await;
    }
}
