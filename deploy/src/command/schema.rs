//! `sluice schema`: JSON Schemas of the definition files.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::cli::SchemaArgs;
use crate::error::{Error, Failure};
use crate::exit::Exit;

/// Prints the schemas as one JSON object by file name, or writes them.
pub(super) fn run(app: &App, arguments: &SchemaArgs) -> Result<Exit, Failure> {
    let schemas = pipelines::spec::schemas::schemas();
    if let Some(folder) = &arguments.write {
        write(folder)?;
        let names: Vec<&str> = schemas.iter().map(|(name, _)| *name).collect();
        app.output.document(&json!({ "folder": folder.display().to_string(), "files": names }));
        let (count, dir) = (schemas.len(), folder.display());
        app.output.text(&app.messages.text("schema.written", &[("count", &count), ("dir", &dir)]));
        return Ok(Exit::Done);
    }
    let all: Map<String, Value> = schemas
        .into_iter()
        .map(|(name, text)| (name.to_owned(), serde_json::from_str(&text).unwrap_or_default()))
        .collect();
    let all = Value::Object(all);
    app.output.document(&all);
    app.output.text(&serde_json::to_string_pretty(&all).unwrap_or_default());
    Ok(Exit::Done)
}

/// Writes every schema into a folder, replacing older ones.
pub(super) fn write(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    for (name, text) in pipelines::spec::schemas::schemas() {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| Error::io("write", &path, &error))?;
    }
    Ok(())
}
