//! Quarantined rows: the original values, sealed by encryption, beside the rules that sent them there in clear. One
//! Parquet file per governed phase, made when the first row comes.
//!
//! Columns: `breaches: List<Struct<rule, column, reason>>`, then one sealed binary column per original column.

use std::sync::Arc;

use connectors::store::Store;
use connectors::write::{ParquetOptions, ParquetSink};
use datafusion::arrow::array::{ArrayRef, ListBuilder, RecordBatch, StringBuilder, StructBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema};
use tokio::sync::Mutex;
use transforms::seal::Sealer;
use transforms::text;

use crate::error::Error;
use crate::manifest::StagedFile;

/// Column that says why a row is here.
pub const BREACHES: &str = "breaches";

/// One broken rule of one row. It holds no value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// `standard:citizen_id`, `range`, …
    pub rule: String,
    /// Column, or the condition of an expression.
    pub column: String,
    /// Reason within the rule.
    pub reason: String,
}

/// Where the quarantined rows of one governed phase go.
pub struct Quarantine {
    store: Store,
    path: String,
    sealer: Sealer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rows: Option<ParquetSink>,
    held: Option<ParquetSink>,
    count: u64,
}

/// What a closed quarantine holds.
#[derive(Debug, Default)]
pub struct Closed {
    /// The sealed rows, if there are any.
    pub rows: Option<StagedFile>,
    /// Keys of the rows, if they were asked for.
    pub held: Option<StagedFile>,
    /// Rows.
    pub count: u64,
}

impl std::fmt::Debug for Quarantine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Quarantine({})", self.path)
    }
}

impl Quarantine {
    /// Rows go to `quarantine/{name}.parquet` below the stage, their keys to `held/{name}.parquet`.
    pub fn new(store: Store, name: &str, sealer: Sealer) -> Self {
        Self { store, path: format!("{name}.parquet"), sealer, state: Mutex::default() }
    }

    /// Takes rows with the rules each one broke, and their keys where those are wanted.
    pub async fn put(
        &self,
        original: &RecordBatch,
        breaches: Vec<Vec<Breach>>,
        keys: Option<RecordBatch>,
    ) -> Result<(), Error> {
        let sealed = self.seal(original, breaches)?;
        let mut state = self.state.lock().await;
        state.count += original.num_rows() as u64;
        let plain = original.schema().fields().iter().map(|field| field.name().clone()).collect();
        let options = ParquetOptions { plain, ..ParquetOptions::default() };
        self.write("quarantine", &mut state.rows, &sealed, &options).await?;
        if let Some(keys) = keys {
            self.write("held", &mut state.held, &keys, &ParquetOptions::default()).await?;
        }
        Ok(())
    }

    /// Finishes the files.
    pub async fn close(&self) -> Result<Closed, Error> {
        let mut state = self.state.lock().await;
        let (rows, held) = (state.rows.take(), state.held.take());
        Ok(Closed { rows: finish(rows).await?, held: finish(held).await?, count: state.count })
    }

    async fn write(
        &self,
        folder: &str,
        sink: &mut Option<ParquetSink>,
        batch: &RecordBatch,
        options: &ParquetOptions,
    ) -> Result<(), Error> {
        let open = match sink {
            Some(open) => open,
            None => {
                let path = format!("{folder}/{}", self.path);
                sink.insert(ParquetSink::create(&self.store, &path, batch.schema(), options).await?)
            }
        };
        Ok(open.write(batch).await?)
    }

    fn seal(&self, original: &RecordBatch, breaches: Vec<Vec<Breach>>) -> Result<RecordBatch, Error> {
        let breaches = list(breaches);
        let mut fields = vec![Field::new(BREACHES, breaches.data_type().clone(), false)];
        let mut columns: Vec<ArrayRef> = vec![breaches];
        for (field, values) in original.schema().fields().iter().zip(original.columns()) {
            let sealed = self.sealer.column(field.name()).seal(&text::as_text(values)?)?;
            fields.push(Field::new(field.name(), DataType::Binary, true));
            columns.push(Arc::new(sealed));
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| Error::running("quarantine", error.into()))
    }
}

fn list(breaches: Vec<Vec<Breach>>) -> ArrayRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let fields = Fields::from(vec![text("rule"), text("column"), text("reason")]);
    let item = Field::new("item", DataType::Struct(fields.clone()), false);
    let mut list = ListBuilder::new(StructBuilder::from_fields(fields, breaches.len())).with_field(item);
    for row in breaches {
        for breach in row {
            let entry = list.values();
            for (position, value) in [breach.rule, breach.column, breach.reason].into_iter().enumerate() {
                if let Some(builder) = entry.field_builder::<StringBuilder>(position) {
                    builder.append_value(value);
                }
            }
            entry.append(true);
        }
        list.append(true);
    }
    Arc::new(list.finish())
}

async fn finish(sink: Option<ParquetSink>) -> Result<Option<StagedFile>, Error> {
    match sink {
        Some(sink) => Ok(Some(StagedFile::from(sink.finish().await?))),
        None => Ok(None),
    }
}
