//! Galois/counter mode (NIST SP 800-38D; with SM4, RFC 8998) over the two block ciphers, made for many short texts
//! that share their associated data: it is hashed once, and the blocks of many texts, with those that mask their tags,
//! are encrypted together.

mod sm4;

use ::sm4::Sm4;
use aes_gcm::KeyInit;
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

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

/// Blocks of key stream made at a time for a single text.
const GROUP: usize = 8;
/// Blocks of key stream from which on no further text joins those that are encrypted together.
const TOGETHER: usize = sm4::GROUP;
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
    /// For few blocks, and for many.
    Sm4(Box<Sm4>, sm4::Keys),
    Aes256(Box<Aes256>),
}

/// A text to be sealed in place.
pub(crate) struct Text<'a> {
    /// Its nonce, never used before under this key.
    pub(crate) nonce: [u8; NONCE_LENGTH],
    /// The text, and then its ciphertext.
    pub(crate) bytes: &'a mut [u8],
    /// Where its tag goes.
    pub(crate) tag: &'a mut [u8; TAG_LENGTH],
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
            Cipher::Sm4Gcm => Self::Sm4(Box::new(Sm4::new_from_slice(key).ok()?), sm4::Keys::new(key.try_into().ok()?)),
            Cipher::Aes256Gcm => Self::Aes256(Box::new(Aes256::new_from_slice(key).ok()?)),
        })
    }

    fn encrypt(&self, blocks: &mut [Block]) {
        match self {
            Self::Sm4(_, keys) if blocks.len() >= sm4::WORTH => keys.encrypt(blocks),
            Self::Sm4(keyed, _) => keyed.encrypt_blocks(Array::cast_slice_from_core_mut(blocks)),
            Self::Aes256(keyed) => keyed.encrypt_blocks(Array::cast_slice_from_core_mut(blocks)),
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

    /// Encrypts texts in place and writes their tags. `associated` is of this `Aead`.
    pub(crate) fn seal(&self, associated: &Associated, mut texts: &mut [Text<'_>]) -> Result<(), Error> {
        if texts.iter().any(|text| text.bytes.len() as u64 > LONGEST) {
            return Err(Error::TooLarge { operation: "seal" });
        }
        let mut stream: Vec<Block> = Vec::new();
        while !texts.is_empty() {
            stream.clear();
            let mut count = 0;
            while count < texts.len() && stream.len() < TOGETHER {
                let begin = stream.len();
                stream.resize(begin + texts[count].blocks(), [0; BLOCK]);
                count_up(&texts[count].nonce, FIRST, &mut stream[begin..]);
                count += 1;
            }
            self.cipher.encrypt(&mut stream);
            let (together, later) = std::mem::take(&mut texts).split_at_mut(count);
            let mut unused = stream.as_slice();
            for text in together {
                let (own, others) = unused.split_at(text.blocks());
                text.finish(associated, &own[0], &own[1..]);
                unused = others;
            }
            texts = later;
        }
        Ok(())
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
        count_up(nonce, counter, blocks);
        self.cipher.encrypt(blocks);
    }
}

impl Text<'_> {
    /// Blocks of key stream that it takes: one for the tag, and its own.
    fn blocks(&self) -> usize {
        1 + self.bytes.len().div_ceil(BLOCK)
    }

    /// Encrypts with the key stream and makes the tag.
    fn finish(&mut self, associated: &Associated, mask: &Block, stream: &[Block]) {
        xor(self.bytes, stream.as_flattened());
        *self.tag = associated.finish(self.bytes).finalize().into();
        xor(self.tag, mask);
    }
}

/// The blocks whose encryption is the key stream, from this counter on.
fn count_up(nonce: &[u8; NONCE_LENGTH], counter: u32, blocks: &mut [Block]) {
    for (block, index) in blocks.iter_mut().zip(0..) {
        block[..NONCE_LENGTH].copy_from_slice(nonce);
        block[NONCE_LENGTH..].copy_from_slice(&counter.wrapping_add(index).to_be_bytes());
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
mod tests;
