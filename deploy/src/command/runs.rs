//! `sluice runs`: what ran, and how it ended.

use catalog::ledger::{Run, RunDetail};
use pipelines::problem::Problem;
use serde_json::json;

use super::open;
use crate::app::App;
use crate::cli::{ListArgs, RunsAction};
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::table;
use crate::words::{self, Titles};

/// How many runs are searched for the beginning of an id.
const SEARCHED: u32 = 10_000;

/// Lists runs or shows one.
pub(super) async fn run(app: &App, action: Option<RunsAction>) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let (catalog, actor) = (engine.catalog(), engine.actor());
    let zone = engine.project().spec.project.timezone.as_str();
    match action.unwrap_or(RunsAction::List(ListArgs { limit: 20 })) {
        RunsAction::List(ListArgs { limit }) => {
            let runs = catalog.list_runs(actor, limit).await.map_err(|error| open::catalog_failure(&error))?;
            app.output.document(&json!({ "runs": runs }));
            app.output.text(&list(app, &runs, zone));
        }
        RunsAction::Show { run } => {
            let all = catalog.list_runs(actor, SEARCHED).await.map_err(|error| open::catalog_failure(&error))?;
            let found = all.iter().find(|known| known.id.starts_with(&run));
            let id = found.ok_or_else(|| Error::NoRun { run: run.chars().take(80).collect() })?.id.clone();
            let detail = catalog.show_run(actor, &id).await.map_err(|error| open::catalog_failure(&error))?;
            app.output.document(&json!(detail));
            let titles = Titles::of(engine.project(), app.messages, &detail.run.pipeline);
            app.output.text(&show(app, &titles, &detail, zone));
        }
    }
    Ok(Exit::Done)
}

fn result(app: &App, run: &Run) -> String {
    let key = match run.success {
        Some(true) => "runs.good",
        Some(false) => "runs.bad",
        None => "runs.open",
    };
    app.messages.text(key, &[])
}

fn header(app: &App, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| app.messages.text(&format!("runs.{name}"), &[])).collect()
}

fn list(app: &App, runs: &[Run], zone: &str) -> String {
    if runs.is_empty() {
        return app.messages.text("runs.none", &[]);
    }
    let mut table = table::table(header(app, &["id", "pipeline", "started", "result", "by"]));
    for run in runs {
        table.add_row(vec![
            run.id.clone(),
            run.pipeline.clone(),
            words::instant(&run.started_at, zone),
            result(app, run),
            run.started_by.clone(),
        ]);
    }
    table::render(&table)
}

fn show(app: &App, titles: &Titles, detail: &RunDetail, zone: &str) -> String {
    let run = &detail.run;
    let mut head = table::table(header(app, &["id", "pipeline", "started", "ended", "result", "by"]));
    let ended = run.finished_at.as_deref().map_or_else(|| "–".to_owned(), |at| words::instant(at, zone));
    head.add_row(vec![
        run.id.clone(),
        run.pipeline.clone(),
        words::instant(&run.started_at, zone),
        ended,
        result(app, run),
        run.started_by.clone(),
    ]);
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
    format!("{}\n\n{}", table::render(&head), table::render(&jobs))
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
