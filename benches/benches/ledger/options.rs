//! Arguments of the benchmark.

use clap::{Parser, ValueEnum};

/// Records empty occurrences.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Options {
    /// Occurrences of the grouped run.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) occurrences: u32,
    /// Tasks that claim and end them.
    #[arg(long, default_value_t = 64)]
    pub(crate) tasks: u32,
    /// Only these stores.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Store>,
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

    /// The run without grouping: a tenth, by one task.
    pub(crate) fn alone(&self) -> Options {
        Options { occurrences: (self.occurrences / 10).max(1), tasks: 1, ..self.clone() }
    }
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
