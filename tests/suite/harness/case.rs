//! Cases that are documents: Markdown with fenced blocks, each named by the last word behind its fence.

use std::collections::BTreeMap;
use std::path::Path;

/// The blocks of a document, by name. A file's block is named by its path.
pub(crate) fn blocks(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut blocks = BTreeMap::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some((info.split_whitespace().last().unwrap_or_default().into(), String::new()))
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}
