//! From the pipeline file to relation plans: which phases each relation is made of.

use std::collections::BTreeMap;

use catalog::resource::{Item, ItemType, Resource};
use transforms::rule::Rule;

use crate::error::Error;
use crate::relation::{ColumnRule, ExpressionRule, GovernColumn, GovernPlan, Phase, Query, StandardRule, UniquePlan};
use crate::spec::pipeline::{CheckSpec, JoinKind, OnFail, PipelineSpec, RuleName, SourceSpec, TransformSpec};
use crate::spec::template::{self, BusinessTime};

/// Phases of a source that a resource describes: everything the catalogue binds, then the file's own checks.
pub(super) fn source(spec: &PipelineSpec, source: &SourceSpec, resource: &Resource) -> Result<Vec<Phase>, Error> {
    let from: BTreeMap<&str, &str> = source.rename.iter().map(|(from, to)| (to.as_str(), from.as_str())).collect();
    let mut govern = GovernPlan {
        columns: resource.item.iter().map(|item| item_column(item, from.get(item.name.as_str()).copied())).collect(),
        expressions: Vec::new(),
    };
    let mut unique: Vec<UniquePlan> = resource
        .item
        .iter()
        .filter(|item| item.unique)
        .map(|item| UniquePlan { columns: vec![item.name.clone()], on_fail: OnFail::Quarantine })
        .collect();
    for check in spec.check.iter().filter(|check| check.on == source.name) {
        apply(check, &mut govern, &mut unique)?;
    }
    let mut phases = vec![Phase::Read { source: source.name.clone() }, Phase::Govern(govern)];
    phases.extend(unique.into_iter().map(Phase::Unique));
    Ok(phases)
}

fn item_column(item: &Item, from: Option<&str>) -> GovernColumn {
    let quarantine = |rule| ColumnRule { rule, on_fail: OnFail::Quarantine };
    let mut rules = Vec::new();
    if item.required {
        rules.push(quarantine(Rule::NotNull));
    }
    if let Some(values) = &item.accepted {
        rules.push(quarantine(Rule::Accepted { values: values.clone() }));
    }
    if let Some(range) = &item.range {
        let text = |bound: &Option<catalog::resource::Bound>| bound.as_ref().map(|bound| bound.as_str().to_owned());
        rules.push(quarantine(Rule::Range { min: text(&range.min), max: text(&range.max) }));
    }
    if let Some(length) = &item.length {
        let size = |bound: Option<u32>| bound.map(|bound| bound as usize);
        rules.push(quarantine(Rule::Length { min: size(length.min), max: size(length.max) }));
    }
    if let Some(pattern) = &item.pattern {
        rules.push(quarantine(Rule::Pattern { regex: pattern.clone() }));
    }
    GovernColumn {
        from: from.unwrap_or(&item.name).to_owned(),
        name: item.name.clone(),
        data_type: Some(item.data_type),
        standard: item
            .standard
            .as_ref()
            .map(|standard| StandardRule { standard: standard.clone(), on_fail: OnFail::Quarantine }),
        rules,
    }
}

/// Phases of a transform, up to its own checks. `columns` are those of the relation it starts from.
pub(super) fn transform(spec: &TransformSpec, time: &BusinessTime) -> Result<Vec<Phase>, Error> {
    let fill = |text: &String| {
        template::render(text, time)
            .map_err(|error| Error::Template { step: spec.name.clone(), detail: error.to_string() })
    };
    let mut phases = vec![Phase::Query(base(spec, &fill)?)];
    if spec.join.as_ref().is_some_and(|join| join.kind == JoinKind::Inner) {
        phases.push(Phase::Query(Query::Matched));
    }
    if !spec.standardise.is_empty() || !spec.rename.is_empty() || !spec.cast.is_empty() {
        phases.push(Phase::Govern(GovernPlan { columns: Vec::new(), expressions: Vec::new() }));
    }
    if !spec.derive.is_empty() {
        let columns =
            spec.derive.iter().map(|(name, text)| Ok((name.clone(), fill(text)?))).collect::<Result<_, Error>>()?;
        phases.push(Phase::Query(Query::Derive { columns }));
    }
    if let Some(condition) = &spec.filter {
        phases.push(Phase::Query(Query::Filter { condition: fill(condition)? }));
    }
    if let Some(spec) = &spec.deduplicate {
        phases.push(Phase::Query(Query::Deduplicate(spec.clone())));
    }
    if let Some(spec) = &spec.aggregate {
        phases.push(Phase::Query(Query::Aggregate(spec.clone())));
    }
    if let Some(spec) = &spec.sample {
        phases.push(Phase::Sample(spec.clone()));
    }
    if let Some(columns) = &spec.select {
        phases.push(Phase::Query(Query::Select { columns: columns.clone() }));
    }
    Ok(phases)
}

