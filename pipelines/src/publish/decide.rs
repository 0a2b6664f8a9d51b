//! Decides a keyed change: sifts keys, sorts what is left by key, and applies the rules group by group.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int64Type, UInt8Type, UInt32Type, UInt64Type};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::prelude::{SessionContext, col};
use futures::StreamExt;

use super::Error;
use super::candidates::{Candidates, schema};
use super::classify::{Decisions, Row, Side};

/// Most rows that may share one key.
const MOST_PER_KEY: usize = 1_000_000;

const STEP: &str = "sort keys";

/// What becomes of every row. `staged_rows` is what the manifest promises; fewer or more is an error.
pub(super) async fn decide(
    candidates: Candidates,
    staged_rows: u64,
    session: &SessionContext,
) -> Result<Decisions, Error> {
    let candidates = Arc::new(candidates);
    candidates.sift().await?;
    let streams = session.copied_config().target_partitions().max(1);
    let feeds = candidates.feeds(staged_rows, streams);
    if !feeds.is_empty() {
        let failed = |error| Error::engine(STEP, &error);
        let table = StreamingTable::try_new(schema(), feeds).map_err(failed)?;
        let rows = session.read_table(Arc::new(table)).map_err(failed)?;
        let sorted = rows.sort(vec![col("key").sort(true, false)]).map_err(failed)?;
        let mut batches = sorted.execute_stream().await.map_err(failed)?;
        let mut groups = Groups { candidates: &candidates, rest: None };
        while let Some(batch) = batches.next().await {
            groups.push(batch.map_err(failed)?)?;
        }
        groups.finish()?;
    }
    let mut decisions = std::mem::take(&mut *candidates.decisions());
    decisions.table.settle();
    let counted = decisions.counts.staged();
    if counted != staged_rows {
        return Err(Error::Balance { staged: staged_rows, counted });
    }
    Ok(decisions)
}

/// Cuts the sorted stream into the rows of one key; the last key of a batch waits for the next batch.
struct Groups<'a> {
    candidates: &'a Candidates,
    rest: Option<RecordBatch>,
}

impl Groups<'_> {
    fn push(&mut self, batch: RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = match self.rest.take() {
            Some(rest) => concat_batches(&schema(), [&rest, &batch]).map_err(Error::arrow(STEP))?,
            None => batch,
        };
        let keys = batch.column(0).as_binary::<i32>();
        let last = keys.value(keys.len() - 1);
        let start = (0..keys.len()).rev().take_while(|at| keys.value(*at) == last).last().unwrap_or(0);
        if batch.num_rows() - start > MOST_PER_KEY {
            return Err(Error::Setting { reason: "more than 1,000,000 rows share one key" });
        }
        self.decide(&batch.slice(0, start))?;
        self.rest = Some(batch.slice(start, batch.num_rows() - start));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.rest.take().map_or(Ok(()), |rest| self.decide(&rest))
    }

    fn decide(&self, batch: &RecordBatch) -> Result<(), Error> {
        let keys = batch.column(0).as_binary::<i32>();
        let mut decisions = self.candidates.decisions();
        let mut group: Vec<Row<'_>> = Vec::new();
        for at in 0..batch.num_rows() {
            if at > 0 && keys.value(at) != keys.value(at - 1) {
                decisions.decide(&group, self.candidates.rules);
                group.clear();
            }
            group.push(row(batch, at)?);
        }
        if !group.is_empty() {
            decisions.decide(&group, self.candidates.rules);
        }
        Ok(())
    }
}

fn row(batch: &RecordBatch, at: usize) -> Result<Row<'_>, Error> {
    let print = batch.column(3).as_fixed_size_binary().value(at);
    let until = batch.column(6).as_primitive::<Int64Type>();
    Ok(Row {
        side: Side::of(batch.column(1).as_primitive::<UInt8Type>().value(at)),
        version: batch.column(2).as_binary::<i32>().value(at),
        print: print.try_into().map_err(|_| Error::Setting { reason: "fingerprints have another length" })?,
        file: batch.column(4).as_primitive::<UInt32Type>().value(at),
        row: batch.column(5).as_primitive::<UInt64Type>().value(at),
        until: until.is_valid(at).then(|| until.value(at)),
    })
}
