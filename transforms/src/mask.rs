//! Masks: what a person may see of a value.
//!
//! A mask works on characters, not bytes. It changes every value that is not null, so nothing passes because it was too
//! short or not of the expected form. A mask alone leaves quasi-identifiers (an area, a family name).

mod address;

use arrow::array::{Array, StringArray, StringBuilder};
use serde::{Deserialize, Serialize};

use crate::text::bytes_of;

/// A way to hide a part of a text with `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Keeps the first 3 and the last 4 characters.
    Mobile,
    /// Keeps the first 6 and the last 4 characters.
    BankCard,
    /// Keeps the first 6 and the last 4 characters, which hides the birth date but keeps the area.
    CitizenId,
    /// Keeps the first character; a name of one character is hidden.
    Name,
    /// Keeps province, city and county, as far as they stand at the beginning; everything after becomes `****`.
    Address,
    /// Keeps the first and the last character of values of at least three.
    Generic,
}

/// What hides the rest of an address, whatever its length.
const REST: &str = "****";

impl Mask {
    /// Every mask.
    pub const ALL: [Mask; 6] =
        [Mask::Mobile, Mask::BankCard, Mask::CitizenId, Mask::Name, Mask::Address, Mask::Generic];

    /// The usual mask of a data element, [`Mask::Generic`] if it has none of its own. Besides the ids of
    /// [`standard`](crate::standard) it knows `name` and `address`.
    pub fn for_standard(id: &str) -> Mask {
        Mask::find(id).unwrap_or(Mask::Generic)
    }

    /// The mask with this id.
    pub fn find(id: &str) -> Option<Mask> {
        Mask::ALL.into_iter().find(|mask| mask.id() == id)
    }

    /// The stable name, also in definitions.
    pub fn id(self) -> &'static str {
        match self {
            Mask::Mobile => "mobile",
            Mask::BankCard => "bank_card",
            Mask::CitizenId => "citizen_id",
            Mask::Name => "name",
            Mask::Address => "address",
            Mask::Generic => "generic",
        }
    }

    /// Every value masked; null stays null.
    pub fn apply(self, values: &StringArray) -> StringArray {
        let mut out = StringBuilder::with_capacity(values.len(), bytes_of(values).len() + values.len());
        let mut scratch = String::new();
        for value in values {
            match value {
                None => out.append_null(),
                Some(value) => {
                    scratch.clear();
                    self.write(value, &mut scratch);
                    if scratch == value {
                        // A value that consists of asterisks already, or of nothing.
                        scratch.push('*');
                    }
                    out.append_value(&scratch);
                }
            }
        }
        out.finish()
    }

    fn write(self, value: &str, out: &mut String) {
        match self {
            Mask::Mobile => keep(value, 3, 4, out),
            Mask::BankCard | Mask::CitizenId => keep(value, 6, 4, out),
            Mask::Name => keep(value, 1, 0, out),
            Mask::Generic => keep(value, 1, 1, out),
            Mask::Address => {
                out.push_str(&value[..address::length_down_to_county(value)]);
                out.push_str(REST);
            }
        }
    }
}

/// Keeps the first and the last characters and hides the others; a value that would lose none is hidden entirely.
fn keep(value: &str, first: usize, last: usize, out: &mut String) {
    let ascii = value.is_ascii();
    let count = if ascii { value.len() } else { value.chars().count() };
    let Some(hidden) = count.checked_sub(first + last).filter(|&hidden| hidden > 0) else {
        return hide(count, out);
    };
    let end_of = |characters: usize| match ascii {
        true => characters,
        false => value.char_indices().nth(characters).map_or(value.len(), |(at, _)| at),
    };
    out.push_str(&value[..end_of(first)]);
    hide(hidden, out);
    out.push_str(&value[end_of(count - last)..]);
}

/// Appends as many asterisks.
fn hide(mut characters: usize, out: &mut String) {
    const ASTERISKS: &str = "********************************";
    while characters > 0 {
        let some = characters.min(ASTERISKS.len());
        out.push_str(&ASTERISKS[..some]);
        characters -= some;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(mask: Mask, value: &str) -> String {
        mask.apply(&StringArray::from(vec![value])).value(0).to_string()
    }

    #[test]
    fn each_mask_keeps_what_it_says() {
        assert_eq!(one(Mask::Mobile, "13912345678"), "139****5678");
        assert_eq!(one(Mask::BankCard, "6222021602000123457"), "622202*********3457");
        assert_eq!(one(Mask::CitizenId, "11010519491231002X"), "110105********002X");
        assert_eq!(one(Mask::Name, "张三丰"), "张**");
        assert_eq!(one(Mask::Name, "张"), "*");
        assert_eq!(one(Mask::Generic, "苏A12345"), "苏*****5");
        assert_eq!(one(Mask::Generic, "ab"), "**");
        assert_eq!(one(Mask::Generic, "abc"), "a*c");
    }

    #[test]
    fn short_values_are_hidden_entirely() {
        assert_eq!(one(Mask::Mobile, "1391234"), "*******");
        assert_eq!(one(Mask::CitizenId, "1101051234"), "**********");
        assert_eq!(one(Mask::BankCard, "张三李四"), "****");
    }

    #[test]
    fn addresses_end_at_the_county() {
        for (address, expected) in [
            ("江苏省盐城市亭湖区希望大道1号", "江苏省盐城市亭湖区****"),
            ("江苏省盐城市东台市金海路8号", "江苏省盐城市东台市****"),
            ("江苏省东台市金海路8号", "江苏省东台市****"),
            ("盐城市建湖县近湖镇", "盐城市建湖县****"),
            ("亭湖区希望路", "亭湖区****"),
            ("北京市朝阳区建国路", "北京市朝阳区****"),
            ("新疆维吾尔自治区伊犁哈萨克自治州伊宁县某路", "新疆维吾尔自治区伊犁哈萨克自治州伊宁县****"),
            ("江苏省盐城市建军路社区3号", "江苏省盐城市****"),
            ("希望小区5栋101室", "****"),
            ("建军东路68号金鹰小区", "****"),
            ("江苏省盐城市亭湖区", "江苏省盐城市亭湖区****"),
            ("", "****"),
            ("3 Main Street", "****"),
        ] {
            assert_eq!(one(Mask::Address, address), expected);
        }
    }

    #[test]
    fn no_value_is_ever_returned_unchanged() {
        for mask in Mask::ALL {
            for value in ["", "*", "***", "****", "a", "张", "13912345678", "江苏省****", "𠮷"] {
                assert_ne!(one(mask, value), value, "{mask:?}");
            }
            let nulls = mask.apply(&StringArray::from(vec![None, Some("x")]));
            assert!(nulls.is_null(0));
        }
    }

    #[test]
    fn elements_have_their_masks() {
        assert_eq!(Mask::for_standard("mobile"), Mask::Mobile);
        assert_eq!(Mask::for_standard("address"), Mask::Address);
        assert_eq!(Mask::for_standard("credit_code"), Mask::Generic);
    }
}
