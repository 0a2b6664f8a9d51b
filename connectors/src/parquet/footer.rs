//! The footer of a file, bounded and checked against the file before it is trusted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use object_store::ObjectStoreExt;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};

use crate::files::File;
use crate::store::Store;
use crate::{Error, Limits};

const MAGIC: &[u8] = b"PAR1";
/// Length of the footer and magic at the end of a file.
const TAIL: u64 = 8;

/// Reads the footer of `file`.
pub(super) async fn read(store: &Store, file: &File, limits: &Limits) -> Result<ArrowReaderMetadata, Error> {
    let refuse = |reason| Error::Parquet { path: file.path.clone(), reason };
    if file.size < TAIL + MAGIC.len() as u64 {
        return Err(refuse("it is too short to hold a footer"));
    }
    let location = store.path(&file.path)?;
    let object = store.object();
    let fail = |error: object_store::Error| Error::storage("read", &file.path, &error);
    let tail = object.get_range(&location, file.size - TAIL..file.size).await.map_err(fail)?;
    let Some((length, magic)) = tail.split_first_chunk::<4>() else {
        return Err(refuse("it is truncated"));
    };
    if magic != MAGIC {
        return Err(refuse("it does not end with the Parquet signature: it is truncated or something else"));
    }
    let length = u64::from(u32::from_le_bytes(*length));
    if length > limits.parquet_footer_bytes {
        return Err(Error::ParquetTooLarge {
            path: file.path.clone(),
            what: "footer",
            claimed: length,
            limit: limits.parquet_footer_bytes,
        });
    }
    let end = file.size - TAIL;
    let Some(start) = end.checked_sub(length).filter(|&start| start >= MAGIC.len() as u64) else {
        return Err(refuse("its footer claims to be longer than the file"));
    };
    let bytes = object.get_range(&location, start..end).await.map_err(fail)?;
    // The thrift decoder is fed by whoever made the file; a panic of it is a broken file, not ours.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(&bytes)));
    let Ok(Some(footer)) = decoded else {
        return Err(refuse("its footer cannot be decoded"));
    };
    if !plausible(footer.metadata(), start) {
        return Err(refuse("its footer points outside the file"));
    }
    if footer.schema().fields().len() > limits.columns {
        let found = footer.schema().fields().len();
        return Err(Error::TooManyColumns { path: file.path.clone(), found, limit: limits.columns });
    }
    Ok(footer)
}

fn decode(bytes: &[u8]) -> Option<ArrowReaderMetadata> {
    let metadata = ParquetMetaDataReader::decode_metadata(bytes).ok()?;
    // Types come from Parquet's own schema, so that files of different writers agree.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ArrowReaderMetadata::try_new(Arc::new(metadata), options).ok()
}

fn plausible(metadata: &ParquetMetaData, data_end: u64) -> bool {
    let groups = metadata.row_groups();
    let rows: Option<i64> = groups
        .iter()
        .try_fold(0i64, |sum, group| if group.num_rows() < 0 { None } else { sum.checked_add(group.num_rows()) });
    rows == Some(metadata.file_metadata().num_rows())
        && groups.iter().flat_map(|group| group.columns()).all(|chunk| within(chunk, data_end))
}

fn within(chunk: &ColumnChunkMetaData, data_end: u64) -> bool {
    let first = match chunk.dictionary_page_offset() {
        Some(dictionary) => dictionary.min(chunk.data_page_offset()),
        None => chunk.data_page_offset(),
    };
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let (Ok(_), Ok(start), Ok(length)) =
        (u64::try_from(first), u64::try_from(start), u64::try_from(chunk.compressed_size()))
    else {
        return false;
    };
    start >= MAGIC.len() as u64 && start.checked_add(length).is_some_and(|end| end <= data_end)
}
