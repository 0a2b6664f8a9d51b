//! Business dates in texts: `{biz_date}`, `{interval_start}`, `{interval_end}`, each with a strftime format if wanted.
//!
//! `{name}` renders a date as `2026-11-20` and a time as `2026-11-20 02:30:00` on the wall clock of its zone;
//! `{name:%Y%m%d}` as the format says. `{{` and `}}` are literal braces. A brace that no letter follows is itself, so that
//! `^[0-9]{6}$` inside SQL needs no escape.

use std::fmt::Write as _;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use serde::Serialize;

use super::forms::cut;
use super::nearest::nearest;

/// The names a template may use.
pub const NAMES: [&str; 3] = ["biz_date", "interval_start", "interval_end"];

/// What an occurrence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessTime {
    /// The business date.
    pub biz_date: NaiveDate,
    /// First instant of the interval, inclusive.
    pub interval_start: DateTime<Tz>,
    /// Last instant of the interval, exclusive.
    pub interval_end: DateTime<Tz>,
}

/// Why a text is not a template. Offsets are bytes into it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum TemplateError {
    /// A name that is none of [`NAMES`].
    #[error("there is no “{name}” to fill in; templates know biz_date, interval_start and interval_end")]
    #[serde(rename = "P150")]
    UnknownName {
        /// The name, cut.
        name: String,
    },
    /// A format that does not fit.
    #[error("“{format}” is not a strftime format for {name}; write for example %Y%m%d")]
    #[serde(rename = "P151")]
    BadFormat {
        /// The name.
        name: String,
        /// The format, cut.
        format: String,
    },
    /// A brace without its partner.
    #[error("the brace of “{text}” is never closed; write }} after it, or {{{{ for a literal brace")]
    #[serde(rename = "P152")]
    Unclosed {
        /// What follows the brace, cut.
        text: String,
    },
}

impl TemplateError {
    /// The name that was probably meant.
    pub fn candidate(&self) -> Option<&'static str> {
        match self {
            Self::UnknownName { name } => nearest(name, NAMES),
            _ => None,
        }
    }
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    BizDate(Option<String>),
    IntervalStart(Option<String>),
    IntervalEnd(Option<String>),
}

/// Parses a template.
///
/// # Errors
/// P150 to P152: the first mistake.
pub fn parse(text: &str) -> Result<Template, TemplateError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(doubled) = after.strip_prefix(brace) {
            literal.push_str(brace);
            rest = doubled;
        } else if brace == "{" && after.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let end = after.find('}').ok_or_else(|| TemplateError::Unclosed { text: cut(after) })?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(part(&after[..end])?);
            rest = &after[end + 1..];
        } else {
            literal.push_str(brace);
            rest = after;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(Template { parts })
}

/// Parses and renders in one go.
///
/// # Errors
/// As [`parse`].
pub fn render(text: &str, time: &BusinessTime) -> Result<String, TemplateError> {
    parse(text)?.render(time)
}

fn part(inside: &str) -> Result<Part, TemplateError> {
    let (name, format) = match inside.split_once(':') {
        Some((name, format)) => (name, Some(format.to_owned())),
        None => (inside, None),
    };
    let part = match name {
        "biz_date" => Part::BizDate(format),
        "interval_start" => Part::IntervalStart(format),
        "interval_end" => Part::IntervalEnd(format),
        _ => return Err(TemplateError::UnknownName { name: cut(name) }),
    };
    part.write(&sample(), &mut String::new())?;
    Ok(part)
}

/// A business time on which formats are tried.
pub fn sample() -> BusinessTime {
    let start = DateTime::UNIX_EPOCH.with_timezone(&Tz::UTC);
    BusinessTime { biz_date: start.date_naive(), interval_start: start, interval_end: start }
}

impl Template {
    /// Fills in a business time.
    ///
    /// # Errors
    /// P151 if a format cannot be written; parsing has tried it already.
    pub fn render(&self, time: &BusinessTime) -> Result<String, TemplateError> {
        let mut out = String::new();
        for part in &self.parts {
            part.write(time, &mut out)?;
        }
        Ok(out)
    }

