//! One measured run in a process of its own, so that its peak memory is its own.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What one run took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Wall clock from opening to the last byte, in seconds.
    pub seconds: f64,
    /// Processor time of all threads, in seconds.
    pub cpu_seconds: f64,
    /// Largest resident set of the process, in MiB.
    pub peak_mib: f64,
    /// Rows that arrived.
    pub rows: u64,
    /// Rows that were kept back.
    pub quarantined: u64,
}

/// Rows of one run.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    /// Rows that arrived.
    pub rows: u64,
    /// Rows that were kept back.
    pub quarantined: u64,
}

/// Runs `work` in this process and prints what it took as one line of JSON, for [`in_child`].
///
/// # Errors
/// Those of `work`; a Linux `/proc` that cannot be read.
pub fn here(work: impl FnOnce() -> Result<Moved, String>) -> Result<(), String> {
    let started = Instant::now();
    let moved = work()?;
    let seconds = started.elapsed().as_secs_f64();
    let measured = Measured {
        seconds,
        cpu_seconds: cpu_seconds()?,
        peak_mib: peak_mib()?,
        rows: moved.rows,
        quarantined: moved.quarantined,
    };
    println!("{}", serde_json::to_string(&measured).map_err(|error| error.to_string())?);
    Ok(())
}

/// Runs this program again with these arguments and reads what it measured, one line of JSON.
///
/// # Errors
/// When the child fails; it says why on standard error.
pub fn in_child<T: DeserializeOwned>(arguments: &[&OsStr]) -> Result<T, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let child = Command::new(program).args(arguments).stderr(Stdio::inherit()).output();
    let child = child.map_err(|error| error.to_string())?;
    if !child.status.success() {
        return Err(format!("a measured process ended with {}", child.status));
    }
    let line = String::from_utf8_lossy(&child.stdout);
    serde_json::from_str(line.trim()).map_err(|_| "a measured process printed something else".to_owned())
}

/// The middle one by time; of an even number the slower of the middle two.
#[must_use]
pub fn median(mut runs: Vec<Measured>) -> Option<Measured> {
    runs.sort_by(|left, right| left.seconds.total_cmp(&right.seconds));
    let middle = runs.len() / 2;
    runs.into_iter().nth(middle)
}

/// The load of the machine over the last minute.
#[must_use]
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// Largest resident set of this process so far, in MiB.
///
/// # Errors
/// When Linux's `/proc` cannot be read.
pub fn peak_mib() -> Result<f64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| "/proc/self/status does not say VmHWM".to_owned())
}

/// User and system time of this process so far, in seconds.
///
/// # Errors
/// When Linux's `/proc` cannot be read.
pub fn cpu_seconds() -> Result<f64, String> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| error.to_string())?;
    // Fields 14 and 15, in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}
