//! One job of a plan: a library table to build, or a dataset to supply.

use catalog::grant::GrantKind;
use catalog::resource::ItemType;

use super::cross::{Cargo, Crossed, check};
use super::protect::{Passenger, protect};
use super::shape::{Behind, Shapes};
use super::{Facts, JobKind, JobPlan, Libraries, LibraryPlan, OutputColumn, row_flows};
use crate::error::Error;
use crate::flow::{self, Flow};
use crate::project::{Pipeline, Project};
use crate::relation::{Query, query};
use crate::spec::pipeline::{LibraryMode, LibrarySpec, SupplyMode, SupplySpec};
use crate::spec::template::{self, BusinessTime};
use crate::types;

pub(super) fn build(
    project: &Project,
    facts: &Facts,
    pipeline: &Pipeline,
    library: &LibrarySpec,
    shapes: &Shapes,
) -> Result<JobPlan, Error> {
    let target = format!("library:{}", library.table);
    let shape = shapes.get(&library.from).ok_or_else(|| unknown_relation(&target, &library.from, pipeline))?;
    let zone = library.zone.clone().unwrap_or_else(|| project.spec.libraries.zone.clone());
    let names: Vec<&str> = shape.plan.columns.iter().map(|(name, _)| name.as_str()).collect();
    for column in library.key.iter().chain(&library.version).chain(&library.partition_by) {
        known(&target, column, &names)?;
    }
    let cargo = Cargo {
        target: &target,
        behind: &shape.behind,
        to: &zone,
        grants: library.grant.iter().collect(),
        purpose: None,
        columns: names.iter().copied().zip(&shape.flow.columns).collect(),
        rows: &shape.flow.rows,
    };
    let mut crossed = check(project, facts, &cargo);
    let comparable = matches!(library.mode, LibraryMode::Merge | LibraryMode::History);
    let columns = passengers(project, &mut crossed, &shape.plan.columns, &shape.flow, |_| None, comparable);
    let chain = shapes.chain(&library.from);
    Ok(JobPlan {
        kind: JobKind::Build {
            table: library.table.clone(),
            mode: library.mode,
            key: library.key.clone(),
            version: library.version.clone(),
            deletes: library.deletes.clone(),
            partition_by: library.partition_by.clone(),
            held_by: held_by(library, shapes, &chain),
        },
        from: library.from.clone(),
        relations: chain,
        zone,
        columns,
        rows: row_flows(&shape.flow.rows),
        location: format!("{}/{}", project.spec.libraries.path, library.table.replace('.', "/")),
        cursor: facts.cursors.get(&target).cloned(),
        crossings: crossed.crossings,
        refusals: crossed.refusals,
        target,
    })
}

/// The source whose columns the key columns are copies of, when it is one source.
fn held_by(library: &LibrarySpec, shapes: &Shapes, chain: &[String]) -> Option<(String, Vec<String>)> {
    let shape = shapes.get(&library.from)?;
    let mut source: Option<String> = None;
    let mut columns = Vec::new();
    for key in &library.key {
        let position = shape.plan.columns.iter().position(|(name, _)| name == key)?;
        let origin = shape.flow.columns.get(position)?.copy_of.as_ref()?;
        let from = shapes
            .sources
            .iter()
            .find(|from| chain.contains(&from.name) && from.resource.as_deref() == Some(origin.resource.as_str()))?;
        if source.get_or_insert_with(|| from.name.clone()) != &from.name {
            return None;
        }
        columns.push(origin.item.clone());
    }
    source.map(|source| (source, columns))
}

