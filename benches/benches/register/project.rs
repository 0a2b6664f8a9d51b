//! The project that is run, written into a folder.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{Datelike, Utc};

use crate::options::Mode;

/// Path below the project and content.
const FILES: [(&str, &str); 7] = [
    ("sluice.toml", include_str!("project/sluice.toml")),
    ("connections.toml", include_str!("project/connections.toml")),
    ("policy.toml", include_str!("project/policy.toml")),
    ("catalog/catalog.toml", include_str!("project/catalog.toml")),
    ("grants/grants.toml", include_str!("project/grants.toml")),
    ("pipelines/straight.toml", include_str!("project/straight.toml")),
    ("pipelines/library.toml", include_str!("project/library.toml")),
];

/// Writes the definitions; the register stays where it is.
pub(crate) fn write(folder: &Path, register: &Path, mode: Mode) -> io::Result<()> {
    let file = register.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let year = Utc::now().year();
    let (mode, key) = match mode {
        Mode::Append => ("append", ""),
        Mode::Merge => ("merge", "key = [\"citizen_id\"]"),
    };
    let values = [
        ("@FILE@", file.as_str()),
        ("@FROM@", &format!("{}-01-01", year - 1)),
        ("@UNTIL@", &format!("{}-12-31", year + 1)),
        ("@MODE@", mode),
        ("@KEY@", key),
    ];
    for (path, text) in FILES {
        let text = values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    fs::create_dir_all(folder.join("supplied"))
}
