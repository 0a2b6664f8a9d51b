//! A list of Parquet files, read in parallel with every row's place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{SchemaRef, UInt64Type};
use connectors::Source;
use connectors::parquet::ROW_COLUMN;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::task::JoinSet;

use super::Error;

/// Work done at the same time.
pub(super) const PARALLEL: usize = 2;

/// Rows of one file with their places.
#[derive(Debug)]
pub(super) struct Located {
    /// Position of the file in its list.
    pub(super) file: u32,
    /// Position of each row in the file.
    pub(super) rows: UInt64Array,
    /// The columns asked for, in their order, in the list's types.
    pub(super) batch: RecordBatch,
}

/// Files that share a schema.
#[derive(Debug, Clone)]
pub(super) struct FileSet {
    sources: Arc<Vec<Arc<dyn Source>>>,
    schema: SchemaRef,
}

/// One part of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) file: usize,
    split: usize,
}

impl FileSet {
    /// A list of files, each opened with all columns of `schema` and with row positions.
    pub(super) fn new(sources: Vec<Arc<dyn Source>>, schema: SchemaRef) -> Self {
        Self { sources: Arc::new(sources), schema }
    }

    /// Columns of the files.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// All parts of the files for which `wanted` holds, in order.
    pub(super) fn units(&self, wanted: impl Fn(usize) -> bool) -> Vec<Unit> {
        let files = self.sources.iter().enumerate().filter(|(file, _)| wanted(*file));
        files.flat_map(|(file, source)| (0..source.splits()).map(move |split| Unit { file, split })).collect()
    }

    /// Reads one part: the columns at these positions of [`FileSet::schema`].
    pub(super) fn read(&self, unit: Unit, columns: &[usize]) -> BoxStream<'static, Result<Located, Error>> {
        let source = &self.sources[unit.file];
        let physical = source.schema();
        let projection: Result<Vec<usize>, _> = columns
            .iter()
            .map(|column| self.schema.field(*column).name().as_str())
            .chain([ROW_COLUMN])
            .map(|name| physical.index_of(name))
            .collect();
        let Ok(projection) = projection else {
            let error = Error::Setting { reason: "a file was opened without all columns and row positions" };
            return futures::stream::once(async move { Err(error) }).boxed();
        };
        let batches = source.read(unit.split, Some(&projection));
        batches.map(move |batch| locate(unit.file, &batch?)).boxed()
    }
}

/// Takes the row positions, which come last, apart from the columns.
fn locate(file: usize, batch: &RecordBatch) -> Result<Located, Error> {
    let misfit = || Error::Setting { reason: "a file was read without row positions" };
    let last = batch.num_columns().checked_sub(1).ok_or_else(misfit)?;
    let rows = batch.column(last).as_primitive_opt::<UInt64Type>().ok_or_else(misfit)?.clone();
    let columns: Vec<usize> = (0..last).collect();
    let batch = batch.project(&columns).map_err(Error::arrow("read files"))?;
    let file = u32::try_from(file).map_err(|_| Error::Setting { reason: "it touches too many files" })?;
    Ok(Located { file, rows, batch })
}

/// Reads parts in parallel and hands every batch to `work`. The first error ends it.
pub(super) async fn scan<F>(set: &FileSet, units: Vec<Unit>, columns: &[usize], work: F) -> Result<(), Error>
where
    F: Fn(Located) -> Result<(), Error> + Send + Sync + 'static,
{
    let (units, columns, work) = (Arc::new(units), Arc::<[usize]>::from(columns), Arc::new(work));
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers: JoinSet<Result<(), Error>> = JoinSet::new();
    for _ in 0..PARALLEL.min(units.len()) {
        let (set, units, columns) = (set.clone(), units.clone(), columns.clone());
        let (work, next) = (work.clone(), next.clone());
        workers.spawn(async move {
            while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut batches = set.read(*unit, &columns);
                while let Some(located) = batches.next().await {
                    work(located?)?;
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(Error::stopped("read files"))??;
    }
    Ok(())
}
