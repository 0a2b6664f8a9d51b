//! Which files a pattern means.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::source::{FilePosition, Position};
use crate::store::{Store, path};
use crate::{Error, Limits};

/// One stored file, as it was when it was found.
pub type File = FilePosition;

/// The files that `patterns` mean, each once, sorted by path. A pattern may hold `*`, `?`, `[…]` and `**`;
/// business dates are expanded by the caller. Names that begin with `.` or `_` match only when the pattern names them so.
///
/// # Errors
/// [`Error::NoFiles`] for a pattern without a match, [`Error::TooManyFiles`] when a listing passes the bound,
/// [`Error::PathRefused`].
pub async fn expand(store: &Store, patterns: &[String], limits: &Limits) -> Result<Vec<File>, Error> {
    let mut found = BTreeMap::new();
    for pattern in patterns {
        let before = found.len();
        let mut matched = 0;
        for file in one(store, pattern, limits).await? {
            matched += 1;
            found.insert(file.path.clone(), file);
        }
        if matched == 0 && before == found.len() {
            return Err(Error::NoFiles { pattern: pattern.clone() });
        }
        if found.len() > limits.files {
            return Err(Error::TooManyFiles { pattern: pattern.clone(), limit: limits.files });
        }
    }
    if found.is_empty() {
        return Err(Error::NoFiles { pattern: String::new() });
    }
    Ok(found.into_values().collect())
}

async fn one(store: &Store, pattern: &str, limits: &Limits) -> Result<Vec<File>, Error> {
    if !pattern.contains(['*', '?', '[']) {
        path::checked(pattern)?;
        return match stat(store, pattern).await {
            Ok(file) => Ok(vec![file]),
            Err(Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
    }
    let fixed = fixed_prefix(pattern)?;
    let matcher = glob::Pattern::new(pattern).map_err(|_| Error::PathRefused {
        path: pattern.escape_default().to_string(),
        reason: "it is not a valid pattern",
    })?;
    let prefix = match fixed {
        Some(text) => Some(store.path(text)?),
        None => None,
    };
    let rules =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let marked = pattern.rsplit('/').next().is_some_and(|name| name.starts_with('_'));
    let mut listing = store.object().list(prefix.as_ref()).take(limits.files.saturating_mul(4) + 1).boxed();
    let (mut seen, mut files) = (0usize, Vec::new());
    while let Some(meta) = listing.try_next().await.map_err(|error| Error::storage("list", pattern, &error))? {
        seen += 1;
        if seen > limits.files.saturating_mul(4) {
            return Err(Error::TooManyFiles { pattern: pattern.to_owned(), limit: limits.files });
        }
        let name = meta.location.filename().unwrap_or_default();
        if matcher.matches_with(meta.location.as_ref(), rules) && (marked || !name.starts_with('_')) {
            store.path(meta.location.as_ref())?;
            files.push(described(meta));
        }
    }
    Ok(files)
}

/// The directories before the first wildcard, after checking the pattern as a path.
fn fixed_prefix(pattern: &str) -> Result<Option<&str>, Error> {
    let plain: String =
        pattern.chars().map(|c| if matches!(c, '*' | '?' | '[' | ']' | '!') { 'x' } else { c }).collect();
    path::checked(&plain)?;
    let wild = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    Ok(pattern[..wild].rfind('/').map(|end| &pattern[..end]))
}

/// One file by its exact path.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PathRefused`] or [`Error::Storage`].
pub async fn stat(store: &Store, path: &str) -> Result<File, Error> {
    let location = store.path(path)?;
    let meta = store.object().head(&location).await.map_err(|error| Error::storage("look at", path, &error))?;
    Ok(described(meta))
}

fn described(meta: ObjectMeta) -> File {
    File { path: meta.location.to_string(), size: meta.size, modified: meta.last_modified, etag: meta.e_tag }
}

/// The position of a source that reads `files`.
pub(crate) fn position(files: &[File]) -> Position {
    Position::Files { files: files.to_vec() }
}
