//! Code of the administrative division, GB/T 2260.

use arrow::array::StringArray;
use chrono::Datelike;

use super::areas::{self, Standing};
use super::walk::{Case, Checked, Verdict, digits_of_length, text};
use super::{Context, Reason, Standard, Standardised, Title};

/// Six digits. Reasons, in the order of looking: `characters`, `length`, `unknown-code` (a code of Yancheng, 3209xx,
/// that is not in the table), `expired-code` (a code of Yancheng that is not valid today). Elsewhere only the province
/// is looked at, and one that is unknown warns with `unknown-code`.
#[derive(Debug)]
pub(super) struct AreaCode;

impl Standard for AreaCode {
    fn id(&self) -> &'static str {
        "area_code"
    }

    fn title(&self) -> Title {
        Title { zh: "行政区划代码", en: "area code" }
    }

    fn source(&self) -> &'static str {
        "GB/T 2260-2007"
    }

    fn apply(&self, values: &StringArray, context: &Context) -> Standardised {
        let year = context.today.year();
        text(values, Case::Keep, |value| Checked::same(value, check(value.as_bytes(), year)))
    }
}

fn check(bytes: &[u8], year: i32) -> Verdict {
    if let Err(reason) = digits_of_length(bytes, 6..=6) {
        return Verdict::Fail(reason);
    }
    match areas::standing(bytes, year) {
        Standing::Valid => Verdict::Pass,
        Standing::Expired => Verdict::Fail(Reason::ExpiredCode),
        Standing::NotInTable => Verdict::Fail(Reason::UnknownCode),
        Standing::UnknownProvince => Verdict::Warn(Reason::UnknownCode),
    }
}
