//! Which protection a column gets: what policy and grant demand, or something stronger that the pipeline asks for.

use catalog::grade::Grade;
use catalog::grant::{Grant, GrantKind};
use catalog::policy::{Decision, Protection};
use catalog::resource::{Item, ItemType};

use super::cross::way;
use super::{Crossing, OutputColumn, ProtectionPlan};
use crate::error::Error;
use crate::flow::Value;
use crate::problem::Problem;
use crate::project::Project;
use crate::spec::pipeline::{GeneraliseLevel, GeneraliseTo, ProtectSpec};

/// One column on its way into another zone.
pub(super) struct Passenger<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub data_type: ItemType,
    /// Its lineage.
    pub value: &'a Value,
    /// What the pipeline asks for.
    pub asked: Option<&'a ProtectSpec>,
    /// Whether equal values must stay equal (a table kept by key compares contents).
    pub comparable: bool,
}

/// The column with its protection; refusals are added where none will do.
pub(super) fn protect(
    project: &Project,
    crossings: &[Crossing],
    grants: &[Grant],
    column: &Passenger<'_>,
    refusals: &mut Vec<Problem>,
) -> OutputColumn {
    let grade = column.value.grade();
    let (protection, demanded_by) = match choose(project, crossings, grants, column, grade) {
        Ok(chosen) => chosen,
        Err(error) => {
            refusals.push(error.problem());
            (ProtectionPlan::Suppress, "policy")
        }
    };
    OutputColumn {
        name: column.name.to_owned(),
        data_type: column.data_type,
        grade,
        paths: column.value.traces.iter().map(|(origin, trace)| way(origin, trace)).collect(),
        protection,
        demanded_by,
    }
}

