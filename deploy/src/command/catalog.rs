//! `sluice catalog show`: resources of the project, or one with its items.

use std::collections::BTreeMap;

use ::catalog::resource::{Item, Resource};
use pipelines::problem::Problem;
use pipelines::project::Project;
use serde_json::json;

use super::open;
use crate::app::App;
use crate::cli::CatalogAction;
use crate::error::Failure;
use crate::exit::Exit;
use crate::{table, words};

/// Shows all resources, or the one asked for.
pub(super) fn run(app: &App, action: Option<CatalogAction>) -> Result<Exit, Failure> {
    let Some(project) = open::project(app)? else {
        return Ok(Exit::Invalid);
    };
    let code = action.and_then(|CatalogAction::Show { code }| code);
    let Some(code) = code else {
        app.output.document(&json!({ "resources": project.resources.values().collect::<Vec<_>>() }));
        app.output.text(&all(app, &project));
        return Ok(Exit::Done);
    };
    let Some(resource) = project.resources.get(&code) else {
        let message = app.messages.text("catalog.unknown", &[("code", &code)]);
        let problem = Problem { code: "S101".into(), params: BTreeMap::new(), message, retryable: false };
        return Err(Failure::new(Exit::Usage, problem));
    };
    app.output.document(&json!(resource));
    app.output.text(&one(app, resource));
    Ok(Exit::Done)
}

fn header(app: &App, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| app.messages.text(&format!("catalog.{name}"), &[])).collect()
}

fn all(app: &App, project: &Project) -> String {
    let mut table = table::table(header(app, &["code", "title", "provider", "items", "highest"]));
    for resource in project.resources.values() {
        let provider = project.organisations.get(&resource.provider).map_or(&resource.provider, |known| &known.name);
        let highest = resource.item.iter().map(|item| item.grade).max();
        table.add_row(vec![
            resource.code.clone(),
            resource.title.clone(),
            provider.clone(),
            resource.item.len().to_string(),
            highest.map(|grade| app.messages.phrase(grade.as_str())).unwrap_or_default(),
        ]);
    }
    table::right(&mut table, [3]);
    table::render(&table)
}

fn one(app: &App, resource: &Resource) -> String {
    let mut table = table::table(header(app, &["name", "title", "type", "grade", "standard", "checks"]));
    for item in &resource.item {
        table.add_row(vec![
            item.name.clone(),
            item.title.clone(),
            app.messages.phrase(&item.data_type.to_string()),
            app.messages.phrase(item.grade.as_str()),
            item.standard.as_deref().map(|id| words::standard(app.messages, id)).unwrap_or_default(),
            checks(app, item),
        ]);
    }
    format!("{} {}\n{}", resource.code, resource.title, table::render(&table))
}

fn checks(app: &App, item: &Item) -> String {
    let text = |key: &str, parameters: &[crate::messages::Parameter<'_>]| {
        app.messages.text(&format!("catalog.{key}"), parameters)
    };
    let mut parts = Vec::new();
    if item.required {
        parts.push(text("required", &[]));
    }
    if item.unique {
        parts.push(text("unique", &[]));
    }
    if let Some(values) = &item.accepted {
        parts.push(text("accepted", &[("values", &values.join(" "))]));
    }
    if let Some(range) = &item.range {
        let side = |bound: &Option<::catalog::resource::Bound>| {
            bound.as_ref().map(|bound| bound.as_str().to_owned()).unwrap_or_default()
        };
        parts.push(text("range", &[("min", &side(&range.min)), ("max", &side(&range.max))]));
    }
    if let Some(length) = &item.length {
        let side = |bound: Option<u32>| bound.map(|bound| bound.to_string()).unwrap_or_default();
        parts.push(text("length", &[("min", &side(length.min)), ("max", &side(length.max))]));
    }
    if let Some(pattern) = &item.pattern {
        parts.push(text("pattern", &[("pattern", pattern)]));
    }
    parts.join(&app.messages.text("card.list", &[]))
}
