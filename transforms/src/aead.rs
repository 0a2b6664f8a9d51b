//! The two authenticated ciphers behind one small interface.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, AesGcm};
use sm4::Sm4;
use sm4::cipher::consts::U12;

use crate::error::Error;
use crate::key::Key;
use crate::seal::Cipher;

/// Bytes of a nonce.
pub(crate) const NONCE_LENGTH: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG_LENGTH: usize = 16;

/// A keyed cipher. GCM is defined for any block cipher of 128 bits; SM4-GCM is RFC 8998.
#[derive(Clone)]
pub(crate) enum Aead {
    Sm4(Box<AesGcm<Sm4, U12>>),
    Aes256(Box<Aes256Gcm>),
}

impl Aead {
    pub(crate) fn new(cipher: Cipher, key: &Key) -> Result<Self, Error> {
        let bytes = key.expose();
        let keyed = match cipher {
            Cipher::Sm4Gcm => AesGcm::new_from_slice(bytes).map(|keyed| Self::Sm4(Box::new(keyed))),
            Cipher::Aes256Gcm => Aes256Gcm::new_from_slice(bytes).map(|keyed| Self::Aes256(Box::new(keyed))),
        };
        keyed.map_err(|_| Error::KeyLength { expected: cipher.key_length_text(), actual: bytes.len() })
    }

    /// Encrypts in place and returns the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        associated: &[u8],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG_LENGTH], Error> {
        let tag = match self {
            Self::Sm4(keyed) => keyed.encrypt_inout_detached(nonce.into(), associated, buffer.into()),
            Self::Aes256(keyed) => keyed.encrypt_inout_detached(nonce.into(), associated, buffer.into()),
        };
        // GCM refuses only texts beyond 64 GiB, which no array of ours can hold.
        tag.map(Into::into).map_err(|_| Error::TooLarge { operation: "seal" })
    }

    /// Decrypts in place after checking the tag; `None` and an untouched buffer if it does not match.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        match self {
            Self::Sm4(keyed) => keyed.decrypt_inout_detached(nonce.into(), associated, buffer.into(), tag.into()),
            Self::Aes256(keyed) => keyed.decrypt_inout_detached(nonce.into(), associated, buffer.into(), tag.into()),
        }
        .ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sm4::cipher::BlockCipherEncrypt;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    struct Vector {
        cipher: Cipher,
        key: &'static str,
        nonce: &'static str,
        associated: &'static str,
        plain: &'static str,
        sealed: &'static str,
        tag: &'static str,
    }

    /// RFC 8998 A.1, then test cases 13 to 16 of the GCM specification (McGrew and Viega).
    const VECTORS: [Vector; 5] = [
        Vector {
            cipher: Cipher::Sm4Gcm,
            key: "0123456789abcdeffedcba9876543210",
            nonce: "00001234567800000000abcd",
            associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plain: "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
            sealed: "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
            tag: "83de3541e4c2b58177e065a9bf7b62ec",
        },
        Vector {
            cipher: Cipher::Aes256Gcm,
            key: "0000000000000000000000000000000000000000000000000000000000000000",
            nonce: "000000000000000000000000",
            associated: "",
            plain: "",
            sealed: "",
            tag: "530f8afbc74536b9a963b4f1c4cb738b",
        },
        Vector {
            cipher: Cipher::Aes256Gcm,
            key: "0000000000000000000000000000000000000000000000000000000000000000",
            nonce: "000000000000000000000000",
            associated: "",
            plain: "00000000000000000000000000000000",
            sealed: "cea7403d4d606b6e074ec5d3baf39d18",
            tag: "d0d1c8a799996bf0265b98b5d48ab919",
        },
        Vector {
            cipher: Cipher::Aes256Gcm,
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            associated: "",
            plain: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            tag: "b094dac5d93471bdec1a502270e3cc6c",
        },
        Vector {
            cipher: Cipher::Aes256Gcm,
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plain: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b",
        },
    ];

    #[test]
    fn published_vectors_both_ways() {
        for vector in VECTORS {
            let aead = Aead::new(vector.cipher, &Key::from_bytes(&bytes(vector.key)).unwrap()).unwrap();
            let nonce = bytes(vector.nonce).try_into().unwrap();
            let associated = bytes(vector.associated);
            let mut buffer = bytes(vector.plain);
            let tag = aead.seal(&nonce, &associated, &mut buffer).unwrap();
            assert_eq!(hex::encode(&buffer), vector.sealed);
            assert_eq!(hex::encode(tag), vector.tag);
            aead.open(&nonce, &associated, &mut buffer, &tag).unwrap();
            assert_eq!(hex::encode(&buffer), vector.plain);
        }
    }

    #[test]
    fn the_block_cipher_is_sm4() {
        let key = bytes("0123456789abcdeffedcba9876543210");
        let sm4 = Sm4::new_from_slice(&key).unwrap();
        let mut block = key.as_slice().try_into().unwrap();
        sm4.encrypt_block(&mut block);
        assert_eq!(hex::encode(block), "681edf34d206965e86b3e94f536e4246");
    }
}
