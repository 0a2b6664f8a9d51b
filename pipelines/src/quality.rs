//! The audit of a stage: nothing is published unless the counts agree and every gate is open.

use crate::error::Error;
use crate::manifest::{Manifest, StepCount};
use crate::spec::pipeline::{CheckSpec, OnFail, QuarantineMax, RuleName};
use crate::spec::share;

/// What is decided on.
pub struct Audit<'a> {
    /// What was staged.
    pub manifest: &'a Manifest,
    /// Rows read from sources.
    pub read: u64,
    /// Rows quarantined.
    pub quarantined: u64,
    /// Bounds of quarantine.
    pub max: Option<&'a QuarantineMax>,
    /// Rows the stage wrote, counted on the way in.
    pub written: u64,
}

/// Decides on balance and on the bounds of quarantine.
pub fn audit(audit: &Audit<'_>) -> Result<(), Error> {
    for step in &audit.manifest.steps {
        balance(step)?;
    }
    let staged: u64 = audit.manifest.files.iter().map(|file| file.rows).sum();
    if staged != audit.written {
        return Err(Error::Unbalanced { step: "stage".into(), read: audit.written, accounted: staged });
    }
    let sealed: u64 = audit.manifest.quarantine.iter().map(|file| file.rows).sum();
    let counted: u64 = audit.manifest.steps.iter().map(|step| step.quarantined).sum();
    if sealed != counted || counted != audit.quarantined {
        return Err(Error::Unbalanced { step: "quarantine".into(), read: counted, accounted: sealed });
    }
    bounds(audit.quarantined, audit.read, audit.max)
}

fn balance(step: &StepCount) -> Result<(), Error> {
    if step.balances() {
        return Ok(());
    }
    Err(Error::Unbalanced { step: step.step.clone(), read: step.read, accounted: step.out })
}

fn bounds(quarantined: u64, read: u64, max: Option<&QuarantineMax>) -> Result<(), Error> {
    let Some(max) = max else { return Ok(()) };
    let gate = |bound: String| Err(Error::QuarantineGate { quarantined, read, bound });
    if let Some(rows) = max.rows
        && quarantined > rows
    {
        return gate(format!("{rows}"));
    }
    #[allow(clippy::cast_precision_loss)] // a share of rows, compared with a bound people write with two digits
    if let Some(ratio) = max.ratio
        && quarantined as f64 > ratio * read as f64
    {
        return gate(format!("{}%", ratio * 100.0));
    }
    Ok(())
}

/// The baseline a row count check needs: how many earlier occurrences.
pub fn baseline(check: &CheckSpec) -> Option<u32> {
    let change = check.change.as_ref()?;
    share::baseline(&change.of).ok().and_then(|count| u32::try_from(count).ok())
}

/// Decides on a row count. A check that only warns never fails.
pub fn row_count(check: &CheckSpec, rows: u64, history: &[i64]) -> Result<(), Error> {
    debug_assert_eq!(check.rule, RuleName::RowCount);
    if check.outcome() == OnFail::Warn {
        return Ok(());
    }
    let gate = |expected: String| Err(Error::RowCountGate { step: check.on.clone(), rows, expected });
    let bound = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<u64>().ok());
    if let Some(min) = bound(&check.min)
        && rows < min
    {
        return gate(format!("≥ {min}"));
    }
    if let Some(max) = bound(&check.max)
        && rows > max
    {
        return gate(format!("≤ {max}"));
    }
    let within = check.change.as_ref().and_then(|change| share::percent(&change.within).ok());
    let (Some(within), Some(median)) = (within, median(history)) else { return Ok(()) };
    #[allow(clippy::cast_precision_loss)] // as above
    let off = (rows as f64 - median as f64).abs() > within * median as f64;
    if off { gate(format!("{median} ± {}%", within * 100.0)) } else { Ok(()) }
}

fn median(history: &[i64]) -> Option<i64> {
    let mut sorted = history.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::spec::pipeline::ChangeSpec;

    fn check(within: &str) -> CheckSpec {
        CheckSpec {
            on: "clean".into(),
            rule: RuleName::RowCount,
            columns: Vec::new(),
            standard: None,
            values: None,
            min: None,
            max: None,
            pattern: None,
            expression: None,
            change: Some(ChangeSpec { within: within.into(), of: "median of last 7".into() }),
            on_fail: OnFail::Fail,
        }
    }

    #[test]
    fn a_row_count_stays_near_the_median() {
        let history = [100, 90, 500];
        assert!(row_count(&check("30%"), 130, &history).is_ok());
        assert!(row_count(&check("30%"), 131, &history).is_err());
        assert!(row_count(&check("30%"), 69, &history).is_err());
        assert!(row_count(&check("30%"), 1, &[]).is_ok(), "the first run has no baseline");
    }

    #[test]
    fn quarantine_bounds_hold_at_the_bound() {
        let max = QuarantineMax { ratio: Some(0.02), rows: None };
        assert!(bounds(2, 100, Some(&max)).is_ok());
        assert!(bounds(3, 100, Some(&max)).is_err());
        assert!(bounds(1, 0, Some(&max)).is_err(), "a row from nowhere");
    }
}
