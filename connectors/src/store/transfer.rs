//! Copying a finished file from one store to another, once.

use std::io::Read;
use std::path::PathBuf;

use futures::StreamExt;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use super::Store;
use super::durable::sync_directories;
use crate::Error;

/// Size of the parts of a streamed copy: above the 5 MiB that object stores demand.
const PART: usize = 8 << 20;

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// The target was there already, with the expected content.
    Present,
    /// A hard link was made.
    Linked,
    /// The bytes were copied.
    Copied,
}

/// Lower-case hexadecimal SHA-256 of a stored file, and its size in bytes.
///
/// # Errors
/// [`Error::PathRefused`], [`Error::NotFound`] or [`Error::Storage`].
pub async fn sha256_of(store: &Store, path: &str) -> Result<(String, u64), Error> {
    let location = store.path(path)?;
    if store.root().is_some() {
        return local_sha256(store.file(path)?, path).await;
    }
    let fail = |error: object_store::Error| Error::storage("read", path, &error);
    let mut stream = store.object.get(&location).await.map_err(fail)?.into_stream();
    let (mut hash, mut size) = (Sha256::new(), 0u64);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(fail)?;
        size += chunk.len() as u64;
        hash.update(&chunk);
    }
    Ok((crate::write::hex(&hash.finalize()), size))
}

/// A local file is read in one go on a thread of its own: object_store would hop threads every few kilobytes.
async fn local_sha256(file: PathBuf, path: &str) -> Result<(String, u64), Error> {
    let work = move || -> std::io::Result<(String, u64)> {
        let mut file = std::fs::File::open(file)?;
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0u64, vec![0; 1 << 20]);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok((crate::write::hex(&hash.finalize()), size));
            }
            hash.update(&buffer[..read]);
            size += read as u64;
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::NotFound { path: path.to_owned() })
        }
        Ok(Err(error)) => {
            Err(Error::Storage { action: "read", path: path.to_owned(), reason: error.kind().to_string() })
        }
        Err(_) => Err(Error::Storage { action: "read", path: path.to_owned(), reason: "a thread stopped".into() }),
    }
}

/// Copies `path` of `from` to `target` of `to`, durably. `sha256` is the digest the content has, as its writer computed
/// it or a check after a restart found it. Doing it again finds the target present; a target with other content is never
/// overwritten.
///
/// A copy is checked on its way. A link names the same bytes and reads none.
///
/// # Errors
/// [`Error::Exists`] when the target holds something else, [`Error::Changed`] when a copy does not have the digest.
pub async fn transfer(from: &Store, path: &str, to: &Store, target: &str, sha256: &str) -> Result<Transfer, Error> {
    let (source, destination) = (from.path(path)?, to.path(target)?);
    let size = from.object.head(&source).await.map_err(|error| Error::storage("read", path, &error))?.size;
    match to.object.head(&destination).await {
        Ok(found) if found.size == size && sha256_of(to, target).await?.0 == sha256 => {
            return Ok(Transfer::Present);
        }
        Ok(_) => {
            return Err(Error::Exists { path: target.to_owned() });
        }
        Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(Error::storage("read", target, &error)),
    }
    if link(from, path, to, target).await {
        return Ok(Transfer::Linked);
    }
    copy(from, &source, to, &destination, sha256).await?;
    Ok(Transfer::Copied)
}

async fn link(from: &Store, path: &str, to: &Store, target: &str) -> bool {
    let (Ok(source), Ok(destination), Some(root)) = (from.file(path), to.file(target), to.root()) else {
        return false;
    };
    let root = root.to_path_buf();
    let linked = tokio::task::spawn_blocking(move || {
        if let Some(parent) = destination.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::hard_link(&source, &destination)?;
        std::fs::File::open(&destination)?.sync_all()?;
        sync_directories(&root, &destination)
    });
    matches!(linked.await, Ok(Ok(())))
}

async fn copy(
    from: &Store,
    source: &object_store::path::Path,
    to: &Store,
    destination: &object_store::path::Path,
    sha256: &str,
) -> Result<(), Error> {
    let read = |error: object_store::Error| Error::storage("read", source.as_ref(), &error);
    let write = |error: object_store::Error| Error::storage("write", destination.as_ref(), &error);
    let mut stream = from.object.get(source).await.map_err(read)?.into_stream();
    let mut upload = to.object.put_multipart(destination).await.map_err(write)?;
    let (mut hash, mut part) = (Sha256::new(), Vec::with_capacity(PART));
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(read)?;
        hash.update(&chunk);
        part.extend_from_slice(&chunk);
        if part.len() >= PART {
            let full = std::mem::replace(&mut part, Vec::with_capacity(PART));
            upload.put_part(PutPayload::from(full)).await.map_err(write)?;
        }
    }
    upload.put_part(PutPayload::from(part)).await.map_err(write)?;
    finish(upload, crate::write::hex(&hash.finalize()) == sha256, source.as_ref()).await?.map_err(write)
}

async fn finish(
    mut upload: Box<dyn MultipartUpload>,
    intact: bool,
    source: &str,
) -> Result<Result<(), object_store::Error>, Error> {
    if intact {
        return Ok(upload.complete().await.map(|_| ()));
    }
    let _ = upload.abort().await;
    Err(Error::Changed { path: source.to_owned() })
}
