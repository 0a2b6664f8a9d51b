//! `sluice check`: every mistake of every definition, at once.

use chrono::Utc;
use pipelines::project::Project;

use super::open;
use crate::app::App;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::words::when;

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
    let Some(project) = open::project(app)? else { return Ok(Exit::Invalid) };
    schedules(app, &project);
    if warnings > 0 {
        app.output.text(&app.messages.text("check.warned", &[("warnings", &warnings)]));
    } else {
        let (pipelines, resources, grants) = (project.pipelines.len(), project.resources.len(), project.grants.len());
        app.output.text(
            &app.messages
                .text("check.fine", &[("pipelines", &pipelines), ("resources", &resources), ("grants", &grants)]),
        );
    }
    Ok(Exit::Done)
}

/// When each scheduled pipeline is due, in words.
fn schedules(app: &App, project: &Project) {
    let messages = app.messages;
    let mut head = Some(messages.text("when.all", &[]));
    for pipeline in &project.pipelines {
        let mut lines = when::lines(messages, project, pipeline, Utc::now()).into_iter();
        let Some(rule) = lines.next() else { continue };
        let name = &pipeline.spec.pipeline;
        head.take().into_iter().for_each(|head| app.output.text(&head));
        let text = messages.text("when.of", &[("title", &name.title), ("pipeline", &name.id), ("rule", &rule)]);
        app.output.text(&format!("  {text}"));
        lines.for_each(|line| app.output.text(&format!("    {line}")));
    }
    if head.is_none() {
        app.output.text("");
    }
}
