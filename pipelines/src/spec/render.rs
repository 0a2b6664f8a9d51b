//! Diagnostics for people (rustc style, with carets) and for programs (JSON).

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};
use serde_json::{Value, json};

use crate::problem::Problem;

use super::diagnostic::{Catalogue, Diagnostic, Diagnostics, Severity};

impl Diagnostics {
    /// All diagnostics as text, one paragraph each. Columns of Chinese text are two wide, so carets stand where they
    /// should. `color` adds ANSI colours.
    pub fn render(&self, catalogue: &dyn Catalogue, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut out = String::new();
        for one in self.iter() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(self.render_one(one, catalogue, &renderer).trim_end());
            out.push('\n');
        }
        out
    }

    fn render_one(&self, one: &Diagnostic, catalogue: &dyn Catalogue, renderer: &Renderer) -> String {
        let (level, word) = match one.severity {
            Severity::Error => (Level::ERROR, catalogue.word("error")),
            Severity::Warning => (Level::WARNING, catalogue.word("warning")),
        };
        let title = text(catalogue, &one.problem);
        let title = level.with_name(word).primary_title(title).id(one.problem.code.as_str());
        let group = match (&one.span, self.source(&one.file)) {
            (Some(span), Some(file)) => {
                let (shown, line, inside) = file.excerpt(span);
                let snippet = Snippet::source(shown).line_start(line).path(one.file.as_str());
                title.element(snippet.annotation(AnnotationKind::Primary.span(inside)))
            }
            _ => title.element(annotate_snippets::Origin::path(one.file.as_str())),
        };
        let group: Group<'_> = match &one.hint {
            Some(hint) => {
                let text = annotate_snippets::normalize_untrusted_str(&text(catalogue, hint));
                group.element(Level::HELP.with_name(catalogue.word("help")).message(text))
            }
            None => group,
        };
        renderer.render(&[group])
    }

    /// All diagnostics as a JSON array: severity, file, line and column (from 1; absent for a file as a whole), code,
    /// params, message, hint.
    pub fn to_json(&self, catalogue: &dyn Catalogue) -> Value {
        self.iter().map(|one| self.one_json(one, catalogue)).collect()
    }

    fn one_json(&self, one: &Diagnostic, catalogue: &dyn Catalogue) -> Value {
        let mut value = json!({
            "severity": one.severity,
            "file": one.file,
            "code": one.problem.code,
            "params": one.problem.params,
            "message": text(catalogue, &one.problem),
        });
        if let (Some(span), Some(file)) = (&one.span, self.source(&one.file)) {
            let ((line, column), (end_line, end_column)) = (file.position(span.start), file.position(span.end));
            value["line"] = json!(line);
            value["column"] = json!(column);
            value["end_line"] = json!(end_line);
            value["end_column"] = json!(end_column);
        }
        if let Some(hint) = &one.hint {
            value["hint"] = json!({ "code": hint.code, "params": hint.params, "message": text(catalogue, hint) });
        }
        value
    }
}

fn text(catalogue: &dyn Catalogue, problem: &Problem) -> String {
    catalogue.text(&problem.code, &problem.params).unwrap_or_else(|| problem.message.clone())
}
