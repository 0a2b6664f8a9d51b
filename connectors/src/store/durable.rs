//! A local object store that fsyncs. `object_store` itself never does.

mod upload;

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use upload::DurableUpload;

const STORE: &str = "local";

/// A local directory whose writes are on disk, file and directory entries, before they are reported done.
/// A file is synced before its name appears, so that a power cut never leaves half of it under its name.
#[derive(Debug)]
pub struct Durable {
    inner: LocalFileSystem,
    root: PathBuf,
    /// Directories above this one are not synced.
    synced: PathBuf,
}

impl Durable {
    /// Wraps `inner`, whose prefix is the canonical directory `root`.
    #[must_use]
    pub fn new(inner: LocalFileSystem, root: PathBuf) -> Self {
        Self { inner, synced: root.clone(), root }
    }

    /// Like [`Durable::new`] for a prefix of `root` of which only what is below `synced` is written.
    pub(crate) fn below(inner: LocalFileSystem, root: PathBuf, synced: PathBuf) -> Self {
        Self { inner, root, synced }
    }

    fn file(&self, path: &Path) -> PathBuf {
        self.root.join(path.as_ref())
    }

    async fn settle(&self, path: &Path) -> Result<()> {
        let (root, file) = (self.synced.clone(), self.file(path));
        blocking(move || {
            File::open(&file)?.sync_all()?;
            sync_directories(&root, &file)
        })
        .await
    }
}

impl std::fmt::Display for Durable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Durable({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Durable {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if matches!(options.mode, PutMode::Update(_)) || !options.attributes.is_empty() {
            return self.inner.put_opts(location, payload, options).await;
        }
        let (root, file) = (self.synced.clone(), self.file(location));
        let create = matches!(options.mode, PutMode::Create);
        let shown = location.to_string();
        let written = tokio::task::spawn_blocking(move || put(&root, &file, &payload, create)).await;
        match written {
            Ok(Ok(())) => Ok(PutResult { e_tag: None, version: None }),
            Ok(Err(error)) if create && error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Error::AlreadyExists { path: shown, source: Box::new(error) })
            }
            Ok(Err(error)) => Err(generic(error)),
            Err(error) => Err(generic(error)),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !options.attributes.is_empty() {
            return self.inner.put_multipart_opts(location, options).await;
        }
        let (root, file) = (self.synced.clone(), self.file(location));
        match tokio::task::spawn_blocking(move || DurableUpload::begin(&root, file)).await {
            Ok(begun) => Ok(Box::new(begun.map_err(generic)?)),
            Err(error) => Err(generic(error)),
        }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.settle(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        self.settle(to).await
    }
}

/// A name beside `file` that listings of a local store leave out: "#" and digits.
fn staged_name(file: &FsPath) -> PathBuf {
    let mut staged = file.as_os_str().to_owned();
    staged.push(format!("#{}", uuid::Uuid::new_v4().as_u128()));
    staged.into()
}

/// Writes beside the target, then names it.
fn put(root: &FsPath, file: &FsPath, payload: &PutPayload, create: bool) -> std::io::Result<()> {
    std::fs::create_dir_all(file.parent().unwrap_or(root))?;
    let staged = staged_name(file);
    let done = write_synced(&staged, payload)
        .and_then(|()| if create { std::fs::hard_link(&staged, file) } else { std::fs::rename(&staged, file) });
    if create || done.is_err() {
        let _ = std::fs::remove_file(&staged);
    }
    done?;
    sync_directories(root, file)
}

fn write_synced(staged: &FsPath, payload: &PutPayload) -> std::io::Result<()> {
    let mut out = File::options().write(true).create_new(true).open(staged)?;
    for part in payload.iter() {
        out.write_all(part)?;
    }
    out.sync_all()
}

/// Syncs every directory from the file's own up to `root`, since any of them may be new.
pub(crate) fn sync_directories(root: &FsPath, file: &FsPath) -> std::io::Result<()> {
    for directory in file.ancestors().skip(1) {
        if !directory.starts_with(root) {
            break;
        }
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

async fn blocking<F>(work: F) -> Result<()>
where
    F: FnOnce() -> std::io::Result<()> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(generic),
        Err(error) => Err(generic(error)),
    }
}

fn generic(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Generic { store: STORE, source: Box::new(error) }
}
