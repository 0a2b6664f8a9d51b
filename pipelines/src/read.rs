//! Opening sources: from what a plan says to a connector that is ready to be read.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use connectors::Encoding;
use connectors::kind::{Context, Format, Request};
use connectors::parquet::{FileList, open_list};
use connectors::ready::{Look, Readiness, State};
use connectors::source::{Position, Source};
use connectors::sqlite::{Bound, Increment};
use connectors::store::Store;
use connectors::{Limits, csv, delta, excel, ndjson, parquet, sqlite};
use datafusion::arrow::datatypes::{Field, Schema};

use crate::error::Error;
use crate::pace::{Pace, Paces};
use crate::plan::SourcePlan;
use crate::project::Project;
use crate::spec::duration;
use crate::spec::pipeline::{FileFormat, OnEmpty, ReadySpec, TextEncoding};
use crate::spec::project::{ConnectionKind, ConnectionSpec, LimitsSpec};
use crate::spec::template::BusinessTime;
use crate::vault::{Secrets, resolve};

/// A source that is ready to be read.
#[derive(Debug)]
pub struct Opened {
    /// The connector.
    pub source: Arc<dyn Source>,
    /// Size of its files, 0 when unknown.
    pub bytes: u64,
    /// The look whose promised number of records is compared with what was read.
    pub look: Option<Look>,
    /// Where an incremental read ends; the cursor after the run.
    pub up_to: Option<String>,
    /// Columns of the source that the resource does not describe; they are not read on.
    pub unknown: Vec<String>,
    /// How fast its connection may be read.
    pub pace: Option<Arc<Pace>>,
}

/// Which part of a source that is read incrementally is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// What came since the cursor; everything where there is none.
    Since(Option<&'a str>),
    /// What belongs to an interval, whatever the cursor says.
    Within(&'a BusinessTime),
}

/// What opening needs besides the plan.
pub struct Opener<'a> {
    /// The project.
    pub project: &'a Project,
    /// Secrets.
    pub secrets: &'a dyn Secrets,
    /// Parts that are useful.
    pub parallelism: usize,
    /// How fast connections may be read.
    pub paces: &'a Paces,
    /// Whether a source is read that holds another number of records than it promised: two people said so.
    pub released: bool,
}

