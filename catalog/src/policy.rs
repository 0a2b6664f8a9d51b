//! `policy.toml`: which protection a grade needs in which zone. A pure decision, deny by default.

use crate::{Error, Grade, Zone, ZoneKind, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a column is protected. The order of an `Allow` decides what is the default, not the order here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Supplied as it is.
    None,
    /// Part of the value is hidden.
    Mask,
    /// Replaced by a keyed pseudonym, one key per scenario.
    Pseudonym,
    /// Rounded or cut to something coarser.
    Generalise,
    /// Encrypted under the grant's key.
    Encrypt,
    /// Left out: the column is empty.
    Suppress,
}

impl Protection {
    /// All protections.
    pub const ALL: [Protection; 6] = [
        Protection::None,
        Protection::Mask,
        Protection::Pseudonym,
        Protection::Generalise,
        Protection::Encrypt,
        Protection::Suppress,
    ];

    /// The protection of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Protection> {
        Protection::ALL.into_iter().find(|protection| protection.as_str() == text)
    }

    /// The form used in files and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Protection::None => "none",
            Protection::Mask => "mask",
            Protection::Pseudonym => "pseudonym",
            Protection::Generalise => "generalise",
            Protection::Encrypt => "encrypt",
            Protection::Suppress => "suppress",
        }
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The file `policy.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The rules; what no rule allows is denied.
    #[serde(default)]
    pub rule: Vec<PolicyRule>,
}

/// One rule: a grade in a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// The grade it speaks about.
    pub grade: Grade,
    /// The zone that the data enters.
    pub zone: ZoneKind,
    /// Protections that suffice; the first is used when the pipeline names none.
    #[serde(default)]
    pub protect: Vec<Protection>,
    /// Forbids the crossing and says why; wins over every other rule of the grade and zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<String>,
}

/// What the policy says about one column entering a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// It may not enter.
    Deny {
        /// Why, in words for the reader.
        reason: String,
    },
    /// It may enter under one of these protections; the first is the default, and there is at least one.
    Allow {
        /// The acceptable protections.
        protections: Vec<Protection>,
    },
}

impl Policy {
    /// Decides how a column of a grade may enter a zone. Says nothing about grants: both must agree.
    #[must_use]
    pub fn decide(&self, grade: Grade, zone: &Zone) -> Decision {
        if !grade.leaves_platform() {
            return deny(format!("{grade} data never leaves the platform"));
        }
        let Some(kind) = zone.kind() else {
            return deny(format!("the policy lets nothing enter {zone}"));
        };
        let mut protections = Vec::new();
        for rule in self.rule.iter().filter(|rule| rule.grade == grade && rule.zone == kind) {
            if let Some(reason) = &rule.deny {
                return deny(reason.clone());
            }
            for protection in &rule.protect {
                if !protections.contains(protection) {
                    protections.push(*protection);
                }
            }
        }
        if protections.is_empty() {
            return deny(format!("no policy rule lets {grade} data enter {zone}"));
        }
        Decision::Allow { protections }
    }

    /// The policy that Sluice ships: domain as is up to L3; scenarios by level as the plan's P§5.1.3 asks.
    #[must_use]
    pub fn shipped() -> Policy {
        use Protection::{Encrypt, Generalise, Mask, None, Pseudonym, Suppress};
        let rule = |grade, zone, protect: &[Protection]| PolicyRule {
            grade,
            zone,
            protect: protect.to_vec(),
            deny: Option::None,
        };
        let anything = [None, Mask, Generalise, Pseudonym, Encrypt, Suppress];
        Policy {
            rule: vec![
                rule(Grade::L1, ZoneKind::Domain, &anything),
                rule(Grade::L2, ZoneKind::Domain, &anything),
                rule(Grade::L3, ZoneKind::Domain, &anything),
                rule(Grade::L4, ZoneKind::Domain, &[Encrypt, Suppress]),
                rule(Grade::L1, ZoneKind::Scenario, &anything),
                rule(Grade::L2, ZoneKind::Scenario, &[Mask, Generalise, Pseudonym, Encrypt, Suppress]),
                rule(Grade::L3, ZoneKind::Scenario, &[Pseudonym, Generalise, Encrypt, Suppress]),
                rule(Grade::L4, ZoneKind::Scenario, &[Suppress, Encrypt]),
            ],
        }
    }

    /// SM3 of the canonical JSON, 64 hexadecimal digits; pinned by every occurrence.
    ///
    /// # Errors
    /// K106 if the policy cannot be serialised.
    pub fn digest(&self) -> Result<String, Error> {
        digest::sm3_of(self)
    }
}

fn deny(reason: String) -> Decision {
    Decision::Deny { reason }
}
