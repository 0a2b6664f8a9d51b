//! Hostile input gets a clear error or a clean result: never a panic, a hang or a partial publish.

mod definitions;
mod files;

use std::time::Duration;

use crate::harness::table::{self, Row};
use crate::harness::{Project, Ran, dataset};

const PIPELINE: &str = "hostile.goods";
const GOOD: &str = "area_code,goods,amount\n320902,米,1\n320903,油,2\n";
/// Nothing here may take longer, or more memory than this many KiB.
const PATIENCE: Duration = Duration::from_secs(60);
const MEMORY_KIB: u64 = 700 << 10;

/// Runs within the bounds of time and memory.
#[track_caller]
fn bounded(project: &Project, arguments: &[&str]) -> Ran {
    let ran = Ran::watched(&mut project.command(arguments), PATIENCE, |_| {});
    assert!(ran.code.is_some(), "ended by signal {:?}: {}", ran.signal, ran.err);
    assert!(ran.peak_kib < MEMORY_KIB, "held {} KiB", ran.peak_kib);
    ran
}

/// What the library and its supply hold.
fn published(project: &Project) -> (Option<u64>, Vec<Row>, usize) {
    let library = project.path("libraries/reg/goods");
    let deliveries = dataset::deliveries(&project.path("supplied/finance/goods")).len();
    (table::version(&library), table::delta_rows(&library), deliveries)
}

/// A project whose first day was good, reading `front/in/{file}`.
fn after_a_good_day(file: &str) -> Project {
    let project = Project::of(&["base", "hostile"]);
    project.put("front/in/data.csv", GOOD);
    project.run(PIPELINE, "2026-11-01").ends(0);
    project.edit("pipelines/goods.toml", "in/data.csv", &format!("in/{file}"));
    project
}

/// On the second day the input is hostile: the library's job fails with one of the codes, the library stays as it was,
/// and a good file makes the same day succeed.
#[track_caller]
fn refused(file: &str, bytes: &[u8], codes: &[&str]) {
    let project = after_a_good_day(file);
    fails(&project, file, bytes, codes);
}

#[track_caller]
fn fails(project: &Project, file: &str, bytes: &[u8], codes: &[&str]) {
    let before = published(project);
    project.put_bytes(format!("front/in/{file}"), bytes);
    let ran = bounded(project, &["run", PIPELINE, "--biz-date", "2026-11-02", "--json"]);
    assert_eq!(ran.code, Some(1), "{file}: {}", ran.out);
    let job = ran.job("library:reg.goods");
    assert_eq!(job["status"], "failed", "{job}");
    let code = job["problems"][0]["code"].as_str().unwrap();
    assert!(codes.contains(&code), "{file}: {job}");
    let after = published(project);
    assert_eq!((&after.0, &after.1), (&before.0, &before.1), "{file} was published in part");
    assert_eq!(stages(project), 0, "{file} left a stage");

    project.edit("pipelines/goods.toml", &format!("in/{file}"), "in/again.csv");
    project.put("front/in/again.csv", "area_code,goods,amount\n320902,米,3\n");
    project.run(PIPELINE, "2026-11-02").ends(0);
    assert_eq!(published(project).1.len(), 1, "{file}: the good file replaces it");
}

/// Staged files that were left behind.
fn stages(project: &Project) -> usize {
    crate::harness::files_below(&project.path("state/stage")).len()
}
