//! Mobile telephone number of mainland China.

use arrow::array::StringArray;

use super::walk::{Case, Checked, Verdict, digits_of_length, text};
use super::{Context, Reason, Standard, Standardised, Title};

/// `1[3-9]` and nine digits. One leading `+86` or `86` is removed, with the spaces and hyphens after it; nothing behind
/// it means that the number is missing. Reasons, in the order of looking: `characters`, `length`, `prefix`.
#[derive(Debug)]
pub(super) struct Mobile;

impl Standard for Mobile {
    fn id(&self) -> &'static str {
        "mobile"
    }

    fn title(&self) -> Title {
        Title { zh: "手机号码", en: "mobile number" }
    }

    fn source(&self) -> &'static str {
        "1[3-9] + 9"
    }

    fn apply(&self, values: &StringArray, _: &Context) -> Standardised {
        text(values, Case::Keep, |value| {
            let number = without_country(value);
            let verdict = if number.is_empty() { Verdict::Pass } else { check(number.as_bytes()).into() };
            Checked::same(number, verdict)
        })
    }
}

fn without_country(value: &str) -> &str {
    match value.strip_prefix("+86").or_else(|| value.strip_prefix("86")) {
        Some(rest) => rest.trim_start_matches([' ', '-']),
        None => value,
    }
}

fn check(bytes: &[u8]) -> Result<(), Reason> {
    digits_of_length(bytes, 11..=11)?;
    match bytes {
        [b'1', b'3'..=b'9', ..] => Ok(()),
        _ => Err(Reason::Prefix),
    }
}
