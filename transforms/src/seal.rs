//! Encryption of columns with a data key, so that who holds the key can open them and nobody can move a value.
//!
//! Layout of a sealed value, version 1:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, 1 |
//! | 16 | id of the data key |
//! | 12 | nonce: 8 random bytes of the sealer, then a 32-bit big-endian counter |
//! | n | ciphertext, as long as the UTF-8 text |
//! | 16 | tag |
//!
//! Associated data: length of the dataset name (32 bits, big-endian), dataset, length of the column name, column, key
//! version (32 bits, big-endian). A value therefore opens only in its own dataset and column.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, BinaryArray, StringArray, StringBuilder};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use serde::{Deserialize, Serialize};

use crate::aead::{Aead, Associated, NONCE_LENGTH, TAG_LENGTH, Text};
use crate::error::Error;
use crate::key::Key;
use crate::text::bytes_of;

/// Bytes that sealing adds to a value.
pub const OVERHEAD: usize = HEADER_LENGTH + TAG_LENGTH;

const VERSION: u8 = 1;
const KEY_ID_LENGTH: usize = 16;
const HEADER_LENGTH: usize = 1 + KEY_ID_LENGTH + NONCE_LENGTH;
/// Values that one sealer may seal.
const LIMIT: u64 = 1 << 32;

/// An authenticated cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cipher {
    /// SM4 in Galois/counter mode, 128-bit key (GB/T 32907, RFC 8998).
    #[serde(rename = "sm4-gcm")]
    Sm4Gcm,
    /// AES in Galois/counter mode, 256-bit key (FIPS 197, NIST SP 800-38D).
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

impl Cipher {
    /// The bytes of a key.
    pub fn key_length(self) -> usize {
        match self {
            Cipher::Sm4Gcm => 16,
            Cipher::Aes256Gcm => 32,
        }
    }

    /// The stable name, also in definitions.
    pub fn id(self) -> &'static str {
        match self {
            Cipher::Sm4Gcm => "sm4-gcm",
            Cipher::Aes256Gcm => "aes-256-gcm",
        }
    }

    pub(crate) fn key_length_text(self) -> &'static str {
        match self {
            Cipher::Sm4Gcm => "16",
            Cipher::Aes256Gcm => "32",
        }
    }
}

/// Seals and opens the columns of one dataset under one data key. Clones share the nonce counter.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    aead: Aead,
    key_id: [u8; KEY_ID_LENGTH],
    dataset: String,
    key_version: u32,
    nonce_prefix: [u8; 8],
    used: AtomicU64,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("dataset", &self.0.dataset)
            .field("key_version", &self.0.key_version)
            .finish_non_exhaustive()
    }
}

impl Sealer {
    /// A sealer for one file of a dataset.
    ///
    /// `key` is the data key and `key_id` its id, which every value carries; `key_version` is the version of the grant's
    /// key that wraps it. Make one data key per file and one sealer per data key: the sealer counts nonces, and its
    /// random 64-bit prefix keeps a second sealer under the same key apart if there has to be one after a crash.
    ///
    /// # Errors
    /// [`Error::KeyLength`], [`Error::Random`].
    pub fn new(cipher: Cipher, key: &Key, key_id: [u8; 16], dataset: &str, key_version: u32) -> Result<Self, Error> {
        let mut nonce_prefix = [0; 8];
        getrandom::fill(&mut nonce_prefix).map_err(|_| Error::Random)?;
        Ok(Self(Arc::new(Inner {
            aead: Aead::new(cipher, key)?,
            key_id,
            dataset: dataset.to_string(),
            key_version,
            nonce_prefix,
            used: AtomicU64::new(0),
        })))
    }

    /// The sealer of one column.
    pub fn column(&self, name: &str) -> ColumnSealer {
        let mut associated = Vec::new();
        for part in [self.0.dataset.as_str(), name] {
            // Names are short; one beyond 4 GiB cannot be.
            associated.extend_from_slice(&(part.len() as u32).to_be_bytes());
            associated.extend_from_slice(part.as_bytes());
        }
        associated.extend_from_slice(&self.0.key_version.to_be_bytes());
        ColumnSealer { inner: self.0.clone(), associated: self.0.aead.associate(&associated) }
    }
}

/// Seals and opens one column.
#[derive(Clone)]
pub struct ColumnSealer {
    inner: Arc<Inner>,
    associated: Associated,
}

impl std::fmt::Debug for ColumnSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ColumnSealer")
    }
}