fn base(spec: &TransformSpec, fill: &impl Fn(&String) -> Result<String, Error>) -> Result<Query, Error> {
    Ok(match (&spec.from, &spec.sql, &spec.join, &spec.union) {
        (Some(relation), ..) => Query::From { relation: relation.clone() },
        (_, Some(text), ..) => Query::Sql { text: fill(text)? },
        (_, _, Some(join), _) => Query::Join(join.clone()),
        (_, _, _, Some(relations)) => Query::Union { relations: relations.clone() },
        _ => return Err(Error::Sql { step: spec.name.clone(), detail: "it starts from nothing".into() }),
    })
}

/// Columns of a transform's own standards, names and types, over the columns it starts from.
pub(super) fn shaped(spec: &TransformSpec, input: &[(String, ItemType)]) -> Result<GovernPlan, Error> {
    let known = |column: &String, names: &[&str]| {
        if names.contains(&column.as_str()) {
            Ok(())
        } else {
            Err(Error::UnknownColumn { relation: spec.name.clone(), column: column.clone(), known: names.join(", ") })
        }
    };
    let before: Vec<&str> = input.iter().map(|(name, _)| name.as_str()).collect();
    let name = |from: &str| spec.rename.get(from).cloned().unwrap_or_else(|| from.to_owned());
    let after: Vec<String> = before.iter().map(|from| name(from)).collect();
    let after_names: Vec<&str> = after.iter().map(String::as_str).collect();
    for column in spec.standardise.keys().chain(spec.rename.keys()) {
        known(column, &before)?;
    }
    for column in spec.cast.keys() {
        known(column, &after_names)?;
    }
    let columns = input.iter().zip(&after).map(|((from, data_type), name)| {
        let standard = spec.standardise.get(from);
        GovernColumn {
            from: from.clone(),
            name: name.clone(),
            data_type: spec.cast.get(name).copied().or_else(|| standard.is_none().then_some(*data_type)),
            standard: standard.map(|id| StandardRule { standard: id.clone(), on_fail: OnFail::Quarantine }),
            rules: Vec::new(),
        }
    });
    Ok(GovernPlan { columns: columns.collect(), expressions: Vec::new() })
}

/// The checks of a relation that no resource describes, as phases after its own.
pub(super) fn checks(spec: &PipelineSpec, relation: &str, columns: &[(String, ItemType)]) -> Result<Vec<Phase>, Error> {
    let mut govern = GovernPlan {
        columns: columns
            .iter()
            .map(|(name, data_type)| GovernColumn {
                from: name.clone(),
                name: name.clone(),
                data_type: Some(*data_type),
                standard: None,
                rules: Vec::new(),
            })
            .collect(),
        expressions: Vec::new(),
    };
    let mut unique = Vec::new();
    let untouched = govern.clone();
    for check in spec.check.iter().filter(|check| check.on == relation) {
        apply(check, &mut govern, &mut unique)?;
    }
    let mut phases = Vec::new();
    if govern != untouched {
        phases.push(Phase::Govern(govern));
    }
    phases.extend(unique.into_iter().map(Phase::Unique));
    Ok(phases)
}

/// Adds one check of the file to a governed phase.
fn apply(check: &CheckSpec, govern: &mut GovernPlan, unique: &mut Vec<UniquePlan>) -> Result<(), Error> {
    let on_fail = check.outcome();
    let rule = match check.rule {
        RuleName::RowCount => return Ok(()),
        RuleName::Unique => {
            unique.push(UniquePlan { columns: check.columns.clone(), on_fail });
            return Ok(());
        }
        RuleName::Expression => {
            let condition = check.expression.clone().unwrap_or_default();
            govern.expressions.push(ExpressionRule { condition, on_fail });
            return Ok(());
        }
        RuleName::Standard => None,
        RuleName::NotNull => Some(Rule::NotNull),
        RuleName::Accepted => Some(Rule::Accepted { values: check.values.clone().unwrap_or_default() }),
        RuleName::Range => Some(Rule::Range { min: check.min.clone(), max: check.max.clone() }),
        RuleName::Length => Some(Rule::Length { min: size(check.min.as_ref()), max: size(check.max.as_ref()) }),
        RuleName::Pattern => Some(Rule::Pattern { regex: check.pattern.clone().unwrap_or_default() }),
    };
    let known: Vec<String> = govern.columns.iter().map(|column| column.name.clone()).collect();
    for name in &check.columns {
        let column = govern.columns.iter_mut().find(|column| column.name == *name).ok_or_else(|| {
            Error::UnknownColumn { relation: check.on.clone(), column: name.clone(), known: known.join(", ") }
        })?;
        match &rule {
            Some(rule) => column.rules.push(ColumnRule { rule: rule.clone(), on_fail }),
            None => column.standard = check.standard.clone().map(|standard| StandardRule { standard, on_fail }),
        }
    }
    Ok(())
}

fn size(bound: Option<&String>) -> Option<usize> {
    bound.and_then(|bound| bound.parse().ok())
}
