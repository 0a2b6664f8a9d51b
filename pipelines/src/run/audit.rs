//! The audit of a job: promises of its sources, balance and gates, rules set to fail, row counts.

use std::collections::BTreeMap;

use catalog::audit;
use serde_json::json;

use super::compile::Checked;
use super::{Release, Runner};
use crate::error::Error;
use crate::manifest::{Manifest, ReleasedGate, StepCount};
use crate::plan::JobPlan;
use crate::problem::Problem;
use crate::quality::{self, Audit};
use crate::read::Opened;
use crate::report::Event;
use crate::spec::pipeline::{OnEmpty, RuleName};

/// Nothing is published unless this passes. Gates that were closed and let it pass on two people's word are answered.
pub(super) async fn audit(
    runner: &Runner<'_>,
    job: &JobPlan,
    sources: &BTreeMap<String, Opened>,
    manifest: &Manifest,
    checked: Checked,
    written: u64,
) -> Result<Vec<ReleasedGate>, Error> {
    runner.progress.event(Event::Phase { job: job.target.clone(), phase: "audit" });
    let mut gates = Gates { release: runner.order.release.as_ref(), passed: Vec::new() };
    promised(runner, sources, manifest, &mut gates)?;
    let pipeline = runner.engine.project.pipeline(&runner.plan.pipeline);
    let max = pipeline.and_then(|pipeline| pipeline.spec.quarantine.max.as_ref()).filter(|_| !job.is_supply());
    let from_source = |step: &&StepCount| runner.plan.sources.iter().any(|source| source.name == step.step);
    let read = manifest.steps.iter().filter(from_source).map(|step| step.read).sum();
    gates.pass(quality::audit(&Audit { manifest, read, quarantined: checked.quarantined, max, written }))?;
    for failed in checked.failed {
        gates.pass(Err(failed))?;
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
        gates.pass(quality::row_count(check, step.out, &history))?;
    }
    gates.record(runner, job).await
}

/// The quality gates of a job, and who may let it pass them.
struct Gates<'a> {
    release: Option<&'a Release>,
    passed: Vec<ReleasedGate>,
}

impl Gates<'_> {
    /// Keeps a decision, unless it is that of a gate and two people let the job pass.
    fn pass(&mut self, decision: Result<(), Error>) -> Result<(), Error> {
        match (decision, self.release) {
            (Err(error), Some(release)) if error.is_gate() => {
                let Problem { code, params, .. } = error.problem();
                let (by, note) = (release.by.clone(), release.note.clone());
                self.passed.push(ReleasedGate { code, params, by, note });
                Ok(())
            }
            (decision, _) => decision,
        }
    }

    /// Puts what was passed on the audit log.
    async fn record(self, runner: &Runner<'_>, job: &JobPlan) -> Result<Vec<ReleasedGate>, Error> {
        if !self.passed.is_empty() {
            let detail = json!({ "key": runner.plan.occurrence.key, "run": runner.run, "gates": self.passed });
            let event = audit::Event::done("gate.release", &runner.plan.pipeline, &job.target, detail);
            runner.catalog.append(&runner.engine.actor, event).await?;
        }
        Ok(self.passed)
    }
}

/// Sources must hold what their count files promise, and rows at all unless an empty delivery is fine.
fn promised(
    runner: &Runner<'_>,
    sources: &BTreeMap<String, Opened>,
    manifest: &Manifest,
    gates: &mut Gates<'_>,
) -> Result<(), Error> {
    for (name, opened) in sources {
        let read = manifest.steps.iter().find(|step| step.step == *name).map_or(0, |step| step.read);
        if let Some(expected) = opened.look.as_ref().and_then(|look| look.expected)
            && expected != read
        {
            let (step, expected) = (name.clone(), expected.to_string());
            gates.pass(Err(Error::RowCountGate { step, rows: read, expected }))?;
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
