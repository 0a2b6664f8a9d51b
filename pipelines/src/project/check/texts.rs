//! Texts with a form inside: templates, paths, SQL, durations.

use super::desk::Desk;
use crate::spec::mistake::Mistake;
use crate::spec::{clock, duration, forms, sql, template};

/// A text that may hold templates.
pub(super) fn template(text: &str, path: &str, desk: &mut Desk<'_>) -> bool {
    match template::parse(text) {
        Ok(_) => true,
        Err(error) => {
            let at = text.find('{');
            let name = match &error {
                template::TemplateError::UnknownName { name } => {
                    text.find(&format!("{{{name}")).map(|at| (at + 1, name.len()))
                }
                template::TemplateError::BadFormat { format, .. } => {
                    text.find(format.as_str()).map(|at| (at, format.len()))
                }
                template::TemplateError::Unclosed { .. } => at.map(|at| (at, 1)),
            };
            desk.inside(path, text, name.map(|(at, _)| at), name.map_or(1, |(_, length)| length), error);
            false
        }
    }
}

/// A relative path or pattern that may hold templates.
pub(super) fn path(text: &str, path: &str, desk: &mut Desk<'_>) {
    if let Err(error) = forms::path(text) {
        desk.value(path, error);
    } else if template(text, path, desk)
        && let Ok(rendered) = template::render(text, &template::sample())
        && let Err(error) = forms::path(&rendered)
    {
        desk.value(path, error);
    }
}

/// A duration, if given.
pub(super) fn duration(text: Option<&String>, path: &str, desk: &mut Desk<'_>) {
    if let Some(Err(error)) = text.map(|text| duration::parse(text)) {
        desk.value(path, error);
    }
}

/// A time of day, if given.
pub(super) fn clock(text: Option<&String>, path: &str, desk: &mut Desk<'_>) {
    if let Some(Err(error)) = text.map(|text| clock::parse(text)) {
        desk.value(path, error);
    }
}

/// A minute to a year, for [`bounded`].
pub(super) const MINUTE_TO_YEAR: (std::ops::RangeInclusive<u64>, &str) = (60..=366 * 86_400, "1m … 366d");

/// A duration within bounds of seconds, if given; `bounds` are the same in words.
pub(super) fn bounded(
    text: Option<&String>,
    path: &str,
    (seconds, bounds): (std::ops::RangeInclusive<u64>, &str),
    desk: &mut Desk<'_>,
) {
    match text.map(|text| duration::parse(text)) {
        Some(Ok(found)) if !seconds.contains(&found.as_secs()) => {
            let key = path.rsplit(['.', ']']).next().unwrap_or(path).to_owned();
            desk.value(path, Mistake::OutOfBounds { key, bounds: bounds.into() });
        }
        Some(Err(error)) => desk.value(path, error),
        _ => {}
    }
}

/// An SQL expression that may hold templates.
pub(super) fn expression(text: &str, path: &str, desk: &mut Desk<'_>) {
    if template(text, path, desk) {
        let filled = sql::with_sample(text);
        report(sql::expression(&filled).err(), text, &filled, path, desk);
    }
}

/// One SELECT that may hold templates.
pub(super) fn select(text: &str, path: &str, desk: &mut Desk<'_>) -> Option<Vec<String>> {
    if !template(text, path, desk) {
        return None;
    }
    let filled = sql::with_sample(text);
    match sql::relations(&filled) {
        Ok(relations) => Some(relations),
        Err(mistake) => {
            report(Some(mistake), text, &filled, path, desk);
            None
        }
    }
}

fn report(mistake: Option<sql::SqlMistake>, text: &str, filled: &str, path: &str, desk: &mut Desk<'_>) {
    if let Some(sql::SqlMistake { mistake, at }) = mistake {
        // Filling in may have moved things; then the text as a whole is marked.
        let at = at.filter(|_| text == filled);
        let length = at.map_or(1, |at| word(&text[at..]));
        desk.inside(path, text, at, length, mistake);
    }
}

/// Bytes of the word a text begins with.
fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()).max(1)
}

/// A sampling rate.
pub(super) fn rate(rate: f64, path: &str, desk: &mut Desk<'_>) {
    if !(rate > 0.0 && rate <= 1.0) {
        desk.value(path, Mistake::SampleRate);
    }
}
