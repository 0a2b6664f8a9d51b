//! The SM4 block cipher (GB/T 32907-2016), hundreds of blocks at a time and in constant time.
//!
//! The published crate encrypts one block after the other with look-ups in tables. Here the same bit of many blocks
//! stands in one word, and a round is a few hundred gates on such words: no table, no branch and no index depends on a key
//! or a text, so timing tells nothing, and a block costs a fraction. Tests compare it with that crate.

mod substitute;

use zeroize::Zeroize;

use super::Block;
use crate::vector::widest;
use substitute::substitute;

/// Words that go through each gate together: 512 bits, the widest registers there are.
const LANES: usize = 8;
/// Bits of a word, each of another block.
const WIDTH: usize = u64::BITS as usize;
/// Blocks that are encrypted together.
pub(super) const GROUP: usize = LANES * WIDTH;
/// Blocks from which on a group takes less time than one after the other.
pub(super) const WORTH: usize = GROUP / 4;

const ROUNDS: usize = 32;

/// One bit of every block of a group.
type Plane = [u64; LANES];
/// A word of every block: its 32 bits, the lowest first.
type Word = [Plane; 32];
/// A group of blocks: their four words, the last first.
type Planes = [Word; 4];

/// The expanded key; wiped when dropped.
pub(super) struct Keys([u32; ROUNDS]);

impl Drop for Keys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Keys {
    /// Expands a key (GB/T 32907-2016, 7.3).
    pub(super) fn new(key: &Block) -> Self {
        const FK: [u32; 4] = [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc];
        let (words, _) = key.as_chunks();
        let mut words: [u32; 4] = std::array::from_fn(|at| u32::from_be_bytes(words[at]) ^ FK[at]);
        let mut keys = [0; ROUNDS];
        for (round, key) in keys.iter_mut().enumerate() {
            let mixed = substitute_bytes(words[1] ^ words[2] ^ words[3] ^ constant(round));
            *key = words[0] ^ mixed ^ mixed.rotate_left(13) ^ mixed.rotate_left(23);
            words = [words[1], words[2], words[3], *key];
        }
        words.zeroize();
        Self(keys)
    }

    /// Encrypts each block by itself; [`GROUP`] of them take no longer than one.
    pub(super) fn encrypt(&self, blocks: &mut [Block]) {
        for group in blocks.chunks_mut(GROUP) {
            encrypt_group(&self.0, group);
        }
    }
}

/// The constant CK of a round: byte `i` is `7 * (4 * round + i)` modulo 256.
fn constant(round: usize) -> u32 {
    u32::from_be_bytes(std::array::from_fn(|byte| ((4 * round + byte) * 7 % 256) as u8))
}

/// The S-box on each byte of a word.
fn substitute_bytes(word: u32) -> u32 {
    let bytes = word.to_be_bytes();
    // Bit `at` of each byte, one byte a bit.
    let gathered = std::array::from_fn(|at| {
        bytes.iter().enumerate().fold(0, |plane, (byte, value)| plane | u64::from(value >> at & 1) << byte)
    });
    let planes = substitute(gathered);
    u32::from_be_bytes(std::array::from_fn(|byte| {
        planes.iter().enumerate().fold(0, |value, (at, plane)| value | ((plane >> byte & 1) as u8) << at)
    }))
}

widest! {
    /// Encrypts up to [`GROUP`] blocks.
    fn encrypt_group(keys: &[u32; ROUNDS], blocks: &mut [Block]) = group;
}

#[inline(always)]
fn group(keys: &[u32; ROUNDS], blocks: &mut [Block]) {
    let mut planes: Planes = [[[0; LANES]; 32]; 4];
    load(blocks, &mut planes);
    let [d, c, b, a] = &mut planes;
    let (quads, _) = keys.as_chunks();
    for [k0, k1, k2, k3] in quads {
        round(a, b, c, d, *k0);
        round(b, c, d, a, *k1);
        round(c, d, a, b, *k2);
        round(d, a, b, c, *k3);
    }
    // The words leave in the opposite order.
    planes.reverse();
    store(&mut planes, blocks);
    planes.as_flattened_mut().as_flattened_mut().fill(0);
}

/// `to ^= linear(S-box(b ^ c ^ d ^ key))` (GB/T 32907-2016, 6.2).
#[inline(always)]
fn round(to: &mut Word, b: &Word, c: &Word, d: &Word, key: u32) {
    let mut bits = [0; 32];
    for (at, bit) in bits.iter_mut().enumerate() {
        *bit = u64::from(key >> at & 1).wrapping_neg();
    }
    byte::<0>(to, b, c, d, &bits);
    byte::<8>(to, b, c, d, &bits);
    byte::<16>(to, b, c, d, &bits);
    byte::<24>(to, b, c, d, &bits);
}

