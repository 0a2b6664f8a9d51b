//! `sluice runs list`: the latest runs.

use serde_json::json;

use super::{header, result};
use crate::app::App;
use crate::command::open;
use crate::error::Failure;
use crate::exit::Exit;
use crate::table;
use crate::words;

/// Lists runs, the latest first.
pub(super) async fn run(app: &App, limit: u32) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let zone = engine.project().spec.project.timezone.as_str();
    let runs = engine.catalog().list_runs(engine.actor(), limit).await;
    let runs = runs.map_err(|error| open::catalog_failure(&error))?;
    app.output.document(&json!({ "runs": runs }));
    if runs.is_empty() {
        app.output.text(&app.messages.text("runs.none", &[]));
        return Ok(Exit::Done);
    }
    let mut table = table::table(header(app, &["id", "pipeline", "started", "result", "by"]));
    for run in &runs {
        table.add_row(vec![
            run.id.clone(),
            run.pipeline.clone(),
            words::instant(&run.started_at, zone),
            result(app, run),
            run.started_by.clone(),
        ]);
    }
    app.output.text(&table::render(&table));
    Ok(Exit::Done)
}
