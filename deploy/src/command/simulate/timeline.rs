//! The simulated days, tick by tick.

use std::collections::{BTreeMap, BTreeSet};

use catalog::schedule::{Tick, TickId, TickState};
use chrono::{Datelike, NaiveDate};
use pipelines::handover::Miss;
use pipelines::schedule::Reason;
use pipelines::schedule::simulate::Outcome;

use crate::command::board::Board;
use crate::table;
use crate::words::because;

/// Ticks of one pipeline and day that are told one by one; of more, those that went well are told together.
const SINGLY: usize = 6;

/// A table for each day.
pub(super) fn text(board: &Board<'_>, outcome: &Outcome, late: &[Miss]) -> String {
    let late: BTreeMap<&TickId, &Miss> = late.iter().map(|miss| (&miss.id, miss)).collect();
    let mut days: BTreeMap<NaiveDate, Vec<&Tick>> = BTreeMap::new();
    for tick in &outcome.ticks {
        days.entry(board.clock.day(tick.tick.scheduled_at)).or_default().push(tick);
    }
    let tables = days.into_iter().map(|(day, ticks)| {
        let weekday = board.text(&format!("when.weekday.{}", day.weekday().number_from_monday()), &[]);
        let head = board.text("simulate.day", &[("date", &day), ("weekday", &weekday)]);
        format!("{head}\n{}", table_of(board, day, &ticks, &late))
    });
    tables.collect::<Vec<_>>().join("\n\n")
}

fn table_of(board: &Board<'_>, day: NaiveDate, ticks: &[&Tick], late: &BTreeMap<&TickId, &Miss>) -> String {
    let names = ["due", "pipeline", "began", "ended", "state"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("simulate.{name}"), &[])).collect());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tick in ticks {
        *counts.entry(&tick.tick.id.pipeline).or_default() += 1;
    }
    let busy = |tick: &Tick| counts.get(tick.tick.id.pipeline.as_str()).is_some_and(|count| *count > SINGLY);
    let well = |tick: &Tick| tick.state == TickState::Succeeded && !late.contains_key(&tick.tick.id);
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for tick in ticks {
        let pipeline = tick.tick.id.pipeline.as_str();
        if !(busy(tick) && well(tick)) {
            table.add_row(row(board, day, tick, late.get(&tick.tick.id).copied()));
        } else if told.insert(pipeline) {
            let same: Vec<&&Tick> =
                ticks.iter().filter(|other| other.tick.id.pipeline == pipeline && well(other)).collect();
            let last = same.last().map_or(tick.tick.scheduled_at, |last| last.tick.scheduled_at);
            let parameters: [(&str, &dyn std::fmt::Display); 3] = [
                ("first", &board.clock.time(tick.tick.scheduled_at)),
                ("last", &board.clock.time(last)),
                ("n", &same.len()),
            ];
            let state = because::state(board.app.messages, tick.state);
            let (began, ended) = (String::new(), String::new());
            table.add_row(vec![board.text("simulate.group", &parameters), pipeline.to_owned(), began, ended, state]);
        }
    }
    table::render(&table)
}

fn row(board: &Board<'_>, day: NaiveDate, tick: &Tick, late: Option<&Miss>) -> Vec<String> {
    let at = |instant: Option<chrono::DateTime<chrono::Utc>>| {
        let minute = |at: chrono::DateTime<chrono::Utc>| at - chrono::TimeDelta::seconds(at.timestamp().rem_euclid(60));
        instant.map(|at| board.clock.time_from(minute(at), day)).unwrap_or_default()
    };
    let mut state = because::state(board.app.messages, tick.state);
    if tick.state != TickState::Succeeded
        && let Some(reason) = tick.reason.as_ref().and_then(Reason::of)
    {
        let why = board.because().reason(&reason);
        state.push_str(&board.text("runs.of_because", &[("why", &why)]));
    }
    if let Some(miss) = late {
        let by = board.clock.time_from(miss.by, day);
        state.push_str(&board.text("because.problem_list", &[]));
        state.push_str(&board.text("simulate.late", &[("by", &by)]));
    }
    vec![
        board.clock.time(tick.tick.scheduled_at),
        tick.tick.id.pipeline.clone(),
        at(tick.started_at),
        at(tick.finished_at),
        state,
    ]
}
