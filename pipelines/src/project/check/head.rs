//! `[pipeline]` and `[quarantine]`.

use super::desk::{Declared, Desk, duplicates as report_duplicates};
use super::world::World;
use crate::spec::diagnostic::Diagnostic;
use crate::spec::forms;
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::PipelineSpec;

pub(super) fn check(world: &World<'_>, spec: &PipelineSpec, desk: &mut Desk<'_>) {
    if let Err(error) = forms::pipeline_id(&spec.pipeline.id) {
        desk.value("pipeline.id", error);
    }
    world.owner(&spec.pipeline.owner, "pipeline.owner", desk);
    if spec.library.is_empty() && spec.supply.is_empty() && !desk.has("library") && !desk.has("supply") {
        desk.value("pipeline", Mistake::NothingBuilt);
    }
    let quarantine = spec.quarantine.max.as_ref();
    if quarantine.and_then(|max| max.ratio).is_some_and(|ratio| !(0.0..=1.0).contains(&ratio)) {
        let mistake = Mistake::OutOfBounds { key: "ratio".into(), bounds: "0 … 1".into() };
        desk.value("quarantine.max.ratio", mistake);
    }
    if quarantine.is_some_and(|max| max.ratio.is_none() && max.rows.is_none()) {
        desk.absent("quarantine.max", "ratio", Mistake::NothingGiven { key: "max".into() });
    }
}

/// Ids that two pipelines share.
pub(super) fn duplicates(world: &World<'_>, list: &mut Vec<Diagnostic>) {
    let ids = world
        .draft
        .pipelines
        .iter()
        .map(|file| (Declared { place: &file.place, name: &file.spec.pipeline.id }, "pipeline.id".to_owned()));
    report_duplicates("pipeline", ids, &world.draft.sources, list);
}
