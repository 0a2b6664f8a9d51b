//! The result, against what is promised.

use benches::measure::Measured;

use crate::options::Case;

/// Times DataFusion's, and MiB, that are not to be exceeded.
const STRAIGHT: f64 = 2.0;
const LIBRARY: f64 = 2.5;
const PEAK_MIB: f64 = 700.0;

/// Prints the medians.
///
/// # Errors
/// When a promise is not kept.
pub(crate) fn print(rows: u64, medians: Vec<(Case, Measured)>) -> Result<(), String> {
    let base = medians.iter().find(|(case, _)| *case == Case::Copy).map(|(_, measured)| measured.seconds);
    println!("\n{:<18} {:>9} {:>9} {:>12} {:>9} {:>7}", "median", "seconds", "cpu s", "rows/s", "peak MiB", "ratio");
    let mut missed = Vec::new();
    for (case, measured) in &medians {
        let ratio = base.map(|base| measured.seconds / base);
        let shown = ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        println!(
            "{:<18} {:>9.2} {:>9.2} {:>12.0} {:>9.0} {shown:>7}",
            case.title(),
            measured.seconds,
            measured.cpu_seconds,
            rows as f64 / measured.seconds,
            measured.peak_mib,
        );
        missed.extend(limits(*case, ratio, measured.peak_mib));
    }
    if missed.is_empty() { Ok(()) } else { Err(missed.join("\n")) }
}

/// What a case exceeds.
fn limits(case: Case, ratio: Option<f64>, peak: f64) -> Vec<String> {
    let most = match case {
        Case::Copy => return Vec::new(),
        Case::Straight => STRAIGHT,
        Case::Library => LIBRARY,
    };
    let slow = ratio
        .filter(|ratio| *ratio > most)
        .map(|ratio| format!("{}: ratio {ratio:.2}, at most {most} is promised", case.title()));
    let large = (peak >= PEAK_MIB).then(|| format!("{}: {peak:.0} MiB, under {PEAK_MIB} is promised", case.title()));
    slow.into_iter().chain(large).collect()
}
