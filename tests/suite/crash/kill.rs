//! SIGKILL at every named point, as often as it is reached, on a first load and on a day with changes.

use std::sync::OnceLock;

use pipelines::crash::POINTS;
use serde_json::Value;

use super::picture::{Picture, balances, books, contents, quarantine, same};
use super::world;
use crate::harness::{Project, Ran};

/// One pipeline and what comes of it.
struct Subject {
    pipeline: &'static str,
    library: &'static str,
    datasets: &'static [&'static str],
}

const PERSON: Subject =
    Subject { pipeline: "crash.person", library: "reg/person", datasets: &["person_changes", "person_feed"] };
const FIRM: Subject = Subject { pipeline: "crash.firm", library: "reg/firm", datasets: &["firm_changes", "firm_new"] };
const VISIT: Subject =
    Subject { pipeline: "crash.visit", library: "reg/visit", datasets: &["visit_new", "visit_full"] };
const STOCK: Subject =
    Subject { pipeline: "crash.stock", library: "reg/stock", datasets: &["stock_full", "stock_new", "stock_copy"] };

#[test]
fn a_merge_library_and_its_changes_survive_on_the_first_load() {
    survives(&PERSON, 0);
}

#[test]
fn a_merge_library_and_its_changes_survive_on_the_second_day() {
    survives(&PERSON, 1);
}

#[test]
fn a_history_library_and_its_supplies_survive_on_the_first_load() {
    survives(&FIRM, 0);
}

#[test]
fn a_history_library_and_its_supplies_survive_on_the_second_day() {
    survives(&FIRM, 1);
}

#[test]
fn an_append_library_with_a_source_cursor_survives_on_the_first_load() {
    survives(&VISIT, 0);
}

#[test]
fn an_append_library_with_a_source_cursor_survives_on_the_second_day() {
    survives(&VISIT, 1);
}

#[test]
fn an_overwritten_library_and_its_full_supplies_survive_on_the_first_load() {
    survives(&STOCK, 0);
}

#[test]
fn an_overwritten_library_and_its_full_supplies_survive_on_the_second_day() {
    survives(&STOCK, 1);
}

/// The project before each of the two days, as everybody copies it.
fn before(subject: &Subject, day: usize) -> Project {
    static FRESH: OnceLock<Project> = OnceLock::new();
    let project = FRESH.get_or_init(world::new).copy();
    if day > 0 {
        run(&project, subject, day - 1).ends(0);
        world::visits(&project, 1);
    }
    project
}

fn run(project: &Project, subject: &Subject, day: usize) -> Ran {
    project.run(subject.pipeline, world::DAYS[day])
}

fn picture(project: &Project, subject: &Subject) -> Picture {
    let mut picture = contents(project, subject.library, subject.datasets);
    picture.insert("quarantine".into(), quarantine(project));
    picture.extend(books(project));
    picture
}

fn survives(subject: &Subject, day: usize) {
    let before = before(subject, day);
    let undisturbed = before.copy();
    run(&undisturbed, subject, day).ends(0);
    balances(&undisturbed);
    let expected = picture(&undisturbed, subject);
    assert!(!expected["quarantine"].is_empty(), "the case quarantines nothing");
    for point in POINTS {
        for time in 1..=3 {
            let what = format!("{} day {} {point}:{time}", subject.pipeline, day + 1);
            let project = before.copy();
            killed(&project, subject, day, &format!("{point}:{time}"));
            finished(&project, subject, day, &what);
            balances(&project);
            same(&what, &expected, &picture(&project, subject));
        }
    }
}

fn killed(project: &Project, subject: &Subject, day: usize, crash: &str) {
    let mut command = project.command(&["run", subject.pipeline, "--biz-date", world::DAYS[day], "--json"]);
    let ran = Ran::of(command.env("SLUICE_CRASH", crash));
    assert_eq!(ran.signal, Some(9), "{} {crash} was not reached: {}", subject.pipeline, ran.out);
}

/// Runs again until done, and once more: that must change nothing and say so.
fn finished(project: &Project, subject: &Subject, day: usize, what: &str) {
    let again = run(project, subject, day);
    assert_eq!(again.code, Some(0), "{what}: {}", again.summary());
    let idle = run(project, subject, day);
    assert_eq!(idle.code, Some(0), "{what}: {}", idle.summary());
    let status: Vec<Value> = idle.jobs().iter().map(|job| job["status"].clone()).collect();
    assert!(status.iter().all(|status| status == "already_done"), "{what}: {status:?}");
}
