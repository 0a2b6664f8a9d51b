//! The part of the card that tells one job.

use std::collections::BTreeMap;

use pipelines::manifest::{Outcome, RuleCount, StepCount};
use pipelines::report::{JobReport, Status};

use crate::messages::Messages;
use crate::table;
use crate::words::{self, Titles};

/// Most reasons that are named.
const REASONS: usize = 6;

/// The lines of one job, without an empty line around them.
pub(super) fn lines(messages: Messages, titles: &Titles, job: &JobReport) -> Vec<String> {
    let mut lines = vec![head(messages, job)];
    let mut add = |text: String| lines.extend(text.lines().map(|line| format!("  {line}")));
    match job.status {
        Status::AlreadyDone => {
            add(messages.text("card.already", &[]));
            return lines;
        }
        Status::Withheld => {
            add(problems(messages, titles, job, if job.supply { "card.withheld" } else { "card.withheld_library" }))
        }
        Status::Succeeded => {}
        _ => add(problems(messages, titles, job, "card.failed")),
    }
    if job.steps.iter().any(|step| step.read > 0) {
        add(counts(messages, job));
    }
    if let Some(text) = reasons(messages, titles, &job.rules, true) {
        add(messages.text("card.bracketless", &[("text", &text)]));
    }
    if let Some(text) = reasons(messages, titles, &job.rules, false) {
        add(messages.text("card.warned", &[("reasons", &text)]));
    }
    if let Some(outcome) = job.outcome.as_ref().filter(|_| job.status == Status::Succeeded) {
        add(changes(messages, outcome));
        add(target(messages, job, outcome));
    }
    if !job.deletes_left_out.is_empty() {
        let list = job.deletes_left_out.join(&messages.text("card.list", &[]));
        add(messages.text("card.deletes_left_out", &[("steps", &list)]));
    }
    if job.supply && job.status == Status::Succeeded && !job.protections.is_empty() {
        add(protections(messages, titles, job));
    }
    if job.steps.len() > 1 {
        add(steps(messages, &job.steps));
    }
    lines
}

/// `library:a.b` → 主题库 a.b.
pub(crate) fn name(messages: Messages, job: &str) -> String {
    match job.split_once(':') {
        Some(("library", target)) => messages.text("card.library", &[("target", &target)]),
        Some(("supply", target)) => messages.text("card.supply", &[("target", &target)]),
        _ => job.to_owned(),
    }
}

fn head(messages: Messages, job: &JobReport) -> String {
    let status = words::status(messages, &job.status);
    messages.text("card.done", &[("job", &name(messages, &job.job)), ("status", &status)])
}

fn problems(messages: Messages, titles: &Titles, job: &JobReport, lead: &str) -> String {
    let told: Vec<String> = job
        .problems
        .iter()
        .map(|problem| {
            let retry = if problem.retryable { messages.text("card.retry", &[]) } else { String::new() };
            format!("[{}] {}{retry}", problem.code, messages.problem(&titles.titled(problem)))
        })
        .collect();
    format!("{}{}", messages.text(lead, &[]), told.join("\n"))
}

fn counts(messages: Messages, job: &JobReport) -> String {
    let read = job.steps.iter().map(|step| step.read).max().unwrap_or(0);
    let mut parts = vec![messages.text("card.read", &[("read", &read)])];
    match (&job.outcome, job.supply) {
        (Some(_), true) => parts.push(messages.text("card.supplied", &[("rows", &job.supplied)])),
        (Some(outcome), false) => {
            let into = outcome.inserted + outcome.updated + outcome.unchanged;
            parts.push(messages.text("card.into", &[("rows", &into)]));
        }
        (None, _) => {}
    }
    parts.push(match job.quarantined {
        0 => messages.text("card.no_quarantine", &[]),
        rows => messages.text("card.quarantined", &[("rows", &rows), ("share", &share(rows, read))]),
    });
    parts.join(&messages.text("card.comma", &[]))
}

#[allow(clippy::cast_precision_loss)] // two decimals of a percentage
fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.2}%", part as f64 * 100.0 / whole as f64) }
}

