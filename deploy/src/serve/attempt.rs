//! One attempt at a tick: run it, and write down how it was left.

use std::sync::Arc;
use std::time::Duration;

use catalog::schedule::{Left, Tick, TickState};
use chrono::Utc;
use pipelines::report::{RunReport, Status};
use pipelines::schedule::{Ending, Entry, Reason, left};
use tokio::runtime::Handle;

use super::control::{Control, Why};
use super::hub::{Held, Hub};
use super::{Execute, Outcome};

/// Pause before what could not be written is written again.
const AGAIN: Duration = Duration::from_millis(250);

/// Carries out a tick that this process has claimed, and leaves it.
pub(super) async fn attempt(hub: Arc<Hub>, executor: Arc<dyn Execute>, runs: Handle, tick: Tick) {
    hub.metrics.began(&tick);
    let id = tick.tick.id.clone();
    let timetable = Arc::clone(&hub.timetable.borrow());
    let Some(entry) = timetable.entries.get(&id.pipeline) else {
        leave(&hub, &tick, &gone(), None).await;
        return;
    };
    let control = Arc::new(Control::default());
    hub.running().insert(id.clone(), Held { token: tick.token, control: Arc::clone(&control) });
    if let Some(reason) = &tick.cancel {
        control.end(Why::Asked(Reason::of(reason).unwrap_or(Reason::Withdrawn)));
    }
    let outcome = run(&executor, &runs, entry, &tick, &control).await;
    hub.running().remove(&id);
    if control.why() != Some(&Why::Lost) {
        let left = left(entry, timetable.poll, &tick, ending(&control, &outcome), Utc::now());
        leave(&hub, &tick, &left, control.run()).await;
    }
}

/// A tick whose pipeline is gone since it was made ready.
fn gone() -> Left {
    Left::Ended { state: TickState::Skipped, reason: Some(Reason::Withdrawn.value()), successor: None }
}

/// Runs the tick; told to stop when it takes too long, it is waited for.
async fn run(
    executor: &Arc<dyn Execute>,
    runs: &Handle,
    entry: &Entry,
    tick: &Tick,
    control: &Arc<Control>,
) -> Outcome {
    let (executor, own, line) = (Arc::clone(executor), tick.clone(), Arc::clone(control));
    let mut task = runs.spawn(async move { executor.run(&own, &line).await });
    let limit = entry.timeout.unwrap_or(Duration::MAX);
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = tokio::time::sleep(limit) => {
            control.end(Why::Timeout(limit));
            task.await
        }
    };
    ended.unwrap_or_else(|_| {
        let step = tick.tick.id.pipeline.clone();
        Err(pipelines::Error::Engine { step, kind: "a task ended early".into() }.problem())
    })
}

/// How it ended. What was published before it heard that it should stop is published.
fn ending<'a>(control: &Control, outcome: &'a Outcome) -> Ending<'a> {
    let stopped = match control.why() {
        Some(Why::Asked(reason)) => Some(Ending::Stopped(reason.clone())),
        Some(Why::Timeout(limit)) => Some(Ending::TimedOut(*limit)),
        Some(Why::Drained | Why::Lost) => Some(Ending::Drained),
        None => None,
    };
    match (outcome, stopped) {
        (Ok(report), None) => Ending::Reported(report),
        (Ok(report), Some(_)) if done(report) => Ending::Reported(report),
        (_, Some(stopped)) => stopped,
        (Err(problem), None) => Ending::Refused(problem.clone()),
    }
}

fn done(report: &RunReport) -> bool {
    !report.jobs.is_empty()
        && report.jobs.iter().all(|job| matches!(job.status, Status::Succeeded | Status::AlreadyDone))
}

/// Writes how the tick was left, until that is written or the tick is somebody else's.
async fn leave(hub: &Hub, tick: &Tick, left: &Left, run: Option<&str>) {
    let until = tokio::time::Instant::now() + hub.settings.lease;
    loop {
        match hub.group.leave(&tick.tick.id, tick.token, left, run).await {
            Ok(()) => {
                hub.metrics.left(tick, left);
                break;
            }
            // Somebody else has it, or nobody will hear of it before somebody else has.
            Err(error) if !error.retryable() || tokio::time::Instant::now() >= until => break,
            Err(_) => {
                hub.metrics.ledger_failed();
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
    hub.wake_leader.notify_one();
    hub.wake_workers.notify_one();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Outcome {
        Ok(RunReport {
            run: String::new(),
            pipeline: String::new(),
            title: String::new(),
            business_dates: Default::default(),
            interval: Default::default(),
            jobs: Vec::new(),
            elapsed_ms: 0,
        })
    }

    #[test]
    fn the_first_reason_to_stop_counts() {
        let control = Control::default();
        control.end(Why::Timeout(Duration::from_secs(1)));
        control.end(Why::Drained);
        assert!(matches!(ending(&control, &report()), Ending::TimedOut(_)));
        assert!(matches!(ending(&Control::default(), &report()), Ending::Reported(_)));
    }
}
