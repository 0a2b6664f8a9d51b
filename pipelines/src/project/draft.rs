//! A project as far as its files can be read: what the checks look at, mistakes or not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::{CatalogFile, GrantFile, Policy};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::files::{CALENDARS, CONNECTIONS, DUTY, FOLDERS, Folder, POLICY, PROJECT};
use super::finding::Finding;
use super::{Pipeline, Project};
use crate::calendar::Calendars;
use crate::spec::calendar::CalendarSpec;
use crate::spec::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::spec::duty::DutySpec;
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::PipelineSpec;
use crate::spec::project::{ConnectionsSpec, ProjectSpec};
use crate::spec::schemas::schema_of;
use crate::spec::source_file::SourceFile;
use crate::spec::{Kind, Node, SpanMap, child, parse_tree, secret, walk};

/// Keys whose value is a secret whatever it looks like.
const SECRETS: [&str; 2] = ["keys.root", "state.ledger"];

/// One file that could be read.
#[derive(Debug)]
pub(super) struct File<T> {
    pub(super) place: Places,
    pub(super) spec: T,
}

/// Where things stand in a file, and what is known to be wrong already.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) file: String,
    pub(super) spans: SpanMap,
    pub(super) doubtful: BTreeSet<String>,
}

impl Places {
    /// Whether something at a path or around it is wrong already.
    pub(super) fn is_doubtful(&self, path: &str) -> bool {
        let mut path = path;
        loop {
            if self.doubtful.contains(path) {
                return true;
            }
            match path.rfind(['.', '[']) {
                Some(at) => path = &path[..at],
                None => return false,
            }
        }
    }
}

/// The files of a project as far as they could be read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) root: PathBuf,
    pub(super) sources: Arc<BTreeMap<String, SourceFile>>,
    pub(super) project: Option<File<ProjectSpec>>,
    pub(super) connections: Option<File<ConnectionsSpec>>,
    pub(super) catalog: Vec<File<CatalogFile>>,
    pub(super) policy: Option<File<Policy>>,
    pub(super) grants: Vec<File<GrantFile>>,
    pub(super) pipelines: Vec<File<PipelineSpec>>,
    pub(super) calendars: Vec<File<CalendarSpec>>,
    /// iCalendar files; their text is among the sources.
    pub(super) ics: Vec<String>,
    pub(super) duty: Option<File<DutySpec>>,
    /// Files or folders of which not everything could be read: what they may hold is not called unknown.
    pub(super) partial: BTreeSet<String>,
}

struct Reader<'a> {
    folder: Folder,
    sources: BTreeMap<String, SourceFile>,
    partial: BTreeSet<String>,
    list: &'a mut Vec<Diagnostic>,
}

impl Draft {
    /// Reads a folder; what is wrong goes into the list.
    pub(super) fn read(dir: &Path, list: &mut Vec<Diagnostic>) -> Self {
        let folder = match Folder::open(dir) {
            Ok(folder) => folder,
            Err(mistake) => {
                list.push(Finding::from(mistake).at(Severity::Error, PROJECT, None));
                return Self::default();
            }
        };
        let root = folder.root.clone();
        let mut reader = Reader { folder, sources: BTreeMap::new(), partial: BTreeSet::new(), list };
        let [catalog, grants, pipelines] = FOLDERS;
        let mut draft = Self {
            root,
            project: reader.file(PROJECT, schema_of::<ProjectSpec>()),
            connections: reader.file(CONNECTIONS, schema_of::<ConnectionsSpec>()),
            catalog: reader.folder(catalog, &schema_of::<CatalogFile>()),
            policy: reader.file(POLICY, schema_of::<Policy>()),
            grants: reader.folder(grants, &schema_of::<GrantFile>()),
            pipelines: reader.folder(pipelines, &schema_of::<PipelineSpec>()),
            calendars: reader.folder(CALENDARS, &schema_of::<CalendarSpec>()),
            ics: reader.texts(CALENDARS, ".ics"),
            duty: reader.file(DUTY, schema_of::<DutySpec>()),
            ..Self::default()
        };
        for file in &mut draft.pipelines {
            reader.curb(file);
        }
        draft.partial = reader.partial;
        draft.sources = Arc::new(reader.sources);
        draft
    }

    /// Whether everything of a file or folder could be read.
    pub(super) fn is_whole(&self, name: &str) -> bool {
        !self.partial.contains(name)
    }

    /// The project, if every part of it is there.
    pub(super) fn into_project(self, calendars: Calendars, warnings: Diagnostics) -> Option<Project> {
        let mut organisations = BTreeMap::new();
        let mut resources = BTreeMap::new();
        for file in self.catalog {
            organisations.extend(file.spec.organisation.into_iter().map(|one| (one.id.clone(), one)));
            resources.extend(file.spec.resource.into_iter().map(|one| (one.code.clone(), one)));
        }
        let pipeline = |file: File<PipelineSpec>| {
            let digest = catalog::digest::sm3_of(&file.spec).ok()?;
            Some(Pipeline { file: file.place.file, spec: file.spec, digest, spans: file.place.spans })
        };
        Some(Project {
            root: self.root,
            spec: self.project?.spec,
            connections: self.connections.map(|file| file.spec.connection).unwrap_or_default(),
            organisations,
            resources,
            policy: self.policy.map_or_else(Policy::shipped, |file| file.spec),
            grants: self.grants.into_iter().flat_map(|file| file.spec.grant).collect(),
            pipelines: self.pipelines.into_iter().map(pipeline).collect::<Option<_>>()?,
            calendars,
            duty: self.duty.map(|file| file.spec),
            warnings,
            files: self.sources,
        })
    }
}