pub(super) async fn supply(
    project: &Project,
    facts: &Facts,
    libraries: &mut Libraries,
    pipeline: &Pipeline,
    supply: &SupplySpec,
    shapes: &Shapes,
    time: &BusinessTime,
) -> Result<JobPlan, Error> {
    let target = format!("supply:{}/{}", supply.to, supply.dataset);
    let origin = Origin::of(project, libraries, pipeline, supply, shapes, time).await?;
    let names: Vec<&str> = origin.columns.iter().map(|(name, _)| name.as_str()).collect();
    for column in supply.select.iter().chain(supply.protect.keys()) {
        known(&target, column, &names)?;
    }
    let filter = fill(&target, supply.filter.as_ref(), time)?;
    let flow = selected(&target, &origin, supply, filter.as_deref()).await?;
    let columns: Vec<(String, ItemType)> = supply
        .select
        .iter()
        .filter_map(|name| origin.columns.iter().find(|(known, _)| known == name).cloned())
        .collect();
    let cargo = Cargo {
        target: &target,
        behind: &origin.behind,
        to: &supply.to,
        grants: supply.grant.iter().collect(),
        purpose: supply.purpose.as_deref(),
        columns: supply.select.iter().map(String::as_str).zip(&flow.columns).collect(),
        rows: &flow.rows,
    };
    let mut crossed = check(project, facts, &cargo);
    let columns = passengers(project, &mut crossed, &columns, &flow, |name| supply.protect.get(name), false);
    training(&target, supply, &columns, &mut crossed);
    changes_need_key(&target, supply, &origin, &mut crossed);
    let (connection, root) = project.supply_connection(supply).ok_or_else(|| Error::Sql {
        step: target.clone(),
        detail: format!("no connection of zone {} is there to hold it", supply.to),
    })?;
    Ok(JobPlan {
        kind: JobKind::Supply {
            library: origin.library.as_ref().map(|library| library.table.clone()),
            connection: connection.to_owned(),
            dataset: supply.dataset.clone(),
            format: supply.format,
            mode: supply.mode,
            filter,
            key: origin.library.map(|library| library.key).unwrap_or_default(),
            sample: supply.sample.clone(),
        },
        from: supply.from.clone(),
        relations: if shapes.get(&supply.from).is_some() { shapes.chain(&supply.from) } else { Vec::new() },
        zone: supply.to.clone(),
        columns,
        rows: row_flows(&flow.rows),
        location: format!("{}/{}", root.path, supply.dataset),
        cursor: facts.cursors.get(&target).cloned(),
        crossings: crossed.crossings,
        refusals: crossed.refusals,
        target,
    })
}

/// What a supply starts from: a library of the project, or a relation of its own pipeline.
struct Origin {
    library: Option<LibraryPlan>,
    columns: Vec<(String, ItemType)>,
    flow: Flow,
    behind: Behind,
}

impl Origin {
    async fn of(
        project: &Project,
        libraries: &mut Libraries,
        pipeline: &Pipeline,
        supply: &SupplySpec,
        shapes: &Shapes,
        time: &BusinessTime,
    ) -> Result<Self, Error> {
        if let Some(shape) = shapes.get(&supply.from) {
            return Ok(Self {
                library: None,
                columns: shape.plan.columns.clone(),
                flow: shape.flow.clone(),
                behind: shape.behind.clone(),
            });
        }
        if project.builder_of(&supply.from).is_none() {
            return Err(unknown_relation(&supply.dataset, &supply.from, pipeline));
        }
        let library = libraries.get(project, &supply.from, time).await?;
        Ok(Self {
            columns: library.columns.clone(),
            flow: library.flow.clone(),
            behind: Behind::from([(library.zone.clone(), library.resources.clone())]),
            library: Some(library),
        })
    }
}

