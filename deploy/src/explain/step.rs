//! One relation of a plan: the phases its rows pass through.

use pipelines::relation::{GovernPlan, Phase, Query, RelationPlan};
use transforms::rule::Rule;

use crate::messages::Messages;
use crate::words::{self, Titles};

/// The relation's name, then a line a phase.
pub(super) fn lines(messages: Messages, titles: &Titles, relation: &RelationPlan) -> Vec<String> {
    let mut lines = vec![messages.text("plan.step.name", &[("name", &relation.name)])];
    for phase in &relation.phases {
        lines.extend(self::phase(messages, titles, phase).into_iter().map(|line| format!("    {line}")));
    }
    lines
}

fn phase(messages: Messages, titles: &Titles, phase: &Phase) -> Vec<String> {
    match phase {
        Phase::Read { source } => vec![messages.text("plan.step.read", &[("source", source)])],
        Phase::Govern(govern) => govern_lines(messages, titles, govern),
        Phase::Unique(unique) => {
            let columns = unique.columns.iter().map(|column| titles.title(column)).collect::<Vec<_>>().join("、");
            vec![messages.text("plan.step.unique", &[("columns", &columns)])]
        }
        Phase::Sample(sample) => {
            vec![messages.text("plan.step.sample", &[("rate", &sample.rate), ("seed", &sample.seed)])]
        }
        Phase::Query(query) => query_lines(messages, query),
    }
}

fn govern_lines(messages: Messages, titles: &Titles, govern: &GovernPlan) -> Vec<String> {
    let mut lines = Vec::new();
    for column in &govern.columns {
        let mut parts = Vec::new();
        if let Some(standard) = &column.standard {
            let title = words::standard(messages, &standard.standard);
            parts.push(messages.text("plan.rule.standard", &[("standard", &title)]));
        }
        parts.extend(column.rules.iter().map(|rule| rule_text(messages, &rule.rule)));
        if !parts.is_empty() {
            let list = parts.join(&messages.text("card.list", &[]));
            lines.push(messages.text("plan.step.checks", &[("column", &titles.title(&column.name)), ("list", &list)]));
        }
    }
    for rule in &govern.expressions {
        lines.push(messages.text("plan.step.expression", &[("condition", &rule.condition)]));
    }
    lines
}

/// A rule with its parameters: 范围 0–100000.
fn rule_text(messages: Messages, rule: &Rule) -> String {
    let name = messages.text(&format!("plan.rule.{}", rule.id()), &[]);
    let between =
        |min: Option<String>, max: Option<String>| format!("{}–{}", min.unwrap_or_default(), max.unwrap_or_default());
    let parameters = match rule {
        Rule::NotNull => return name,
        Rule::Accepted { values } => values.join(" "),
        Rule::Range { min, max } => between(min.clone(), max.clone()),
        Rule::Length { min, max } => between(min.map(|min| min.to_string()), max.map(|max| max.to_string())),
        Rule::Pattern { regex } => regex.clone(),
    };
    messages.text("plan.rule.with", &[("name", &name), ("parameters", &parameters)])
}

fn query_lines(messages: Messages, query: &Query) -> Vec<String> {
    match query {
        Query::From { relation } => {
            vec![messages.text("plan.step.from", &[("relation", relation)])]
        }
        Query::Sql { text } => {
            let mut lines = vec![messages.text("plan.step.sql", &[])];
            lines.extend(text.trim().lines().map(|line| format!("  {}", line.trim_end())));
            lines
        }
        Query::Join(join) => {
            let on: Vec<String> = join.on.iter().map(|(left, right)| format!("{left} = {right}")).collect();
            vec![
                messages
                    .text("plan.step.join", &[("left", &join.left), ("right", &join.right), ("on", &on.join(", "))]),
            ]
        }
        Query::Matched => vec![messages.text("plan.step.matched", &[])],
        Query::Union { relations } => {
            vec![messages.text("plan.step.union", &[("relations", &relations.join(" + "))])]
        }
        Query::Derive { columns } => columns
            .iter()
            .map(|(name, expression)| messages.text("plan.step.derive", &[("name", name), ("expression", expression)]))
            .collect(),
        Query::Filter { condition } => {
            vec![messages.text("plan.step.filter", &[("condition", condition)])]
        }
        Query::Deduplicate(rule) => {
            vec![messages.text("plan.step.deduplicate", &[("key", &rule.key.join(", ")), ("by", &rule.by.join(", "))])]
        }
        Query::Aggregate(spec) => {
            let measures: Vec<String> =
                spec.measures.iter().map(|(name, measure)| format!("{name} = {measure}")).collect();
            vec![
                messages.text(
                    "plan.step.aggregate",
                    &[("key", &spec.group_by.join(", ")), ("measures", &measures.join(", "))],
                ),
            ]
        }
        Query::Select { columns } => {
            vec![messages.text("plan.step.select", &[("columns", &columns.join(", "))])]
        }
    }
}
