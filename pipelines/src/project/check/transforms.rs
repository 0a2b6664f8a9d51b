//! `[[transform]]`.

use super::columns::{Columns, Known, grouped, renamed, require_all, require_key};
use super::desk::Desk;
use super::texts;
use super::world::{World, cut, is_relation, standard, unknown_relation};
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::{PipelineSpec, TransformSpec};
use crate::spec::{child, forms};

pub(super) fn check(world: &World<'_>, pipeline: usize, columns: &Columns<'_>, desk: &mut Desk<'_>) {
    let spec = world.pipeline(pipeline);
    for (index, transform) in spec.transform.iter().enumerate() {
        let path = format!("transform[{index}]");
        name(spec, index, &path, desk);
        start(world, spec, transform, &path, desk);
        if let Some(join) = &transform.join {
            columns.join(pipeline, join, &format!("{path}.join"), desk);
        }
        steps(transform, columns.start(pipeline, transform), &path, desk);
    }
}

fn name(spec: &PipelineSpec, index: usize, path: &str, desk: &mut Desk<'_>) {
    let name = &spec.transform[index].name;
    let path = format!("{path}.name");
    if let Err(error) = forms::name("transform", name) {
        desk.value(&path, error);
    }
    let source = spec.source.iter().position(|source| source.name == *name);
    let transform = spec.transform[..index].iter().position(|other| other.name == *name);
    if let Some(at) = source {
        desk.duplicate(&path, "relation", name, &format!("source[{at}].name"));
    } else if let Some(at) = transform {
        desk.duplicate(&path, "transform", name, &format!("transform[{at}].name"));
    }
}

fn start(world: &World<'_>, spec: &PipelineSpec, transform: &TransformSpec, path: &str, desk: &mut Desk<'_>) {
    let keys = [
        ("from", transform.from.is_some()),
        ("sql", transform.sql.is_some()),
        ("join", transform.join.is_some()),
        ("union", transform.union.is_some()),
    ];
    let found = keys.iter().filter(|(_, given)| *given).count();
    if found != 1 && !keys.iter().any(|(key, _)| desk.is_doubtful(&format!("{path}.{key}"))) {
        desk.value(path, Mistake::TransformStart { transform: cut(&transform.name), found });
    }
    if let Some(from) = &transform.from {
        world.relation(spec, from, &format!("{path}.from"), desk);
    }
    if let Some(join) = &transform.join {
        world.relation(spec, &join.left, &format!("{path}.join.left"), desk);
        world.relation(spec, &join.right, &format!("{path}.join.right"), desk);
        if join.on.is_empty() {
            desk.value(&format!("{path}.join.on"), Mistake::EmptyList { key: "on".into() });
        }
    }
    if let Some(union) = &transform.union {
        if union.len() < 2 {
            desk.value(&format!("{path}.union"), Mistake::UnionTooFew);
        }
        for (index, relation) in union.iter().enumerate() {
            world.relation(spec, relation, &format!("{path}.union[{index}]"), desk);
        }
    }
    if let Some(sql) = &transform.sql {
        reads(spec, sql, &format!("{path}.sql"), desk);
    }
}

/// Relations that SQL names and that are not there.
fn reads(spec: &PipelineSpec, sql: &str, path: &str, desk: &mut Desk<'_>) {
    for relation in texts::select(sql, path, desk).unwrap_or_default() {
        if !is_relation(spec, &relation) {
            let at = sql.to_ascii_lowercase().find(&relation.to_ascii_lowercase());
            desk.inside(path, sql, at, relation.len(), unknown_relation(spec, &relation));
        }
    }
}

/// The steps in the order in which they are applied; each sees the columns the one before left.
fn steps(transform: &TransformSpec, start: Option<Known>, path: &str, desk: &mut Desk<'_>) {
    let name = &transform.name;
    let at = |key: &str, column: &str| child(&format!("{path}.{key}"), column);
    let mut known = start;
    for (column, id) in &transform.standardise {
        require_key(known.as_ref(), column, name, &at("standardise", column), desk);
        standard(id, &at("standardise", column), desk);
    }
    let mut taken = Vec::new();
    for (old, new) in &transform.rename {
        require_key(known.as_ref(), old, name, &at("rename", old), desk);
        if taken.contains(&new) {
            desk.value(&at("rename", old), Mistake::RenamedTwice { column: cut(new) });
        }
        taken.push(new);
    }
    known = known.map(|known| renamed(known, &transform.rename));
    for column in transform.cast.keys() {
        require_key(known.as_ref(), column, name, &at("cast", column), desk);
    }
    for (column, sql) in &transform.derive {
        texts::expression(sql, &at("derive", column), desk);
    }
    if let Some(known) = &mut known {
        known.extend(transform.derive.keys().map(|column| (column.clone(), None)));
    }
    if let Some(filter) = &transform.filter {
        texts::expression(filter, &format!("{path}.filter"), desk);
    }
    last_steps(transform, known, path, desk);
}

/// Deduplicate, aggregate, sample, select.
fn last_steps(transform: &TransformSpec, mut known: Option<Known>, path: &str, desk: &mut Desk<'_>) {
    let name = &transform.name;
    if let Some(deduplicate) = &transform.deduplicate {
        for (key, columns) in [("key", &deduplicate.key), ("by", &deduplicate.by)] {
            let path = format!("{path}.deduplicate.{key}");
            if columns.is_empty() {
                desk.value(&path, Mistake::EmptyList { key: key.into() });
            }
            require_all(known.as_ref(), columns, name, &path, desk);
        }
    }
    if let Some(aggregate) = &transform.aggregate {
        require_all(known.as_ref(), &aggregate.group_by, name, &format!("{path}.aggregate.group_by"), desk);
        if aggregate.measures.is_empty() {
            desk.value(&format!("{path}.aggregate.measures"), Mistake::EmptyList { key: "measures".into() });
        }
        for (column, sql) in &aggregate.measures {
            texts::expression(sql, &child(&format!("{path}.aggregate.measures"), column), desk);
        }
        known = known.map(|known| grouped(&known, aggregate));
    }
    if let Some(sample) = &transform.sample {
        texts::rate(sample.rate, &format!("{path}.sample.rate"), desk);
    }
    if let Some(select) = &transform.select {
        let path = format!("{path}.select");
        if select.is_empty() {
            desk.value(&path, Mistake::EmptyList { key: "select".into() });
        }
        require_all(known.as_ref(), select, name, &path, desk);
    }
}
