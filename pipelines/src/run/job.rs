//! One job, from its lease to its end in the ledger.

use std::path::Path;
use std::sync::Arc;

use catalog::ledger::{Disposition, Lease, NewIntent, NewOccurrence, Occurrence, Permit};
use chrono::Utc;
use serde_json::json;

use super::stages::Stage;
use super::{Runner, backfill, disposition_of, produce, settle, status_of};
use crate::error::Error;
use crate::gate::{self, Authorized};
use crate::lease::{self, Keeper, holder};
use crate::plan::JobPlan;
use crate::report::{Event, JobReport, Status};
use crate::{crash, publish};

/// Brings a job to its end, or says why it has none.
pub(super) async fn attempt(runner: &Runner<'_>, job: &JobPlan, report: &mut JobReport) -> Result<Status, Error> {
    let engine = runner.engine;
    let (owner, lasting) = (holder::unique(&engine.owner), runner.order.lease);
    let lease = lease::take(&engine.catalog, &engine.actor, &job.target, &owner, lasting).await?;
    let stop = runner.stop.child_token();
    let (catalog, actor) = (engine.catalog.as_ref().clone(), engine.actor.clone());
    let keeper = Keeper::start(catalog.clone(), actor, lease.clone(), lasting, stop.clone());
    let own = Runner {
        stop,
        catalog: catalog.under(&lease),
        progress: Arc::clone(&runner.progress),
        run: runner.run.clone(),
        paces: Arc::clone(&runner.paces),
        lost: Arc::clone(&runner.lost),
        ..*runner
    };
    let ended = under_lease(&own, job, &lease, report).await;
    let lost = keeper.lost() || matches!(&ended, Err(error) if is_stale(error));
    drop(keeper);
    // Not given back, it runs out; the job has ended as it has.
    let _ = engine.catalog.release(&engine.actor, &lease).await;
    match ended {
        Err(_) if lost => Err(Error::LeaseLost { target: job.target.clone() }),
        ended => ended,
    }
}

/// Whether an error says that somebody else has the target.
fn is_stale(error: &Error) -> bool {
    match error {
        Error::Catalog(catalog::Error::StaleLease { .. }) => true,
        Error::Publish(error) => matches!(error.as_ref(), publish::Error::Superseded { .. }),
        _ => false,
    }
}

async fn under_lease(
    runner: &Runner<'_>,
    job: &JobPlan,
    lease: &Lease,
    report: &mut JobReport,
) -> Result<Status, Error> {
    let engine = runner.engine;
    settle::adopt(runner, job).await?;
    let recovered = settle::pending(runner, job, lease, report).await?;
    let waiting = runner.catalog.pending_intents(&engine.actor, &job.target).await?;
    let kept: Vec<Stage> = waiting.iter().map(|intent| Stage::of_manifest(Path::new(&intent.manifest_path))).collect();
    Stage::sweep(&engine.state, job, lease.token, &kept);
    let occurrence = occurrence(runner, job).await?;
    if occurrence.disposition == Disposition::Succeeded {
        if recovered.contains(&occurrence.id) {
            return Ok(Status::Succeeded);
        }
        settle::recall(runner, job, report).await?;
        return Ok(Status::AlreadyDone);
    }
    if occurrence.disposition.terminal() {
        runner.catalog.reopen(&engine.actor, &occurrence.id).await?;
    }
    runner.catalog.start_attempt(&engine.actor, &occurrence.id, &runner.run).await?;
    let authorized = match gate::pass(job) {
        Ok(authorized) => authorized,
        Err(refusals) => {
            let reason = json!({ "refusals": refusals });
            runner.catalog.finish(&engine.actor, &occurrence.id, Disposition::Withheld, Some(reason)).await?;
            report.problems = refusals;
            return Ok(Status::Withheld);
        }
    };
    match stage_and_publish(runner, &authorized, lease, &occurrence, report).await {
        Ok(()) => Ok(Status::Succeeded),
        Err(error) => {
            if runner.catalog.pending_intents(&engine.actor, &job.target).await?.is_empty() {
                give_up(runner, job, lease, &occurrence, &error).await?;
            }
            Err(error)
        }
    }
}

