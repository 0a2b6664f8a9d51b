//! A set of key hashes of bounded size that may report a key it does not hold, never the reverse.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits set per key.
const PROBES: u32 = 4;
/// Bits planned per key; about one false answer in a hundred.
const BITS_PER_KEY: u64 = 16;
/// Largest filter: 128 MiB. Beyond 64 million keys it only gets less selective.
const MOST_WORDS: u64 = 16 << 20;

/// A Bloom filter whose probes share one 64-bit word, so that an insert is one atomic operation.
#[derive(Debug)]
pub(super) struct KeyFilter {
    words: Vec<AtomicU64>,
}

impl KeyFilter {
    /// A filter sized for `keys` keys.
    pub(super) fn sized(keys: u64) -> Self {
        let words = (keys.saturating_mul(BITS_PER_KEY) / 64).next_power_of_two().clamp(1, MOST_WORDS);
        Self { words: (0..words).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Adds a key; tells whether it may have been there before.
    pub(super) fn insert(&self, hash: u64) -> bool {
        let mask = mask(hash);
        self.words[self.slot(hash)].fetch_or(mask, Ordering::Relaxed) & mask == mask
    }

    /// Whether the key may have been added. `false` is certain.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let mask = mask(hash);
        self.words[self.slot(hash)].load(Ordering::Relaxed) & mask == mask
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| word.load(Ordering::Relaxed) == 0)
    }

    fn slot(&self, hash: u64) -> usize {
        // The word comes from the high bits, its probes from the low ones. The mask keeps it below the length.
        ((hash >> 32) as usize) & (self.words.len() - 1)
    }
}

fn mask(hash: u64) -> u64 {
    (0..PROBES).fold(0, |mask, probe| mask | 1 << (hash >> (6 * probe) & 63))
}

#[cfg(test)]
mod tests {
    use super::KeyFilter;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn holds_every_key_added_and_few_others() {
        let filter = KeyFilter::sized(100_000);
        assert!(filter.is_empty());
        let hash = |key: u64| xxh3_64(&key.to_le_bytes());
        (0..100_000).for_each(|key| {
            filter.insert(hash(key));
        });
        assert!((0..100_000).all(|key| filter.may_hold(hash(key))));
        let wrong = (100_000..200_000).filter(|key| filter.may_hold(hash(*key))).count();
        assert!(wrong < 4_000, "{wrong} false answers");
    }

    #[test]
    fn tells_a_repeated_key() {
        let filter = KeyFilter::sized(2);
        assert!(!filter.insert(xxh3_64(b"a")));
        assert!(filter.insert(xxh3_64(b"a")));
    }
}
