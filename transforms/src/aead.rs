//! Galois/counter mode (NIST SP 800-38D; with SM4, RFC 8998) over the two block ciphers, made for many short texts
//! that share their associated data: it is hashed once, and the block that masks the tag is encrypted together with
//! those of the text.

use aes_gcm::KeyInit;
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use sm4::Sm4;

use crate::error::Error;
use crate::key::Key;
use crate::seal::Cipher;

/// Bytes of a nonce.
pub(crate) const NONCE_LENGTH: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG_LENGTH: usize = 16;

/// Bytes of a block.
const BLOCK: usize = 16;
type Block = [u8; BLOCK];

/// Blocks of key stream made at a time.
const GROUP: usize = 8;
/// The counter of the block that masks the tag; the text has those after it.
const FIRST: u32 = 1;
/// The longest text, in bytes: the counter has 32 bits and may not wrap.
const LONGEST: u64 = ((1 << 32) - 2) * BLOCK as u64;

/// A keyed cipher.
pub(crate) struct Aead {
    cipher: BlockCipher,
    /// GHASH under this key, before the first block.
    hash: GHash,
}

enum BlockCipher {
    Sm4(Box<Sm4>),
    Aes256(Box<Aes256>),
}

/// Associated data, hashed under the key of one [`Aead`].
#[derive(Clone)]
pub(crate) struct Associated {
    hash: GHash,
    bits: u64,
}

impl BlockCipher {
    fn new(cipher: Cipher, key: &[u8]) -> Option<Self> {
        Some(match cipher {
            Cipher::Sm4Gcm => Self::Sm4(Box::new(Sm4::new_from_slice(key).ok()?)),
            Cipher::Aes256Gcm => Self::Aes256(Box::new(Aes256::new_from_slice(key).ok()?)),
        })
    }

    fn encrypt(&self, blocks: &mut [Block]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        match self {
            Self::Sm4(keyed) => keyed.encrypt_blocks(blocks),
            Self::Aes256(keyed) => keyed.encrypt_blocks(blocks),
        }
    }
}

impl Aead {
    pub(crate) fn new(cipher: Cipher, key: &Key) -> Result<Self, Error> {
        let bytes = key.expose();
        let refused = || Error::KeyLength { expected: cipher.key_length_text(), actual: bytes.len() };
        let cipher = BlockCipher::new(cipher, bytes).ok_or_else(refused)?;
        let mut hash_key = zeroize::Zeroizing::new([0; BLOCK]);
        cipher.encrypt(std::slice::from_mut(&mut *hash_key));
        let hash = GHash::new(Array::cast_from_core(&hash_key));
        Ok(Self { cipher, hash })
    }

    /// Hashes associated data once for any number of calls.
    pub(crate) fn associate(&self, data: &[u8]) -> Associated {
        let mut hash = self.hash.clone();
        hash.update_padded(data);
        Associated { hash, bits: bits(data) }
    }

    /// Encrypts in place and returns the tag. `associated` is of this `Aead`.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        associated: &Associated,
        buffer: &mut [u8],
    ) -> Result<[u8; TAG_LENGTH], Error> {
        if buffer.len() as u64 > LONGEST {
            return Err(Error::TooLarge { operation: "seal" });
        }
        let mut stream = [[0; BLOCK]; GROUP];
        let count = GROUP.min(1 + buffer.len().div_ceil(BLOCK));
        self.stream(nonce, FIRST, &mut stream[..count]);
        let [mask, stream @ ..] = &stream;
        let (front, back) = buffer.split_at_mut(buffer.len().min(stream.as_flattened().len()));
        xor(front, stream.as_flattened());
        self.apply(nonce, FIRST + GROUP as u32, back);
        let mut tag: Block = associated.finish(buffer).finalize().into();
        xor(&mut tag, mask);
        Ok(tag)
    }

    /// Decrypts in place after checking the tag; `None` and an untouched buffer if it does not match.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        associated: &Associated,
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        if buffer.len() as u64 > LONGEST {
            return None;
        }
        let mut expected = [[0; BLOCK]];
        self.stream(nonce, FIRST, &mut expected);
        let [mut expected] = expected;
        xor(&mut expected, tag);
        // Compares in constant time.
        associated.finish(buffer).verify(&expected.into()).ok()?;
        self.apply(nonce, FIRST + 1, buffer);
        Some(())
    }

    /// Adds the key stream from this counter on to a text.
    fn apply(&self, nonce: &[u8; NONCE_LENGTH], mut counter: u32, text: &mut [u8]) {
        for part in text.chunks_mut(GROUP * BLOCK) {
            let mut stream = [[0; BLOCK]; GROUP];
            self.stream(nonce, counter, &mut stream[..part.len().div_ceil(BLOCK)]);
            xor(part, stream.as_flattened());
            // Wraps only after the last part of the longest text.
            counter = counter.wrapping_add(GROUP as u32);
        }
    }

    /// The key stream from this counter on.
    fn stream(&self, nonce: &[u8; NONCE_LENGTH], counter: u32, blocks: &mut [Block]) {
        for (block, index) in blocks.iter_mut().zip(0..) {
            block[..NONCE_LENGTH].copy_from_slice(nonce);
            block[NONCE_LENGTH..].copy_from_slice(&counter.wrapping_add(index).to_be_bytes());
        }
        self.cipher.encrypt(blocks);
    }
}

