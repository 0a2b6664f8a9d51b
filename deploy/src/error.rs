//! What can go wrong in the command line itself. Everything else arrives as a [`Problem`] of the crate it happened in.

use pipelines::problem::Problem;
use serde::Serialize;

use crate::exit::Exit;

/// A mistake of usage, secrets or output. No field holds a secret or a personal value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum Error {
    /// The command line is wrong.
    #[error("the command line is wrong: {detail}; see {command} --help")]
    #[serde(rename = "S101")]
    Usage {
        /// What is wrong, in the reader's language.
        detail: String,
        /// The command it is about: `sluice`, `sluice run`, …
        command: String,
    },
    /// No project here.
    #[error(
        "this is no Sluice project (no sluice.toml in {path}); name one with --project, make one with sluice init, or try sluice demo"
    )]
    #[serde(rename = "S102")]
    NoProject {
        /// The folder.
        path: String,
    },
    /// No such pipeline.
    #[error("the project has no pipeline \"{pipeline}\"; there are: {known}")]
    #[serde(rename = "S103")]
    NoPipeline {
        /// What was asked for.
        pipeline: String,
        /// Pipelines there are.
        known: String,
    },
    /// Not a date.
    #[error("\"{text}\" is not a business date; write it like 2026-11-20")]
    #[serde(rename = "S104")]
    BadDate {
        /// What was written.
        text: String,
    },
    /// A secret that nobody provides.
    #[error(
        "the secret \"{name}\" was not found; set the variable {variable} or put it into the file {file} (mode 0600)"
    )]
    #[serde(rename = "S105")]
    NoSecret {
        /// Its name.
        name: String,
        /// Variable that could hold it.
        variable: String,
        /// File that could hold it.
        file: String,
    },
    /// A secret file that others can read.
    #[error("the secret file {file} is readable by others; make it readable by its owner only (chmod 600)")]
    #[serde(rename = "S106")]
    SecretExposed {
        /// The file.
        file: String,
    },
    /// The demo would overwrite something.
    #[error("the folder {path} is not empty and is no older demo; choose another folder, or overwrite it with --force")]
    #[serde(rename = "S107")]
    DemoFolder {
        /// The folder.
        path: String,
    },
    /// The file system said no.
    #[error("could not {action} {path} ({reason})")]
    #[serde(rename = "S108")]
    Io {
        /// `read`, `write`, `remove`.
        action: &'static str,
        /// File or folder.
        path: String,
        /// Kind of the failure.
        reason: String,
    },
    /// Too few or too many rows.
    #[error("the demo takes between {least} and {most} rows")]
    #[serde(rename = "S109")]
    DemoRows {
        /// Fewest.
        least: u64,
        /// Most.
        most: u64,
    },
    /// No such run.
    #[error("there is no run \"{run}\"; see sluice runs list")]
    #[serde(rename = "S110")]
    NoRun {
        /// What was asked for.
        run: String,
    },
    /// `run` without a pipeline.
    #[error("name the pipeline to run, or add --all; there are: {known}")]
    #[serde(rename = "S111")]
    WhichPipeline {
        /// Pipelines there are.
        known: String,
    },
    /// A crash point for tests that does not exist.
    #[error("SLUICE_CRASH is invalid; write <point>:<n> with one of the points: {known}")]
    #[serde(rename = "S112")]
    BadCrashPoint {
        /// The points there are.
        known: String,
    },
    /// The demo's generator failed.
    #[error("the demo's data could not be generated ({what}); no usable project was left")]
    #[serde(rename = "S113")]
    Generate {
        /// The part that failed.
        what: &'static str,
    },
    /// The audit log does not verify.
    #[error(
        "the audit log does not add up from entry {sequence} on: it was changed or lost; preserve the evidence and tell the audit administrator"
    )]
    #[serde(rename = "S114")]
    AuditBroken {
        /// First entry that does not fit.
        sequence: i64,
    },
    /// A secret name that could leave its folder.
    #[error("the secret name \"{name}\" is invalid; use letters, digits, underscores and hyphens")]
    #[serde(rename = "S115")]
    BadSecretName {
        /// The name.
        name: String,
    },
    /// The port of the service cannot be bound.
    #[error(
        "the service cannot listen on {address} ({reason}); is another one running? Set another address in [service] listen"
    )]
    #[serde(rename = "S150")]
    Port {
        /// The address.
        address: String,
        /// Kind of the failure.
        reason: String,
    },
    /// A pipeline has no tick of what was written.
    #[error("pipeline {pipeline} has no tick of {text}; the nearest are: {near}")]
    #[serde(rename = "S130")]
    NoTick {
        /// The pipeline.
        pipeline: String,
        /// What was written.
        text: String,
        /// The nearest.
        near: String,
    },
    /// What was written means several ticks.
    #[error("{text} means several ticks of pipeline {pipeline}; name the time: {near}")]
    #[serde(rename = "S131")]
    WhichTick {
        /// The pipeline.
        pipeline: String,
        /// What was written.
        text: String,
        /// Some of them.
        near: String,
    },
    /// `pause` or `resume` of nothing.
    #[error("say what to pause or resume: a pipeline, --pool, --connection, or --all")]
    #[serde(rename = "S132")]
    WhatToHold,
    /// A backfill that nobody agreed to.
    #[error("add --yes to start the backfill, or --dry-run to only look at it")]
    #[serde(rename = "S133")]
    SayYes,
    /// No such pool or connection.
    #[error("the project has no {kind} \"{name}\"; there are: {known}")]
    #[serde(rename = "S134")]
    NoSuch {
        /// `pool` or `connection`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Not a time of day.
    #[error("\"{text}\" is not a time of day; write it like 07:00")]
    #[serde(rename = "S135")]
    BadTime {
        /// What was written.
        text: String,
    },
    /// A simulation of too many days, or of none.
    #[error("a simulation covers 1 to {most} days")]
    #[serde(rename = "S136")]
    SimulatedDays {
        /// Most days.
        most: i64,
    },
    /// A simulation of too many ticks.
    #[error("there are more than {ticks} ticks in that time, more than {most}; shorten it")]
    #[serde(rename = "S137")]
    SimulatedTicks {
        /// Ticks counted.
        ticks: usize,
        /// Most there may be.
        most: usize,
    },
    /// No such backfill.
    #[error("there is no backfill \"{name}\"; see sluice backfill list")]
    #[serde(rename = "S138")]
    NoBackfill {
        /// What was asked for.
        name: String,
    },
    /// A file that is there already.
    #[error("the file {path} already exists; it was not overwritten")]
    #[serde(rename = "S116")]
    Exists {
        /// The file.
        path: String,
    },
    /// No duty roster.
    #[error("the project has no duty roster; add duty.toml")]
    #[serde(rename = "S141")]
    NoRoster,
    /// No such channel.
    #[error("the duty roster has no channel \"{channel}\"; there are: {known}")]
    #[serde(rename = "S142")]
    NoChannel {
        /// What was asked for.
        channel: String,
        /// Channels there are.
        known: String,
    },
}