/// Nothing was decided for good: the stage goes, the occurrence ends with its reason.
async fn give_up(
    runner: &Runner<'_>,
    job: &JobPlan,
    lease: &Lease,
    occurrence: &Occurrence,
    error: &Error,
) -> Result<(), Error> {
    let engine = runner.engine;
    Stage::at(&engine.state, job, &occurrence.key, lease.token).clear();
    let disposition = disposition_of(status_of(error));
    let reason = json!({ "problem": error.problem() });
    Ok(runner.catalog.finish(&engine.actor, &occurrence.id, disposition, Some(reason)).await?)
}

async fn occurrence(runner: &Runner<'_>, job: &JobPlan) -> Result<Occurrence, Error> {
    let engine = runner.engine;
    let covered = &runner.plan.occurrence;
    let new = NewOccurrence {
        pipeline: runner.plan.pipeline.clone(),
        job: job.target.clone(),
        target: job.target.clone(),
        key: covered.key.clone(),
        biz_date: Some(covered.business_date),
        scheduled_at: (!runner.plan.next.is_empty()).then(|| covered.time.interval_end.with_timezone(&Utc)),
        interval_start: Some(covered.time.interval_start.with_timezone(&Utc)),
        interval_end: Some(covered.time.interval_end.with_timezone(&Utc)),
        definition_digest: runner.plan.definition.clone(),
        policy_digest: runner.plan.policy.clone(),
        grants_digest: catalog::digest::sm3_of(&permits(runner, job)?)?,
    };
    Ok(runner.catalog.occurrence(&engine.actor, &new).await?)
}

/// The grants of a job as they were planned with.
fn permits(runner: &Runner<'_>, job: &JobPlan) -> Result<Vec<Permit>, Error> {
    let mut permits = Vec::new();
    for id in job.grants() {
        if let Some(grant) = runner.engine.grant(&id) {
            permits.push(Permit { grant: id, digest: grant.digest()? });
        }
    }
    Ok(permits)
}

async fn stage_and_publish(
    runner: &Runner<'_>,
    job: &Authorized<JobPlan>,
    lease: &Lease,
    occurrence: &Occurrence,
    report: &mut JobReport,
) -> Result<(), Error> {
    let engine = runner.engine;
    backfill::check(runner, job.get(), occurrence).await?;
    let stage = Stage::at(&engine.state, job.get(), &occurrence.key, lease.token);
    stage.begin()?;
    let target = job.get().target.clone();
    runner.progress.event(Event::Phase { job: target.clone(), phase: "stage" });
    let manifest = produce::stage(runner, job, &stage, &occurrence.key, report).await?;
    crash::point("audit.passed");
    let sealed = stage.seal(&manifest)?;
    if runner.stop.is_cancelled() {
        return Err(Error::Interrupted);
    }
    runner.progress.event(Event::Phase { job: target.clone(), phase: "intent" });
    let crosses = !job.get().crossings.is_empty();
    let new = NewIntent {
        occurrence: occurrence.id.clone(),
        target: target.clone(),
        manifest_path: sealed.path.display().to_string(),
        manifest_digest: sealed.digest.clone(),
        cursor_after: manifest.cursor.clone(),
        permits: permits(runner, job.get())?,
        policy_digest: crosses.then(|| runner.plan.policy.clone()),
        lease_token: lease.token,
    };
    let intent = runner.catalog.record_intent(&engine.actor, &new).await?;
    crash::point("intent.recorded");
    runner.progress.event(Event::Phase { job: target, phase: "publish" });
    settle::publish(runner, job.get(), lease, &intent, &manifest, &stage, report).await
}
