//! Temporary files that nobody but this process can read: rows that are set aside while a job runs, and everything
//! DataFusion spills. Each file has a random AES-256-GCM key that exists only in memory, and has no name: when the
//! process ends, however it ends, the file is gone and what was on the disk is noise.
//!
//! Layout: chunks of `u32 length (little endian) | ciphertext | 16-byte tag`, the nonce being the chunk's number.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use bytes::Bytes;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SpillFile, SpillWriter, TempFileFactory};
use futures::Stream;
use zeroize::Zeroizing;

const CHUNK: usize = 256 * 1024;
const LENGTH: usize = 4;

/// Makes encrypted temporary files in one folder, up to a total size.
#[derive(Debug)]
pub struct Spools {
    folder: PathBuf,
    limit: u64,
    used: Arc<AtomicU64>,
}

impl Spools {
    /// Files in `folder` (which exists), of at most `limit` bytes together.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit, used: Arc::default() }
    }

    /// A new, empty file.
    pub fn create(&self) -> io::Result<Spool> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut()).map_err(|_| io::Error::other("the system gives no random bytes"))?;
        Ok(Spool(Arc::new(Inner {
            file: tempfile::tempfile_in(&self.folder)?,
            cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)),
            size: AtomicU64::new(0),
            chunks: AtomicU64::new(0),
            used: Arc::clone(&self.used),
            limit: self.limit,
        })))
    }
}

/// One encrypted temporary file; it goes when its last handle goes.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    file: File,
    cipher: Aes256Gcm,
    size: AtomicU64,
    chunks: AtomicU64,
    used: Arc<AtomicU64>,
    limit: u64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.used.fetch_sub(*self.size.get_mut(), Ordering::Relaxed);
    }
}

impl Inner {
    fn nonce(chunk: u64) -> Nonce<Aes256Gcm> {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&chunk.to_be_bytes());
        nonce.into()
    }

    fn append(&self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let chunk = self.chunks.fetch_add(1, Ordering::Relaxed);
        self.cipher
            .encrypt_in_place(&Self::nonce(chunk), b"", buffer)
            .map_err(|_| io::Error::other("a temporary file could not be encrypted"))?;
        let length = u32::try_from(buffer.len()).map_err(io::Error::other)?;
        let size = (LENGTH + buffer.len()) as u64;
        if self.used.fetch_add(size, Ordering::Relaxed) + size > self.limit {
            self.used.fetch_sub(size, Ordering::Relaxed);
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "temporary files reached limits.spill_mib"));
        }
        let at = self.size.fetch_add(size, Ordering::Relaxed);
        self.file.write_all_at(&length.to_le_bytes(), at)?;
        self.file.write_all_at(buffer, at + LENGTH as u64)?;
        buffer.clear();
        Ok(())
    }

    /// The chunk that starts at an offset, decrypted, and where the next one starts; nothing at the end.
    fn chunk(&self, number: u64, at: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        if at >= self.size.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut length = [0; LENGTH];
        self.file.read_exact_at(&mut length, at)?;
        let length = u32::from_le_bytes(length);
        let mut buffer = vec![0; length as usize];
        self.file.read_exact_at(&mut buffer, at + LENGTH as u64)?;
        self.cipher
            .decrypt_in_place(&Self::nonce(number), b"", &mut buffer)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a temporary file was changed by somebody else"))?;
        Ok(Some((buffer, at + LENGTH as u64 + u64::from(length))))
    }
}

impl Spool {
    /// Appends; what is written is readable after `flush`. One writer at a time.
    pub fn writer(&self) -> SpoolWriter {
        SpoolWriter { spool: self.clone(), buffer: Vec::with_capacity(CHUNK + 16) }
    }

    /// Reads from the start what was flushed so far.
    pub fn reader(&self) -> SpoolReader {
        SpoolReader { spool: self.clone(), number: 0, next: 0, chunk: Vec::new(), taken: 0 }
    }
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("size", &self.0.size).finish_non_exhaustive()
    }
}

/// Encrypting writer of a [`Spool`].
#[derive(Debug)]
pub struct SpoolWriter {
    spool: Spool,
    buffer: Vec<u8>,
}

impl Write for SpoolWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.spool.0.append(&mut self.buffer)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.spool.0.append(&mut self.buffer) }
    }
}

impl SpillWriter for SpoolWriter {
    fn finish(&mut self) -> Result<()> {
        self.flush().map_err(DataFusionError::IoError)
    }
}

/// Decrypting reader of a [`Spool`].
#[derive(Debug)]
pub struct SpoolReader {
    spool: Spool,
    number: u64,
    next: u64,
    chunk: Vec<u8>,
    taken: usize,
}

impl SpoolReader {
    fn advance(&mut self) -> io::Result<bool> {
        let Some((chunk, next)) = self.spool.0.chunk(self.number, self.next)? else { return Ok(false) };
        (self.chunk, self.next, self.taken) = (chunk, next, 0);
        self.number += 1;
        Ok(true)
    }
}

impl Read for SpoolReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() && !self.advance()? {
            return Ok(0);
        }
        let taken = into.len().min(self.chunk.len() - self.taken);
        into[..taken].copy_from_slice(&self.chunk[self.taken..self.taken + taken]);
        self.taken += taken;
        Ok(taken)
    }
}

impl SpillFile for Spool {
    fn size(&self) -> Option<u64> {
        Some(self.0.size.load(Ordering::Relaxed))
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        let reader = self.reader();
        Ok(Box::pin(futures::stream::try_unfold(reader, |mut reader| async move {
            let read = tokio::task::spawn_blocking(move || {
                let more = reader.advance();
                (reader, more)
            });
            let (mut reader, more) = read.await.map_err(|_| DataFusionError::Internal("a read was stopped".into()))?;
            if !more.map_err(DataFusionError::IoError)? {
                return Ok(None);
            }
            let chunk = Bytes::from(std::mem::take(&mut reader.chunk));
            Ok(Some((chunk, reader)))
        })))
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        Ok(Box::new(self.writer()))
    }
}

impl TempFileFactory for Spools {
    fn create_temp_file(&self, _: &str) -> Result<Arc<dyn SpillFile>> {
        Ok(Arc::new(self.create().map_err(DataFusionError::IoError)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_is_noise_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spools::new(folder.path().into(), 1 << 30).create().unwrap();
        let text = "440524188001010014,".repeat(50_000);
        let mut writer = spool.writer();
        writer.write_all(text.as_bytes()).unwrap();
        writer.flush().unwrap();
        let mut back = String::new();
        spool.reader().read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        let mut raw = vec![0; usize::try_from(spool.size().unwrap()).unwrap()];
        spool.0.file.read_exact_at(&mut raw, 0).unwrap();
        assert!(!raw.windows(18).any(|window| window == b"440524188001010014"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has a name");
    }

    #[test]
    fn the_limit_holds_over_all_files_and_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().into(), 300_000);
        let first = spools.create().unwrap();
        first.writer().write_all(&vec![7; CHUNK]).unwrap();
        let error = spools.create().unwrap().writer().write_all(&vec![7; CHUNK]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
        drop(first);
        spools.create().unwrap().writer().write_all(&vec![7; CHUNK]).unwrap();
    }
}
