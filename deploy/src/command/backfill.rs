//! `sluice backfill` 补数: preview, ask, follow, cancel.

mod list;
mod preview;

use std::io::{BufRead, IsTerminal, Write};

use catalog::schedule::{Ask, Tick, TickFilter};
use chrono::{NaiveDate, TimeDelta};
use pipelines::backfill::{self, Preview, Window, Wish};

use super::board::Board;
use super::open;
use crate::app::App;
use crate::cli::{BackfillAction, BackfillArgs, WishArgs};
use crate::error::{Error, Failure};
use crate::exit::Exit;

/// Most ticks that are compared with a backfill, of each pipeline.
const MOST: u32 = 200_000;

/// Previews and asks, or tells about backfills.
pub(super) async fn run(app: &App, arguments: BackfillArgs) -> Result<Exit, Failure> {
    let Some(board) = Board::open(app).await? else {
        return Ok(Exit::Invalid);
    };
    match (arguments.action, arguments.wish) {
        (Some(BackfillAction::List), _) | (None, None) => list::list(&board).await,
        (Some(BackfillAction::Show { name }), _) => list::show(&board, &name).await,
        (Some(BackfillAction::Cancel { name }), _) => board.ask(&Ask::CancelBackfill { name }).await,
        (None, Some(wish)) => start(&board, &wish).await,
    }
}

async fn start(board: &Board<'_>, arguments: &WishArgs) -> Result<Exit, Failure> {
    board.pipeline(&arguments.pipeline)?;
    let wish = wish(arguments)?;
    let ticks = there(board, &wish).await?;
    let preview = backfill::preview(board.engine.project(), &board.timetable, &wish, &ticks, board.now);
    let preview = preview.map_err(|refusal| open::usage(&refusal))?;
    let json = board.app.output.is_json();
    if !json || arguments.dry_run {
        preview::tell(board, &wish, &preview);
    }
    let Some(ask) = preview.ask() else {
        if json && !arguments.dry_run {
            preview::tell(board, &wish, &preview);
        }
        return Ok(Exit::Done);
    };
    if arguments.dry_run {
        return Ok(Exit::Done);
    }
    if !arguments.yes && !agreed(board, &preview)? {
        board.app.output.text(&board.text("backfill.kept", &[]));
        return Ok(Exit::Done);
    }
    let exit = board.ask(&ask).await?;
    board.app.output.text(&board.text("backfill.next", &[("name", &preview.name)]));
    Ok(exit)
}

fn wish(arguments: &WishArgs) -> Result<Wish, Failure> {
    let date = |text: &str| -> Result<NaiveDate, Failure> {
        let bad = || Error::BadDate { text: text.chars().take(40).collect() };
        open::business_date(Some(text))?.ok_or_else(|| bad().into())
    };
    let window = arguments.window.as_deref().map(Window::parse).transpose();
    Ok(Wish {
        pipeline: arguments.pipeline.clone(),
        from: date(&arguments.from)?,
        to: date(&arguments.to)?,
        window: window.map_err(|refusal| open::usage(&refusal))?,
        all: arguments.all,
        downstream: arguments.downstream,
        name: arguments.name.clone(),
    })
}

/// Ticks that there are already of the range, of the pipeline and of those downstream.
async fn there(board: &Board<'_>, wish: &Wish) -> Result<Vec<Tick>, Failure> {
    let readers = backfill::downstream(board.engine.project(), &wish.pipeline);
    let readers = readers.into_iter().filter(|_| wish.downstream).map(|reader| reader.pipeline);
    let mut found = Vec::new();
    for pipeline in std::iter::once(wish.pipeline.clone()).chain(readers) {
        let filter = TickFilter {
            pipeline: Some(pipeline),
            from: Some(board.midnight(wish.from)),
            // Under a calendar, the last interval may end long after its business date.
            to: Some(board.midnight(wish.to) + TimeDelta::days(40)),
            limit: MOST,
            ..TickFilter::default()
        };
        found.extend(board.ticks(filter).await?);
    }
    Ok(found)
}

/// Whether the person at the terminal says yes; without one, `--yes` is needed.
fn agreed(board: &Board<'_>, preview: &Preview) -> Result<bool, Failure> {
    if preview.runs().next().is_none() {
        return Ok(false);
    }
    if board.app.output.is_json() || !std::io::stdin().is_terminal() {
        return Err(Error::SayYes.into());
    }
    let mut out = std::io::stderr().lock();
    let _ = write!(out, "{}", board.text("backfill.ask", &[]));
    let _ = out.flush();
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
    Ok(matches!(line.trim(), "y" | "Y" | "yes" | "是"))
}
