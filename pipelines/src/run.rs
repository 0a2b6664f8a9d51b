//! Running a plan: job by job, stage → audit → intent → publish. One job's end never holds up another's.

mod audit;
mod backfill;
mod chain;
mod compile;
mod count;
mod describe;
mod differ;
mod fence;
mod job;
mod order;
mod produce;
mod settle;
mod spooled;
mod stages;
mod unique;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use catalog::clock::Actor;
use catalog::ledger::Disposition;
use catalog::store::Catalog;
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub use order::{Order, Release};

use crate::engine::Engine;
use crate::error::Error;
use crate::pace::Paces;
use crate::plan::{JobPlan, Plan};
use crate::report::{Event, JobReport, Progress, RunReport, Status};

/// Everything a run carries along.
pub(crate) struct Runner<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) plan: &'a Plan,
    pub(crate) order: &'a Order,
    pub(crate) progress: Arc<dyn Progress>,
    pub(crate) stop: CancellationToken,
    pub(crate) run: String,
    pub(crate) paces: Arc<Paces>,
    /// Whether somebody else took a target of this run over.
    pub(crate) lost: Arc<AtomicBool>,
    /// The catalog; within a job, under the job's lease.
    pub(crate) catalog: Catalog,
}

/// Runs every job of a plan, builds before supplies.
pub(crate) async fn run(
    engine: &Engine,
    plan: &Plan,
    order: &Order,
    progress: Arc<dyn Progress>,
    stop: CancellationToken,
) -> Result<RunReport, Error> {
    let started = Instant::now();
    let starter = Actor::new(engine.actor.tenant.clone(), order.by.clone());
    let run = engine.catalog.start_run(&starter, &plan.pipeline, order.cause_name()).await?;
    progress.event(Event::Started { run: run.id.clone() });
    let paces = Arc::new(Paces::of(&engine.project.connections));
    let catalog = engine.catalog.as_ref().clone();
    let lost = Arc::new(AtomicBool::new(false));
    let runner = Runner { engine, plan, order, progress, stop, run: run.id.clone(), paces, lost, catalog };
    let mut jobs = Vec::with_capacity(plan.jobs.len());
    for job in plan.jobs.iter().filter(|job| !(order.is_backfill() && backfill::leaves_out(job))) {
        jobs.push(runner.job(job).await);
        if runner.lost.load(Ordering::SeqCst) {
            // Whoever took the target over carries on with the rest too.
            break;
        }
    }
    let success = jobs.iter().all(|job| matches!(job.status, Status::Succeeded | Status::AlreadyDone));
    let summary =
        json!({ "jobs": jobs.iter().map(|job| json!({ "job": job.job, "status": job.status })).collect::<Vec<_>>() });
    engine.catalog.finish_run(&engine.actor, &run.id, success, &summary).await?;
    let date = plan.occurrence.business_date.to_string();
    let last = plan.occurrence.time.interval_end - chrono::TimeDelta::seconds(1);
    let last = last.date_naive().max(plan.occurrence.business_date);
    let last = if plan.next.is_empty() { plan.occurrence.business_date } else { last.pred_opt().unwrap_or(last) };
    Ok(RunReport {
        run: run.id,
        pipeline: plan.pipeline.clone(),
        title: plan.title.clone(),
        business_dates: (date, last.max(plan.occurrence.business_date).to_string()),
        interval: (plan.occurrence.from.clone(), plan.occurrence.to.clone()),
        jobs,
        elapsed_ms: millis(started),
    })
}

impl Runner<'_> {
    async fn job(&self, job: &JobPlan) -> JobReport {
        let started = Instant::now();
        let mut report = JobReport {
            job: job.target.clone(),
            supply: job.is_supply(),
            status: Status::Failed,
            steps: Vec::new(),
            rules: Vec::new(),
            quarantined: 0,
            outcome: None,
            supplied: 0,
            protections: job.protections(),
            deletes_left_out: Vec::new(),
            problems: Vec::new(),
            target: job.location.clone(),
            elapsed_ms: 0,
        };
        match job::attempt(self, job, &mut report).await {
            Ok(status) => report.status = status,
            Err(error) => {
                if matches!(error, Error::LeaseLost { .. }) {
                    self.lost.store(true, Ordering::SeqCst);
                }
                report.status = status_of(&error);
                report.problems.push(error.problem());
            }
        }
        report.elapsed_ms = millis(started);
        self.progress.event(Event::JobEnded { job: job.target.clone(), status: report.status });
        report
    }
}

/// How an error ends a job.
pub(crate) fn status_of(error: &Error) -> Status {
    match error {
        Error::QuarantineGate { .. } | Error::RuleGate { .. } | Error::RowCountGate { .. } => Status::QualityGate,
        Error::Waiting { .. } | Error::Busy { .. } => Status::Waiting,
        Error::Interrupted => Status::Interrupted,
        Error::Catalog(catalog::Error::PermitRefused { .. } | catalog::Error::PolicyChanged) => Status::Withheld,
        _ => Status::Failed,
    }
}

/// How the ledger records it.
pub(crate) fn disposition_of(status: Status) -> Disposition {
    match status {
        Status::Withheld => Disposition::Withheld,
        Status::Waiting => Disposition::Waiting,
        _ => Disposition::Failed,
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
