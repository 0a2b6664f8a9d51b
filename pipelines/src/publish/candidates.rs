//! The rows whose fate depends on another row, sorted by key. Most rows never get here: three small filters of key
//! hashes tell, without a false negative, which keys occur once and on one side only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, Int64Array, RecordBatch, UInt8Array, UInt32Array,
};
use arrow::compute::{filter, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::Error;
use super::classify::{Decisions, Rules, Side};
use super::codec::{Codec, hash};
use super::error::Place;
use super::files::{FileSet, Located, Unit, scan};
use super::filter::KeyFilter;

/// The three lists of files of a keyed change, how to read them, and what is known about their keys.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) staged: (FileSet, Codec),
    pub(super) table: (FileSet, Codec),
    pub(super) held: Option<(FileSet, Codec)>,
    pub(super) rules: Rules,
    filters: Filters,
    /// Whether a file of the table holds candidates.
    involved: Vec<AtomicBool>,
    decisions: Mutex<Decisions>,
    /// Staged rows without a key: their column and number.
    keyless: Mutex<Option<(String, u64)>>,
}

#[derive(Debug)]
struct Filters {
    /// Keys of the stage.
    staged: KeyFilter,
    /// Keys that occur in the stage more than once.
    repeated: KeyFilter,
    /// Keys of quarantined rows.
    held: KeyFilter,
    /// Keys of the table that are in the stage or held.
    matched: KeyFilter,
}

impl Candidates {
    /// Nothing read yet. `staged_rows` and `held_rows` size the filters.
    pub(super) fn new(
        staged: (FileSet, Codec),
        table: (FileSet, Codec),
        held: Option<(FileSet, Codec)>,
        rules: Rules,
        sizes: Sizes,
    ) -> Self {
        let filters = Filters {
            staged: KeyFilter::sized(sizes.staged_rows),
            repeated: KeyFilter::sized(sizes.staged_rows / 8),
            held: KeyFilter::sized(sizes.held_rows),
            matched: KeyFilter::sized(sizes.staged_rows.saturating_add(sizes.held_rows).min(sizes.table_rows)),
        };
        let involved = (0..sizes.table_files).map(|_| AtomicBool::new(false)).collect();
        let decisions = Mutex::new(Decisions::new(sizes.table_files, sizes.staged_files));
        Self { staged, table, held, rules, filters, involved, decisions, keyless: Mutex::default() }
    }

