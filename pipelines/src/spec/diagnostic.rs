//! A mistake at its place, and the collection of all of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::problem::Problem;

use super::mistake::Mistake;
use super::source_file::SourceFile;

/// Most diagnostics of one file that are kept.
const MOST: usize = 100;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The project cannot be used.
    Error,
    /// It can, and something looks wrong.
    Warning,
}

/// One mistake at its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// File, relative to the project, with `/`.
    pub file: String,
    /// Bytes of the file that it is about; `None`: the file as a whole.
    pub span: Option<Range<usize>>,
    /// What is wrong: code, parameters, English sentence.
    pub problem: Problem,
    /// What would help.
    pub hint: Option<Problem>,
}

/// Sentences by code, in the reader's language.
pub trait Catalogue {
    /// The sentence of a code with its parameters filled in; `None` where the catalogue has none.
    fn text(&self, code: &str, params: &BTreeMap<String, String>) -> Option<String>;

    /// One word of the frame around a diagnostic: `error`, `warning` or `help`.
    fn word(&self, word: &'static str) -> String {
        word.to_owned()
    }
}

/// The sentences the errors themselves carry.
#[derive(Debug, Clone, Copy, Default)]
pub struct English;

impl Catalogue for English {
    fn text(&self, _: &str, _: &BTreeMap<String, String>) -> Option<String> {
        None
    }
}

/// All mistakes of a project, sorted by file and position, with the files they are in.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    files: Arc<BTreeMap<String, SourceFile>>,
}

impl Diagnostics {
    /// Sorts diagnostics and attaches the files; a diagnostic that is there twice is kept once, and of one file at most
    /// 100 are kept (P109 says that there are more).
    pub fn new(mut list: Vec<Diagnostic>, files: Arc<BTreeMap<String, SourceFile>>) -> Self {
        let place = |one: &Diagnostic| {
            let start = one.span.as_ref().map_or(0, |span| span.start);
            (one.file.clone(), start, one.severity, one.problem.code.clone())
        };
        list.sort_by_cached_key(place);
        list.dedup();
        Self { list: bounded(list), files }
    }

    /// The diagnostics in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// How many there are, warnings included.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// Number of warnings.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// The file a diagnostic is in, if it could be read.
    pub fn source(&self, file: &str) -> Option<&SourceFile> {
        self.files.get(file)
    }

    fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|one| one.severity == severity).count()
    }
}

/// At most so many of each file, which is a run of the sorted list.
fn bounded(list: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = Problem::of(&Mistake::TooManyMistakes { limit: MOST }, false);
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(list.len().min(4 * MOST));
    let mut of_file = 0;
    for one in list {
        let again = kept.last().is_some_and(|last| last.file == one.file);
        of_file = if again { of_file + 1 } else { 1 };
        match of_file.cmp(&(MOST + 1)) {
            std::cmp::Ordering::Less => kept.push(one),
            std::cmp::Ordering::Equal => kept.push(Diagnostic { problem: more.clone(), hint: None, ..one }),
            std::cmp::Ordering::Greater => {}
        }
    }
    kept
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(&English, false))
    }
}

impl std::error::Error for Diagnostics {}
