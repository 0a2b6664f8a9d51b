//! Keyed pseudonyms: the same person has the same name in one scenario, and nobody without the key can guess whose.

mod lanes;

use arrow::array::{Array, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sm3::{Digest, Sm3};

use crate::error::Error;
use crate::key::Key;

/// Characters of a pseudonym: 32 bytes in hexadecimal.
pub const LENGTH: usize = 64;

/// The keyed hash of a pseudonym (RFC 2104).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC with SM3 (GB/T 32905).
    #[serde(rename = "hmac-sm3")]
    HmacSm3,
    /// HMAC with SHA-256 (FIPS 180-4).
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
}

impl Algorithm {
    /// The stable name, also in definitions.
    pub fn id(self) -> &'static str {
        match self {
            Algorithm::HmacSm3 => "hmac-sm3",
            Algorithm::HmacSha256 => "hmac-sha256",
        }
    }
}

/// Turns values into pseudonyms under one key, which belongs to one scenario.
#[derive(Clone)]
pub struct Pseudonym(Keyed);

/// The states after the key blocks; each value starts from a copy.
#[derive(Clone)]
enum Keyed {
    /// For long values one at a time, and for short ones, which nearly all are, in lanes.
    Sm3(Hmac<Sm3>, lanes::Keyed),
    Sha256(Hmac<Sha256>),
}

impl std::fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonym")
    }
}

impl Pseudonym {
    /// The bytes of a key that is made for pseudonyms.
    pub const KEY_LENGTH: usize = 32;

    /// Pseudonyms under this key.
    pub fn new(algorithm: Algorithm, key: &Key) -> Self {
        Self(match algorithm {
            Algorithm::HmacSm3 => Keyed::Sm3(keyed(key.expose()), in_lanes(key.expose())),
            Algorithm::HmacSha256 => Keyed::Sha256(keyed(key.expose())),
        })
    }

    /// Every value as the lower-case hexadecimal HMAC of its UTF-8 bytes; null stays null.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the result exceeds 2 GiB, which is at 33 million values.
    pub fn apply(&self, values: &StringArray) -> Result<StringArray, Error> {
        let present = values.len() - values.null_count();
        if i32::try_from(present * LENGTH).is_err() {
            return Err(Error::TooLarge { operation: "pseudonym" });
        }
        let mut texts = vec![[0; LENGTH]; present];
        match &self.0 {
            Keyed::Sm3(one, many) => short_and_long(one, many, values, &mut texts),
            Keyed::Sha256(keyed) => {
                for (text, value) in texts.iter_mut().zip(values.iter().flatten()) {
                    *text = hex(&hash(keyed, value.as_bytes()));
                }
            }
        }
        let lengths = (0..values.len()).map(|row| if values.is_null(row) { 0 } else { LENGTH });
        let text = Buffer::from_vec(texts.into_flattened());
        Ok(StringArray::new(OffsetBuffer::from_lengths(lengths), text, values.nulls().cloned()))
    }
}

fn in_lanes(key: &[u8]) -> lanes::Keyed {
    if key.len() <= lanes::LONGEST_KEY { lanes::Keyed::new(key) } else { lanes::Keyed::new(&Sm3::digest(key)) }
}

/// Short values together, long ones each by itself.
fn short_and_long(one: &Hmac<Sm3>, many: &lanes::Keyed, values: &StringArray, texts: &mut [[u8; LENGTH]]) {
    let mut waiting: Vec<&[u8]> = Vec::with_capacity(lanes::LANES);
    let mut places: Vec<&mut [u8; LENGTH]> = Vec::with_capacity(lanes::LANES);
    let flush = |waiting: &mut Vec<&[u8]>, places: &mut Vec<&mut [u8; LENGTH]>| {
        for (place, hash) in places.drain(..).zip(many.hash(waiting)) {
            *place = hex(&hash);
        }
        waiting.clear();
    };
    for (text, value) in texts.iter_mut().zip(values.iter().flatten()) {
        if value.len() > lanes::LONGEST {
            *text = hex(&hash(one, value.as_bytes()));
            continue;
        }
        waiting.push(value.as_bytes());
        places.push(text);
        if waiting.len() == lanes::LANES {
            flush(&mut waiting, &mut places);
        }
    }
    flush(&mut waiting, &mut places);
}

