//! A new project: commented, small, and working.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use chrono::{Days, Months, NaiveDate};
use serde::Serialize;

use crate::spec::schemas::schemas;

/// Files of a new project. `{{from}}` and `{{until}}` stand for the term of its grants.
const FILES: [(&str, &str); 9] = [
    ("sluice.toml", include_str!("../../templates/sluice.toml")),
    ("connections.toml", include_str!("../../templates/connections.toml")),
    ("policy.toml", include_str!("../../templates/policy.toml")),
    ("catalog/insured.toml", include_str!("../../templates/catalog/insured.toml")),
    ("grants/examples.toml", include_str!("../../templates/grants/examples.toml")),
    ("pipelines/insured.toml", include_str!("../../templates/pipelines/insured.toml")),
    ("data/front/insured.csv", include_str!("../../templates/data/front/insured.csv")),
    ("secrets/.gitkeep", ""),
    (".gitignore", include_str!("../../templates/gitignore")),
];

/// Why a project was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum InitError {
    /// Something is there already; nothing was written.
    #[error("{path} is there already; nothing was written")]
    #[serde(rename = "P197")]
    Exists {
        /// The file, relative to the project.
        path: String,
    },
    /// A file could not be written.
    #[error("{path} cannot be written: {reason}")]
    #[serde(rename = "P198")]
    Write {
        /// The file, relative to the project.
        path: String,
        /// Kind of failure.
        reason: String,
    },
}

/// Makes a project in a folder, which is created if need be, and returns the files written, relative to it. Its grants
/// are valid from a month before `today` for a year.
///
/// # Errors
/// P197 if any of the files is there already: then nothing is written. P198 if one cannot be written.
pub fn init(dir: &Path, today: NaiveDate) -> Result<Vec<String>, InitError> {
    let from = today.checked_sub_days(Days::new(30)).unwrap_or(today);
    let until = from.checked_add_months(Months::new(13)).unwrap_or(today);
    let term = |text: &str| text.replace("{{from}}", &from.to_string()).replace("{{until}}", &until.to_string());
    let mut files: Vec<(String, String)> = FILES.iter().map(|(path, text)| ((*path).to_owned(), term(text))).collect();
    files.extend(schemas().into_iter().map(|(name, text)| (format!("schemas/{name}"), text)));
    for (path, _) in &files {
        if dir.join(path).symlink_metadata().is_ok() {
            return Err(InitError::Exists { path: path.clone() });
        }
    }
    for (path, text) in &files {
        write(&dir.join(path), text)
            .map_err(|error| InitError::Write { path: path.clone(), reason: error.kind().to_string() })?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}
