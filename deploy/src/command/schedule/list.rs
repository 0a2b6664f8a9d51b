//! `sluice schedule list`: every pipeline with its times, its next fire, what it does now and how it last ended.

use std::collections::BTreeMap;

use catalog::schedule::{Tick, TickFilter, TickState};
use pipelines::why::{Next, held, next};
use serde_json::json;

use crate::command::board::Board;
use crate::error::Failure;
use crate::exit::Exit;
use crate::table;
use crate::words::{self, because};

const OPEN: [TickState; 3] = [TickState::Queued, TickState::Ready, TickState::Running];
const ENDED: [TickState; 6] = [
    TickState::Succeeded,
    TickState::Failed,
    TickState::Withheld,
    TickState::Skipped,
    TickState::Superseded,
    TickState::Missed,
];
/// Open ticks that are looked through.
const MOST: u32 = 10_000;

/// Prints the list.
pub(super) async fn run(board: &Board<'_>) -> Result<Exit, Failure> {
    let holds = board.holds().await?;
    let mut open: BTreeMap<String, Tick> = BTreeMap::new();
    let filter = TickFilter { states: OPEN.to_vec(), limit: MOST, ..TickFilter::default() };
    for tick in board.ticks(filter).await? {
        // One that runs says more than those that wait behind it.
        let known = open.entry(tick.tick.id.pipeline.clone()).or_insert_with(|| tick.clone());
        if tick.state > known.state {
            *known = tick;
        }
    }
    let mut rows = Vec::new();
    let names = ["pipeline", "when", "next", "state", "last"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("schedule.{name}"), &[])).collect());
    for pipeline in &board.engine.project().pipelines {
        let id = &pipeline.spec.pipeline.id;
        let (_, entry) = board.pipeline(id)?;
        let last = last_of(board, id).await?;
        let (hold, now) = (held(entry, &holds), open.get(id));
        let next = next(entry, board.now);
        rows.push(json!({
            "pipeline": id, "next": next, "held": hold, "open": now, "last": last,
        }));
        let rule = words::when::rule(board.app.messages, board.engine.project(), pipeline);
        table.add_row(vec![
            id.clone(),
            rule.unwrap_or_else(|| board.text("schedule.asked", &[])),
            next_text(board, &next),
            match (hold, now) {
                (_, Some(tick)) if tick.state == TickState::Running => open_text(board, tick),
                (Some(hold), _) => board.text("schedule.held", &[("by", &hold.by)]),
                (None, Some(tick)) => open_text(board, tick),
                (None, None) => board.text("schedule.idle", &[]),
            },
            last.as_ref().map(|tick| ended_text(board, tick)).unwrap_or_default(),
        ]);
    }
    let scheduler = board.scheduler().await?;
    board.app.output.document(&json!({ "pipelines": rows, "holds": holds, "scheduler": scheduler }));
    if rows.is_empty() {
        board.app.output.text(&board.text("schedule.none", &[]));
        return Ok(Exit::Done);
    }
    board.app.output.text(&table::render(&table));
    for hold in &holds {
        let what = because::scope(board.app.messages, &hold.scope);
        let since = board.clock.at(hold.since);
        let line = board.text("schedule.holds", &[("what", &what), ("by", &hold.by), ("since", &since)]);
        board.app.output.text(&line);
    }
    for line in board.remarks(&scheduler) {
        board.app.output.text(&line);
    }
    Ok(Exit::Done)
}

async fn last_of(board: &Board<'_>, pipeline: &str) -> Result<Option<Tick>, Failure> {
    let filter = TickFilter {
        pipeline: Some(pipeline.to_owned()),
        states: ENDED.to_vec(),
        limit: 1,
        newest_first: true,
        ..TickFilter::default()
    };
    Ok(board.ticks(filter).await?.pop())
}

fn next_text(board: &Board<'_>, next: &Next) -> String {
    match next {
        Next::Fire(fire) => {
            let dates = board.clock.dates(board.app.messages, fire.business_date, fire.last_business_date);
            board.text("schedule.next_fire", &[("at", &board.clock.at(fire.at)), ("dates", &dates)])
        }
        Next::Never => "–".to_owned(),
        Next::Unpublished { calendar, year } => {
            board.text("schedule.unpublished", &[("calendar", calendar), ("year", year)])
        }
    }
}

fn open_text(board: &Board<'_>, tick: &Tick) -> String {
    let state = because::state(board.app.messages, tick.state);
    let at = board.clock.key(board.app.messages, &tick.tick.id.key);
    let reason = tick.reason.as_ref().and_then(pipelines::schedule::Reason::of);
    match reason.filter(|_| tick.state == TickState::Queued) {
        Some(reason) => {
            let why = board.because().reason(&reason);
            board.text("schedule.open_why", &[("state", &state), ("at", &at), ("why", &why)])
        }
        None => board.text("schedule.open", &[("state", &state), ("at", &at)]),
    }
}

fn ended_text(board: &Board<'_>, tick: &Tick) -> String {
    let state = because::state(board.app.messages, tick.state);
    let at = board.clock.key(board.app.messages, &tick.tick.id.key);
    board.text("schedule.ended", &[("at", &at), ("state", &state)])
}
