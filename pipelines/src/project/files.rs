//! Reading definition files, all of them bounded, none from outside the project.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::spec::mistake::Mistake;

pub(super) const PROJECT: &str = "sluice.toml";
pub(super) const CONNECTIONS: &str = "connections.toml";
pub(super) const POLICY: &str = "policy.toml";
/// Folder of calendars, in TOML and iCalendar.
pub(super) const CALENDARS: &str = "calendars";
pub(super) const DUTY: &str = "duty.toml";
/// Folders of definition files.
pub(super) const FOLDERS: [&str; 3] = ["catalog", "grants", "pipelines"];

const LARGEST: u64 = 1024 * 1024;
const MOST_FILES: usize = 20_000;
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// A project folder while it is read.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    files: usize,
    bytes: usize,
}

impl Folder {
    pub(super) fn open(dir: &Path) -> Result<Self, Mistake> {
        let root = dir.canonicalize().map_err(|_| Mistake::NoProject)?;
        if !root.join(PROJECT).exists() {
            return Err(Mistake::NoProject);
        }
        Ok(Self { root, files: 0, bytes: 0 })
    }

    /// Names of the files of a folder with an extension (`.toml`), sorted, relative to the project. A folder that is not
    /// there is empty.
    pub(super) fn list(&self, folder: &str, extension: &str) -> Result<Vec<String>, Mistake> {
        let path = self.root.join(folder);
        if !path.exists() {
            return Ok(Vec::new());
        }
        self.inside(&path)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(extension) && !name.starts_with('.') {
                names.push(format!("{folder}/{name}"));
            }
            if names.len() > MOST_FILES {
                return Err(too_many());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Text of a file; `None` if it is not there.
    pub(super) fn read(&mut self, file: &str) -> Result<Option<String>, Mistake> {
        let path = self.root.join(file);
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        self.inside(&path)?;
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err(Mistake::Unreadable { reason: "not a file".into() });
        }
        let too_large = Mistake::FileTooLarge { limit_kib: LARGEST / 1024 };
        if metadata.len() > LARGEST {
            return Err(too_large);
        }
        let mut bytes = Vec::new();
        let opened = fs::File::open(&path).map_err(|error| unreadable(&error))?;
        opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(too_large);
        }
        self.files += 1;
        self.bytes += bytes.len();
        if self.files > MOST_FILES || self.bytes > MOST_BYTES {
            return Err(too_many());
        }
        text(bytes).map(Some)
    }

    fn inside(&self, path: &Path) -> Result<(), Mistake> {
        match path.canonicalize() {
            Ok(real) if real.starts_with(&self.root) => Ok(()),
            Ok(_) => Err(Mistake::OutsideProject),
            Err(error) => Err(unreadable(&error)),
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Mistake> {
    let line = |at: usize, bytes: &[u8]| bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Mistake::NulByte { line: line(at, &bytes) });
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Mistake::NotUtf8 { line: line(at, error.as_bytes()) }
    })
}

fn too_many() -> Mistake {
    Mistake::TooManyFiles { limit: MOST_FILES, limit_mib: MOST_BYTES / 1024 / 1024 }
}

/// The kind alone: the message may hold a path of the machine.
fn unreadable(error: &std::io::Error) -> Mistake {
    Mistake::Unreadable { reason: error.kind().to_string() }
}
