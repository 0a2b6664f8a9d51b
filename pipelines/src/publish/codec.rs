//! Turns rows of any schema into the few columns that decide their fate: key, version, content.

use std::collections::HashSet;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, FixedSizeBinaryArray, Int64Array, RecordBatch,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::row::{RowConverter, SortField};
use xxhash_rust::xxh3::xxh3_64;

use super::classify::order_bytes;
use super::error::Place;
use super::{Change, Deletes, Error, instant};

/// Seed of content fingerprints; part of how ties are settled, so it never changes.
const CONTENT_SEED: u64 = 0;

/// Reads key, version, content and flag of rows of one schema.
#[derive(Debug)]
pub(super) struct Codec {
    key: Vec<usize>,
    key_names: Vec<String>,
    rows: RowConverter,
    content: Vec<usize>,
    version: Version,
    until: Option<usize>,
    flag: Option<(usize, HashSet<String>)>,
}

#[derive(Debug)]
enum Version {
    None,
    Ordered(usize, RowConverter),
    Instant(usize, String),
    Fixed(i64),
}

impl Codec {
    /// For the rows of the stage.
    pub(super) fn staged(schema: &Schema, change: &Change, boundary: i64) -> Result<Self, Error> {
        let (key, version, deletes) = parts(change)?;
        let history = matches!(change, Change::History { .. });
        let version_at = version.map(|name| position(schema, name)).transpose()?;
        let content = (0..schema.fields().len()).filter(|at| !(history && Some(*at) == version_at)).collect();
        let version = match (version_at, history) {
            (Some(at), true) => Version::Instant(at, schema.field(at).name().clone()),
            (Some(at), false) => Version::Ordered(at, converter(schema, &[at])?),
            (None, true) => Version::Fixed(boundary),
            (None, false) => Version::None,
        };
        let flag = match deletes {
            Deletes::Flag { column, values } => Some((position(schema, column)?, values.iter().cloned().collect())),
            _ => None,
        };
        Self::new(schema, key, content, version, None, flag)
    }

    /// For the rows of the table, whose first columns are those of the stage.
    pub(super) fn table(schema: &Schema, change: &Change) -> Result<Self, Error> {
        let (key, version, _) = parts(change)?;
        if !matches!(change, Change::History { .. }) {
            let mut codec = Self::staged(schema, change, 0)?;
            codec.flag = None;
            return Ok(codec);
        }
        let (from, until) = (position(schema, instant::VALID_FROM)?, position(schema, instant::VALID_TO)?);
        let version_at = version.map(|name| position(schema, name)).transpose()?;
        let content =
            (0..schema.fields().len()).filter(|at| ![Some(from), Some(until), version_at].contains(&Some(*at)));
        let known = version_at.unwrap_or(from);
        let version = Version::Instant(known, schema.field(known).name().clone());
        Self::new(schema, key, content.collect(), version, Some(until), None)
    }

    /// For rows of which only the key is known.
    pub(super) fn keys_only(schema: &Schema, key: &[String]) -> Result<Self, Error> {
        Self::new(schema, key, Vec::new(), Version::None, None, None)
    }

    fn new(
        schema: &Schema,
        key: &[String],
        content: Vec<usize>,
        version: Version,
        until: Option<usize>,
        flag: Option<(usize, HashSet<String>)>,
    ) -> Result<Self, Error> {
        if key.is_empty() {
            return Err(Error::Setting { reason: "it has no key columns" });
        }
        let positions = key.iter().map(|name| position(schema, name)).collect::<Result<Vec<_>, _>>()?;
        let rows = converter(schema, &positions)?;
        Ok(Self { key: positions, key_names: key.to_vec(), rows, content, version, until, flag })
    }

    /// Positions of the key columns.
    pub(super) fn key_columns(&self) -> &[usize] {
        &self.key
    }

    /// Positions of the key columns, then of the version and end where they are instants.
    pub(super) fn key_and_instants(&self) -> Vec<usize> {
        let version = match &self.version {
            Version::Instant(at, _) => Some(*at),
            _ => None,
        };
        self.key.iter().copied().chain(version).chain(self.until).collect()
    }

    /// Whether rows can be flagged as deleted.
    pub(super) fn has_flag(&self) -> bool {
        self.flag.is_some()
    }

    /// Rows of which every key column is there.
    pub(super) fn complete(columns: &[ArrayRef]) -> BooleanArray {
        let rows = columns.first().map_or(0, |column| column.len());
        let complete = |at: usize| columns.iter().all(|column| column.is_valid(at));
        (0..rows).map(|at| Some(complete(at))).collect()
    }

