//! Keys: a root key wraps one key per grant, scenario and quarantine zone; those wrap one data key per file. Definitions,
//! plans and logs carry key ids only; keys are fetched before a run and live in memory that is wiped.

mod copies;

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use catalog::clock::Actor;
use catalog::key::{KeyRecord, NewKey};
use catalog::store::Catalog;
use chrono::Utc;
use transforms::key::{Key, unwrap, wrap};
use transforms::pseudonym::{Algorithm, Pseudonym};
use transforms::seal::{Cipher, Sealer};
use zeroize::Zeroizing;

use copies::Copies;

use crate::error::Error;
use crate::spec::project::{CipherName, KeysSpec, PseudonymName};

/// Version of a grant's key; it is part of what a sealed value is bound to.
const KEY_VERSION: u32 = 1;
/// The root key wraps with AES-256-GCM whatever the project's cipher: it is 32 bytes.
const ROOT_CIPHER: Cipher = Cipher::Aes256Gcm;

/// Where secrets come from. Only the program's outermost layer knows the environment.
pub trait Secrets: Send + Sync {
    /// The secret of that name, if it is set.
    fn secret(&self, name: &str) -> Option<Zeroizing<String>>;
}

/// Reads a definition's value, which may be `secret:NAME`.
pub fn resolve(value: &str, secrets: &dyn Secrets) -> Result<Zeroizing<String>, Error> {
    match value.strip_prefix("secret:") {
        None => Ok(Zeroizing::new(value.to_owned())),
        Some(name) => secrets.secret(name).ok_or_else(|| Error::NoSecret { name: name.to_owned() }),
    }
}

/// The keys of one project.
pub struct Vault {
    catalog: Arc<Catalog>,
    actor: Actor,
    root: Key,
    copies: Copies,
    cipher: Cipher,
    algorithm: Algorithm,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Opens the vault; makes a root key under the state folder when the project names none.
    pub fn open(
        spec: &KeysSpec,
        state: &Path,
        secrets: &dyn Secrets,
        catalog: Arc<Catalog>,
        actor: Actor,
    ) -> Result<Self, Error> {
        let root = match &spec.root {
            Some(name) => hex_key(&resolve(name, secrets)?, name.trim_start_matches("secret:"))?,
            None => root_file(&state.join("keys/root.key"))?,
        };
        Ok(Self {
            catalog,
            actor,
            root,
            copies: Copies::at(state.join("keys/wrapped")),
            cipher: match spec.cipher {
                CipherName::Sm4Gcm => Cipher::Sm4Gcm,
                CipherName::Aes256Gcm => Cipher::Aes256Gcm,
            },
            algorithm: match spec.pseudonym {
                PseudonymName::HmacSm3 => Algorithm::HmacSm3,
                PseudonymName::HmacSha256 => Algorithm::HmacSha256,
            },
        })
    }

    /// The pseudonym key of a zone: one per scenario, so that two scenarios cannot be joined.
    pub async fn pseudonym(&self, zone: &str) -> Result<(Algorithm, Key), Error> {
        let id = format!("pseudonym/{zone}/{KEY_VERSION}");
        Ok((self.algorithm, self.wrapping_key("pseudonym", &id, zone, Pseudonym::KEY_LENGTH).await?))
    }

    /// Data keys for the files of one delivery under a grant.
    pub async fn under_grant(&self, grant: &str, dataset: &str) -> Result<DataKeys, Error> {
        let id = format!("grant/{grant}/{KEY_VERSION}");
        let kek = self.wrapping_key("grant", &id, grant, self.cipher.key_length()).await?;
        Ok(self.data_keys(kek, id, dataset))
    }

    /// Data keys for quarantine files of a zone.
    pub async fn under_quarantine(&self, zone: &str, dataset: &str) -> Result<DataKeys, Error> {
        let id = format!("quarantine/{zone}/{KEY_VERSION}");
        let kek = self.wrapping_key("quarantine", &id, zone, self.cipher.key_length()).await?;
        Ok(self.data_keys(kek, id, dataset))
    }

    fn data_keys(&self, kek: Key, kek_id: String, dataset: &str) -> DataKeys {
        DataKeys { kek, kek_id, cipher: self.cipher, dataset: dataset.to_owned(), made: Mutex::default() }
    }

    /// A key that the root key wraps, made on first use.
    async fn wrapping_key(&self, kind: &str, id: &str, owner: &str, length: usize) -> Result<Key, Error> {
        let record = match self.record(id).await? {
            Some(record) => record,
            None => {
                let key = Key::random(length)?;
                let wrapped = wrap(&self.root, ROOT_CIPHER, id, &key)?;
                let new = new_key(id.to_owned(), kind, length, owner, wrapped);
                self.register(&new).await?
            }
        };
        if record.destroyed_at.is_some() {
            return Err(Error::NoKey { key: id.to_owned() });
        }
        Ok(unwrap(&self.root, ROOT_CIPHER, id, &record.wrapped)?)
    }

