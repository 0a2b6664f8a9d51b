//! Unified social credit code, GB 32100-2015.

use arrow::array::StringArray;

use super::organisation_code;
use super::walk::{Case, Checked, Verdict, all_digits, text, weighted_sum};
use super::{Context, Reason, Standard, Standardised, Title};

/// 18 characters: two for the registering authority, six digits for the area, the organisation code, a check.
///
/// Reasons, in the order of looking: `characters`, `length`, `checksum`. If positions 9–17 fail the check of the
/// organisation code, that warns with `organisation-code`.
#[derive(Debug)]
pub(super) struct CreditCode;

/// The characters in the order of their values.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// 3^i mod 31.
const WEIGHTS: [u16; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const NONE: u8 = 0xFF;
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        table[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    table
}

impl Standard for CreditCode {
    fn id(&self) -> &'static str {
        "credit_code"
    }

    fn title(&self) -> Title {
        Title { zh: "统一社会信用代码", en: "unified social credit code" }
    }

    fn source(&self) -> &'static str {
        "GB 32100-2015"
    }

    fn apply(&self, values: &StringArray, _: &Context) -> Standardised {
        text(values, Case::Upper, |value| Checked::same(value, check(value.as_bytes())))
    }
}

fn check(bytes: &[u8]) -> Verdict {
    let Ok(code) = <&[u8; 18]>::try_from(bytes) else {
        let known = bytes.iter().all(|&byte| VALUES[usize::from(byte)] != NONE);
        return Verdict::Fail(if known { Reason::Length } else { Reason::Characters });
    };
    let values = code.map(|byte| VALUES[usize::from(byte)]);
    if values.contains(&NONE) || !all_digits(&code[2..8]) {
        return Verdict::Fail(Reason::Characters);
    }
    let sum = weighted_sum(&values[..17], WEIGHTS);
    if u16::from(values[17]) != (31 - sum % 31) % 31 {
        Verdict::Fail(Reason::Checksum)
    } else if organisation_code::check_character(&code[8..16]) != code[16] {
        Verdict::Warn(Reason::OrganisationCode)
    } else {
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_powers_of_three() {
        let mut power = 1;
        for weight in WEIGHTS {
            assert_eq!(weight, power);
            power = power * 3 % 31;
        }
    }
}
