//! `sluice runs logs`: lines of a run's log, by range or by text.

use catalog::log::{LogLevel, LogRange};
use serde_json::json;

use super::named;
use crate::app::App;
use crate::cli::LogsArgs;
use crate::command::board::Board;
use crate::command::open;
use crate::error::Failure;
use crate::exit::Exit;

/// Prints lines of a run's log.
pub(super) async fn run(app: &App, arguments: &LogsArgs) -> Result<Exit, Failure> {
    let Some(board) = Board::open(app).await? else {
        return Ok(Exit::Invalid);
    };
    let (catalog, actor) = (board.engine.catalog(), board.engine.actor());
    let id = named(&board.engine, &arguments.run).await?;
    let range =
        LogRange { from: arguments.from, count: arguments.count, contains: arguments.grep.clone().unwrap_or_default() };
    let lines = catalog.logs(actor, &id, &range).await.map_err(|error| open::catalog_failure(&error))?;
    app.output.document(&json!({ "run": id, "lines": lines }));
    if lines.is_empty() {
        app.output.text(&app.messages.text("logs.none", &[]));
    }
    for numbered in &lines {
        let line = &numbered.line;
        let mark = match line.level {
            LogLevel::Error => "!!",
            LogLevel::Warning => "! ",
            LogLevel::Info | LogLevel::Debug => "  ",
        };
        let at = line.at.with_timezone(&board.clock.zone).format("%m-%d %H:%M:%S");
        let target = if line.target.is_empty() { String::new() } else { format!("{} ", line.target) };
        app.output.text(&format!("{:>6} {at} {mark}{target}{}", numbered.no, line.text));
    }
    let full = u32::try_from(lines.len()).is_ok_and(|count| count == arguments.count);
    if let Some(last) = lines.last().filter(|_| full && arguments.from.is_some()) {
        app.output.text(&app.messages.text("logs.more", &[("from", &(last.no + 1))]));
    }
    Ok(Exit::Done)
}
