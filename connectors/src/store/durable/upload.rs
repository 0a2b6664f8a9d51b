//! A large file on its way to disk: written beside its name, synced while it grows, named when it is whole.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::FutureExt;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use tokio::task::JoinHandle;

use super::{blocking, generic, staged_name, sync_directories};

/// Bytes after which what was written is sent to disk in the background, so that little is left to wait for at the end.
const SYNC: u64 = 32 << 20;

/// Parts of one file.
#[derive(Debug)]
pub(super) struct DurableUpload {
    root: PathBuf,
    target: PathBuf,
    staged: PathBuf,
    file: Arc<File>,
    written: u64,
    synced: u64,
    syncing: Option<JoinHandle<()>>,
    /// A background sync failed. The kernel tells such an error once only.
    failed: Arc<AtomicBool>,
    named: bool,
}

impl DurableUpload {
    /// Begins `target`; directories up to `root` are synced when it is named.
    pub(super) fn begin(root: &FsPath, target: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(target.parent().unwrap_or(root))?;
        let staged = staged_name(&target);
        let file = Arc::new(File::options().write(true).create_new(true).open(&staged)?);
        Ok(Self {
            root: root.to_owned(),
            target,
            staged,
            file,
            written: 0,
            synced: 0,
            syncing: None,
            failed: Arc::default(),
            named: false,
        })
    }

    /// Sends to disk what was written, unless the last time still goes on.
    fn sync_on(&mut self) {
        let idle = self.syncing.as_ref().is_none_or(JoinHandle::is_finished);
        if !idle || self.written - self.synced < SYNC {
            return;
        }
        self.synced = self.written;
        let (file, failed) = (Arc::clone(&self.file), Arc::clone(&self.failed));
        self.syncing = Some(tokio::task::spawn_blocking(move || {
            if file.sync_data().is_err() {
                failed.store(true, Ordering::Release);
            }
        }));
    }
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.sync_on();
        let (file, mut at) = (Arc::clone(&self.file), self.written);
        self.written += data.content_length() as u64;
        let write = move || {
            for piece in data.iter() {
                file.write_all_at(piece, at)?;
                at += piece.len() as u64;
            }
            Ok(())
        };
        blocking(write).boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if let Some(syncing) = self.syncing.take() {
            syncing.await.map_err(generic)?;
        }
        if self.failed.load(Ordering::Acquire) {
            return Err(generic(std::io::Error::other("a sync failed")));
        }
        let (root, staged, target) = (self.root.clone(), self.staged.clone(), self.target.clone());
        let file = Arc::clone(&self.file);
        let name = move || {
            file.sync_all()?;
            std::fs::rename(&staged, &target)?;
            sync_directories(&root, &target)
        };
        blocking(name).await?;
        self.named = true;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        let staged = self.staged.clone();
        self.named = true;
        blocking(move || std::fs::remove_file(staged)).await
    }
}

impl Drop for DurableUpload {
    fn drop(&mut self) {
        if !self.named {
            let _ = std::fs::remove_file(&self.staged);
        }
    }
}
