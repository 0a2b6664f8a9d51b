//! Standard output and standard error: text for people, or exactly one JSON document for programs.

use std::io::Write;

use serde_json::json;

use crate::error::Failure;
use crate::messages::Messages;

/// Where results go. A reader that has gone away (`| head`) is no error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Text, or JSON.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether one JSON document is expected.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// A result for people; nothing under `--json`.
    pub(crate) fn text(self, text: &str) {
        if !self.json {
            let _ = writeln!(std::io::stdout().lock(), "{text}");
        }
    }

    /// The one JSON document; nothing without `--json`.
    pub(crate) fn document(self, value: &serde_json::Value) {
        if self.json {
            let mut out = std::io::stdout().lock();
            let _ = serde_json::to_writer_pretty(&mut out, value);
            let _ = writeln!(out);
        }
    }

    /// A line of a command that goes on: the text, or one line of JSON.
    pub(crate) fn line(self, text: &str, value: &serde_json::Value) {
        let mut out = std::io::stdout().lock();
        let _ = if self.json { writeln!(out, "{value}") } else { writeln!(out, "{text}") };
        let _ = out.flush();
    }

    /// A remark on standard error, in either mode.
    pub(crate) fn note(self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Problems that ended a command: sentences on standard error, or the document.
    pub(crate) fn failure(self, messages: Messages, failure: &Failure) {
        if self.json {
            let problems: Vec<_> = failure.problems.iter().map(|problem| problem_json(messages, problem)).collect();
            self.document(&json!({ "exit": failure.exit as u8, "problems": problems }));
            return;
        }
        for problem in &failure.problems {
            self.note(&format!("[{}] {}", problem.code, messages.problem(problem)));
        }
    }
}

/// A problem with its sentence in the reader's language beside the English one.
pub(crate) fn problem_json(messages: Messages, problem: &pipelines::problem::Problem) -> serde_json::Value {
    json!({
        "code": problem.code,
        "params": problem.params,
        "message": messages.problem(problem),
        "retryable": problem.retryable,
    })
}
