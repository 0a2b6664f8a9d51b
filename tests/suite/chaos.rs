//! Services that are killed at random, again and again, under load: what they built and supplied in the end is what one
//! that nobody disturbed builds and supplies, and every tick is accounted for.
//!
//! `SLUICE_KILLS=500` makes it the long form, `SLUICE_SEED` another course of events; a failure names the seed.

mod course;

use std::collections::BTreeMap;

use catalog::schedule::{Ask, Tick, TickState};
use chrono::TimeDelta;

use crate::crash::picture::{Picture, balances, books, contents, quarantined, same};
use crate::crash::world;
use crate::harness::{Project, dataset};
use crate::serve::process::{Ledger, Serving};
use course::Course;

/// Pipelines that are asked for day by day, what they build and what they supply.
const DAILY: [(&str, &str, &[&str]); 3] = [
    ("crash.person", "reg/person", &["person_changes", "person_feed"]),
    ("crash.firm", "reg/firm", &["firm_changes", "firm_new"]),
    ("crash.stock", "reg/stock", &["stock_full", "stock_new", "stock_copy"]),
];
/// The pipeline of every minute, which catches up with everything.
const MINUTE: &str = "chaos.minute";

#[test]
fn one_service_on_sqlite_survives() {
    survives(&project(), 1);
}

#[test]
fn two_services_on_one_postgresql_survive() {
    survives(&project().on_server(), 2);
}

fn project() -> Project {
    Project::of(&["base", "crash", "chaos"])
}

fn survives(project: &Project, instances: usize) {
    project.run("crash.warm", world::DAYS[0]).ends(0);
    let undisturbed = project.copy();
    let course = Course::run(project, instances);
    every_tick_is_accounted_for(project, course.days);
    balances(project);
    project.sluice(&["audit", "verify"]).ends(0);

    let calm = Course::calm(&undisturbed, course.days);
    every_tick_is_accounted_for(&undisturbed, calm.days);
    same(&format!("seed {}", course.seed), &picture(&undisturbed), &picture(project));
}

/// Asks for the runs of a day, whose files arrive right before.
fn ask(project: &Project, ledger: &Ledger, day: u32) {
    world::deliver(project, day);
    for (pipeline, ..) in DAILY {
        let biz_date = Some(world::date(day));
        ledger.leave_word(&Ask::Run { pipeline: pipeline.into(), biz_date, priority: None });
    }
}

/// Everything but the pipeline of every minute, which a longer course runs more often.
fn picture(project: &Project) -> Picture {
    let mut picture = Picture::new();
    for (_, library, datasets) in DAILY {
        picture.extend(contents(project, library, datasets));
    }
    let last = "SELECT o.pipeline, o.occurrence_key, a.no, a.run_id FROM quarantine_file q \
                JOIN occurrence o ON o.tenant = q.tenant AND o.id = q.occurrence_id \
                JOIN attempt a ON a.tenant = o.tenant AND a.occurrence_id = o.id ORDER BY 1, 2, 3";
    // Of each pipeline, the attempt of its last day that published.
    let runs: BTreeMap<String, String> =
        project.books(last).into_iter().map(|row| (row[0].clone(), row[3].clone())).collect();
    assert_eq!(runs.len(), DAILY.len());
    for (pipeline, run) in runs {
        picture.insert(format!("quarantine {pipeline}"), quarantined(project, &[&run]));
    }
    for (part, mut lines) in books(project) {
        lines.retain(|line| !line.contains("minute"));
        picture.insert(part, lines);
    }
    picture
}

/// Each day ran once; each minute since the first was promised, ran, and was supplied once.
fn every_tick_is_accounted_for(project: &Project, days: u32) {
    let ledger = Ledger::of(project);
    assert_eq!((ledger.open(), ledger.unanswered()), (Vec::new(), 0));
    for (pipeline, ..) in DAILY {
        let ticks = ledger.ticks(pipeline);
        succeeded(&ticks);
        let dates: Vec<_> = ticks.iter().map(|tick| tick.tick.biz_date).collect();
        assert_eq!(dates, (0..days).map(world::date).collect::<Vec<_>>(), "{pipeline}");
    }
    let minutes = ledger.ticks(MINUTE);
    succeeded(&minutes);
    for pair in minutes.windows(2) {
        assert_eq!(pair[1].tick.scheduled_at - pair[0].tick.scheduled_at, TimeDelta::minutes(1), "{pair:?}");
    }
    let deliveries = dataset::deliveries(&project.path("supplied/finance/minute_full"));
    assert_eq!(deliveries.len(), minutes.len());
}

fn succeeded(ticks: &[Tick]) {
    let other = ticks.iter().find(|tick| tick.state != TickState::Succeeded);
    assert!(other.is_none(), "{other:?}");
}

/// One more service, and what it does when it is told to stop.
fn stop(service: Serving) {
    assert_eq!(service.stop(), Some(0));
}
