//! Small forms of the grammar that are text in TOML: names and paths, and why any of them fails. Durations, shares,
//! templates and cron lines have files of their own.

use serde::Serialize;

/// Why a text does not have its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum FormError {
    /// Not a duration.
    #[error("“{text}” is not a duration; write a whole number and s, m, h or d, such as 10s, 5m, 2h or 7d")]
    #[serde(rename = "P155")]
    Duration {
        /// The text, cut.
        text: String,
    },
    /// Not a time of day.
    #[error("“{text}” is not a time of day such as 07:00")]
    #[serde(rename = "P610")]
    Clock {
        /// The text, cut.
        text: String,
    },
    /// Not a percentage.
    #[error("“{text}” is not a percentage above 0% and at most 1000%, such as 30%")]
    #[serde(rename = "P156")]
    Percent {
        /// The text, cut.
        text: String,
    },
    /// Not a baseline.
    #[error("“{text}” is not a baseline; write “median of last N” with N from 1 to 1000")]
    #[serde(rename = "P157")]
    Baseline {
        /// The text, cut.
        text: String,
    },
    /// Not a name.
    #[error("“{text}” is no name of a {what}: names have the form {form}, at most 64 characters a part")]
    #[serde(rename = "P120")]
    Name {
        /// What is named.
        what: &'static str,
        /// The text, cut.
        text: String,
        /// The form it should have.
        form: &'static str,
    },
    /// Not a path inside its root.
    #[error(
        "“{text}” is not a path inside its folder: it is relative, without . and .., backslashes, escapes and empty parts"
    )]
    #[serde(rename = "P123")]
    Path {
        /// The text, cut.
        text: String,
        /// What is wrong with it.
        reason: PathFault,
    },
}

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathFault {
    /// It has no characters.
    Empty,
    /// It starts at the root of the machine or names a drive.
    Absolute,
    /// One of its parts is `..` or `.`.
    Dots,
    /// It holds a backslash, a control character or a percent escape.
    Characters,
    /// Two slashes follow each other, or it ends in one.
    EmptyPart,
}

/// At most 64 characters of a text, for messages.
pub fn cut(text: &str) -> String {
    const MOST: usize = 64;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether a text is a plain name: `[a-z][a-z0-9_]*`, at most 64 characters.
pub fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Checks a plain name.
///
/// # Errors
/// P120.
pub fn name(what: &'static str, text: &str) -> Result<(), FormError> {
    let fits = is_name(text);
    named(fits, what, text, "[a-z][a-z0-9_]*")
}

/// Checks the name of a library table: two plain names with a dot between.
///
/// # Errors
/// P120.
pub fn table_name(text: &str) -> Result<(), FormError> {
    let fits = text.split_once('.').is_some_and(|(library, table)| is_name(library) && is_name(table));
    named(fits, "library", text, "[a-z][a-z0-9_]*.[a-z][a-z0-9_]*")
}

/// Checks the id of a pipeline: plain names with dots between.
///
/// # Errors
/// P120.
pub fn pipeline_id(text: &str) -> Result<(), FormError> {
    let fits = text.len() <= 256 && text.split('.').all(is_name);
    named(fits, "pipeline", text, "[a-z][a-z0-9_]*(.[a-z][a-z0-9_]*)*")
}

/// Checks the id of a project: as a plain name, hyphens allowed too.
///
/// # Errors
/// P120.
pub fn project_id(text: &str) -> Result<(), FormError> {
    let fits = is_name(&text.replace('-', "_"));
    named(fits, "project", text, "[a-z][a-z0-9_-]*")
}

fn named(fits: bool, what: &'static str, text: &str, form: &'static str) -> Result<(), FormError> {
    if fits {
        return Ok(());
    }
    Err(FormError::Name { what, text: cut(text), form })
}

/// Checks a relative path or file pattern: parts joined by `/`, none empty, `.` or `..`, no backslash, percent escape or
/// control character. Template braces count as ordinary characters: check the rendered path too.
///
/// # Errors
/// P123 with what is wrong.
pub fn path(text: &str) -> Result<(), FormError> {
    let fault = if text.is_empty() {
        PathFault::Empty
    } else if text.starts_with('/') || has_drive(text) {
        PathFault::Absolute
    } else if text.chars().any(|c| c == '\\' || c.is_control()) || has_escape(text) {
        PathFault::Characters
    } else if text.split('/').any(|part| part == ".." || part == ".") {
        PathFault::Dots
    } else if text.split('/').any(str::is_empty) {
        PathFault::EmptyPart
    } else {
        return Ok(());
    };
    Err(FormError::Path { text: cut(text), reason: fault })
}

/// `C:` at the beginning, or a URL scheme such as `file:`.
fn has_drive(text: &str) -> bool {
    text.split('/').next().is_some_and(|first| {
        first.strip_suffix(':').is_some_and(|scheme| scheme.chars().all(|c| c.is_ascii_alphanumeric()))
            || (first.as_bytes().get(1) == Some(&b':') && first.as_bytes()[0].is_ascii_alphabetic())
    })
}

/// `%2e` and its like: a percent sign and two hexadecimal digits, outside template braces.
fn has_escape(text: &str) -> bool {
    let mut depth = 0_u32;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'%' if depth == 0 => {
                let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
                if hex(index + 1) && hex(index + 2) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names() {
        assert!(is_name("area_2") && !is_name("2area") && !is_name("Area") && !is_name("") && !is_name("a-b"));
        assert!(!is_name(&"a".repeat(65)) && !is_name("人口"));
        assert!(table_name("social_security.insured").is_ok());
        assert!(table_name("insured").is_err() && table_name("a.b.c").is_err() && table_name("a.").is_err());
        assert!(pipeline_id("population.insured").is_ok() && pipeline_id("a..b").is_err());
        assert!(project_id("yancheng-320900").is_ok() && project_id("-a").is_err());
    }

    #[test]
    fn paths_stay_inside() {
        for good in ["a.csv", "area/{biz_date:%Y%m%d}/*.csv", "人社/参保.csv", "a b/…/c", "50%.csv", "{biz_date:%d%a}"]
        {
            assert!(path(good).is_ok(), "{good}");
        }
        for (bad, reason) in [
            ("", PathFault::Empty),
            ("/etc/passwd", PathFault::Absolute),
            ("C:/data", PathFault::Absolute),
            ("file://x", PathFault::Absolute),
            ("../x", PathFault::Dots),
            ("a/../../x", PathFault::Dots),
            ("./x", PathFault::Dots),
            ("a\\..\\x", PathFault::Characters),
            ("a/%2e%2e/x", PathFault::Characters),
            ("a\0b", PathFault::Characters),
            ("a//b", PathFault::EmptyPart),
            ("a/", PathFault::EmptyPart),
        ] {
            assert_eq!(path(bad), Err(FormError::Path { text: bad.into(), reason }), "{bad}");
        }
    }
}
