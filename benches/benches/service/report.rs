//! The results, against what is promised.

use crate::hour::Hour;
use crate::live::Live;
use crate::options::{Case, Options, Store};

/// Milliseconds after which 99 in 100 occurrences have begun.
const PROMISED_MS: f64 = 200.0;
/// MiB that are not exceeded.
const PROMISED_MIB: f64 = 200.0;

/// Prints the head of the virtual hour.
pub(crate) fn hour_head(options: &Options) {
    println!("\n{} pipelines, every minute for {} minutes of virtual time", options.pipelines, options.minutes);
    println!(
        "{:<11} {:>9} {:>10} {:>9} {:>9} {:>10} {:>10} {:>14} {:>9}",
        "ledger", "ticks", "events", "seconds", "cpu s", "ticks/s", "events/s", "longest turn", "peak MiB"
    );
}

/// Prints a line of it.
pub(crate) fn hour_line(name: &str, hour: &Hour) {
    println!(
        "{name:<11} {:>9} {:>10} {:>9.1} {:>9.1} {:>10.0} {:>10.0} {:>11.0} ms {:>9.0}",
        hour.ticks,
        hour.events,
        hour.seconds,
        hour.cpu_seconds,
        hour.ticks as f64 / hour.seconds,
        hour.events as f64 / hour.seconds,
        hour.longest_ms,
        hour.peak_mib
    );
}

/// Prints the head of the real time.
pub(crate) fn live_head(case: Case, options: &Options) {
    match case {
        Case::Herd => println!("\n{} occurrences at every full minute, in real time", options.rate * 60),
        _ => println!("\n{} occurrences a second in real time for {} seconds", options.rate, options.seconds),
    }
    println!(
        "{:<11} {:>9} {:>12} {:>9} {:>12} {:>10} {:>10} {:>10} {:>10} {:>9}",
        "ledger",
        "pipelines",
        "occurrences",
        "a second",
        "at once",
        "p50 late",
        "p99 late",
        "worst",
        "processor",
        "peak MiB"
    );
}

/// Prints a line of it.
pub(crate) fn live_line(store: Store, options: &Options, live: &Live) {
    println!(
        "{:<11} {:>9} {:>12} {:>9.1} {:>12} {:>7.1} ms {:>7.1} ms {:>7.1} ms {:>9.0}% {:>9.0}",
        store.title(),
        live.pipelines,
        live.occurrences,
        live.occurrences as f64 / f64::from(options.seconds),
        live.most_a_second,
        live.p50_ms,
        live.p99_ms,
        live.worst_ms,
        live.processor * 100.0,
        live.peak_mib
    );
}

/// What falls short of the promise. Nothing is promised about how soon thousands that are due at once have begun.
pub(crate) fn missed(case: Case, store: Store, live: &Live) -> Vec<String> {
    let title = store.title();
    let late = (case == Case::Live && live.p99_ms >= PROMISED_MS)
        .then(|| format!("{title}: p99 of the lateness is {:.0} ms, under {PROMISED_MS} are promised", live.p99_ms));
    let large = (live.peak_mib >= PROMISED_MIB)
        .then(|| format!("{title}: {:.0} MiB were resident, under {PROMISED_MIB} are promised", live.peak_mib));
    late.into_iter().chain(large).collect()
}
