//! Tables whose rows are streams: a source's splits, or an already planned query with something done to each batch.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::Result as EngineResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::Partitioning;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;

use crate::error::Error;
use crate::pace::Pace;

/// Something done to each batch. It is called from several tasks at once.
#[async_trait]
pub trait BatchMap: Send + Sync + fmt::Debug {
    /// The batch that takes this one's place.
    async fn map(&self, batch: RecordBatch) -> Result<RecordBatch, Error>;
}

/// A row counter that tasks share.
#[derive(Debug, Default, Clone)]
pub struct Rows(Arc<AtomicU64>);

impl Rows {
    /// Adds rows.
    pub fn add(&self, rows: usize) {
        self.0.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Rows so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A table over a planned query. Each batch passes through `map`, if there is one, and is counted; failures are
/// reported as those of `step`.
pub fn over_plan(
    step: &str,
    plan: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    map: Option<Arc<dyn BatchMap>>,
    rows: Rows,
) -> EngineResult<StreamingTable> {
    let parts = plan.output_partitioning().partition_count();
    let parts = (0..parts).map(|partition| -> Arc<dyn PartitionStream> {
        Arc::new(Mapped {
            step: step.to_owned(),
            plan: Arc::clone(&plan),
            partition,
            schema: Arc::clone(&schema),
            map: map.clone(),
            rows: rows.clone(),
        })
    });
    StreamingTable::try_new(Arc::clone(&schema), parts.collect())
}

/// The plan's rows dealt out over more tasks when it has fewer than `partitions`.
pub fn spread(plan: Arc<dyn ExecutionPlan>, partitions: usize) -> EngineResult<Arc<dyn ExecutionPlan>> {
    if plan.output_partitioning().partition_count() >= partitions {
        return Ok(plan);
    }
    Ok(Arc::new(RepartitionExec::try_new(plan, Partitioning::RoundRobinBatch(partitions))?))
}

struct Mapped {
    step: String,
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    schema: SchemaRef,
    map: Option<Arc<dyn BatchMap>>,
    rows: Rows,
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapped({})", self.step)
    }
}

impl PartitionStream for Mapped {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (step, map, rows) = (self.step.clone(), self.map.clone(), self.rows.clone());
        let schema = Arc::clone(&self.schema);
        let input = match self.plan.execute(self.partition, context) {
            Ok(input) => input,
            Err(error) => return failed(&self.schema, Error::running(&step, error)),
        };
        let work = Arc::new((step, map, schema, rows));
        let stream = input.then(move |batch| {
            let work = Arc::clone(&work);
            async move {
                let (step, map, schema, rows) = work.as_ref();
                let batch = batch.map_err(|error| Error::running(step, error))?;
                let batch = match map {
                    Some(map) => map.map(batch).await?,
                    None => cast_to(step, &batch, schema)?,
                };
                rows.add(batch.num_rows());
                Ok(batch)
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}

/// The batch with its columns in the types of a schema; a value that does not fit is an error without the value.
pub fn cast_to(step: &str, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let engine = |error: datafusion::arrow::error::ArrowError| Error::running(step, error.into());
    let columns = batch.columns().iter().zip(schema.fields()).map(|(values, field)| {
        if values.data_type() == field.data_type() {
            return Ok(Arc::clone(values));
        }
        cast_with_options(values, field.data_type(), &options).map_err(engine)
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, Error>>()?).map_err(engine)
}

/// A stream that only fails.
pub fn failed(schema: &SchemaRef, error: Error) -> SendableRecordBatchStream {
    let stream = futures::stream::once(async move { Err(error.into()) });
    Box::pin(RecordBatchStreamAdapter::new(Arc::clone(schema), stream))
}

/// A table over a connector's source, read no faster than `pace`.
pub fn over_source(
    step: &str,
    source: Arc<dyn connectors::source::Source>,
    projection: Option<Vec<usize>>,
    schema: SchemaRef,
    rows: Rows,
    pace: Option<Arc<Pace>>,
) -> EngineResult<StreamingTable> {
    let parts = (0..source.splits()).map(|split| -> Arc<dyn PartitionStream> {
        Arc::new(Split {
            step: step.to_owned(),
            source: Arc::clone(&source),
            split,
            projection: projection.clone(),
            schema: Arc::clone(&schema),
            rows: rows.clone(),
            pace: pace.clone(),
        })
    });
    StreamingTable::try_new(Arc::clone(&schema), parts.collect())
}

#[derive(Debug)]
struct Split {
    step: String,
    source: Arc<dyn connectors::source::Source>,
    split: usize,
    projection: Option<Vec<usize>>,
    schema: SchemaRef,
    rows: Rows,
    pace: Option<Arc<Pace>>,
}

impl PartitionStream for Split {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.clone();
        let (step, schema) = (self.step.clone(), Arc::clone(&self.schema));
        let pace = self.pace.clone();
        let paced = self.source.read(self.split, self.projection.as_deref()).then(move |batch| {
            let pace = pace.clone();
            async move {
                if let (Some(pace), Ok(batch)) = (&pace, &batch) {
                    pace.rows(batch.num_rows()).await;
                }
                batch
            }
        });
        let stream = paced.map(move |batch| {
            let batch = batch.map_err(Error::from)?;
            rows.add(batch.num_rows());
            RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())
                .map_err(|error| Error::running(&step, error.into()).into())
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}
