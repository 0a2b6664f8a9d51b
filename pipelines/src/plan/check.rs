//! What only planning can see, at its line: SQL that does not plan, columns that are not there, rules that do not fit
//! their column. Nothing is opened for it.

use chrono::{DateTime, Utc};

use super::{Facts, Libraries, plan};
use crate::error::Error;
use crate::occurrence;
use crate::project::{Pipeline, Project, Span};
use crate::spec::diagnostic::Diagnostics;

/// Plans every pipeline of a project for yesterday, without a ledger, and points at what does not plan.
pub async fn check(project: &Project, now: DateTime<Utc>) -> Diagnostics {
    let mut found = Vec::new();
    for pipeline in &project.pipelines {
        let zone = project.timezone(pipeline);
        let Ok(Some(covered)) = occurrence::current(None, zone, now, None) else { continue };
        let mut libraries = Libraries::default();
        let planned = plan(project, &Facts::default(), &mut libraries, pipeline, covered, Vec::new()).await;
        if let Err(error) = planned
            && let Some(place) = place(pipeline, &error)
        {
            found.push(project.diagnostic(Some(place), error.problem(), None));
        }
    }
    project.diagnostics(found)
}

/// Where in the pipeline's own file an error stands; an error of another pipeline's file is told there.
fn place(pipeline: &Pipeline, error: &Error) -> Option<Span> {
    let problem = error.problem();
    let step = ["step", "relation", "from", "target", "table"].iter().find_map(|name| problem.params.get(*name))?;
    let spec = &pipeline.spec;
    let at = |list: &str, position: usize, key: &str| pipeline.span(&format!("{list}[{position}].{key}"));
    if let Some(position) = spec.transform.iter().position(|transform| transform.name == *step) {
        let key = if spec.transform[position].sql.is_some() { "sql" } else { "name" };
        return at("transform", position, key);
    }
    if let Some(position) = spec.source.iter().position(|source| source.name == *step) {
        return at("source", position, "name");
    }
    if let Some(position) = spec.library.iter().position(|library| format!("library:{}", library.table) == *step) {
        return at("library", position, "table");
    }
    let supply = |to: &catalog::zone::Zone, dataset: &str| format!("supply:{to}/{dataset}");
    let position = spec.supply.iter().position(|one| supply(&one.to, &one.dataset) == *step || one.dataset == *step)?;
    at("supply", position, "select")
}
