//! What can be wrong with one value, and the result of looking at a column of them.

use arrow::array::ArrayRef;
use chrono::NaiveDate;
use serde::Serialize;

/// What a check may know besides the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The business "now": the day on which a date counts as being in the future or a code as expired.
    pub today: NaiveDate,
}

/// A column after normalising and checking.
#[derive(Debug, Clone)]
pub struct Standardised {
    /// As many rows as came in. A value that was missing or empty is null. A faulty text keeps its normalised text; a
    /// faulty value of any other type is null.
    pub values: ArrayRef,
    /// Rows that violate the standard, ascending, at most one per row.
    pub faults: Vec<Fault>,
    /// Rows that pass but look wrong, ascending, at most one per row; never a row that is in `faults`.
    pub warnings: Vec<Fault>,
}

/// One row and what is wrong with it. It holds no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Fault {
    /// Zero-based row in the array that was given.
    pub row: u32,
    /// What is wrong.
    pub reason: Reason,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a value is faulty or suspicious. The text form is stable: it is stored, counted and translated.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Reason {
            /// Every reason, for catalogues of messages.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),*];

            /// The stable kebab-case name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Reason::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// Too few or too many characters.
    Length = "length",
    /// A character that the element does not allow.
    Characters = "characters",
    /// The check character does not match the rest.
    Checksum = "checksum",
    /// The birth date inside the number does not exist.
    BirthDate = "birth-date",
    /// A date after today.
    Future = "future",
    /// A 15-digit citizen number with serial 996 to 999, which meant a birth before 1900.
    Serial = "serial",
    /// The leading digits are none that are issued.
    Prefix = "prefix",
    /// A code that is not in the table.
    UnknownCode = "unknown-code",
    /// A code that was in the table once and is no longer valid.
    ExpiredCode = "expired-code",
    /// The organisation code inside a credit code fails its own check.
    OrganisationCode = "organisation-code",
    /// The text does not have any accepted form.
    Format = "format",
    /// A date with a proper form that is not in the calendar.
    NoSuchDate = "no-such-date",
    /// The value cannot be read as the type asked for.
    Type = "type",
    /// The value exceeds the range of the type asked for.
    Range = "range",
    /// The value has more fraction digits than the type asked for can hold.
    Scale = "scale",
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Reason {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_names_are_distinct_and_read_back() {
        for &reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert_eq!("nonsense".parse::<Reason>(), Err(()));
    }
}
