//! Writes the files that change: surviving rows of touched table files and the staged rows that enter, partition by
//! partition, in streams.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use datafusion::common::runtime::SpawnedTask;
use futures::{StreamExt, TryStreamExt};

use super::classify::Decisions;
use super::files::{FileSet, Located, PARALLEL};
use super::marks::FileMarks;
use super::name::{self, Partition};
use super::table::{NewFile, Snapshot, Table, Writer};
use super::{Change, Error, Publication, instant};

/// Rows after which the next file is begun.
const ROWS_PER_FILE: u64 = 4_000_000;
/// Rows that are worth a writer of their own.
const ROWS_PER_CHAIN: u64 = 500_000;

const STEP: &str = "write changed rows";

/// Where rows to be written come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// A file of the table.
    Table,
    /// A staged file.
    Staged,
}

/// The rows of one file that are to be written.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) origin: Origin,
    /// Position in its file set.
    pub(super) file: usize,
    /// Rows that will be written of it.
    pub(super) rows: u64,
    pub(super) partition: Partition,
}

/// Everything the writers share.
#[derive(Debug)]
pub(super) struct Rewrite {
    pub(super) publication: Publication,
    pub(super) table: Table,
    pub(super) snapshot: Snapshot,
    pub(super) staged: FileSet,
    pub(super) existing: FileSet,
    pub(super) decisions: Decisions,
}

/// Parts that one writer writes one after the other.
#[derive(Debug)]
struct Chain {
    partition: Partition,
    parts: Vec<Part>,
    name: String,
}

impl Rewrite {
    /// Writes all parts; the files and their names depend on nothing but the publication and the snapshot.
    pub(super) async fn run(self, parts: Vec<Part>) -> Result<Vec<NewFile>, Error> {
        let me = Arc::new(self);
        let chains = chains(parts);
        let written = futures::stream::iter(chains)
            .map(|chain| {
                let me = Arc::clone(&me);
                SpawnedTask::spawn(async move { me.write(chain).await })
            })
            .buffered(PARALLEL)
            .map(|ended| ended.map_err(Error::stopped(STEP))?);
        let files: Vec<Vec<NewFile>> = written.try_collect().await?;
        Ok(files.into_iter().flatten().collect())
    }

    async fn write(&self, chain: Chain) -> Result<Vec<NewFile>, Error> {
        let mut done = Vec::new();
        let mut open: Option<Writer> = None;
        for part in &chain.parts {
            let set = if part.origin == Origin::Table { &self.existing } else { &self.staged };
            let all: Vec<usize> = (0..set.schema().fields().len()).collect();
            for unit in set.units(|file| file == part.file) {
                let mut batches = set.read(unit, &all);
                while let Some(rows) = batches.next().await {
                    let batch = self.kept(part, &rows?)?;
                    if batch.num_rows() == 0 {
                        continue;
                    }
                    let mut writer = match open.take() {
                        Some(writer) => writer,
                        None => self.create(&chain, done.len()).await?,
                    };
                    writer.write(&batch).await?;
                    if writer.rows() >= ROWS_PER_FILE {
                        done.push(writer.finish().await?);
                    } else {
                        open = Some(writer);
                    }
                }
            }
        }
        if let Some(writer) = open {
            done.push(writer.finish().await?);
        }
        Ok(done)
    }

    async fn create(&self, chain: &Chain, roll: usize) -> Result<Writer, Error> {
        let number = format!("{}-{roll}", chain.name);
        let name = name::written(&self.publication, &self.snapshot, &chain.partition, &number);
        Writer::create(&self.table, &self.publication, &self.snapshot, name, chain.partition.clone()).await
    }

    fn kept(&self, part: &Part, rows: &Located) -> Result<RecordBatch, Error> {
        let marks = match part.origin {
            Origin::Table => self.decisions.table.of(part.file),
            Origin::Staged => self.decisions.staged.of(part.file),
        };
        let places = rows.rows.values();
        let mut batch = rows.batch.clone();
        if let Change::History { version, .. } = &self.publication.change {
            let version = version.as_deref();
            batch = match part.origin {
                Origin::Table => advance(&batch, version, marks, places)?,
                Origin::Staged => self.begin(&batch, version)?,
            };
        }
        if marks.dropped_rows() > 0 {
            let keep: BooleanArray = places.iter().map(|row| Some(!marks.drops(*row))).collect();
            batch = filter_record_batch(&batch, &keep).map_err(Error::arrow(STEP))?;
        }
        self.physical(&batch)
    }

