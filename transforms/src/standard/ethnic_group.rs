//! Numeric code of the ethnic group, GB/T 3304-1991.

use arrow::array::StringArray;

use super::date::digits;
use super::walk::{Case, Checked, all_digits, text};
use super::{Context, Reason, Standard, Standardised, Title};

/// Two digits: 01–56, 97 (other), 98 (naturalised). Anything else is `unknown-code`.
#[derive(Debug)]
pub(super) struct EthnicGroup;

impl Standard for EthnicGroup {
    fn id(&self) -> &'static str {
        "ethnic_group"
    }

    fn title(&self) -> Title {
        Title { zh: "民族代码", en: "ethnic group" }
    }

    fn source(&self) -> &'static str {
        "GB/T 3304-1991"
    }

    fn apply(&self, values: &StringArray, _: &Context) -> Standardised {
        text(values, Case::Keep, |value| {
            let bytes = value.as_bytes();
            let known = bytes.len() == 2 && all_digits(bytes) && matches!(digits(bytes), 1..=56 | 97 | 98);
            Checked::same(value, if known { Ok(()) } else { Err(Reason::UnknownCode) })
        })
    }
}