impl Associated {
    /// The hash after a ciphertext and the block of lengths.
    fn finish(&self, ciphertext: &[u8]) -> GHash {
        let mut hash = self.hash.clone();
        hash.update_padded(ciphertext);
        let lengths = (u128::from(self.bits) << 64) | u128::from(bits(ciphertext));
        hash.update(&[lengths.to_be_bytes().into()]);
        hash
    }
}

fn bits(bytes: &[u8]) -> u64 {
    bytes.len() as u64 * 8
}

/// Adds as much of `stream` as `text` is long.
fn xor(text: &mut [u8], stream: &[u8]) {
    for (byte, key) in text.iter_mut().zip(stream) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aes_gcm::AesGcm;
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::aead::consts::U12;

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
            let associated = aead.associate(&bytes(vector.associated));
            let mut buffer = bytes(vector.plain);
            let tag = aead.seal(&nonce, &associated, &mut buffer).unwrap();
            assert_eq!(hex::encode(&buffer), vector.sealed);
            assert_eq!(hex::encode(tag), vector.tag);
            aead.open(&nonce, &associated, &mut buffer, &tag).unwrap();
            assert_eq!(hex::encode(&buffer), vector.plain);
        }
    }

    /// The published crate on the same input, tag at the end.
    fn published<C>(key: &[u8], nonce: &[u8; NONCE_LENGTH], associated: &[u8], plain: &[u8]) -> Vec<u8>
    where
        AesGcm<C, U12>: KeyInit + AeadInOut<NonceSize = U12>,
    {
        let mut sealed = plain.to_vec();
        let cipher = AesGcm::<C, U12>::new_from_slice(key).unwrap();
        let tag = cipher.encrypt_inout_detached(nonce.into(), associated, sealed.as_mut_slice().into()).unwrap();
        sealed.extend_from_slice(&tag);
        sealed
    }

    #[test]
    fn every_length_equals_the_published_crate_and_nothing_damaged_opens() {
        let text: Vec<u8> = (0..=255).collect();
        let nonce = [7; NONCE_LENGTH];
        for cipher in [Cipher::Sm4Gcm, Cipher::Aes256Gcm] {
            let key = Key::random(cipher.key_length()).unwrap();
            let aead = Aead::new(cipher, &key).unwrap();
            for length in 0..text.len() {
                let (plain, associated) = (&text[..length], &text[length / 3..length / 2]);
                let expected = match cipher {
                    Cipher::Sm4Gcm => published::<Sm4>(key.expose(), &nonce, associated, plain),
                    Cipher::Aes256Gcm => published::<Aes256>(key.expose(), &nonce, associated, plain),
                };
                let associated = aead.associate(associated);
                let mut buffer = plain.to_vec();
                let tag = aead.seal(&nonce, &associated, &mut buffer).unwrap();
                assert_eq!([buffer.as_slice(), &tag].concat(), expected);
                for at in 0..length + TAG_LENGTH {
                    let mut damaged = expected.clone();
                    damaged[at] ^= 1;
                    let before = damaged.clone();
                    let (text, tag) = damaged.split_last_chunk_mut().unwrap();
                    assert_eq!(aead.open(&nonce, &associated, text, tag), None);
                    assert_eq!(damaged, before);
                }
                aead.open(&nonce, &associated, &mut buffer, &tag).unwrap();
                assert_eq!(buffer, plain);
            }
        }
    }
}
