//! `sluice init`: a commented project to start from.

use pipelines::problem::Problem;
use serde_json::json;

use super::open;
use crate::app::App;
use crate::cli::InitArgs;
use crate::error::Failure;
use crate::exit::Exit;

/// Scaffolds a project; nothing that exists is overwritten.
pub(super) fn run(app: &App, arguments: &InitArgs) -> Result<Exit, Failure> {
    let files = pipelines::project::init(&arguments.dir, open::today())
        .map_err(|error| Failure::new(Exit::Usage, Problem::of(&error, false)))?;
    let dir = arguments.dir.display();
    app.output.document(&json!({ "project": dir.to_string(), "files": files }));
    let mut text = vec![app.messages.text("init.done", &[("dir", &dir)])];
    text.extend(files.iter().map(|file| format!("  {file}")));
    text.push(app.messages.text("init.next", &[("dir", &dir)]));
    app.output.text(&text.join("\n"));
    Ok(Exit::Done)
}