impl Opener<'_> {
    /// Opens a source.
    pub async fn open(&self, plan: &SourcePlan, part: Part<'_>) -> Result<Opened, Error> {
        let limits = limits(&self.project.spec.limits);
        let Some(connection) = plan.connection.as_ref().and_then(|name| self.project.connections.get(name)) else {
            return self.library(plan, limits).await;
        };
        let (store, base) = self.store(connection)?;
        let patterns: Vec<String> = match connection.kind {
            ConnectionKind::Files => vec![plan.reads.clone()],
            ConnectionKind::Sqlite => vec![base],
        };
        let look = self.ready(plan, &store, &patterns, &limits).await?;
        let (format, up_to) = self.format(plan, connection, &store, &patterns[0], part).await?;
        let wanted = self.wanted(plan);
        let request = Request {
            expected_columns: if matches!(format, Format::Ndjson(_)) { wanted } else { Vec::new() },
            format,
            patterns,
            limits: limits.clone(),
        };
        let context = Context { store: store.clone(), parallelism: self.parallelism };
        let source = match connectors::kind::open(&request, &context).await {
            Ok(source) => source,
            Err(error) if error.is_empty_input() && plan.spec.on_empty == OnEmpty::Accept => {
                self.empty(&store, plan, &limits).await?
            }
            Err(error) if error.is_empty_input() && plan.spec.ready.is_some() => {
                return Err(Error::Waiting { from: plan.name.clone(), what: plan.reads.clone() });
            }
            Err(error) if error.is_empty_input() => return Err(Error::EmptySource { from: plan.name.clone() }),
            Err(error) => return Err(error.into()),
        };
        self.columns(plan, source, look, up_to)
    }

    /// Checks the columns there are against those the resource describes.
    fn columns(
        &self,
        plan: &SourcePlan,
        source: Arc<dyn Source>,
        look: Option<Look>,
        up_to: Option<String>,
    ) -> Result<Opened, Error> {
        let schema = source.schema();
        let present: BTreeSet<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let wanted: BTreeSet<String> = self.wanted(plan).into_iter().collect();
        for column in &wanted {
            let item = plan.spec.rename.get(column).unwrap_or(column);
            if !present.contains(column.as_str()) && !plan.optional.contains(item) {
                return Err(Error::MissingColumn {
                    from: plan.name.clone(),
                    column: column.clone(),
                    resource: plan.resource.clone().unwrap_or_default(),
                });
            }
        }
        let unknown = present.iter().filter(|column| !wanted.contains(**column)).map(|column| (*column).to_owned());
        let unknown = if plan.resource.is_some() { unknown.collect() } else { Vec::new() };
        let bytes = bytes_of(&source.position());
        let pace = self.paces.get(plan.connection.as_deref());
        Ok(Opened { source, bytes, look, up_to, unknown, pace })
    }

    /// Columns of the source that the resource's items stand for.
    fn wanted(&self, plan: &SourcePlan) -> Vec<String> {
        let Some(resource) = plan.resource.as_ref().and_then(|code| self.project.resources.get(code)) else {
            return Vec::new();
        };
        let from = |item: &str| plan.spec.rename.iter().find(|(_, to)| *to == item).map(|(from, _)| from.clone());
        resource.item.iter().map(|item| from(&item.name).unwrap_or_else(|| item.name.clone())).collect()
    }

    async fn library(&self, plan: &SourcePlan, limits: Limits) -> Result<Opened, Error> {
        let root = self.project.root.join(&self.project.spec.libraries.path);
        let missing = || Error::NotBuilt {
            table: plan.reads.clone(),
            pipeline: self
                .project
                .builder_of(&plan.reads)
                .map_or_else(String::new, |(pipeline, _)| pipeline.spec.pipeline.id.clone()),
        };
        let path = plan.reads.replace('.', "/");
        if !root.join(&path).join("_delta_log").is_dir() {
            return Err(missing());
        }
        let request = Request {
            format: Format::Delta(delta::Options::default()),
            patterns: vec![path],
            expected_columns: Vec::new(),
            limits,
        };
        let context = Context { store: connectors::store::local(&root)?, parallelism: self.parallelism };
        let source = connectors::kind::open(&request, &context).await?;
        let bytes = bytes_of(&source.position());
        Ok(Opened { source, bytes, look: None, up_to: None, unknown: Vec::new(), pace: None })
    }

    /// The store of a connection, and below it the one file of a database.
    fn store(&self, connection: &ConnectionSpec) -> Result<(Store, String), Error> {
        let path = resolve(&connection.path, self.secrets)?;
        let path = self.project.root.join(path.as_str());
        match connection.kind {
            ConnectionKind::Files => Ok((connectors::store::local(&path)?, String::new())),
            ConnectionKind::Sqlite => {
                let folder = path.parent().unwrap_or(Path::new("."));
                let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Ok((connectors::store::local(folder)?, file))
            }
        }
    }

    async fn ready(
        &self,
        plan: &SourcePlan,
        store: &Store,
        patterns: &[String],
        limits: &Limits,
    ) -> Result<Option<Look>, Error> {
        let Some(spec) = &plan.spec.ready else { return Ok(None) };
        let readiness = Readiness {
            flag: spec.flag.clone(),
            count_file: spec.count_file.clone(),
            stable: spec.stable_for.is_some(),
        };
        let mut previous = None;
        if let Some(pause) = pause(spec) {
            previous = Some(connectors::ready::look(store, &readiness, patterns, limits, None).await?);
            tokio::time::sleep(pause).await;
        }
        let look = connectors::ready::look(store, &readiness, patterns, limits, previous.as_ref()).await?;
        match &look.state {
            State::Ready => Ok(Some(look)),
            State::Waiting { what } => Err(Error::Waiting { from: plan.name.clone(), what: what.clone() }),
            State::Mismatch { .. } if self.released => Ok(Some(look)),
            State::Mismatch { expected, found } => {
                Err(Error::RowCountGate { step: plan.name.clone(), rows: *found, expected: expected.to_string() })
            }
        }
    }

    async fn format(
        &self,
        plan: &SourcePlan,
        connection: &ConnectionSpec,
        store: &Store,
        pattern: &str,
        part: Part<'_>,
    ) -> Result<(Format, Option<String>), Error> {
        let spec = &plan.spec;
        if connection.kind == ConnectionKind::Sqlite {
            return self.sqlite(plan, store, pattern, part).await;
        }
        if spec.table.is_some() {
            return Ok((Format::Delta(delta::Options::default()), None));
        }
        let encoding = match spec.encoding {
            TextEncoding::Utf8 => Encoding::Utf8,
            TextEncoding::Gbk => Encoding::Gbk,
            TextEncoding::Gb18030 => Encoding::Gb18030,
        };
        let text = csv::Options {
            encoding,
            delimiter: spec.delimiter.as_ref().and_then(|text| text.chars().next()),
            ..csv::Options::default()
        };
        let by_extension = || {
            Format::of_path(pattern).ok_or_else(|| Error::Sql {
                step: plan.name.clone(),
                detail: "the extension of `files` names no format; set `format`".into(),
            })
        };
        Ok((
            match spec.format {
                Some(FileFormat::Csv) => Format::Csv(text),
                Some(FileFormat::Tsv) => Format::Tsv(text),
                Some(FileFormat::Ndjson) => Format::Ndjson(ndjson::Options { encoding, ..ndjson::Options::default() }),
                Some(FileFormat::Parquet) => Format::Parquet(parquet::Options::default()),
                Some(FileFormat::Excel) => Format::Excel(excel_options(spec.sheet.as_ref())),
                None => match by_extension()? {
                    Format::Csv(_) => Format::Csv(text),
                    Format::Tsv(_) => Format::Tsv(text),
                    Format::Ndjson(_) => Format::Ndjson(ndjson::Options { encoding, ..ndjson::Options::default() }),
                    Format::Excel(_) => Format::Excel(excel_options(spec.sheet.as_ref())),
                    other => other,
                },
            },
            None,
        ))
    }

    /// A table of a database; incrementally, up to a bound that is fixed before reading.
    async fn sqlite(
        &self,
        plan: &SourcePlan,
        store: &Store,
        file: &str,
        part: Part<'_>,
    ) -> Result<(Format, Option<String>), Error> {
        let table = plan.reads.clone();
        let Some(incremental) = &plan.spec.incremental else {
            return Ok((Format::Sqlite(sqlite::Options { table, increment: None }), None));
        };
        let highest = sqlite::highest(store, file, &table, &incremental.cursor).await?;
        let cursor = match part {
            Part::Since(cursor) => cursor,
            Part::Within(time) => {
                let column = incremental.cursor.clone();
                let increment = match highest {
                    None => None,
                    Some(highest) => Some(
                        within(&highest, time, column.clone())
                            .ok_or_else(|| Error::NoInterval { from: plan.name.clone(), column })?,
                    ),
                };
                return Ok((Format::Sqlite(sqlite::Options { table, increment }), None));
            }
        };
        let up_to = highest.map(|bound| lagged(bound, incremental.lag.as_deref()));
        let after = cursor.and_then(|text| serde_json::from_str::<Bound>(text).ok());
        let after = after.map(|bound| looked_back(bound, incremental.lookback.as_deref()));
        let kept = up_to.as_ref().and_then(|bound| serde_json::to_string(bound).ok());
        let increment = Increment { column: incremental.cursor.clone(), after, up_to, half_open: false };
        Ok((Format::Sqlite(sqlite::Options { table, increment: Some(increment) }), kept.or(cursor.map(str::to_owned))))
    }

    async fn empty(&self, store: &Store, plan: &SourcePlan, limits: &Limits) -> Result<Arc<dyn Source>, Error> {
        let fields: Vec<Field> = self
            .wanted(plan)
            .into_iter()
            .map(|name| Field::new(name, datafusion::arrow::datatypes::DataType::Utf8, true))
            .collect();
        let list = FileList { schema: Some(Arc::new(Schema::new(fields))), ..FileList::default() };
        Ok(Arc::new(open_list(store, list, limits, 1).await?))
    }
}