    /// Staged rows as current rows of the history table.
    fn begin(&self, batch: &RecordBatch, version: Option<&str>) -> Result<RecordBatch, Error> {
        let schema = &self.snapshot.schema;
        let at = super::codec::position(schema, instant::VALID_FROM)?;
        let from_type = schema.field(at).data_type();
        let from = match (version, &self.publication.change) {
            (Some(version), _) => batch.column(super::codec::position(&batch.schema(), version)?).clone(),
            (None, Change::History { boundary, .. }) => {
                let midnight = instant::midnight(*boundary, from_type);
                instant::column(Int64Array::from(vec![midnight; batch.num_rows()]), from_type)?
            }
            _ => return Err(Error::Setting { reason: "only a history has validity" }),
        };
        let until = arrow::array::new_null_array(from_type, batch.num_rows());
        let columns = schema.fields().iter().map(|field| match field.name().as_str() {
            instant::VALID_FROM => Ok(Arc::clone(&from)),
            instant::VALID_TO => Ok(Arc::clone(&until)),
            name => Ok(batch.column(super::codec::position(&batch.schema(), name)?).clone()),
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>, Error>>()?;
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(Error::arrow(STEP))
    }

    /// Without the partition columns, whose values are in the log.
    fn physical(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let schema = self.snapshot.file_schema();
        let columns = schema
            .fields()
            .iter()
            .map(|field| Ok(batch.column(super::codec::position(&batch.schema(), field.name())?).clone()));
        RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<Vec<_>, Error>>()?)
            .map_err(Error::arrow(STEP))
    }
}

/// Ends the validity of rows that were closed, and raises the version of those that were renewed.
fn advance(
    batch: &RecordBatch,
    version: Option<&str>,
    marks: &FileMarks,
    places: &[u64],
) -> Result<RecordBatch, Error> {
    let mut columns = batch.columns().to_vec();
    let mut replace = |name: &str, with: &dyn Fn(u64) -> Option<i64>| -> Result<(), Error> {
        let at = super::codec::position(&batch.schema(), name)?;
        let before = instant::numbers(batch.column(at))?;
        let after: Int64Array = before.iter().zip(places).map(|(before, row)| with(*row).or(before)).collect();
        columns[at] = instant::column(after, batch.column(at).data_type())?;
        Ok(())
    };
    if marks.any_closed() {
        replace(instant::VALID_TO, &|row| marks.closes(row))?;
    }
    if let (Some(version), true) = (version, marks.any_renewed()) {
        replace(version, &|row| marks.renews(row))?;
    }
    RecordBatch::try_new(batch.schema(), columns).map_err(Error::arrow(STEP))
}

/// Deals the parts of each partition to at most [`PARALLEL`] writers, in order, by rows.
fn chains(mut parts: Vec<Part>) -> Vec<Chain> {
    parts.sort_by_key(|part| (part.origin, part.file));
    let mut by_partition: BTreeMap<Partition, Vec<Part>> = BTreeMap::new();
    for part in parts {
        by_partition.entry(part.partition.clone()).or_default().push(part);
    }
    let mut chains = Vec::new();
    for (number, (partition, parts)) in by_partition.into_iter().enumerate() {
        let total: u64 = parts.iter().map(|part| part.rows).sum();
        let writers = (total / ROWS_PER_CHAIN).clamp(1, PARALLEL as u64);
        let share = total.div_ceil(writers);
        let mut filled = share;
        let first = chains.len();
        for part in parts {
            if filled >= share {
                filled = 0;
                let name = format!("{number}-{}", chains.len() - first);
                chains.push(Chain { partition: partition.clone(), parts: Vec::new(), name });
            }
            filled += part.rows;
            if let Some(chain) = chains.last_mut() {
                chain.parts.push(part);
            }
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::{Origin, Part, ROWS_PER_CHAIN, chains};

    #[test]
    fn parts_are_dealt_by_rows_and_in_order() {
        let part = |file, rows| Part { origin: Origin::Table, file, rows, partition: Vec::new() };
        assert_eq!(chains(vec![part(0, 10), part(1, 20)]).len(), 1);
        let dealt = chains(vec![part(2, ROWS_PER_CHAIN), part(0, ROWS_PER_CHAIN), part(1, ROWS_PER_CHAIN)]);
        let files: Vec<Vec<usize>> =
            dealt.iter().map(|chain| chain.parts.iter().map(|part| part.file).collect()).collect();
        assert_eq!(files, [vec![0, 1], vec![2]]);
        assert_ne!(dealt[0].name, dealt[1].name);
    }
}
