//! Content lines of an iCalendar file, each with its bytes.

use std::ops::Range;

use icalendar::parser::Property;

use super::Fault;
use crate::spec::mistake::Mistake;

/// Longest content line, unfolded.
const LONGEST: usize = 64 * 1024;

/// `NAME;PARAMETER=…:value`, unfolded.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// In capitals.
    pub(super) name: String,
    /// Parameters, names and values in capitals.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) value: String,
    /// Bytes of the file, continuations included.
    pub(super) span: Range<usize>,
}

impl Line {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The lines of a file in order.
///
/// # Errors
/// The first line that is none.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, Fault> {
    let mut logical: Vec<(String, Range<usize>)> = Vec::new();
    let mut start = 0;
    for physical in text.split_inclusive('\n') {
        let bare = physical.trim_end_matches(['\n', '\r']);
        let end = start + bare.len();
        let continued = bare.strip_prefix([' ', '\t']);
        match (continued, logical.last_mut()) {
            (Some(rest), Some((line, span))) => {
                line.push_str(rest);
                span.end = end;
                if line.len() > LONGEST {
                    return Err((
                        Some(span.clone()),
                        Mistake::TextTooLong { key: "…".into(), limit_kib: LONGEST / 1024 },
                    ));
                }
            }
            _ if bare.trim().is_empty() => {}
            _ => logical.push((bare.trim_start_matches('\u{feff}').to_owned(), start..end)),
        }
        start += physical.len();
    }
    logical.into_iter().map(|(line, span)| parse(&line, span)).collect()
}

fn parse(text: &str, span: Range<usize>) -> Result<Line, Fault> {
    let bad = |span: Range<usize>| (Some(span), Mistake::Ics { reason: "the line has not the form NAME:value" });
    if text.len() > LONGEST {
        return Err((Some(span), Mistake::TextTooLong { key: "…".into(), limit_kib: LONGEST / 1024 }));
    }
    // The parser of properties leaves BEGIN and END to the parser of components, which recurses; this one does not.
    if let Some((name, value)) = text.split_once(':').filter(|(name, _)| is_frame(name)) {
        return Ok(Line { name: name.to_ascii_uppercase(), parameters: Vec::new(), value: value.into(), span });
    }
    let Ok(property) = Property::try_from(text) else { return Err(bad(span)) };
    if property.name.as_str().is_empty() || !text.contains(':') {
        return Err(bad(span));
    }
    let upper = |text: &str| text.trim_matches('"').to_ascii_uppercase();
    let parameters = property.params.iter().map(|parameter| {
        let value = parameter.val.as_ref().map(|value| upper(value.as_str())).unwrap_or_default();
        (upper(parameter.key.as_str()), value)
    });
    Ok(Line {
        name: upper(property.name.as_str()),
        parameters: parameters.collect(),
        value: property.val.as_str().to_owned(),
        span,
    })
}

fn is_frame(name: &str) -> bool {
    name.eq_ignore_ascii_case("BEGIN") || name.eq_ignore_ascii_case("END")
}
