//! File datasets: a delivery is a folder of files and one record that is put if absent. Files without a record do not
//! exist for the recipient; a record never changes.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use connectors::store::{self, Store};
use object_store::{ObjectStoreExt, PutMode, PutPayload};
use serde::{Deserialize, Serialize};

use super::{Error, Fence, metadata};
use crate::crash;
use crate::manifest::{CommitMetadata, Manifest, Outcome, StagedFile};
pub use crate::spec::pipeline::SupplyMode as Mode;

mod csv;

/// Form of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Apache Parquet, as staged.
    Parquet,
    /// CSV: UTF-8, header, RFC 4180, text that a spreadsheet would run as a formula prefixed with `'`.
    Csv,
}

/// One delivery on its way.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Folder that holds the datasets of the zone.
    pub dataset_root: PathBuf,
    /// Dataset, a folder name.
    pub dataset: String,
    /// Form of the files.
    pub format: Format,
    /// What they are to those before.
    pub mode: Mode,
    /// What was staged.
    pub manifest: Manifest,
    /// Folder the manifest's paths are below.
    pub stage_root: PathBuf,
    /// Publish sequence of the target.
    pub sequence: i64,
    /// Occurrence, manifest digest, cursor, under the names of [`metadata`].
    pub metadata: CommitMetadata,
    /// Business date the delivery is for.
    pub business_date: NaiveDate,
    /// Asked right before the record is put.
    pub fence: Arc<dyn Fence>,
}

/// What the recipient is told, as `<dataset>/_deliveries/<sequence>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Folder of the files below the dataset; the sequence with leading zeros.
    pub delivery: String,
    /// Dataset.
    pub dataset: String,
    /// Form of the files.
    pub format: Format,
    /// What they are to those before.
    pub mode: Mode,
    /// Business date.
    pub business_date: NaiveDate,
    /// Rows of all files.
    pub rows: u64,
    /// The files.
    pub files: Vec<RecordFile>,
    /// Values of text that were prefixed so that no spreadsheet runs them as a formula.
    pub prefixed_values: u64,
    /// Occurrence, manifest digest, cursor, under the names of [`metadata`].
    pub metadata: CommitMetadata,
}

/// One file of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordFile {
    /// Path below the dataset.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Delivers, exactly once: a sequence that has its record already is answered from it. `version` of the outcome is the
/// sequence.
///
/// # Errors
/// See [`Error`]; [`Error::OtherManifest`] when the record is that of another manifest.
pub async fn deliver(delivery: &Delivery) -> Result<Outcome, Error> {
    let digest = metadata::digest(&delivery.metadata)?;
    let store = store::local(&delivery.dataset_root)?;
    if let Some(record) = read(&store, &delivery.dataset, delivery.sequence).await? {
        return same(delivery, &record, digest);
    }
    let record = write_files(delivery, &store).await?;
    crash::point("publish.data_written");
    crash::point("publish.before_commit");
    delivery.fence.check(&delivery.dataset).await?;
    let outcome = match put(&store, delivery, &record).await? {
        true => outcome(delivery.sequence, record.rows),
        false => {
            let record = read(&store, &delivery.dataset, delivery.sequence).await?;
            let record = record.ok_or_else(|| missing(delivery))?;
            same(delivery, &record, digest)?
        }
    };
    crash::point("publish.committed");
    check(&store, delivery, &record).await?;
    Ok(outcome)
}

/// The record of a delivery, if there is one.
///
/// # Errors
/// [`Error::Delivery`] when it cannot be read as one.
pub async fn read(store: &Store, dataset: &str, sequence: i64) -> Result<Option<Record>, Error> {
    const LARGEST: u64 = 64 << 20;
    let name = record_path(dataset, sequence)?;
    let refuse = |reason| Error::Delivery { path: name.clone(), reason };
    let got = match store.object().get(&store.path(&name)?).await {
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        got => got.map_err(|_| refuse("it cannot be read"))?,
    };
    if got.meta.size > LARGEST {
        return Err(refuse("it is larger than 64 MiB"));
    }
    let bytes = got.bytes().await.map_err(|_| refuse("it cannot be read"))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| refuse("it is not the JSON of a delivery"))
}