    /// What was decided so far.
    pub(super) fn decisions(&self) -> MutexGuard<'_, Decisions> {
        lock(&self.decisions)
    }

    fn by_absence(&self) -> bool {
        match self.rules {
            Rules::Merge { by_absence } | Rules::History { by_absence, .. } => by_absence,
            Rules::Insert => false,
        }
    }

    /// Reads all keys once and settles the rows that stand alone where that needs nothing but the key.
    pub(super) async fn sift(self: &Arc<Self>) -> Result<(), Error> {
        let me = Arc::clone(self);
        let (set, codec) = &self.staged;
        scan(set, set.units(|_| true), &codec.key_and_instants(), move |rows| me.note_staged(&rows)).await?;
        if let Some((column, rows)) = lock(&self.keyless).take() {
            return Err(Error::KeyMissing { column, rows, place: Place::Stage });
        }
        if let Some((set, codec)) = &self.held {
            let me = Arc::clone(self);
            scan(set, set.units(|_| true), codec.key_columns(), move |rows| me.note_held(&rows)).await?;
        }
        let me = Arc::clone(self);
        let (set, codec) = &self.table;
        scan(set, set.units(|_| true), &codec.key_and_instants(), move |rows| me.sift_table(&rows)).await
    }

    fn note_staged(&self, rows: &Located) -> Result<(), Error> {
        let codec = &self.staged.1;
        codec.check_versions(&rows.batch)?;
        let keys = match codec.keys(rows.batch.columns(), Place::Stage) {
            Err(Error::KeyMissing { column, rows, .. }) => {
                self.count_keyless(column, rows);
                return Ok(());
            }
            keys => keys?,
        };
        for key in keys.iter().flatten() {
            if self.filters.staged.insert(hash(key)) {
                self.filters.repeated.insert(hash(key));
            }
        }
        Ok(())
    }

    fn count_keyless(&self, column: String, rows: u64) {
        let mut keyless = lock(&self.keyless);
        let (first, count) = keyless.get_or_insert((column.clone(), 0));
        *count += if *first == column { rows } else { 0 };
    }

    fn note_held(&self, rows: &Located) -> Result<(), Error> {
        // A quarantined row without a key protects nothing.
        let present = Codec::complete(rows.batch.columns());
        let batch = filter_record_batch(&rows.batch, &present).map_err(Error::arrow(STEP))?;
        if let Some((_, codec)) = &self.held {
            for key in codec.keys(batch.columns(), Place::Held)?.iter().flatten() {
                self.filters.held.insert(hash(key));
            }
        }
        Ok(())
    }

    fn sift_table(&self, rows: &Located) -> Result<(), Error> {
        let codec = &self.table.1;
        let keys = codec.keys(rows.batch.columns(), Place::Table)?;
        let alone: BooleanArray = keys
            .iter()
            .map(|key| {
                let hash = hash(key.unwrap_or_default());
                let matched = self.may_match(hash);
                if matched {
                    self.filters.matched.insert(hash);
                    self.involved[rows.file as usize].store(true, Ordering::Relaxed);
                }
                Some(!matched)
            })
            .collect();
        if self.by_absence() && alone.true_count() > 0 { self.leave_alone(rows, &alone) } else { Ok(()) }
    }

    /// Whether a key of the table may be in the stage or held.
    fn may_match(&self, hash: u64) -> bool {
        self.filters.staged.may_hold(hash) || self.filters.held.may_hold(hash)
    }

    /// Keys that are certainly absent from the stage.
    fn leave_alone(&self, rows: &Located, alone: &BooleanArray) -> Result<(), Error> {
        let places = (0..alone.len()).filter(|at| alone.value(*at)).map(|at| (at, rows.rows.value(at)));
        match self.rules {
            Rules::Insert => {}
            Rules::Merge { .. } => {
                let mut decisions = self.decisions();
                places.for_each(|(_, row)| decisions.delete(rows.file, row));
            }
            Rules::History { boundary, .. } => {
                let (from, until) = self.table.1.validity(&rows.batch)?;
                let mut decisions = self.decisions();
                for (at, row) in places.filter(|(at, _)| until.is_null(*at)) {
                    decisions.absent_since(rows.file, row, from.value(at), boundary);
                }
            }
        }
        Ok(())
    }

    /// Parts that have to be read in full. When no staged row depends on another, there is none, and all of them are
    /// taken as they are.
    fn to_sort(&self, staged_rows: u64) -> Vec<(Side, Unit)> {
        let alone = self.filters.matched.is_empty() && self.filters.repeated.is_empty() && !self.staged.1.has_flag();
        let mut units = Vec::new();
        if alone {
            self.decisions().insert(staged_rows);
        } else {
            units.extend(self.staged.0.units(|_| true).into_iter().map(|unit| (Side::Staged, unit)));
        }
        let involved = |file: usize| self.involved[file].load(Ordering::Relaxed);
        let table: Vec<_> = self.table.0.units(involved).into_iter().map(|unit| (Side::Table, unit)).collect();
        if let (Some((set, _)), true, false) = (&self.held, self.by_absence(), table.is_empty()) {
            units.extend(set.units(|_| true).into_iter().map(|unit| (Side::Held, unit)));
        }
        units.extend(table);
        units
    }

    /// The candidates as parallel streams for a sort.
    pub(super) fn feeds(self: &Arc<Self>, staged_rows: u64, streams: usize) -> Vec<Arc<dyn PartitionStream>> {
        let units = self.to_sort(staged_rows);
        let streams = streams.min(units.len());
        let queue = Arc::new(Queue { units, next: AtomicUsize::new(0) });
        let feed = |_| -> Arc<dyn PartitionStream> {
            Arc::new(Feed { schema: schema(), queue: Arc::clone(&queue), candidates: Arc::clone(self) })
        };
        (0..streams).map(feed).collect()
    }

    fn read(self: &Arc<Self>, side: Side, unit: Unit) -> BoxStream<'static, Result<RecordBatch, Error>> {
        let me = Arc::clone(self);
        let all = |set: &FileSet| (0..set.schema().fields().len()).collect::<Vec<_>>();
        match (side, &self.held) {
            (Side::Table, _) => {
                let set = &self.table.0;
                set.read(unit, &all(set)).map(move |rows| me.table_rows(&rows?)).boxed()
            }
            (Side::Held, Some((set, codec))) => {
                set.read(unit, codec.key_columns()).map(move |rows| me.held_rows(&rows?)).boxed()
            }
            _ => {
                let set = &self.staged.0;
                set.read(unit, &all(set)).map(move |rows| me.staged_rows(&rows?)).boxed()
            }
        }
    }

    fn table_rows(&self, rows: &Located) -> Result<RecordBatch, Error> {
        let keys = self.table.1.keys_of(&rows.batch, Place::Table)?;
        // Exactly those that the sifting left undecided: `matched` may hold others too.
        let wanted = chosen(&keys, |hash| self.may_match(hash));
        let (keys, rows) = narrow(&keys, rows, &wanted)?;
        let sides = UInt8Array::from_value(Side::Table as u8, keys.len());
        full(&self.table.1, keys, sides, &rows)
    }

    fn staged_rows(&self, rows: &Located) -> Result<RecordBatch, Error> {
        let codec = &self.staged.1;
        let keys = codec.keys_of(&rows.batch, Place::Stage)?;
        let flagged = codec.flagged(&rows.batch)?;
        let wanted = chosen(&keys, |hash| self.filters.matched.may_hold(hash) || self.filters.repeated.may_hold(hash));
        self.take_alone(rows, &wanted, flagged.as_ref());
        let flagged = flagged.map(|flags| filter(&flags, &wanted)).transpose().map_err(Error::arrow(STEP))?;
        let (keys, rows) = narrow(&keys, rows, &wanted)?;
        let sides = match &flagged {
            None => UInt8Array::from_value(Side::Staged as u8, keys.len()),
            Some(flags) => sides(flags)?,
        };
        full(codec, keys, sides, &rows)
    }

    fn take_alone(&self, rows: &Located, wanted: &BooleanArray, flagged: Option<&BooleanArray>) {
        let mut decisions = self.decisions();
        let mut inserted = 0;
        for at in (0..wanted.len()).filter(|at| !wanted.value(*at)) {
            if flagged.is_some_and(|flags| flags.value(at)) {
                decisions.flag(rows.file, rows.rows.value(at));
            } else {
                inserted += 1;
            }
        }
        decisions.insert(inserted);
    }

    fn held_rows(&self, rows: &Located) -> Result<RecordBatch, Error> {
        let Some((_, codec)) = &self.held else { return Ok(RecordBatch::new_empty(schema())) };
        let present = Codec::complete(rows.batch.columns());
        let batch = filter_record_batch(&rows.batch, &present).map_err(Error::arrow(STEP))?;
        let keys = codec.keys(batch.columns(), Place::Held)?;
        let wanted = chosen(&keys, |hash| self.filters.matched.may_hold(hash));
        let keys = filter(&keys, &wanted).map_err(Error::arrow(STEP))?;
        let count = keys.len();
        let none = BinaryArray::from_iter_values(std::iter::repeat_n([0u8; 0], count));
        let prints = FixedSizeBinaryArray::try_from_iter(std::iter::repeat_n([0u8; 16], count.max(1)))
            .map_err(Error::arrow(STEP))?
            .slice(0, count);
        let columns: Vec<ArrayRef> = vec![
            keys,
            Arc::new(UInt8Array::from_value(Side::Held as u8, count)),
            Arc::new(none),
            Arc::new(prints),
            Arc::new(UInt32Array::from_value(rows.file, count)),
            Arc::new(arrow::array::UInt64Array::from_value(0, count)),
            Arc::new(Int64Array::new_null(count)),
        ];
        RecordBatch::try_new(schema(), columns).map_err(Error::arrow(STEP))
    }
}

