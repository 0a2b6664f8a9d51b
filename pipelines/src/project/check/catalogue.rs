//! `catalog/*.toml`.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use catalog::resource::{Bound, check_code};
use catalog::{Item, Resource};

use super::super::draft::Draft;
use super::super::finding::Finding;
use super::desk::{Declared, Desk, duplicates};
use super::world::{World, cut, standard};
use crate::spec::diagnostic::Diagnostic;
use crate::spec::mistake::Mistake;

pub(super) fn check(draft: &Draft, list: &mut Vec<Diagnostic>) {
    let organisations =
        draft.catalog.iter().flat_map(|file| {
            file.spec.organisation.iter().enumerate().map(|(index, one)| {
                (Declared { place: &file.place, name: &one.id }, format!("organisation[{index}].id"))
            })
        });
    duplicates("organisation", organisations, &draft.sources, list);
    let resources =
        draft.catalog.iter().flat_map(|file| {
            file.spec.resource.iter().enumerate().map(|(index, one)| {
                (Declared { place: &file.place, name: &one.code }, format!("resource[{index}].code"))
            })
        });
    duplicates("resource", resources, &draft.sources, list);
    let world = World::of(draft);
    for file in &draft.catalog {
        let mut desk = Desk::new(&file.place, &draft.sources, list);
        for (index, one) in file.spec.resource.iter().enumerate() {
            resource(&world, one, &format!("resource[{index}]"), &mut desk);
        }
    }
}

fn resource(world: &World<'_>, resource: &Resource, path: &str, desk: &mut Desk<'_>) {
    if check_code(&resource.code).is_err() {
        desk.value(&format!("{path}.code"), Mistake::BadResourceCode { resource: cut(&resource.code) });
    }
    world.owner(&resource.provider, &format!("{path}.provider"), desk);
    let mut names = BTreeSet::new();
    for (index, item) in resource.item.iter().enumerate() {
        let path = format!("{path}.item[{index}]");
        if !item.name.is_empty() && !names.insert(item.name.as_str()) {
            let finding = Finding::from(Mistake::Duplicate { what: "item", name: cut(&item.name) });
            desk.value(&format!("{path}.name"), finding);
        }
        check_item(item, &path, desk);
    }
}

fn check_item(item: &Item, path: &str, desk: &mut Desk<'_>) {
    if let Some(id) = &item.standard {
        standard(id, &format!("{path}.standard"), desk);
    }
    if let Some(range) = &item.range {
        let (min, max) = (range.min.as_ref().map(Bound::as_str), range.max.as_ref().map(Bound::as_str));
        if !bounds_fit(min, max) {
            desk.value(&format!("{path}.range"), Mistake::BadBounds { key: "range".into() });
        }
    }
    if let Some(length) = &item.length {
        let reversed = matches!((length.min, length.max), (Some(min), Some(max)) if min > max);
        if reversed || (length.min.is_none() && length.max.is_none()) {
            desk.value(&format!("{path}.length"), Mistake::BadBounds { key: "length".into() });
        }
    }
    if item.accepted.as_ref().is_some_and(Vec::is_empty) {
        desk.value(&format!("{path}.accepted"), Mistake::EmptyList { key: "accepted".into() });
    }
    if let Some(regex) = &item.pattern {
        pattern(regex, &format!("{path}.pattern"), desk);
    }
}

/// A regular expression as the rule itself compiles it.
pub(super) fn pattern(regex: &str, path: &str, desk: &mut Desk<'_>) {
    let rule = transforms::rule::Rule::Pattern { regex: regex.to_owned() };
    if rule.bind(&DataType::Utf8).is_err() {
        desk.value(path, Mistake::BadPattern);
    }
}

/// Whether two bounds leave anything, as far as they compare as numbers or as ISO dates.
pub(super) fn bounds_fit(min: Option<&str>, max: Option<&str>) -> bool {
    let (Some(min), Some(max)) = (min, max) else {
        return min.is_some() || max.is_some();
    };
    match (min.parse::<f64>(), max.parse::<f64>(), catalog::date::parse(min), catalog::date::parse(max)) {
        (Ok(min), Ok(max), ..) => min <= max,
        (.., Some(min), Some(max)) => min <= max,
        _ => true,
    }
}
