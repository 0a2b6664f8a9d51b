//! Bank card number, checked by Luhn's formula.

use arrow::array::StringArray;

use super::walk::{Case, Checked, digits_of_length, text};
use super::{Context, Reason, Standard, Standardised, Title};

/// 16 to 19 digits with a Luhn check digit. Reasons, in the order of looking: `characters`, `length`, `checksum`.
#[derive(Debug)]
pub(super) struct BankCard;

impl Standard for BankCard {
    fn id(&self) -> &'static str {
        "bank_card"
    }

    fn title(&self) -> Title {
        Title { zh: "银行卡号", en: "bank card number" }
    }

    fn source(&self) -> &'static str {
        "ISO/IEC 7812-1 (Luhn)"
    }

    fn apply(&self, values: &StringArray, _: &Context) -> Standardised {
        text(values, Case::Keep, |value| Checked::same(value, check(value.as_bytes())))
    }
}

fn check(bytes: &[u8]) -> Result<(), Reason> {
    /// The digits of twice a digit, added up.
    const DOUBLED: [u32; 16] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9, 0, 0, 0, 0, 0, 0];
    digits_of_length(bytes, 16..=19)?;
    let sum: u32 = bytes
        .rchunks(2)
        .map(|pair| match pair {
            [left, right] => DOUBLED[usize::from(left & 0x0F)] + u32::from(right & 0x0F),
            [right] => u32::from(right & 0x0F),
            _ => 0,
        })
        .sum();
    if sum.is_multiple_of(10) { Ok(()) } else { Err(Reason::Checksum) }
}
