//! `sluice runs why`: why something ran, or did not.

use catalog::schedule::{Anchor, Tick, TickFilter, TickState};
use pipelines::error::GATES;
use pipelines::schedule::Reason;
use pipelines::why::{self, Finding, Known, Moment, Next, Why};
use serde_json::json;

use crate::app::App;
use crate::command::board::{Board, day_after};
use crate::command::open;
use crate::error::Failure;
use crate::exit::Exit;
use crate::words::{because, clock};

/// Most ticks of one business date that are told.
const MOST: usize = 48;

/// Answers for an instant, a business date, or the latest tick.
pub(super) async fn run(app: &App, pipeline: &str, time: Option<&str>) -> Result<Exit, Failure> {
    let Some(board) = Board::open(app).await? else {
        app.output.note(&app.messages.text("why.invalid", &[]));
        return Ok(Exit::Invalid);
    };
    let (_, entry) = board.pipeline(pipeline)?;
    let (holds, anchors) = (board.holds().await?, board.anchors().await?);
    let anchor: Option<&Anchor> = anchors.iter().find(|anchor| anchor.pipeline == pipeline);
    let answers = match time {
        Some(text) => {
            let moment = Moment::parse(text, board.clock.zone).map_err(|error| open::usage(&error))?;
            let ticks = board.around(pipeline, &moment).await?;
            why::ask(Known { now: board.now, entry, ticks: &ticks, holds: &holds, anchor }, &moment)
        }
        None => {
            let ticks = latest(&board, pipeline).await?;
            let known = Known { now: board.now, entry, ticks: &ticks, holds: &holds, anchor };
            vec![match ticks.first() {
                Some(tick) => why::of_tick(known, tick),
                None => why::of_now(known),
            }]
        }
    };
    let scheduler = board.scheduler().await?;
    app.output.document(&json!({ "answers": answers, "scheduler": scheduler }));
    let mut told: Vec<String> = answers.iter().take(MOST).map(|answer| text(&board, answer)).collect();
    told.extend(Some(board.remarks(&scheduler).join("\n")).filter(|remarks| !remarks.is_empty()));
    app.output.text(&told.join("\n\n"));
    Ok(Exit::Done)
}

/// The latest ticks of a pipeline, the newest first, those that have begun or ended before those that wait.
async fn latest(board: &Board<'_>, pipeline: &str) -> Result<Vec<Tick>, Failure> {
    let filter =
        TickFilter { pipeline: Some(pipeline.to_owned()), limit: 50, newest_first: true, ..TickFilter::default() };
    let mut ticks = board.ticks(filter).await?;
    // A person asks about what runs or waits first; the oldest of those holds up the others.
    if let Some(open) = ticks.iter().rposition(|tick| !tick.state.ended()) {
        let open = ticks.remove(open);
        ticks.insert(0, open);
    }
    Ok(ticks)
}

fn text(board: &Board<'_>, why: &Why) -> String {
    let mut lines = finding(board, why);
    if let Some(hold) = &why.held {
        let what = because::scope(board.app.messages, &hold.scope);
        let since = board.clock.at(hold.since);
        lines.push(board.text("why.held", &[("by", &hold.by), ("since", &since), ("what", &what)]));
    }
    lines.extend(next(board, why));
    if let Some(step) = step(board, why) {
        lines.push(board.text("why.step.lead", &[("step", &step)]));
    }
    lines.join("\n")
}

fn finding(board: &Board<'_>, why: &Why) -> Vec<String> {
    let pipeline = &why.pipeline;
    let at = |instant: chrono::DateTime<chrono::Utc>| board.clock.at(instant);
    let fire = |fire: &Option<pipelines::when::Fire>| fire.as_ref().map_or_else(|| "–".to_owned(), |fire| at(fire.at));
    let told = |key: &str, parameters: &[(&str, &dyn std::fmt::Display)]| board.text(&format!("why.{key}"), parameters);
    let one = match &why.finding {
        Finding::Tick { tick, because, other } => return tick_lines(board, tick, because.as_ref(), other.as_deref()),
        Finding::NoTimes { after } if after.is_empty() => told("no_times", &[("pipeline", pipeline)]),
        Finding::NoTimes { after } => {
            let tables = after.join(&board.text("because.by_list", &[]));
            told("no_times_after", &[("pipeline", pipeline), ("tables", &tables)])
        }
        Finding::DayOff { calendar, date, weekend } => {
            let key = if *weekend { "weekend" } else { "holiday" };
            told(key, &[("pipeline", pipeline), ("date", date), ("calendar", calendar)])
        }
        Finding::NotAFire { at: asked, before, after } => {
            let (before, after) = (fire(before), fire(after));
            let parameters: [(&str, &dyn std::fmt::Display); 4] =
                [("pipeline", pipeline), ("at", &at(*asked)), ("before", &before), ("after", &after)];
            told("not_a_fire", &parameters)
        }
        Finding::NoDate { date } => told("no_date", &[("pipeline", pipeline), ("date", date)]),
        Finding::NoKey { key } => told("no_key", &[("pipeline", pipeline), ("key", key)]),
        Finding::Future { fire } => told("future", &[("pipeline", pipeline), ("at", &at(fire.at))]),
        Finding::BeforeSchedule { fire, since } => {
            let mut lines = vec![told("before_schedule", &[("pipeline", pipeline), ("at", &at(fire.at))])];
            lines.extend(since.map(|since| told("since", &[("at", &at(since))])));
            return lines;
        }
        Finding::NotPromised { fire, promised_to: Some(to) } => {
            told("not_promised", &[("pipeline", pipeline), ("at", &at(fire.at)), ("to", &at(*to))])
        }
        Finding::NotPromised { fire, promised_to: None } => {
            told("never_promised", &[("pipeline", pipeline), ("at", &at(fire.at))])
        }
        Finding::JustDue { fire } => told("just_due", &[("pipeline", pipeline), ("at", &at(fire.at))]),
        Finding::Unpublished { calendar, year } => {
            told("unpublished", &[("pipeline", pipeline), ("calendar", calendar), ("year", year)])
        }
    };
    vec![one]
}

