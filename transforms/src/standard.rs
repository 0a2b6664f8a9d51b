//! The standards of data elements: one file each, registered here.
//!
//! A standard normalises a text column, checks every value and says which rows are wrong and why. The text folding
//! that all of them share is [`crate::text`]; what an element adds is in its own file.

mod area_code;
mod areas;
mod bank_card;
mod citizen_id;
mod credit_code;
pub(crate) mod date;
mod ethnic_group;
mod mobile;
mod organisation_code;
mod sex;
mod walk;

#[cfg(test)]
mod tests;

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use serde::Serialize;

pub use crate::fault::{Context, Fault, Reason, Standardised};

/// Every standard, in the order in which they are listed to people. A new one is a file and a line here.
static ALL: &[&dyn Standard] = &[
    &citizen_id::CitizenId,
    &credit_code::CreditCode,
    &organisation_code::OrganisationCode,
    &bank_card::BankCard,
    &mobile::Mobile,
    &date::Date,
    &area_code::AreaCode,
    &sex::Sex,
    &ethnic_group::EthnicGroup,
];

/// How one data element is written and checked.
pub trait Standard: Send + Sync + std::fmt::Debug {
    /// The stable name in definitions, for example `citizen_id`.
    fn id(&self) -> &'static str;

    /// The name for people.
    fn title(&self) -> Title;

    /// The document that defines the element, for example `GB 11643-1999`.
    fn source(&self) -> &'static str;

    /// The type of [`Standardised::values`].
    fn output(&self) -> DataType {
        DataType::Utf8
    }

    /// Normalises and checks a column of any length.
    ///
    /// Missing stays null and is no fault; a text that is empty after trimming becomes null. A faulty text keeps its
    /// normalised text. When every value is already normal the input array itself is returned.
    fn apply(&self, values: &StringArray, context: &Context) -> Standardised;
}

/// A name in the two languages of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Title {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// Every standard.
pub fn all() -> &'static [&'static dyn Standard] {
    ALL
}

/// The standard with this id.
pub fn find(id: &str) -> Option<&'static dyn Standard> {
    ALL.iter().copied().find(|standard| standard.id() == id)
}
