//! One relation of a plan: the phases its rows pass through.

use pipelines::relation::{GovernPlan, Phase, Query, RelationPlan};

use crate::messages::Messages;
use crate::words::{self, Titles};

/// The relation's name, then a line a phase.
pub(super) fn lines(messages: Messages, titles: &Titles, relation: &RelationPlan) -> Vec<String> {
    let mut lines = vec![messages.text("plan.step.name", &[("name", &relation.name)])];
    for phase in &relation.phases {
        lines.extend(
            self::phase(messages, titles, phase)
                .into_iter()
                .map(|line| format!("    {line}")),
        );
    }
    lines
}

fn phase(messages: Messages, titles: &Titles, phase: &Phase) -> Vec<String> {
    match phase {
        Phase::Read { source } => vec![messages.text("plan.step.read", &[("source", source)])],
        Phase::Govern(govern) => govern_lines(messages, titles, govern),
        Phase::Unique(unique) => {
            let columns = unique
                .columns
                .iter()
                .map(|column| titles.title(column))
                .collect::<Vec<_>>()
                .join("、");
            vec![messages.text("plan.step.unique", &[("columns", &columns)])]
        }
        Phase::Sample(sample) => vec![messages.text(
            "plan.step.sample",
            &[("rate", &sample.rate), ("seed", &sample.seed)],
        )],
        Phase::Query(query) => query_lines(messages, query),
    }
}

fn govern_lines(messages: Messages, titles: &Titles, govern: &GovernPlan) -> Vec<String> {
    let mut lines = Vec::new();
    for column in &govern.columns {
        let mut parts = Vec::new();
        if let Some(standard) = &column.standard {
            parts.push(words::standard(messages, &standard.standard));
        }
        parts.extend(column.rules.iter().map(|rule| rule_text(messages, rule)));
        if !parts.is_empty() {
            let list = parts.join(&messages.text("card.list", &[]));
            lines.push(messages.text(
                "plan.step.checks",
                &[("column", &titles.title(&column.name)), ("list", &list)],
            ));
        }
    }
    for rule in &govern.expressions {
        lines.push(messages.text("plan.step.expression", &[("condition", &rule.condition)]));
    }
    lines
}

/// A rule by its name and parameters, as the plan serialises them.
fn rule_text(messages: Messages, rule: &pipelines::relation::ColumnRule) -> String {
    let value = serde_json::to_value(&rule.rule).unwrap_or_default();
    let (name, parameters) = match &value {
        serde_json::Value::String(name) => (name.clone(), String::new()),
        serde_json::Value::Object(fields) => {
            let name = fields
                .get("rule")
                .and_then(|name| name.as_str())
                .map(str::to_owned);
            let name = name
                .or_else(|| fields.keys().next().cloned())
                .unwrap_or_default();
            (name, parameters(fields))
        }
        other => (other.to_string(), String::new()),
    };
    let key = format!("plan.rule.{name}");
    let name = if messages.has(&key) {
        messages.text(&key, &[])
    } else {
        name
    };
    if parameters.is_empty() {
        name
    } else {
        format!("{name} {parameters}")
    }
}

fn parameters(fields: &serde_json::Map<String, serde_json::Value>) -> String {
    let shown = |value: &serde_json::Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let inner = match fields.values().next() {
        Some(serde_json::Value::Object(inner)) if fields.len() == 1 => inner,
        _ => fields,
    };
    let parts: Vec<String> = inner
        .iter()
        .filter(|(name, value)| *name != "rule" && !value.is_null())
        .map(|(name, value)| format!("{name}={}", shown(value)))
        .collect();
    parts.join(" ")
}

fn query_lines(messages: Messages, query: &Query) -> Vec<String> {
    let json = serde_json::to_value(query).unwrap_or_default();
    match query {
        Query::From { relation } => {
            vec![messages.text("plan.step.from", &[("relation", relation)])]
        }
        Query::Sql { text } => {
            let mut lines = vec![messages.text("plan.step.sql", &[])];
            lines.extend(
                text.trim()
                    .lines()
                    .map(|line| format!("  {}", line.trim_end())),
            );
            lines
        }
        Query::Join(join) => {
            let on: Vec<String> = join
                .on
                .iter()
                .map(|(left, right)| format!("{left} = {right}"))
                .collect();
            vec![messages.text(
                "plan.step.join",
                &[
                    ("left", &join.left),
                    ("right", &join.right),
                    ("on", &on.join(", ")),
                ],
            )]
        }
        Query::Matched => vec![messages.text("plan.step.matched", &[])],
        Query::Union { relations } => {
            vec![messages.text("plan.step.union", &[("relations", &relations.join(" + "))])]
        }
        Query::Derive { columns } => columns
            .iter()
            .map(|(name, expression)| {
                messages.text(
                    "plan.step.derive",
                    &[("name", name), ("expression", expression)],
                )
            })
            .collect(),
        Query::Filter { condition } => {
            vec![messages.text("plan.step.filter", &[("condition", condition)])]
        }
        Query::Deduplicate(rule) => {
            vec![messages.text(
                "plan.step.deduplicate",
                &[("key", &rule.key.join(", ")), ("by", &rule.by.join(", "))],
            )]
        }
        Query::Aggregate(spec) => {
            let measures: Vec<String> = spec
                .measures
                .iter()
                .map(|(name, measure)| format!("{name} = {measure}"))
                .collect();
            vec![messages.text(
                "plan.step.aggregate",
                &[
                    ("key", &spec.group_by.join(", ")),
                    ("measures", &measures.join(", ")),
                ],
            )]
        }
        Query::Select { columns } => {
            vec![messages.text("plan.step.select", &[("columns", &columns.join(", "))])]
        }
        #[allow(unreachable_patterns)]
        // a query phase that is added later is shown as the plan holds it
        _ => vec![json.to_string()],
    }
}
