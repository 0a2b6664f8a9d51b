//! A worker stopped by SIGSTOP for longer than its lease, and then continued: the target shows one commit, the ledger
//! one outcome, wherever it stood still.

use catalog::schedule::TickState;

use super::process::{Ledger, Serving, until};
use super::project;
use crate::harness::{Project, dataset, ledger, table};

#[test]
fn while_it_stages() {
    stands_still("stage.file_written");
}

#[test]
fn after_its_intent() {
    stands_still("intent.recorded");
}

#[test]
fn right_before_its_commit() {
    stands_still("publish.before_commit");
}

fn stands_still(point: &str) {
    // A process that stops while it writes to an SQLite ledger stops everybody: that is another story, begin again.
    while !tried(point) {}
}

/// Whether the stopped process left the ledger to others.
fn tried(point: &str) -> bool {
    let project = project();
    let mut still = Serving::with(&project, &[("SLUICE_STOP", point)]);
    let book = Ledger::of(&project);
    book.ask_run("serve.slow");
    until("the stop", || is_stopped(still.id()).then_some(()));
    if ledger::is_locked(&project.path("state/ledger.db")) {
        return false;
    }
    let other = Serving::start(&project);
    let done = until("the successor's end", || book.ticks("serve.slow").into_iter().find(|tick| tick.state.ended()));
    assert_eq!((done.state, done.deaths), (TickState::Succeeded, 1), "{:?}", done.reason);
    let before = outcome(&project);

    still.signal("CONT");
    until("a sign of life", || (still.get("/livez").0 == 200).then_some(()));
    // What it would do, it does before it ends: it waits for its run.
    assert!(still.lives());
    assert_eq!(still.stop(), Some(0));
    assert_eq!(outcome(&project), before, "after {point}");
    assert_eq!(book.ticks("serve.slow").remove(0), done, "the ledger's outcome is the successor's");
    assert_eq!(table::delta_rows(&project.path("libraries/reg/slow")).len(), 1000);
    assert_eq!(table::version(&project.path("libraries/reg/slow")), Some(1), "one commit after the table's making");
    assert_eq!(dataset::deliveries(&project.path("supplied/finance/slow_new")).len(), 1);
    assert_eq!(other.stop(), Some(0));
    true
}

/// What targets and ledger say of the outcome.
fn outcome(project: &Project) -> Vec<Vec<String>> {
    let file = project.path("state/ledger.db");
    let mut all = ledger::query(&file, "SELECT target, occurrence_key, disposition FROM occurrence ORDER BY 1, 2");
    all.extend(ledger::query(&file, "SELECT target, publish_sequence, state, version FROM intent ORDER BY 1, 2"));
    all.extend(ledger::query(&file, "SELECT pipeline, tick_key, state FROM tick ORDER BY 1, 2"));
    all.extend(ledger::query(&file, "SELECT target, last_sequence, last_version FROM target ORDER BY 1"));
    all
}

/// Whether a process stands still.
fn is_stopped(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.trim_start().starts_with('T')
}
