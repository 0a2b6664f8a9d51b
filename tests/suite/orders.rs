//! What an order changes about a run: backfills fill gaps and touch no cursor and no newer row; two people let a job
//! pass its quality gate, on record.

use std::path::Path;
use std::sync::Arc;

use catalog::schedule::{Cause, NewTick, TickId};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use pipelines::engine::Engine;
use pipelines::report::{JobReport, RunReport, Silent, Status};
use pipelines::run::{Order, Release};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::crash::world;
use crate::harness::{Project, ledger, table};

struct NoSecrets;

impl pipelines::vault::Secrets for NoSecrets {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        None
    }
}

/// The tick of a whole day, as the scheduler promises it.
fn tick(pipeline: &str, cause: Cause, date: &str) -> NewTick {
    let date: NaiveDate = date.parse().unwrap();
    let midnight = |date: NaiveDate| DateTime::<Utc>::from_naive_utc_and_offset(date.and_time(NaiveTime::MIN), Utc);
    // Midnight of Asia/Shanghai.
    let start = midnight(date) - TimeDelta::hours(8);
    NewTick {
        id: TickId { pipeline: pipeline.into(), key: format!("backfill:late:{date}") },
        cause,
        scheduled_at: start + TimeDelta::days(1),
        interval_start: start,
        interval_end: start + TimeDelta::days(1),
        biz_date: date,
        definition_digest: String::new(),
        owner: "bureau".into(),
        pool: "backfill".into(),
        priority: 1,
    }
}

fn carry_out(root: &Path, tick: &NewTick, release: Option<Release>) -> RunReport {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let project = pipelines::project::Project::load(root).unwrap();
        let engine = Engine::open(project, Arc::new(NoSecrets), "service").await.unwrap();
        let plan = engine.plan_tick(tick).await.unwrap();
        let order = Order { cause: tick.cause, release, ..Order::manual("张三") };
        engine.carry_out(&plan, &order, Arc::new(Silent), CancellationToken::new()).await.unwrap()
    })
}

fn backfill(project: &Project, pipeline: &str, date: &str) -> RunReport {
    carry_out(project.root(), &tick(pipeline, Cause::Backfill, date), None)
}

fn cursors(project: &Project) -> Vec<Vec<String>> {
    ledger::query(&project.path("state/ledger.db"), "SELECT target, position FROM target ORDER BY 1")
}

fn refused(job: &JobReport, code: &str) {
    assert_eq!((job.status, job.problems[0].code.as_str()), (Status::Failed, code), "{:?}", job.problems);
}

#[test]
fn a_backfill_reads_its_interval_moves_no_cursor_and_replaces_no_newer_row() {
    let project = Project::of(&["base", "orders"]);
    for day in 0..3 {
        world::visits(&project, day);
        project.run("orders.visit", world::DAYS[day as usize]).ends(0);
    }
    let before = cursors(&project);
    // A correction, a row that was older than the library's, and one that the cursor had passed already.
    let late = "UPDATE visit SET pressure = 301 WHERE visit_no = 61;\
                UPDATE visit SET pressure = 302, seen_at = '2026-11-02 07:00:00' WHERE visit_no = 62;\
                UPDATE visit SET pressure = 303 WHERE visit_no = 130;\
                INSERT INTO visit VALUES (999, NULL, 'x', 304, '2026-11-02 09:00:00');";
    ledger::execute(&project.path("clinic/clinic.db"), late);
    let report = backfill(&project, "orders.visit", world::DAYS[1]);
    let job = &report.jobs[0];
    assert_eq!(job.status, Status::Succeeded, "{:?}", job.problems);
    assert_eq!(job.steps[0].read, 61, "the rows of the day and no others");
    let outcome = job.outcome.clone().unwrap();
    assert_eq!((outcome.inserted, outcome.updated, outcome.stale, outcome.deleted), (1, 1, 1, 0));
    assert_eq!(cursors(&project), before);
    let rows = table::delta_rows(&project.path("libraries/reg/merged"));
    let pressure = |number: &str| {
        let row = rows.iter().find(|row| table::get(row, "visit_no") == number).unwrap();
        table::get(row, "pressure").to_owned()
    };
    assert_eq!((pressure("61"), pressure("999")), ("301".into(), "304".into()));
    assert_ne!(pressure("62"), "302", "the library's row is newer");
    assert_ne!(pressure("130"), "303", "another day");
    let runs = ledger::query(&project.path("state/ledger.db"), "SELECT cause, started_by FROM run ORDER BY started_at");
    assert_eq!(runs.last().unwrap(), &["backfill", "张三"]);

    let again = backfill(&project, "orders.visit", world::DAYS[1]);
    assert_eq!(again.jobs[0].status, Status::AlreadyDone);
}

