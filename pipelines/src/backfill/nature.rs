//! What sources remember of the past, and what targets take of it.

use serde::Serialize;

use crate::spec::pipeline::{LibraryMode, PipelineSpec, SourceSpec, SupplyMode};
use crate::spec::template;

/// How much of an interval that is over a source still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Memory {
    /// A place of its own per business date: the day as it was delivered.
    Day,
    /// A place of its own per interval.
    Interval,
    /// A current-state table read by its cursor: of the rows changed in the interval, those that did not change again.
    Cursor,
    /// Everything as it is today, whatever the interval.
    Present,
    /// A library table of this project as it is today.
    Library,
}

impl Memory {
    /// Whether a past interval can be rebuilt as it was.
    pub fn is_as_of(self) -> bool {
        matches!(self, Self::Day | Self::Interval)
    }
}

/// What a source still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceNote {
    /// Name within the pipeline.
    pub name: String,
    /// How much of the past.
    pub memory: Memory,
}

/// What a target does with rows of a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Rows that are not older than the table's; nothing is deleted by absence.
    Newer,
    /// Rows whose key the table does not hold.
    Missing,
    /// Whole partitions of the business dates it covers, nothing else.
    Partitions,
    /// Refused: there is no partition to overwrite, so newer rows would be replaced.
    Refused,
    /// Only an interval that nothing was appended for.
    Once,
    /// Left out: its own next run sends what the backfill changed, once.
    OwnRun,
}

/// What a target does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetNote {
    /// `library:base.population` or `supply:domain/population`.
    pub target: String,
    /// With rows of a backfill.
    pub effect: Effect,
}

/// Whether every run must cover its own interval because a later one reads other data.
pub fn reads_its_interval(spec: &PipelineSpec) -> bool {
    let transforms = spec.transform.iter().flat_map(|transform| [&transform.filter, &transform.sql]);
    sources(spec).iter().any(|source| source.memory.is_as_of())
        || transforms.flatten().any(|text| named(text) != Named::Nothing)
}

/// What the sources of a pipeline remember.
pub(super) fn sources(spec: &PipelineSpec) -> Vec<SourceNote> {
    spec.source.iter().map(|source| SourceNote { name: source.name.clone(), memory: memory(spec, source) }).collect()
}

fn memory(spec: &PipelineSpec, source: &SourceSpec) -> Memory {
    if source.library.is_some() {
        return Memory::Library;
    }
    let own = [&source.files, &source.table].into_iter().flatten().map(|text| named(text)).max();
    match own.unwrap_or(Named::Nothing) {
        Named::Day => Memory::Day,
        Named::Interval => Memory::Interval,
        Named::Nothing if source.incremental.is_some() => Memory::Cursor,
        Named::Nothing if filtered(spec, &source.name) => Memory::Cursor,
        Named::Nothing => Memory::Present,
    }
}

/// Whether the step that reads it takes only rows of the interval.
fn filtered(spec: &PipelineSpec, source: &str) -> bool {
    let reading = spec.transform.iter().filter(|transform| transform.from.as_deref() == Some(source));
    let mut filters = reading.filter_map(|transform| transform.filter.as_deref());
    filters.any(|filter| named(filter) != Named::Nothing)
}

/// What a text names of its occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Nothing,
    Interval,
    Day,
}

fn named(text: &str) -> Named {
    match template::parse(text) {
        Ok(template) if template.names_the_day() => Named::Day,
        Ok(template) if template.varies() => Named::Interval,
        _ => Named::Nothing,
    }
}

/// What the targets of a pipeline do with a backfill; `run/backfill.rs` holds them to it.
pub(super) fn targets(spec: &PipelineSpec) -> Vec<TargetNote> {
    let libraries = spec.library.iter().map(|library| TargetNote {
        target: format!("library:{}", library.table),
        effect: match library.mode {
            LibraryMode::Merge if library.version.is_none() => Effect::Missing,
            LibraryMode::Merge | LibraryMode::History => Effect::Newer,
            LibraryMode::Overwrite if library.partition_by.is_empty() => Effect::Refused,
            LibraryMode::Overwrite => Effect::Partitions,
            LibraryMode::Append => Effect::Once,
        },
    });
    let relation = |name: &str| {
        spec.source.iter().any(|source| source.name == name) || spec.transform.iter().any(|step| step.name == name)
    };
    let supplies = spec.supply.iter().map(|supply| TargetNote {
        target: format!("supply:{}/{}", supply.to, supply.dataset),
        effect: match supply.mode {
            SupplyMode::Increment if relation(&supply.from) => Effect::Once,
            _ => Effect::OwnRun,
        },
    });
    libraries.chain(supplies).collect()
}
