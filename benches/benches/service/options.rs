//! Arguments of the benchmark.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// An hour of the schedule on a virtual clock; lateness in real time.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Options {
    /// Pipelines that fire every minute of the virtual hour.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) pipelines: u32,
    /// Minutes of the virtual hour.
    #[arg(long, default_value_t = 60)]
    pub(crate) minutes: u32,
    /// Occurrences a second in real time.
    #[arg(long, default_value_t = 100)]
    pub(crate) rate: u32,
    /// Seconds of real time.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u32,
    /// Only these cases.
    #[arg(long, value_delimiter = ',')]
    case: Vec<Case>,
    /// Only these stores.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Store>,
    /// When the measured time begins, in seconds since 1970.
    #[arg(long, hide = true)]
    pub(crate) from: Option<i64>,
    /// What this process measures.
    #[arg(long, hide = true)]
    pub(crate) child: Option<Case>,
    /// The project of a measured process.
    #[arg(long, hide = true)]
    pub(crate) folder: Option<PathBuf>,
    /// The ledger of a measured process.
    #[arg(long, hide = true)]
    pub(crate) address: Option<String>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// Stores to measure, in order.
    pub(crate) fn stores(&self) -> impl Iterator<Item = Store> + '_ {
        let all = [Store::Sqlite, Store::Postgres];
        all.into_iter().filter(|store| self.only.is_empty() || self.only.contains(store))
    }

    /// Whether a case is measured.
    pub(crate) fn wants(&self, case: Case) -> bool {
        self.case.is_empty() || self.case.contains(&case)
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// The virtual hour.
    Hour,
    /// Lateness in real time, occurrences spread evenly.
    Live,
    /// The same, all of a minute at one instant.
    Herd,
}

/// Where the ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// A file.
    Sqlite,
    /// A server of the bench's own, on this machine, with `fsync` on.
    Postgres,
}

impl Store {
    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}
