//! `sluice supply decrypt`: the encrypted columns of a supplied file, for who holds the key.

use std::path::Path;

use serde_json::json;

use super::open;
use crate::app::App;
use crate::cli::SupplyAction;
use crate::error::{Error, Failure};
use crate::exit::Exit;

/// Runs the action.
pub(super) async fn run(app: &App, action: SupplyAction) -> Result<Exit, Failure> {
    let SupplyAction::Decrypt { file, out } = action;
    decrypt(app, &file, &out).await
}

async fn decrypt(app: &App, file: &Path, out: &Path) -> Result<Exit, Failure> {
    if out.exists() {
        return Err(Error::Exists { path: out.display().to_string() }.into());
    }
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let rows = engine.decrypt(file, out).await.map_err(|error| open::failure(&error))?;
    let shown = out.display().to_string();
    app.output.document(&json!({ "rows": rows, "out": shown }));
    app.output.text(&app.messages.text("supply.decrypted", &[("rows", &rows), ("out", &shown)]));
    Ok(Exit::Done)
}
