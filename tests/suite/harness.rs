//! What all suites share.

pub(crate) mod case;
pub(crate) mod dataset;
pub(crate) mod hook;
pub(crate) mod ledger;
#[path = "../../catalog/src/tests/postgres.rs"]
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod project;
pub(crate) mod python;
pub(crate) mod sample;
pub(crate) mod squeeze;
pub(crate) mod table;

use std::path::{Path, PathBuf};

pub(crate) use program::Ran;
pub(crate) use project::Project;

/// Folder of this package.
pub(crate) fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder; nothing when there is no such folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
