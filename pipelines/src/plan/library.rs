//! Library tables as the pipelines that build them define them: columns, lineage and zone, across the whole project.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use catalog::resource::ItemType;
use catalog::zone::Zone;

use super::shape::{Shaper, Shapes};
use crate::error::Error;
use crate::flow::{Flow, Value};
use crate::project::{Pipeline, Project};
use crate::publish::{VALID_FROM, VALID_TO};
use crate::spec::pipeline::{LibraryMode, LibrarySpec};
use crate::spec::template::BusinessTime;

/// One library table.
#[derive(Debug, Clone)]
pub struct LibraryPlan {
    /// Name: `library.table`.
    pub table: String,
    /// Pipeline that builds it.
    pub pipeline: String,
    /// Zone it lies in.
    pub zone: Zone,
    /// Its columns.
    pub columns: Vec<(String, ItemType)>,
    /// Its lineage.
    pub flow: Flow,
    /// Resources behind it, counted through other libraries.
    pub resources: BTreeSet<String>,
    /// What makes a row of it unique; empty when nothing does.
    pub key: Vec<String>,
    /// How rows enter it.
    pub mode: LibraryMode,
}

/// Library plans of a project, each made once.
#[derive(Debug, Default)]
pub struct Libraries(BTreeMap<String, LibraryPlan>);

impl Libraries {
    /// A library table, planned from its pipeline when it is asked for first.
    pub async fn get(&mut self, project: &Project, table: &str, time: &BusinessTime) -> Result<LibraryPlan, Error> {
        if let Some(known) = self.0.get(table) {
            return Ok(known.clone());
        }
        let unknown = || Error::Sql { step: table.into(), detail: "no pipeline builds this library".into() };
        let (pipeline, spec) = project.builder_of(table).ok_or_else(unknown)?;
        let shapes = self.shapes(project, pipeline, time).await?;
        let library = describe(project, pipeline, spec, &shapes)?;
        self.0.insert(table.to_owned(), library.clone());
        Ok(library)
    }

    /// The relations of a pipeline, after the libraries it reads.
    pub fn shapes<'a>(
        &'a mut self,
        project: &'a Project,
        pipeline: &'a Pipeline,
        time: &'a BusinessTime,
    ) -> Pin<Box<dyn Future<Output = Result<Shapes, Error>> + Send + 'a>> {
        Box::pin(async move {
            for table in pipeline.spec.source.iter().filter_map(|source| source.library.as_ref()) {
                self.get(project, table, time).await?;
            }
            Shaper::new(project, pipeline, &self.0, time).all().await
        })
    }
}

fn describe(project: &Project, pipeline: &Pipeline, spec: &LibrarySpec, shapes: &Shapes) -> Result<LibraryPlan, Error> {
    let shape = shapes.get(&spec.from).ok_or_else(|| Error::Sql {
        step: spec.table.clone(),
        detail: format!("{} is no relation of pipeline {}", spec.from, pipeline.spec.pipeline.id),
    })?;
    let mut columns = shape.plan.columns.clone();
    let mut flow = shape.flow.clone();
    let mut key = spec.key.clone();
    if spec.mode == LibraryMode::History {
        let (data_type, value) = validity(spec, &columns, &flow);
        for name in [VALID_FROM, VALID_TO] {
            columns.push((name.to_owned(), data_type));
            flow.columns.push(value.clone());
        }
        key.push(VALID_FROM.to_owned());
    }
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let flow = flow.named(&spec.table, names.iter().map(String::as_str));
    Ok(LibraryPlan {
        table: spec.table.clone(),
        pipeline: pipeline.spec.pipeline.id.clone(),
        zone: spec.zone.clone().unwrap_or_else(|| project.spec.libraries.zone.clone()),
        columns,
        flow,
        resources: shape.behind.values().flatten().cloned().collect(),
        key,
        mode: spec.mode,
    })
}

/// Type and lineage of a history's validity columns: the version column's, or a date without one.
fn validity(spec: &LibrarySpec, columns: &[(String, ItemType)], flow: &Flow) -> (ItemType, Value) {
    let version = spec.version.as_ref().and_then(|version| columns.iter().position(|(name, _)| name == version));
    match version {
        Some(position) => {
            let mut value = flow.columns.get(position).cloned().unwrap_or_default();
            value.copy_of = None;
            (columns[position].1, value)
        }
        None => (ItemType::Date, Value::default()),
    }
}
