//! Parquet files. Statistics and dictionaries are data: there are none unless they are allowed.

mod distinct;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::Written;
use super::upload::Upload;
use crate::Error;
use crate::store::Store;

/// How a Parquet file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParquetOptions {
    /// Zstandard level, 1 to 22.
    pub zstd_level: i32,
    /// Columns written without dictionary and compression: tokens and ciphertexts, which gain nothing from either.
    /// Binary ones, sealed values, begin alike: of each only what differs from the one before is stored.
    pub plain: Vec<String>,
    /// Columns whose minimum and maximum may stand in the file. All others have none.
    pub statistics: Vec<String>,
    /// Rows of a row group. A row group is held in memory, encoded, until it is full.
    pub row_group_rows: usize,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self { zstd_level: 3, plain: Vec::new(), statistics: Vec::new(), row_group_rows: 262_144 }
    }
}

/// Writes one Parquet file.
pub struct ParquetSink {
    options: ParquetOptions,
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
    upload: Upload,
    rows: u64,
}

impl std::fmt::Debug for ParquetSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetSink")
            .field("path", &self.upload.path())
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl ParquetSink {
    /// Begins a file at `path`, which appears only when it is finished.
    ///
    /// # Errors
    /// [`Error::PathRefused`], [`Error::Storage`], [`Error::Write`] for a type that Parquet does not have.
    pub async fn create(store: &Store, path: &str, schema: SchemaRef, options: &ParquetOptions) -> Result<Self, Error> {
        let refuse = |reason| Error::Write { path: path.to_owned(), reason };
        let writer = writer(options, &schema, &[]).map_err(refuse)?;
        let upload = Upload::start(store, path).await?;
        Ok(Self { options: options.clone(), schema, writer, upload, rows: 0 })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`Error::Write`] when the batch does not fit the schema; [`Error::Storage`].
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if self.rows == 0 && batch.num_rows() > 0 {
            self.begin(batch)?;
        }
        if self.writer.write(batch).is_err() {
            return Err(self.failed());
        }
        self.rows += batch.num_rows() as u64;
        self.upload.push(self.writer.inner_mut(), false).await
    }

    /// Begins anew, knowing the first rows.
    fn begin(&mut self, first: &RecordBatch) -> Result<(), Error> {
        let refuse = |reason| Error::Write { path: self.upload.path().to_owned(), reason };
        let plain = distinct::hardly_repeated(&self.schema, first);
        self.writer = writer(&self.options, &self.schema, &plain).map_err(refuse)?;
        Ok(())
    }

    /// Bytes held in memory for the row group that is being written.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.writer.memory_size()
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Closes, syncs and names the file.
    ///
    /// # Errors
    /// [`Error::Storage`] or [`Error::Write`].
    pub async fn finish(mut self) -> Result<Written, Error> {
        if self.writer.finish().is_err() {
            return Err(self.failed());
        }
        self.upload.push(self.writer.inner_mut(), true).await?;
        self.upload.finish(self.rows).await
    }

    /// Leaves nothing behind.
    pub async fn abort(self) {
        self.upload.abort().await;
    }

    fn failed(&self) -> Error {
        Error::Write { path: self.upload.path().to_owned(), reason: "a batch does not fit the schema" }
    }
}

/// A writer of one file; `distinct` are columns without a dictionary.
fn writer(
    options: &ParquetOptions,
    schema: &SchemaRef,
    distinct: &[String],
) -> Result<ArrowWriter<Vec<u8>>, &'static str> {
    let properties = properties(options, schema, distinct).ok_or("the zstd level or row group size is out of range")?;
    let arrow = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), arrow);
    writer.map_err(|_| "a column has a type that Parquet does not have")
}

fn properties(options: &ParquetOptions, schema: &Schema, distinct: &[String]) -> Option<WriterProperties> {
    let level = ZstdLevel::try_new(options.zstd_level).ok()?;
    if options.row_group_rows == 0 {
        return None;
    }
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(options.row_group_rows))
        .set_created_by("sluice".to_owned());
    for name in distinct {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(name.as_str()), false);
    }
    for name in &options.plain {
        let column = ColumnPath::from(name.as_str());
        if schema.field_with_name(name).is_ok_and(|field| *field.data_type() == DataType::Binary) {
            builder = builder.set_column_encoding(column.clone(), Encoding::DELTA_BYTE_ARRAY);
        }
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_compression(column, Compression::UNCOMPRESSED);
    }
    for column in options.statistics.iter().filter(|column| !options.plain.contains(column)) {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(column.as_str()), EnabledStatistics::Chunk);
    }
    Some(builder.build())
}
