//! `[[check]]`.

use super::catalogue::{bounds_fit, pattern};
use super::columns::{Columns, require_all};
use super::desk::Desk;
use super::texts;
use super::world::{World, standard};
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::{CheckSpec, OnFail, RuleName};
use crate::spec::share;

/// What a rule needs, and what else it may have; `min|max|change`: one of them at least.
fn keys(rule: RuleName) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
    match rule {
        RuleName::Standard => (&["columns", "standard"], &[], &[]),
        RuleName::NotNull | RuleName::Unique => (&["columns"], &[], &[]),
        RuleName::Accepted => (&["columns", "values"], &[], &[]),
        RuleName::Range | RuleName::Length => (&["columns"], &["min", "max"], &[]),
        RuleName::Pattern => (&["columns", "pattern"], &[], &[]),
        RuleName::Expression => (&["expression"], &[], &["columns"]),
        RuleName::RowCount => (&[], &["min", "max", "change"], &[]),
    }
}

pub(super) fn check(world: &World<'_>, pipeline: usize, columns: &Columns<'_>, desk: &mut Desk<'_>) {
    let spec = world.pipeline(pipeline);
    for (index, one) in spec.check.iter().enumerate() {
        let path = format!("check[{index}]");
        world.relation(spec, &one.on, &format!("{path}.on"), desk);
        let known = columns.relation(pipeline, &one.on);
        require_all(known.as_deref(), &one.columns, &one.on, &format!("{path}.columns"), desk);
        if !desk.is_doubtful(&format!("{path}.rule")) {
            parameters(one, &path, desk);
        }
        values(one, &path, desk);
    }
}

fn parameters(one: &CheckSpec, path: &str, desk: &mut Desk<'_>) {
    let given = [
        ("columns", !one.columns.is_empty()),
        ("standard", one.standard.is_some()),
        ("values", one.values.as_ref().is_some_and(|values| !values.is_empty())),
        ("min", one.min.is_some()),
        ("max", one.max.is_some()),
        ("pattern", one.pattern.is_some()),
        ("expression", one.expression.is_some()),
        ("change", one.change.is_some()),
    ];
    let has = |key: &str| given.iter().any(|(name, given)| *name == key && *given);
    let (needed, any, allowed) = keys(one.rule);
    let rule = name(one.rule);
    for key in needed.iter().copied().filter(|key| !has(key)) {
        desk.absent(path, key, Mistake::CheckNeeds { rule: rule.clone(), key });
    }
    if let Some(first) = any.first().filter(|_| !any.iter().any(|key| has(key))) {
        let key = if any.contains(&"change") { "min, max or change" } else { "min or max" };
        desk.absent(path, first, Mistake::CheckNeeds { rule: rule.clone(), key });
    }
    for (key, _) in given.iter().filter(|(_, given)| *given) {
        if !needed.contains(key) && !any.contains(key) && !allowed.contains(key) {
            desk.key(&format!("{path}.{key}"), Mistake::CheckExtra { rule: rule.clone(), key });
        }
    }
    bounds(one, &rule, path, desk);
    if one.rule == RuleName::RowCount && one.on_fail == OnFail::Quarantine && desk.has(&format!("{path}.on_fail")) {
        desk.value(&format!("{path}.on_fail"), Mistake::CheckOutcome);
    }
}

fn bounds(one: &CheckSpec, rule: &str, path: &str, desk: &mut Desk<'_>) {
    let counts = matches!(one.rule, RuleName::Length | RuleName::RowCount);
    let mut sound = true;
    for (key, bound) in [("min", &one.min), ("max", &one.max)] {
        let fits = bound.as_ref().is_none_or(|text| !counts || text.parse::<u32>().is_ok());
        if !fits {
            sound = false;
            let expected = "\"0\" … \"4294967295\"";
            desk.value(&format!("{path}.{key}"), Mistake::CheckBound { rule: rule.to_owned(), key, expected });
        }
    }
    let both = one.min.is_some() && one.max.is_some();
    if sound && both && !bounds_fit(one.min.as_deref(), one.max.as_deref()) {
        desk.value(&format!("{path}.max"), Mistake::BadBounds { key: rule.to_owned() });
    }
}

fn values(one: &CheckSpec, path: &str, desk: &mut Desk<'_>) {
    if let Some(id) = &one.standard {
        standard(id, &format!("{path}.standard"), desk);
    }
    if let Some(regex) = &one.pattern {
        pattern(regex, &format!("{path}.pattern"), desk);
    }
    if let Some(sql) = &one.expression {
        texts::expression(sql, &format!("{path}.expression"), desk);
    }
    if let Some(change) = &one.change {
        if let Err(error) = share::percent(&change.within) {
            desk.value(&format!("{path}.change.within"), error);
        }
        if let Err(error) = share::baseline(&change.of) {
            desk.value(&format!("{path}.change.of"), error);
        }
    }
}

/// The word of a rule, as in the file.
fn name(rule: RuleName) -> String {
    match serde_json::to_value(rule) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