    /// Makes the data keys of a stage durable; before the intent, so that no file outlives its key.
    pub async fn keep(&self, keys: &DataKeys) -> Result<(), Error> {
        let made = std::mem::take(&mut *keys.made.lock().unwrap_or_else(PoisonError::into_inner));
        for key in made {
            self.register(&key).await?;
        }
        Ok(())
    }

    async fn register(&self, key: &NewKey) -> Result<KeyRecord, Error> {
        self.copies.put(key)?;
        Ok(self.catalog.put_key(&self.actor, key).await?)
    }

    /// A key of the registry; one that a restored ledger does not know comes back from its copy.
    async fn record(&self, id: &str) -> Result<Option<KeyRecord>, Error> {
        if let Some(record) = self.catalog.get_key(&self.actor, id).await? {
            return Ok(Some(record));
        }
        match self.copies.get(id) {
            Some(key) => Ok(Some(self.catalog.put_key(&self.actor, &key).await?)),
            None => Ok(None),
        }
    }

    /// The sealer that opens values of a data key.
    pub async fn opener(&self, key_id: [u8; 16]) -> Result<Sealer, Error> {
        let id = data_key_id(key_id);
        let missing = || Error::NoKey { key: id.clone() };
        let record = self.record(&id).await?.ok_or_else(missing)?;
        let (kek_id, wrapped) = unpack(&record.wrapped).ok_or_else(missing)?;
        let kek = self.record(kek_id).await?.ok_or_else(missing)?;
        if kek.destroyed_at.is_some() {
            return Err(Error::NoKey { key: kek_id.to_owned() });
        }
        let kek = unwrap(&self.root, ROOT_CIPHER, kek_id, &kek.wrapped)?;
        let cipher = if record.length_bits == 256 { Cipher::Aes256Gcm } else { Cipher::Sm4Gcm };
        let key = unwrap(&kek, cipher, &id, wrapped)?;
        Ok(Sealer::new(cipher, &key, key_id, &record.owner, KEY_VERSION)?)
    }
}

/// Makes one data key per file.
pub struct DataKeys {
    kek: Key,
    kek_id: String,
    cipher: Cipher,
    dataset: String,
    made: Mutex<Vec<NewKey>>,
}

impl std::fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKeys({}, {})", self.kek_id, self.dataset)
    }
}

impl DataKeys {
    /// Id of the key that wraps them.
    pub fn wrapped_by(&self) -> &str {
        &self.kek_id
    }

    /// A sealer with a new data key.
    pub fn sealer(&self) -> Result<Sealer, Error> {
        let key = Key::random(self.cipher.key_length())?;
        let key_id = *uuid::Uuid::new_v4().as_bytes();
        let id = data_key_id(key_id);
        let wrapped = wrap(&self.kek, self.cipher, &id, &key)?;
        let packed = pack(&self.kek_id, &wrapped);
        let new = new_key(id, "data", self.cipher.key_length(), &self.dataset, packed);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(new);
        Ok(Sealer::new(self.cipher, &key, key_id, &self.dataset, KEY_VERSION)?)
    }
}

fn data_key_id(key_id: [u8; 16]) -> String {
    format!("data/{}", hex::encode(key_id))
}

fn new_key(id: String, kind: &str, length: usize, owner: &str, wrapped: Vec<u8>) -> NewKey {
    NewKey {
        id,
        kind: kind.to_owned(),
        length_bits: u32::try_from(length * 8).unwrap_or(0),
        owner: owner.to_owned(),
        wrapped,
        starts_at: Utc::now(),
        ends_at: None,
    }
}

/// A wrapped data key names the key that wraps it: `length of the id (u16, big endian) | id | wrapped key`.
fn pack(kek_id: &str, wrapped: &[u8]) -> Vec<u8> {
    let length = u16::try_from(kek_id.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), kek_id.as_bytes(), wrapped].concat()
}

fn unpack(packed: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = packed.split_first_chunk::<2>()?;
    let (id, wrapped) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(id).ok()?, wrapped))
}

fn hex_key(text: &str, name: &str) -> Result<Key, Error> {
    let wrong = || Error::RootKey { name: name.to_owned() };
    let bytes = Zeroizing::new(hex::decode(text.trim()).map_err(|_| wrong())?);
    if bytes.len() != 32 {
        return Err(wrong());
    }
    Ok(Key::from_bytes(&bytes)?)
}

/// The root key of a project that names none: made once, readable by the owner only.
fn root_file(path: &PathBuf) -> Result<Key, Error> {
    if let Ok(text) = std::fs::read_to_string(path) {
        return hex_key(&Zeroizing::new(text), &path.display().to_string());
    }
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|error| Error::state("create", folder, &error))?;
    let key = Key::random(32)?;
    let text = Zeroizing::new(hex::encode(key.expose()));
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| Error::state("write", path, &error))?;
    Ok(key)
}
