//! `sluice backfill list` and `show`: how far backfills are.

use std::collections::BTreeMap;

use catalog::schedule::{Cause, Tick, TickFilter, TickState};
use pipelines::backfill::name_of;
use pipelines::schedule::Reason;
use serde_json::json;

use crate::command::board::Board;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::table;
use crate::words::{because, clock};

/// Most ticks of backfills that are looked through, the latest first.
const MOST: u32 = 100_000;

/// Every backfill with how far it is.
pub(super) async fn list(board: &Board<'_>) -> Result<Exit, Failure> {
    let all = by_name(board).await?;
    let count = |ticks: &[Tick], fits: fn(TickState) -> bool| ticks.iter().filter(|tick| fits(tick.state)).count();
    let done = |state| state == TickState::Succeeded || state == TickState::Withheld;
    let bad = |state: TickState| state.ended() && !matches!(state, TickState::Succeeded | TickState::Withheld);
    let documents: Vec<_> = all
        .iter()
        .map(|(name, ticks)| {
            json!({
                "name": name,
                "total": ticks.len(),
                "done": count(ticks, done),
                "not_done": count(ticks, bad),
                "open": count(ticks, |state| !state.ended()),
            })
        })
        .collect();
    board.app.output.document(&json!({ "backfills": documents }));
    if all.is_empty() {
        board.app.output.text(&board.text("backfill.none", &[]));
        return Ok(Exit::Done);
    }
    let names = ["name", "date", "total", "done", "bad", "open"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("backfill.{name}"), &[])).collect());
    table::right(&mut table, 2..6);
    for (name, ticks) in &all {
        let dates = ticks.iter().map(|tick| tick.tick.biz_date);
        let (first, last) = (dates.clone().min().unwrap_or_default(), dates.max().unwrap_or_default());
        table.add_row(vec![
            name.clone(),
            board.clock.dates(board.app.messages, first, last),
            ticks.len().to_string(),
            count(ticks, done).to_string(),
            count(ticks, bad).to_string(),
            count(ticks, |state| !state.ended()).to_string(),
        ]);
    }
    board.app.output.text(&table::render(&table));
    Ok(Exit::Done)
}

/// One backfill, tick by tick.
pub(super) async fn show(board: &Board<'_>, name: &str) -> Result<Exit, Failure> {
    let mut all = by_name(board).await?;
    let ticks = all.remove(name).ok_or_else(|| Error::NoBackfill { name: name.chars().take(80).collect() })?;
    board.app.output.document(&json!({ "name": name, "ticks": ticks }));
    let names = ["pipeline", "interval", "date", "result", "why"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("backfill.{name}"), &[])).collect());
    for tick in &ticks {
        let reason = tick.reason.as_ref().filter(|_| tick.state != TickState::Succeeded).and_then(Reason::of);
        let took = tick.started_at.zip(tick.finished_at);
        let took = took.map(|(began, ended)| clock::span(board.app.messages, (ended - began).num_seconds()));
        let new = &tick.tick;
        table.add_row(vec![
            new.id.pipeline.clone(),
            format!("{} – {}", board.clock.at(new.interval_start), board.clock.at(new.interval_end)),
            board.clock.date(new.biz_date),
            because::state(board.app.messages, tick.state),
            reason.map(|reason| board.because().reason(&reason)).or(took).unwrap_or_default(),
        ]);
    }
    board.app.output.text(&table::render(&table));
    Ok(Exit::Done)
}

/// Ticks of backfills by name, each in the order of time.
async fn by_name(board: &Board<'_>) -> Result<BTreeMap<String, Vec<Tick>>, Failure> {
    let filter = TickFilter { cause: Some(Cause::Backfill), limit: MOST, newest_first: true, ..TickFilter::default() };
    let mut found: BTreeMap<String, Vec<Tick>> = BTreeMap::new();
    for tick in board.ticks(filter).await?.into_iter().rev() {
        if let Some(name) = name_of(&tick.tick.id.key) {
            found.entry(name.to_owned()).or_default().push(tick);
        }
    }
    Ok(found)
}
