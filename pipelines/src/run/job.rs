//! One job, from its lease to its end in the ledger.

use std::time::Duration;

use catalog::ledger::{Disposition, Lease, NewIntent, NewOccurrence, Occurrence, Permit};
use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::stages::Stage;
use super::{Runner, disposition_of, lock, produce, settle, status_of};
use crate::crash;
use crate::error::Error;
use crate::gate::{self, Authorized};
use crate::plan::JobPlan;
use crate::report::{Event, JobReport, Status};

/// How long a lease lasts unless renewed, and how often it is.
const LEASE: TimeDelta = TimeDelta::seconds(60);
const RENEW: Duration = Duration::from_secs(20);

/// Brings a job to its end, or says why it has none.
pub(super) async fn attempt(runner: &Runner<'_>, job: &JobPlan, report: &mut JobReport) -> Result<Status, Error> {
    let engine = runner.engine;
    let _lock = lock::take(&engine.state, &job.target)?;
    let lease = engine.catalog.acquire(&engine.actor, &job.target, &engine.owner, LEASE).await?;
    let renewing = renew(runner, &lease);
    let ended = under_lease(runner, job, &lease, report).await;
    renewing.abort();
    engine.catalog.release(&engine.actor, &lease).await?;
    ended
}

fn renew(runner: &Runner<'_>, lease: &Lease) -> tokio::task::JoinHandle<()> {
    let (catalog, actor, lease) = (runner.engine.catalog.clone(), runner.engine.actor.clone(), lease.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(RENEW).await;
            if catalog.renew(&actor, &lease, LEASE).await.is_err() {
                return;
            }
        }
    })
}

async fn under_lease(
    runner: &Runner<'_>,
    job: &JobPlan,
    lease: &Lease,
    report: &mut JobReport,
) -> Result<Status, Error> {
    let engine = runner.engine;
    settle::adopt(runner, job).await?;
    let recovered = settle::pending(runner, job, report).await?;
    let occurrence = occurrence(runner, job).await?;
    if occurrence.disposition == Disposition::Succeeded {
        if recovered.contains(&occurrence.id) {
            return Ok(Status::Succeeded);
        }
        settle::recall(runner, job, report).await?;
        return Ok(Status::AlreadyDone);
    }
    if occurrence.disposition.terminal() {
        engine.catalog.reopen(&engine.actor, &occurrence.id).await?;
    }
    engine.catalog.start_attempt(&engine.actor, &occurrence.id, &runner.run).await?;
    let authorized = match gate::pass(job) {
        Ok(authorized) => authorized,
        Err(refusals) => {
            let reason = json!({ "refusals": refusals });
            engine.catalog.finish(&engine.actor, &occurrence.id, Disposition::Withheld, Some(reason)).await?;
            report.problems = refusals;
            return Ok(Status::Withheld);
        }
    };
    match stage_and_publish(runner, &authorized, lease, &occurrence, report).await {
        Ok(()) => Ok(Status::Succeeded),
        Err(error) => {
            if engine.catalog.pending_intents(&engine.actor, &job.target).await?.is_empty() {
                give_up(runner, job, &occurrence, &error).await?;
            }
            Err(error)
        }
    }
}

/// Nothing was decided for good: the stage goes, the occurrence ends with its reason.
async fn give_up(runner: &Runner<'_>, job: &JobPlan, occurrence: &Occurrence, error: &Error) -> Result<(), Error> {
    let engine = runner.engine;
    let stage = Stage::at(&engine.state, job, &occurrence.key);
    stage.remove()?;
    let disposition = disposition_of(status_of(error));
    let reason = json!({ "problem": error.problem() });
    Ok(engine.catalog.finish(&engine.actor, &occurrence.id, disposition, Some(reason)).await?)
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
    Ok(engine.catalog.occurrence(&engine.actor, &new).await?)
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
    let stage = Stage::at(&engine.state, job.get(), &occurrence.key);
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
    let intent = engine.catalog.record_intent(&engine.actor, &new).await?;
    crash::point("intent.recorded");
    runner.progress.event(Event::Phase { job: target, phase: "publish" });
    settle::publish(runner, job.get(), &intent, &manifest, &stage, &occurrence.key, report).await
}
