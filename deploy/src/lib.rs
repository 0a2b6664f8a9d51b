//! The `sluice` command: arguments, environment, terminal and signals around the engine; and the demo.
//!
//! Only this crate reads arguments, sockets and the environment. What a run does is decided in `pipelines`; here it is
//! started, watched and told to people.
//!
//! | to find | look in |
//! |---|---|
//! | names and arguments of commands; help texts | `cli.rs`, `messages/help.toml` |
//! | one command | `command/<name>.rs` |
//! | every sentence people read, in both languages | `messages/*.toml`, rendered by `messages.rs` |
//! | how a run is told while it goes, and at its end | `progress.rs`, `card.rs` |
//! | how a plan is told | `explain.rs` |
//! | tables, colours, one JSON document | `table.rs`, `output.rs` |
//! | `secret:NAME` | `secrets.rs` |
//! | the service: scheduler, workers, port | `serve.rs`, `serve/` |
//! | exit codes | `exit.rs` |
//! | Ctrl-C; the kill switch of crash tests | `interrupt.rs`, `crash.rs` |
//! | the synthetic city | `demo.rs`, `demo/`, and its definitions in `deploy/demo/` |
//!
//! What must never happen here:
//!
//! 1. A secret on the command line, in a log, in an error or in JSON.
//! 2. A second JSON document, or text, on standard output under `--json`.
//! 3. A decision about grants, grades or publishing: those belong to the engine, also when it is inconvenient.
//! 4. A person in the demo who could be a real one.

mod app;
mod card;
mod cli;
mod command;
mod crash;
pub mod demo;
mod error;
mod exit;
mod explain;
mod interrupt;
mod language;
mod log;
mod messages;
mod notice;
mod output;
mod panics;
mod progress;
mod secrets;
pub mod serve;
mod table;
mod words;

use std::process::ExitCode;

pub use error::{Error, Failure};
pub use exit::Exit;
pub use language::Language;
pub use messages::Messages;

/// Runs the command line of this process to its end.
pub fn main() -> ExitCode {
    panics::tell_only_where();
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    app::main(&arguments).into()
}
