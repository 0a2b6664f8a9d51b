//! Puts a mistake at its place in a file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::draft::Places;
use super::super::finding::Finding;
use crate::spec::child;
use crate::spec::diagnostic::{Diagnostic, Severity};
use crate::spec::mistake::{Hint, Mistake};
use crate::spec::source_file::SourceFile;

/// The desk of one file. Nothing is said about a path that is known to be wrong already.
pub(super) struct Desk<'a> {
    place: &'a Places,
    sources: &'a BTreeMap<String, SourceFile>,
    list: &'a mut Vec<Diagnostic>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        place: &'a Places,
        sources: &'a BTreeMap<String, SourceFile>,
        list: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self { place, sources, list }
    }

    /// At the value of a path.
    pub(super) fn value(&mut self, path: &str, finding: impl Into<Finding>) {
        self.put(path, self.place.spans.value(path), Severity::Error, finding.into());
    }

    /// At the key of a path.
    pub(super) fn key(&mut self, path: &str, finding: impl Into<Finding>) {
        self.put(path, self.place.spans.key(path), Severity::Error, finding.into());
    }

    /// Looks wrong, at the value of a path.
    pub(super) fn warn(&mut self, path: &str, finding: impl Into<Finding>) {
        self.put(path, self.place.spans.value(path), Severity::Warning, finding.into());
    }

    /// A key that should be in a table and is not; silent if it is there and wrong.
    pub(super) fn absent(&mut self, table: &str, key: &str, finding: impl Into<Finding>) {
        if !self.place.is_doubtful(&child(table, key)) {
            self.value(table, finding);
        }
    }

    /// At a piece of the text at a path: `at` and `length` in bytes of the text. Texts with escapes are marked as a whole.
    pub(super) fn inside(
        &mut self,
        path: &str,
        text: &str,
        at: Option<usize>,
        length: usize,
        finding: impl Into<Finding>,
    ) {
        let span = self.place.spans.value(path);
        let piece = span.clone().and_then(|span| self.piece(&span, text, at?, length));
        self.put(path, piece.or(span), Severity::Error, finding.into());
    }

    /// Whether the file holds exactly this path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.place.spans.has(path)
    }

    /// Whether something at a path is known to be wrong already.
    pub(super) fn is_doubtful(&self, path: &str) -> bool {
        self.place.is_doubtful(path)
    }

    /// A name that must not be there twice, and is.
    pub(super) fn duplicate(&mut self, path: &str, what: &'static str, name: &str, first: &str) {
        let hint = first_at(self.place, self.sources, first);
        self.value(path, Finding::from(duplicate(what, name)).hint(hint));
    }

    fn piece(&self, span: &Range<usize>, text: &str, at: usize, length: usize) -> Option<Range<usize>> {
        let raw = self.sources.get(&self.place.file)?.text().get(span.clone())?;
        let start = span.start + raw.find(text).filter(|_| !text.is_empty())? + at;
        let end = (start + length.max(1)).min(span.end);
        Some(start..end)
    }

    fn put(&mut self, path: &str, span: Option<Range<usize>>, severity: Severity, finding: Finding) {
        if !self.place.is_doubtful(path) {
            self.list.push(finding.at(severity, &self.place.file, span));
        }
    }
}

/// A declaration and where it is.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) place: &'a Places,
    pub(super) name: &'a str,
}

/// Reports every name after the first of its kind. Entries are (name, file, path of the name).
pub(super) fn duplicates<'a>(
    what: &'static str,
    entries: impl Iterator<Item = (Declared<'a>, String)>,
    sources: &BTreeMap<String, SourceFile>,
    list: &mut Vec<Diagnostic>,
) {
    let mut first: BTreeMap<&str, (&Places, String)> = BTreeMap::new();
    for (declared, path) in entries {
        if declared.name.is_empty() || declared.place.is_doubtful(&path) {
            continue;
        }
        match first.get(declared.name) {
            Some((place, at)) => {
                let hint = first_at(place, sources, at);
                let finding = Finding::from(duplicate(what, declared.name)).hint(hint);
                Desk::new(declared.place, sources, list).value(&path, finding);
            }
            None => {
                first.insert(declared.name, (declared.place, path));
            }
        }
    }
}

fn duplicate(what: &'static str, name: &str) -> Mistake {
    Mistake::Duplicate { what, name: crate::spec::forms::cut(name) }
}

fn first_at(place: &Places, sources: &BTreeMap<String, SourceFile>, path: &str) -> Option<Hint> {
    let start = place.spans.value(path)?.start;
    let (line, _) = sources.get(&place.file)?.position(start);
    Some(Hint::FirstAt { file: place.file.clone(), line })
}
