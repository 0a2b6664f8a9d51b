//! The card at the end of a run: what came in, what was held back and why, what changed, where it stands, what next.

mod job;

use pipelines::report::{RunReport, Status};

use crate::exit::Exit;
use crate::messages::Messages;
use crate::words::{self, Titles};
pub(crate) use job::name as job_name;

/// The card of one run as text.
pub(crate) fn render(messages: Messages, titles: &Titles, report: &RunReport) -> String {
    let status = words::status(messages, &overall(report));
    let mut lines =
        vec![messages.text(
            "card.headline",
            &[("title", &report.title), ("dates", &dates(messages, report)), ("status", &status)],
        )];
    for one in &report.jobs {
        lines.push(String::new());
        lines.extend(job::lines(messages, titles, one));
    }
    if report.jobs.iter().any(|job| job.status == Status::Withheld && job.supply)
        && report.jobs.iter().any(|job| job.status == Status::Succeeded && !job.supply)
    {
        lines.push(messages.text("card.libraries_fine", &[]));
    }
    lines.push(String::new());
    let seconds = format!("{:.1}", std::time::Duration::from_millis(report.elapsed_ms).as_secs_f64());
    lines.push(messages.text("card.run", &[("run", &report.run), ("seconds", &seconds)]));
    lines.push(next(messages, report));
    lines.join("\n")
}

/// The exit code a run ends in.
pub(crate) fn exit(report: &RunReport) -> Exit {
    Exit::worst(report.jobs.iter().map(|job| match job.status {
        Status::Succeeded | Status::AlreadyDone => Exit::Done,
        Status::Withheld => Exit::Refused,
        Status::QualityGate => Exit::QualityGate,
        Status::Waiting => Exit::Waiting,
        Status::Failed => Exit::Failed,
        Status::Interrupted => Exit::Interrupted,
    }))
}

/// How the run as a whole is told: as its gravest job.
fn overall(report: &RunReport) -> Status {
    let wanted = exit(report);
    let of = |status: Status| report.jobs.iter().any(|job| job.status == status);
    match wanted {
        Exit::Done if !report.jobs.is_empty() && !of(Status::Succeeded) => Status::AlreadyDone,
        Exit::Done => Status::Succeeded,
        Exit::Refused => Status::Withheld,
        Exit::QualityGate => Status::QualityGate,
        Exit::Waiting => Status::Waiting,
        Exit::Interrupted => Status::Interrupted,
        _ => Status::Failed,
    }
}

fn dates(messages: Messages, report: &RunReport) -> String {
    let (first, last) = &report.business_dates;
    if first == last {
        messages.text("card.one_date", &[("date", first)])
    } else {
        messages.text("card.dates", &[("first", first), ("last", last)])
    }
}

fn next(messages: Messages, report: &RunReport) -> String {
    let quarantined = report.jobs.iter().any(|job| job.quarantined > 0 && job.status != Status::AlreadyDone);
    let key = match exit(report) {
        Exit::Refused => "card.next_grant",
        _ if quarantined => "card.next_quarantine",
        _ => "card.next_show",
    };
    messages.text(key, &[("run", &report.run), ("pipeline", &report.pipeline)])
}

#[cfg(test)]
mod tests;