    /// Refuses missing versions in a batch of [`Codec::key_and_instants`].
    pub(super) fn check_versions(&self, batch: &RecordBatch) -> Result<(), Error> {
        match &self.version {
            Version::Instant(_, name) => instants(batch.column(self.key.len()), name).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// The keys of a batch that begins with the key columns, as comparable bytes. A missing key is an error.
    pub(super) fn keys(&self, columns: &[ArrayRef], place: Place) -> Result<BinaryArray, Error> {
        let columns = columns.get(..self.key.len()).unwrap_or_default();
        for (column, name) in columns.iter().zip(&self.key_names) {
            let rows = column.logical_null_count() as u64;
            if rows > 0 {
                return Err(Error::KeyMissing { column: name.clone(), rows, place });
            }
        }
        bytes(&self.rows, columns)
    }

    /// The keys of a batch that holds all columns.
    pub(super) fn keys_of(&self, batch: &RecordBatch, place: Place) -> Result<BinaryArray, Error> {
        let columns: Vec<ArrayRef> = self.key.iter().map(|at| batch.column(*at).clone()).collect();
        self.keys(&columns, place)
    }

    /// Fingerprints of the content of a batch that holds all columns.
    pub(super) fn prints(&self, batch: &RecordBatch) -> Result<FixedSizeBinaryArray, Error> {
        let columns: Vec<ArrayRef> = self.content.iter().map(|at| batch.column(*at).clone()).collect();
        Ok(transforms::fingerprint::rows(&columns, CONTENT_SEED)?)
    }

    /// Versions of a batch that holds all columns, as comparable bytes.
    pub(super) fn versions(&self, batch: &RecordBatch) -> Result<BinaryArray, Error> {
        match &self.version {
            Version::None => Ok(BinaryArray::from_iter_values(std::iter::repeat_n([0u8; 0], batch.num_rows()))),
            Version::Fixed(at) => {
                Ok(BinaryArray::from_iter_values(std::iter::repeat_n(order_bytes(*at), batch.num_rows())))
            }
            Version::Ordered(at, rows) => bytes(rows, &[batch.column(*at).clone()]),
            Version::Instant(at, name) => instants(batch.column(*at), name),
        }
    }

    /// Version and end of the rows of a batch of [`Codec::key_and_instants`].
    pub(super) fn validity(&self, batch: &RecordBatch) -> Result<(BinaryArray, Int64Array), Error> {
        let at = self.key.len();
        let name = if let Version::Instant(_, name) = &self.version { name } else { instant::VALID_FROM };
        Ok((instants(batch.column(at), name)?, instant::numbers(batch.column(at + 1))?))
    }

    /// Ends of validity of a batch that holds all columns; all missing outside histories.
    pub(super) fn ends(&self, batch: &RecordBatch) -> Result<Int64Array, Error> {
        match self.until {
            Some(at) => instant::numbers(batch.column(at)),
            None => Ok(Int64Array::new_null(batch.num_rows())),
        }
    }

    /// Which rows say that they are deleted.
    pub(super) fn flagged(&self, batch: &RecordBatch) -> Result<Option<BooleanArray>, Error> {
        let Some((at, values)) = &self.flag else { return Ok(None) };
        let text = cast(batch.column(*at), &DataType::Utf8).map_err(Error::arrow("read the deletion flag"))?;
        let text = text.as_string::<i32>();
        Ok(Some(text.iter().map(|value| Some(value.is_some_and(|value| values.contains(value)))).collect()))
    }
}

/// Hashes of keys, for [`super::filter::KeyFilter`].
pub(super) fn hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// Key, version column and deletion rule of a keyed change.
pub(super) fn parts(change: &Change) -> Result<(&[String], Option<&str>, &Deletes), Error> {
    match change {
        Change::Merge { key, version, deletes } | Change::History { key, version, deletes, .. } => {
            Ok((key, version.as_deref(), deletes))
        }
        Change::Insert { key, deletes } => Ok((key, None, deletes)),
        _ => Err(Error::Setting { reason: "this change has no key" }),
    }
}

/// Where a column is.
pub(super) fn position(schema: &Schema, name: &str) -> Result<usize, Error> {
    schema.index_of(name).map_err(|_| Error::Column { column: name.to_owned(), reason: "is not there" })
}

fn converter(schema: &Schema, positions: &[usize]) -> Result<RowConverter, Error> {
    let fields = positions.iter().map(|at| SortField::new(schema.field(*at).data_type().clone())).collect();
    RowConverter::new(fields).map_err(|_| Error::Column {
        column: positions.iter().map(|at| schema.field(*at).name().as_str()).collect::<Vec<_>>().join(","),
        reason: "has a type that cannot be compared",
    })
}

fn bytes(rows: &RowConverter, columns: &[ArrayRef]) -> Result<BinaryArray, Error> {
    const STEP: &str = "compare keys";
    let made = rows.convert_columns(columns).map_err(Error::arrow(STEP))?;
    made.try_into_binary().map_err(Error::arrow(STEP))
}

fn instants(column: &ArrayRef, name: &str) -> Result<BinaryArray, Error> {
    let numbers = instant::numbers(column)?;
    if numbers.null_count() > 0 {
        return Err(Error::VersionMissing { column: name.to_owned(), rows: numbers.null_count() as u64 });
    }
    let mut bytes = BinaryBuilder::with_capacity(numbers.len(), numbers.len() * 8);
    numbers.values().iter().for_each(|number| bytes.append_value(order_bytes(*number)));
    Ok(bytes.finish())
}
