//! The second look of `unique`: which keys occur more than once, and away with all of their rows.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{filter_record_batch, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use transforms::fingerprint;

use crate::error::Error;
use crate::govern::Tally;
use crate::govern::quarantine::{Breach, Quarantine};
use crate::relation::UniquePlan;
use crate::spec::pipeline::OnFail;
use crate::stream::{self, BatchMap, Rows};

/// Seed of the key fingerprints; they live for one job.
const SEED: u64 = 0x5175_1ce0;
/// Repeated keys that are remembered; more of them mean that the key is no key.
const MAX_REPEATED: usize = 20_000_000;

/// Fingerprints of the keys that occur more than once. The count spills.
pub(super) async fn repeated(
    step: &str,
    context: &SessionContext,
    input: Arc<dyn ExecutionPlan>,
    plan: &UniquePlan,
) -> Result<HashSet<[u8; 16]>, Error> {
    let engine = |error| Error::running(step, error);
    let field = Field::new("key", DataType::FixedSizeBinary(16), true);
    let schema: SchemaRef = Arc::new(Schema::new(vec![field]));
    let map = Arc::new(Keys { step: step.to_owned(), columns: plan.columns.clone(), schema: Arc::clone(&schema) });
    let table = stream::over_plan(step, input, schema, Some(map), Rows::default()).map_err(engine)?;
    let name = TableReference::bare("·keys");
    context.register_table(name.clone(), Arc::new(table)).map_err(engine)?;
    let repeated = "SELECT key FROM \"·keys\" WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1";
    let mut found = context.sql(repeated).await.map_err(engine)?.execute_stream().await.map_err(engine)?;
    let mut keys = HashSet::new();
    while let Some(batch) = found.next().await {
        let batch = batch.map_err(engine)?;
        for key in fixed(step, batch.column(0))?.iter().flatten() {
            keys.insert(key.try_into().unwrap_or_default());
        }
        if keys.len() > MAX_REPEATED {
            return Err(Error::Engine { step: step.into(), kind: "too many repeated keys: it is no key".into() });
        }
    }
    context.deregister_table(name).map_err(engine)?;
    Ok(keys)
}

/// Takes away the rows of repeated keys.
#[derive(Debug)]
pub(super) struct Unique {
    pub(super) step: String,
    pub(super) plan: UniquePlan,
    pub(super) repeated: HashSet<[u8; 16]>,
    pub(super) tally: Tally,
    pub(super) quarantine: Arc<Quarantine>,
    pub(super) held: Vec<(usize, String)>,
}

#[async_trait]
impl BatchMap for Unique {
    async fn map(&self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        if self.repeated.is_empty() {
            return Ok(batch);
        }
        let keys = keys(&self.step, &self.plan.columns, &batch)?;
        let is_repeated = |key: Option<&[u8]>| {
            key.is_some_and(|key| <[u8; 16]>::try_from(key).is_ok_and(|key| self.repeated.contains(&key)))
        };
        let bad: Vec<u32> = keys
            .iter()
            .enumerate()
            .filter(|(_, key)| is_repeated(*key))
            .map(|(row, _)| u32::try_from(row).unwrap_or(u32::MAX))
            .collect();
        if bad.is_empty() {
            return Ok(batch);
        }
        let breach = Breach { rule: "unique".into(), column: self.plan.columns.join(","), reason: "unique".into() };
        bad.iter().for_each(|_| self.tally.add(&breach, self.plan.on_fail));
        if self.plan.on_fail != OnFail::Quarantine {
            return Ok(batch);
        }
        let engine = |error: datafusion::arrow::error::ArrowError| Error::running(&self.step, error.into());
        let rows = UInt32Array::from(bad);
        let repeated = take_record_batch(&batch, &rows).map_err(engine)?;
        let held = crate::govern::held(&self.step, &repeated, &self.held)?;
        let original = crate::govern::original(&self.step, &repeated)?;
        self.quarantine.put(&original, vec![vec![breach]; rows.len()], held).await?;
        let keep = BooleanArray::new(crate::govern::kept(batch.num_rows(), &rows), None);
        filter_record_batch(&batch, &keep).map_err(engine)
    }
}

#[derive(Debug)]
struct Keys {
    step: String,
    columns: Vec<String>,
    schema: SchemaRef,
}

#[async_trait]
impl BatchMap for Keys {
    async fn map(&self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        let keys: ArrayRef = Arc::new(keys(&self.step, &self.columns, &batch)?);
        RecordBatch::try_new(Arc::clone(&self.schema), vec![keys])
            .map_err(|error| Error::running(&self.step, error.into()))
    }
}

/// Fingerprints of the key columns; missing where a part of the key is missing.
fn keys(step: &str, columns: &[String], batch: &RecordBatch) -> Result<FixedSizeBinaryArray, Error> {
    let columns = columns
        .iter()
        .map(|name| {
            batch.column_by_name(name).cloned().ok_or_else(|| Error::UnknownColumn {
                relation: step.to_owned(),
                column: name.clone(),
                known: String::new(),
            })
        })
        .collect::<Result<Vec<ArrayRef>, _>>()?;
    let prints = fingerprint::rows(&columns, SEED)?;
    let nulls = columns.iter().fold(None, |nulls, column| {
        datafusion::arrow::buffer::NullBuffer::union(nulls.as_ref(), column.logical_nulls().as_ref())
    });
    let (size, values, _) = prints.into_parts();
    FixedSizeBinaryArray::try_new(size, values, nulls).map_err(|error| Error::running(step, error.into()))
}

fn fixed<'a>(step: &str, column: &'a ArrayRef) -> Result<&'a FixedSizeBinaryArray, Error> {
    column
        .as_any()
        .downcast_ref()
        .ok_or_else(|| Error::Engine { step: step.to_owned(), kind: "a column operation".into() })
}
