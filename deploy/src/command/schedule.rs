//! `sluice schedule`: when pipelines run, and what people ask of the scheduler.

mod list;

use catalog::schedule::{Ask, Scope};

use super::board::Board;
use super::open;
use crate::app::App;
use crate::cli::{ScheduleAction, Scoped, TickArgs};
use crate::error::{Error, Failure};
use crate::exit::Exit;

/// Lists, or asks.
pub(super) async fn run(app: &App, action: Option<ScheduleAction>) -> Result<Exit, Failure> {
    let Some(board) = Board::open(app).await? else {
        return Ok(Exit::Invalid);
    };
    let ask = match action.unwrap_or(ScheduleAction::List) {
        ScheduleAction::List => return list::run(&board).await,
        ScheduleAction::Pause { what, note } => Ask::Pause { what: scope(&board, what)?, note },
        ScheduleAction::Resume { what, replay } => Ask::Resume { what: scope(&board, what)?, replay },
        ScheduleAction::Run { pipeline, biz_date, priority } => {
            board.pipeline(&pipeline)?;
            Ask::Run { pipeline, biz_date: open::business_date(biz_date.as_deref())?, priority }
        }
        ScheduleAction::Cancel(tick) => {
            let (id, note) = named(&board, tick).await?;
            Ask::Cancel { id, note }
        }
        ScheduleAction::Rerun(tick) => {
            let (id, note) = named(&board, tick).await?;
            Ask::Rerun { id, note }
        }
        ScheduleAction::Skip(tick) => {
            let (id, note) = named(&board, tick).await?;
            Ask::Skip { id, note }
        }
        ScheduleAction::Release(tick) => {
            let (id, note) = named(&board, tick).await?;
            Ask::Release { id, note }
        }
    };
    board.ask(&ask).await
}

async fn named(board: &Board<'_>, tick: TickArgs) -> Result<(catalog::schedule::TickId, String), Failure> {
    Ok((board.named(&tick.pipeline, &tick.time).await?, tick.note))
}

/// What the arguments name; it must be there.
fn scope(board: &Board<'_>, what: Scoped) -> Result<Scope, Failure> {
    let known = |kind: &'static str, name: &str, there: Vec<&String>| match there.iter().any(|one| *one == name) {
        true => Ok(()),
        false => {
            let known = there.into_iter().cloned().collect::<Vec<_>>().join(", ");
            Err(Failure::from(Error::NoSuch { kind, name: name.chars().take(80).collect(), known }))
        }
    };
    match what {
        Scoped { all: true, .. } => Ok(Scope::All),
        Scoped { pipeline: Some(name), .. } => {
            board.pipeline(&name)?;
            Ok(Scope::Pipeline(name))
        }
        Scoped { pool: Some(name), .. } => {
            known("pool", &name, board.timetable.pools.keys().collect())?;
            Ok(Scope::Pool(name))
        }
        Scoped { connection: Some(name), .. } => {
            known("connection", &name, board.engine.project().connections.keys().collect())?;
            Ok(Scope::Connection(name))
        }
        _ => Err(Error::WhatToHold.into()),
    }
}
