//! The forms in which departments write the same thing.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate};

use super::chance::Chance;

/// The day the city stands still at: nothing in the data is later, except planted defects.
pub(super) fn as_of() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 6, 30).unwrap_or_default()
}

/// A day in one of the four forms of domain practice.
pub(super) fn date(day: NaiveDate, chance: &mut Chance) -> String {
    match chance.below(10) {
        0 => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        1 => format!("{}/{}/{}", day.year(), day.month(), day.day()),
        2..=4 => day.format("%Y%m%d").to_string(),
        _ => day.format("%Y-%m-%d").to_string(),
    }
}

/// A day that no calendar has.
pub(super) fn no_such_date(chance: &mut Chance) -> String {
    (*chance.pick(&["2024-02-30", "2023-11-31", "2022年13月1日", "20210431"])).to_owned()
}

/// A mobile number, sometimes with the country in front or in full-width digits.
pub(super) fn mobile(number: &str, chance: &mut Chance) -> String {
    match chance.below(12) {
        0 => format!("+86 {number}"),
        1 => format!("86-{number}"),
        2 => wide(number),
        _ => number.to_owned(),
    }
}

/// A citizen ID, sometimes in its old 15-digit form, in lower case or with blanks around it.
pub(super) fn citizen_id(id: &str, chance: &mut Chance) -> String {
    match chance.below(40) {
        0 if &id[6..8] == "19" => format!("{}{}", &id[..6], &id[8..17]),
        1 => id.to_lowercase(),
        2 => format!(" {id}\u{3000}"),
        _ => id.to_owned(),
    }
}

fn wide(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xFEE0).unwrap_or(c) } else { c })
        .collect()
}

/// Appends a CSV field, quoted where RFC 4180 asks for it.
pub(super) fn field(line: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        let _ = write!(line, "\"{}\"", text.replace('"', "\"\""));
    } else {
        line.push_str(text);
    }
}

/// Appends a CSV record.
pub(super) fn record(line: &mut String, fields: &[&str]) {
    for (index, text) in fields.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        field(line, text);
    }
    line.push('\n');
}
