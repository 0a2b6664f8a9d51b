//! `cargo bench --workspace --bench ledger`: empty occurrences that the ledger records in a second, each promised, claimed
//! and ended durably, on SQLite and on PostgreSQL. See `benches/README.md`.

mod options;
#[allow(clippy::unwrap_used, clippy::panic)]
#[path = "../../../catalog/src/tests/postgres.rs"]
mod postgres;
mod report;
mod work;

use std::path::Path;
use std::process::ExitCode;

use benches::{disk, measure};
use clap::Parser;

use options::{Options, Store};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).map_err(|error| error.to_string())?;
    let fsyncs = disk::fsyncs_per_second(folder.path()).map_err(|error| error.to_string())?;
    println!(
        "{} occurrences by {} tasks; {fsyncs:.0} fsyncs a second; load {}",
        options.occurrences,
        options.tasks,
        measure::load()
    );
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    let mut slow = Vec::new();
    report::head();
    for store in options.stores() {
        let single = runtime.block_on(work::run(&place(store, folder.path(), "single"), &options.alone(), false))?;
        report::line(store, "one by one", &single);
        let grouped = runtime.block_on(work::run(&place(store, folder.path(), "grouped"), options, true))?;
        report::line(store, "grouped", &grouped);
        slow.extend(report::missed(store, &grouped));
    }
    if slow.is_empty() { Ok(()) } else { Err(slow.join("\n")) }
}

/// A new place of a kind.
fn place(store: Store, folder: &Path, name: &str) -> String {
    match store {
        Store::Sqlite => folder.join(format!("{name}.db")).display().to_string(),
        Store::Postgres => postgres::server().schema(),
    }
}
