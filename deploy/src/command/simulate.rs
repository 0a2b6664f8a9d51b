//! `sluice simulate`: the schedule to come, on a virtual clock.

mod load;
mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::schedule::{TickFilter, TickState};
use chrono::{DateTime, Days, NaiveDate, Utc};
use pipelines::handover::{Miss, misses};
use pipelines::schedule::Timetable;
use pipelines::schedule::simulate::{Faults, Outcome, Scenario, simulate};
use serde_json::json;

use super::board::Board;
use super::open;
use crate::app::App;
use crate::cli::{FaultLevel, SimulateArgs};
use crate::error::{Error, Failure};
use crate::exit::Exit;

/// Most days of a simulation.
const DAYS: i64 = 400;
/// Most ticks of a simulation.
const TICKS: usize = 300_000;
/// Lines that are shown at most.
const LINES: usize = 200;
/// Past runs whose mean is the time a run takes.
const HISTORY: u32 = 20;
/// Deadlines that are named.
const NAMED: usize = 30;

/// What goes wrong in a bad month.
const SOME: Faults = Faults {
    crash_before: 0,
    crash_after: 1,
    freeze: 0,
    store: 1,
    worker_crash: 4,
    worker_freeze: 2,
    failure: 20,
    not_ready: 20,
    slow: 15,
    skew_ms: 200,
    outage: 0,
};

/// Simulates and tells.
pub(super) async fn run(app: &App, arguments: &SimulateArgs) -> Result<Exit, Failure> {
    let Some(board) = Board::open(app).await? else {
        return Ok(Exit::Invalid);
    };
    if let Some(pipeline) = &arguments.pipeline {
        board.pipeline(pipeline)?;
    }
    let (first, last) = days(&board, arguments)?;
    let (from, to) = (board.midnight(first), board.midnight(last));
    bounded(&board.timetable, from, to)?;
    let workers = arguments.workers.map_or(board.engine.project().spec.service.workers, u32::from);
    let scenario = Scenario {
        timetable: Arc::new(board.timetable.clone()),
        from,
        to,
        events: None,
        seed: arguments.seed,
        faults: match arguments.faults {
            FaultLevel::None => Faults::default(),
            FaultLevel::Some => SOME,
            FaultLevel::All => Faults::ALL,
        },
        instances: usize::from(arguments.instances),
        workers: usize::try_from(workers).unwrap_or(1).max(1),
        durations: durations(&board).await?,
        requests: Vec::new(),
        watched: Vec::new(),
        timeline: true,
    };
    let known: Vec<String> = scenario.durations.keys().cloned().collect();
    let simulated = tokio::task::spawn_blocking(move || simulate(&scenario));
    let Ok(mut outcome) = simulated.await else {
        return Err(Error::Generate { what: "simulation" }.into());
    };
    let mut late = misses(&outcome.ticks, &board.deadlines(), &board.by_interval(), outcome.until);
    if let Some(wanted) = &arguments.pipeline {
        outcome.ticks.retain(|tick| tick.tick.id.pipeline == *wanted);
        outcome.timeline.retain(|line| line.id.pipeline == *wanted);
        late.retain(|miss| miss.id.pipeline == *wanted);
    }
    outcome.ticks.sort_by(|a, b| (a.tick.scheduled_at, &a.tick.id).cmp(&(b.tick.scheduled_at, &b.tick.id)));
    let mut document = json!(outcome);
    document["deadlines_missed"] = json!(late);
    app.output.document(&document);
    tell(&board, arguments, (first, last), workers, &outcome, &late, &known);
    Ok(if outcome.breaches.is_empty() { Exit::Done } else { Exit::Failed })
}

fn days(board: &Board<'_>, arguments: &SimulateArgs) -> Result<(NaiveDate, NaiveDate), Failure> {
    let first = open::business_date(arguments.from.as_deref())?.unwrap_or_else(|| board.clock.day(board.now));
    let week = first.checked_add_days(Days::new(7)).unwrap_or(first);
    let last = open::business_date(arguments.to.as_deref())?.unwrap_or(week);
    match (1..=DAYS).contains(&(last - first).num_days()) {
        true => Ok((first, last)),
        false => Err(Error::SimulatedDays { most: DAYS }.into()),
    }
}

