//! `[[supply]]`: datasets that leave.

use std::collections::BTreeMap;

use catalog::Zone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OneOrMany, SampleSpec};

/// A dataset supplied into another zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplySpec {
    /// Library table, or a relation of this pipeline.
    pub from: String,
    /// Zone it goes to.
    pub to: Zone,
    /// Connection that holds the dataset; the only one of that zone by default.
    pub connection: Option<String>,
    /// Name of the dataset, lower case letters, digits and underscores.
    pub dataset: String,
    /// Form of the dataset.
    #[serde(default)]
    pub format: DatasetFormat,
    /// What is sent each time.
    pub mode: SupplyMode,
    /// Longest time between two deliveries, `26h`: its grant's promise. The watchdog tells of one that is later.
    pub freshness: Option<String>,
    /// Grants for the borders it crosses.
    #[serde(default)]
    pub grant: OneOrMany,
    /// What the data is for; one of the purposes of its grants.
    pub purpose: Option<String>,
    /// Columns that are supplied; nothing else leaves.
    pub select: Vec<String>,
    /// SQL condition on the rows; only columns that the grant's row scope names.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// Stronger protection than policy and grant demand, or the choice among those they accept.
    #[serde(default)]
    pub protect: BTreeMap<String, ProtectSpec>,
    /// Keep a seeded share of the rows. A training grant demands it.
    pub sample: Option<SampleSpec>,
}

/// Form of a supplied dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatasetFormat {
    /// A Delta table.
    #[default]
    Delta,
    /// Parquet files with a manifest per delivery.
    Parquet,
    /// CSV files with a manifest per delivery.
    Csv,
}

/// What a supply sends each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupplyMode {
    /// The dataset is replaced by the rows as they are now.
    Full,
    /// Rows that are new or changed since the last delivery are added.
    Increment,
    /// Inserts, updates and deletes since the last delivery, as rows with a column `_operation`.
    Changes,
}

/// How a column is protected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ProtectSpec {
    /// A protection that needs no parameter.
    Named(catalog::policy::Protection),
    /// A generalisation.
    Generalise(GeneraliseSpec),
}

/// A generalisation: `{ generalise = 1000 }`, `{ generalise = "month" }`, `{ generalise = "county" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeneraliseSpec {
    /// A step for numbers, `year` or `month` for dates, `province`, `city` or `county` for area codes.
    pub generalise: GeneraliseTo,
}

/// What a value is generalised to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum GeneraliseTo {
    /// Numbers: the multiple of this step at or below.
    Step(i64),
    /// Dates and area codes: the level.
    Level(GeneraliseLevel),
}

/// Levels of dates and area codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GeneraliseLevel {
    /// First day of the year.
    Year,
    /// First day of the month.
    Month,
    /// First two digits.
    Province,
    /// First four digits.
    City,
    /// All six digits of the county, nothing finer.
    County,
}