#[test]
fn a_backfill_that_would_double_or_replace_newer_rows_is_refused_and_supplies_wait_for_their_own_run() {
    let project = world::new();
    for day in [0, 2] {
        for pipeline in ["crash.person", "crash.stock", "crash.visit"] {
            project.run(pipeline, world::DAYS[day]).ends(0);
        }
    }
    let before = cursors(&project);
    let supplied = crate::harness::files_below(&project.path("supplied")).len();
    let stock = backfill(&project, "crash.stock", world::DAYS[1]);
    refused(&stock.jobs[0], "P506");
    let visit = backfill(&project, "crash.visit", world::DAYS[1]);
    refused(&visit.jobs[0], "P507");
    let person = backfill(&project, "crash.person", world::DAYS[1]);
    assert_eq!(person.jobs.len(), 1, "a supply's cursor is the library's version");
    let outcome = person.jobs[0].outcome.clone().unwrap();
    assert_eq!(person.jobs[0].status, Status::Succeeded);
    assert_eq!(outcome.deleted, 0, "absence on a day of the past says nothing of today");
    assert!(outcome.inserted > 0 && outcome.stale > 0, "{outcome:?}");
    assert_eq!(crate::harness::files_below(&project.path("supplied")).len(), supplied);
    let positions = |rows: &[Vec<String>]| rows.iter().map(|row| row[1].clone()).collect::<Vec<_>>();
    assert_eq!(positions(&cursors(&project)), positions(&before));
    let next = project.run("crash.person", "2026-11-04");
    assert_ne!(next.code, Some(0), "nothing was delivered for that day");
}

#[test]
fn two_people_let_a_job_pass_its_gate_on_record() {
    let project = world::new();
    let copy = Project::of(&["base", "orders"]);
    for name in ["stock_1.csv", "stock_2.csv"] {
        let path = format!("front/20261101/{name}");
        copy.put_bytes(&path, std::fs::read(project.path(&path)).unwrap());
    }
    let tick = tick("orders.strict", Cause::Schedule, world::DAYS[0]);
    let closed = carry_out(copy.root(), &tick, None);
    assert_eq!((closed.jobs[0].status, closed.jobs[0].problems[0].code.as_str()), (Status::QualityGate, "P303"));
    let release = Release { by: vec!["张三".into(), "李四".into()], note: "节后首日，数量正常".into() };
    let passed = carry_out(copy.root(), &tick, Some(release));
    assert_eq!(passed.jobs[0].status, Status::Succeeded, "{:?}", passed.jobs[0].problems);
    let file = copy.path("state/ledger.db");
    let balance = &ledger::query(&file, "SELECT balance FROM intent WHERE state = 'published'")[0][0];
    let balance: serde_json::Value = serde_json::from_str(balance).unwrap();
    assert_eq!(balance["released"][0]["code"], "P303");
    assert_eq!(balance["released"][0]["by"], serde_json::json!(["张三", "李四"]));
    let audited = ledger::query(&file, "SELECT detail FROM audit_entry WHERE kind = 'gate.release'");
    assert!(audited.len() == 1 && audited[0][0].contains("节后首日"), "{audited:?}");
}