    /// Whether it names the business date: then it says one day, however many an occurrence covers.
    pub fn names_the_day(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::BizDate(_)))
    }

    /// Whether it depends on the business time at all.
    pub fn varies(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::Text(_)))
    }
}

impl Part {
    fn write(&self, time: &BusinessTime, out: &mut String) -> Result<(), TemplateError> {
        const DATE: &str = "%Y-%m-%d";
        const TIME: &str = "%Y-%m-%d %H:%M:%S";
        let (name, format, done) = match self {
            Self::Text(text) => {
                out.push_str(text);
                return Ok(());
            }
            Self::BizDate(format) => {
                let format = format.as_deref().unwrap_or(DATE);
                let items = items("biz_date", format)?;
                (NAMES[0], format, write!(out, "{}", time.biz_date.format_with_items(items.into_iter())))
            }
            Self::IntervalStart(format) => {
                let format = format.as_deref().unwrap_or(TIME);
                let items = items(NAMES[1], format)?;
                (NAMES[1], format, write!(out, "{}", local(time.interval_start, items)))
            }
            Self::IntervalEnd(format) => {
                let format = format.as_deref().unwrap_or(TIME);
                let items = items(NAMES[2], format)?;
                (NAMES[2], format, write!(out, "{}", local(time.interval_end, items)))
            }
        };
        done.map_err(|_| bad_format(name, format))
    }
}

type Items<'a> = Vec<Item<'a>>;

fn items<'a>(name: &str, format: &'a str) -> Result<Items<'a>, TemplateError> {
    let items: Items<'a> = StrftimeItems::new(format).collect();
    if format.is_empty() || items.iter().any(|item| matches!(item, Item::Error)) {
        return Err(bad_format(name, format));
    }
    Ok(items)
}

/// Wall clock of the zone; formats that ask for the zone itself (`%z`) are refused, so that a rendered text never depends
/// on how a zone is abbreviated.
fn local(time: DateTime<Tz>, items: Items<'_>) -> impl std::fmt::Display + '_ {
    let wall: NaiveDateTime = time.naive_local();
    wall.format_with_items(items.into_iter())
}

fn bad_format(name: &str, format: &str) -> TemplateError {
    TemplateError::BadFormat { name: name.to_owned(), format: cut(format) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::TimeZone;

    fn time() -> BusinessTime {
        let zone = Tz::Asia__Shanghai;
        BusinessTime {
            biz_date: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
            interval_start: zone.with_ymd_and_hms(2026, 11, 20, 2, 30, 0).unwrap(),
            interval_end: zone.with_ymd_and_hms(2026, 11, 21, 2, 30, 0).unwrap(),
        }
    }

    #[test]
    fn names_and_formats_are_filled_in() {
        for (text, expected) in [
            ("area/{biz_date:%Y%m%d}/*.csv", "area/20261120/*.csv"),
            ("{biz_date}", "2026-11-20"),
            ("{interval_start}", "2026-11-20 02:30:00"),
            ("t_{interval_end:%Y%m%d%H}", "t_2026112102"),
            ("{biz_date:%Y/%m/%d}", "2026/11/20"),
            ("no template", "no template"),
            ("{{biz_date}}", "{biz_date}"),
            ("x ~ '^[0-9]{6}$' AND d = '{biz_date}'", "x ~ '^[0-9]{6}$' AND d = '2026-11-20'"),
            ("", ""),
        ] {
            assert_eq!(render(text, &time()).unwrap(), expected, "{text}");
        }
        assert!(parse("{biz_date}").unwrap().varies() && !parse("{6}").unwrap().varies());
    }

    #[test]
    fn mistakes_are_named() {
        let name = parse("{bizdate}").unwrap_err();
        assert_eq!(name, TemplateError::UnknownName { name: "bizdate".into() });
        assert_eq!(name.candidate(), Some("biz_date"));
        for format in ["%Q", "%H", "%z", ""] {
            let text = format!("{{biz_date:{format}}}");
            assert!(matches!(parse(&text), Err(TemplateError::BadFormat { .. })), "{format}");
        }
        assert!(matches!(parse("{interval_start:%z}"), Err(TemplateError::BadFormat { .. })));
        assert!(matches!(parse("a/{biz_date"), Err(TemplateError::Unclosed { .. })));
    }
}
