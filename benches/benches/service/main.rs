//! `cargo bench --workspace --bench service`: an hour of the schedule on a virtual clock, and how late occurrences begin in
//! the real service, in real time, on SQLite and on PostgreSQL. See `benches/README.md`.

mod hour;
mod live;
mod options;
#[allow(clippy::unwrap_used, clippy::panic)]
#[path = "../../../catalog/src/tests/postgres.rs"]
mod postgres;
mod project;
mod report;

use std::path::Path;
use std::process::ExitCode;

use benches::{disk, measure};
use chrono::Utc;
use clap::Parser;
use serde::Serialize;
use serde::de::DeserializeOwned;

use options::{Case, Options, Store};

/// Seconds in which a project is written, read and served.
const START: i64 = 45;

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.child {
        Some(child) => measured(child, &options),
        None => all(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The measured process.
fn measured(child: Case, options: &Options) -> Result<(), String> {
    let (Some(folder), address) = (&options.folder, options.address.clone()) else {
        return Err("a measured process needs --folder".into());
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    match child {
        Case::Hour => say(&runtime.block_on(hour::run(folder, address.as_deref(), options.minutes))?),
        Case::Live | Case::Herd => {
            let from = options.from.ok_or("a measured process needs --from")?;
            say(&runtime.block_on(live::run(folder, address, from, options.seconds))?)
        }
    }
}

fn say(found: &impl Serialize) -> Result<(), String> {
    println!("{}", serde_json::to_string(found).map_err(|error| error.to_string())?);
    Ok(())
}

/// Measures everything that was asked for, each in a process of its own.
fn all(options: &Options) -> Result<(), String> {
    let base = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).map_err(|error| error.to_string())?;
    let fsyncs = disk::fsyncs_per_second(base.path()).map_err(|error| error.to_string())?;
    println!("{fsyncs:.0} fsyncs a second; load {}", measure::load());
    let mut missed = Vec::new();
    if options.wants(Case::Hour) {
        let folder = base.path().join("hour");
        project::every_minute(&folder, options.pipelines, false)?;
        report::hour_head(options);
        report::hour_line("no ledger", &in_child::<hour::Hour>("hour", &folder, None, 0, options)?);
        for store in options.stores() {
            let address = match store {
                Store::Sqlite => base.path().join("hour.db").display().to_string(),
                Store::Postgres => postgres::server().schema(),
            };
            report::hour_line(store.title(), &in_child("hour", &folder, Some(&address), 0, options)?);
        }
    }
    for (case, name) in
        [(Case::Live, "live"), (Case::Herd, "herd")].into_iter().filter(|(case, _)| options.wants(*case))
    {
        report::live_head(case, options);
        for store in options.stores() {
            let live = serve(case, name, store, base.path(), options)?;
            report::live_line(store, options, &live);
            missed.extend(report::missed(case, store, &live));
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(missed.join("\n")) }
}

/// Lateness in real time.
fn serve(case: Case, name: &str, store: Store, base: &Path, options: &Options) -> Result<live::Live, String> {
    let folder = base.join(format!("{name}-{}", store.title()));
    let address = (store == Store::Postgres).then(|| postgres::server().schema());
    let (pipelines, from) = (options.rate * options.seconds, Utc::now().timestamp() + START);
    match case {
        Case::Live => project::spread(&folder, pipelines, from, options.seconds, address.is_some())?,
        _ => project::every_minute(&folder, options.rate * 60, address.is_some())?,
    }
    in_child(name, &folder, address.as_deref(), from, options)
}

fn in_child<T: DeserializeOwned>(
    child: &str,
    folder: &Path,
    address: Option<&str>,
    from: i64,
    options: &Options,
) -> Result<T, String> {
    let (minutes, seconds, from) = (options.minutes.to_string(), options.seconds.to_string(), from.to_string());
    let folder = folder.display().to_string();
    let mut arguments = vec!["--child", child, "--minutes", &minutes, "--seconds", &seconds, "--from", &from];
    arguments.extend(["--folder", &folder]);
    if let Some(address) = address {
        arguments.extend(["--address", address]);
    }
    let arguments: Vec<&std::ffi::OsStr> = arguments.into_iter().map(AsRef::as_ref).collect();
    measure::in_child(&arguments)
}
