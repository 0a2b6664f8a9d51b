//! Whether a file drop is complete.

use std::time::Duration;

use object_store::ObjectStoreExt;
use serde::{Deserialize, Serialize};

use crate::files::{self, File};
use crate::store::Store;
use crate::{Error, Limits};

/// Longest count file.
const COUNT_BYTES: u64 = 4_096;

/// What must hold before a drop is read. Without any condition a drop is ready when its files are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Readiness {
    /// Name of a file that the provider writes last, in the directory of each pattern.
    pub flag: Option<String>,
    /// Name of a file that holds the number of records of its directory, as one whole number.
    pub count_file: Option<String>,
    /// Whether the files must be the same, by size and time, at two looks in a row. The caller decides how far apart.
    pub stable: bool,
}

impl Readiness {
    /// How long to wait between two looks when nothing else is configured.
    pub const PAUSE: Duration = Duration::from_secs(10);
}

/// What one look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The files of the drop, so far.
    pub files: Vec<File>,
    /// The number of records that the count files promise together.
    pub expected: Option<u64>,
    /// The verdict.
    pub state: State,
}

/// Whether to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Read now.
    Ready,
    /// Look again later.
    Waiting {
        /// What is missing: a path or pattern, or "stable size".
        what: String,
    },
    /// The records read are not those promised.
    Mismatch {
        /// What the count files promise.
        expected: u64,
        /// What was read.
        found: u64,
    },
}

/// Looks at a drop. `previous` is the last look, which `stable` compares with.
///
/// # Errors
/// [`Error::CountFile`], [`Error::PathRefused`], [`Error::Storage`]; files that are missing are [`State::Waiting`].
pub async fn look(
    store: &Store,
    readiness: &Readiness,
    patterns: &[String],
    limits: &Limits,
    previous: Option<&Look>,
) -> Result<Look, Error> {
    let waiting = |files, what: String| Look { files, expected: None, state: State::Waiting { what } };
    for flag in beside(patterns, readiness.flag.as_deref()) {
        match files::stat(store, &flag).await {
            Ok(_) => {}
            Err(Error::NotFound { path }) => return Ok(waiting(Vec::new(), path)),
            Err(error) => return Err(error),
        }
    }
    let mut expected: Option<u64> = None;
    for path in beside(patterns, readiness.count_file.as_deref()) {
        match count(store, &path).await {
            Ok(records) => expected = Some(expected.unwrap_or(0).saturating_add(records)),
            Err(Error::NotFound { path }) => return Ok(waiting(Vec::new(), path)),
            Err(error) => return Err(error),
        }
    }
    let markers: Vec<String> =
        beside(patterns, readiness.flag.as_deref()).chain(beside(patterns, readiness.count_file.as_deref())).collect();
    let files = match files::expand(store, patterns, limits).await {
        Ok(files) => files.into_iter().filter(|file| !markers.contains(&file.path)).collect::<Vec<File>>(),
        Err(Error::NoFiles { pattern }) => return Ok(waiting(Vec::new(), pattern)),
        Err(error) => return Err(error),
    };
    if readiness.stable && previous.is_none_or(|previous| previous.files != files) {
        return Ok(waiting(files, "stable size".to_owned()));
    }
    Ok(Look { files, expected, state: State::Ready })
}

impl Look {
    /// Compares the number of records that were read with the promise.
    #[must_use]
    pub fn compare(&self, found: u64) -> State {
        match self.expected {
            Some(expected) if expected != found => State::Mismatch { expected, found },
            _ => self.state.clone(),
        }
    }
}

/// The marker of each pattern's directory, each once.
fn beside<'a>(patterns: &'a [String], name: Option<&'a str>) -> impl Iterator<Item = String> + 'a {
    let mut paths: Vec<String> = Vec::new();
    if let Some(name) = name {
        for pattern in patterns {
            let wild = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
            let path = match pattern[..wild].rfind('/') {
                Some(end) => format!("{}/{name}", &pattern[..end]),
                None => name.to_owned(),
            };
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths.into_iter()
}

async fn count(store: &Store, path: &str) -> Result<u64, Error> {
    let refuse = || Error::CountFile { path: path.to_owned() };
    if files::stat(store, path).await?.size > COUNT_BYTES {
        return Err(refuse());
    }
    let location = store.path(path)?;
    let fail = |error: object_store::Error| Error::storage("read", path, &error);
    let bytes = store.object().get(&location).await.map_err(fail)?.bytes().await.map_err(fail)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| refuse())?;
    text.trim_start_matches('\u{feff}').trim().parse().map_err(|_| refuse())
}
