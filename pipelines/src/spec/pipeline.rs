//! `pipelines/*.toml`: one file declares one pipeline — what is read, how it is governed, which libraries and
//! supplies come of it. The structs are the grammar, its schema and its manual.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod check;
mod library;
mod schedule;
mod source;
mod supply;
mod transform;

pub use check::*;
pub use library::*;
pub use schedule::*;
pub use source::*;
pub use supply::*;
pub use transform::*;

/// One pipeline file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineSpec {
    /// Who and what this pipeline is.
    pub pipeline: Head,
    /// When it is due. Without it, the pipeline runs only when asked to.
    pub schedule: Option<ScheduleSpec>,
    /// What is read.
    #[serde(default)]
    pub source: Vec<SourceSpec>,
    /// Named steps over sources and other transforms.
    #[serde(default)]
    pub transform: Vec<TransformSpec>,
    /// Quality rules beyond those the catalogue binds.
    #[serde(default)]
    pub check: Vec<CheckSpec>,
    /// How many rows may be quarantined before the quality gate closes.
    #[serde(default)]
    pub quarantine: QuarantineSpec,
    /// Library tables this pipeline builds. Each is a job of its own.
    #[serde(default)]
    pub library: Vec<LibrarySpec>,
    /// Datasets this pipeline supplies into other zones. Each is a job of its own.
    #[serde(default)]
    pub supply: Vec<SupplySpec>,
}

/// Who and what a pipeline is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Stable id, dotted lower case, unique in the project: `population.insured`.
    pub id: String,
    /// Title people read.
    pub title: String,
    /// Organisation of the catalogue that answers for it.
    pub owner: String,
    /// What it is for.
    pub description: Option<String>,
}

/// One text or a list of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// Nothing.
    #[default]
    None,
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::None => &[][..],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}
