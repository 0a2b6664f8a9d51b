//! Code of sex, GB/T 2261.1-2003.

use arrow::array::StringArray;

use super::walk::{Case, Checked, text};
use super::{Context, Reason, Standard, Standardised, Title};

/// 0 unknown, 1 male, 2 female, 9 unstated. Anything else is `unknown-code`.
#[derive(Debug)]
pub(super) struct Sex;

impl Standard for Sex {
    fn id(&self) -> &'static str {
        "sex"
    }

    fn title(&self) -> Title {
        Title { zh: "性别代码", en: "sex" }
    }

    fn source(&self) -> &'static str {
        "GB/T 2261.1-2003"
    }

    fn apply(&self, values: &StringArray, _: &Context) -> Standardised {
        text(values, Case::Keep, |value| {
            let verdict = match value.as_bytes() {
                [b'0' | b'1' | b'2' | b'9'] => Ok(()),
                _ => Err(Reason::UnknownCode),
            };
            Checked::same(value, verdict)
        })
    }
}
