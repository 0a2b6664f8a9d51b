//! `sluice keys list`: the key registry, never a key.

use serde_json::json;

use super::open;
use crate::app::App;
use crate::error::Failure;
use crate::exit::Exit;
use crate::{table, words};

/// Lists registered keys.
pub(super) async fn run(app: &App) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let keys = engine.catalog().list_keys(engine.actor()).await.map_err(|error| open::catalog_failure(&error))?;
    let documents: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({ "id": key.id, "kind": key.kind, "length_bits": key.length_bits, "owner": key.owner,
                    "starts_at": key.starts_at, "ends_at": key.ends_at, "destroyed_at": key.destroyed_at })
        })
        .collect();
    app.output.document(&json!({ "keys": documents }));
    let zone = engine.project().spec.project.timezone.as_str();
    if keys.is_empty() {
        app.output.text(&app.messages.text("keys.none", &[]));
        return Ok(Exit::Done);
    }
    let names = ["id", "kind", "bits", "owner", "start", "end"];
    let mut table = table::table(names.iter().map(|name| app.messages.text(&format!("keys.{name}"), &[])).collect());
    for key in keys {
        let end = match (&key.destroyed_at, &key.ends_at) {
            (Some(at), _) => app.messages.text("keys.destroyed", &[("at", &words::instant(at, zone))]),
            (None, Some(at)) => words::instant(at, zone),
            (None, None) => "–".to_owned(),
        };
        table.add_row(vec![
            key.id,
            key.kind,
            key.length_bits.to_string(),
            key.owner,
            words::instant(&key.starts_at, zone),
            end,
        ]);
    }
    table::right(&mut table, [2]);
    app.output.text(&table::render(&table));
    Ok(Exit::Done)
}