/// What the byte from bit `AT` on adds to a round.
#[inline(always)]
fn byte<const AT: usize>(to: &mut Word, b: &Word, c: &Word, d: &Word, key: &[u64; 32]) {
    for lane in 0..LANES {
        let mut bits = [0; 8];
        for (bit, at) in bits.iter_mut().zip(AT..) {
            *bit = b[at][lane] ^ c[at][lane] ^ d[at][lane] ^ key[at];
        }
        for (bit, at) in substitute(bits).into_iter().zip(AT..) {
            for turn in [0, 2, 10, 18, 24] {
                to[(at + turn) % 32][lane] ^= bit;
            }
        }
    }
}

/// Blocks into planes.
#[inline(always)]
fn load(blocks: &[Block], planes: &mut Planes) {
    let rows = planes.as_flattened_mut();
    for (at, block) in blocks.iter().enumerate() {
        let block = u128::from_be_bytes(*block);
        rows[at % WIDTH][at / WIDTH] = block as u64;
        rows[WIDTH + at % WIDTH][at / WIDTH] = (block >> WIDTH) as u64;
    }
    transpose(rows);
}

/// Planes into blocks.
#[inline(always)]
fn store(planes: &mut Planes, blocks: &mut [Block]) {
    let rows = planes.as_flattened_mut();
    transpose(rows);
    for (at, block) in blocks.iter_mut().enumerate() {
        let low = u128::from(rows[at % WIDTH][at / WIDTH]);
        let high = u128::from(rows[WIDTH + at % WIDTH][at / WIDTH]);
        *block = (high << WIDTH | low).to_be_bytes();
    }
}

/// Turns both squares of 64 rows of 64 bits, in every lane: row `i`, bit `j` becomes row `j`, bit `i`.
#[inline(always)]
fn transpose(rows: &mut [Plane]) {
    for (step, mask) in [
        (32, 0x0000_0000_ffff_ffff),
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555_u64),
    ] {
        for pair in rows.chunks_exact_mut(2 * step) {
            let (upper, lower) = pair.split_at_mut(step);
            for (upper, lower) in upper.as_flattened_mut().iter_mut().zip(lower.as_flattened_mut()) {
                let swapped = (*upper >> step ^ *lower) & mask;
                *lower ^= swapped;
                *upper ^= swapped << step;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sm4::cipher::{BlockCipherEncrypt, KeyInit};

    use super::*;

    const KEY: &str = "0123456789abcdeffedcba9876543210";

    /// GB/T 32907-2016, A.1: the key encrypts itself; then on and on, beside the published crate.
    #[test]
    fn the_example_of_the_standard_and_a_chain_of_it() {
        let key: Block = hex::decode(KEY).unwrap().try_into().unwrap();
        let keys = Keys::new(&key);
        let mut blocks = [key; 2];
        keys.encrypt(&mut blocks[..1]);
        assert_eq!(hex::encode(blocks[0]), "681edf34d206965e86b3e94f536e4246");
        for _ in 1..2_000 {
            keys.encrypt(&mut blocks[..1]);
        }
        let published = sm4::Sm4::new(&key.into());
        let mut expected = key.into();
        for _ in 0..2_000 {
            published.encrypt_block(&mut expected);
        }
        assert_eq!(blocks, [expected.into(), key]);
    }

    fn random(seed: &mut u64) -> Block {
        std::array::from_fn(|_| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*seed >> 56) as u8
        })
    }

    #[test]
    fn any_number_of_blocks_equals_the_published_crate_on_every_width() {
        let mut seed = 1;
        for count in [0, 1, 2, 63, 64, 65, 500, GROUP - 1, GROUP, GROUP + 1, 3 * GROUP + 7] {
            let key = random(&mut seed);
            let blocks: Vec<Block> = (0..count).map(|_| random(&mut seed)).collect();
            let published = sm4::Sm4::new(&key.into());
            let one = |block: &Block| {
                let mut block = (*block).into();
                published.encrypt_block(&mut block);
                block.into()
            };
            let expected: Vec<Block> = blocks.iter().map(one).collect();
            let (keys, mut widest, mut plain) = (Keys::new(&key), blocks.clone(), blocks);
            keys.encrypt(&mut widest);
            assert_eq!(widest, expected);
            plain.chunks_mut(GROUP).for_each(|blocks| group(&keys.0, blocks));
            assert_eq!(plain, expected);
        }
    }
}
