//! A relation set aside: run to its end once, into encrypted temporary files, and read back as often as it is needed.
//! So every source row is read, checked and counted exactly once, whatever a join above would have skipped.

use std::fmt;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::spool::{Spool, SpoolWriter};
use crate::work::Work;

/// Batches between a reading thread and its stream.
const AHEAD: usize = 2;

/// Runs a plan into spools and returns them as a table.
pub(super) async fn spool(
    step: &str,
    work: &Work,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    stop: &CancellationToken,
) -> Result<StreamingTable, Error> {
    let schema = plan.schema();
    let mut tasks = JoinSet::new();
    for partition in 0..plan.output_partitioning().partition_count() {
        let stream = plan.execute(partition, Arc::clone(&context)).map_err(|error| Error::running(step, error))?;
        let spool = work.spools().create().map_err(|error| temporary(step, &error))?;
        tasks.spawn(fill(step.to_owned(), spool, stream));
    }
    let mut parts: Vec<Arc<dyn PartitionStream>> = Vec::new();
    loop {
        let finished = tokio::select! {
            () = stop.cancelled() => return Err(Error::Interrupted),
            finished = tasks.join_next() => finished,
        };
        match finished {
            None => break,
            Some(Ok(spool)) => {
                parts.push(Arc::new(Part { step: step.to_owned(), spool: spool?, schema: Arc::clone(&schema) }));
            }
            Some(Err(_)) => return Err(Error::Engine { step: step.into(), kind: "a task ended early".into() }),
        }
    }
    StreamingTable::try_new(schema, parts).map_err(|error| Error::running(step, error))
}

async fn fill(step: String, spool: Spool, mut stream: SendableRecordBatchStream) -> Result<Spool, Error> {
    let engine = |error: datafusion::arrow::error::ArrowError| Error::running(&step, error.into());
    let writer = BufWriter::new(spool.writer());
    let mut writer = StreamWriter::try_new(writer, &stream.schema()).map_err(engine)?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| Error::running(&step, error))?;
        writer.write(&batch).map_err(engine)?;
    }
    let buffered = writer.into_inner().map_err(engine)?;
    let mut writer: SpoolWriter = buffered.into_inner().map_err(|error| temporary(&step, error.error()))?;
    writer.flush().map_err(|error| temporary(&step, &error))?;
    Ok(spool)
}

fn temporary(step: &str, error: &std::io::Error) -> Error {
    Error::Engine { step: step.into(), kind: format!("temporary files: {}", error.kind()) }
}

struct Part {
    step: String,
    spool: Spool,
    schema: SchemaRef,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spooled({})", self.step)
    }
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (spool, step) = (self.spool.clone(), self.step.clone());
        let (sender, receiver) = tokio::sync::mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let failed = |error: datafusion::arrow::error::ArrowError| Error::running(&step, error.into());
            let batches = match StreamReader::try_new(spool.reader(), None) {
                Ok(batches) => batches,
                Err(error) => {
                    let _ = sender.blocking_send(Err(failed(error)));
                    return;
                }
            };
            for batch in batches {
                if sender.blocking_send(batch.map_err(failed)).is_err() {
                    return;
                }
            }
        });
        let stream = futures::stream::unfold(receiver, |mut receiver| async move {
            let batch: Option<Result<RecordBatch, Error>> = receiver.recv().await;
            batch.map(|batch| (batch.map_err(Into::into), receiver))
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}
