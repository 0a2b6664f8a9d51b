//! The audit of a job: promises of its sources, balance and gates, rules set to fail, row counts.

use std::collections::BTreeMap;

use super::Runner;
use super::compile::Checked;
use crate::error::Error;
use crate::manifest::{Manifest, StepCount};
use crate::plan::JobPlan;
use crate::quality::{self, Audit};
use crate::read::Opened;
use crate::report::Event;
use crate::spec::pipeline::{OnEmpty, RuleName};

/// Nothing is published unless this passes.
pub(super) async fn audit(
    runner: &Runner<'_>,
    job: &JobPlan,
    sources: &BTreeMap<String, Opened>,
    manifest: &Manifest,
    checked: Checked,
    written: u64,
) -> Result<(), Error> {
    runner.progress.event(Event::Phase { job: job.target.clone(), phase: "audit" });
    promised(runner, sources, manifest)?;
    let pipeline = runner.engine.project.pipeline(&runner.plan.pipeline);
    let max = pipeline.and_then(|pipeline| pipeline.spec.quarantine.max.as_ref()).filter(|_| !job.is_supply());
    let from_source = |step: &&StepCount| runner.plan.sources.iter().any(|source| source.name == step.step);
    let read = manifest.steps.iter().filter(from_source).map(|step| step.read).sum();
    quality::audit(&Audit { manifest, read, quarantined: checked.quarantined, max, written })?;
    if let Some(failed) = checked.failed.into_iter().next() {
        return Err(failed);
    }
    let checks = pipeline.map(|pipeline| pipeline.spec.check.as_slice()).unwrap_or_default();
    for check in checks.iter().filter(|check| check.rule == RuleName::RowCount) {
        let Some(step) = manifest.steps.iter().find(|step| step.step == check.on) else { continue };
        let history = match quality::baseline(check) {
            Some(count) => {
                let engine = runner.engine;
                engine.catalog.row_history(&engine.actor, &job.target, &check.on, count).await?
            }
            None => Vec::new(),
        };
        quality::row_count(check, step.out, &history)?;
    }
    Ok(())
}

/// Sources must hold what their count files promise, and rows at all unless an empty delivery is fine.
fn promised(runner: &Runner<'_>, sources: &BTreeMap<String, Opened>, manifest: &Manifest) -> Result<(), Error> {
    for (name, opened) in sources {
        let read = manifest.steps.iter().find(|step| step.step == *name).map_or(0, |step| step.read);
        if let Some(expected) = opened.look.as_ref().and_then(|look| look.expected)
            && expected != read
        {
            return Err(Error::RowCountGate { step: name.clone(), rows: read, expected: expected.to_string() });
        }
        let plan = runner.plan.sources.iter().find(|source| source.name == *name);
        let must_have = plan.is_some_and(|plan| {
            plan.resource.is_some() && plan.spec.on_empty == OnEmpty::Fail && plan.spec.incremental.is_none()
        });
        if read == 0 && must_have {
            return Err(Error::EmptySource { from: name.clone() });
        }
    }
    Ok(())
}
