//! Every error of planning and running, with its code. None holds a value of any row.

use std::path::Path;

use catalog::grade::Grade;
use datafusion::error::DataFusionError;
use serde::Serialize;

use crate::problem::Problem;

/// What can go wrong between a checked project and a published target.
#[derive(Debug, Clone, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum Error {
    /// A file or folder of the project's state cannot be used.
    #[error("cannot {action} {path}: {kind}; check that the folder exists and may be written")]
    #[serde(rename = "P201")]
    State {
        /// `create`, `read`, `write`, …
        action: String,
        /// The path.
        path: String,
        /// What the system says, without data.
        kind: String,
    },
    /// A step failed while rows flowed through it.
    #[error(
        "step {step} failed while computing ({kind}); look for a cast, a division or an overflow in it and guard it with a check"
    )]
    #[serde(rename = "P202")]
    Engine {
        /// Step, empty outside one.
        step: String,
        /// Kind of failure, without data.
        kind: String,
    },
    /// The calendar of a schedule does not know a year.
    #[error(
        "calendar “{calendar}” does not know the year {year}; add calendars/{calendar}-{year}.toml, or choose another business date"
    )]
    #[serde(rename = "P630")]
    Unpublished {
        /// Name of the calendar.
        calendar: String,
        /// The year.
        year: i32,
    },
    /// SQL of a definition does not plan.
    #[error("the SQL of step {step} does not plan: {detail}")]
    #[serde(rename = "P203")]
    Sql {
        /// Step.
        step: String,
        /// What the planner says about the definition.
        detail: String,
    },
    /// SQL uses something that is not on the list.
    #[error(
        "step {step} uses the {kind} {name}, which is not on the list of what SQL may use here; write it another way"
    )]
    #[serde(rename = "P204")]
    NotAllowed {
        /// Step.
        step: String,
        /// `node`, `expression` or `function`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// LIMIT without ORDER BY.
    #[error(
        "step {step} has a LIMIT without an ORDER BY, so chance would decide which rows stay; add an ORDER BY or use sample"
    )]
    #[serde(rename = "P205")]
    LimitWithoutOrder {
        /// Step.
        step: String,
    },
    /// A required item is not in the source.
    #[error(
        "source {from} has no column {column}, which resource {resource} requires; ask the provider, or map it with rename"
    )]
    #[serde(rename = "P206")]
    MissingColumn {
        /// Source.
        from: String,
        /// Column.
        column: String,
        /// Resource code.
        resource: String,
    },
    /// A source had no rows and must have some.
    #[error("source {from} is empty; nothing was published. If empty is fine, set on_empty = \"accept\"")]
    #[serde(rename = "P207")]
    EmptySource {
        /// Source.
        from: String,
    },
    /// Rows went missing between two counts.
    #[error(
        "step {step} does not balance: {read} rows in, {accounted} accounted for; nothing was published. Please report this"
    )]
    #[serde(rename = "P208")]
    Unbalanced {
        /// Step.
        step: String,
        /// Rows in.
        read: u64,
        /// Rows accounted for.
        accounted: u64,
    },
    /// A column is not in a relation.
    #[error("there is no column {column} in {relation}; it has {known}")]
    #[serde(rename = "P209")]
    UnknownColumn {
        /// Relation.
        relation: String,
        /// Column.
        column: String,
        /// The columns there are.
        known: String,
    },
    /// Two columns of a relation have one name.
    #[error("step {step} has two columns named {column}; give one of them another name")]
    #[serde(rename = "P210")]
    TwoColumns {
        /// Step.
        step: String,
        /// Name.
        column: String,
    },
    /// A type that tables cannot hold.
    #[error("column {column} of step {step} has a type that tables cannot hold ({kind}); cast it")]
    #[serde(rename = "P211")]
    BadType {
        /// Step.
        step: String,
        /// Column.
        column: String,
        /// The type.
        kind: String,
    },
    /// No such pipeline.
    #[error("there is no pipeline {pipeline}; the project has {known}")]
    #[serde(rename = "P212")]
    UnknownPipeline {
        /// Id asked for.
        pipeline: String,
        /// Ids there are.
        known: String,
    },
    /// A rule cannot be applied to its column.
    #[error("rule {rule} of step {step} does not fit column {column}: {detail}")]
    #[serde(rename = "P213")]
    BadRule {
        /// Step.
        step: String,
        /// Rule.
        rule: String,
        /// Column.
        column: String,
        /// Why.
        detail: String,
    },
    /// A template of a definition cannot be rendered.
    #[error("the template in {step} cannot be filled in: {detail}")]
    #[serde(rename = "P214")]
    Template {
        /// Where it stands.
        step: String,
        /// Why.
        detail: String,
    },
    /// The library's table has other columns than the definition.
    #[error(
        "library {table} has other columns than its definition gives now ({columns}); build it under a new name or migrate the table first"
    )]
    #[serde(rename = "P215")]
    SchemaChanged {
        /// Library table.
        table: String,
        /// The columns that differ.
        columns: String,
    },
    /// The table a supply reads was not built yet.
    #[error("library {table} has not been built yet; run its pipeline {pipeline} first")]
    #[serde(rename = "P216")]
    NotBuilt {
        /// Library table.
        table: String,
        /// Pipeline that builds it.
        pipeline: String,
    },
    /// What is on disk is not what the ledger recorded.
    #[error(
        "the stage of {target} is damaged or was changed ({path}); nothing was published. Restore it or start the occurrence again after `sluice audit verify`"
    )]
    #[serde(rename = "P217")]
    StageDamaged {
        /// Target.
        target: String,
        /// File below the stage.
        path: String,
    },
    /// A key that is needed is not there.
    #[error("key {key} is not in the key registry or was destroyed; what it protects cannot be read or written")]
    #[serde(rename = "P218")]
    NoKey {
        /// Key id.
        key: String,
    },
    /// The root key is missing or malformed.
    #[error("the root key {name} is not 64 hexadecimal digits; set it as SLUICE_SECRET_… or a file under secrets/")]
    #[serde(rename = "P219")]
    RootKey {
        /// Name of the secret, or of the key file.
        name: String,
    },
    /// A secret is not set.
    #[error("secret {name} is not set; set it in the environment or as a file under secrets/")]
    #[serde(rename = "P220")]
    NoSecret {
        /// Name.
        name: String,
    },

    /// Too many rows were quarantined.
    #[error(
        "{quarantined} of {read} rows were quarantined, above the bound {bound}; nothing was published. See the reasons above, then correct the source or the bound"
    )]
    #[serde(rename = "P301")]
    QuarantineGate {
        /// Rows quarantined.
        quarantined: u64,
        /// Rows read.
        read: u64,
        /// The bound that was exceeded.
        bound: String,
    },
    /// A rule that must hold failed.
    #[error(
        "rule {rule} on {column} of {step} failed for {rows} rows and is set to fail the run; nothing was published"
    )]
    #[serde(rename = "P302")]
    RuleGate {
        /// Rule.
        rule: String,
        /// Step.
        step: String,
        /// Column.
        column: String,
        /// Rows.
        rows: u64,
    },
    /// The number of rows is off.
    #[error("{step} has {rows} rows, expected {expected}; nothing was published")]
    #[serde(rename = "P303")]
    RowCountGate {
        /// Step.
        step: String,
        /// Rows there are.
        rows: u64,
        /// What was expected.
        expected: String,
    },

    /// No grant is named for a border.
    #[error(
        "{target} crosses {border} with {resources} and names no grant for it; nothing leaves without one. Name a live grant in `grant`"
    )]
    #[serde(rename = "P401")]
    NoGrant {
        /// Target.
        target: String,
        /// Border.
        border: String,
        /// Resources behind it.
        resources: String,
    },
    /// Policy lets a column of this grade not enter.
    #[error("column {column} ({grade}, from {path}) may not enter {zone}: {reason}; leave it out")]
    #[serde(rename = "P402")]
    PolicyDenies {
        /// Column.
        column: String,
        /// Its grade.
        grade: Grade,
        /// Where it comes from.
        path: String,
        /// Zone.
        zone: String,
        /// The policy's reason.
        reason: String,
    },
    /// A protection weaker than what is demanded.
    #[error(
        "column {column} ({grade}, from {path}) asks for {asked} but {demanded_by} demands one of {acceptable}; a pipeline may strengthen protection, never weaken it"
    )]
    #[serde(rename = "P403")]
    TooWeak {
        /// Column.
        column: String,
        /// Its grade.
        grade: Grade,
        /// Where it comes from.
        path: String,
        /// Protection asked for.
        asked: String,
        /// `policy` or `grant`.
        demanded_by: String,
        /// What would do.
        acceptable: String,
    },
    /// Rows were chosen by a column above the ceiling or outside the grant.
    #[error(
        "rows of {target} are chosen by {column} ({grade}, {path}), which grant {grant} does not carry and whose row scope does not name it; drop the condition or apply for it as a row field"
    )]
    #[serde(rename = "P404")]
    RowFlow {
        /// Target.
        target: String,
        /// Resource and item.
        column: String,
        /// Its grade.
        grade: Grade,
        /// Where it decides on rows.
        path: String,
        /// Grant.
        grant: String,
    },
    /// A resource that must not be authorised.
    #[error(
        "resource {resource} is flagged as not authorisable ({basis}) and never leaves the platform; {target} must do without it"
    )]
    #[serde(rename = "P405")]
    NotAuthorisable {
        /// Target.
        target: String,
        /// Resource code.
        resource: String,
        /// Policy basis.
        basis: String,
    },
    /// A training supply without the sampling its grant demands.
    #[error("grant {grant} is for training: {target} must set `sample` with a rate of at most {max_rate}")]
    #[serde(rename = "P406")]
    TrainingSample {
        /// Grant.
        grant: String,
        /// Target.
        target: String,
        /// Largest rate.
        max_rate: String,
    },
    /// A column of a training supply that is not masked.
    #[error("grant {grant} is for training: column {column} ({grade}) must be masked or protected otherwise")]
    #[serde(rename = "P407")]
    TrainingMask {
        /// Grant.
        grant: String,
        /// Column.
        column: String,
        /// Its grade.
        grade: Grade,
    },
    /// The purpose is not one the grant was given for.
    #[error("purpose “{purpose}” of {target} is not one that grant {grant} was given for")]
    #[serde(rename = "P408")]
    Purpose {
        /// Target.
        target: String,
        /// Grant.
        grant: String,
        /// Purpose.
        purpose: String,
    },
    /// A generalisation without its step.
    #[error(
        "column {column} is to be generalised but nothing says to what; write protect = {{ {column} = {{ generalise = 1000 }} }}, a date level or an area level"
    )]
    #[serde(rename = "P409")]
    GeneraliseToWhat {
        /// Column.
        column: String,
    },
    /// A change supply without what it needs.
    #[error(
        "supply {target} sends changes, so its library must be kept by key (merge or history) and `select` must hold the key columns {key}"
    )]
    #[serde(rename = "P410")]
    ChangesNeedKey {
        /// Target.
        target: String,
        /// Key columns.
        key: String,
    },

    /// The user stopped the run.
    #[error("stopped; nothing of this job was published")]
    #[serde(rename = "P501")]
    Interrupted,
    /// Somebody else works on the target.
    #[error("another run is working on {target}; try again when it is done")]
    #[serde(rename = "P502")]
    Busy {
        /// Target.
        target: String,
    },
    /// Files are not complete yet.
    #[error("source {from} is not ready: {what}")]
    #[serde(rename = "P503")]
    Waiting {
        /// Source.
        from: String,
        /// What is missing.
        what: String,
    },

    /// Somebody else took the target over.
    #[error("another worker took {target} over while this one stood still; it carries on, this one published nothing")]
    #[serde(rename = "P504")]
    LeaseLost {
        /// Target.
        target: String,
    },
    /// A cursor that is no time cannot be read for an interval.
    #[error(
        "source {from} cannot be read for the past: its cursor column {column} holds no times, so no part of it belongs to an interval"
    )]
    #[serde(rename = "P505")]
    NoInterval {
        /// Source.
        from: String,
        /// Cursor column.
        column: String,
    },
    /// An overwritten library whose parts are not days.
    #[error(
        "{target} cannot be backfilled: what is overwritten is not a partition of {date}, so newer rows would be replaced; partition it by the business date"
    )]
    #[serde(rename = "P506")]
    ReplacesNewer {
        /// Target.
        target: String,
        /// Business date.
        date: String,
    },
    /// An appended library that holds the interval already.
    #[error("{target} cannot be backfilled: rows of {covered} were appended before and would be there twice")]
    #[serde(rename = "P507")]
    AppendsTwice {
        /// Target.
        target: String,
        /// What is there already: an occurrence, or the cursor up to which everything was read.
        covered: String,
    },

    /// An error of a connector.
    #[error("{0}")]
    #[serde(untagged)]
    Connector(connectors::Error),
    /// An error of a transform.
    #[error("{0}")]
    #[serde(untagged)]
    Transform(transforms::Error),
    /// An error of the catalog.
    #[error("{0}")]
    #[serde(untagged)]
    Catalog(catalog::Error),
    /// An error of publishing.
    #[error("{0}")]
    #[serde(untagged)]
    Publish(Box<crate::publish::Error>),
}