/// Lineage after the supply's condition and selection.
async fn selected(target: &str, origin: &Origin, supply: &SupplySpec, filter: Option<&str>) -> Result<Flow, Error> {
    let wrong = |error| Error::planning(target, &error);
    let context = datafusion::prelude::SessionContext::new();
    let mut flows = std::collections::BTreeMap::new();
    let mut table = String::from("·from");
    let empty = || std::sync::Arc::new(datafusion::datasource::empty::EmptyTable::new(types::schema(&origin.columns)));
    let register = |name: &str| {
        context.register_table(datafusion::common::TableReference::bare(name), empty()).map(|_| ()).map_err(wrong)
    };
    register(&table)?;
    flows.insert(table.clone(), origin.flow.clone());
    let derive =
        |plan: &_, flows: &_| flow::derive(plan, flows).map_err(|refused| super::shape::refusal(target, refused));
    if let Some(condition) = filter {
        let plan = query::build(&context, &Query::Filter { condition: condition.to_owned() }, Some(&table))
            .await
            .map_err(wrong)?;
        context.state().optimize(&plan).map_err(wrong)?;
        let filtered = derive(&plan, &flows)?;
        table = "·filtered".into();
        register(&table)?;
        flows.insert(table.clone(), filtered);
    }
    let select = Query::Select { columns: supply.select.clone() };
    let plan = query::build(&context, &select, Some(&table)).await.map_err(wrong)?;
    derive(&plan, &flows)
}

fn passengers<'a>(
    project: &Project,
    crossed: &mut Crossed,
    columns: &[(String, ItemType)],
    flow: &Flow,
    asked: impl Fn(&str) -> Option<&'a crate::spec::pipeline::ProtectSpec>,
    comparable: bool,
) -> Vec<OutputColumn> {
    let mut refusals = Vec::new();
    let protected = columns
        .iter()
        .zip(&flow.columns)
        .map(|((name, data_type), value)| {
            let passenger = Passenger { name, data_type: *data_type, value, asked: asked(name), comparable };
            protect(project, &crossed.crossings, &crossed.grants, &passenger, &mut refusals)
        })
        .collect();
    crossed.refusals.extend(refusals);
    protected
}

fn training(target: &str, supply: &SupplySpec, columns: &[OutputColumn], crossed: &mut Crossed) {
    for grant in crossed.grants.iter().filter(|grant| grant.kind == GrantKind::Training) {
        let most = grant.sample.as_ref().map_or(0.0, |demand| demand.max_rate.as_f64());
        if supply.sample.as_ref().is_none_or(|sample| sample.rate > most) {
            let error = Error::TrainingSample {
                grant: grant.id.clone(),
                target: target.to_owned(),
                max_rate: most.to_string(),
            };
            crossed.refusals.push(error.problem());
        }
        for column in columns.iter().filter(|column| {
            column.grade > catalog::grade::Grade::L1 && column.protection == super::ProtectionPlan::None
        }) {
            let error =
                Error::TrainingMask { grant: grant.id.clone(), column: column.name.clone(), grade: column.grade };
            crossed.refusals.push(error.problem());
        }
    }
}

fn changes_need_key(target: &str, supply: &SupplySpec, origin: &Origin, crossed: &mut Crossed) {
    if supply.mode != SupplyMode::Changes {
        return;
    }
    let key = origin.library.as_ref().map(|library| library.key.clone()).unwrap_or_default();
    if key.is_empty() || !key.iter().all(|column| supply.select.contains(column)) {
        let error = Error::ChangesNeedKey { target: target.to_owned(), key: key.join(", ") };
        crossed.refusals.push(error.problem());
    }
}

fn fill(target: &str, text: Option<&String>, time: &BusinessTime) -> Result<Option<String>, Error> {
    text.map(|text| template::render(text, time))
        .transpose()
        .map_err(|error| Error::Template { step: target.to_owned(), detail: error.to_string() })
}

fn known(relation: &str, column: &str, names: &[&str]) -> Result<(), Error> {
    if names.contains(&column) {
        return Ok(());
    }
    Err(Error::UnknownColumn { relation: relation.into(), column: column.into(), known: names.join(", ") })
}

fn unknown_relation(target: &str, from: &str, pipeline: &Pipeline) -> Error {
    let id = &pipeline.spec.pipeline.id;
    Error::Sql { step: target.into(), detail: format!("{from} is neither a library nor a relation of pipeline {id}") }
}
