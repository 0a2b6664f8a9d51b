#![allow(clippy::unwrap_used)]

use super::*;

const CIPHERS: [Cipher; 2] = [Cipher::Sm4Gcm, Cipher::Aes256Gcm];

fn key(cipher: Cipher) -> Key {
    let bytes: Vec<u8> = (0..cipher.key_length() as u8).collect();
    Key::from_bytes(&bytes).unwrap()
}

fn sealer(cipher: Cipher, dataset: &str, version: u32) -> Sealer {
    let id = std::array::from_fn(|at| at as u8 + 16);
    Sealer::new(cipher, &key(cipher), id, dataset, version).unwrap()
}

fn values() -> StringArray {
    StringArray::from(vec![Some("张三"), None, Some(""), Some("11010519491231002X"), Some("张三")])
}

#[test]
fn columns_come_back() {
    for cipher in CIPHERS {
        let column = sealer(cipher, "insured", 1).column("name");
        let sealed = column.seal(&values()).unwrap();
        assert!(sealed.is_null(1));
        assert_eq!(sealed.value(2).len(), OVERHEAD);
        assert_ne!(sealed.value(0), sealed.value(4));
        assert_eq!(key_id(sealed.value(0)), Some(std::array::from_fn(|at| at as u8 + 16)));
        assert_eq!(column.open(&sealed).unwrap(), values());
        let tail = values().slice(1, 3);
        assert_eq!(column.open(&column.seal(&tail).unwrap()).unwrap(), tail);
        let again = sealer(cipher, "insured", 1).column("name");
        assert_eq!(again.open(&sealed.slice(3, 2)).unwrap(), values().slice(3, 2));
    }
}

/// Made with the Python package `cryptography` from the layout in the documentation of this file.
#[test]
fn a_value_made_by_another_implementation_opens() {
    for (cipher, hex) in [
        (
            Cipher::Sm4Gcm,
            "01101112131415161718191a1b1c1d1e1f000102030405060700000005bb5512db22c6d9a1ea6c0ca61dae50cd1bd07e701a8d",
        ),
        (
            Cipher::Aes256Gcm,
            "01101112131415161718191a1b1c1d1e1f0001020304050607000000050d0d75ce271b70ee6fd700cfa72965c31f3204897df8",
        ),
    ] {
        let value = hex::decode(hex).unwrap();
        let sealed = BinaryArray::from(vec![value.as_slice()]);
        let opened = sealer(cipher, "insured", 7).column("姓名").open(&sealed).unwrap();
        assert_eq!(opened.value(0), "张三");
    }
}

#[test]
fn a_value_opens_only_where_it_belongs() {
    let cipher = Cipher::Sm4Gcm;
    let sealed = sealer(cipher, "ab", 1).column("c").seal(&values()).unwrap();
    let refused = Some(Error::Open { row: 0 });
    for other in
        [sealer(cipher, "ab", 1).column("d"), sealer(cipher, "a", 1).column("bc"), sealer(cipher, "ab", 2).column("c")]
    {
        assert_eq!(other.open(&sealed).err(), refused);
    }
    let wrong =
        Sealer::new(cipher, &Key::from_bytes(&[9; 16]).unwrap(), std::array::from_fn(|at| at as u8 + 16), "ab", 1);
    assert_eq!(wrong.unwrap().column("c").open(&sealed).err(), refused);
    let other_id = Sealer::new(cipher, &key(cipher), [0; 16], "ab", 1).unwrap();
    assert_eq!(other_id.column("c").open(&sealed).err(), Some(Error::OtherKey { row: 0 }));
}

#[test]
fn any_damage_is_noticed() {
    for cipher in CIPHERS {
        let column = sealer(cipher, "a", 1).column("b");
        let sealed = column.seal(&StringArray::from(vec!["张三"])).unwrap();
        let whole = sealed.value(0);
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x80;
            for bad in [damaged.as_slice(), &whole[..at]] {
                assert!(column.open(&BinaryArray::from(vec![bad])).is_err());
            }
        }
    }
}

#[test]
fn nonces_never_repeat_across_columns_clones_and_threads() {
    let sealer = sealer(Cipher::Sm4Gcm, "a", 1);
    let mut nonces: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|at| {
                let column = sealer.clone().column(&format!("c{at}"));
                scope.spawn(move || {
                    (0..50)
                        .flat_map(|_| {
                            let sealed = column.seal(&values()).unwrap();
                            sealed.iter().flatten().map(|value| value[17..29].to_vec()).collect::<Vec<_>>()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(nonces.len(), 4 * 50 * 4);
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4 * 50 * 4);
}

#[test]
fn a_key_is_used_up_after_two_to_the_32() {
    let sealer = sealer(Cipher::Sm4Gcm, "a", 1);
    sealer.0.used.store(LIMIT - 1, Ordering::Relaxed);
    let column = sealer.column("b");
    let two = StringArray::from(vec!["x", "y"]);
    assert_eq!(column.seal(&two).err(), Some(Error::KeyExhausted));
    let last = column.seal(&two.slice(0, 1)).unwrap();
    assert_eq!(last.value(0)[25..29], [0xFF; 4]);
    assert_eq!(column.seal(&two.slice(0, 1)).err(), Some(Error::KeyExhausted));
    assert!(column.seal(&StringArray::new_null(3)).is_ok());
}

#[test]
fn keys_have_to_fit_and_debug_is_silent() {
    let wrong = Sealer::new(Cipher::Aes256Gcm, &key(Cipher::Sm4Gcm), [0; 16], "a", 1);
    assert_eq!(wrong.err(), Some(Error::KeyLength { expected: "32", actual: 16 }));
    let shown = format!("{:?}", sealer(Cipher::Sm4Gcm, "a", 1));
    assert_eq!(shown, "Sealer { dataset: \"a\", key_version: 1, .. }");
}
