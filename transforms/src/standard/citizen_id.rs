//! Citizen identification number, GB 11643-1999.

use arrow::array::StringArray;

use super::areas;
use super::date::{Civil, digits};
use super::walk::{Canonical, Case, Checked, Verdict, all_digits, text};
use super::{Context, Reason, Standard, Standardised, Title};

/// 17 digits and a check character: area, birth date, serial, check.
///
/// Reasons, in the order of looking: `characters`, `length`, `serial` (15 digits, serial 996–999), `birth-date`,
/// `future`, `checksum`. An area that is unknown warns with `unknown-code`. A sound number of 15 digits becomes one of
/// 18; an unsound one keeps its text.
#[derive(Debug)]
pub(super) struct CitizenId;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [u8; 11] = *b"10X98765432";

impl Standard for CitizenId {
    fn id(&self) -> &'static str {
        "citizen_id"
    }

    fn title(&self) -> Title {
        Title {
            zh: "公民身份号码",
            en: "citizen identification number",
        }
    }

    fn source(&self) -> &'static str {
        "GB 11643-1999"
    }

    fn apply(&self, values: &StringArray, context: &Context) -> Standardised {
        let today = Civil::from(context.today);
        text(values, Case::Upper, |value| check(value, today))
    }
}

fn check(value: &str, today: Civil) -> Checked<'_> {
    match value.as_bytes() {
        bytes if bytes.len() == 18 && is_number(bytes) => {
            Checked::same(value, verdict_of_18(bytes, today))
        }
        bytes if bytes.len() == 15 && all_digits(bytes) => match from_15(bytes, today) {
            Ok(made) => Checked {
                value: Canonical::Made(made),
                verdict: area_verdict(bytes),
            },
            Err(reason) => Checked::same(value, Verdict::Fail(reason)),
        },
        bytes if is_number(bytes) => Checked::same(value, Verdict::Fail(Reason::Length)),
        _ => Checked::same(value, Verdict::Fail(Reason::Characters)),
    }
}

/// Digits, with X allowed at the end.
fn is_number(bytes: &[u8]) -> bool {
    match bytes {
        [head @ .., last] => all_digits(head) && (last.is_ascii_digit() || *last == b'X'),
        [] => false,
    }
}

fn verdict_of_18(bytes: &[u8], today: Civil) -> Verdict {
    let birth = Civil {
        year: digits(&bytes[6..10]),
        month: digits(&bytes[10..12]),
        day: digits(&bytes[12..14]),
    };
    match check_birth(birth, today) {
        Err(reason) => Verdict::Fail(reason),
        Ok(()) if check_character(&bytes[..17]) != bytes[17] => Verdict::Fail(Reason::Checksum),
        Ok(()) => area_verdict(bytes),
    }
}

fn from_15(bytes: &[u8], today: Civil) -> Result<[u8; 18], Reason> {
    if digits(&bytes[12..15]) >= 996 {
        return Err(Reason::Serial);
    }
    let mut made = [0; 18];
    made[..6].copy_from_slice(&bytes[..6]);
    made[6..8].copy_from_slice(b"19");
    made[8..17].copy_from_slice(&bytes[6..]);
    let birth = Civil {
        year: digits(&made[6..10]),
        month: digits(&made[10..12]),
        day: digits(&made[12..14]),
    };
    check_birth(birth, today)?;
    made[17] = check_character(&made[..17]);
    Ok(made)
}

fn check_birth(birth: Civil, today: Civil) -> Result<(), Reason> {
    if !birth.exists() {
        Err(Reason::BirthDate)
    } else if birth > today {
        Err(Reason::Future)
    } else {
        Ok(())
    }
}

fn check_character(body: &[u8]) -> u8 {
    let sum: u32 = body
        .iter()
        .zip(WEIGHTS)
        .map(|(&byte, weight)| u32::from(byte & 0x0F) * weight)
        .sum();
    CHECKS[(sum % 11) as usize]
}

fn area_verdict(bytes: &[u8]) -> Verdict {
    if areas::known_in_citizen_id(&bytes[..6]) {
        Verdict::Pass
    } else {
        Verdict::Warn(Reason::UnknownCode)
    }
}
