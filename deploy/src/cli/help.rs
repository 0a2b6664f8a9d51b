//! Help in the reader's language: texts come from the message catalogue by the path of the command.

use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory};

use super::Cli;
use crate::messages::Messages;

/// The command tree with its help texts.
pub(crate) fn command(messages: Messages) -> Command {
    let tree = Cli::command().term_width(0).max_term_width(100);
    localise(tree, "sluice", messages)
}

fn localise(command: Command, path: &str, messages: Messages) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let about = messages.text(&format!("help.{path}.about"), &[]);
    let template = template(&command, path, messages);
    let mut command = command
        .about(about)
        .long_about(Resettable::Reset)
        .help_template(template)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_args(|argument| localise_argument(argument, path, messages))
        .arg(flag("help", 'h', clap::ArgAction::Help, messages));
    if path == "sluice" {
        command = command.arg(flag("version", 'V', clap::ArgAction::Version, messages));
    }
    for name in names {
        let inner = format!("{path}.{name}");
        command = command.mut_subcommand(name, |sub| localise(sub, &inner, messages));
    }
    command
}

fn flag(name: &'static str, short: char, action: clap::ArgAction, messages: Messages) -> Arg {
    let help = messages.text(&format!("help.global.{name}"), &[]);
    Arg::new(name).long(name).short(short).action(action).help(help)
}

fn localise_argument(argument: Arg, path: &str, messages: Messages) -> Arg {
    let id = argument.get_id().as_str().to_owned();
    let own = format!("help.{path}.{id}");
    let key = if messages.has(&own) { own } else { format!("help.global.{id}") };
    argument
        .help(messages.text(&key, &[]))
        .long_help(Resettable::Reset)
        .hide_possible_values(true)
        .hide_default_value(true)
}

fn template(command: &Command, path: &str, messages: Messages) -> String {
    let heading = |name: &str| messages.text(&format!("help.heading.{name}"), &[]);
    let mut out = format!("{{about}}\n\n{}{{usage}}\n", heading("usage"));
    if command.has_subcommands() {
        out.push_str(&format!("\n{}\n{{subcommands}}\n", heading("commands")));
    }
    if command.get_positionals().next().is_some() {
        out.push_str(&format!("\n{}\n{{positionals}}\n", heading("arguments")));
    }
    out.push_str(&format!("\n{}\n{{options}}\n", heading("options")));
    if path == "sluice" {
        out.push_str(&format!("\n{}\n", messages.text("help.sluice.after", &[])));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn missing(command: &Command, out: &mut Vec<String>) {
        let mut look = |what: String, text: Option<String>| match text {
            Some(text) if !text.is_empty() && !text.contains("ui.") => {}
            _ => out.push(what),
        };
        look(command.get_name().to_owned(), command.get_about().map(ToString::to_string));
        for argument in command.get_arguments() {
            look(format!("{} {}", command.get_name(), argument.get_id()), argument.get_help().map(ToString::to_string));
        }
        for sub in command.get_subcommands() {
            missing(sub, out);
        }
    }

    #[test]
    fn every_command_and_argument_has_help_in_both_languages() {
        for language in [Language::Zh, Language::En] {
            let mut without = Vec::new();
            missing(&command(Messages::new(language)), &mut without);
            assert!(without.is_empty(), "{language:?}: {without:?}");
        }
    }

    #[test]
    fn the_tree_is_sound_and_chinese_by_default() {
        command(Messages::new(Language::Zh)).debug_assert();
        let help = command(Messages::new(Language::Zh)).render_help().to_string();
        assert!(help.contains("用法") && !help.contains("Usage"), "{help}");
    }
}
