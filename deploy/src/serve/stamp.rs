//! What the definition files of a project look like from outside: names, times and sizes, to see that some changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that hold definitions; the project's own comes first.
const FOLDERS: [&str; 5] = ["", "catalog", "grants", "pipelines", "calendars"];
/// What definitions end in.
const ENDINGS: [&str; 2] = ["toml", "ics"];

/// Names, times and sizes of all definition files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<(PathBuf, Option<SystemTime>, u64)>);

impl Stamp {
    /// As they are now in a project's folder.
    pub(crate) fn of(root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let mut files = Vec::new();
        for folder in FOLDERS {
            let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                let definition = path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
                // Follows links: a mounted configuration is changed by turning one of them.
                if let (true, Ok(metadata)) = (definition, path.metadata()) {
                    files.push((path, metadata.modified().ok(), metadata.len()));
                }
            }
        }
        files.sort();
        Self(files)
    }
}
