//! Keys: kept in memory that is wiped, never printed, and stored only wrapped under another key.

use std::sync::Arc;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::aead::{Aead, NONCE_LENGTH, TAG_LENGTH, Text};
use crate::error::Error;
use crate::seal::Cipher;

/// The longest key, in bytes.
const MAX_LENGTH: usize = 32;
/// The first byte of a wrapped key.
const WRAP_VERSION: u8 = 1;

/// A secret key of 16 or 32 bytes. It is wiped when dropped; its `Debug` form says nothing about it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key {
    bytes: [u8; MAX_LENGTH],
    length: usize,
}

impl Key {
    /// A key made of these bytes, which the caller should wipe.
    ///
    /// # Errors
    /// [`Error::KeyLength`] unless there are 16 or 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if !matches!(bytes.len(), 16 | MAX_LENGTH) {
            return Err(Error::KeyLength { expected: "16 or 32", actual: bytes.len() });
        }
        let mut key = Self { bytes: [0; MAX_LENGTH], length: bytes.len() };
        key.bytes[..bytes.len()].copy_from_slice(bytes);
        Ok(key)
    }

    /// A new key of 16 or 32 bytes from the operating system; see [`Cipher::key_length`] and
    /// [`Pseudonym::KEY_LENGTH`](crate::pseudonym::Pseudonym::KEY_LENGTH).
    ///
    /// # Errors
    /// [`Error::Random`], [`Error::KeyLength`].
    pub fn random(length: usize) -> Result<Self, Error> {
        let mut bytes = [0; MAX_LENGTH];
        getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
        let key = Self::from_bytes(bytes.get(..length).unwrap_or_default());
        bytes.zeroize();
        match key {
            Err(Error::KeyLength { expected, .. }) => Err(Error::KeyLength { expected, actual: length }),
            other => other,
        }
    }

    /// The secret itself, for a key store that writes it. Nothing else should need it.
    pub fn expose(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// A key encrypted under another one, the key encryption key `kek`, and bound to `label`.
///
/// The label says what the key is for (for example tenant, grant and use); it is authenticated, not stored. Layout:
/// version byte 1 | 12-byte random nonce | ciphertext as long as the key | 16-byte tag.
///
/// # Errors
/// [`Error::KeyLength`] if `kek` does not fit the cipher, [`Error::Random`].
pub fn wrap(kek: &Key, cipher: Cipher, label: &str, key: &Key) -> Result<Vec<u8>, Error> {
    let aead = Aead::new(cipher, kek)?;
    let mut nonce = [0; NONCE_LENGTH];
    getrandom::fill(&mut nonce).map_err(|_| Error::Random)?;
    let mut out = Vec::with_capacity(1 + NONCE_LENGTH + key.length + TAG_LENGTH);
    out.push(WRAP_VERSION);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(key.expose());
    let mut tag = [0; TAG_LENGTH];
    let text = Text { nonce, bytes: &mut out[1 + NONCE_LENGTH..], tag: &mut tag };
    aead.seal(&aead.associate(label.as_bytes()), &mut [text])?;
    out.extend_from_slice(&tag);
    Ok(out)
}

/// The key inside a wrapping made by [`wrap`] with the same `kek`, cipher and label.
///
/// # Errors
/// [`Error::KeyLength`] if `kek` does not fit the cipher, [`Error::Unwrap`] for everything else.
pub fn unwrap(kek: &Key, cipher: Cipher, label: &str, wrapped: &[u8]) -> Result<Key, Error> {
    let aead = Aead::new(cipher, kek)?;
    let (version, rest) = wrapped.split_first().ok_or(Error::Unwrap)?;
    let (nonce, rest) = rest.split_first_chunk().ok_or(Error::Unwrap)?;
    let (secret, tag) = rest.split_last_chunk().ok_or(Error::Unwrap)?;
    if *version != WRAP_VERSION || secret.len() > MAX_LENGTH {
        return Err(Error::Unwrap);
    }
    let mut secret = zeroize::Zeroizing::new(secret.to_vec());
    aead.open(nonce, &aead.associate(label.as_bytes()), &mut secret, tag).ok_or(Error::Unwrap)?;
    Key::from_bytes(&secret).map_err(|_| Error::Unwrap)
}

/// Where keys come from: a file, an environment variable, a key management system.
pub trait KeyProvider: Send + Sync {
    /// The key with this id, fetched before rows are touched.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] if it was destroyed or never made.
    fn key(&self, id: &str) -> Result<Arc<Key>, Error>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_wrapped_key_comes_back_only_with_the_same_key_cipher_and_label() {
        for cipher in [Cipher::Sm4Gcm, Cipher::Aes256Gcm] {
            let kek = Key::random(cipher.key_length()).unwrap();
            let key = Key::random(32).unwrap();
            let wrapped = wrap(&kek, cipher, "G-1/data", &key).unwrap();
            assert_eq!(wrapped.len(), 1 + 12 + 32 + 16);
            let back = unwrap(&kek, cipher, "G-1/data", &wrapped).unwrap();
            assert_eq!(back.expose(), key.expose());

            let other = Key::random(cipher.key_length()).unwrap();
            assert_eq!(unwrap(&other, cipher, "G-1/data", &wrapped).err(), Some(Error::Unwrap));
            assert_eq!(unwrap(&kek, cipher, "G-2/data", &wrapped).err(), Some(Error::Unwrap));
            for at in 0..wrapped.len() {
                let mut damaged = wrapped.clone();
                damaged[at] ^= 1;
                assert_eq!(unwrap(&kek, cipher, "G-1/data", &damaged).err(), Some(Error::Unwrap));
                assert_eq!(unwrap(&kek, cipher, "G-1/data", &wrapped[..at]).err(), Some(Error::Unwrap));
            }
        }
    }

    #[test]
    fn wrapping_twice_looks_different() {
        let kek = Key::random(16).unwrap();
        let key = Key::random(16).unwrap();
        let wrapped = [(); 2].map(|()| wrap(&kek, Cipher::Sm4Gcm, "", &key).unwrap());
        assert_ne!(wrapped[0], wrapped[1]);
        assert!(!wrapped[0].windows(16).any(|part| part == key.expose()));
    }

    #[test]
    fn debug_says_nothing_and_odd_lengths_are_refused() {
        assert_eq!(format!("{:?}", Key::from_bytes(&[7; 16]).unwrap()), "Key");
        for length in [0, 15, 17, 31, 33] {
            let expected = Some(Error::KeyLength { expected: "16 or 32", actual: length });
            assert_eq!(Key::from_bytes(&vec![0; length]).err(), expected);
            assert_eq!(Key::random(length).err(), expected);
        }
        let key = Key::random(32).unwrap();
        assert!(matches!(wrap(&key, Cipher::Sm4Gcm, "", &key), Err(Error::KeyLength { .. })));
    }
}