/// The reasons in words, most rows first; `None` when there are none.
fn reasons(messages: Messages, titles: &Titles, rules: &[RuleCount], quarantined: bool) -> Option<String> {
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.quarantined == quarantined && rule.rows > 0) {
        let text = words::failure(messages, titles, &rule.rule, &rule.column, &rule.reason);
        let rows = told.entry(text).or_default();
        *rows = rows.saturating_add(rule.rows);
    }
    if told.is_empty() {
        return None;
    }
    let mut told: Vec<(String, u64)> = told.into_iter().collect();
    told.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let more = told.len().saturating_sub(REASONS);
    let mut named: Vec<String> = told
        .iter()
        .take(REASONS)
        .map(|(reason, rows)| messages.text("card.reason", &[("reason", reason), ("rows", rows)]))
        .collect();
    if more > 0 {
        named.push(messages.text("card.more", &[("count", &more)]));
    }
    let mut text = named.join(&messages.text("card.comma", &[]));
    if quarantined {
        text.push_str(&messages.text("card.semicolon", &[]));
        text.push_str(&messages.text("card.sealed", &[]));
    }
    Some(text)
}

fn changes(messages: Messages, outcome: &Outcome) -> String {
    let mut text = messages.text(
        "card.change",
        &[
            ("inserted", &outcome.inserted),
            ("updated", &outcome.updated),
            ("unchanged", &outcome.unchanged),
            ("deleted", &outcome.deleted),
        ],
    );
    for (key, rows) in
        [("card.stale", outcome.stale), ("card.doubled", outcome.deduplicated), ("card.flagged", outcome.flagged)]
    {
        if rows > 0 {
            text.push_str(&messages.text(key, &[("rows", &rows)]));
        }
    }
    text
}

fn target(messages: Messages, job: &JobReport, outcome: &Outcome) -> String {
    let key = if job.supply { "card.delivery" } else { "card.version" };
    messages.text(key, &[("target", &job.target), ("version", &outcome.version), ("rows", &outcome.rows_after)])
}

fn protections(messages: Messages, titles: &Titles, job: &JobReport) -> String {
    let (plain, kept): (Vec<_>, Vec<_>) = job.protections.iter().partition(|column| column.protection == "none");
    let mut told: Vec<String> = kept
        .iter()
        .map(|column| {
            messages.text(
                "card.protection",
                &[
                    ("column", &titles.title(&column.column)),
                    ("grade", &messages.phrase(column.grade.as_str())),
                    ("protection", &words::protection(messages, &column.protection)),
                    ("by", &words::demander(messages, &column.demanded_by)),
                ],
            )
        })
        .collect();
    if !plain.is_empty() {
        told.push(messages.text("card.as_is", &[("count", &plain.len())]));
    }
    messages.text("card.protections", &[("list", &told.join(&messages.text("card.semicolon", &[])))])
}

/// A table of rows per step with only the columns that say something.
fn steps(messages: Messages, steps: &[StepCount]) -> String {
    type Count = fn(&StepCount) -> u64;
    let all: [(&str, Count); 10] = [
        ("read", |step| step.read),
        ("multiplied", |step| step.multiplied),
        ("filtered", |step| step.filtered),
        ("deduplicated", |step| step.deduplicated),
        ("unmatched", |step| step.unmatched),
        ("sampled", |step| step.sampled),
        ("withheld", |step| step.withheld),
        ("quarantined", |step| step.quarantined),
        ("grouped", |step| step.grouped),
        ("out", |step| step.out),
    ];
    let shown: Vec<_> = all
        .iter()
        .filter(|(name, count)| matches!(*name, "read" | "out") || steps.iter().any(|step| count(step) > 0))
        .collect();
    let mut header = vec![messages.text("steps.step", &[])];
    header.extend(shown.iter().map(|(name, _)| messages.text(&format!("steps.{name}"), &[])));
    let mut table = table::table(header);
    for step in steps {
        let mut row = vec![step.step.clone()];
        row.extend(shown.iter().map(|(_, count)| crate::messages::digits(&count(step).to_string())));
        table.add_row(row);
    }
    table::right(&mut table, 1..=shown.len());
    table::render(&table)
}
