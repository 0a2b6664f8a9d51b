#![allow(clippy::unwrap_used, clippy::panic)]
//! Projects as documents: `src/spec/cases/*.md` hold the files and the diagnostics that are expected of them.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::*;
use crate::spec::diagnostic::English;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec/cases")
}

/// When the cases are looked at.
const NOW: &str = "2026-11-23T00:42:00Z";

/// A scaffolded project, into which a case puts its files.
fn scaffold() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()).unwrap();
    dir
}

fn put(dir: &Path, file: &str, text: impl AsRef<[u8]>) {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn codes(dir: &Path) -> Vec<String> {
    check(dir).iter().map(|one| one.problem.code.clone()).collect()
}

/// Blocks of a case: (name after the fence's language, text).
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let name = info.split_whitespace().last().unwrap_or_default();
                open = Some((name.to_owned(), String::new()));
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

/// Runs every case. With SLUICE_WRITE_CASES set, writes what was found into the case instead; read the difference.
#[test]
fn every_case_shows_the_diagnostics_it_expects() {
    let mut paths: Vec<PathBuf> = fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let dir = scaffold();
        let mut expected = None;
        for (name, block) in blocks(&text) {
            if name == "diagnostics" {
                expected = Some(block);
            } else {
                put(dir.path(), &name, block);
            }
        }
        let found = check_at(dir.path(), NOW.parse().unwrap()).render(&English, false);
        let expected = expected.unwrap();
        if found != expected && std::env::var_os("SLUICE_WRITE_CASES").is_some() {
            let old = format!("```text diagnostics\n{expected}```");
            fs::write(&path, text.replace(&old, &format!("```text diagnostics\n{found}```"))).unwrap();
            continue;
        }
        assert!(found == expected, "{}\n--- found\n{found}\n--- expected\n{expected}", path.display());
    }
}