/// Codes of the quality gates: two people may release what they stopped.
pub const GATES: &[&str] = &["P301", "P302", "P303"];

impl Error {
    /// Whether a quality gate closed.
    pub fn is_gate(&self) -> bool {
        matches!(self, Self::QuarantineGate { .. } | Self::RuleGate { .. } | Self::RowCountGate { .. })
    }

    /// A failed file operation, without the system's text about contents.
    pub fn state(action: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::State { action: action.into(), path: path.display().to_string(), kind: error.kind().to_string() }
    }

    /// Whether trying again can help without a change.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Waiting { .. } | Self::State { .. } | Self::LeaseLost { .. } => true,
            Self::Connector(error) => error.retryable(),
            Self::Catalog(error) => error.retryable(),
            Self::Publish(error) => error.retryable(),
            _ => false,
        }
    }

    /// The shape people are shown.
    pub fn problem(&self) -> Problem {
        Problem::of(self, self.retryable())
    }

    /// A failure while planning a step: the planner speaks about the definition, never about data.
    pub fn planning(step: &str, error: &DataFusionError) -> Self {
        let detail = match error.find_root() {
            DataFusionError::SQL(inner, _) => inner.to_string(),
            DataFusionError::Plan(text) | DataFusionError::NotImplemented(text) => text.clone(),
            DataFusionError::SchemaError(inner, _) => inner.to_string(),
            other => other.strip_backtrace(),
        };
        Self::Sql { step: step.into(), detail: detail.lines().next().unwrap_or_default().chars().take(400).collect() }
    }

    /// A failure while rows flowed: ours passes as it is, the engine's is reduced to its kind, since its text may quote
    /// values.
    pub fn running(step: &str, error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(_) => Self::Engine { step: step.into(), kind: "external".into() },
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => Self::running(step, *inner),
            DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => Self::running(step, inner),
                Err(shared) => Self::shared(step, &shared),
            },
            other => Self::Engine { step: step.into(), kind: kind_of(&other).into() },
        }
    }

    fn shared(step: &str, error: &DataFusionError) -> Self {
        let kind = match error.find_root() {
            DataFusionError::External(inner) => match inner.downcast_ref::<Self>() {
                Some(own) => return own.clone(),
                None => "external",
            },
            other => kind_of(other),
        };
        Self::Engine { step: step.into(), kind: kind.into() }
    }
}