fn choose(
    project: &Project,
    crossings: &[Crossing],
    grants: &[Grant],
    column: &Passenger<'_>,
    grade: Grade,
) -> Result<(ProtectionPlan, &'static str), Error> {
    if crossings.is_empty() {
        return Ok((ProtectionPlan::None, "none"));
    }
    let mut acceptable = acceptable(project, crossings, column, grade)?;
    if column.comparable {
        acceptable.retain(|protection| *protection != Protection::Encrypt);
    }
    let demanded = demanded(grants, column);
    let asked = column.asked.map(|spec| match spec {
        ProtectSpec::Named(named) => *named,
        ProtectSpec::Generalise(_) => Protection::Generalise,
    });
    let weak = |asked: Protection, by: &str, acceptable: &[Protection]| Error::TooWeak {
        column: column.name.to_owned(),
        grade,
        path: paths(column),
        asked: asked.to_string(),
        demanded_by: by.to_owned(),
        acceptable: acceptable.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let strong_enough: Vec<Protection> = acceptable
        .iter()
        .copied()
        .filter(|one| demanded.is_none_or(|least| strength(*one) >= strength(least)))
        .collect();
    let by_policy = strong_enough.first().copied();
    let (protection, by) = match (asked, demanded, by_policy) {
        (Some(asked), _, _) if !acceptable.contains(&asked) => return Err(weak(asked, "policy", &acceptable)),
        (Some(asked), _, _) if !strong_enough.contains(&asked) => return Err(weak(asked, "grant", &strong_enough)),
        (Some(asked), ..) => (asked, "pipeline"),
        (None, Some(least), Some(first)) => {
            let exact = if strong_enough.contains(&least) { least } else { first };
            (exact, "grant")
        }
        (None, None, Some(first)) => (first, "policy"),
        (None, ..) => return Err(weak(Protection::None, "policy", &acceptable)),
    };
    Ok((detail(project, column, protection)?, if protection == Protection::None { "none" } else { by }))
}

/// What every zone on the way accepts, in the order of the last one's preference.
fn acceptable(
    project: &Project,
    crossings: &[Crossing],
    column: &Passenger<'_>,
    grade: Grade,
) -> Result<Vec<Protection>, Error> {
    let mut acceptable: Option<Vec<Protection>> = None;
    for crossing in crossings.iter().rev() {
        match project.policy.decide(grade, &crossing.to) {
            Decision::Deny { reason } => {
                return Err(Error::PolicyDenies {
                    column: column.name.to_owned(),
                    grade,
                    path: paths(column),
                    zone: crossing.to.to_string(),
                    reason,
                });
            }
            Decision::Allow { protections } => match &mut acceptable {
                None => acceptable = Some(protections),
                Some(all) => all.retain(|one| protections.contains(one)),
            },
        }
    }
    Ok(acceptable.unwrap_or_default())
}

/// The strongest protection a grant demands for a field that flows into the column; for training at least a mask.
fn demanded(grants: &[Grant], column: &Passenger<'_>) -> Option<Protection> {
    let fields = column.value.traces.keys().map(|origin| origin.item.as_str());
    let by_field = fields.flat_map(|field| grants.iter().filter_map(move |grant| grant.protect.get(field).copied()));
    let training = grants.iter().any(|grant| grant.kind == GrantKind::Training);
    let mask = (training && column.value.grade() > Grade::L1).then_some(Protection::Mask);
    by_field.chain(mask).max_by_key(|protection| strength(*protection))
}

/// Order of strength, weakest first.
fn strength(protection: Protection) -> u8 {
    match protection {
        Protection::None => 0,
        Protection::Mask => 1,
        Protection::Generalise => 2,
        Protection::Pseudonym => 3,
        Protection::Encrypt => 4,
        Protection::Suppress => 5,
    }
}

fn detail(project: &Project, column: &Passenger<'_>, protection: Protection) -> Result<ProtectionPlan, Error> {
    Ok(match protection {
        Protection::None => ProtectionPlan::None,
        Protection::Mask => ProtectionPlan::Mask(element(project, column.value)),
        Protection::Pseudonym => ProtectionPlan::Pseudonym,
        Protection::Encrypt => ProtectionPlan::Encrypt,
        Protection::Suppress => ProtectionPlan::Suppress,
        Protection::Generalise => generalise(project, column)?,
    })
}

fn generalise(project: &Project, column: &Passenger<'_>) -> Result<ProtectionPlan, Error> {
    if let Some(ProtectSpec::Generalise(spec)) = column.asked {
        return Ok(match spec.generalise {
            GeneraliseTo::Step(step) => ProtectionPlan::Step(step),
            GeneraliseTo::Level(level) => ProtectionPlan::Level(level),
        });
    }
    match column.data_type {
        ItemType::Date | ItemType::Timestamp => Ok(ProtectionPlan::Level(GeneraliseLevel::Year)),
        ItemType::Text if element(project, column.value) == "area_code" => {
            Ok(ProtectionPlan::Level(GeneraliseLevel::City))
        }
        _ => Err(Error::GeneraliseToWhat { column: column.name.to_owned() }),
    }
}

/// What kind of value it is, for masks: that of the item it is a copy of.
fn element(project: &Project, value: &Value) -> String {
    let item = value.copy_of.as_ref().and_then(|origin| project.resources.get(&origin.resource)?.item(&origin.item));
    item.and_then(kind_of).unwrap_or("generic").to_owned()
}

/// The shape of mask an item takes; where no standard says, by the words of its name and title.
fn kind_of(item: &Item) -> Option<&str> {
    let says = |words: &[&str]| words.iter().any(|word| item.title.contains(word) || item.name.contains(word));
    match &item.standard {
        Some(standard) => Some(standard),
        None if says(&["姓名", "代表人", "person_name"]) || item.name == "name" => Some("name"),
        None if says(&["地址", "住址", "address"]) => Some("address"),
        None => None,
    }
}

fn paths(column: &Passenger<'_>) -> String {
    let all: Vec<String> = column.value.traces.iter().map(|(origin, trace)| way(origin, trace)).collect();
    if all.is_empty() { "—".to_owned() } else { all.join("; ") }
}
