//! The plan: spec + facts → a frozen value. It says everything a run will do and does none of it; `run` executes exactly
//! what it says, and `sluice plan` prints it.

mod check;
mod cross;
mod job;
mod library;
mod protect;
mod relations;
mod shape;

use std::collections::BTreeMap;

use catalog::grade::Grade;
use catalog::resource::ItemType;
use catalog::zone::Zone;
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;

use crate::error::Error;
use crate::flow::Traces;
use crate::problem::Problem;
use crate::project::{Pipeline, Project};
use crate::relation::RelationPlan;
use crate::report::ColumnProtection;
use crate::spec::pipeline::{DatasetFormat, DeletesSpec, LibraryMode, SampleSpec, SourceSpec, SupplyMode};
use crate::spec::template::BusinessTime;

pub use check::check;
pub use library::{Libraries, LibraryPlan};
pub use shape::Shape;

/// What a plan takes from outside the project folder.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Grants as the catalog holds them now.
    pub grants: BTreeMap<String, catalog::grant::Grant>,
    /// Committed cursor per target.
    pub cursors: BTreeMap<String, String>,
    /// The day grants are judged on.
    pub today: NaiveDate,
}

/// One occurrence of one pipeline, frozen.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Pipeline id.
    pub pipeline: String,
    /// Its title.
    pub title: String,
    /// Digest of its definition.
    pub definition: String,
    /// Digest of the policy.
    pub policy: String,
    /// What the occurrence covers.
    pub occurrence: Covered,
    /// The next occurrences of the schedule, if there is one.
    pub next: Vec<Covered>,
    /// What is read.
    pub sources: Vec<SourcePlan>,
    /// The relations, inputs before users.
    pub relations: Vec<RelationPlan>,
    /// The jobs, builds before supplies.
    pub jobs: Vec<JobPlan>,
}

/// What an occurrence covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// Key of the occurrence in the ledger.
    pub key: String,
    /// Business date: the day the interval begins on.
    pub business_date: NaiveDate,
    /// Last business date it covers: later than the first where ticks were left out in between.
    pub last_business_date: NaiveDate,
    /// Start of the half-open interval, RFC 3339.
    pub from: String,
    /// End of the half-open interval, RFC 3339.
    pub to: String,
    /// The same as times, for templates.
    #[serde(skip)]
    pub time: BusinessTime,
}

impl Covered {
    /// The interval that ends at a tick, or the whole business day without a schedule; `business_dates` are the first
    /// and the last it covers.
    pub fn new(key: String, business_dates: (NaiveDate, NaiveDate), from: DateTime<Tz>, to: DateTime<Tz>) -> Self {
        let (business_date, last_business_date) = business_dates;
        Self {
            key,
            business_date,
            last_business_date,
            from: from.to_rfc3339(),
            to: to.to_rfc3339(),
            time: BusinessTime { biz_date: business_date, interval_start: from, interval_end: to },
        }
    }
}

/// One source of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct SourcePlan {
    /// Name in the pipeline file.
    pub name: String,
    /// Connection, or none for a library.
    pub connection: Option<String>,
    /// Zone it lies in.
    pub zone: Zone,
    /// Resource code, or none for a library.
    pub resource: Option<String>,
    /// What is read: a file pattern with its dates filled in, a table, or a library.
    pub reads: String,
    /// Items that may be missing from the source (they become null).
    pub optional: Vec<String>,
    /// The definition it came from.
    #[serde(skip)]
    pub spec: SourceSpec,
}

/// What a job does with its rows.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// Builds a library table.
    Build {
        /// Library table.
        table: String,
        /// How rows enter it.
        mode: LibraryMode,
        /// Key columns.
        key: Vec<String>,
        /// Column that orders versions.
        version: Option<String>,
        /// How rows leave it.
        deletes: Option<DeletesSpec>,
        /// Partition columns.
        partition_by: Vec<String>,
        /// Where the key columns stand unchanged in a source: `source` and its columns, in the key's order. Then a
        /// quarantined row's key is known, and its absence from the clean rows deletes nothing.
        held_by: Option<(String, Vec<String>)>,
    },
    /// Supplies a dataset.
    Supply {
        /// Library it reads, or none when it reads a relation.
        library: Option<String>,
        /// Connection that holds the dataset.
        connection: String,
        /// Name of the dataset.
        dataset: String,
        /// Its form.
        format: DatasetFormat,
        /// What is sent.
        mode: SupplyMode,
        /// Condition on the rows.
        filter: Option<String>,
        /// Key of the library, for differences.
        key: Vec<String>,
        /// Sampling.
        sample: Option<SampleSpec>,
    },
}

