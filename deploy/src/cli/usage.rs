//! What clap says about a wrong command line, in the reader's language.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::error::Error;
use crate::messages::Messages;

/// A usage error as one of ours; `arguments` say which command it is about.
pub(crate) fn problem(error: &clap::Error, arguments: &[String], messages: Messages) -> Error {
    let of = |kind| error.get(kind).map(plain).unwrap_or_default();
    let (argument, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
    let (key, suggestion) = match error.kind() {
        ErrorKind::UnknownArgument => ("usage.unknown_argument", of(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => ("usage.unknown_command", of(ContextKind::SuggestedSubcommand)),
        ErrorKind::InvalidValue if value.is_empty() => ("usage.value_missing", String::new()),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            ("usage.invalid_value", of(ContextKind::SuggestedValue))
        }
        ErrorKind::MissingRequiredArgument => ("usage.missing", String::new()),
        ErrorKind::ArgumentConflict => ("usage.conflict", String::new()),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            ("usage.no_command", String::new())
        }
        _ => ("usage.other", String::new()),
    };
    let shown = match error.kind() {
        ErrorKind::InvalidSubcommand => of(ContextKind::InvalidSubcommand),
        _ => argument,
    };
    let mut detail =
        messages.text(key, &[("argument", &shown), ("value", &value), ("prior", &of(ContextKind::PriorArg))]);
    // Clap lists the likeliest last.
    if let Some(suggestion) = suggestion.split(' ').next_back().filter(|last| !last.is_empty()) {
        detail.push_str(&messages.text("usage.suggestion", &[("suggestion", &suggestion)]));
    }
    Error::Usage { detail, command: command(arguments) }
}

/// The commands at the beginning of the arguments: `sluice runs show`.
fn command(arguments: &[String]) -> String {
    let tree = Cli::command();
    let (mut at, mut path) = (&tree, vec!["sluice"]);
    for argument in arguments.iter().skip(1) {
        if let Some(inner) = at.find_subcommand(argument) {
            path.push(inner.get_name());
            at = inner;
        }
    }
    path.join(" ")
}

fn plain(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(" "),
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
