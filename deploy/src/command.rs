//! The commands, one file each, and how they open a project.

mod audit;
mod backfill;
mod board;
mod catalog;
mod check;
mod demo;
mod grant;
mod init;
mod keys;
mod notice;
mod open;
mod plan;
mod quarantine;
mod run;
mod runs;
mod schedule;
mod schema;
mod serve;
mod simulate;
mod supply;

use crate::app::App;
use crate::cli::Command;
use crate::error::Failure;
use crate::exit::Exit;

/// Runs one command.
pub(crate) async fn run(app: &App, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(arguments) => init::run(app, &arguments),
        Command::Demo(arguments) => demo::run(app, &arguments).await,
        Command::Check => check::run(app).await,
        Command::Plan(arguments) => plan::run(app, &arguments).await,
        Command::Run(arguments) => run::run(app, &arguments).await,
        Command::Serve(arguments) => serve::run(app, arguments).await,
        Command::Schema(arguments) => schema::run(app, &arguments),
        Command::Runs { action } => runs::run(app, action).await,
        Command::Schedule { action } => schedule::run(app, action).await,
        Command::Backfill(arguments) => backfill::run(app, arguments).await,
        Command::Simulate(arguments) => simulate::run(app, &arguments).await,
        Command::Quarantine { action } => quarantine::run(app, action).await,
        Command::Supply { action } => supply::run(app, action).await,
        Command::Grant { action: _ } => grant::run(app).await,
        Command::Notice { action } => notice::run(app, action).await,
        Command::Audit { action } => audit::run(app, action).await,
        Command::Keys { action: _ } => keys::run(app).await,
        Command::Catalog { action } => catalog::run(app, action),
    }
}
