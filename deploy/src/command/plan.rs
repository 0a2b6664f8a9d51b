//! `sluice plan`: what a run would do, without doing it.

use chrono::Utc;
use pipelines::engine::Engine;
use serde_json::json;

use super::open;
use crate::app::App;
use crate::cli::PlanArgs;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::explain;
use crate::words::{Titles, when};

/// Plans one pipeline or all of them. Exits 5 when the gate would refuse a job.
pub(super) async fn run(app: &App, arguments: &PlanArgs) -> Result<Exit, Failure> {
    let date = open::business_date(arguments.biz_date.as_deref())?;
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let (mut plans, mut refused) = (Vec::new(), false);
    for pipeline in wanted(&engine, arguments.pipeline.as_deref())? {
        let plan = engine.plan(&pipeline, date).await.map_err(|error| open::failure(&error))?;
        refused |= plan.jobs.iter().any(|job| !job.refusals.is_empty());
        if !plans.is_empty() {
            app.output.text("");
        }
        let titles = Titles::of(engine.project(), app.messages, &pipeline);
        let project = engine.project();
        let schedule = project.pipeline(&pipeline).map(|one| when::lines(app.messages, project, one, Utc::now()));
        app.output.text(&explain::render(app.messages, &titles, &plan, &schedule.unwrap_or_default()));
        plans.push(plan);
    }
    if let [plan] = plans.as_slice() {
        app.output.text(&format!("\n{}", app.messages.text("plan.nothing", &[("pipeline", &plan.pipeline)])));
    }
    app.output.document(&json!({ "plans": plans }));
    Ok(if refused { Exit::Refused } else { Exit::Done })
}

/// The pipeline asked for, or all in the order they have to run.
pub(super) fn wanted(engine: &Engine, pipeline: Option<&str>) -> Result<Vec<String>, Error> {
    let all = engine.order();
    match pipeline {
        None => Ok(all),
        Some(one) if all.iter().any(|known| known == one) => Ok(vec![one.to_owned()]),
        Some(one) => Err(Error::NoPipeline { pipeline: one.chars().take(80).collect(), known: all.join(", ") }),
    }
}
