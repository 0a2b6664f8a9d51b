//! Where files live: an object store whose writes are durable before they are reported done.

mod durable;
pub mod path;
mod transfer;

use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use crate::Error;

pub use durable::Durable;
pub use transfer::{Transfer, sha256_of, transfer};

/// A root below which a connection reads or writes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    object: Arc<dyn ObjectStore>,
    root: Option<PathBuf>,
}

impl Store {
    /// Any object store without a local directory behind it (so: no hard links, no SQLite files).
    #[must_use]
    pub fn remote(object: Arc<dyn ObjectStore>) -> Self {
        Self { object, root: None }
    }

    /// The store to read from and write to. Take paths from [`Store::path`].
    #[must_use]
    pub fn object(&self) -> Arc<dyn ObjectStore> {
        self.object.clone()
    }

    /// The same local storage by absolute path, still syncing; for libraries that insist on absolute paths.
    pub(crate) fn absolute(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        match &self.root {
            Some(root) => Ok(Arc::new(Durable::below(LocalFileSystem::new(), "/".into(), root.clone()))),
            None => Ok(self.object()),
        }
    }

    /// The local directory behind the store, canonical, if it has one.
    #[must_use]
    pub fn root(&self) -> Option<&FsPath> {
        self.root.as_deref()
    }

    /// The checked object path of `text`: no escape by name, and on a local store none by symbolic link.
    ///
    /// # Errors
    /// [`Error::PathRefused`].
    pub fn path(&self, text: &str) -> Result<object_store::path::Path, Error> {
        let checked = path::stored(text)?;
        if let Some(root) = &self.root {
            path::inside(root, &checked)?;
        }
        Ok(checked)
    }

    /// The file behind a checked path of a local store.
    ///
    /// # Errors
    /// [`Error::PathRefused`], also for a store that is not local.
    pub fn file(&self, text: &str) -> Result<PathBuf, Error> {
        let checked = self.path(text)?;
        match &self.root {
            Some(root) => Ok(root.join(checked.as_ref())),
            None => Err(Error::PathRefused { path: text.to_owned(), reason: "this kind needs a local directory" }),
        }
    }
}

/// A directory on local disk, created if missing. Writes are fsynced, file and directory, before they are reported done.
///
/// # Errors
/// [`Error::Storage`] when the directory cannot be made or opened.
pub fn local(root: &FsPath) -> Result<Store, Error> {
    let shown = root.display().to_string();
    std::fs::create_dir_all(root).map_err(|error| Error::io("create", &shown, &error))?;
    let root = root.canonicalize().map_err(|error| Error::io("open", &shown, &error))?;
    let inner = LocalFileSystem::new_with_prefix(&root).map_err(|error| Error::storage("open", &shown, &error))?;
    let object: Arc<dyn ObjectStore> = Arc::new(Durable::new(inner, root.clone()));
    Ok(Store { object, root: Some(root) })
}