#[allow(clippy::expect_used)]
fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D>
where
    Hmac<D>: KeyInit,
{
    <Hmac<D> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn hash<M: Mac + Clone>(keyed: &M, value: &[u8]) -> [u8; lanes::HASH] {
    let mut mac = keyed.clone();
    mac.update(value);
    let mut hash = [0; lanes::HASH];
    hash.copy_from_slice(&mac.finalize().into_bytes());
    hash
}

fn hex(bytes: &[u8; lanes::HASH]) -> [u8; LENGTH] {
    // Arithmetic instead of a table, so that the compiler does many digits at a time.
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    let mut text = [0; LENGTH];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = digit(byte >> 4);
        pair[1] = digit(byte & 0x0F);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn tag<D: EagerHash>(key: &str, text: &str) -> String
    where
        Hmac<D>: KeyInit + Mac,
    {
        let mut mac = keyed::<D>(&hex::decode(key).unwrap());
        mac.update(&hex::decode(text).unwrap());
        hex::encode(mac.finalize().into_bytes())
    }

    #[test]
    fn sm3_is_sm3() {
        let cases = [
            ("abc".to_string(), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
            ("abcd".repeat(16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        ];
        for (text, expected) in cases {
            assert_eq!(hex::encode(Sm3::digest(text.as_bytes())), expected);
        }
    }

    /// RFC 4231, test cases 1, 2, 3 and 6.
    #[test]
    fn hmac_sha256_as_published() {
        let cases = [
            (
                "0b".repeat(20),
                hex::encode("Hi There"),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                hex::encode("Jefe"),
                hex::encode("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            ("aa".repeat(20), "dd".repeat(50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                "aa".repeat(131),
                hex::encode("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, text, expected) in cases {
            assert_eq!(tag::<Sha256>(&key, &text), expected);
        }
    }

    /// The cases were computed with OpenSSL: `printf 张三 | openssl dgst -sm3 -mac HMAC -macopt hexkey:…`.
    #[test]
    fn columns_equal_what_openssl_prints() {
        let key = Key::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
        let values = StringArray::from(vec![Some("11010519491231002X"), None, Some("张三"), Some("")]);
        let cases = [(Algorithm::HmacSm3, OPENSSL_SM3), (Algorithm::HmacSha256, OPENSSL_SHA256)];
        for (algorithm, expected) in cases {
            let out = Pseudonym::new(algorithm, &key).apply(&values).unwrap();
            assert_eq!(out, StringArray::from(vec![Some(expected[0]), None, Some(expected[1]), Some(expected[2])]));
            let tail = Pseudonym::new(algorithm, &key).apply(&values.slice(2, 1)).unwrap();
            assert_eq!(tail.value(0), expected[1]);
        }
    }

    /// Short and long values, missing ones, lanes that stay empty, and keys that are hashed first.
    #[test]
    fn columns_of_any_lengths_equal_the_published_crate() {
        for (count, key) in [(1, 16), (15, 32), (16, 32), (17, 32), (300, 32)] {
            let key = Key::random(key).unwrap();
            let texts: Vec<_> = (0..count).map(|row| (row % 7 != 6).then(|| "x1".repeat(row * 5 % 67))).collect();
            let out = Pseudonym::new(Algorithm::HmacSm3, &key).apply(&StringArray::from(texts.clone())).unwrap();
            for (row, text) in texts.iter().enumerate() {
                let expected = text.as_ref().map(|text| tag::<Sm3>(&hex::encode(key.expose()), &hex::encode(text)));
                assert_eq!(out.is_valid(row).then(|| out.value(row).to_owned()), expected, "row {row} of {count}");
            }
        }
    }

    #[test]
    fn a_key_longer_than_a_block_is_hashed_first() {
        let value = [b"abc".as_slice()];
        for length in [0, 1, 63, 64, 65, 200] {
            let key: Vec<u8> = (0..length).collect();
            let expected = tag::<Sm3>(&hex::encode(&key), &hex::encode("abc"));
            assert_eq!(hex::encode(in_lanes(&key).hash(&value)[0]), expected);
        }
    }

    #[test]
    fn another_key_gives_another_name() {
        let values = StringArray::from(vec!["13912345678"]);
        let out = [1, 2].map(|byte| {
            let key = Key::from_bytes(&[byte; 32]).unwrap();
            Pseudonym::new(Algorithm::HmacSm3, &key).apply(&values).unwrap()
        });
        assert_ne!(out[0], out[1]);
    }

    const OPENSSL_SM3: [&str; 3] = [
        "b0388348088fd3f9c27114fb639a0f32b762dd6e5194279ced98d8455eef3ac5",
        "7f3ddcf38f652305ccfcdec5f28f53c61af8f15afb57cacd269c1181b9a56ca9",
        "fda7c78d15984d8771f59f20a69d195c6e237070d37ec962e167326e517433db",
    ];
    const OPENSSL_SHA256: [&str; 3] = [
        "a66755453b106dcea0cfa264214ae59ff1e8b067f3e5f3aa8085e1d8757880eb",
        "f816bf03f906c81a577a6e55c71fb0f25258befe2deafb9334b12c0a9a74d804",
        "d38b42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb",
    ];
}