/// Rows and files, to size what is kept about them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) staged_rows: u64,
    pub(super) staged_files: usize,
    pub(super) held_rows: u64,
    pub(super) table_rows: u64,
    pub(super) table_files: usize,
}

const STEP: &str = "compare keys";

/// Columns of a candidate.
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Binary, false),
        Field::new("side", DataType::UInt8, false),
        Field::new("version", DataType::Binary, false),
        Field::new("print", DataType::FixedSizeBinary(16), false),
        Field::new("file", DataType::UInt32, false),
        Field::new("row", DataType::UInt64, false),
        Field::new("until", DataType::Int64, true),
    ]))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chosen(keys: &BinaryArray, wanted: impl Fn(u64) -> bool) -> BooleanArray {
    keys.iter().map(|key| Some(wanted(hash(key.unwrap_or_default())))).collect()
}

fn sides(flags: &dyn Array) -> Result<UInt8Array, Error> {
    let flags =
        flags.as_any().downcast_ref::<BooleanArray>().ok_or(Error::Setting { reason: "flags have another type" })?;
    let side = |flagged: bool| if flagged { Side::Flagged as u8 } else { Side::Staged as u8 };
    Ok(UInt8Array::from_iter_values(flags.values().iter().map(side)))
}

fn narrow(keys: &BinaryArray, rows: &Located, wanted: &BooleanArray) -> Result<(ArrayRef, Located), Error> {
    use arrow::array::AsArray;
    let keys = filter(keys, wanted).map_err(Error::arrow(STEP))?;
    let places = filter(&rows.rows, wanted).map_err(Error::arrow(STEP))?;
    let batch = filter_record_batch(&rows.batch, wanted).map_err(Error::arrow(STEP))?;
    Ok((keys, Located { file: rows.file, rows: places.as_primitive().clone(), batch }))
}

