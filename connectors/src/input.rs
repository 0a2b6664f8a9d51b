//! The bytes of one stored file: in large pieces, unchanged since it was found, expanded within bounds.

mod expand;

use std::io::{Read, Seek, SeekFrom};
use std::ops::{ControlFlow, Range};
use std::os::unix::fs::FileExt;

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
/// Bytes looked at in a local file at a time: they stay in the processor's cache.
const GLANCE: usize = 256 << 10;

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
    let range = range.unwrap_or(0..file.size);
    if range.is_empty() {
        return Ok(futures::stream::empty().boxed());
    }
    let path = file.path.clone();
    Ok(match payload(store, file, &range).await? {
        GetResultPayload::File(handle, _) => local(handle, range, path),
        GetResultPayload::Stream(stream) => stream.map_err(move |error| Error::storage("read", &path, &error)).boxed(),
    })
}

/// Shows the stored bytes of `range` to `see`, piece by piece, until it says that it has seen enough. A local file is read
/// in one go on a thread of its own.
pub(crate) async fn look<S: Send + 'static>(
    store: &Store,
    file: &File,
    range: Range<u64>,
    mut state: S,
    see: fn(&mut S, &[u8]) -> ControlFlow<()>,
) -> Result<S, Error> {
    if range.is_empty() {
        return Ok(state);
    }
    let path = file.path.clone();
    match payload(store, file, &range).await? {
        GetResultPayload::File(handle, _) => {
            match tokio::task::spawn_blocking(move || glance(&handle, range, state, see)).await {
                Ok(seen) => seen.map_err(|error| unread(path, &error)),
                Err(_) => Err(Error::Stopped { path }),
            }
        }
        GetResultPayload::Stream(mut stream) => {
            while let Some(piece) = stream.next().await {
                let piece = piece.map_err(|error| Error::storage("read", &path, &error))?;
                if see(&mut state, &piece).is_break() {
                    break;
                }
            }
            Ok(state)
        }
    }
}

fn glance<S>(
    handle: &std::fs::File,
    range: Range<u64>,
    mut state: S,
    see: fn(&mut S, &[u8]) -> ControlFlow<()>,
) -> std::io::Result<S> {
    let (mut at, mut buffer) = (range.start, vec![0; GLANCE]);
    while at < range.end {
        let wanted = usize::try_from(range.end - at).unwrap_or(GLANCE).min(GLANCE);
        handle.read_exact_at(&mut buffer[..wanted], at)?;
        if see(&mut state, &buffer[..wanted]).is_break() {
            break;
        }
        at += wanted as u64;
    }
    Ok(state)
}

/// The stored bytes of a range that is not empty.
async fn payload(store: &Store, file: &File, range: &Range<u64>) -> Result<GetResultPayload, Error> {
    let location = store.path(&file.path)?;
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
    Ok(got.payload)
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
                Ok(Err(error)) => Err(unread(path, &error)),
                Err(_) => Err(Error::Stopped { path }),
            }
        }
    })
    .boxed()
}

fn piece(handle: std::fs::File, range: Range<u64>) -> std::io::Result<(std::fs::File, Range<u64>, Bytes)> {
    let wanted = usize::try_from(range.end - range.start).unwrap_or(PIECE).min(PIECE);
    let mut buffer = Vec::with_capacity(wanted);
    (&handle).seek(SeekFrom::Start(range.start))?;
    (&handle).take(wanted as u64).read_to_end(&mut buffer)?;
    if buffer.len() < wanted {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok((handle, range.start + wanted as u64..range.end, Bytes::from(buffer)))
}

/// A file that is shorter than it was found is another file.
fn unread(path: String, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::Changed { path },
        _ => Error::io("read", &path, error),
    }
}
