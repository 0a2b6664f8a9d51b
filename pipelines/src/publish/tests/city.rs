//! A small table in a temporary folder: rows as literals in, rows as sorted text out.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use crate::manifest::{CommitMetadata, Manifest, Outcome, StagedFile};
use crate::publish::table::Table;
use crate::publish::{Change, Deletes, Error, Publication, Unfenced, ensure_table, metadata, publish, table_schema};

/// A staged row: key, value, version.
pub(super) type Line = (&'static str, &'static str, Option<i64>);

/// A table, its stages and the next publish sequence.
pub(super) struct City {
    pub(super) folder: TempDir,
    pub(super) change: Change,
    pub(super) partition_by: Vec<String>,
    pub(super) sequence: i64,
    stages: usize,
}

/// Columns `id`, `value`, `at`.
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, true),
        Field::new("value", DataType::Utf8, true),
        Field::new("at", DataType::Int64, true),
    ]))
}

pub(super) fn merge(version: bool, deletes: Deletes) -> Change {
    Change::Merge { key: vec!["id".into()], version: version.then(|| "at".into()), deletes }
}

pub(super) fn flag() -> Deletes {
    Deletes::Flag { column: "value".into(), values: vec!["gone".into()] }
}

pub(super) fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

pub(super) fn batch(lines: &[(impl AsRef<str>, impl AsRef<str>, Option<i64>)]) -> RecordBatch {
    let ids: StringArray = lines.iter().map(|line| Some(line.0.as_ref()).filter(|id| *id != "NULL")).collect();
    let values: StringArray = lines.iter().map(|line| Some(line.1.as_ref())).collect();
    let at: Int64Array = lines.iter().map(|line| line.2).collect();
    RecordBatch::try_new(schema(), vec![Arc::new(ids), Arc::new(values), Arc::new(at)]).unwrap()
}

impl City {
    pub(super) async fn new(change: Change) -> Self {
        Self::with(change, &schema(), &[]).await
    }

    pub(super) async fn with(change: Change, schema: &Schema, partition_by: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let partition_by: Vec<String> = partition_by.iter().map(|column| (*column).to_owned()).collect();
        let wanted = table_schema(schema, &change).unwrap();
        ensure_table(&folder.path().join("table"), &wanted, &partition_by, &[]).await.unwrap();
        Self { folder, change, partition_by, sequence: 0, stages: 0 }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("table")
    }

    /// Writes one staged file a batch.
    pub(super) async fn stage(&mut self, batches: &[RecordBatch]) -> Vec<StagedFile> {
        let mut files = Vec::new();
        for batch in batches {
            files.push(self.stage_file(batch, &[]).await);
        }
        files
    }

    /// Writes one staged file of a partition.
    pub(super) async fn stage_file(&mut self, batch: &RecordBatch, partition: &[(&str, &str)]) -> StagedFile {
        self.stages += 1;
        let name = format!("clean-{}.parquet", self.stages);
        let path = self.folder.path().join("stage");
        std::fs::create_dir_all(&path).unwrap();
        let path = path.join(&name);
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        let store = connectors::store::local(&self.folder.path().join("stage")).unwrap();
        let (digest, bytes) = connectors::store::sha256_of(&store, &name).await.unwrap();
        StagedFile {
            path: name,
            rows: batch.num_rows() as u64,
            bytes,
            digest,
            partition: partition.iter().map(|(column, value)| ((*column).into(), Some((*value).into()))).collect(),
        }
    }

    /// The next publication of these staged files.
    pub(super) fn publication(&mut self, files: Vec<StagedFile>) -> Publication {
        self.sequence += 1;
        let digest = files.iter().fold("manifest".to_owned(), |all, file| all + &file.digest);
        Publication {
            table_root: self.root(),
            partition_by: self.partition_by.clone(),
            change: self.change.clone(),
            manifest: Manifest { files, ..Manifest::default() },
            stage_root: self.folder.path().join("stage"),
            app_id: "epoch/library:a.b".into(),
            sequence: self.sequence,
            metadata: CommitMetadata::from([(metadata::MANIFEST.into(), digest)]),
            statistics: Vec::new(),
            plain: Vec::new(),
            session: session(),
            fence: Arc::new(Unfenced),
        }
    }

    /// Publishes rows in one staged file.
    pub(super) async fn publish(&mut self, lines: &[Line]) -> Result<Outcome, Error> {
        self.publish_batches(&[batch(lines)]).await
    }

    pub(super) async fn publish_batches(&mut self, batches: &[RecordBatch]) -> Result<Outcome, Error> {
        let files = self.stage(batches).await;
        publish(&self.publication(files)).await
    }

    /// The table's rows, columns joined by `|`, sorted.
    pub(super) async fn rows(&self) -> Vec<String> {
        self.rows_at(None).await
    }

    pub(super) async fn rows_at(&self, version: Option<i64>) -> Vec<String> {
        let table = Table::open(&self.root()).await.unwrap();
        let snapshot = table.snapshot(version).await.unwrap();
        let kept: Vec<usize> = (0..snapshot.files.len()).collect();
        let set = Table::file_set(&snapshot, &kept);
        let columns: Vec<usize> = (0..set.schema().fields().len()).collect();
        let mut lines = Vec::new();
        for unit in set.units(|_| true) {
            let mut batches = set.read(unit, &columns);
            while let Some(rows) = batches.next().await {
                lines.extend(text(&rows.unwrap().batch));
            }
        }
        lines.sort();
        lines
    }

    /// Paths of the table's files, in the order they were made.
    pub(super) async fn files(&self) -> Vec<String> {
        let snapshot = Table::open(&self.root()).await.unwrap().snapshot(None).await.unwrap();
        let mut files: Vec<String> = snapshot.files.iter().map(|file| file.path().to_owned()).collect();
        files.sort();
        files
    }

    /// Version of the table.
    pub(super) async fn version(&self) -> i64 {
        Table::open(&self.root()).await.unwrap().snapshot(None).await.unwrap().version
    }
}

pub(super) fn session() -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2))
}

pub(super) fn text(batch: &RecordBatch) -> Vec<String> {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(|column| cast(column, &DataType::Utf8).unwrap()).collect();
    let cell = |column: &ArrayRef, row: usize| {
        let column = column.as_string::<i32>();
        if column.is_null(row) { "-".to_owned() } else { column.value(row).to_owned() }
    };
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| cell(column, row)).collect::<Vec<_>>().join("|"))
        .collect()
}

/// Counts by name, without the zeros.
pub(super) fn counts(outcome: &Outcome) -> BTreeMap<&'static str, u64> {
    let all = [
        ("inserted", outcome.inserted),
        ("updated", outcome.updated),
        ("unchanged", outcome.unchanged),
        ("stale", outcome.stale),
        ("deduplicated", outcome.deduplicated),
        ("flagged", outcome.flagged),
        ("deleted", outcome.deleted),
    ];
    all.into_iter().filter(|(_, rows)| *rows > 0).collect()
}
