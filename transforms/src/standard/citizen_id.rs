//! Citizen identification number, GB 11643-1999.

use arrow::array::StringArray;

use super::areas;
use super::date::{Civil, digits};
use super::walk::{Canonical, Case, Checked, Verdict, all_digits, text, weighted_sum};
use super::{Context, Reason, Standard, Standardised, Title};

/// 17 digits and a check character: area, birth date, serial, check.
///
/// Reasons, in the order of looking: `characters`, `length`, `serial` (15 digits, serial 996–999), `birth-date`,
/// `future`, `checksum`. An area that is unknown warns with `unknown-code`. A sound number of 15 digits becomes one of
/// 18; an unsound one keeps its text.
#[derive(Debug)]
pub(super) struct CitizenId;

const WEIGHTS: [u16; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [u8; 11] = *b"10X98765432";

impl Standard for CitizenId {
    fn id(&self) -> &'static str {
        "citizen_id"
    }

    fn title(&self) -> Title {
        Title { zh: "公民身份号码", en: "citizen identification number" }
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
    let bytes = value.as_bytes();
    if let Some((body, &[last])) = bytes.split_first_chunk::<17>()
        && all_digits(body)
        && (last.is_ascii_digit() || last == b'X')
    {
        return Checked::same(value, verdict_of_18(body, last, today));
    }
    if let Ok(old) = <&[u8; 15]>::try_from(bytes)
        && all_digits(old)
    {
        return match from_15(old, today) {
            Ok(made) => Checked { value: Canonical::Made(made), verdict: area_verdict(old) },
            Err(reason) => Checked::same(value, Verdict::Fail(reason)),
        };
    }
    let reason = if is_number(bytes) { Reason::Length } else { Reason::Characters };
    Checked::same(value, Verdict::Fail(reason))
}

/// Digits, with X allowed at the end.
fn is_number(bytes: &[u8]) -> bool {
    match bytes {
        [head @ .., last] => all_digits(head) && (last.is_ascii_digit() || *last == b'X'),
        [] => false,
    }
}

fn verdict_of_18(body: &[u8; 17], last: u8, today: Civil) -> Verdict {
    match check_birth(birth(body), today) {
        Err(reason) => Verdict::Fail(reason),
        Ok(()) if check_character(body) != last => Verdict::Fail(Reason::Checksum),
        Ok(()) => area_verdict(body),
    }
}

fn from_15(old: &[u8; 15], today: Civil) -> Result<[u8; 18], Reason> {
    if digits(&old[12..15]) >= 996 {
        return Err(Reason::Serial);
    }
    let mut body = [0; 17];
    body[..6].copy_from_slice(&old[..6]);
    body[6..8].copy_from_slice(b"19");
    body[8..].copy_from_slice(&old[6..]);
    check_birth(birth(&body), today)?;
    let mut made = [check_character(&body); 18];
    made[..17].copy_from_slice(&body);
    Ok(made)
}

fn birth(body: &[u8; 17]) -> Civil {
    Civil { year: digits(&body[6..10]), month: digits(&body[10..12]), day: digits(&body[12..14]) }
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

fn check_character(body: &[u8; 17]) -> u8 {
    let sum = weighted_sum(&body.map(|byte| byte & 0x0F), WEIGHTS);
    CHECKS[usize::from(sum % 11)]
}

fn area_verdict(bytes: &[u8]) -> Verdict {
    if areas::known_in_citizen_id(&bytes[..6]) { Verdict::Pass } else { Verdict::Warn(Reason::UnknownCode) }
}