fn tick_lines(board: &Board<'_>, tick: &Tick, reason: Option<&Reason>, other: Option<&Tick>) -> Vec<String> {
    let messages = board.app.messages;
    let key = |tick: &Tick| board.clock.key(messages, &tick.tick.id.key);
    let date = board.clock.date(tick.tick.biz_date);
    let state = because::state(messages, tick.state);
    let mut lines = vec![board.text(
        "why.tick",
        &[("pipeline", &tick.tick.id.pipeline), ("at", &key(tick)), ("date", &date), ("state", &state)],
    )];
    // Why it was asked for explains nothing once it has succeeded.
    if let Some(reason) = reason.filter(|_| tick.state != TickState::Succeeded) {
        lines.push(board.text("why.because", &[("why", &board.because().reason(reason))]));
    }
    match (tick.started_at, tick.finished_at) {
        (Some(began), Some(ended)) => {
            let span = clock::span(messages, (ended - began).num_seconds());
            let (began, ended) = (board.clock.at(began), board.clock.time_from(ended, board.clock.day(began)));
            let parameters: [(&str, &dyn std::fmt::Display); 4] =
                [("began", &began), ("ended", &ended), ("span", &span), ("attempt", &tick.attempt)];
            lines.push(board.text("why.took", &parameters));
        }
        (Some(began), None) => {
            let worker = tick.worker.as_deref().unwrap_or("–");
            let parameters: [(&str, &dyn std::fmt::Display); 3] =
                [("began", &board.clock.at(began)), ("attempt", &tick.attempt), ("worker", &worker)];
            lines.push(board.text("why.going", &parameters));
        }
        _ => {}
    }
    lines.extend(other.map(|other| {
        let state = because::state(messages, other.state);
        match other.finished_at {
            Some(at) => {
                let at = board.clock.at(at);
                board.text("why.other", &[("tick", &key(other)), ("state", &state), ("at", &at)])
            }
            None => board.text("why.other_open", &[("tick", &key(other)), ("state", &state)]),
        }
    }));
    lines
}

fn next(board: &Board<'_>, why: &Why) -> Option<String> {
    match &why.next {
        Next::Fire(fire) => {
            let dates = board.clock.dates(board.app.messages, fire.business_date, fire.last_business_date);
            Some(board.text("why.next", &[("at", &board.clock.at(fire.at)), ("dates", &dates)]))
        }
        Next::Never => None,
        Next::Unpublished { calendar, year } => {
            Some(board.text("why.next_unpublished", &[("calendar", calendar), ("year", year)]))
        }
    }
}

/// What to do about it.
fn step(board: &Board<'_>, why: &Why) -> Option<String> {
    let text = |key: &str, parameters: &[(&str, &dyn std::fmt::Display)]| {
        Some(board.text(&format!("why.step.{key}"), parameters))
    };
    let pipeline = &why.pipeline;
    match &why.finding {
        Finding::Tick { tick, because, other } => tick_step(board, tick, because.as_ref(), other.as_deref()),
        Finding::NotPromised { .. } => text("serve", &[]),
        Finding::Unpublished { calendar, year } => text("calendar", &[("calendar", calendar), ("year", year)]),
        Finding::NoTimes { .. } => text("run", &[("pipeline", pipeline)]),
        Finding::BeforeSchedule { fire, .. } => {
            let (from, to) = (fire.business_date, day_after(fire.last_business_date));
            text("backfill", &[("pipeline", pipeline), ("from", &from), ("to", &to)])
        }
        _ => None,
    }
}

fn tick_step(board: &Board<'_>, tick: &Tick, reason: Option<&Reason>, other: Option<&Tick>) -> Option<String> {
    let text = |key: &str, parameters: &[(&str, &dyn std::fmt::Display)]| {
        Some(board.text(&format!("why.step.{key}"), parameters))
    };
    let new = &tick.tick;
    let named: [(&str, &dyn std::fmt::Display); 2] = [("pipeline", &new.id.pipeline), ("at", &board.written(tick))];
    let covered = other.is_some_and(|other| matches!(other.state, TickState::Succeeded | TickState::Withheld));
    match (tick.state, reason) {
        (TickState::Succeeded, _) => None,
        (_, _) if covered => text("wait", &[]),
        (state, Some(Reason::Paused { what, .. })) if !state.ended() => {
            text("resume", &[("what", &because::scope_argument(what))])
        }
        (TickState::Failed, Some(Reason::Problems { problems }))
            if problems.iter().any(|problem| GATES.contains(&problem.code.as_str())) =>
        {
            text("release", &named)
        }
        (TickState::Failed | TickState::Skipped, _) => text("rerun", &named),
        (TickState::Missed | TickState::Superseded, _) => {
            let to = day_after(new.biz_date);
            text("backfill", &[("pipeline", &new.id.pipeline), ("from", &new.biz_date), ("to", &to)])
        }
        (TickState::Withheld, _) => text("grant", &[]),
        (TickState::Queued | TickState::Ready | TickState::Running, _) => text("wait", &[]),
    }
}
