//! One process a target on this machine: a file lock that the system releases however the process ends. The lease in
//! the ledger does the same between machines.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::Error;

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code)] File);

/// Takes the lock of a target, or says that somebody else has it.
pub(super) fn take(state: &Path, target: &str) -> Result<Lock, Error> {
    let folder = state.join("locks");
    std::fs::create_dir_all(&folder).map_err(|error| Error::state("create", &folder, &error))?;
    let path = folder.join(super::stages::slug(target));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| Error::state("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(Error::Busy { target: target.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::state("lock", &path, &error)),
    }
}