/// One job of a plan: one target.
#[derive(Debug, Clone, Serialize)]
pub struct JobPlan {
    /// `library:a.b` or `supply:scenario:x/dataset`.
    pub target: String,
    /// What it does.
    pub kind: JobKind,
    /// Relation it starts from (a library's name for a supply from one).
    pub from: String,
    /// Relations it runs, in order.
    pub relations: Vec<String>,
    /// Zone the target lies in.
    pub zone: Zone,
    /// Borders its rows cross, each with the resources behind it and the grants named for it.
    pub crossings: Vec<Crossing>,
    /// Columns of the target.
    pub columns: Vec<OutputColumn>,
    /// What decides which rows there are.
    pub rows: Vec<RowFlow>,
    /// Folder of the target.
    pub location: String,
    /// Committed cursor.
    pub cursor: Option<String>,
    /// Why the gate refuses it; empty when it may run.
    pub refusals: Vec<Problem>,
}

impl JobPlan {
    /// Whether it supplies (else it builds).
    pub fn is_supply(&self) -> bool {
        matches!(self.kind, JobKind::Supply { .. })
    }

    /// Protections of all columns, for reports.
    pub fn protections(&self) -> Vec<ColumnProtection> {
        self.columns
            .iter()
            .map(|column| ColumnProtection {
                column: column.name.clone(),
                grade: column.grade,
                protection: column.protection.to_string(),
                demanded_by: column.demanded_by.into(),
            })
            .collect()
    }

    /// Grants named for its crossings, each once.
    pub fn grants(&self) -> Vec<String> {
        let mut grants: Vec<String> = self.crossings.iter().flat_map(|crossing| crossing.grants.clone()).collect();
        grants.sort();
        grants.dedup();
        grants
    }
}

/// One border that rows of a job cross.
#[derive(Debug, Clone, Serialize)]
pub struct Crossing {
    /// Zone left.
    pub from: Zone,
    /// Zone entered.
    pub to: Zone,
    /// Resources behind it, counted through libraries.
    pub resources: Vec<String>,
    /// Grants named for it.
    pub grants: Vec<String>,
}

/// One column of a target.
#[derive(Debug, Clone, Serialize)]
pub struct OutputColumn {
    /// Name.
    pub name: String,
    /// Type before protection.
    #[serde(rename = "type")]
    pub data_type: ItemType,
    /// Highest grade that flows into it.
    pub grade: Grade,
    /// The way of each origin: `resource/item → …`.
    pub paths: Vec<String>,
    /// Protection the planner inserted.
    pub protection: ProtectionPlan,
    /// `policy`, `grant`, `pipeline`, or `none` where nothing is crossed.
    pub demanded_by: &'static str,
}

/// A protection with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtectionPlan {
    /// As is.
    None,
    /// Partial mask of an element (a standard's id, `name`, `address` or `generic`).
    Mask(String),
    /// Keyed pseudonym under the target's scenario.
    Pseudonym,
    /// Multiple of a step at or below.
    Step(i64),
    /// A level of dates or area codes.
    Level(crate::spec::pipeline::GeneraliseLevel),
    /// Encrypted under a data key of the file.
    Encrypt,
    /// Always missing.
    Suppress,
}

impl std::fmt::Display for ProtectionPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Mask(element) => write!(f, "mask:{element}"),
            Self::Pseudonym => f.write_str("pseudonym"),
            Self::Step(step) => write!(f, "generalise:{step}"),
            Self::Level(level) => write!(f, "generalise:{}", format!("{level:?}").to_lowercase()),
            Self::Encrypt => f.write_str("encrypt"),
            Self::Suppress => f.write_str("suppress"),
        }
    }
}

/// One column that decides which rows there are.
#[derive(Debug, Clone, Serialize)]
pub struct RowFlow {
    /// Resource code and item.
    pub column: String,
    /// Its grade.
    pub grade: Grade,
    /// Where it decides.
    pub path: String,
}

fn row_flows(rows: &Traces) -> Vec<RowFlow> {
    rows.iter()
        .map(|(origin, trace)| RowFlow {
            column: format!("{}/{}", origin.resource, origin.item),
            grade: trace.grade,
            path: trace.path.join(" → "),
        })
        .collect()
}

/// Plans one pipeline for one occurrence. What the gate refuses is planned with its refusals; what cannot be planned at
/// all is an error.
pub async fn plan(
    project: &Project,
    facts: &Facts,
    libraries: &mut Libraries,
    pipeline: &Pipeline,
    occurrence: Covered,
    next: Vec<Covered>,
) -> Result<Plan, Error> {
    let shapes = libraries.shapes(project, pipeline, &occurrence.time).await?;
    let mut jobs = Vec::new();
    for library in &pipeline.spec.library {
        jobs.push(job::build(project, facts, pipeline, library, &shapes)?);
    }
    for supply in &pipeline.spec.supply {
        jobs.push(job::supply(project, facts, libraries, pipeline, supply, &shapes, &occurrence.time).await?);
    }
    Ok(Plan {
        pipeline: pipeline.spec.pipeline.id.clone(),
        title: pipeline.spec.pipeline.title.clone(),
        definition: pipeline.digest.clone(),
        policy: project.policy.digest()?,
        occurrence,
        next,
        sources: shapes.sources.clone(),
        relations: shapes.relations(),
        jobs,
    })
}
