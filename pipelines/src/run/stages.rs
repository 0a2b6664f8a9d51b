//! Stage folders: one per target, occurrence and fencing token, in the zone its rows come from, readable by the owner
//! only. What a worker that was taken over still writes never mixes with what its successor stages.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use catalog::zone::Zone;
use sha2::{Digest, Sha256};

use crate::crash;
use crate::error::Error;
use crate::manifest::{Manifest, StagedFile};
use crate::plan::JobPlan;

/// Name of the manifest in a stage folder.
const MANIFEST: &str = "manifest.json";
/// Between occurrence and token in the name of a stage folder; no slug holds it.
const TOKEN: char = '~';

/// How often a folder is removed again that something was put into meanwhile.
const REMOVALS: u32 = 20;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(10);

/// A stage folder.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    root: PathBuf,
}

/// A manifest as it lies on disk.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) path: PathBuf,
    pub(super) digest: String,
}

impl Stage {
    /// The folder of one target, occurrence and token. A zone keeps its stages apart from other zones'.
    pub(super) fn at(state: &Path, job: &JobPlan, occurrence: &str, token: i64) -> Self {
        Self { root: target_folder(state, job).join(format!("{}{TOKEN}{token}", slug(occurrence))) }
    }

    /// Removes what earlier holders of the target's lease left, unless it is among `kept`. What cannot be removed now,
    /// because its writer still writes, is left to the next holder.
    pub(super) fn sweep(state: &Path, job: &JobPlan, token: i64, kept: &[Stage]) {
        let Ok(entries) = fs::read_dir(target_folder(state, job)) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let of = name.rsplit_once(TOKEN).and_then(|(_, token)| token.parse::<i64>().ok());
            if of.is_none_or(|of| of < token) && !kept.iter().any(|stage| stage.root == path) {
                let _ = fs::remove_dir_all(&path);
            }
        }
    }

    /// The folder a manifest lies in.
    pub(super) fn of_manifest(path: &Path) -> Self {
        Self { root: path.parent().unwrap_or(path).to_owned() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// An empty folder; whatever an attempt without an intent left is gone.
    pub(super) fn begin(&self) -> Result<(), Error> {
        self.remove()?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.root)
            .map_err(|error| Error::state("create", &self.root, &error))
    }

    /// The folder goes; should it not go now, the next holder of the target's lease sweeps it.
    pub(super) fn clear(&self) {
        let _ = self.remove();
    }

    /// What the system still had in hand when its writer was stopped may come in between: that is waited for.
    fn remove(&self) -> Result<(), Error> {
        let mut tries = 0..REMOVALS;
        loop {
            match fs::remove_dir_all(&self.root) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && tries.next().is_some() => {
                    std::thread::sleep(BETWEEN_REMOVALS);
                }
                Err(error) => return Err(Error::state("remove", &self.root, &error)),
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Writes the manifest, durably, once.
    pub(super) fn seal(&self, manifest: &Manifest) -> Result<Sealed, Error> {
        let text = catalog::digest::canonical_json(manifest)?;
        let path = self.root.join(MANIFEST);
        let temporary = self.root.join("manifest.new");
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            fs::File::open(&self.root)?.sync_all()
        };
        write().map_err(|error| Error::state("write", &path, &error))?;
        crash::point("stage.manifest_written");
        Ok(Sealed { digest: hex::encode(Sha256::digest(text.as_bytes())), path })
    }

    /// Reads a manifest back; it must be the one the ledger knows.
    pub(super) fn manifest(&self, target: &str, digest: &str) -> Result<Manifest, Error> {
        let path = self.root.join(MANIFEST);
        let text = fs::read(&path).map_err(|error| Error::state("read", &path, &error))?;
        let damaged = || Error::StageDamaged { target: target.to_owned(), path: MANIFEST.to_owned() };
        if hex::encode(Sha256::digest(&text)) != digest {
            return Err(damaged());
        }
        serde_json::from_slice(&text).map_err(|_| damaged())
    }

    /// Checks that staged files are the ones the manifest names, byte for byte.
    pub(super) async fn verify(&self, manifest: &Manifest) -> Result<(), Error> {
        let store = connectors::store::local(&self.root)?;
        let check =
            |file: &StagedFile| Error::StageDamaged { target: manifest.target.clone(), path: file.path.clone() };
        for file in manifest.files.iter().chain(&manifest.held) {
            match connectors::store::sha256_of(&store, &file.path).await {
                Ok((digest, bytes)) if digest == file.digest && bytes == file.bytes => {}
                _ => return Err(check(file)),
            }
        }
        Ok(())
    }

    /// Moves the sealed quarantine to where it stays. Repeating it changes nothing, also when two do it at once. What a
    /// restored ledger no longer knows and lies in the way is moved aside, never removed.
    pub(super) fn keep_quarantine(&self, state: &Path, folder: &str) -> Result<(), Error> {
        let from = self.root.join("quarantine");
        let to = state.join(folder);
        if !from.exists() {
            return Ok(());
        }
        let moved = || -> std::io::Result<()> {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            match fs::rename(&from, &to) {
                Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
                    let aside = (1..).map(|number| to.with_extension(format!("before-{number}")));
                    let free = aside.take(10_000).find(|path| !path.exists()).ok_or(error)?;
                    fs::rename(&to, free)?;
                    fs::rename(&from, &to)
                }
                Err(error) if error.kind() == ErrorKind::NotFound && to.exists() => Ok(()),
                done => done,
            }
        };
        moved().map_err(|error| Error::state("move", &to, &error))
    }
}

/// Where the stages of a target lie.
fn target_folder(state: &Path, job: &JobPlan) -> PathBuf {
    state.join("stage").join(slug(&zone_of(job).to_string())).join(slug(&job.target))
}

/// The zone whose rows a job reads.
pub(super) fn zone_of(job: &JobPlan) -> Zone {
    job.crossings.iter().map(|crossing| crossing.from.clone()).min().unwrap_or_else(|| job.zone.clone())
}

/// A name as one path part.
pub(super) fn slug(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_') { letter } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_stage_goes_although_something_is_still_put_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let stage = Stage { root: folder.path().join("stage") };
        stage.begin().unwrap();
        let root = stage.root.clone();
        let writer = std::thread::spawn(move || {
            let began = std::time::Instant::now();
            for number in 0.. {
                if began.elapsed() > Duration::from_millis(60) || fs::write(root.join(number.to_string()), "").is_err()
                {
                    break;
                }
            }
        });
        stage.remove().unwrap();
        writer.join().unwrap();
        assert!(!stage.root.exists());
        stage.remove().unwrap();
    }
}