async fn write_files(delivery: &Delivery, store: &Store) -> Result<Record, Error> {
    let stage = store::local(&delivery.stage_root)?;
    let folder = folder(delivery.sequence)?;
    let (mut files, mut prefixed_values) = (Vec::new(), 0u64);
    for (number, staged) in delivery.manifest.files.iter().enumerate() {
        let (file, prefixed) = write_file(delivery, &stage, store, staged, &format!("{folder}/part-{number}")).await?;
        files.push(file);
        prefixed_values += prefixed;
    }
    Ok(Record {
        delivery: folder,
        dataset: delivery.dataset.clone(),
        format: delivery.format,
        mode: delivery.mode,
        business_date: delivery.business_date,
        rows: files.iter().map(|file| file.rows).sum(),
        files,
        prefixed_values,
        metadata: delivery.metadata.clone(),
    })
}

async fn write_file(
    delivery: &Delivery,
    stage: &Store,
    store: &Store,
    staged: &StagedFile,
    name: &str,
) -> Result<(RecordFile, u64), Error> {
    match delivery.format {
        Format::Parquet => {
            let path = format!("{name}.parquet");
            let target = format!("{}/{path}", delivery.dataset);
            store::transfer(stage, &staged.path, store, &target, &staged.digest).await?;
            Ok((RecordFile { path, rows: staged.rows, bytes: staged.bytes, sha256: staged.digest.clone() }, 0))
        }
        Format::Csv => {
            let path = format!("{name}.csv");
            let target = format!("{}/{path}", delivery.dataset);
            csv::convert(stage, staged, store, target, path).await
        }
    }
}

/// Whether this call put the record (else one was there).
async fn put(store: &Store, delivery: &Delivery, record: &Record) -> Result<bool, Error> {
    let name = record_path(&delivery.dataset, delivery.sequence)?;
    let refuse = |reason| Error::Delivery { path: name.clone(), reason };
    let text = serde_json::to_vec_pretty(record).map_err(|_| refuse("it cannot be written as JSON"))?;
    match store.object().put_opts(&store.path(&name)?, PutPayload::from(text), PutMode::Create.into()).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
        Err(_) => Err(Error::Connector(connectors::Error::Storage {
            action: "write",
            path: name,
            reason: "the store refused it".to_owned(),
        })),
    }
}

fn same(delivery: &Delivery, record: &Record, digest: &str) -> Result<Outcome, Error> {
    if record.metadata.get(metadata::MANIFEST).map(String::as_str) != Some(digest) {
        let (target, sequence) = (delivery.dataset.clone(), delivery.sequence);
        return Err(Error::OtherManifest { target, sequence, version: sequence });
    }
    Ok(outcome(delivery.sequence, record.rows))
}

/// Looks at the files once more: all there, in the sizes of the record.
async fn check(store: &Store, delivery: &Delivery, record: &Record) -> Result<(), Error> {
    for file in &record.files {
        let path = store.path(&format!("{}/{}", delivery.dataset, file.path))?;
        if !store.object().head(&path).await.is_ok_and(|found| found.size == file.bytes) {
            return Err(Error::Delivery {
                path: file.path.clone(),
                reason: "it is not there in the size of its record",
            });
        }
    }
    Ok(())
}

fn missing(delivery: &Delivery) -> Error {
    Error::RecordMissing { target: delivery.dataset.clone(), sequence: delivery.sequence }
}

fn outcome(sequence: i64, rows: u64) -> Outcome {
    Outcome { version: sequence, inserted: rows, rows_after: rows, ..Outcome::default() }
}

fn folder(sequence: i64) -> Result<String, Error> {
    if sequence < 0 {
        return Err(Error::Setting { reason: "a publish sequence is never negative" });
    }
    Ok(format!("{sequence:010}"))
}

fn record_path(dataset: &str, sequence: i64) -> Result<String, Error> {
    Ok(format!("{dataset}/_deliveries/{}.json", folder(sequence)?))
}
