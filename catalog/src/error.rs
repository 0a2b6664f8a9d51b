//! Every error of this crate, with its stable code. Refusals of a grant are [`crate::Refusal`].

use serde::Serialize;

/// What went wrong in the catalog. Fields are parameters for a message catalogue; they never hold personal data.
#[derive(Debug, thiserror::Error, Serialize, PartialEq, Eq, Clone)]
#[serde(tag = "code")]
pub enum Error {
    /// A grade that does not exist.
    #[error("{text:?} is not a grade; write L1, L2, L3, L4, important or core")]
    #[serde(rename = "K101")]
    BadGrade {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// A zone that does not exist.
    #[error(
        "{text:?} is not a zone; write platform, domain, scenario:<id> (a-z, 0-9 and _, at most 64) or outside"
    )]
    #[serde(rename = "K102")]
    BadZone {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// No lawful way between two zones.
    #[error(
        "data never goes from {from} to {to}; only platform → domain → scenario and outside → domain exist"
    )]
    #[serde(rename = "K103")]
    NoWay {
        /// The zone to leave.
        from: String,
        /// The zone to enter.
        to: String,
    },
    /// An item type that does not exist.
    #[error(
        "{text:?} is not an item type; write text, integer, decimal(12,2), float, boolean, date, timestamp or binary"
    )]
    #[serde(rename = "K104")]
    BadItemType {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// A resource code that does not follow the catalogue's form.
    #[error(
        "{text:?} is not a resource code; write class/project/list/serial in digits, for example 3/07/001/0001"
    )]
    #[serde(rename = "K105")]
    BadResourceCode {
        /// What was written, at most 64 characters.
        text: String,
    },
    /// A value could not be serialised or read back.
    #[error(
        "{what} could not be encoded or decoded; the catalog may be damaged or from a newer version"
    )]
    #[serde(rename = "K106")]
    Encoding {
        /// What was being encoded.
        what: String,
    },
}
