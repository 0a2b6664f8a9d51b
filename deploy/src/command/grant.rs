//! `sluice grant list`: every grant, whether it is in force today, and where it came from.

use serde_json::json;

use super::open;
use crate::app::App;
use crate::error::Failure;
use crate::exit::Exit;
use crate::table;

/// Lists grants as the catalog holds them.
pub(super) async fn run(app: &App) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let grants = engine.catalog().grants(engine.actor()).await.map_err(|error| open::catalog_failure(&error))?;
    let today = engine.catalog().today();
    let states: Vec<_> = grants.iter().map(|stored| stored.grant.live(today)).collect();
    let documents: Vec<_> =
        grants.iter().zip(&states).map(|(stored, state)| json!({ "grant": stored, "live": state.is_ok() })).collect();
    app.output.document(&json!({ "grants": documents }));
    if grants.is_empty() {
        app.output.text(&app.messages.text("grants.none", &[]));
        return Ok(Exit::Done);
    }
    let names = ["id", "title", "border", "ceiling", "term", "state", "source"];
    let mut table = table::table(names.iter().map(|name| app.messages.text(&format!("grants.{name}"), &[])).collect());
    for (stored, state) in grants.iter().zip(states) {
        let grant = &stored.grant;
        let state = match state {
            Ok(()) => app.messages.text("grants.live", &[]),
            Err(refusal) => app.messages.problem(&pipelines::problem::Problem::of(&refusal, false)),
        };
        table.add_row(vec![
            grant.id.clone(),
            grant.title.clone(),
            format!("{} → {}", grant.from, grant.to),
            app.messages.phrase(grant.ceiling.as_str()),
            format!("{} – {}", grant.valid_from, grant.valid_until),
            state,
            app.messages.text("grants.file", &[]),
        ]);
    }
    app.output.text(&table::render(&table));
    Ok(Exit::Done)
}
