//! `grants/*.toml`.

use catalog::grant::{GrantKind, LONGEST_TERM_MONTHS, ResourceScope};
use catalog::{Grant, Zone};
use chrono::Months;

use super::super::finding::Finding;
use super::desk::{Declared, Desk, duplicates};
use super::world::{World, cut};
use crate::spec::child;
use crate::spec::diagnostic::Diagnostic;
use crate::spec::mistake::{Hint, Mistake};

pub(super) fn check(world: &World<'_>, list: &mut Vec<Diagnostic>) {
    let ids = world.draft.grants.iter().flat_map(|file| {
        file.spec
            .grant
            .iter()
            .enumerate()
            .map(|(index, grant)| (Declared { place: &file.place, name: &grant.id }, format!("grant[{index}].id")))
    });
    duplicates("grant", ids, &world.draft.sources, list);
    for file in &world.draft.grants {
        let mut desk = Desk::new(&file.place, &world.draft.sources, list);
        for (index, grant) in file.spec.grant.iter().enumerate() {
            let path = format!("grant[{index}]");
            world.owner(&grant.holder, &format!("{path}.holder"), &mut desk);
            term(grant, &path, &mut desk);
            border(grant, &path, &mut desk);
            scopes(world, grant, &path, &mut desk);
        }
    }
}

fn term(grant: &Grant, path: &str, desk: &mut Desk<'_>) {
    let until = format!("{path}.valid_until");
    let dates = ["valid_from", "agreement.until"];
    let known = !dates.iter().any(|key| desk.is_doubtful(&format!("{path}.{key}")));
    let last = grant.valid_from.checked_add_months(Months::new(LONGEST_TERM_MONTHS)).and_then(|day| day.pred_opt());
    if !known {
        // Nothing can be said about the term.
    } else if grant.valid_until < grant.valid_from || last.is_none_or(|last| grant.valid_until > last) {
        desk.value(&until, Mistake::GrantTerm { grant: cut(&grant.id) });
    } else if grant.valid_until > grant.agreement.until {
        let until_day = grant.agreement.until.to_string();
        desk.warn(&until, Mistake::OutlivesAgreement { grant: cut(&grant.id), until: until_day });
    }
    if grant.kind == GrantKind::Training && grant.sample.is_none() {
        desk.absent(path, "sample", Mistake::TrainingWithoutSample { grant: cut(&grant.id) });
    }
}

fn border(grant: &Grant, path: &str, desk: &mut Desk<'_>) {
    let single = Zone::borders(&grant.from, &grant.to).is_ok_and(|borders| borders.len() == 1);
    if !single {
        let (from, to) = (grant.from.to_string(), grant.to.to_string());
        desk.value(&format!("{path}.to"), Mistake::GrantBorder { from, to });
    }
}

fn scopes(world: &World<'_>, grant: &Grant, path: &str, desk: &mut Desk<'_>) {
    let mut whole = true;
    for (index, scope) in grant.resources.iter().enumerate() {
        whole &= check_scope(world, scope, &format!("{path}.resources[{index}]"), desk);
    }
    let items = |field: &String| {
        grant.resources.iter().any(|scope| {
            world.resources.get(scope.resource.as_str()).is_some_and(|resource| resource.item(field).is_some())
        })
    };
    for field in grant.protect.keys().filter(|field| whole && !items(field)) {
        let codes: Vec<&str> = grant.resources.iter().map(|scope| scope.resource.as_str()).collect();
        let finding = not_an_item(field, &codes.join(", "), std::iter::empty());
        desk.key(&child(&format!("{path}.protect"), field), finding);
    }
}

/// Whether the resource is known.
fn check_scope(world: &World<'_>, scope: &ResourceScope, path: &str, desk: &mut Desk<'_>) -> bool {
    let Some(resource) = world.resource(&scope.resource, &format!("{path}.resource"), desk) else {
        return false;
    };
    if resource.not_authorisable.is_some() {
        desk.value(&format!("{path}.resource"), Mistake::NotAuthorisable { resource: cut(&scope.resource) });
    }
    for (key, fields) in [("fields", &scope.fields), ("row_fields", &scope.row_fields)] {
        for (index, field) in fields.iter().enumerate() {
            let star = key == "fields" && field == "*";
            if !star && resource.item(field).is_none() {
                let known = resource.item.iter().map(|item| item.name.as_str());
                desk.value(&format!("{path}.{key}[{index}]"), not_an_item(field, &scope.resource, known));
            }
        }
    }
    true
}

pub(super) fn not_an_item<'a>(item: &str, resource: &str, known: impl Iterator<Item = &'a str>) -> Finding {
    let mistake = Mistake::NotAnItem { item: cut(item), resource: cut(resource) };
    Finding::from(mistake).hint(Hint::among(item, known))
}