fn kind_of(error: &DataFusionError) -> &'static str {
    use datafusion::arrow::error::ArrowError;
    match error {
        DataFusionError::ResourcesExhausted(_) => {
            "memory or temporary space exhausted: raise limits.memory_mib or limits.spill_mib"
        }
        DataFusionError::IoError(_) => "temporary files",
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::DivideByZero => "division by zero",
            ArrowError::ArithmeticOverflow(_) => "arithmetic overflow",
            ArrowError::CastError(_) | ArrowError::ParseError(_) => "a value does not fit its type",
            _ => "a column operation",
        },
        DataFusionError::Execution(_) => "an expression",
        _ => "the query engine",
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<crate::calendar::Unpublished> for Error {
    fn from(error: crate::calendar::Unpublished) -> Self {
        Self::Unpublished { calendar: error.calendar, year: error.year }
    }
}

impl From<connectors::Error> for Error {
    fn from(error: connectors::Error) -> Self {
        Self::Connector(error)
    }
}

impl From<transforms::Error> for Error {
    fn from(error: transforms::Error) -> Self {
        Self::Transform(error)
    }
}

impl From<catalog::Error> for Error {
    fn from(error: catalog::Error) -> Self {
        Self::Catalog(error)
    }
}

impl From<crate::publish::Error> for Error {
    fn from(error: crate::publish::Error) -> Self {
        Self::Publish(Box::new(error))
    }
}
