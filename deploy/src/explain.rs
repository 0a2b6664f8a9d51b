//! A plan as text: what would run, what would cross, and how every column would leave.

mod job;
mod step;

use pipelines::plan::{Plan, SourcePlan};

use crate::messages::Messages;
use crate::table;
use crate::words::Titles;

/// The plan of one pipeline as text; `schedule`: the lines that say when it is due.
pub(crate) fn render(messages: Messages, titles: &Titles, plan: &Plan, schedule: &[String]) -> String {
    let (first, last) = (plan.occurrence.business_date, plan.occurrence.last_business_date);
    let day = match first == last {
        true => first.to_string(),
        false => messages.text("when.fire.dates", &[("first", &first), ("last", &last)]),
    };
    let mut out = vec![
        messages.text("plan.head", &[("title", &plan.title), ("pipeline", &plan.pipeline)]),
        messages.text("plan.covers", &[("date", &day), ("from", &plan.occurrence.from), ("to", &plan.occurrence.to)]),
    ];
    if let Some((rule, next)) = schedule.split_first() {
        out.push(messages.text("when.head", &[("rule", rule)]));
        out.extend(next.iter().cloned());
    }
    if !plan.sources.is_empty() {
        out.extend([String::new(), messages.text("plan.sources", &[]), sources(messages, &plan.sources)]);
    }
    if !plan.relations.is_empty() {
        out.extend([String::new(), messages.text("plan.steps", &[])]);
        out.extend(plan.relations.iter().flat_map(|relation| step::lines(messages, titles, relation)));
    }
    for (index, job) in plan.jobs.iter().enumerate() {
        out.push(String::new());
        out.extend(job::lines(messages, titles, index + 1, job));
    }
    out.join("\n")
}

fn sources(messages: Messages, sources: &[SourcePlan]) -> String {
    let header = ["name", "zone", "resource", "reads"].map(|name| messages.text(&format!("plan.source.{name}"), &[]));
    let mut table = table::table(header.to_vec());
    for source in sources {
        let through = source.connection.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
        table.add_row(vec![
            source.name.clone(),
            source.zone.to_string(),
            source.resource.clone().unwrap_or_else(|| "–".into()),
            format!("{through}{}", source.reads),
        ]);
    }
    table::render(&table)
}