fn bounded(timetable: &Timetable, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<(), Failure> {
    let mut ticks = 0;
    for when in timetable.entries.values().filter_map(|entry| entry.when.as_ref()) {
        ticks += when.fires(from, to).take(TICKS + 1).count();
        if ticks > TICKS {
            return Err(Error::SimulatedTicks { ticks, most: TICKS }.into());
        }
    }
    Ok(())
}

/// How long the last runs of every pipeline took, on average.
async fn durations(board: &Board<'_>) -> Result<BTreeMap<String, Duration>, Failure> {
    let mut found = BTreeMap::new();
    for pipeline in board.timetable.entries.keys() {
        let filter = TickFilter {
            pipeline: Some(pipeline.clone()),
            states: vec![TickState::Succeeded],
            limit: HISTORY,
            newest_first: true,
            ..TickFilter::default()
        };
        let ticks = board.ticks(filter).await?;
        let took = ticks.iter().filter_map(|tick| (tick.finished_at? - tick.started_at?).to_std().ok());
        let took: Vec<Duration> = took.collect();
        if let Some(count) = u32::try_from(took.len()).ok().filter(|count| *count > 0) {
            found.insert(pipeline.clone(), took.iter().sum::<Duration>() / count);
        }
    }
    Ok(found)
}

fn tell(
    board: &Board<'_>,
    arguments: &SimulateArgs,
    (first, last): (NaiveDate, NaiveDate),
    workers: u32,
    outcome: &Outcome,
    late: &[Miss],
    known: &[String],
) {
    let faults = board.text(&format!("simulate.faults_{}", arguments.faults.as_str()), &[]);
    let head: [(&str, &dyn std::fmt::Display); 6] = [
        ("from", &first),
        ("to", &last),
        ("ticks", &outcome.ticks.len()),
        ("instances", &arguments.instances),
        ("workers", &workers),
        ("seed", &outcome.seed),
    ];
    let mut parts =
        vec![format!("{}{}{faults}", board.text("simulate.head", &head), board.text("when.frame_list", &[]))];
    let unknown: Vec<&str> = outcome
        .ticks
        .iter()
        .map(|tick| tick.tick.id.pipeline.as_str())
        .filter(|pipeline| !known.iter().any(|known| known == pipeline))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    if !unknown.is_empty() {
        let list = unknown.join(&board.text("because.by_list", &[]));
        parts.push(board.text("simulate.guess", &[("list", &list)]));
    }
    parts.push(cut(board, timeline::text(board, outcome, late)));
    parts.extend(load::text(board, outcome));
    parts.push(lates(board, late));
    parts.push(breaches(board, outcome));
    let replay: [(&str, &dyn std::fmt::Display); 6] = [
        ("from", &first),
        ("to", &last),
        ("seed", &outcome.seed),
        ("faults", &arguments.faults.as_str()),
        ("instances", &arguments.instances),
        ("workers", &workers),
    ];
    parts.push(board.text("simulate.replay", &replay));
    board.app.output.text(&parts.join("\n\n"));
}

fn cut(board: &Board<'_>, text: String) -> String {
    let count = text.lines().count();
    if count <= LINES {
        return text;
    }
    let mut kept: Vec<&str> = text.lines().take(LINES).collect();
    let more = board.text("simulate.cut", &[("n", &(count - LINES))]);
    kept.push(&more);
    kept.join("\n")
}

fn lates(board: &Board<'_>, late: &[Miss]) -> String {
    if late.is_empty() {
        return board.text("simulate.no_late", &[]);
    }
    let mut lines = vec![board.text("simulate.lates", &[("n", &late.len())])];
    for miss in late.iter().take(NAMED) {
        let ended = match miss.done {
            Some(at) => board.text("simulate.late_done", &[("at", &board.clock.at(at))]),
            None => board.text("simulate.late_open", &[]),
        };
        let parameters: [(&str, &dyn std::fmt::Display); 4] = [
            ("pipeline", &miss.id.pipeline),
            ("at", &board.clock.at(miss.at)),
            ("by", &board.clock.at(miss.by)),
            ("ended", &ended),
        ];
        lines.push(format!("  {}", board.text("simulate.late_row", &parameters)));
    }
    if late.len() > NAMED {
        lines.push(board.text("simulate.cut", &[("n", &(late.len() - NAMED))]));
    }
    lines.join("\n")
}

fn breaches(board: &Board<'_>, outcome: &Outcome) -> String {
    if outcome.breaches.is_empty() {
        return board.text("simulate.sound", &[]);
    }
    let mut lines = vec![board.text("simulate.breaches", &[("n", &outcome.breaches.len())])];
    lines.extend(outcome.breaches.iter().take(NAMED).map(|breach| format!("  {breach}")));
    lines.join("\n")
}
