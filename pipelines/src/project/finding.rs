//! A mistake with its hint, before it has a place.

use crate::problem::Problem;
use crate::spec::cron::CronError;
use crate::spec::diagnostic::{Diagnostic, Severity};
use crate::spec::forms::FormError;
use crate::spec::mistake::{Hint, Mistake};
use crate::spec::template::TemplateError;

/// What is wrong and what would help.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) problem: Problem,
    pub(super) hint: Option<Problem>,
}

impl Finding {
    /// Adds what would help, if anything does.
    pub(super) fn hint(mut self, hint: impl Into<Option<Hint>>) -> Self {
        self.hint = hint.into().map(|hint| Problem::of(&hint, false));
        self
    }

    pub(super) fn at(self, severity: Severity, file: &str, span: Option<std::ops::Range<usize>>) -> Diagnostic {
        Diagnostic { severity, file: file.to_owned(), span, problem: self.problem, hint: self.hint }
    }
}

impl From<Mistake> for Finding {
    fn from(mistake: Mistake) -> Self {
        Self { problem: Problem::of(&mistake, false), hint: None }
    }
}

impl From<FormError> for Finding {
    fn from(error: FormError) -> Self {
        Self { problem: Problem::of(&error, false), hint: None }
    }
}

impl From<TemplateError> for Finding {
    fn from(error: TemplateError) -> Self {
        let hint = error.candidate().map(|candidate| Hint::DidYouMean { candidate: candidate.into() });
        Self { problem: Problem::of(&error, false), hint: None }.hint(hint)
    }
}

impl From<CronError> for Finding {
    fn from(error: CronError) -> Self {
        let hint = error.converted().map(|line| Hint::WriteInstead { text: format!("{line:?}") });
        Self { problem: Problem::of(&error, false), hint: None }.hint(hint)
    }
}

/// A project whose files could not be put together although no mistake was found.
pub(super) fn unfit() -> Diagnostic {
    Finding::from(Mistake::Unfit).at(Severity::Error, super::files::PROJECT, None)
}
