//! `sluice runs`: what ran, how it ended, what did not run and why.

mod list;
mod logs;
mod show;
mod today;
mod why;

use super::open;
use crate::app::App;
use crate::cli::{ListArgs, RunsAction};
use crate::error::{Error, Failure};
use crate::exit::Exit;

/// How many runs are searched for the beginning of an id.
const SEARCHED: u32 = 10_000;

/// Runs the action.
pub(super) async fn run(app: &App, action: Option<RunsAction>) -> Result<Exit, Failure> {
    match action.unwrap_or(RunsAction::List(ListArgs { limit: 20 })) {
        RunsAction::List(ListArgs { limit }) => list::run(app, limit).await,
        RunsAction::Show { run } => show::run(app, &run).await,
        RunsAction::Logs(arguments) => logs::run(app, &arguments).await,
        RunsAction::Today { at, date } => today::run(app, &at, date.as_deref()).await,
        RunsAction::Why { pipeline, time } => why::run(app, &pipeline, time.as_deref()).await,
    }
}

/// The id of the run that a person named by its beginning.
async fn named(engine: &pipelines::engine::Engine, beginning: &str) -> Result<String, Failure> {
    let all = engine.catalog().list_runs(engine.actor(), SEARCHED).await;
    let all = all.map_err(|error| open::catalog_failure(&error))?;
    let found = all.into_iter().find(|known| known.id.starts_with(beginning)).map(|run| run.id);
    found.ok_or_else(|| Error::NoRun { run: beginning.chars().take(80).collect() }.into())
}

/// How a run ended, in words.
fn result(app: &App, run: &catalog::ledger::Run) -> String {
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
