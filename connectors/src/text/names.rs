//! Names of columns, as a header gives them.

use std::collections::HashMap;

use crate::Error;

/// Trims and checks names: none empty, none twice. Errors name positions, counting from 1.
pub(crate) fn column_names(path: &str, raw: impl IntoIterator<Item = String>) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, name) in raw.into_iter().enumerate() {
        let position = index + 1;
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(Error::HeaderEmpty { path: path.to_owned(), position });
        }
        if let Some(first) = seen.insert(name.clone(), position) {
            return Err(Error::HeaderRepeated { path: path.to_owned(), first, second: position });
        }
        names.push(name);
    }
    Ok(names)
}