#[test]
fn a_new_project_loads_without_a_word() {
    let dir = scaffold();
    let project = Project::load(dir.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(project.warnings.is_empty(), "{}", project.warnings);
    let pipeline = project.pipeline("social_security.insured").unwrap();
    assert_eq!(project.timezone(pipeline), Tz::Asia__Shanghai);
    assert_eq!(pipeline.digest.len(), 64);
    assert_eq!(project.supply_connection(&pipeline.spec.supply[0]).unwrap().0, "inclusive_finance");
    assert!(project.builder_of("social_security.insured_person").is_some());
    assert_eq!((project.grants.len(), project.resources.len()), (2, 1));
    assert_eq!(project.policy, Policy::shipped());
}

#[test]
fn a_new_project_never_overwrites() {
    let dir = scaffold();
    let today = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    assert_eq!(init(dir.path(), today), Err(InitError::Exists { path: "sluice.toml".into() }));
    let other = tempfile::tempdir().unwrap();
    put(other.path(), "policy.toml", "# mine\n");
    assert!(init(other.path(), today).is_err());
    assert!(!other.path().join("sluice.toml").exists());
}

#[test]
fn digests_ignore_comments_and_layout_and_nothing_else() {
    let dir = scaffold();
    let digest = || Project::load(dir.path()).unwrap().pipelines[0].digest.clone();
    let file = dir.path().join("pipelines/insured.toml");
    let text = fs::read_to_string(&file).unwrap();
    let before = digest();
    fs::write(&file, format!("# a comment\n\n{}", text.replace(" = ", "="))).unwrap();
    assert_eq!(digest(), before);
    fs::write(&file, text.replace("ratio = 0.5", "ratio = 0.4")).unwrap();
    assert_ne!(digest(), before);
}

#[test]
fn spans_point_at_values_and_fall_back_to_what_encloses_them() {
    let dir = scaffold();
    let project = Project::load(dir.path()).unwrap();
    let pipeline = &project.pipelines[0];
    let text = fs::read_to_string(dir.path().join(&pipeline.file)).unwrap();
    let at = |path: &str| text[pipeline.span(path).unwrap().range].to_owned();
    assert_eq!(at("library[0].key[0]"), "\"citizen_id\"");
    assert_eq!(at("supply[0].select[3]"), "\"contribution_base\"");
    assert_eq!(at("supply[0].protect.contribution_base.generalise"), "1000");
    assert_eq!(at("library[0].mode.nothing[3].here"), "\"merge\"");
    assert!(pipeline.span("nowhere").is_none());
}

#[test]
fn hostile_files_are_errors_not_crashes() {
    let deep_inline = format!("a = {}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let deep_tables = format!("a = {}1{}", "{ a = ".repeat(20_000), " }".repeat(20_000));
    let deep_keys = format!("{}a = 1", "a.".repeat(60_000));
    let deep_header = format!("[{}a]", "a.".repeat(60_000));
    let many = format!("x = [{}]", "1,".repeat(500_000));
    let many_keys: String = (0..60_000).map(|at| format!("k{at} = 1\n")).collect();
    let many_tables = "[[source]]\n".repeat(90_000);
    let junk: String = "= ]\n".repeat(200_000);
    let quotes = "\"".repeat(1_000_000);
    let long_word = format!("[pipeline]\nid = \"{}\"", "数".repeat(300_000));
    for text in [
        deep_inline,
        deep_tables,
        deep_keys,
        deep_header,
        many,
        many_keys,
        many_tables,
        junk,
        quotes,
        long_word,
        "a".repeat(2_000_000),
        "\u{feff}".into(),
        "\r\n\r".into(),
        "[pipeline".into(),
        "'''".into(),
    ] {
        let dir = scaffold();
        put(dir.path(), "pipelines/hostile.toml", &text);
        let begun = std::time::Instant::now();
        let found = check(dir.path());
        assert!(found.has_errors(), "{}", &text[..text.floor_char_boundary(40)]);
        let shown = found.render(&English, true);
        assert!(shown.len() < 200_000 && found.len() < 200, "{} {}", shown.len(), found.len());
        assert!(found.to_json(&English).is_array());
        assert!(begun.elapsed().as_secs() < 20, "{}", &text[..text.floor_char_boundary(40)]);
    }
}

#[test]
fn files_that_are_no_text_are_named() {
    let dir = scaffold();
    put(dir.path(), "pipelines/a.toml", b"a = 1\nb = \"\xc4\xfa\"\n");
    put(dir.path(), "pipelines/b.toml", b"a = 1\n\nb = \"\0\"\n");
    put(dir.path(), "pipelines/c.toml", vec![b'#'; 1024 * 1024 + 1]);
    fs::create_dir(dir.path().join("pipelines/d.toml")).unwrap();
    assert_eq!(codes(dir.path()), ["P102", "P103", "P101", "P104"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_refused() {
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "grants/x.toml", "");
    let dir = scaffold();
    std::os::unix::fs::symlink(outside.path().join("grants/x.toml"), dir.path().join("grants/x.toml")).unwrap();
    assert_eq!(codes(dir.path()), ["P105"]);
    let dir = scaffold();
    fs::remove_dir_all(dir.path().join("grants")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("grants"), dir.path().join("grants")).unwrap();
    assert!(codes(dir.path()).contains(&"P105".to_owned()));
}

#[test]
fn a_secret_never_reaches_the_screen() {
    let dir = scaffold();
    let text = "[connection.front_machine]\nkind = \"files\"\nzone = \"platform\"\npath = \"postgres://reader:hunter2@db/x\"\n\
                password = \"hunter2\"\n\n[connection.other]\nkind = \"oracle\"\nzone = \"nowhere\"\npath = \"secret:a b\"\n\
                [connection.inclusive_finance]\nkind = \"files\"\nzone = \"scenario:inclusive_finance\"\npath = \"x\"\n";
    put(dir.path(), "connections.toml", text);
    put(
        dir.path(),
        "sluice.toml",
        format!(
            "[project]\nid = \"a\"\ntitle = \"a\"\n[keys]\nroot = \"{}\"\n[state]\nledger = \"postgres:///db?user=a&password=hunter2\"\n",
            "0f".repeat(32)
        ),
    );
    let found = check(dir.path());
    let shown = format!("{}{}{found:?}", found.render(&English, true), found.to_json(&English));
    let list: Vec<&str> = found.iter().map(|one| one.problem.code.as_str()).collect();
    assert_eq!(list, ["P124", "P110", "P124", "P113", "P114", "P125", "P124", "P124"]);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains(&"0f".repeat(32)), "{shown}");
}

#[test]
fn durations_of_the_service_are_checked() {
    let dir = scaffold();
    let head = "[project]\nid = \"a\"\ntitle = \"a\"\n[service]\n";
    put(dir.path(), "sluice.toml", format!("{head}lease = \"4x\"\nkeep = \"3d\"\nwatch = \"20m\"\ndrain = \"0s\"\n"));
    assert_eq!(codes(dir.path()), ["P155", "P115", "P115"]);
}

#[test]
fn what_could_not_be_read_is_not_called_unknown() {
    for file in ["connections.toml", "catalog/insured.toml", "grants/examples.toml"] {
        let dir = scaffold();
        put(dir.path(), file, "broken = = 1\n");
        assert_eq!(codes(dir.path()), ["P107"], "{file}");
    }
}

#[test]
fn a_folder_without_a_project_says_so() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(codes(dir.path()), ["P100"]);
    assert_eq!(codes(&dir.path().join("absent")), ["P100"]);
    assert!(Project::load(dir.path()).is_err());
}
