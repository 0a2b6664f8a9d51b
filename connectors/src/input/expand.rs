//! Decompression that ends in an error rather than in a short read or a full memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::{Compression, Pieces};
use crate::{Error, Limits};

/// Expanded bytes handed on at a time.
const PIECE: usize = 256 << 10;

/// Whether the first bytes are what was declared. A plain file may begin with anything that is not a known signature.
pub(super) fn agree(path: &str, declared: Compression, first: &[u8]) -> Result<(), Error> {
    let found = match first {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        // A skippable frame may come first (RFC 8878, 3.1.2).
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => "zstd",
        [b'P', b'K', 3 | 5, 4 | 6, ..] => "zip",
        [b'B', b'Z', b'h', ..] => "bzip2",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
        _ => "plain",
    };
    let declared = declared.name();
    if found == declared {
        return Ok(());
    }
    Err(Error::Compression { path: path.to_owned(), declared, found })
}

struct Expansion {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    taken: Arc<AtomicU64>,
    given: u64,
    path: String,
    compression: Compression,
    limits: Limits,
}

pub(super) fn expanded(pieces: Pieces, path: &str, compression: Compression, limits: &Limits) -> Pieces {
    let taken = Arc::new(AtomicU64::new(0));
    let counter = taken.clone();
    let counted = pieces
        .inspect_ok(move |piece| {
            counter.fetch_add(piece.len() as u64, Ordering::Relaxed);
        })
        .map_err(std::io::Error::other);
    let stored = StreamReader::new(counted);
    let reader: Pin<Box<dyn AsyncRead + Send>> = if compression == Compression::Gzip {
        let mut decoder = GzipDecoder::new(stored);
        decoder.multiple_members(true);
        Box::pin(decoder)
    } else {
        let mut decoder = ZstdDecoder::new(stored);
        decoder.multiple_members(true);
        Box::pin(decoder)
    };
    let state = Expansion { reader, taken, given: 0, path: path.to_owned(), compression, limits: limits.clone() };
    futures::stream::try_unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Ok((!piece.is_empty()).then_some((piece, state)))
    })
    .boxed()
}

impl Expansion {
    async fn next(&mut self) -> Result<Bytes, Error> {
        let mut buffer = BytesMut::with_capacity(PIECE);
        while buffer.len() < PIECE {
            match self.reader.read_buf(&mut buffer).await {
                Ok(0) => break,
                Ok(_) => self.bounded(buffer.len())?,
                Err(error) => return Err(self.failure(error)),
            }
        }
        self.given += buffer.len() as u64;
        Ok(buffer.freeze())
    }

    fn bounded(&self, pending: usize) -> Result<(), Error> {
        let expanded = self.given + pending as u64;
        if expanded > self.limits.expanded_bytes {
            return Err(Error::ExpandsTooFar { path: self.path.clone(), limit: self.limits.expanded_bytes });
        }
        let most = self.taken.load(Ordering::Relaxed).saturating_mul(self.limits.expansion_ratio);
        if expanded > self.limits.expansion_grace && expanded > most {
            return Err(Error::Bomb { path: self.path.clone(), limit: self.limits.expansion_ratio });
        }
        Ok(())
    }

    /// An error of the stored stream passes through; any other is the decoder's.
    fn failure(&self, error: std::io::Error) -> Error {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        inner.cloned().unwrap_or_else(|| Error::Corrupt {
            path: self.path.clone(),
            compression: self.compression.name(),
            expanded: self.given,
        })
    }
}
