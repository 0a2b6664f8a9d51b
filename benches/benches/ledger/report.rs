//! The result, against what is promised.

use crate::options::Store;
use crate::work::Recorded;

/// Occurrences a second that are promised for the grouped run.
const PROMISED: f64 = 1000.0;

/// Prints the head of the table.
pub(crate) fn head() {
    println!(
        "\n{:<11} {:<11} {:>12} {:>10} {:>9} {:>11} {:>11}",
        "ledger", "", "occurrences", "a second", "commits", "p50 of end", "p99 of end"
    );
}

/// Prints a line of it.
pub(crate) fn line(store: Store, how: &str, recorded: &Recorded) {
    println!(
        "{:<11} {how:<11} {:>12} {:>10.0} {:>9} {:>8.2} ms {:>8.2} ms",
        store.title(),
        recorded.occurrences,
        rate(recorded),
        recorded.commits,
        recorded.median_ms,
        recorded.p99_ms
    );
}

/// What falls short of the promise.
pub(crate) fn missed(store: Store, recorded: &Recorded) -> Option<String> {
    let rate = rate(recorded);
    let title = store.title();
    (rate < PROMISED).then(|| format!("{title}: {rate:.0} occurrences a second, at least {PROMISED} are promised"))
}

fn rate(recorded: &Recorded) -> f64 {
    f64::from(recorded.occurrences) / recorded.seconds
}
