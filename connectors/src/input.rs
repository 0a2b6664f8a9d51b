//! The bytes of one stored file: in large pieces, unchanged since it was found, expanded within bounds.

mod expand;

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore};
use serde::{Deserialize, Serialize};

use crate::files::File;
use crate::store::Store;
use crate::{Error, Limits};

/// Pieces of a file, in order.
pub(crate) type Pieces = BoxStream<'static, Result<Bytes, Error>>;

/// Bytes read from a local file at a time.
const PIECE: usize = 1 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// By the extension: `.gz`, `.zst`, otherwise none.
    #[default]
    Auto,
    /// Not compressed.
    None,
    /// RFC 1952, also with several members.
    Gzip,
    /// RFC 8878, also with several frames.
    Zstd,
}

impl Compression {
    /// What `Auto` means for `path`; never `Auto` itself.
    #[must_use]
    pub fn of(self, path: &str) -> Self {
        let path = path.to_ascii_lowercase();
        match self {
            Self::Auto if path.ends_with(".gz") => Self::Gzip,
            Self::Auto if path.ends_with(".zst") => Self::Zstd,
            Self::Auto => Self::None,
            other => other,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Auto | Self::None => "plain",
        }
    }
}

/// The stored bytes of `range` of a file, refused when the file is no longer the one that was found.
pub(crate) async fn stored(store: &Store, file: &File, range: Option<Range<u64>>) -> Result<Pieces, Error> {
    let location = store.path(&file.path)?;
    let range = range.unwrap_or(0..file.size);
    if range.is_empty() {
        return Ok(futures::stream::empty().boxed());
    }
    let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
    let path = file.path.clone();
    let got = match store.object().get_opts(&location, options).await {
        Ok(got) => got,
        Err(object_store::Error::NotFound { .. }) => return Err(Error::Changed { path }),
        Err(error) => return Err(Error::storage("read", &path, &error)),
    };
    if got.meta.size != file.size || got.meta.last_modified != file.modified {
        return Err(Error::Changed { path });
    }
    Ok(match got.payload {
        GetResultPayload::File(handle, _) => local(handle, range, path),
        GetResultPayload::Stream(stream) => stream.map_err(move |error| Error::storage("read", &path, &error)).boxed(),
    })
}

/// The content of a file: stored bytes, expanded if they are compressed.
/// The first bytes must agree with the compression; a truncated or corrupt stream is an error.
pub(crate) async fn content(
    store: &Store,
    file: &File,
    compression: Compression,
    limits: &Limits,
) -> Result<Pieces, Error> {
    let mut pieces = stored(store, file, None).await?;
    let first = pieces.try_next().await?.unwrap_or_default();
    let declared = compression.of(&file.path);
    expand::agree(&file.path, declared, &first)?;
    let pieces = futures::stream::once(async move { Ok(first) }).chain(pieces).boxed();
    Ok(match declared {
        Compression::Gzip | Compression::Zstd => expand::expanded(pieces, &file.path, declared, limits),
        Compression::Auto | Compression::None => pieces,
    })
}

/// Reads large pieces: the store's own stream of a local file hands out 8 KiB at a time.
fn local(handle: std::fs::File, range: Range<u64>, path: String) -> Pieces {
    let start = (Some(handle), range);
    futures::stream::try_unfold(start, move |(handle, range)| {
        let path = path.clone();
        async move {
            let Some(handle) = handle.filter(|_| !range.is_empty()) else {
                return Ok(None);
            };
            let reading = tokio::task::spawn_blocking(move || piece(handle, range));
            match reading.await {
                Ok(Ok((handle, range, bytes))) => Ok(Some((bytes, (Some(handle), range)))),
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Error::Changed { path }),
                Ok(Err(error)) => Err(Error::io("read", &path, &error)),
                Err(_) => Err(Error::Stopped { path }),
            }
        }
    })
    .boxed()
}

fn piece(mut handle: std::fs::File, range: Range<u64>) -> std::io::Result<(std::fs::File, Range<u64>, Bytes)> {
    let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let mut buffer = vec![0; left.min(PIECE)];
    handle.seek(SeekFrom::Start(range.start))?;
    handle.read_exact(&mut buffer)?;
    let next = range.start + buffer.len() as u64;
    Ok((handle, next..range.end, Bytes::from(buffer)))
}