impl ColumnSealer {
    /// Every value encrypted under a nonce of its own; null stays null, an empty text is sealed.
    ///
    /// # Errors
    /// [`Error::KeyExhausted`] once 2^32 values are sealed, [`Error::TooLarge`] if the result exceeds 2 GiB.
    pub fn seal(&self, values: &StringArray) -> Result<BinaryArray, Error> {
        let present = values.len() - values.null_count();
        let mut counter = self.reserve(present as u64)?;
        let total = bytes_of(values).len() + present * OVERHEAD;
        if i32::try_from(total).is_err() {
            return Err(Error::TooLarge { operation: "seal" });
        }
        let (mut out, mut offsets) = (Vec::with_capacity(total), Vec::with_capacity(values.len() + 1));
        offsets.push(0i32);
        for value in values {
            if let Some(value) = value {
                self.lay_out(counter, value.as_bytes(), &mut out);
                counter = counter.wrapping_add(1);
            }
            offsets.push(out.len() as i32);
        }
        let mut texts = texts(&mut out, &offsets).ok_or(Error::TooLarge { operation: "seal" })?;
        self.inner.aead.seal(&self.associated, &mut texts)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(BinaryArray::new(offsets, Buffer::from_vec(out), values.nulls().cloned()))
    }

    /// The inverse of [`ColumnSealer::seal`]. It fails at the first value that is not authentic and returns nothing.
    ///
    /// # Errors
    /// [`Error::OtherKey`] if a value names another data key, [`Error::Open`] for everything else.
    pub fn open(&self, values: &BinaryArray) -> Result<StringArray, Error> {
        let mut out = StringBuilder::with_capacity(values.len(), values.value_data().len());
        let mut buffer = Vec::new();
        for (row, value) in values.iter().enumerate() {
            match value {
                None => out.append_null(),
                Some(value) => out.append_value(self.open_one(row, value, &mut buffer)?),
            }
        }
        Ok(out.finish())
    }

    /// Takes `count` counter values that nobody else gets; the first is returned.
    fn reserve(&self, count: u64) -> Result<u32, Error> {
        let first = self
            .inner
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(count).filter(|&used| used <= LIMIT)
            })
            .map_err(|_| Error::KeyExhausted)?;
        // Only reached with 2^32 if `count` is zero, and then the number is not used.
        Ok(u32::try_from(first).unwrap_or(u32::MAX))
    }

    /// Appends a value in the form of a sealed one, but neither encrypted nor with its tag.
    fn lay_out(&self, counter: u32, plain: &[u8], out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(&self.inner.key_id);
        out.extend_from_slice(&self.inner.nonce_prefix);
        out.extend_from_slice(&counter.to_be_bytes());
        out.extend_from_slice(plain);
        out.extend_from_slice(&[0; TAG_LENGTH]);
    }

    fn open_one<'a>(&self, row: usize, sealed: &[u8], buffer: &'a mut Vec<u8>) -> Result<&'a str, Error> {
        let broken = Error::Open { row };
        let Some(parts) = split(sealed) else {
            return Err(broken);
        };
        if *parts.key_id != self.inner.key_id {
            return Err(Error::OtherKey { row });
        }
        buffer.clear();
        buffer.extend_from_slice(parts.sealed);
        let opened = self.inner.aead.open(parts.nonce, &self.associated, buffer, parts.tag);
        match opened {
            Some(()) => std::str::from_utf8(buffer).map_err(|_| broken),
            None => Err(broken),
        }
    }
}

/// The texts of values that are laid out one after the other; a missing value has no bytes. Nothing is left out: `None`
/// if a value is not laid out as it should be.
fn texts<'a>(mut values: &'a mut [u8], offsets: &[i32]) -> Option<Vec<Text<'a>>> {
    let mut texts = Vec::with_capacity(offsets.len());
    for ends in offsets.windows(2) {
        let (value, rest) = values.split_at_mut((ends[1] - ends[0]) as usize);
        values = rest;
        if value.is_empty() {
            continue;
        }
        let (header, sealed) = value.split_first_chunk_mut::<HEADER_LENGTH>()?;
        let (bytes, tag) = sealed.split_last_chunk_mut()?;
        texts.push(Text { nonce: *header.last_chunk()?, bytes, tag });
    }
    Some(texts)
}

/// The id of the data key that a sealed value names; `None` if it is no sealed value of a known version.
pub fn key_id(sealed: &[u8]) -> Option<[u8; 16]> {
    split(sealed).map(|parts| *parts.key_id)
}

struct Parts<'a> {
    key_id: &'a [u8; KEY_ID_LENGTH],
    nonce: &'a [u8; NONCE_LENGTH],
    sealed: &'a [u8],
    tag: &'a [u8; TAG_LENGTH],
}

fn split(value: &[u8]) -> Option<Parts<'_>> {
    let (version, rest) = value.split_first()?;
    let (key_id, rest) = rest.split_first_chunk()?;
    let (nonce, rest) = rest.split_first_chunk()?;
    let (sealed, tag) = rest.split_last_chunk()?;
    (*version == VERSION).then_some(Parts { key_id, nonce, sealed, tag })
}

#[cfg(test)]
mod tests;