/// Bounds on input, as the project sets them.
pub fn limits(spec: &LimitsSpec) -> Limits {
    Limits {
        record_bytes: usize::try_from(spec.record_mib.saturating_mul(1 << 20)).unwrap_or(usize::MAX),
        columns: spec.columns,
        ..Limits::default()
    }
}

fn excel_options(sheet: Option<&String>) -> excel::Options {
    excel::Options { sheet: sheet.map(|name| excel::Sheet::Name(name.clone())), ..excel::Options::default() }
}

fn pause(ready: &ReadySpec) -> Option<std::time::Duration> {
    ready.stable_for.as_ref().and_then(|text| duration::parse(text).ok())
}

fn bytes_of(position: &Position) -> u64 {
    match position {
        Position::Files { files } => files.iter().map(|file| file.size).sum(),
        _ => 0,
    }
}

/// The upper bound, as far behind the source's clock as `lag` says; only for bounds that are times.
fn lagged(bound: Bound, lag: Option<&str>) -> Bound {
    let Some(lag) = lag.and_then(|text| duration::parse(text).ok()) else { return bound };
    let limit = chrono::Local::now().naive_local() - chrono::TimeDelta::from_std(lag).unwrap_or_default();
    match time(&bound) {
        Some((found, form)) if found > limit => Bound::Text(limit.format(form).to_string()),
        _ => bound,
    }
}

/// The lower bound, so far earlier as `lookback` says; only for bounds that are times.
fn looked_back(bound: Bound, lookback: Option<&str>) -> Bound {
    let Some(by) = lookback.and_then(|text| duration::parse(text).ok()) else { return bound };
    match time(&bound) {
        Some((found, form)) => {
            Bound::Text((found - chrono::TimeDelta::from_std(by).unwrap_or_default()).format(form).to_string())
        }
        None => bound,
    }
}

/// The rows of an interval, in the form in which the cursor column holds times; `None` when it holds none.
fn within(sample: &Bound, interval: &BusinessTime, column: String) -> Option<Increment> {
    let Bound::Text(text) = sample else { return None };
    let days = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|_| "%Y-%m-%d");
    let form = days.or_else(|| time(sample).map(|(_, form)| form))?;
    let bound = |at: &DateTime<Tz>| Some(Bound::Text(at.naive_local().format(form).to_string()));
    let (after, up_to) = (bound(&interval.interval_start), bound(&interval.interval_end));
    Some(Increment { column, after, up_to, half_open: true })
}

fn time(bound: &Bound) -> Option<(chrono::NaiveDateTime, &'static str)> {
    let Bound::Text(text) = bound else { return None };
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .into_iter()
        .find_map(|form| Some((chrono::NaiveDateTime::parse_from_str(text, form).ok()?, form)))
}
