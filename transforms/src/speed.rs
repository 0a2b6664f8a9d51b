//! Times per value on one core, for people who change a hot path:
//! `cargo test --release --lib -p transforms -p benches -- --ignored --nocapture speed`.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, StringArray};
use chrono::NaiveDate;

use crate::fault::Context;
use crate::generalise::Generalise;
use crate::key::Key;
use crate::mask::Mask;
use crate::pseudonym::{Algorithm, Pseudonym};
use crate::seal::{Cipher, Sealer};
use crate::{cast, fingerprint, standard};

const ROWS: usize = 8192;
const ROUNDS: usize = 40;

fn per_value(name: &str, mut work: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap();
    println!("{name:<28} {:>7.1} ns", best.as_nanos() as f64 / ROWS as f64);
}

fn column(value: impl Fn(usize) -> String) -> StringArray {
    StringArray::from_iter_values((0..ROWS).map(value))
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let context = Context { today: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap() };
    let samples = [
        ("citizen_id", column(|_| "320902199001011236".into())),
        ("credit_code", column(|_| "91110000600037341L".into())),
        ("bank_card", column(|_| "6222021602000123457".into())),
        ("mobile", column(|row| ["", "+86 "][row % 2].to_string() + "13912345678")),
        ("date", column(|row| ["20220108", "2022-01-08", "2022/1/8"][row % 3].into())),
        ("area_code", column(|_| "320902".into())),
        ("sex", column(|_| "1".into())),
        ("ethnic_group", column(|_| "01".into())),
    ];
    for (id, values) in &samples {
        let standard = standard::find(id).unwrap();
        per_value(id, || {
            std::hint::black_box(standard.apply(values, &context));
        });
    }
    let ids = &samples[0].1;
    for algorithm in [Algorithm::HmacSm3, Algorithm::HmacSha256] {
        let pseudonym = Pseudonym::new(algorithm, &Key::random(32).unwrap());
        per_value(algorithm.id(), || {
            std::hint::black_box(pseudonym.apply(ids).unwrap());
        });
    }
    for cipher in [Cipher::Sm4Gcm, Cipher::Aes256Gcm] {
        let key = Key::random(cipher.key_length()).unwrap();
        let sealer = Sealer::new(cipher, &key, [0; 16], "insured", 1).unwrap();
        let column = sealer.column("citizen_id");
        per_value(cipher.id(), || {
            std::hint::black_box(column.seal(ids).unwrap());
        });
    }
    for (mask, values) in [(Mask::CitizenId, ids), (Mask::Name, &column(|_| "张三丰".into()))] {
        per_value(mask.id(), || {
            std::hint::black_box(mask.apply(values));
        });
    }
    let address = column(|_| "江苏省盐城市亭湖区希望大道1号".into());
    per_value("address", || {
        std::hint::black_box(Mask::Address.apply(&address));
    });
    let amounts: ArrayRef = Arc::new(column(|row| format!("{row}.25")));
    let decimal = arrow::datatypes::DataType::Decimal128(12, 2);
    per_value("cast decimal", || {
        std::hint::black_box(cast::cast(&amounts, &decimal, &context).unwrap());
    });
    let amounts = cast::cast(&amounts, &decimal, &context).unwrap().values;
    let thousands = Generalise::Number { step: "1000".into() };
    per_value("generalise decimal", || {
        std::hint::black_box(thousands.apply(&amounts).unwrap());
    });
    let row: Vec<ArrayRef> = samples.iter().map(|(_, values)| Arc::new(values.clone()) as ArrayRef).collect();
    per_value("fingerprint of 8 columns", || {
        std::hint::black_box(fingerprint::rows(&row, 0).unwrap().len());
    });
}
