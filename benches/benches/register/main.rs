//! `cargo bench --workspace --bench register`: a register governed and supplied, beside DataFusion's `COPY` of the same
//! file in the same run. See `benches/README.md`.

mod copy;
mod options;
mod project;
mod report;
mod sluice;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use benches::measure::{self, Measured};
use benches::register;
use clap::Parser;

use options::{Case, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.child {
        Some(case) => child(case, &options),
        None => compare(&options),
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
fn child(case: Case, options: &Options) -> Result<(), String> {
    let (Some(file), Some(folder)) = (&options.file, &options.folder) else {
        return Err("a measured process needs --file and --folder".into());
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    measure::here(|| {
        runtime.block_on(async {
            match case {
                Case::Copy => copy::run(file, folder).await,
                Case::Straight => sluice::run(file, folder, "bench.straight").await,
                Case::Library => sluice::run(file, folder, "bench.library").await,
            }
        })
    })
}

/// Measures all cases and reports.
fn compare(options: &Options) -> Result<(), String> {
    let data = data_folder()?;
    let file = register::cached(&data, options.rows).map_err(|error| error.to_string())?;
    let size = std::fs::metadata(&file).map_err(|error| error.to_string())?.len();
    println!(
        "{} rows, {} columns, {} MB of CSV; load {}",
        options.rows,
        register::COLUMNS.len(),
        size / 1_000_000,
        measure::load()
    );
    let cases = options.cases();
    let mut runs: Vec<Vec<Measured>> = vec![Vec::new(); cases.len()];
    for round in 0..options.warmups + options.runs {
        // Every other round in the opposite order, so that no side always follows the same one.
        let order: Vec<usize> =
            if round % 2 == 0 { (0..cases.len()).collect() } else { (0..cases.len()).rev().collect() };
        for index in order {
            let measured = one(cases[index], options, &file, &data)?;
            let warm = if round < options.warmups { "  (warm-up)" } else { "" };
            println!(
                "  {:<18} {:>7.2} s  {:>7.2} s cpu  {:>6.0} MiB{warm}",
                cases[index].title(),
                measured.seconds,
                measured.cpu_seconds,
                measured.peak_mib
            );
            if round >= options.warmups {
                runs[index].push(measured);
            }
        }
    }
    let medians =
        cases.iter().copied().zip(runs).filter_map(|(case, runs)| Some((case, measure::median(runs)?))).collect();
    report::print(options.rows, medians)
}

/// One run of one case, in a fresh folder.
fn one(case: Case, options: &Options, file: &Path, data: &Path) -> Result<Measured, String> {
    let folder = data.join("work").join(case.id());
    let io = |error: std::io::Error| error.to_string();
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(io)?;
    }
    std::fs::create_dir_all(&folder).map_err(io)?;
    if case != Case::Copy {
        project::write(&folder, file, options.mode).map_err(io)?;
    }
    let rows = options.rows.to_string();
    let arguments: [&OsStr; 8] = [
        "--child".as_ref(),
        case.id().as_ref(),
        "--rows".as_ref(),
        rows.as_ref(),
        "--file".as_ref(),
        file.as_ref(),
        "--folder".as_ref(),
        folder.as_ref(),
    ];
    let measured = measure::in_child(&arguments)?;
    check(case, options.rows, &measured)?;
    if !options.keep {
        std::fs::remove_dir_all(&folder).map_err(io)?;
    }
    Ok(measured)
}

/// A time counts only if every row went where it should.
fn check(case: Case, rows: u64, measured: &Measured) -> Result<(), String> {
    let defects = if case == Case::Copy { 0 } else { register::defects(rows) };
    if measured.quarantined == defects && measured.rows + defects == rows {
        return Ok(());
    }
    Err(format!(
        "{}: {} of {rows} rows arrived, {} of {defects} defects found",
        case.title(),
        measured.rows,
        measured.quarantined
    ))
}

/// `bench-data` beside the other products of the build.
fn data_folder() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("the target folder has no parent")?;
    Ok(target.join("bench-data"))
}
