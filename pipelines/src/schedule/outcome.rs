//! How an attempt leaves its tick: ended, or to be tried again.

use std::hash::Hasher;
use std::time::Duration;

use catalog::schedule::{Left, Tick, TickId, TickState};
use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use xxhash_rust::xxh3::Xxh3;

use super::Reason;
use super::timetable::{Entry, Retry, Until};
use crate::problem::Problem;
use crate::report::{JobReport, RunReport, Status};

/// A library table is not built yet.
const UNBUILT: &str = "P216";

/// How an attempt ended.
#[derive(Debug)]
pub enum Ending<'a> {
    /// The run came to its end, well or not.
    Reported(&'a RunReport),
    /// It could not be planned or begun.
    Refused(Problem),
    /// Its sources are not ready.
    Waiting(Vec<Problem>),
    /// It was stopped because somebody asked for that.
    Stopped(Reason),
    /// It took longer than it may.
    TimedOut(Duration),
    /// The service is going down.
    Drained,
}

/// What to record for an attempt that ended now.
pub fn left(entry: &Entry, poll: Duration, tick: &Tick, ending: Ending<'_>, now: DateTime<Utc>) -> Left {
    match ending {
        Ending::Reported(report) => reported(entry, poll, tick, report, now),
        Ending::Refused(problem) => failed(entry, tick, vec![problem], now),
        Ending::Waiting(problems) => look_again(entry, poll, tick, problems, now),
        Ending::Stopped(reason) => {
            let (state, successor) = reason.stops_as();
            Left::Ended { state, reason: Some(reason.value()), successor }
        }
        Ending::TimedOut(limit) => {
            let reason = Reason::Timeout { seconds: limit.as_secs() };
            retry(entry, tick, &reason, now).unwrap_or_else(|| ended(TickState::Failed, Some(reason)))
        }
        Ending::Drained => Left::Again { not_before: now, reason: Reason::Drained.value(), counts: false },
    }
}

fn reported(entry: &Entry, poll: Duration, tick: &Tick, report: &RunReport, now: DateTime<Utc>) -> Left {
    let with = |statuses: &[Status]| -> Vec<Problem> {
        let jobs = report.jobs.iter().filter(|job| statuses.contains(&job.status));
        jobs.flat_map(|job| job.problems.clone()).collect()
    };
    let any = |status: Status| report.jobs.iter().any(|job| job.status == status);
    if any(Status::QualityGate) {
        return ended(
            TickState::Failed,
            Some(Reason::Problems { problems: with(&[Status::QualityGate, Status::Failed]) }),
        );
    }
    // What a build that waits has not built yet, a supply of the same run misses: that is waiting, not failing.
    let unbuilt = |job: &JobReport| any(Status::Waiting) && job.problems.iter().all(|problem| problem.code == UNBUILT);
    if report.jobs.iter().any(|job| job.status == Status::Failed && !unbuilt(job)) {
        return failed(entry, tick, with(&[Status::Failed]), now);
    }
    if any(Status::Interrupted) {
        return Left::Again { not_before: now, reason: Reason::Drained.value(), counts: false };
    }
    if any(Status::Waiting) {
        return look_again(entry, poll, tick, with(&[Status::Waiting]), now);
    }
    if any(Status::Withheld) {
        return ended(TickState::Withheld, Some(Reason::Problems { problems: with(&[Status::Withheld]) }));
    }
    ended(TickState::Succeeded, None)
}

/// A source that is not ready is looked at again until its time is over.
fn look_again(entry: &Entry, poll: Duration, tick: &Tick, problems: Vec<Problem>, now: DateTime<Utc>) -> Left {
    let until = ready_until(entry, tick.tick.scheduled_at.max(tick.created_at));
    let reason = Reason::Source { problems, until };
    if now >= until {
        return ended(TickState::Failed, Some(reason));
    }
    let poll = TimeDelta::from_std(poll).unwrap_or(TimeDelta::seconds(30));
    Left::Again { not_before: (now + poll).min(until), reason: reason.value(), counts: false }
}

/// Until when a tick of that instant waits for its sources.
pub fn ready_until(entry: &Entry, at: DateTime<Utc>) -> DateTime<Utc> {
    match entry.until {
        Until::For(span) => at + span,
        Until::Time(time) => {
            let local = at.with_timezone(&entry.zone);
            let day = |days| local.date_naive().checked_add_days(Days::new(days)).map(|day| day.and_time(time));
            let instants = [day(0), day(1)].into_iter().flatten();
            instants
                .filter_map(|wall| entry.zone.from_local_datetime(&wall).earliest())
                .map(|instant| instant.with_timezone(&Utc))
                .find(|instant| *instant >= at)
                .unwrap_or(at + TimeDelta::days(1))
        }
    }
}

/// Errors that may pass are tried again; one that cannot pass ends the tick.
fn failed(entry: &Entry, tick: &Tick, problems: Vec<Problem>, now: DateTime<Utc>) -> Left {
    let may_pass = !problems.is_empty() && problems.iter().all(|problem| problem.retryable);
    let reason = Reason::Retry { tries: tick.tries + 1, problems: problems.clone() };
    may_pass
        .then(|| retry(entry, tick, &reason, now))
        .flatten()
        .unwrap_or_else(|| ended(TickState::Failed, Some(Reason::Problems { problems })))
}

fn retry(entry: &Entry, tick: &Tick, reason: &Reason, now: DateTime<Utc>) -> Option<Left> {
    if tick.tries >= entry.retry.max {
        return None;
    }
    let pause = retry_pause(&entry.retry, &tick.tick.id, tick.tries);
    let pause = TimeDelta::from_std(pause).unwrap_or(TimeDelta::minutes(1));
    Some(Left::Again { not_before: now + pause, reason: reason.value(), counts: true })
}

/// Pause before the next attempt after `tries` failed before: it doubles each time, and up to a quarter is added, always
/// the same for the same tick and attempt, so that a run can be replayed.
pub fn retry_pause(retry: &Retry, id: &TickId, tries: u32) -> Duration {
    let doubled = retry.backoff.saturating_mul(1_u32.checked_shl(tries.min(20)).unwrap_or(u32::MAX));
    let base = doubled.min(retry.max_backoff.max(retry.backoff));
    let mut hash = Xxh3::new();
    hash.write(id.pipeline.as_bytes());
    hash.write(id.key.as_bytes());
    hash.write_u32(tries);
    base + (base / 4).mul_f64((hash.finish() % 1_000) as f64 / 1_000.0)
}

fn ended(state: TickState, reason: Option<Reason>) -> Left {
    Left::Ended { state, reason: reason.map(|reason| reason.value()), successor: None }
}
