//! A large job with little memory: it spills, quarantines, builds and supplies; then everything is looked at.

use std::path::Path;

use super::look::{Eyes, Spills};
use super::{CANARY, bank_card, citizen_id};
use crate::harness::program::PATIENCE;
use crate::harness::{Project, Ran, dataset, files_below, ledger, table};

const ROWS: u32 = 100_000;

#[test]
fn a_canary_in_every_graded_column_appears_nowhere_it_must_not() {
    let eyes = Eyes::new();
    let project = super::project(ROWS);
    let clinic = format!(
        "CREATE TABLE visit (visit_no INTEGER, citizen_id TEXT, disease TEXT, pressure TEXT, seen_at TEXT);
         INSERT INTO visit VALUES (1, '{}', 'CANARY-病种', 120, '2026-11-01 08:00:00');
         INSERT INTO visit VALUES (2, 'CANARYID', 'CANARY-病种', 'CANARYNUMBER', 'CANARYTIME');",
        citizen_id(CANARY)
    );
    ledger::execute(&project.path("clinic/clinic.db"), &clinic);
    let mut spills = Spills::default();
    for pipeline in ["hidden.person", "hidden.visit"] {
        let mut command = project.command(&["run", pipeline, "--biz-date", "2026-11-01"]);
        let ran = Ran::watched(command.env("SLUICE_LOG", "trace"), PATIENCE, |process| spills.watch(process, &eyes));
        eyes.clean("standard output", ran.out.as_bytes());
        eyes.clean("the log", ran.err.as_bytes());
        assert!(ran.err.len() > 100, "nothing was logged");
        ran.ends(0);
    }
    assert!(spills.bytes > 1 << 20, "only {} bytes were spilled", spills.bytes);
    assert_eq!(spills.spotted, None, "in a spill file");
    commands(&project, &eyes);
    supplied(&project, &eyes);
    state(&project, &eyes);
    libraries(&project, &eyes);
}

/// What commands print that need no key.
fn commands(project: &Project, eyes: &Eyes) {
    for arguments in [
        &["plan"][..],
        &["check"],
        &["runs", "list"],
        &["quarantine", "list"],
        &["audit", "list", "--limit", "1000"],
        &["keys", "list"],
        &["grant", "list"],
        &["catalog", "show", "3/07/001/0001"],
        &["run", "hidden.person", "--biz-date", "2026-11-01"],
    ] {
        for json in [&[][..], &["--json"]] {
            let ran = project.sluice(&[arguments, json].concat()).ends(0);
            eyes.clean(&format!("{arguments:?} {json:?}"), format!("{}{}", ran.out, ran.err).as_bytes());
        }
    }
    let runs = project.sluice(&["runs", "list", "--json"]).ends(0).json();
    for run in runs["runs"].as_array().unwrap() {
        let ran = project.sluice(&["runs", "show", run["id"].as_str().unwrap(), "--json"]).ends(0);
        eyes.clean("runs show", ran.out.as_bytes());
    }
}

fn supplied(project: &Project, eyes: &Eyes) {
    let files = files_below(&project.path("supplied"));
    assert!(files.len() > 8, "{files:?}");
    for file in &files {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("parquet") => eyes.clean_parquet(file),
            _ => eyes.clean(&file.display().to_string(), &std::fs::read(file).unwrap()),
        }
    }
    let rows = table::delta_rows(&project.path("supplied/finance/person_delta"));
    assert!(rows.len() > ROWS as usize, "the canary's own row was supplied, protected: {} rows", rows.len());
    let opened = dataset::supplied(project, "supplied/finance/visit");
    assert_eq!(table::get(&opened[0], "citizen_id"), citizen_id(CANARY), "who holds the key reads it");
}

/// Ledger pages, quarantine, and whatever else the state folder holds.
fn state(project: &Project, eyes: &Eyes) {
    let files = files_below(&project.path("state"));
    let named = |name: &str| files.iter().any(|file| file.to_string_lossy().contains(name));
    assert!(named("ledger.db") && named("quarantine"), "{files:?}");
    for file in &files {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("parquet") => eyes.clean_parquet(file),
            _ => eyes.clean(&file.display().to_string(), &std::fs::read(file).unwrap()),
        }
    }
    let shown = project.sluice(&["quarantine", "show", "--limit", "100", "--json"]).ends(0);
    assert!(
        eyes.spot(shown.out.as_bytes()).is_some(),
        "the quarantine keeps the original values for who holds the key"
    );
}

/// A library holds its values by right; its log, footers, statistics and file names do not.
fn libraries(project: &Project, eyes: &Eyes) {
    let mut seen = 0;
    for file in files_below(&project.path("libraries")) {
        eyes.clean("a file name", file.to_string_lossy().as_bytes());
        if file.extension().is_some_and(|extension| extension == "parquet") {
            if file.starts_with(project.path("libraries/reg/person")) {
                eyes.clean_statistics(&file);
                seen += usize::from(eyes.spot_values(&file).is_some());
            }
            assert!(never_in_a_library(&file), "{} holds a card or a disease", file.display());
        } else {
            eyes.clean(&file.display().to_string(), &std::fs::read(&file).unwrap());
        }
    }
    assert!(seen > 0, "the eyes see nothing: the library must hold the canary");
}

/// Cards and diseases are L4: policy suppresses or encrypts them on the way into the domain.
fn never_in_a_library(file: &Path) -> bool {
    let rows = table::parquet_rows(file);
    let card = bank_card(CANARY);
    rows.iter().flat_map(|row| row.values().flatten()).all(|value| !value.contains("病种") && *value != card)
}
