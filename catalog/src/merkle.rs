//! The Merkle tree of RFC 9162 §2.1 over audit entries, kept as its frontier: the roots of the full subtrees.

use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sm3::{Digest, Sm3};

/// Length of a hash in bytes; SM3 and SHA-256 agree on it.
pub const HASH_BYTES: usize = 32;

/// One hash value.
pub type Hash = [u8; HASH_BYTES];

/// The hash of an audit log, chosen when the catalog is made and fixed from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditHash {
    /// SM3, GB/T 32905: required where the Chinese rules apply.
    #[serde(rename = "sm3")]
    Sm3,
    /// SHA-256, FIPS 180-4.
    #[serde(rename = "sha-256")]
    Sha256,
}

impl AuditHash {
    /// Name as stored: `sm3` or `sha-256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AuditHash::Sm3 => "sm3",
            AuditHash::Sha256 => "sha-256",
        }
    }

    /// The hash of that stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<AuditHash> {
        [AuditHash::Sm3, AuditHash::Sha256].into_iter().find(|hash| hash.as_str() == text)
    }

    /// Hash of a leaf: HASH(0x00 || data).
    #[must_use]
    pub fn leaf(self, data: &[u8]) -> Hash {
        self.over(&[&[0], data])
    }

    /// Hash of an inner node: HASH(0x01 || left || right).
    #[must_use]
    pub fn node(self, left: &Hash, right: &Hash) -> Hash {
        self.over(&[&[1], left, right])
    }

    fn over(self, parts: &[&[u8]]) -> Hash {
        match self {
            AuditHash::Sm3 => digest::<Sm3>(parts),
            AuditHash::Sha256 => digest::<Sha256>(parts),
        }
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> Hash {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&hasher.finalize());
    hash
}

/// A growing tree: how many leaves, and the roots of its full subtrees, largest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    hash: AuditHash,
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new(hash: AuditHash) -> Frontier {
        Frontier { hash, size: 0, roots: Vec::new() }
    }

    /// Restores a tree from its size and the hexadecimal roots joined by commas; `None` if they do not fit.
    #[must_use]
    pub fn restore(hash: AuditHash, size: u64, text: &str) -> Option<Frontier> {
        let mut roots = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let mut root = [0; HASH_BYTES];
            hex::decode_to_slice(part, &mut root).ok()?;
            roots.push(root);
        }
        (roots.len() == size.count_ones() as usize).then_some(Frontier { hash, size, roots })
    }

    /// The roots as [`Frontier::restore`] reads them.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.roots.iter().map(hex::encode).collect::<Vec<_>>().join(",")
    }

    /// The hash in use.
    #[must_use]
    pub fn hash(&self) -> AuditHash {
        self.hash
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf hash; two full subtrees of one size become one.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = self.hash.node(&left, &node);
            }
        }
        self.roots.push(node);
        self.size += 1;
    }

    /// The Merkle tree hash of all leaves; of none, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else {
            return self.hash.over(&[]);
        };
        roots.fold(*last, |right, left| self.hash.node(left, &right))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Leaves and roots of the Certificate Transparency reference tests (SHA-256).
    #[test]
    fn roots_match_the_reference_tree() {
        let leaves =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::new(AuditHash::Sha256);
        assert_eq!(hex::encode(tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (leaf, root) in leaves.iter().zip(roots) {
            tree.push(AuditHash::Sha256.leaf(&hex::decode(leaf).unwrap()));
            assert_eq!(hex::encode(tree.root()), root);
            assert_eq!(Frontier::restore(AuditHash::Sha256, tree.size(), &tree.to_text()).unwrap(), tree);
        }
        assert!(Frontier::restore(AuditHash::Sha256, 7, &tree.to_text()).is_none());
    }
}