impl Reader<'_> {
    fn report(&mut self, file: &str, span: Option<Range<usize>>, finding: impl Into<Finding>) {
        self.list.push(finding.into().at(Severity::Error, file, span));
    }

    fn folder<T: JsonSchema + DeserializeOwned>(&mut self, folder: &str, schema: &serde_json::Value) -> Vec<File<T>> {
        let mut files = Vec::new();
        for name in self.names(folder, ".toml") {
            match self.one(&name, schema) {
                Ok(file) => files.extend(file),
                Err(()) => {
                    self.partial.insert(folder.to_owned());
                }
            }
        }
        files
    }

    fn names(&mut self, folder: &str, extension: &str) -> Vec<String> {
        self.folder.list(folder, extension).unwrap_or_else(|mistake| {
            self.partial.insert(folder.to_owned());
            self.report(folder, None, mistake);
            Vec::new()
        })
    }

    /// Names of the files of a folder that are no TOML; what could be read of them is among the sources.
    fn texts(&mut self, folder: &str, extension: &str) -> Vec<String> {
        let mut names = self.names(folder, extension);
        names.retain(|name| match self.folder.read(name) {
            Ok(text) => {
                self.sources.insert(name.clone(), SourceFile::new(text.unwrap_or_default()));
                true
            }
            Err(mistake) => {
                self.partial.insert(folder.to_owned());
                self.report(name, None, mistake);
                false
            }
        });
        names
    }

    fn file<T: JsonSchema + DeserializeOwned>(&mut self, name: &str, schema: serde_json::Value) -> Option<File<T>> {
        self.one(name, &schema).unwrap_or_else(|()| {
            self.partial.insert(name.to_owned());
            None
        })
    }

    /// `Err`: the file is there and cannot be used; what is wrong has been reported.
    fn one<T: DeserializeOwned>(&mut self, name: &str, schema: &serde_json::Value) -> Result<Option<File<T>>, ()> {
        let text = match self.folder.read(name) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(mistake) => {
                self.report(name, None, mistake);
                return Err(());
            }
        };
        let source = SourceFile::new(text);
        let parsed = parse_tree(source.text());
        self.sources.insert(name.to_owned(), source);
        let complete = parsed.mistakes.is_empty();
        let line = |span: &Range<usize>, sources: &BTreeMap<String, SourceFile>| {
            sources.get(name).map(|file| file.position(span.start).0)
        };
        let broken: BTreeSet<_> = parsed.mistakes.iter().map(|(span, _)| line(span, &self.sources)).collect();
        for (span, mistake) in parsed.mistakes {
            self.report(name, Some(span), mistake);
        }
        let walked = walk(schema, &parsed.root, complete);
        let sound = walked.found.is_empty();
        for found in walked.found {
            // What stands on a line that is no TOML says nothing.
            if broken.contains(&line(&found.span, &self.sources)) {
                continue;
            }
            self.report(name, Some(found.span), Finding::from(found.mistake).hint(found.hint));
        }
        if matches!(name, PROJECT | CONNECTIONS | DUTY) {
            self.literal_secrets(name, &parsed.root);
        }
        if !complete {
            return Err(());
        }
        let spans = SpanMap::of(&parsed.root);
        let place = Places { file: name.to_owned(), spans, doubtful: walked.doubtful };
        match serde_json::from_value(walked.json) {
            Ok(spec) => Ok(Some(File { place, spec })),
            Err(_) => {
                if sound {
                    self.report(name, None, Mistake::Unfit);
                }
                Err(())
            }
        }
    }

    /// Cuts off what no pipeline needs, so that checks stay quick on a file made to slow them down.
    fn curb(&mut self, file: &mut File<PipelineSpec>) {
        const MOST: usize = 1_000;
        let spec = &mut file.spec;
        let lengths = [
            ("source", spec.source.len()),
            ("transform", spec.transform.len()),
            ("check", spec.check.len()),
            ("library", spec.library.len()),
            ("supply", spec.supply.len()),
        ];
        spec.source.truncate(MOST);
        spec.transform.truncate(MOST);
        spec.check.truncate(MOST);
        spec.library.truncate(MOST);
        spec.supply.truncate(MOST);
        for (key, _) in lengths.into_iter().filter(|(_, length)| *length > MOST) {
            let mistake = Mistake::OutOfBounds { key: key.into(), bounds: format!("≤ {MOST}") };
            let span = file.place.spans.value(&format!("{key}[{MOST}]"));
            self.report(&file.place.file, span, mistake);
        }
    }

    /// Finds secrets before anything else is made of the file, also under keys it should not have.
    fn literal_secrets(&mut self, name: &str, root: &Node) {
        let mut open = vec![(String::new(), false, root)];
        while let Some((key, suspect, node)) = open.pop() {
            match &node.kind {
                Kind::Text(text) => {
                    let named = secret::reference(text).is_some();
                    if !named && ((suspect && !text.is_empty()) || secret::is_literal(text)) {
                        let mistake = Mistake::LiteralSecret { key };
                        let hint = crate::spec::mistake::Hint::UseSecret;
                        self.report(name, Some(node.span.clone()), Finding::from(mistake).hint(hint));
                    }
                }
                Kind::Array(items) => open.extend(items.iter().map(|item| (key.clone(), suspect, item))),
                Kind::Table(entries) => open.extend(entries.iter().map(|(inner, node)| {
                    let key = child(&key, &inner.name);
                    let suspect = SECRETS.contains(&key.as_str()) || secret::is_secret_key(&inner.name);
                    (key, suspect, node)
                })),
                _ => {}
            }
        }
    }
}
