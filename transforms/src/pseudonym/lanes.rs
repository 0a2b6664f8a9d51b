//! HMAC-SM3 (GB/T 32905-2016, RFC 2104) of many short texts at a time.
//!
//! A text of up to [`LONGEST`] bytes takes one block in either hash of the HMAC, so that all texts go through the same
//! steps and each step is done for [`LANES`] of them at once. Tests compare it with the published crate.

use zeroize::Zeroize;

use crate::vector::widest;

/// Texts hashed together: 512 bits of each word, the widest registers there are.
pub(super) const LANES: usize = 16;
/// Bytes of a hash.
pub(super) const HASH: usize = 32;
/// The longest text that fits one block, with the bit that ends it and its length.
pub(super) const LONGEST: usize = BLOCK - 9;
/// Bytes of the longest key that is not hashed itself.
pub(super) const LONGEST_KEY: usize = BLOCK;

const BLOCK: usize = 64;
/// Rounds before the functions FF and GG change.
const EARLY_ROUNDS: usize = 16;
/// Rounds between which the state stays in registers.
const ROUNDS: usize = 8;

/// One word of every lane.
type Word = [u32; LANES];
type State = [Word; 8];
type Block = [Word; 16];

const INITIAL: [u32; 8] =
    [0x7380_166f, 0x4914_b2b9, 0x1724_42d7, 0xda8a_0600, 0xa96f_30bc, 0x1631_38aa, 0xe38d_ee4d, 0xb0fb_0e4e];

/// The states after the key blocks; wiped when dropped.
#[derive(Clone)]
pub(super) struct Keyed {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Drop for Keyed {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl Keyed {
    /// Under a key of at most [`LONGEST_KEY`] bytes; of a longer one, its hash.
    pub(super) fn new(key: &[u8]) -> Self {
        let after = |pad: u8| {
            let mut block = [[0; LANES]; 16];
            let mut bytes = [pad; BLOCK];
            bytes.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            set(&mut block, 0, &bytes);
            let mut state = INITIAL.map(|word| [word; LANES]);
            compress(&mut state, &block);
            bytes.zeroize();
            block.as_flattened_mut().zeroize();
            state.map(|word| word[0])
        };
        Self { inner: after(0x36), outer: after(0x5c) }
    }

    /// The HMAC of up to [`LANES`] texts, none longer than [`LONGEST`].
    pub(super) fn hash(&self, texts: &[&[u8]]) -> [[u8; HASH]; LANES] {
        let mut block = [[0; LANES]; 16];
        for (lane, text) in texts.iter().enumerate().take(LANES) {
            let mut bytes = [0; BLOCK];
            let length = text.len().min(LONGEST);
            bytes[..length].copy_from_slice(&text[..length]);
            end(&mut bytes, length);
            set(&mut block, lane, &bytes);
        }
        let mut state = self.inner.map(|word| [word; LANES]);
        compress(&mut state, &block);
        let mut ended = [0; BLOCK];
        end(&mut ended, HASH);
        let (words, _) = ended.as_chunks();
        for (word, bytes) in block.iter_mut().zip(words) {
            *word = [u32::from_be_bytes(*bytes); LANES];
        }
        block[..8].copy_from_slice(&state);
        state = self.outer.map(|word| [word; LANES]);
        compress(&mut state, &block);
        std::array::from_fn(|lane| {
            let mut hash = [0; HASH];
            for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(&state) {
                *bytes = word[lane].to_be_bytes();
            }
            hash
        })
    }
}

/// Ends a text of this many bytes that follows the block of a key.
fn end(block: &mut [u8; BLOCK], length: usize) {
    block[length] = 0x80;
    block[BLOCK - 8..].copy_from_slice(&((BLOCK + length) as u64 * 8).to_be_bytes());
}

/// Puts a block of bytes into a lane.
fn set(block: &mut Block, lane: usize, bytes: &[u8; BLOCK]) {
    for (word, bytes) in block.iter_mut().zip(bytes.as_chunks().0) {
        word[lane] = u32::from_be_bytes(*bytes);
    }
}

widest! {
    /// The compression function CF of GB/T 32905-2016, 5.3.3, in every lane.
    fn compress(state: &mut State, block: &Block) = compression;
}

#[inline(always)]
fn compression(state: &mut State, block: &Block) {
    let mut words = [[0; LANES]; 68];
    words[..16].copy_from_slice(block);
    for at in 16..68 {
        expand(&mut words, at);
    }
    let before = *state;
    for at in (0..EARLY_ROUNDS).step_by(ROUNDS) {
        rounds::<true>(state, &words, at);
    }
    for at in (EARLY_ROUNDS..64).step_by(ROUNDS) {
        rounds::<false>(state, &words, at);
    }
    for (state, before) in state.as_flattened_mut().iter_mut().zip(before.as_flattened()) {
        *state ^= before;
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop)] // a plain loop over the lanes is what the compiler widens
fn expand(words: &mut [Word; 68], at: usize) {
    for lane in 0..LANES {
        let mixed = words[at - 16][lane] ^ words[at - 9][lane] ^ words[at - 3][lane].rotate_left(15);
        let mixed = mixed ^ mixed.rotate_left(15) ^ mixed.rotate_left(23);
        words[at][lane] = mixed ^ words[at - 13][lane].rotate_left(7) ^ words[at - 6][lane];
    }
}

/// [`ROUNDS`] rounds from this one on.
#[inline(always)]
fn rounds<const EARLY: bool>(state: &mut State, words: &[Word; 68], at: usize) {
    for lane in 0..LANES {
        let mut one = [0; 8];
        for (value, word) in one.iter_mut().zip(&*state) {
            *value = word[lane];
        }
        for at in at..at + ROUNDS {
            one = round::<EARLY>(one, words[at][lane], words[at + 4][lane], at);
        }
        for (value, word) in one.into_iter().zip(&mut *state) {
            word[lane] = value;
        }
    }
}

#[inline(always)]
fn round<const EARLY: bool>([a, b, c, d, e, f, g, h]: [u32; 8], word: u32, later: u32, at: usize) -> [u32; 8] {
    let constant = if EARLY { 0x79cc_4519_u32 } else { 0x7a87_9d8a }.rotate_left(at as u32 % 32);
    let turned = a.rotate_left(12);
    let first = turned.wrapping_add(e).wrapping_add(constant).rotate_left(7);
    let second = first ^ turned;
    // Sums of three words; later the majority of a, b and c, and f or g as e says.
    let (left, right) = if EARLY { (a ^ b ^ c, e ^ f ^ g) } else { ((a & b) | (c & (a | b)), g ^ (e & (f ^ g))) };
    let left = left.wrapping_add(d).wrapping_add(second).wrapping_add(word ^ later);
    let right = right.wrapping_add(h).wrapping_add(first).wrapping_add(word);
    let right = right ^ right.rotate_left(9) ^ right.rotate_left(17);
    [left, a, b.rotate_left(9), c, right, e, f.rotate_left(19), g]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_width_hashes_alike() {
        let number = |at: usize, lane: usize| (at * LANES + lane) as u32;
        let block = std::array::from_fn(|at| std::array::from_fn(|lane| number(at, lane).wrapping_mul(0x9e37_79b9)));
        let state = std::array::from_fn(|at| std::array::from_fn(|lane| number(at, lane).wrapping_mul(0x85eb_ca6b)));
        let (mut widest, mut plain) = (state, state);
        compress(&mut widest, &block);
        compression(&mut plain, &block);
        assert_eq!(widest, plain);
        assert_ne!(plain, state);
    }
}
