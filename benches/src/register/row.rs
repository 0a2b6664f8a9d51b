//! One row of the register, and how it is written.

use std::io::Write;

use chrono::{Datelike, Days, NaiveDate};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use super::codes;

/// Counties of the city, GB/T 2260, with their names.
const AREAS: [(&str, &str); 9] = [
    ("320902", "亭湖区"),
    ("320903", "盐都区"),
    ("320904", "大丰区"),
    ("320921", "响水县"),
    ("320922", "滨海县"),
    ("320923", "阜宁县"),
    ("320924", "射阳县"),
    ("320925", "建湖县"),
    ("320981", "东台市"),
];
/// Stems and branches: names that nobody has.
const FAMILY: [&str; 10] = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"];
const GIVEN: [&str; 12] = ["子", "丑", "寅", "卯", "辰", "巳", "午", "未", "申", "酉", "戌", "亥"];
/// Days on which persons were born, from 1930 on.
const BIRTHS: u64 = 32_000;
/// Serial numbers 001 to 995.
const SERIALS: u64 = 995;
/// How many different persons there are.
const SPACE: u64 = AREAS.len() as u64 * BIRTHS * SERIALS;
/// A prime that does not divide [`SPACE`]: multiplying by it visits every place once.
const STRIDE: u128 = 179_424_673;

/// One person's entry.
pub(super) struct Row {
    pub(super) citizen_id: [u8; 18],
    name: [&'static str; 3],
    credit_code: [u8; 18],
    bank_card: [u8; 19],
    mobile: u64,
    born: NaiveDate,
    registered: NaiveDate,
    updated: NaiveDate,
    month: u32,
    area: &'static str,
    county: &'static str,
    sex: u8,
    ethnic_group: u64,
    cents: u64,
    address: [u64; 3],
    number: u64,
}

impl Row {
    /// The entry of that number.
    pub(super) fn at(number: u64, chance: &mut ChaCha8Rng) -> Self {
        let place = (u128::from(number) * STRIDE % u128::from(SPACE)) as u64;
        let (area, county) = AREAS[(place % 9) as usize];
        let born = day(1930, place / 9 % BIRTHS);
        let serial = place / 9 / BIRTHS + 1;
        let mut citizen_id = [b'0'; 18];
        citizen_id[..6].copy_from_slice(area.as_bytes());
        digits(&mut citizen_id[6..14], date_number(born));
        digits(&mut citizen_id[14..17], serial);
        codes::citizen_id(&mut citizen_id);
        let mut credit_code = *b"91320900##########";
        digits(&mut credit_code[8..16], below(chance, 100_000_000));
        codes::credit(&mut credit_code);
        let mut bank_card = *b"629999#############";
        digits(&mut bank_card[6..18], below(chance, 1_000_000_000_000));
        codes::luhn(&mut bank_card);
        let updated = day(2024, below(chance, 700));
        Self {
            citizen_id,
            name: [pick(chance, &FAMILY), pick(chance, &GIVEN), pick(chance, &GIVEN)],
            credit_code,
            bank_card,
            mobile: 14_200_000_000 + below(chance, 200_000_000),
            born,
            registered: day(2010, below(chance, 5_000)),
            updated,
            month: updated.month(),
            area,
            county,
            sex: if serial % 2 == 1 { b'1' } else { b'2' },
            ethnic_group: if below(chance, 20) == 0 { below(chance, 55) + 2 } else { 1 },
            cents: below(chance, 3_000_000),
            address: [below(chance, 90) + 10, below(chance, 300) + 1, below(chance, 30) + 101],
            number,
        }
    }

    /// Makes one value wrong, another kind each time.
    pub(super) fn spoil(&mut self, kind: u64) {
        match kind % 9 {
            0 => self.citizen_id[17] = if self.citizen_id[17] == b'1' { b'2' } else { b'1' },
            1 => self.credit_code[17] = if self.credit_code[17] == b'1' { b'2' } else { b'1' },
            2 => self.bank_card[18] = if self.bank_card[18] == b'1' { b'2' } else { b'1' },
            3 => self.mobile /= 10,
            4 => self.month = 13,
            5 => self.area = "320999",
            6 => self.sex = b'7',
            7 => self.ethnic_group = 88,
            _ => self.cents += 1_000_000_000,
        }
    }
}

/// Writes rows as lines; keeps its buffer.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// The row as one line, with its line end.
    pub(super) fn line(&mut self, row: &Row) -> &[u8] {
        let out = &mut self.0;
        out.clear();
        for code in [&row.citizen_id[..], row.name[0].as_bytes()] {
            out.extend_from_slice(code);
            out.push(b',');
        }
        out.pop();
        out.extend_from_slice(row.name[1].as_bytes());
        out.extend_from_slice(row.name[2].as_bytes());
        for code in [&row.credit_code[..], &row.bank_card[..]] {
            out.push(b',');
            out.extend_from_slice(code);
        }
        let [road, house, room] = row.address;
        // Writing into memory cannot fail.
        let _ = writeln!(
            out,
            ",{},{},{},{}年{}月{}日,{},{},{:02},{}.{:02},{}虚拟路{road}号{house}幢{room}室,YC{:09}",
            row.mobile,
            row.born,
            date_number(row.registered),
            row.updated.year(),
            row.month,
            row.updated.day(),
            row.area,
            char::from(row.sex),
            row.ethnic_group,
            row.cents / 100,
            row.cents % 100,
            row.county,
            row.number,
        );
        &self.0
    }
}

fn below(chance: &mut ChaCha8Rng, bound: u64) -> u64 {
    ((u128::from(chance.next_u64()) * u128::from(bound)) >> 64) as u64
}

fn pick(chance: &mut ChaCha8Rng, from: &[&'static str]) -> &'static str {
    from[below(chance, from.len() as u64) as usize]
}

fn day(year: i32, days: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).and_then(|first| first.checked_add_days(Days::new(days))).unwrap_or_default()
}

/// `YYYYMMDD` as a number.
fn date_number(date: NaiveDate) -> u64 {
    u64::from(date.year().unsigned_abs()) * 10_000 + u64::from(date.month() * 100 + date.day())
}

/// Fills the places with the digits of a number, zeros in front.
fn digits(places: &mut [u8], mut number: u64) {
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
