//! Copies of wrapped keys beside the ledger, one file each: a ledger restored from an older copy finds the keys again
//! of what was delivered since. They are as useless without the root key as the registry's own.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use catalog::key::NewKey;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The folder of copies.
#[derive(Debug)]
pub(super) struct Copies {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Copy {
    id: String,
    kind: String,
    length_bits: u32,
    owner: String,
    wrapped: String,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
}

impl Copies {
    pub(super) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes a copy, durably; the name is the id's digest, since ids hold slashes.
    pub(super) fn put(&self, key: &NewKey) -> Result<(), Error> {
        let path = self.path(&key.id);
        let copy = Copy {
            id: key.id.clone(),
            kind: key.kind.clone(),
            length_bits: key.length_bits,
            owner: key.owner.clone(),
            wrapped: hex::encode(&key.wrapped),
            starts_at: key.starts_at,
            ends_at: key.ends_at,
        };
        let text = catalog::digest::canonical_json(&copy)?;
        write(&self.folder, &path, text.as_bytes()).map_err(|error| Error::state("write", &path, &error))
    }

    /// The copy of a key, if there is one.
    pub(super) fn get(&self, id: &str) -> Option<NewKey> {
        let copy: Copy = serde_json::from_slice(&std::fs::read(self.path(id)).ok()?).ok()?;
        (copy.id == id).then_some(NewKey {
            wrapped: hex::decode(&copy.wrapped).ok()?,
            id: copy.id,
            kind: copy.kind,
            length_bits: copy.length_bits,
            owner: copy.owner,
            starts_at: copy.starts_at,
            ends_at: copy.ends_at,
        })
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{}.json", catalog::digest::sm3_hex(id.as_bytes())))
    }
}

fn write(folder: &Path, path: &Path, text: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let temporary = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    std::fs::File::open(folder)?.sync_all()
}
