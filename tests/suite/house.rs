//! Rules of the house that a reader can rely on: who may know whom, and how long a thing may be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::harness::{files_below, here};

const MEMBERS: [&str; 7] = ["catalog", "transforms", "connectors", "pipelines", "deploy", "tests", "benches"];
/// Who may depend on whom.
const KNOWS: [(&str, &[&str]); 7] = [
    ("catalog", &[]),
    ("transforms", &[]),
    ("connectors", &[]),
    ("pipelines", &["catalog", "transforms", "connectors"]),
    ("deploy", &["catalog", "transforms", "connectors", "pipelines"]),
    ("tests", &["catalog", "deploy", "pipelines"]),
    ("benches", &["catalog", "transforms", "connectors", "pipelines", "deploy"]),
];
const MOST_LINES_OF_A_FILE: usize = 600;
const MOST_LINES_OF_A_FUNCTION: usize = 70;

fn root() -> &'static Path {
    here().parent().unwrap()
}

fn sources() -> Vec<(PathBuf, String)> {
    let files = MEMBERS.iter().flat_map(|member| files_below(&root().join(member)));
    let rust = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|file| (file.strip_prefix(root()).unwrap().to_owned(), std::fs::read_to_string(&file).unwrap())).collect()
}

#[test]
fn every_folder_with_a_manifest_is_a_member_and_knows_only_whom_it_may() {
    for (member, knows) in KNOWS {
        let manifest = std::fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        let named: BTreeSet<&str> = manifest
            .lines()
            .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()))
            .filter(|name| MEMBERS.contains(name))
            .collect();
        for other in named {
            assert!(knows.contains(&other), "{member} depends on {other}");
        }
    }
    let folders = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let with_manifest: BTreeSet<String> = folders
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(with_manifest, MEMBERS.map(str::to_owned).into());
}

#[test]
fn no_leaf_names_another_in_its_sources() {
    for (path, text) in sources() {
        let member = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let Some((_, knows)) = KNOWS.iter().find(|(name, _)| *name == member && knows_nobody(name)) else { continue };
        for other in MEMBERS.iter().filter(|other| **other != member && !knows.contains(other)) {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                let named =
                    [format!("use {other}::"), format!(" {other}::"), format!("({other}::"), format!("&{other}::")];
                let own = text.contains(&format!("mod {other};"));
                assert!(own || !named.iter().any(|name| line.contains(name)), "{}:{}", path.display(), number + 1);
            }
        }
    }
}

fn knows_nobody(member: &str) -> bool {
    ["catalog", "transforms", "connectors"].contains(&member)
}

#[test]
fn no_file_is_longer_than_six_hundred_lines() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > MOST_LINES_OF_A_FILE)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_function_is_longer_than_seventy_lines() {
    let mut long = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !tests_only(path)) {
        for (name, first, lines) in functions(&text) {
            if lines > MOST_LINES_OF_A_FUNCTION {
                long.push(format!("{}:{first} {name}: {lines} lines", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Tests may tell a long story in one function.
fn tests_only(path: &Path) -> bool {
    path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

/// Functions of a formatted file with their first line and length: from `fn` to the brace at the same indentation.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        let Some(name) = name_of(bare).filter(|_| !is_test(&lines[..start])) else { continue };
        let closing = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|line| **line == closing || ends_on_its_line(line, indent, bare));
        found.push((name, start + 1, end.map_or(1, |end| end + 1)));
    }
    found
}

fn ends_on_its_line(line: &str, indent: usize, first: &str) -> bool {
    let same = line.len() - line.trim_start().len() == indent && line.trim_start() == first;
    same && (line.ends_with('}') || line.ends_with(';'))
}

/// Whether the attributes right above make it a test.
fn is_test(above: &[&str]) -> bool {
    let attributes = above.iter().rev().take_while(|line| line.trim_start().starts_with("#["));
    attributes.into_iter().any(|line| line.contains("test]"))
}

fn name_of(line: &str) -> Option<String> {
    const BEFORE: [&str; 9] =
        ["pub", "pub(crate)", "pub(super)", "pub(in", "async", "const", "extern", "unsafe", "default"];
    let mut words =
        line.split(' ').skip_while(|word| BEFORE.contains(word) || word.ends_with(')') && word.starts_with("crate"));
    if words.next() != Some("fn") {
        return None;
    }
    Some(words.next()?.split(['(', '<']).next()?.to_owned())
}

#[test]
fn the_scanner_finds_functions() {
    let text =
        "fn one() {}\n\npub(crate) async fn two<T>(\n    a: T,\n) {\n    a\n}\n\nimpl X {\n    fn three(&self);\n}\n";
    let expected =
        [("one", 1, 1), ("two", 3, 5), ("three", 10, 1)].map(|(name, at, lines)| (name.to_owned(), at, lines));
    assert_eq!(functions(text), expected);
}

#[test]
fn every_library_opens_with_its_purpose_a_map_and_what_must_never_happen() {
    for member in ["catalog", "transforms", "connectors", "pipelines", "deploy"] {
        let text = std::fs::read_to_string(root().join(member).join("src/lib.rs")).unwrap();
        assert!(text.starts_with("//!"), "{member}");
        assert!(text.contains("//! | "), "{member} has no map of its files");
        assert!(text.to_lowercase().contains("never happen"), "{member} does not say what must never happen");
    }
}

#[test]
fn no_literal_secret_and_no_private_path_stands_in_the_tree() {
    let begin = ["-----BEGIN", "PRIVATE KEY-----"].join(" ");
    let homes = ["/home/", "/root/", "/Users/"];
    for (path, text) in sources() {
        if path.ends_with("suite/house.rs") {
            continue;
        }
        assert!(!text.contains(&begin), "{}", path.display());
        assert!(!homes.iter().any(|home| text.contains(home)), "{} names a home folder", path.display());
    }
}