impl Error {
    /// An error of the file system, by its kind only.
    pub(crate) fn io(action: &'static str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Io { action, path: path.display().to_string(), reason: error.kind().to_string() }
    }

    /// Whether trying again can help without a change.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Generate { .. } | Self::Port { .. })
    }

    /// The exit code it ends in.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. }
            | Self::NoProject { .. }
            | Self::NoPipeline { .. }
            | Self::BadDate { .. }
            | Self::DemoFolder { .. }
            | Self::DemoRows { .. }
            | Self::NoRun { .. }
            | Self::WhichPipeline { .. }
            | Self::BadCrashPoint { .. }
            | Self::NoRoster
            | Self::NoChannel { .. }
            | Self::NoTick { .. }
            | Self::WhichTick { .. }
            | Self::WhatToHold
            | Self::SayYes
            | Self::NoSuch { .. }
            | Self::BadTime { .. }
            | Self::SimulatedDays { .. }
            | Self::SimulatedTicks { .. }
            | Self::NoBackfill { .. }
            | Self::Exists { .. } => Exit::Usage,
            Self::BadSecretName { .. } => Exit::Invalid,
            _ => Exit::Failed,
        }
    }
}

/// Why a command ended early: problems to show and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong, all of it.
    pub problems: Vec<Problem>,
}

impl Failure {
    /// One problem.
    pub fn new(exit: Exit, problem: Problem) -> Self {
        Self { exit, problems: vec![problem] }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.exit(), Problem::of(&error, error.retryable()))
    }
}
