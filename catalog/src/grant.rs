//! `grants/*.toml`: who may take what, into which zone, how long; and the pure answers to "may this cross?".

use crate::{Border, Error, Grade, Protection, Zone, date, digest};
use chrono::{Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod refusal;
pub use refusal::Refusal;

/// Longest term of an agreement, and so of a grant, in months (M§6).
pub const LONGEST_TERM_MONTHS: u32 = 36;

/// One file of `grants/`. The `[[grant]]` table may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantFile {
    /// The grants of the file.
    #[serde(default)]
    pub grant: Vec<Grant>,
}

/// A grant: the authority's permission to carry named fields of named resources over one border.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Number of the grant, for example `G-2026-0137`.
    pub id: String,
    /// What it is for, in a few words.
    pub title: String,
    /// Operation (platform → domain), development (domain → scenario) or training samples.
    pub kind: GrantKind,
    /// Zone that the data leaves.
    pub from: Zone,
    /// Zone that the data enters.
    pub to: Zone,
    /// Id of the organisation that holds the grant.
    pub holder: String,
    /// Name of the scenario it was reviewed for (one scenario, one list, one review).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The purpose it was given for, in words.
    pub purpose: String,
    /// Further purposes a supply may name; without any, only `purpose` itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// The agreement behind it; no grant outlives its agreement.
    pub agreement: Agreement,
    /// Which fields of which resources.
    #[serde(default)]
    pub resources: Vec<ResourceScope>,
    /// Highest grade of any column, and of anything rows were chosen by.
    pub ceiling: Grade,
    /// First day, inclusive, `YYYY-MM-DD`.
    #[serde(with = "date")]
    #[schemars(schema_with = "date::schema")]
    pub valid_from: NaiveDate,
    /// Last day, inclusive, `YYYY-MM-DD`.
    #[serde(with = "date")]
    #[schemars(schema_with = "date::schema")]
    pub valid_until: NaiveDate,
    /// Protections that the review demands, by field; they add to the policy and never weaken it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protect: BTreeMap<String, Protection>,
    /// Sampling that the review demands; obligatory for training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<SampleDemand>,
    /// Whether it is in force; default active.
    #[serde(default)]
    pub state: GrantState,
}

/// What kind of permission it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// Authorised operation: the resource enters the operating domain (M§8).
    Operation,
    /// Authorised development: a scenario's list of fields (P§5.2).
    Development,
    /// Samples for training and validation: sampled and masked (P§5.3.2).
    Training,
}

/// Whether a grant is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// In force within its term.
    #[default]
    Active,
    /// Closed for now; reversible.
    Suspended,
    /// Closed for good (M§22).
    Revoked,
}

/// The agreement that a grant rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Number of the agreement.
    pub id: String,
    /// Last day of the agreement, inclusive, `YYYY-MM-DD`.
    #[serde(with = "date")]
    #[schemars(schema_with = "date::schema")]
    pub until: NaiveDate,
}

/// Fields of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceScope {
    /// Code of the resource.
    pub resource: String,
    /// Item names that may be carried; empty: none, `["*"]`: all.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Item names that may decide which rows are carried, also above the ceiling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_fields: Vec<String>,
}

/// A demand for sampling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleDemand {
    /// Greatest share of the rows, above 0 and at most 1, for example `0.05`.
    pub max_rate: Rate,
}

/// A share of rows above 0 and at most 1, kept in whole millionths so that it compares and digests exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate {
    millionths: u32,
}

impl Rate {
    /// The share as a fraction of one.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.millionths) / 1e6
    }
}

impl TryFrom<f64> for Rate {
    type Error = &'static str;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        let millionths = (share * 1e6).round();
        if !(1.0..=1e6).contains(&millionths) || share > 1.0 {
            return Err("a rate is above 0 and at most 1, in steps of 0.000001");
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // within 1..=1,000,000, checked above
        Ok(Rate { millionths: millionths as u32 })
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> f64 {
        rate.as_f64()
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 })
    }
}

