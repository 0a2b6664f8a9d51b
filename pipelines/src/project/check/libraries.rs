//! `[[library]]`.

use catalog::Grade;

use super::columns::{Columns, require, require_all};
use super::desk::{Declared, Desk, duplicates as report_duplicates};
use super::graph::Graph;
use super::texts;
use super::world::{World, cut};
use crate::spec::diagnostic::Diagnostic;
use crate::spec::forms;
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::{DeletesSpec, LibraryMode, LibrarySpec, SourceSpec};

pub(super) fn check(world: &World<'_>, pipeline: usize, columns: &Columns<'_>, graph: &Graph, desk: &mut Desk<'_>) {
    let spec = world.pipeline(pipeline);
    for (index, library) in spec.library.iter().enumerate() {
        let path = format!("library[{index}]");
        if let Err(error) = forms::table_name(&library.table) {
            desk.value(&format!("{path}.table"), error);
        }
        texts::bounded(library.freshness.as_ref(), &format!("{path}.freshness"), texts::MINUTE_TO_YEAR, desk);
        world.relation(spec, &library.from, &format!("{path}.from"), desk);
        world.grants(&library.grant, &format!("{path}.grant"), desk);
        let sources = graph.sources(world, pipeline, &library.from);
        let sources: Vec<&SourceSpec> = sources.into_iter().map(|at| &spec.source[at]).collect();
        modes(library, &sources, &path, desk);
        named_columns(library, pipeline, columns, &path, desk);
    }
}

fn modes(library: &LibrarySpec, sources: &[&SourceSpec], path: &str, desk: &mut Desk<'_>) {
    let keyed = matches!(library.mode, LibraryMode::Merge | LibraryMode::History);
    let mode = mode_name(library.mode);
    let at_mode = format!("{path}.mode");
    if keyed && library.key.is_empty() && !desk.is_doubtful(&format!("{path}.key")) {
        desk.value(&at_mode, Mistake::KeyNeeded { mode: mode.into() });
    }
    let incremental = |source: &&&SourceSpec| source.incremental.is_some();
    let lookback = |source: &&&SourceSpec| source.incremental.as_ref().is_some_and(|one| one.lookback.is_some());
    if library.mode == LibraryMode::Append
        && let Some(source) = sources.iter().find(lookback)
    {
        desk.value(&at_mode, Mistake::AppendLookback { source_name: cut(&source.name) });
    }
    let Some(deletes) = &library.deletes else {
        return;
    };
    if !keyed && !desk.is_doubtful(&at_mode) {
        desk.value(&format!("{path}.deletes"), Mistake::DeletesMode { mode: mode.into() });
    }
    match deletes {
        DeletesSpec::Absence(_) => {
            if let Some(source) = sources.iter().find(incremental) {
                let mistake = Mistake::AbsenceNeedsFullLoad { source_name: cut(&source.name) };
                desk.value(&format!("{path}.deletes"), mistake);
            }
        }
        DeletesSpec::Flag(flag) if flag.values.is_empty() => {
            desk.value(&format!("{path}.deletes.values"), Mistake::EmptyList { key: "values".into() });
        }
        DeletesSpec::Flag(_) => {}
    }
}

fn named_columns(library: &LibrarySpec, pipeline: usize, columns: &Columns<'_>, path: &str, desk: &mut Desk<'_>) {
    let known = columns.relation(pipeline, &library.from);
    let known = known.as_deref();
    require_all(known, &library.key, &library.from, &format!("{path}.key"), desk);
    require_all(known, &library.partition_by, &library.from, &format!("{path}.partition_by"), desk);
    if let Some(version) = &library.version {
        require(known, version, &library.from, &format!("{path}.version"), desk);
    }
    if let Some(DeletesSpec::Flag(flag)) = &library.deletes {
        require(known, &flag.flag, &library.from, &format!("{path}.deletes.flag"), desk);
    }
    for (index, column) in library.partition_by.iter().enumerate() {
        let grade = known.and_then(|known| known.get(column).copied().flatten());
        if let Some(grade) = grade.filter(|grade| *grade > Grade::L2) {
            let mistake = Mistake::PartitionGrade { column: cut(column), grade: grade.to_string() };
            desk.value(&format!("{path}.partition_by[{index}]"), mistake);
        }
    }
}

fn mode_name(mode: LibraryMode) -> &'static str {
    match mode {
        LibraryMode::Append => "append",
        LibraryMode::Overwrite => "overwrite",
        LibraryMode::Merge => "merge",
        LibraryMode::History => "history",
    }
}

/// Tables that two libraries build.
pub(super) fn duplicates(world: &World<'_>, list: &mut Vec<Diagnostic>) {
    let tables = world.draft.pipelines.iter().flat_map(|file| {
        file.spec.library.iter().enumerate().map(|(index, library)| {
            (Declared { place: &file.place, name: &library.table }, format!("library[{index}].table"))
        })
    });
    report_duplicates("library", tables, &world.draft.sources, list);
}
