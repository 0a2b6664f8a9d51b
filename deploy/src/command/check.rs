//! `sluice check`: every mistake of every definition, at once.

use chrono::Utc;
use pipelines::project::Project;

use super::open;
use crate::app::App;
use crate::error::{Error, Failure};
use crate::exit::Exit;

/// Checks the project.
pub(super) async fn run(app: &App) -> Result<Exit, Failure> {
    let folder = &app.global.project;
    if !folder.join("sluice.toml").is_file() {
        return Err(Error::NoProject { path: folder.display().to_string() }.into());
    }
    let mut diagnostics = pipelines::project::check(folder);
    if !diagnostics.has_errors()
        && let Ok(project) = Project::load(folder)
    {
        let planned = pipelines::plan::check(&project, Utc::now()).await;
        if planned.has_errors() {
            diagnostics = planned;
        }
    }
    open::report(app, &diagnostics);
    let (errors, warnings) = (diagnostics.errors(), diagnostics.warnings());
    if errors > 0 {
        app.output.text(&app.messages.text("check.broken", &[("errors", &errors), ("warnings", &warnings)]));
        return Ok(Exit::Invalid);
    }
    if warnings > 0 {
        app.output.text(&app.messages.text("check.warned", &[("warnings", &warnings)]));
    } else if let Some(project) = open::project(app)? {
        let (pipelines, resources, grants) = (project.pipelines.len(), project.resources.len(), project.grants.len());
        app.output.text(
            &app.messages
                .text("check.fine", &[("pipelines", &pipelines), ("resources", &resources), ("grants", &grants)]),
        );
    }
    Ok(Exit::Done)
}
