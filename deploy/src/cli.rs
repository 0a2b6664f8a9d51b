//! The command line: names, arguments and global switches. Help texts live in `messages/help.toml`, see [`help`].

mod help;
mod schedule;
mod usage;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::language::Language;
pub(crate) use help::command;
pub(crate) use schedule::*;
pub(crate) use usage::problem;

/// 数闸.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Switches every command takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Switches every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Project folder.
    #[arg(long, short = 'C', global = true, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    /// Language of messages.
    #[arg(long, global = true, value_name = "zh|en")]
    pub(crate) lang: Option<Language>,
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// The commands, in the order help shows them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scaffold a project.
    Init(InitArgs),
    /// Make and run a synthetic city.
    Demo(DemoArgs),
    /// Report every mistake of the definitions.
    Check,
    /// Print what a run would do.
    Plan(PlanArgs),
    /// Run pipelines.
    Run(RunArgs),
    /// Run scheduler and workers as a service.
    Serve(ServeArgs),
    /// JSON Schemas for editors.
    Schema(SchemaArgs),
    /// What ran.
    Runs {
        #[command(subcommand)]
        action: Option<RunsAction>,
    },
    /// The schedule, and what people ask of it.
    Schedule {
        #[command(subcommand)]
        action: Option<ScheduleAction>,
    },
    /// Runs ticks of the past.
    Backfill(BackfillArgs),
    /// The schedule to come, on a virtual clock.
    Simulate(SimulateArgs),
    /// Rows that failed a rule.
    Quarantine {
        #[command(subcommand)]
        action: Option<QuarantineAction>,
    },
    /// Supplied datasets.
    Supply {
        #[command(subcommand)]
        action: SupplyAction,
    },
    /// Grants.
    Grant {
        #[command(subcommand)]
        action: Option<GrantAction>,
    },
    /// What people were told.
    Notice {
        #[command(subcommand)]
        action: Option<NoticeAction>,
    },
    /// The audit log.
    Audit {
        #[command(subcommand)]
        action: Option<AuditAction>,
    },
    /// Registered keys.
    Keys {
        #[command(subcommand)]
        action: Option<KeysAction>,
    },
    /// Resources and their items.
    Catalog {
        #[command(subcommand)]
        action: Option<CatalogAction>,
    },
}

/// `sluice init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder of the new project.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// `sluice demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder of the demo.
    #[arg(value_name = "DIR", default_value = "sluice-demo")]
    pub(crate) dir: PathBuf,
    /// Residents of the city; the other resources scale with it.
    #[arg(long, value_name = "N", default_value_t = crate::demo::DEFAULT_ROWS)]
    pub(crate) rows: u64,
    /// Seed of everything that is made up.
    #[arg(long, value_name = "S", default_value_t = 320_900)]
    pub(crate) seed: u64,
    /// Generate only, run nothing.
    #[arg(long)]
    pub(crate) generate_only: bool,
    /// Replace whatever the folder holds.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `sluice plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Pipeline; all by default.
    #[arg(value_name = "PIPELINE")]
    pub(crate) pipeline: Option<String>,
    /// Business date; the next due one by default.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) biz_date: Option<String>,
}

/// `sluice run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Pipeline.
    #[arg(value_name = "PIPELINE", conflicts_with = "all")]
    pub(crate) pipeline: Option<String>,
    /// Every pipeline, libraries before what reads them.
    #[arg(long)]
    pub(crate) all: bool,
    /// Business date; the last due one by default.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) biz_date: Option<String>,
}

/// `sluice serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address of the port, instead of the project's.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
}

/// `sluice schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Folder to write the schemas to.
    #[arg(long, value_name = "DIR")]
    pub(crate) write: Option<PathBuf>,
}

/// `sluice runs`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum RunsAction {
    /// The latest runs.
    List(ListArgs),
    /// One run.
    Show {
        /// Run id, or its beginning.
        #[arg(value_name = "RUN")]
        run: String,
    },
    /// Lines of a run's log.
    Logs(LogsArgs),
    /// The hand-over sheet of a shift.
    Today {
        /// Time of the hand-over.
        #[arg(long, value_name = "HH:MM", default_value = "07:00")]
        at: String,
        /// Day of the hand-over; today by default.
        #[arg(long, value_name = "YYYY-MM-DD")]
        date: Option<String>,
    },
    /// Why something ran, or did not.
    Why {
        /// Pipeline.
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
        /// Instant or business date; the latest tick by default.
        #[arg(value_name = "TIME")]
        time: Option<String>,
    },
}

/// `sluice runs logs`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogsArgs {
    /// Run id, or its beginning.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// From this line on; the last ones by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) from: Option<i64>,
    /// At most so many lines.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) count: u32,
    /// Only lines that contain this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,
}

/// How much a list shows.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    /// At most so many, the latest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,
}

/// `sluice quarantine`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum QuarantineAction {
    /// What is in quarantine.
    List(ListArgs),
    /// Unsealed rows, for who holds the root key.
    Show {
        /// Run id, or its beginning; the latest by default.
        #[arg(value_name = "RUN")]
        run: Option<String>,
        /// At most so many rows.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
}

/// `sluice supply`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum SupplyAction {
    /// Decrypts an encrypted supplied file, for who holds the key.
    Decrypt {
        /// Supplied Parquet file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// File to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// `sluice grant`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum GrantAction {
    /// All grants and whether they are in force.
    List,
}

/// `sluice notice`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum NoticeAction {
    /// Notices that are open.
    List {
        /// Those that are over, too.
        #[arg(long)]
        all: bool,
        /// At most so many, the latest first.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Takes one on.
    Ack {
        /// Id of the notice, or its beginning.
        #[arg(value_name = "NOTICE")]
        notice: String,
        /// What is being done about it.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Closes one that will not recover by itself.
    Close {
        /// Id of the notice, or its beginning.
        #[arg(value_name = "NOTICE")]
        notice: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// One look of the watchdog, and what is due goes out.
    Watch,
    /// Sends a harmless message over a channel.
    Test {
        /// Channel of the duty roster.
        #[arg(value_name = "CHANNEL")]
        channel: String,
    },
}

/// `sluice audit`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AuditAction {
    /// The latest entries.
    List(ListArgs),
    /// Recomputes every proof.
    Verify,
}

/// `sluice keys`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum KeysAction {
    /// Every registered key, never its bytes.
    List,
}

/// `sluice catalog`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum CatalogAction {
    /// Resources, or one with its items.
    Show {
        /// Resource code.
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
}
