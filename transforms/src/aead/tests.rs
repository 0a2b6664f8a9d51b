#![allow(clippy::unwrap_used)]

use aes_gcm::AesGcm;
use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;

use super::*;

fn seal(aead: &Aead, nonce: [u8; NONCE_LENGTH], associated: &Associated, bytes: &mut [u8]) -> [u8; TAG_LENGTH] {
    let mut tag = [0; TAG_LENGTH];
    aead.seal(associated, &mut [Text { nonce, bytes, tag: &mut tag }]).unwrap();
    tag
}

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
        let tag = seal(&aead, nonce, &associated, &mut buffer);
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
            let tag = seal(&aead, nonce, &associated, &mut buffer);
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

#[test]
fn many_texts_at_once_equal_the_published_crate() {
    for cipher in [Cipher::Sm4Gcm, Cipher::Aes256Gcm] {
        let key = Key::random(cipher.key_length()).unwrap();
        let aead = Aead::new(cipher, &key).unwrap();
        // Lengths that end groups early, late and exactly, one longer than a group, and none.
        let lengths = (0..2_000).map(|at| if at == 700 { 3 * TOGETHER * BLOCK + 5 } else { at * 7 % 60 });
        let plain: Vec<Vec<u8>> = lengths.map(|length| (0..length).map(|at| at as u8).collect()).collect();
        let nonce = |at: usize| std::array::from_fn(|byte| (at >> (8 * (byte % 2))) as u8);
        let (mut sealed, mut tags) = (plain.clone(), vec![[0; TAG_LENGTH]; plain.len()]);
        let texts = sealed.iter_mut().zip(&mut tags).enumerate();
        let mut texts: Vec<Text<'_>> = texts.map(|(at, (bytes, tag))| Text { nonce: nonce(at), bytes, tag }).collect();
        aead.seal(&aead.associate(b"column"), &mut texts).unwrap();
        for (at, plain) in plain.iter().enumerate() {
            let expected = match cipher {
                Cipher::Sm4Gcm => published::<Sm4>(key.expose(), &nonce(at), b"column", plain),
                Cipher::Aes256Gcm => published::<Aes256>(key.expose(), &nonce(at), b"column", plain),
            };
            assert_eq!([sealed[at].as_slice(), &tags[at]].concat(), expected);
        }
    }
}
