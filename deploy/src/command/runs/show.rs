//! `sluice runs show`: one run with its tick, its jobs, their steps and rows.

use catalog::ledger::{Publication, RunDetail};
use catalog::schedule::{Tick, TickId};
use chrono::DateTime;
use pipelines::manifest::StepCount;
use pipelines::problem::Problem;
use pipelines::schedule::Reason;
use serde_json::json;

use super::{header, named, result};
use crate::app::App;
use crate::command::board::Board;
use crate::command::open;
use crate::error::Failure;
use crate::exit::Exit;
use crate::table;
use crate::words::{self, Titles, because};

/// Shows the run whose id begins so.
pub(super) async fn run(app: &App, beginning: &str) -> Result<Exit, Failure> {
    let Some(board) = Board::open(app).await? else {
        return Ok(Exit::Invalid);
    };
    let engine = &board.engine;
    let failed = |error: catalog::Error| open::catalog_failure(&error);
    let id = named(engine, beginning).await?;
    let detail = engine.catalog().show_run(engine.actor(), &id).await.map_err(failed)?;
    let tick = tick_of(&board, &detail).await?;
    let mut published = Vec::new();
    for (_, occurrence) in &detail.attempts {
        let found = engine.catalog().published_by_occurrence(engine.actor(), &occurrence.target, &occurrence.key).await;
        published.push(found.map_err(failed)?);
    }
    let mut document = json!(detail);
    document["tick"] = json!(tick);
    document["published"] = json!(published);
    app.output.document(&document);
    let titles = Titles::of(engine.project(), app.messages, &detail.run.pipeline);
    let mut parts = vec![head(&board, &detail)];
    parts.extend(tick.as_ref().map(|tick| tick_text(&board, tick)));
    parts.push(jobs(&board, &titles, &detail));
    for ((_, occurrence), publication) in detail.attempts.iter().zip(&published) {
        parts.extend(publication.as_ref().and_then(|publication| steps(&board, &occurrence.target, publication)));
    }
    app.output.text(&parts.join("\n\n"));
    Ok(Exit::Done)
}

/// The tick that a run was for, if a schedule or a person made one.
async fn tick_of(board: &Board<'_>, detail: &RunDetail) -> Result<Option<Tick>, Failure> {
    for (_, occurrence) in &detail.attempts {
        let id = TickId { pipeline: detail.run.pipeline.clone(), key: occurrence.key.clone() };
        if let Some(tick) = board.tick(&id).await? {
            return Ok(Some(tick));
        }
    }
    Ok(None)
}

fn tick_text(board: &Board<'_>, tick: &Tick) -> String {
    let state = because::state(board.app.messages, tick.state);
    let key = board.clock.key(board.app.messages, &tick.tick.id.key);
    let why = tick.reason.as_ref().and_then(Reason::of).map(|reason| board.because().reason(&reason));
    let why = why.map(|why| board.text("runs.of_because", &[("why", &why)])).unwrap_or_default();
    board.text("runs.of_tick", &[("tick", &key), ("state", &state), ("why", &why)])
}

fn head(board: &Board<'_>, detail: &RunDetail) -> String {
    let (app, run) = (board.app, &detail.run);
    let zone = board.clock.zone.name();
    let mut head = table::table(header(app, &["id", "pipeline", "started", "ended", "took", "result", "by"]));
    let instant = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let ended = run.finished_at.as_deref();
    let took = ended.and_then(instant).zip(instant(&run.started_at));
    let took = took.map(|(ended, began)| words::clock::span(app.messages, (ended - began).num_seconds()));
    head.add_row(vec![
        run.id.clone(),
        run.pipeline.clone(),
        words::instant(&run.started_at, zone),
        ended.map_or_else(|| "–".to_owned(), |at| words::instant(at, zone)),
        took.unwrap_or_else(|| "–".to_owned()),
        result(app, run),
        run.started_by.clone(),
    ]);
    table::render(&head)
}

fn jobs(board: &Board<'_>, titles: &Titles, detail: &RunDetail) -> String {
    let app = board.app;
    let mut jobs = table::table(header(app, &["target", "date", "attempt", "disposition", "reason"]));
    for (attempt, occurrence) in &detail.attempts {
        let ended = attempt.disposition.unwrap_or(occurrence.disposition);
        jobs.add_row(vec![
            occurrence.target.clone(),
            occurrence.biz_date.clone().unwrap_or_else(|| "–".into()),
            app.messages.text("runs.nth", &[("no", &attempt.no)]),
            words::status(app.messages, &ended),
            occurrence.reason.as_ref().map(|reason| reason_text(app, titles, reason)).unwrap_or_default(),
        ]);
    }
    table::render(&jobs)
}

/// Rows of every step of a job that published; `None` when its balance was not recorded.
fn steps(board: &Board<'_>, target: &str, publication: &Publication) -> Option<String> {
    let recorded = publication.balance.as_ref()?.get("steps")?.clone();
    let steps: Vec<StepCount> = serde_json::from_value(recorded).ok()?;
    let mut table = table::table(header(board.app, &["steps", "read", "kept", "dropped", "quarantined"]));
    table::right(&mut table, 1..5);
    for step in &steps {
        let dropped = [step.filtered, step.deduplicated, step.unmatched, step.sampled, step.withheld, step.grouped];
        let dropped: u64 = dropped.into_iter().sum();
        let counts = [step.read, step.out, dropped, step.quarantined];
        let mut row = vec![step.step.clone()];
        row.extend(counts.iter().map(|count| crate::messages::digits(&count.to_string())));
        table.add_row(row);
    }
    let name = crate::card::job_name(board.app.messages, target);
    Some(format!("{name}\n{}", table::render(&table)))
}

/// Problems of a recorded reason in words; anything else as recorded.
fn reason_text(app: &App, titles: &Titles, reason: &serde_json::Value) -> String {
    let lists = ["refusals", "problems"].iter().find_map(|name| reason.get(name)?.as_array());
    let problems = reason.as_array().or(lists);
    let sentences: Vec<String> =
        problems.into_iter().flatten().filter_map(|problem| sentence(app, titles, problem)).collect();
    if sentences.is_empty() { reason.to_string() } else { sentences.join("\n") }
}

fn sentence(app: &App, titles: &Titles, recorded: &serde_json::Value) -> Option<String> {
    let text = |name: &str| Some(recorded.get(name)?.as_str()?.to_owned());
    let params = recorded.get("params").and_then(|params| serde_json::from_value(params.clone()).ok());
    let problem = Problem {
        code: text("code")?,
        params: params.unwrap_or_default(),
        message: text("message").unwrap_or_default(),
        retryable: false,
    };
    Some(format!("[{}] {}", problem.code, app.messages.problem(&titles.titled(&problem))))
}
