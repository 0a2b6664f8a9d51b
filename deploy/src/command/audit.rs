//! `sluice audit`: who did what, and the proof that nobody changed the record.

use catalog::audit::{Entry, Verification};
use serde_json::json;

use super::open;
use crate::app::App;
use crate::cli::{AuditAction, ListArgs};
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::{table, words};

/// Lists the latest entries or verifies all of them.
pub(super) async fn run(app: &App, action: Option<AuditAction>) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let catalog = engine.catalog();
    match action.unwrap_or(AuditAction::List(ListArgs { limit: 20 })) {
        AuditAction::List(ListArgs { limit }) => {
            let head = catalog.head().await.map_err(|error| open::catalog_failure(&error))?;
            let after = i64::try_from(head.size.saturating_sub(u64::from(limit))).unwrap_or(i64::MAX);
            let entries = catalog
                .audit_entries(engine.actor(), after, limit)
                .await
                .map_err(|error| open::catalog_failure(&error))?;
            app.output.document(&json!({ "head": head, "entries": entries }));
            app.output.text(&list(app, &entries, &engine.project().spec.project.timezone));
            Ok(Exit::Done)
        }
        AuditAction::Verify => match catalog.verify().await.map_err(|error| open::catalog_failure(&error))? {
            Verification::Intact { head } => {
                app.output.document(&json!({ "intact": true, "head": head }));
                app.output.text(&app.messages.text("audit.sound", &[("size", &head.size), ("root", &head.root)]));
                Ok(Exit::Done)
            }
            Verification::Broken { seq, .. } => Err(Error::AuditBroken { sequence: seq }.into()),
        },
    }
}

fn list(app: &App, entries: &[Entry], zone: &str) -> String {
    if entries.is_empty() {
        return app.messages.text("audit.none", &[]);
    }
    let names = ["seq", "at", "user", "kind", "phase", "result", "subject", "object"];
    let mut table = table::table(names.iter().map(|name| app.messages.text(&format!("audit.{name}"), &[])).collect());
    for entry in entries {
        let result = app.messages.text(if entry.success { "audit.success" } else { "audit.failure" }, &[]);
        table.add_row(vec![
            entry.seq.to_string(),
            words::instant(&entry.at, zone),
            entry.user.clone(),
            entry.kind.clone(),
            app.messages.phrase(&entry.phase),
            result,
            entry.subject.clone(),
            entry.object.clone(),
        ]);
    }
    table::right(&mut table, [0]);
    table::render(&table)
}
