//! Mistakes in definitions: all of them in one run, each at its place, in the reader's language.

use std::collections::BTreeMap;

use crate::harness::{Project, Ran, case, here, program};

fn dozen() -> (Project, BTreeMap<String, String>) {
    let blocks = case::blocks(&here().join("cases/definitions/dozen.md"));
    let project = Project::of(&["base"]);
    for (name, text) in blocks.iter().filter(|(name, _)| name.ends_with(".toml")) {
        project.put(name, text);
    }
    (project, blocks)
}

#[test]
fn a_dozen_mistakes_give_as_many_diagnostics_with_carets_in_one_run() {
    let (project, blocks) = dozen();
    for (arguments, language) in [(&["check"][..], "zh"), (&["check", "--lang", "en"], "en")] {
        let ran = project.sluice(arguments).ends(3);
        assert_eq!(ran.err, blocks[language], "in {language}");
        assert!(ran.err.lines().filter(|line| line.contains('^')).count() >= 12);
    }
    let chinese = project.command(&["check"]).env("SLUICE_LANG", "en").output().unwrap();
    assert_eq!(String::from_utf8(chinese.stderr).unwrap(), blocks["en"], "the variable asks for English too");
}

#[test]
fn the_same_as_json_with_place_and_hint() {
    let (project, _) = dozen();
    let document = project.sluice(&["check", "--json"]).ends(3).json();
    let diagnostics = document["diagnostics"].as_array().unwrap();
    assert_eq!((document["exit"].as_u64(), diagnostics.len()), (Some(3), 21));
    for diagnostic in diagnostics {
        assert!(diagnostic["file"].as_str().unwrap().ends_with(".toml"), "{diagnostic}");
        assert!(diagnostic["line"].as_u64().unwrap() > 0 && diagnostic["column"].as_u64().unwrap() > 0, "{diagnostic}");
    }
}

#[test]
fn nothing_runs_while_a_definition_is_wrong() {
    let (project, _) = dozen();
    for arguments in [&["run", "--all"][..], &["run", "second.one"], &["plan"], &["quarantine", "list"]] {
        project.sluice(arguments).ends(3);
    }
    assert!(!project.path("state/ledger.db").exists(), "a ledger was made for a project that is wrong");
}

#[test]
fn a_new_project_has_no_mistake_and_runs() {
    let folder = Project::empty();
    let root = folder.path("mine").display().to_string();
    folder.sluice(&["init", &root]).ends(0);
    let at = |arguments: &[&str]| Ran::of(program::command().args(["-C", &root]).args(arguments));
    at(&["check"]).ends(0);
    at(&["plan", "--json"]).ends(0);
    at(&["run", "--all", "--json"]).ends(0);
    at(&["init", &root]).ends(2);
}

#[test]
fn usage_errors_end_with_two_and_no_project_says_so() {
    let folder = Project::empty();
    for arguments in [&["runn"][..], &["run", "--no-such"], &["check"], &["plan", "--biz-date", "tomorrow"]] {
        let ran = folder.sluice(arguments).ends(2);
        assert!(ran.out.is_empty() && ran.err.contains("[S1"), "{}", ran.err);
    }
    let scaffold = Project::of(&["base", "hostile"]);
    scaffold.sluice(&["run"]).ends(2);
    scaffold.sluice(&["run", "no.such"]).ends(2);
    let json = scaffold.sluice(&["run", "no.such", "--json"]).ends(2).json();
    assert_eq!(json["problems"][0]["code"], "S103");
}
