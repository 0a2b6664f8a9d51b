//! Who reads what a pipeline builds, directly or through others.

use std::collections::BTreeSet;

use serde::Serialize;

use super::nature::{self, Effect};
use crate::project::{Pipeline, Project};
use crate::spec::pipeline::PipelineSpec;

/// How what is rebuilt reaches a pipeline downstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Follows {
    /// It builds libraries that take rows of a backfill: it can be run for the same intervals.
    Backfill,
    /// It writes its libraries anew from what it reads: its own next run does so.
    Rewrites,
    /// It only supplies: its own next run sends what changed, once.
    Supplies,
}

/// A pipeline that reads what is rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Downstream {
    /// Pipeline id.
    pub pipeline: String,
    /// The library table it reads.
    pub table: String,
    /// Steps away, from 1.
    pub steps: usize,
    /// What becomes of it.
    pub follows: Follows,
    /// Zones and datasets it supplies.
    pub supplies: Vec<String>,
}

/// Everybody downstream of a pipeline, the nearest first, each once; of one distance in the order of files.
pub fn downstream(project: &Project, pipeline: &str) -> Vec<Downstream> {
    let mut found: Vec<Downstream> = Vec::new();
    let mut seen = BTreeSet::from([pipeline.to_owned()]);
    let mut layer = vec![pipeline.to_owned()];
    for steps in 1.. {
        let tables: Vec<&str> = layer
            .iter()
            .filter_map(|id| project.pipeline(id))
            .flat_map(|pipeline| &pipeline.spec.library)
            .map(|library| library.table.as_str())
            .collect();
        let readers = project.pipelines.iter().filter_map(|pipeline| {
            let table = tables.iter().find(|table| reads(pipeline, table))?;
            seen.insert(pipeline.spec.pipeline.id.clone()).then(|| Downstream {
                pipeline: pipeline.spec.pipeline.id.clone(),
                table: (*table).to_owned(),
                steps,
                follows: follows(&pipeline.spec),
                supplies: pipeline
                    .spec
                    .supply
                    .iter()
                    .map(|supply| format!("{}/{}", supply.to, supply.dataset))
                    .collect(),
            })
        });
        let readers: Vec<Downstream> = readers.collect();
        if readers.is_empty() {
            break;
        }
        layer = readers.iter().map(|reader| reader.pipeline.clone()).collect();
        found.extend(readers);
    }
    found
}

fn follows(spec: &PipelineSpec) -> Follows {
    let libraries = nature::targets(spec).into_iter().take(spec.library.len());
    let refused = libraries.filter(|target| target.effect == Effect::Refused).count();
    match spec.library.len() {
        0 => Follows::Supplies,
        all if all == refused => Follows::Rewrites,
        _ => Follows::Backfill,
    }
}

fn reads(pipeline: &Pipeline, table: &str) -> bool {
    let spec = &pipeline.spec;
    spec.source.iter().any(|source| source.library.as_deref() == Some(table))
        || spec.supply.iter().any(|supply| supply.from == table)
}
