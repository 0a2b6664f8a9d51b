//! The stage: the sink every job's rows end in. It protects the columns, splits rows by partition, writes immutable
//! Parquet files and returns what it wrote; only files it returns exist for anybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::store::Store;
use connectors::write::{ParquetOptions, ParquetSink};
use datafusion::arrow::array::{Array, RecordBatch, StringArray, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use transforms::seal::Sealer;
use transforms::text;

use crate::crash;
use crate::error::Error;
use crate::manifest::StagedFile;
use crate::protect::Protector;
use crate::stream::Rows;
use crate::vault::DataKeys;

/// Rows after which a file is closed and the next one begun.
const FILE_ROWS: u64 = 4_000_000;
/// Files open at once in one task; beyond it the largest is closed.
const OPEN_FILES: usize = 32;

/// Where and how rows are staged.
#[derive(Debug)]
pub struct Sink {
    /// The stage folder.
    pub store: Store,
    /// Partition columns of the target; they are not written into the files.
    pub partition_by: Vec<String>,
    /// Protections.
    pub protector: Protector,
    /// Data keys, where a column is encrypted.
    pub keys: Option<DataKeys>,
    /// Parquet options.
    pub options: ParquetOptions,
    /// Rows written so far.
    pub rows: Rows,
}

/// Runs a plan to its end into the sink, one task a partition.
pub async fn run(
    sink: Arc<Sink>,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    stop: &CancellationToken,
) -> Result<Vec<StagedFile>, Error> {
    crash::point("stage.started");
    let mut tasks = JoinSet::new();
    for partition in 0..plan.output_partitioning().partition_count() {
        let stream = plan.execute(partition, Arc::clone(&context)).map_err(|error| Error::running("stage", error))?;
        let task = Task { sink: Arc::clone(&sink), partition, number: 0, open: BTreeMap::new(), done: Vec::new() };
        tasks.spawn(task.run(stream));
    }
    let written = join(&mut tasks, stop).await;
    // Nobody writes any more when this returns: the folder may be removed.
    tasks.shutdown().await;
    let mut files = written?;
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

async fn join(
    tasks: &mut JoinSet<Result<Vec<StagedFile>, Error>>,
    stop: &CancellationToken,
) -> Result<Vec<StagedFile>, Error> {
    let mut files = Vec::new();
    loop {
        let finished = tokio::select! {
            () = stop.cancelled() => return Err(Error::Interrupted),
            finished = tasks.join_next() => finished,
        };
        match finished {
            None => return Ok(files),
            Some(Ok(written)) => files.extend(written?),
            Some(Err(_)) => return Err(Error::Engine { step: "stage".into(), kind: "a task ended early".into() }),
        }
    }
}

type Partition = Vec<Option<String>>;

struct Task {
    sink: Arc<Sink>,
    partition: usize,
    number: usize,
    open: BTreeMap<Partition, Open>,
    done: Vec<StagedFile>,
}

struct Open {
    sink: ParquetSink,
    sealer: Option<Sealer>,
}

impl Task {
    async fn run(
        mut self,
        mut stream: datafusion::execution::SendableRecordBatchStream,
    ) -> Result<Vec<StagedFile>, Error> {
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| Error::running("stage", error))?;
            if batch.num_rows() == 0 {
                continue;
            }
            if self.sink.partition_by.is_empty() {
                self.write(Partition::new(), &batch).await?;
            } else {
                for (partition, rows) in self.divide(&batch)? {
                    self.write(partition, &rows).await?;
                }
            }
        }
        while let Some((partition, open)) = self.open.pop_first() {
            self.close(partition, open).await?;
        }
        Ok(self.done)
    }

    async fn write(&mut self, partition: Partition, batch: &RecordBatch) -> Result<(), Error> {
        if !self.open.contains_key(&partition) {
            self.begin(partition.clone()).await?;
        }
        let Some(open) = self.open.get_mut(&partition) else { return Ok(()) };
        let protected = self.sink.protector.apply(batch, open.sealer.as_ref())?;
        let stored = without(&protected, &self.sink.partition_by)?;
        open.sink.write(&stored).await?;
        self.sink.rows.add(batch.num_rows());
        if open.sink.rows() >= FILE_ROWS
            && let Some(open) = self.open.remove(&partition)
        {
            self.close(partition, open).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, partition: Partition) -> Result<(), Error> {
        if self.open.len() >= OPEN_FILES {
            let largest = self.open.iter().max_by_key(|(_, open)| open.sink.memory()).map(|(key, _)| key.clone());
            if let Some(largest) = largest
                && let Some(open) = self.open.remove(&largest)
            {
                self.close(largest, open).await?;
            }
        }
        let path = format!("clean/part-{:03}-{:05}.parquet", self.partition, self.number);
        self.number += 1;
        let schema = stored_schema(self.sink.protector.schema(), &self.sink.partition_by);
        let sealer = match &self.sink.keys {
            Some(keys) if self.sink.protector.encrypts() => Some(keys.sealer()?),
            _ => None,
        };
        let sink = ParquetSink::create(&self.sink.store, &path, schema, &self.sink.options).await?;
        self.open.insert(partition, Open { sink, sealer });
        Ok(())
    }

    async fn close(&mut self, partition: Partition, open: Open) -> Result<(), Error> {
        let mut file = StagedFile::from(open.sink.finish().await?);
        file.partition = self.sink.partition_by.iter().cloned().zip(partition).collect();
        self.done.push(file);
        crash::point("stage.file_written");
        Ok(())
    }

    /// The rows of a batch by partition.
    fn divide(&self, batch: &RecordBatch) -> Result<Vec<(Partition, RecordBatch)>, Error> {
        let engine = |error: datafusion::arrow::error::ArrowError| Error::running("stage", error.into());
        let columns = self
            .sink
            .partition_by
            .iter()
            .map(|name| match batch.column_by_name(name) {
                Some(column) => Ok(text::as_text(column)?),
                None => {
                    Err(Error::UnknownColumn { relation: "stage".into(), column: name.clone(), known: String::new() })
                }
            })
            .collect::<Result<Vec<StringArray>, Error>>()?;
        let mut groups: BTreeMap<Partition, Vec<u32>> = BTreeMap::new();
        for row in 0..batch.num_rows() {
            let value = |column: &StringArray| column.is_valid(row).then(|| column.value(row).to_owned());
            let partition = columns.iter().map(value).collect();
            groups.entry(partition).or_default().push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        groups
            .into_iter()
            .map(|(partition, rows)| {
                let rows = UInt32Array::from(rows);
                Ok((partition, take_record_batch(batch, &rows).map_err(engine)?))
            })
            .collect()
    }
}

fn stored_positions(schema: &SchemaRef, partition_by: &[String]) -> Vec<usize> {
    let stored = |position: &usize| !partition_by.contains(schema.field(*position).name());
    (0..schema.fields().len()).filter(stored).collect()
}

fn stored_schema(schema: &SchemaRef, partition_by: &[String]) -> SchemaRef {
    if partition_by.is_empty() {
        return Arc::clone(schema);
    }
    let fields: Vec<_> =
        stored_positions(schema, partition_by).into_iter().map(|position| schema.field(position).clone()).collect();
    Arc::new(datafusion::arrow::datatypes::Schema::new(fields))
}

fn without(batch: &RecordBatch, partition_by: &[String]) -> Result<RecordBatch, Error> {
    if partition_by.is_empty() {
        return Ok(batch.clone());
    }
    let positions = stored_positions(&batch.schema(), partition_by);
    batch.project(&positions).map_err(|error| Error::running("stage", error.into()))
}
