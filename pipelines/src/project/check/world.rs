//! What a project declares, by name.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Grant, Resource, Zone};

use super::super::draft::Draft;
use super::super::files::{CONNECTIONS, FOLDERS};
use super::super::finding::Finding;
use crate::spec::mistake::{Hint, Mistake};
use crate::spec::pipeline::{LibrarySpec, OneOrMany, PipelineSpec};
use crate::spec::project::ConnectionSpec;
use crate::spec::sql;

use super::desk::Desk;

/// Everything that can be referred to.
pub(super) struct World<'a> {
    pub(super) draft: &'a Draft,
    pub(super) connections: BTreeMap<&'a str, &'a ConnectionSpec>,
    pub(super) resources: BTreeMap<&'a str, &'a Resource>,
    pub(super) organisations: BTreeSet<&'a str>,
    pub(super) grants: BTreeMap<&'a str, &'a Grant>,
    /// Library table → (pipeline, library) that builds it first.
    pub(super) tables: BTreeMap<&'a str, (usize, usize)>,
    /// Per pipeline and transform: the relations its SQL reads; empty where it does not parse.
    pub(super) reads: Vec<Vec<Vec<String>>>,
}

impl<'a> World<'a> {
    pub(super) fn of(draft: &'a Draft) -> Self {
        let mut world = Self {
            draft,
            connections: BTreeMap::new(),
            resources: BTreeMap::new(),
            organisations: BTreeSet::new(),
            grants: BTreeMap::new(),
            tables: BTreeMap::new(),
            reads: Vec::new(),
        };
        if let Some(file) = &draft.connections {
            world.connections = file.spec.connection.iter().map(|(name, one)| (name.as_str(), one)).collect();
        }
        for file in &draft.catalog {
            world.resources.extend(file.spec.resource.iter().map(|one| (one.code.as_str(), one)));
            world.organisations.extend(file.spec.organisation.iter().map(|one| one.id.as_str()));
        }
        for file in &draft.grants {
            world.grants.extend(file.spec.grant.iter().map(|one| (one.id.as_str(), one)));
        }
        for (at, file) in draft.pipelines.iter().enumerate() {
            for (index, library) in file.spec.library.iter().enumerate() {
                world.tables.entry(&library.table).or_insert((at, index));
            }
            let reads = file.spec.transform.iter().map(|transform| {
                let text = transform.sql.as_deref().map(sql::with_sample);
                text.and_then(|text| sql::relations(&text).ok()).unwrap_or_default()
            });
            world.reads.push(reads.collect());
        }
        world
    }

    pub(super) fn pipeline(&self, index: usize) -> &'a PipelineSpec {
        &self.draft.pipelines[index].spec
    }

    pub(super) fn library(&self, table: &str) -> Option<(usize, &'a LibrarySpec)> {
        let (pipeline, library) = self.tables.get(table)?;
        Some((*pipeline, &self.pipeline(*pipeline).library[*library]))
    }

    /// Zone of a library table: its own, else the project's.
    pub(super) fn zone_of(&self, library: &LibrarySpec) -> Option<Zone> {
        let project = || Some(self.draft.project.as_ref()?.spec.libraries.zone.clone());
        library.zone.clone().or_else(project)
    }

    pub(super) fn owner(&self, id: &str, path: &str, desk: &mut Desk<'_>) {
        let [catalog, ..] = FOLDERS;
        if !self.organisations.contains(id) && self.draft.is_whole(catalog) && !id.is_empty() {
            let hint = Hint::among(id, self.organisations.iter().copied());
            desk.value(path, Finding::from(Mistake::UnknownOrganisation { organisation: cut(id) }).hint(hint));
        }
    }

    pub(super) fn resource(&self, code: &str, path: &str, desk: &mut Desk<'_>) -> Option<&'a Resource> {
        let [catalog, ..] = FOLDERS;
        let found = self.resources.get(code).copied();
        if found.is_none() && self.draft.is_whole(catalog) {
            let hint = Hint::among(code, self.resources.keys().copied());
            desk.value(path, Finding::from(Mistake::UnknownResource { resource: cut(code) }).hint(hint));
        }
        found
    }

    pub(super) fn connection(&self, name: &str, path: &str, desk: &mut Desk<'_>) -> Option<&'a ConnectionSpec> {
        let found = self.connections.get(name).copied();
        if found.is_none() && self.draft.is_whole(CONNECTIONS) {
            let hint = Hint::among(name, self.connections.keys().copied());
            desk.value(path, Finding::from(Mistake::UnknownConnection { name: cut(name) }).hint(hint));
        }
        found
    }

    pub(super) fn grants(&self, named: &OneOrMany, path: &str, desk: &mut Desk<'_>) {
        let [_, grants, _] = FOLDERS;
        for (index, id) in named.iter().enumerate() {
            if self.grants.contains_key(id) || !self.draft.is_whole(grants) {
                continue;
            }
            let exact = match named {
                OneOrMany::Many(_) => format!("{path}[{index}]"),
                _ => path.to_owned(),
            };
            let hint = Hint::among(id, self.grants.keys().copied());
            desk.value(&exact, Finding::from(Mistake::UnknownGrant { grant: cut(id) }).hint(hint));
        }
    }

    /// A library table that is read; says so if nothing builds it.
    pub(super) fn table(&self, table: &str, path: &str, desk: &mut Desk<'_>) {
        let [.., pipelines] = FOLDERS;
        if !self.tables.contains_key(table) && self.draft.is_whole(pipelines) {
            let hint = Hint::among(table, self.tables.keys().copied());
            desk.value(path, Finding::from(Mistake::UnknownLibrary { table: cut(table) }).hint(hint));
        }
    }

    /// A source or transform of a pipeline that is named; says so if there is none.
    pub(super) fn relation(&self, pipeline: &PipelineSpec, name: &str, path: &str, desk: &mut Desk<'_>) {
        if !is_relation(pipeline, name) {
            desk.value(path, unknown_relation(pipeline, name));
        }
    }
}

pub(super) fn standard(id: &str, path: &str, desk: &mut Desk<'_>) {
    if transforms::standard::find(id).is_none() {
        let known = transforms::standard::all().iter().map(|standard| standard.id());
        let finding = Finding::from(Mistake::UnknownStandard { standard: cut(id) });
        desk.value(path, finding.hint(Hint::among(id, known)));
    }
}

pub(super) fn unknown_relation(pipeline: &PipelineSpec, name: &str) -> Finding {
    let hint = Hint::among(name, relations(pipeline));
    Finding::from(Mistake::UnknownRelation { name: cut(name) }).hint(hint)
}

pub(super) fn relations(pipeline: &PipelineSpec) -> impl Iterator<Item = &str> {
    let sources = pipeline.source.iter().map(|source| source.name.as_str());
    sources.chain(pipeline.transform.iter().map(|transform| transform.name.as_str()))
}

pub(super) fn is_relation(pipeline: &PipelineSpec, name: &str) -> bool {
    relations(pipeline).any(|relation| relation == name)
}

pub(super) fn cut(text: &str) -> String {
    crate::spec::forms::cut(text)
}
