//! Arguments of the benchmark.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Governs and supplies a register, beside DataFusion's COPY of the same file.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Rows of the register.
    #[arg(long, default_value_t = 5_000_000)]
    pub(crate) rows: u64,
    /// Measured runs of every case; the median counts.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// Runs before those, which do not count.
    #[arg(long, default_value_t = 1)]
    pub(crate) warmups: usize,
    /// Only these cases.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<Case>,
    /// How rows enter the library.
    #[arg(long, default_value = "append")]
    pub(crate) mode: Mode,
    /// Leaves what the last run of every case wrote.
    #[arg(long)]
    pub(crate) keep: bool,
    /// This is the measured process of a case.
    #[arg(long, hide = true)]
    pub(crate) child: Option<Case>,
    /// The register.
    #[arg(long, hide = true)]
    pub(crate) file: Option<PathBuf>,
    /// Where the case writes.
    #[arg(long, hide = true)]
    pub(crate) folder: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// The cases to measure, in order.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let all = [Case::Copy, Case::Straight, Case::Library];
        all.into_iter().filter(|case| self.only.is_empty() || self.only.contains(case)).collect()
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// DataFusion's COPY.
    Copy,
    /// Governed and supplied straight through.
    Straight,
    /// Into a library, and out of it.
    Library,
}

impl Case {
    /// Its argument and folder.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Straight => "straight",
            Self::Library => "library",
        }
    }

    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Copy => "DataFusion COPY",
            Self::Straight => "straight through",
            Self::Library => "library + supply",
        }
    }
}

/// How rows enter the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Added.
    Append,
    /// One row per citizen number.
    Merge,
}
