//! `sluice quarantine`: what failed a rule; the rows themselves only for who holds the root key.

mod rows;

use std::collections::BTreeSet;

use catalog::key::RecordedQuarantine;
use pipelines::engine::Engine;
use serde_json::json;

use super::open;
use crate::app::App;
use crate::cli::{ListArgs, QuarantineAction};
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::table;
use crate::words::{self, Titles};

/// How many files and runs are searched.
const SEARCHED: u32 = 10_000;

/// Lists quarantine files or shows rows.
pub(super) async fn run(app: &App, action: Option<QuarantineAction>) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    match action.unwrap_or(QuarantineAction::List(ListArgs { limit: 20 })) {
        QuarantineAction::List(ListArgs { limit }) => {
            let files = files(&engine, limit).await?;
            app.output.document(&json!({ "files": files }));
            app.output.text(&list(app, &files, &engine.project().spec.project.timezone));
            Ok(Exit::Done)
        }
        QuarantineAction::Show { run, limit } => show(app, &engine, run.as_deref(), limit).await,
    }
}

async fn files(engine: &Engine, limit: u32) -> Result<Vec<RecordedQuarantine>, Failure> {
    let found = engine.catalog().list_quarantine(engine.actor(), None, limit).await;
    found.map_err(|error| open::catalog_failure(&error))
}

fn header(app: &App, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| app.messages.text(&format!("quarantine.{name}"), &[])).collect()
}

fn list(app: &App, files: &[RecordedQuarantine], zone: &str) -> String {
    if files.is_empty() {
        return app.messages.text("quarantine.none", &[]);
    }
    let mut table = table::table(header(app, &["file", "rows", "key", "since"]));
    for file in files {
        let rows = crate::messages::digits(&file.file.rows.to_string());
        table.add_row(vec![
            file.file.path.clone(),
            rows,
            file.file.key_id.clone(),
            words::instant(&file.recorded_at, zone),
        ]);
    }
    table::right(&mut table, [1]);
    format!("{}\n{}", table::render(&table), app.messages.text("quarantine.next", &[]))
}

/// The files of a run, or of the latest occurrence that has any.
async fn of_run(engine: &Engine, run: Option<&str>) -> Result<Vec<RecordedQuarantine>, Failure> {
    let all = files(engine, SEARCHED).await?;
    let wanted: BTreeSet<String> = match run {
        None => all.first().map(|file| file.occurrence.clone()).into_iter().collect(),
        Some(run) => {
            let catalog = engine.catalog();
            let runs =
                catalog.list_runs(engine.actor(), SEARCHED).await.map_err(|error| open::catalog_failure(&error))?;
            let found = runs.iter().find(|known| known.id.starts_with(run));
            let id = &found.ok_or_else(|| Error::NoRun { run: run.chars().take(80).collect() })?.id;
            let detail = catalog.show_run(engine.actor(), id).await.map_err(|error| open::catalog_failure(&error))?;
            detail.attempts.into_iter().map(|(attempt, _)| attempt.occurrence).collect()
        }
    };
    Ok(all.into_iter().filter(|file| wanted.contains(&file.occurrence)).collect())
}

async fn show(app: &App, engine: &Engine, run: Option<&str>, limit: usize) -> Result<Exit, Failure> {
    let files = of_run(engine, run).await?;
    let total: i64 = files.iter().map(|file| file.file.rows).fold(0, i64::saturating_add);
    let titles = Titles::of_all(engine.project(), app.messages);
    let (mut shown, mut documents) = (0, Vec::new());
    for file in &files {
        if shown >= limit {
            break;
        }
        let batches = engine
            .open_quarantine(&engine.state().join(&file.file.path))
            .await
            .map_err(|error| open::failure(&error))?;
        for batch in batches {
            let part = batch.slice(0, batch.num_rows().min(limit - shown));
            shown += part.num_rows();
            app.output.text(&rows::table(app.messages, &titles, &part));
            documents.extend(rows::json(&part));
        }
    }
    app.output.document(&json!({ "shown": shown, "rows": total, "quarantined": documents }));
    app.output.text(&match files.is_empty() {
        true => app.messages.text("quarantine.none", &[]),
        false => app.messages.text("quarantine.shown", &[("shown", &shown), ("rows", &total)]),
    });
    Ok(Exit::Done)
}
