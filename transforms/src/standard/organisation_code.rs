//! Organisation code, GB 11714-1997.

use arrow::array::StringArray;

use super::walk::{Case, Checked, text, weighted_sum};
use super::{Context, Reason, Standard, Standardised, Title};

/// Eight characters, a hyphen, a check character.
///
/// Reasons, in the order of looking: `characters`, `format` (nine characters without the hyphen, or the hyphen
/// elsewhere), `length`, `checksum`.
#[derive(Debug)]
pub(super) struct OrganisationCode;

const WEIGHTS: [u16; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

impl Standard for OrganisationCode {
    fn id(&self) -> &'static str {
        "organisation_code"
    }

    fn title(&self) -> Title {
        Title { zh: "组织机构代码", en: "organisation code" }
    }

    fn source(&self) -> &'static str {
        "GB 11714-1997"
    }

    fn apply(&self, values: &StringArray, _: &Context) -> Standardised {
        text(values, Case::Upper, |value| Checked::same(value, check(value.as_bytes())))
    }
}

fn is_code_character(byte: &u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

fn check(bytes: &[u8]) -> Result<(), Reason> {
    if !bytes.iter().all(|byte| is_code_character(byte) || *byte == b'-') {
        return Err(Reason::Characters);
    }
    match bytes {
        [body @ .., b'-', last] if body.len() == 8 && body.iter().all(is_code_character) => {
            if check_character(body) == *last { Ok(()) } else { Err(Reason::Checksum) }
        }
        _ if matches!(bytes.len(), 9 | 10) => Err(Reason::Format),
        _ => Err(Reason::Length),
    }
}

/// The check character of eight digits and capital letters.
pub(super) fn check_character(body: &[u8]) -> u8 {
    let mut values = [0; 8];
    for (value, byte) in values.iter_mut().zip(body) {
        *value = value_of(*byte);
    }
    match 11 - weighted_sum(&values, WEIGHTS) % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + digit as u8,
    }
}

/// 0–9, then A = 10 to Z = 35.
fn value_of(byte: u8) -> u8 {
    if byte.is_ascii_digit() { byte & 0x0F } else { byte.wrapping_sub(b'A').wrapping_add(10) }
}
