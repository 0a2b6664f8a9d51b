//! `sluice run`: one pipeline or all of them, each with its card.

use chrono::NaiveDate;
use pipelines::engine::Engine;
use pipelines::report::RunReport;
use serde_json::json;

use super::{open, plan};
use crate::app::App;
use crate::cli::RunArgs;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::output::problem_json;
use crate::words::Titles;
use crate::{card, progress};

/// Runs what was asked for. A pipeline that cannot run does not keep the others from running.
pub(super) async fn run(app: &App, arguments: &RunArgs) -> Result<Exit, Failure> {
    let date = open::business_date(arguments.biz_date.as_deref())?;
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    if arguments.pipeline.is_none() && !arguments.all {
        return Err(Error::WhichPipeline { known: engine.order().join(", ") }.into());
    }
    let (mut exits, mut documents) = (Vec::new(), Vec::new());
    for pipeline in plan::wanted(&engine, arguments.pipeline.as_deref())? {
        if app.cancel.is_cancelled() {
            exits.push(Exit::Interrupted);
            break;
        }
        match one(app, &engine, &pipeline, date).await {
            Ok(report) => {
                exits.push(card::exit(&report));
                let titles = Titles::of(engine.project(), app.messages, &pipeline);
                app.output.text(&format!("{}\n", card::render(app.messages, &titles, &report)));
                documents.push(json!(report));
            }
            Err(failure) => {
                exits.push(failure.exit);
                if !app.output.is_json() {
                    app.output.failure(app.messages, &failure);
                }
                let problems: Vec<_> =
                    failure.problems.iter().map(|problem| problem_json(app.messages, problem)).collect();
                documents.push(json!({ "pipeline": pipeline, "problems": problems }));
            }
        }
    }
    let exit = Exit::worst(exits);
    app.output.document(&json!({ "exit": exit as u8, "runs": documents }));
    Ok(exit)
}

/// Plans and runs one pipeline.
pub(super) async fn one(
    app: &App,
    engine: &Engine,
    pipeline: &str,
    date: Option<NaiveDate>,
) -> Result<RunReport, Failure> {
    let plan = engine.plan(pipeline, date).await.map_err(|error| open::failure(&error))?;
    let progress = progress::of(app);
    engine.run(&plan, progress, app.cancel.clone()).await.map_err(|error| open::failure(&error))
}
