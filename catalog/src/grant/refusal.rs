//! Why a grant does not let something cross.

use crate::Grade;
use chrono::NaiveDate;
use serde::Serialize;

/// A refusal, with its stable code and parameters. Every way out it names is an authorisation, never a mask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum Refusal {
    /// No grant of that number.
    #[error("grant {grant} is not in the catalog; import it or correct the number")]
    #[serde(rename = "K200")]
    Unknown {
        /// Number of the grant.
        grant: String,
    },
    /// The term has ended.
    #[error("grant {grant} ended on {until} and cannot be used on {on}; ask the authority to renew it")]
    #[serde(rename = "K201")]
    Expired {
        /// Number of the grant.
        grant: String,
        /// Its last day.
        until: NaiveDate,
        /// The day asked about.
        on: NaiveDate,
    },
    /// The term has not begun.
    #[error("grant {grant} begins on {from} and cannot be used on {on} yet")]
    #[serde(rename = "K202")]
    NotYet {
        /// Number of the grant.
        grant: String,
        /// Its first day.
        from: NaiveDate,
        /// The day asked about.
        on: NaiveDate,
    },
    /// Suspended for now.
    #[error("grant {grant} is suspended; ask the authority whether it will be resumed")]
    #[serde(rename = "K203")]
    Suspended {
        /// Number of the grant.
        grant: String,
    },
    /// Revoked for good.
    #[error("grant {grant} was revoked; only a new grant can replace it")]
    #[serde(rename = "K204")]
    Revoked {
        /// Number of the grant.
        grant: String,
    },
    /// The agreement behind it has ended.
    #[error(
        "agreement {agreement} behind grant {grant} ended on {until} and cannot carry it on {on}; renew the agreement"
    )]
    #[serde(rename = "K205")]
    AgreementEnded {
        /// Number of the grant.
        grant: String,
        /// Number of the agreement.
        agreement: String,
        /// Its last day.
        until: NaiveDate,
        /// The day asked about.
        on: NaiveDate,
    },
    /// A term that ends before it begins or is longer than three years.
    #[error("grant {grant} runs from {from} to {until}; a term ends after it begins and lasts at most 3 years")]
    #[serde(rename = "K206")]
    Term {
        /// Number of the grant.
        grant: String,
        /// Its first day.
        from: NaiveDate,
        /// Its last day.
        until: NaiveDate,
    },
    /// Another border than the one asked about.
    #[error("grant {grant} is not for the border {from} → {to}; that crossing needs a grant of its own")]
    #[serde(rename = "K207")]
    OtherBorder {
        /// Number of the grant.
        grant: String,
        /// Zone to leave.
        from: String,
        /// Zone to enter.
        to: String,
    },
    /// The resource is not named.
    #[error("grant {grant} does not name resource {resource}; apply for it")]
    #[serde(rename = "K208")]
    NoResource {
        /// Number of the grant.
        grant: String,
        /// Code of the resource.
        resource: String,
    },
    /// The field is not named.
    #[error(
        "grant {grant} does not name field {field} ({grade}) of resource {resource}; leave the field out or apply for it: masking does not replace authorisation"
    )]
    #[serde(rename = "K209")]
    NoField {
        /// Number of the grant.
        grant: String,
        /// Code of the resource.
        resource: String,
        /// Name of the item.
        field: String,
        /// Grade of the column.
        grade: Grade,
    },
    /// The grade exceeds the ceiling.
    #[error(
        "field {field} of resource {resource} is graded {grade}, above the ceiling {ceiling} of grant {grant}; leave the field out or apply for a higher ceiling: masking does not replace authorisation"
    )]
    #[serde(rename = "K210")]
    AboveCeiling {
        /// Number of the grant.
        grant: String,
        /// Code of the resource.
        resource: String,
        /// Name of the item.
        field: String,
        /// Grade of the column.
        grade: Grade,
        /// Ceiling of the grant.
        ceiling: Grade,
    },
    /// A training grant without a sampling rate.
    #[error("grant {grant} is for training but sets no sampling rate; training data is sampled and masked")]
    #[serde(rename = "K211")]
    TrainingWithoutSample {
        /// Number of the grant.
        grant: String,
    },
    /// The grant changed after it was planned with.
    #[error("grant {grant} changed after the plan was made; plan again under the grant as it stands now")]
    #[serde(rename = "K212")]
    Changed {
        /// Number of the grant.
        grant: String,
    },
}
