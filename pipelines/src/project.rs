//! A project folder: what its files declare, read and checked as a whole.
//!
//! | to find | look in |
//! |---|---|
//! | reading files, with their bounds | `project/files.rs` |
//! | text → typed files with spans | `project/draft.rs` |
//! | what files say to each other | `project/check.rs`, `project/check/<thing>.rs` |
//! | a new project | `project/init.rs` |
//!
//! Must never happen: a [`Project`] that a check found an error in; a file read from outside the folder.

mod check;
mod draft;
mod files;
mod finding;
mod init;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::{Grant, Organisation, Policy, Resource};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::calendar::Calendars;
use crate::duty::Roster;
use crate::problem::Problem;
use crate::spec::SpanMap;
use crate::spec::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::spec::duty::DutySpec;
use crate::spec::pipeline::{LibrarySpec, PipelineSpec, SupplySpec};
use crate::spec::project::{ConnectionSpec, ProjectSpec};
use crate::spec::source_file::SourceFile;
use crate::when::When;
use draft::Draft;

pub use init::{InitError, init};

/// A project without errors.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder, canonical.
    pub root: PathBuf,
    /// `sluice.toml`.
    pub spec: ProjectSpec,
    /// Connections by name.
    pub connections: BTreeMap<String, ConnectionSpec>,
    /// Organisations by id.
    pub organisations: BTreeMap<String, Organisation>,
    /// Resources by code.
    pub resources: BTreeMap<String, Resource>,
    /// `policy.toml`, or the policy that Sluice ships.
    pub policy: Policy,
    /// Grants in the order of their files.
    pub grants: Vec<Grant>,
    /// Pipelines in the order of their files.
    pub pipelines: Vec<Pipeline>,
    /// Calendars: those that Sluice ships and those under `calendars/`.
    pub calendars: Calendars,
    /// `duty.toml`, if there is one.
    pub duty: Option<DutySpec>,
    /// What looks wrong and is no error.
    pub warnings: Diagnostics,
    files: Arc<BTreeMap<String, SourceFile>>,
}

/// One pipeline file.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// File, relative to the project, with `/`.
    pub file: String,
    /// What it declares.
    pub spec: PipelineSpec,
    /// SM3 of its canonical JSON, 64 hexadecimal digits: comments and layout do not count.
    pub digest: String,
    /// Where its keys and values stand.
    pub spans: SpanMap,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// File, relative to the project, with `/`.
    pub file: String,
    /// Bytes.
    pub range: Range<usize>,
}

impl Pipeline {
    /// Where the value at a path stands: `library[0].key[1]`, `transform[2].sql`. What the file does not hold is found at
    /// the nearest enclosing value.
    pub fn span(&self, path: &str) -> Option<Span> {
        self.spans.value(path).map(|range| Span { file: self.file.clone(), range })
    }
}

impl Project {
    /// Reads and checks a project folder.
    ///
    /// # Errors
    /// Every mistake of every file; at least one of them is an error.
    pub fn load(dir: &Path) -> Result<Self, Diagnostics> {
        Self::load_at(dir, Utc::now())
    }

    /// As [`Self::load`], as if it were `now`: schedules are looked ahead from there.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_at(dir: &Path, now: DateTime<Utc>) -> Result<Self, Diagnostics> {
        let (draft, calendars, list) = examine(dir, now);
        let files = Arc::clone(&draft.sources);
        let diagnostics = Diagnostics::new(list, Arc::clone(&files));
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        match draft.into_project(calendars, diagnostics) {
            Some(project) => Ok(project),
            None => Err(Diagnostics::new(vec![finding::unfit()], files)),
        }
    }

    /// The pipeline with an id.
    pub fn pipeline(&self, id: &str) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.spec.pipeline.id == id)
    }

    /// The pipeline that builds a library table, and what it says about it.
    pub fn builder_of(&self, table: &str) -> Option<(&Pipeline, &LibrarySpec)> {
        self.pipelines.iter().find_map(|pipeline| {
            let library = pipeline.spec.library.iter().find(|library| library.table == table)?;
            Some((pipeline, library))
        })
    }

    /// Other pipelines whose libraries a pipeline reads or supplies.
    pub fn upstream(&self, pipeline: &Pipeline) -> BTreeSet<String> {
        let spec = &pipeline.spec;
        let read = spec.source.iter().filter_map(|source| source.library.as_ref());
        let tables = read.chain(spec.supply.iter().map(|supply| &supply.from));
        let builders = tables.filter_map(|table| self.builder_of(table));
        let ids = builders.map(|(builder, _)| builder.spec.pipeline.id.clone());
        ids.filter(|id| *id != spec.pipeline.id).collect()
    }

    /// Time zone of a pipeline's schedule and business dates: its own, else the project's.
    pub fn timezone(&self, pipeline: &Pipeline) -> Tz {
        let own = pipeline.spec.schedule.as_ref().and_then(|schedule| schedule.timezone.as_deref());
        // Both have been checked.
        own.unwrap_or(&self.spec.project.timezone).parse().unwrap_or(Tz::Asia__Shanghai)
    }

    /// When a pipeline is due; `None` when it runs only when asked to.
    pub fn when(&self, pipeline: &Pipeline) -> Option<When> {
        let zone = self.spec.project.timezone.parse().unwrap_or(Tz::Asia__Shanghai);
        // All of it has been checked.
        When::of(pipeline.spec.schedule.as_ref()?, zone, &self.calendars).ok()
    }

    /// The duty roster, if there is one.
    pub fn roster(&self) -> Option<Roster> {
        let zone = self.spec.project.timezone.parse().unwrap_or(Tz::Asia__Shanghai);
        self.duty.as_ref().map(|spec| Roster::of(spec, zone))
    }

    /// The connection that holds a supply's dataset: the named one, else the only one of its zone.
    pub fn supply_connection(&self, supply: &SupplySpec) -> Option<(&str, &ConnectionSpec)> {
        let fits = |(name, connection): &(&String, &ConnectionSpec)| match &supply.connection {
            Some(named) => named == *name,
            None => connection.zone == supply.to,
        };
        self.connections.iter().find(fits).map(|(name, connection)| (name.as_str(), connection))
    }

    /// An error of a later phase at a place of this project.
    pub fn diagnostic(&self, place: Option<Span>, problem: Problem, hint: Option<Problem>) -> Diagnostic {
        let (file, span) = match place {
            Some(place) => (place.file, Some(place.range)),
            None => (files::PROJECT.to_owned(), None),
        };
        Diagnostic { severity: Severity::Error, file, span, problem, hint }
    }

    /// Diagnostics of later phases, ready to be rendered with the lines of this project's files.
    pub fn diagnostics(&self, list: Vec<Diagnostic>) -> Diagnostics {
        Diagnostics::new(list, Arc::clone(&self.files))
    }
}

/// Everything that is wrong with a project folder, warnings included.
pub fn check(dir: &Path) -> Diagnostics {
    check_at(dir, Utc::now())
}

/// As [`check`], as if it were `now`: schedules are looked ahead from there.
pub fn check_at(dir: &Path, now: DateTime<Utc>) -> Diagnostics {
    let (draft, _, list) = examine(dir, now);
    Diagnostics::new(list, draft.sources)
}

fn examine(dir: &Path, now: DateTime<Utc>) -> (Draft, Calendars, Vec<Diagnostic>) {
    let mut list = Vec::new();
    let draft = Draft::read(dir, &mut list);
    let calendars = check::check(&draft, now, &mut list);
    (draft, calendars, list)
}

#[cfg(test)]
mod tests;
