//! Others at work: OPTIMIZE between intent and publish, and a ledger that was restored from an older copy.

use super::picture::{Picture, balances, contents, same};
use super::world::{self, DAYS};
use crate::harness::{Project, Ran, files_below, python};

const TABLES: [(&str, &str, &[&str]); 4] = [
    ("crash.person", "reg/person", &["person_changes", "person_feed"]),
    ("crash.firm", "reg/firm", &["firm_changes", "firm_new"]),
    ("crash.visit", "reg/visit", &["visit_new", "visit_full"]),
    ("crash.stock", "reg/stock", &["stock_full", "stock_new", "stock_copy"]),
];

fn day(project: &Project, day: usize) {
    world::visits(project, u32::try_from(day).unwrap());
    for (pipeline, ..) in TABLES {
        project.run(pipeline, DAYS[day]).ends(0);
    }
}

#[test]
fn optimize_between_intent_and_publish_neither_loses_nor_doubles_a_row() {
    let base = world::new();
    for (pipeline, ..) in TABLES {
        base.run(pipeline, DAYS[0]).ends(0);
    }
    day(&base, 1);
    world::visits(&base, 2);
    for (pipeline, library, datasets) in TABLES {
        let undisturbed = base.copy();
        undisturbed.run(pipeline, DAYS[2]).ends(0);
        let expected = contents(&undisturbed, library, datasets);
        let project = base.copy();
        let mut command = project.command(&["run", pipeline, "--biz-date", DAYS[2], "--json"]);
        let killed = Ran::of(command.env("SLUICE_CRASH", "intent.recorded:1"));
        assert_eq!(killed.signal, Some(9), "{}", killed.out);
        python::run("optimize.py", &[&project.path(format!("libraries/{library}"))]);
        project.run(pipeline, DAYS[2]).ends(0);
        balances(&project);
        same(pipeline, &expected, &contents(&project, library, datasets));
    }
}

#[test]
fn a_ledger_restored_from_an_older_copy_neither_loses_nor_doubles_a_row() {
    let project = world::new();
    for (pipeline, ..) in TABLES {
        project.run(pipeline, DAYS[0]).ends(0);
    }
    let backup = ledger_files(&project);
    day(&project, 1);
    let after_second: Vec<Picture> = TABLES.iter().map(|(_, library, _)| contents(&project, library, &[])).collect();
    let undisturbed = project.copy();
    day(&undisturbed, 2);

    restore(&project, &backup);
    for ((pipeline, library, _), expected) in TABLES.iter().zip(&after_second) {
        project.run(pipeline, DAYS[1]).ends(0);
        same(pipeline, expected, &contents(&project, library, &[]));
    }
    day(&project, 2);
    balances(&project);
    for (pipeline, library, datasets) in TABLES {
        same(pipeline, &contents(&undisturbed, library, datasets), &contents(&project, library, datasets));
    }
    project.sluice(&["audit", "verify"]).ends(0);
}

fn ledger_files(project: &Project) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = files_below(&project.path("state")).into_iter();
    let ledger = files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("ledger.db"));
    ledger.map(|file| (file.clone(), std::fs::read(&file).unwrap())).collect()
}

fn restore(project: &Project, backup: &[(std::path::PathBuf, Vec<u8>)]) {
    for (file, _) in ledger_files(project) {
        std::fs::remove_file(file).unwrap();
    }
    for (file, bytes) in backup {
        std::fs::write(file, bytes).unwrap();
    }
}
