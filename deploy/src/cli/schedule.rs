//! Arguments of the commands about the schedule.

use clap::{Args, Subcommand};

/// `sluice schedule`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ScheduleAction {
    /// When every pipeline runs and what it does now.
    List,
    /// Nothing more begins.
    Pause {
        #[command(flatten)]
        what: Scoped,
        /// Why.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Goes on.
    Resume {
        #[command(flatten)]
        what: Scoped,
        /// Run what the pause skipped.
        #[arg(long)]
        replay: bool,
    },
    /// Runs a pipeline now.
    Run {
        /// Pipeline.
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
        /// Business date; the latest due one by default.
        #[arg(long, value_name = "YYYY-MM-DD")]
        biz_date: Option<String>,
        /// Instead of the pipeline's own.
        #[arg(long, value_name = "0-9", value_parser = clap::value_parser!(u8).range(0..=9))]
        priority: Option<u8>,
    },
    /// Stops a tick.
    Cancel(TickArgs),
    /// Tries an ended tick again.
    Rerun(TickArgs),
    /// Does not run a tick that has not begun.
    Skip(TickArgs),
    /// Lets a tick pass the quality gate that stopped it.
    Release(TickArgs),
}

/// What is paused or goes on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Scoped {
    /// One pipeline.
    #[arg(value_name = "PIPELINE", conflicts_with_all = ["pool", "connection", "all"])]
    pub(crate) pipeline: Option<String>,
    /// One pool.
    #[arg(long, value_name = "POOL", conflicts_with_all = ["connection", "all"])]
    pub(crate) pool: Option<String>,
    /// Whatever uses one connection.
    #[arg(long, value_name = "CONNECTION", conflicts_with = "all")]
    pub(crate) connection: Option<String>,
    /// Everything.
    #[arg(long)]
    pub(crate) all: bool,
}

/// One tick.
#[derive(Debug, Clone, Args)]
pub(crate) struct TickArgs {
    /// Pipeline.
    #[arg(value_name = "PIPELINE")]
    pub(crate) pipeline: String,
    /// Which tick.
    #[arg(value_name = "TIME")]
    pub(crate) time: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
}

/// `sluice backfill`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BackfillArgs {
    /// Another thing to do than a backfill.
    #[command(subcommand)]
    pub(crate) action: Option<BackfillAction>,
    /// The backfill.
    #[command(flatten)]
    pub(crate) wish: Option<WishArgs>,
}

/// What a backfill runs again.
#[derive(Debug, Clone, Args)]
pub(crate) struct WishArgs {
    /// Pipeline.
    #[arg(value_name = "PIPELINE", required = true)]
    pub(crate) pipeline: String,
    /// First business date.
    #[arg(long, value_name = "YYYY-MM-DD", required = true)]
    pub(crate) from: String,
    /// The business date after the last one.
    #[arg(long, value_name = "YYYY-MM-DD", required = true)]
    pub(crate) to: String,
    /// Calendar unit that intervals are merged by.
    #[arg(long, value_name = "1d|1w|1mo")]
    pub(crate) window: Option<String>,
    /// Also what succeeded.
    #[arg(long)]
    pub(crate) all: bool,
    /// Also pipelines that read what is rebuilt.
    #[arg(long)]
    pub(crate) downstream: bool,
    /// Its name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Only preview.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `sluice backfill …`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BackfillAction {
    /// All backfills.
    List,
    /// How far one is.
    Show {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Stops what one has not begun.
    Cancel {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// `sluice simulate`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SimulateArgs {
    /// First day; today by default.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) from: Option<String>,
    /// The day after the last one; seven days later by default.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) to: Option<String>,
    /// Seed of chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// What goes wrong.
    #[arg(long, value_name = "none|some|all", value_enum, default_value_t = FaultLevel::None)]
    pub(crate) faults: FaultLevel,
    /// Show only this pipeline.
    #[arg(long, value_name = "PIPELINE")]
    pub(crate) pipeline: Option<String>,
    /// Instances of the service.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) instances: u16,
    /// Workers of an instance; as the project says by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) workers: Option<u16>,
}

/// How much goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FaultLevel {
    /// Nothing.
    None,
    /// As in a bad month.
    Some,
    /// Everything, often.
    All,
}

impl FaultLevel {
    /// As written on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Some => "some",
            Self::All => "all",
        }
    }
}
