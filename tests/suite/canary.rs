//! A canary in every graded column: no byte of it may appear where the grade does not let it go.

mod failing;
mod look;
mod whole;

use crate::harness::Project;
use crate::harness::sample::{bank_card, citizen_id, mobile};

/// The person every value of whom is a canary.
const CANARY: u32 = 290_001;
const BASE: &str = "98765.43";
const SINCE: &str = "1987-03-29";

/// Texts that must not be found. Names and remarks of all rows begin with the first two, so that anything written in
/// clear, wherever it is, holds one of them.
fn canaries() -> Vec<String> {
    let texts = ["金丝雀", "CANARY", BASE, SINCE].map(str::to_owned);
    texts.into_iter().chain([citizen_id(CANARY), mobile(CANARY), bank_card(CANARY)]).collect()
}

const HEADER: &str = "citizen_id,name,phone,area_code,base,since,card,note,updated_at\n";

/// One row of the insured, everything in it valid.
fn row(number: u32) -> String {
    let (base, since) = match number {
        CANARY => (BASE.to_owned(), SINCE.to_owned()),
        _ => (format!("{}.25", number % 9_000), format!("20{:02}-{:02}-11", number % 20, number % 12 + 1)),
    };
    let (id, phone, card) = (citizen_id(number), mobile(number), bank_card(number));
    format!("{id},金丝雀{number},{phone},320902,{base},{since},{card},CANARY-备注-{number},2026-11-01 01:00:00\n")
}

/// Rows that fail, each in another column, on parsing, casting, a standard or a range.
fn broken_rows() -> String {
    let good = row(CANARY + 1);
    let cells: Vec<&str> = good.trim_end().split(',').collect();
    let bad = [
        (0, "CANARYID0"),
        (2, "CANARYPHONE"),
        (3, "CANARYAREA"),
        (4, "CANARY98765.43"),
        (4, "-98765.43"),
        (4, "1987654321012345"),
        (5, "1987-03-29 CANARY"),
        (5, "1987-02-30"),
        (6, "CANARYCARD"),
        (8, "CANARYTIME"),
        (0, ""),
    ];
    let broken = |(at, value): &(usize, &str)| {
        let mut cells = cells.clone();
        cells[*at] = value;
        cells.join(",") + "\n"
    };
    bad.iter().map(broken).collect()
}

fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = encoding_rs::GBK.encode(text);
    assert!(!lossy);
    bytes.into_owned()
}

/// A project with little memory and many rows.
fn project(rows: u32) -> Project {
    let project = Project::of(&["base", "canary"]);
    project.edit("sluice.toml", "partitions = 2", "partitions = 2\nmemory_mib = 64");
    let mut text = String::from(HEADER);
    text.extend((0..rows).map(row));
    text += &row(CANARY);
    text += &broken_rows();
    project.put_bytes("front/insured.csv", gbk(&text));
    project
}
