//! From arguments to a command to an exit code.

use clap::FromArgMatches;
use clap::error::ErrorKind;

use crate::cli::{self, Cli};
use crate::error::Failure;
use crate::exit::Exit;
use crate::language::Language;
use crate::messages::Messages;
use crate::output::Output;
use crate::{command, crash, interrupt, log};

/// What every command is given.
#[derive(Debug)]
pub(crate) struct App {
    /// The reader's language.
    pub(crate) messages: Messages,
    /// Where results go.
    pub(crate) output: Output,
    /// Project folder and switches.
    pub(crate) global: cli::Global,
    /// Cancelled by Ctrl-C.
    pub(crate) cancel: tokio_util::sync::CancellationToken,
}

/// Parses, runs, reports.
pub(crate) fn main(arguments: &[String]) -> Exit {
    let variable = std::env::var("SLUICE_LANG").ok();
    let messages = Messages::new(Language::decide(arguments, variable.as_deref()));
    let parsed = match parse(arguments, messages) {
        Ok(parsed) => parsed,
        Err(exit) => return exit,
    };
    log::start();
    let output = Output::new(parsed.global.json);
    let result =
        crash::install_from_environment().map_err(Failure::from).and_then(|()| start(parsed, messages, output));
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(messages, &failure);
            failure.exit
        }
    }
}

fn parse(arguments: &[String], messages: Messages) -> Result<Cli, Exit> {
    let matches = cli::command(messages).try_get_matches_from(arguments);
    matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let json = Output::new(false);
            json.text(error.render().to_string().trim_end());
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Output::new(false).note(error.render().to_string().trim_end());
            Exit::Usage
        }
        _ => {
            let json = arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json");
            Output::new(json).failure(messages, &cli::problem(&error, arguments, messages).into());
            Exit::Usage
        }
    })
}

fn start(parsed: Cli, messages: Messages, output: Output) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build()
        .map_err(|error| crate::Error::io("start", std::path::Path::new("tokio"), &error))?;
    let exit = runtime.block_on(async {
        let cancel = interrupt::watch(messages);
        let app = App { messages, output, global: parsed.global, cancel };
        command::run(&app, parsed.command).await
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    exit
}
