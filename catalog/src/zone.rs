//! Where data stands, and which borders it may cross.

use crate::Error;
use crate::text::string_form;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A zone of the authorised operation (M§8, P§5.1). In files: `platform`, `domain`, `scenario:<id>`, `outside`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// The public data platform 公共数据平台.
    Platform,
    /// The authorised operating domain 授权运营域, isolated within the government extranet.
    Domain,
    /// A developer's workspace inside the domain, by scenario id (`[a-z0-9_]{1,64}`).
    Scenario(String),
    /// Anywhere else: social data comes from here, nothing goes here.
    Outside,
}

/// A zone without the scenario's id: the granularity of a policy rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// The authorised operating domain.
    Domain,
    /// Any scenario workspace.
    Scenario,
}

/// One crossing between two neighbouring zones; each needs a live grant of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Border {
    /// The zone that the data leaves.
    pub from: Zone,
    /// The zone that the data enters.
    pub to: Zone,
}

impl Zone {
    /// The borders on the way from one zone to another, in the order of crossing; none within a zone.
    ///
    /// # Errors
    /// K103 where there is no lawful way: out of a scenario, back to the platform, or to the outside.
    pub fn borders(from: &Zone, to: &Zone) -> Result<Vec<Border>, Error> {
        let border = |from: &Zone, to: &Zone| Border { from: from.clone(), to: to.clone() };
        match (from, to) {
            _ if from == to => Ok(Vec::new()),
            (Zone::Platform | Zone::Outside, Zone::Domain) | (Zone::Domain, Zone::Scenario(_)) => {
                Ok(vec![border(from, to)])
            }
            (Zone::Platform | Zone::Outside, Zone::Scenario(_)) => {
                Ok(vec![border(from, &Zone::Domain), border(&Zone::Domain, to)])
            }
            _ => Err(Error::NoWay { from: from.to_string(), to: to.to_string() }),
        }
    }

    /// The kind of zone a policy rule speaks about; `None` for the platform and the outside.
    #[must_use]
    pub fn kind(&self) -> Option<ZoneKind> {
        match self {
            Zone::Domain => Some(ZoneKind::Domain),
            Zone::Scenario(_) => Some(ZoneKind::Scenario),
            Zone::Platform | Zone::Outside => None,
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Platform => formatter.write_str("platform"),
            Zone::Domain => formatter.write_str("domain"),
            Zone::Scenario(id) => write!(formatter, "scenario:{id}"),
            Zone::Outside => formatter.write_str("outside"),
        }
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "platform" => Ok(Zone::Platform),
            "domain" => Ok(Zone::Domain),
            "outside" => Ok(Zone::Outside),
            _ => match text.strip_prefix("scenario:") {
                Some(id) if valid_id(id) => Ok(Zone::Scenario(id.to_owned())),
                _ => Err(Error::BadZone { text: text.chars().take(64).collect() }),
            },
        }
    }
}

fn valid_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

string_form!(
    Zone,
    "^(platform|domain|outside|scenario:[a-z0-9_]{1,64})$",
    "A zone: platform, domain, scenario:<id> or outside."
);

impl fmt::Display for Border {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} → {}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn way(from: &str, to: &str) -> Option<Vec<String>> {
        let borders = Zone::borders(&from.parse().unwrap(), &to.parse().unwrap()).ok()?;
        Some(borders.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_the_lawful_ways_exist() {
        assert_eq!(way("platform", "domain").unwrap(), ["platform → domain"]);
        assert_eq!(way("domain", "scenario:a").unwrap(), ["domain → scenario:a"]);
        assert_eq!(way("outside", "domain").unwrap(), ["outside → domain"]);
        assert_eq!(way("platform", "scenario:a").unwrap(), ["platform → domain", "domain → scenario:a"]);
        for same in ["platform", "domain", "scenario:a", "outside"] {
            assert!(way(same, same).unwrap().is_empty());
        }
        for (from, to) in [
            ("scenario:a", "scenario:b"),
            ("scenario:a", "domain"),
            ("scenario:a", "outside"),
            ("domain", "platform"),
            ("domain", "outside"),
            ("platform", "outside"),
            ("outside", "platform"),
        ] {
            assert!(way(from, to).is_none(), "{from} → {to}");
        }
    }

    #[test]
    fn ids_are_narrow() {
        for bad in
            ["", "scenario:", "scenario:A", "scenario:a-b", "scenario:a/../b", "Platform", "scenario:信", "domain "]
        {
            assert!(bad.parse::<Zone>().is_err(), "{bad}");
        }
        assert!(format!("scenario:{}", "a".repeat(65)).parse::<Zone>().is_err());
        let zone: Zone = serde_json::from_str("\"scenario:inclusive_finance\"").unwrap();
        assert_eq!(serde_json::to_string(&zone).unwrap(), "\"scenario:inclusive_finance\"");
    }
}