/// A grant as the catalog keeps it. Where it came from is set by the catalog, never read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredGrant {
    /// The grant.
    pub grant: Grant,
    /// Where it came from.
    pub provenance: Provenance,
    /// SM3 of its canonical JSON, 64 hexadecimal digits.
    pub digest: String,
}

/// Where a grant came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// Imported from a TOML file: nobody approved it in the catalog; shown as unverified.
    File,
}

impl Grant {
    /// SM3 of the canonical JSON, 64 hexadecimal digits.
    ///
    /// # Errors
    /// K106 if the grant cannot be serialised.
    pub fn digest(&self) -> Result<String, Error> {
        digest::sm3_of(self)
    }

    /// Whether the grant is in force on a day.
    ///
    /// # Errors
    /// The first reason why not: state, term longer than the law allows, training without sampling, agreement, days.
    pub fn live(&self, on: NaiveDate) -> Result<(), Refusal> {
        let grant = self.id.clone();
        match self.state {
            GrantState::Revoked => return Err(Refusal::Revoked { grant }),
            GrantState::Suspended => return Err(Refusal::Suspended { grant }),
            GrantState::Active => {}
        }
        let (from, until) = (self.valid_from, self.valid_until);
        let last = from.checked_add_months(Months::new(LONGEST_TERM_MONTHS)).and_then(|day| day.pred_opt());
        if until < from || last.is_none_or(|last| until > last) {
            return Err(Refusal::Term { grant, from, until });
        }
        if self.kind == GrantKind::Training && self.sample.is_none() {
            return Err(Refusal::TrainingWithoutSample { grant });
        }
        if on < from {
            return Err(Refusal::NotYet { grant, from, on });
        }
        if on > until {
            return Err(Refusal::Expired { grant, until, on });
        }
        if on > self.agreement.until {
            return Err(Refusal::AgreementEnded {
                grant,
                agreement: self.agreement.id.clone(),
                until: self.agreement.until,
                on,
            });
        }
        Ok(())
    }

    /// Whether a field of a resource, at a grade, may be carried over a border. Says nothing about the day.
    ///
    /// # Errors
    /// Why not: another border, a resource or a field that the grant does not name, a grade above its ceiling.
    pub fn covers(&self, border: &Border, resource: &str, field: &str, grade: Grade) -> Result<(), Refusal> {
        let grant = self.id.clone();
        if self.from != border.from || self.to != border.to {
            return Err(Refusal::OtherBorder { grant, from: border.from.to_string(), to: border.to.to_string() });
        }
        let (resource_code, field_name) = (resource.to_owned(), field.to_owned());
        let Some(scope) = self.scope(resource) else {
            return Err(Refusal::NoResource { grant, resource: resource_code });
        };
        if !scope.fields.iter().any(|named| named == "*" || named == field) {
            return Err(Refusal::NoField { grant, resource: resource_code, field: field_name, grade });
        }
        if grade > self.ceiling || !grade.leaves_platform() {
            return Err(Refusal::AboveCeiling {
                grant,
                resource: resource_code,
                field: field_name,
                grade,
                ceiling: self.ceiling,
            });
        }
        Ok(())
    }

    /// Whether the grant's row scope names the field: only then may it decide about rows above the ceiling.
    #[must_use]
    pub fn rows_by(&self, resource: &str, field: &str) -> bool {
        self.scope(resource).is_some_and(|scope| scope.row_fields.iter().any(|named| named == field))
    }

    /// The scope of one resource.
    #[must_use]
    pub fn scope(&self, resource: &str) -> Option<&ResourceScope> {
        self.resources.iter().find(|scope| scope.resource == resource)
    }

    /// Whether a column of that grade must be protected however lenient the policy is: in training samples everything
    /// that could harm anyone is masked (P§5.3.2), so only L1 may be carried as it is.
    #[must_use]
    pub fn demands_protection(&self, grade: Grade) -> bool {
        self.kind == GrantKind::Training && grade > Grade::L1
    }

    /// Whether the purpose a supply names is one that the grant was given for.
    #[must_use]
    pub fn allows_purpose(&self, purpose: &str) -> bool {
        self.purpose == purpose || self.purposes.iter().any(|allowed| allowed == purpose)
    }
}