fn full(codec: &Codec, keys: ArrayRef, sides: UInt8Array, rows: &Located) -> Result<RecordBatch, Error> {
    let columns: Vec<ArrayRef> = vec![
        Arc::clone(&keys),
        Arc::new(sides),
        Arc::new(codec.versions(&rows.batch)?),
        Arc::new(codec.prints(&rows.batch)?),
        Arc::new(UInt32Array::from_value(rows.file, keys.len())),
        Arc::new(rows.rows.clone()),
        Arc::new(codec.ends(&rows.batch)?),
    ];
    RecordBatch::try_new(schema(), columns).map_err(Error::arrow(STEP))
}

#[derive(Debug)]
struct Queue {
    units: Vec<(Side, Unit)>,
    next: AtomicUsize,
}

impl Queue {
    fn take(&self) -> Option<(Side, Unit)> {
        self.units.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

/// One of the streams that share the queue.
#[derive(Debug)]
struct Feed {
    schema: SchemaRef,
    queue: Arc<Queue>,
    candidates: Arc<Candidates>,
}

impl PartitionStream for Feed {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (queue, candidates) = (Arc::clone(&self.queue), Arc::clone(&self.candidates));
        let batches = futures::stream::iter(std::iter::from_fn(move || queue.take()))
            .flat_map(move |(side, unit)| candidates.read(side, unit))
            .map(|batch| batch.map_err(|error| DataFusionError::External(Box::new(error))));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}
