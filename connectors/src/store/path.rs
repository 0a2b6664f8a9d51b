//! Which paths are allowed, before anything is opened.

use std::path::Path as FsPath;

use object_store::path::Path;

use crate::Error;

/// Longest path, in bytes.
const LONGEST: usize = 1_024;

/// The object path of a name that a person wrote. As [`stored`], and without percent signs, which may hide another path.
///
/// # Errors
/// [`Error::PathRefused`] with the rule that was broken.
pub fn checked(text: &str) -> Result<Path, Error> {
    if text.contains('%') {
        return Err(refused(text, "it holds a percent sign, which may hide another path"));
    }
    stored(text)
}

/// Turns text into an object path below the root, refusing whatever could mean another place:
/// absolute paths, `..`, `.`, empty segments, backslashes, drive letters, NUL and control characters.
/// A percent sign stands for itself: partition directories hold escapes, and nothing here decodes them.
///
/// # Errors
/// [`Error::PathRefused`] with the rule that was broken.
pub fn stored(text: &str) -> Result<Path, Error> {
    let refuse = |reason| refused(text, reason);
    if text.is_empty() {
        return Err(refuse("it is empty"));
    }
    if text.len() > LONGEST {
        return Err(Error::PathRefused { path: "…".to_owned(), reason: "it is longer than 1,024 bytes" });
    }
    if text.starts_with('/') {
        return Err(refuse("it is absolute"));
    }
    if text.contains('\0') || text.chars().any(char::is_control) {
        return Err(refuse("it holds a NUL or control character"));
    }
    if text.contains('\\') || text.as_bytes().get(1) == Some(&b':') {
        return Err(refuse("it holds a backslash or a drive letter"));
    }
    for segment in text.split('/') {
        match segment {
            "" => return Err(refuse("it has an empty segment")),
            "." | ".." => return Err(refuse("it has a \".\" or \"..\" segment")),
            _ => {}
        }
    }
    Path::parse(text).map_err(|_| refuse("it is not a valid object path"))
}

fn refused(text: &str, reason: &'static str) -> Error {
    Error::PathRefused { path: text.escape_default().to_string(), reason }
}

/// Refuses a path of which an existing part is a symbolic link that leads out of `root`.
///
/// # Errors
/// [`Error::PathRefused`].
pub fn inside(root: &FsPath, path: &Path) -> Result<(), Error> {
    let mut full = root.to_path_buf();
    for part in path.parts() {
        full.push(part.as_ref());
        let Ok(meta) = full.symlink_metadata() else {
            return Ok(());
        };
        let escapes = meta.is_symlink() && !full.canonicalize().is_ok_and(|target| target.starts_with(root));
        if escapes {
            return Err(Error::PathRefused {
                path: path.to_string(),
                reason: "it leads out of the root through a symbolic link",
            });
        }
    }
    Ok(())
}
