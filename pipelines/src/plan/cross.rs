//! Borders a job's rows cross, and whether live grants carry every column and every condition over each of them.

use std::collections::BTreeSet;

use catalog::grant::{Grant, GrantKind, Refusal};
use catalog::zone::{Border, Zone};

use super::shape::Behind;
use super::{Crossing, Facts};
use crate::error::Error;
use crate::flow::{Origin, Trace, Traces, Value};
use crate::problem::Problem;
use crate::project::Project;

/// What is to cross.
pub(super) struct Cargo<'a> {
    /// Target, for messages.
    pub target: &'a str,
    /// Where the rows come from.
    pub behind: &'a Behind,
    /// Zone they enter.
    pub to: &'a Zone,
    /// Grants the definition names.
    pub grants: Vec<&'a str>,
    /// Purpose the definition names.
    pub purpose: Option<&'a str>,
    /// Columns that are carried.
    pub columns: Vec<(&'a str, &'a Value)>,
    /// What decides on the rows.
    pub rows: &'a Traces,
}

/// The crossings of a cargo, the grants that carry it and every reason why something may not cross.
#[derive(Debug, Default)]
pub(super) struct Crossed {
    pub crossings: Vec<Crossing>,
    pub grants: Vec<Grant>,
    pub refusals: Vec<Problem>,
}

pub(super) fn check(project: &Project, facts: &Facts, cargo: &Cargo<'_>) -> Crossed {
    let mut crossed = Crossed::default();
    let known = known_grants(facts, cargo, &mut crossed);
    for (from, resources) in cargo.behind {
        let borders = match Zone::borders(from, cargo.to) {
            Ok(borders) => borders,
            Err(error) => {
                crossed.refusals.push(Problem::of(&error, false));
                continue;
            }
        };
        for border in borders {
            one_border(project, facts, cargo, &known, &border, resources, &mut crossed);
        }
    }
    crossed
}

fn known_grants<'a>(facts: &'a Facts, cargo: &Cargo<'_>, crossed: &mut Crossed) -> Vec<&'a Grant> {
    let mut known = Vec::new();
    for id in &cargo.grants {
        match facts.grants.get(*id) {
            Some(grant) => known.push(grant),
            None => {
                let unknown = Refusal::Unknown { grant: (*id).to_owned() };
                crossed.refusals.push(Problem::of(&unknown, false));
            }
        }
    }
    known
}

fn one_border(
    project: &Project,
    facts: &Facts,
    cargo: &Cargo<'_>,
    known: &[&Grant],
    border: &Border,
    resources: &BTreeSet<String>,
    crossed: &mut Crossed,
) {
    let named: Vec<&Grant> =
        known.iter().copied().filter(|grant| grant.from == border.from && grant.to == border.to).collect();
    crossed.crossings.push(Crossing {
        from: border.from.clone(),
        to: border.to.clone(),
        resources: resources.iter().cloned().collect(),
        grants: named.iter().map(|grant| grant.id.clone()).collect(),
    });
    if border.from == Zone::Platform {
        not_authorisable(project, cargo.target, resources, crossed);
    }
    if named.is_empty() {
        let error = Error::NoGrant {
            target: cargo.target.to_owned(),
            border: border.to_string(),
            resources: resources.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        return crossed.refusals.push(error.problem());
    }
    let mut live = Vec::new();
    for grant in named {
        match grant
            .live(facts.today)
            .map_err(|refusal| Problem::of(&refusal, false))
            .and_then(|()| purpose(cargo, grant))
        {
            Ok(()) => live.push(grant),
            Err(problem) => crossed.refusals.push(problem),
        }
    }
    if live.is_empty() {
        return;
    }
    columns(cargo, border, resources, &live, crossed);
    rows(cargo, border, resources, &live, crossed);
    crossed.grants.extend(live.into_iter().cloned());
}

fn not_authorisable(project: &Project, target: &str, resources: &BTreeSet<String>, crossed: &mut Crossed) {
    for code in resources {
        if let Some(flag) = project.resources.get(code).and_then(|resource| resource.not_authorisable.as_ref()) {
            let error = Error::NotAuthorisable {
                target: target.to_owned(),
                resource: code.clone(),
                basis: flag.policy_basis.clone(),
            };
            crossed.refusals.push(error.problem());
        }
    }
}

fn purpose(cargo: &Cargo<'_>, grant: &Grant) -> Result<(), Problem> {
    match cargo.purpose {
        Some(purpose) if grant.kind != GrantKind::Operation && !grant.allows_purpose(purpose) => Err(Error::Purpose {
            target: cargo.target.to_owned(),
            grant: grant.id.clone(),
            purpose: purpose.to_owned(),
        }
        .problem()),
        _ => Ok(()),
    }
}

fn columns(cargo: &Cargo<'_>, border: &Border, resources: &BTreeSet<String>, live: &[&Grant], crossed: &mut Crossed) {
    for (column, value) in &cargo.columns {
        for (origin, trace) in value.traces.iter().filter(|(origin, _)| resources.contains(&origin.resource)) {
            if let Err(refusal) = covered(live, border, origin, trace) {
                let mut problem = Problem::of(&refusal, false);
                problem.params.insert("column".into(), (*column).to_owned());
                problem.params.insert("path".into(), way(origin, trace));
                crossed.refusals.push(problem);
            }
        }
    }
}

fn rows(cargo: &Cargo<'_>, border: &Border, resources: &BTreeSet<String>, live: &[&Grant], crossed: &mut Crossed) {
    for (origin, trace) in cargo.rows.iter().filter(|(origin, _)| resources.contains(&origin.resource)) {
        let scoped = live.iter().any(|grant| grant.rows_by(&origin.resource, &origin.item));
        if scoped || covered(live, border, origin, trace).is_ok() {
            continue;
        }
        let error = Error::RowFlow {
            target: cargo.target.to_owned(),
            column: format!("{}/{}", origin.resource, origin.item),
            grade: trace.grade,
            path: trace.path.join(" → "),
            grant: live.iter().map(|grant| grant.id.as_str()).collect::<Vec<_>>().join(", "),
        };
        crossed.refusals.push(error.problem());
    }
}

/// Whether one of the grants carries an origin; else what the first of them says.
fn covered(live: &[&Grant], border: &Border, origin: &Origin, trace: &Trace) -> Result<(), Refusal> {
    let mut first = Ok(());
    for grant in live {
        match grant.covers(border, &origin.resource, &origin.item, trace.grade) {
            Ok(()) => return Ok(()),
            Err(refusal) => first = first.and(Err(refusal)),
        }
    }
    first
}

/// The way of an origin, for people: `3/07/001/0001/phone → insured.phone → …`.
pub(super) fn way(origin: &Origin, trace: &Trace) -> String {
    let mut stops = vec![format!("{}/{}", origin.resource, origin.item)];
    stops.extend(trace.path.iter().cloned());
    stops.join(" → ")
}
