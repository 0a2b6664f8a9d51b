//! Opening sealed Parquet files — quarantine and encrypted supplies — for who holds the root key.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use transforms::seal::{Sealer, key_id};

use crate::error::Error;
use crate::vault::Vault;

/// Opens one file after the other, remembering keys.
#[derive(Debug)]
pub struct Unsealer<'a> {
    vault: &'a Vault,
    sealers: BTreeMap<[u8; 16], Sealer>,
}

impl<'a> Unsealer<'a> {
    /// Opens with the keys of a vault.
    pub fn new(vault: &'a Vault) -> Self {
        Self { vault, sealers: BTreeMap::new() }
    }

    /// The first rows of a sealed file, every sealed column as text.
    ///
    /// # Errors
    /// P218 when a key is missing or destroyed; P201 when the file is no readable Parquet file.
    pub async fn rows(&mut self, path: &Path, limit: usize) -> Result<Vec<RecordBatch>, Error> {
        let mut batches = Vec::new();
        let mut rows = 0;
        for batch in read(path)? {
            let batch = batch.map_err(|_| unreadable(path))?;
            let batch = batch.slice(0, batch.num_rows().min(limit - rows));
            rows += batch.num_rows();
            batches.push(self.batch(&batch).await?);
            if rows >= limit {
                break;
            }
        }
        Ok(batches)
    }

    /// Writes a file with every sealed column opened, and tells how many rows it has.
    ///
    /// # Errors
    /// As [`Unsealer::rows`]; P201 when the target cannot be written.
    pub async fn copy(&mut self, from: &Path, to: &Path) -> Result<u64, Error> {
        let mut writer: Option<ArrowWriter<File>> = None;
        let mut rows = 0;
        for batch in read(from)? {
            let batch = self.batch(&batch.map_err(|_| unreadable(from))?).await?;
            rows += batch.num_rows() as u64;
            let failed =
                |_| Error::State { action: "write".into(), path: to.display().to_string(), kind: "parquet".into() };
            let open = match &mut writer {
                Some(open) => open,
                None => {
                    let file = File::create(to).map_err(|error| Error::state("create", to, &error))?;
                    writer.insert(ArrowWriter::try_new(file, batch.schema(), None).map_err(failed)?)
                }
            };
            open.write(&batch).map_err(failed)?;
        }
        if let Some(writer) = writer {
            writer.close().map_err(|_| unreadable(to))?;
        }
        Ok(rows)
    }

    async fn batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for (field, values) in batch.schema().fields().iter().zip(batch.columns()) {
            let opened = match values.data_type() {
                DataType::Binary => self.column(field.name(), values.as_binary::<i32>()).await?,
                _ => Arc::clone(values),
            };
            fields.push(Field::new(field.name(), opened.data_type().clone(), true));
            columns.push(opened);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| Error::running("unseal", error.into()))
    }

    /// A column run by run of values under one key; a rewrite may have brought several files' keys together.
    async fn column(&mut self, name: &str, values: &BinaryArray) -> Result<ArrayRef, Error> {
        let mut parts: Vec<ArrayRef> = Vec::new();
        let mut start = 0;
        while start < values.len() {
            let mut key = None;
            let mut end = start;
            while end < values.len() {
                let next = values.is_valid(end).then(|| key_id(values.value(end))).flatten();
                if next.is_some() && key.is_some() && next != key {
                    break;
                }
                key = key.or(next);
                end += 1;
            }
            let run = values.slice(start, end - start);
            let opened: ArrayRef = match key {
                Some(key) => Arc::new(self.sealer(key).await?.column(name).open(&run)?),
                None => Arc::new(datafusion::arrow::array::StringArray::new_null(run.len())),
            };
            parts.push(opened);
            start = end;
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() {
            return Ok(Arc::new(datafusion::arrow::array::StringArray::new_null(0)));
        }
        concat(&parts).map_err(|error| Error::running("unseal", error.into()))
    }

    async fn sealer(&mut self, key: [u8; 16]) -> Result<&Sealer, Error> {
        if !self.sealers.contains_key(&key) {
            let sealer = self.vault.opener(key).await?;
            self.sealers.insert(key, sealer);
        }
        self.sealers.get(&key).ok_or_else(|| Error::NoKey { key: hex::encode(key) })
    }
}

fn read(path: &Path) -> Result<parquet::arrow::arrow_reader::ParquetRecordBatchReader, Error> {
    let file = File::open(path).map_err(|error| Error::state("read", path, &error))?;
    ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build()).map_err(|_| unreadable(path))
}

fn unreadable(path: &Path) -> Error {
    Error::State { action: "read".into(), path: path.display().to_string(), kind: "not a readable Parquet file".into() }
}
