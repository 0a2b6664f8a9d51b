//! A staged Parquet file as CSV, in a stream.

use connectors::parquet::{FileList, ListedFile, open_list};
use connectors::store::Store;
use connectors::write::{CsvOptions, CsvSink};
use connectors::{Limits, Source};
use futures::StreamExt;
use tokio::runtime::Handle;

use super::super::Error;
use super::RecordFile;
use crate::manifest::StagedFile;

/// Writes `staged` to `target`; the file as it is in the record under `path`, and how many values were prefixed.
pub(super) async fn convert(
    stage: &Store,
    staged: &StagedFile,
    store: &Store,
    target: String,
    path: String,
) -> Result<(RecordFile, u64), Error> {
    let (stage, staged, store) = (stage.clone(), staged.clone(), store.clone());
    let handle = Handle::current();
    // Formatting is work for a processor, and its formatters stay on one thread.
    let done = tokio::task::spawn_blocking(move || handle.block_on(write(&stage, &staged, &store, &target, path)));
    done.await.map_err(Error::stopped("write CSV"))?
}

async fn write(
    stage: &Store,
    staged: &StagedFile,
    store: &Store,
    target: &str,
    path: String,
) -> Result<(RecordFile, u64), Error> {
    let listed = ListedFile { path: staged.path.clone(), size: Some(staged.bytes), ..ListedFile::default() };
    let list = FileList { files: vec![listed], ..FileList::default() };
    let source = open_list(stage, list, &Limits::default(), 1).await?;
    let mut sink = CsvSink::create(store, target, source.schema(), &CsvOptions::default()).await?;
    for split in 0..source.splits() {
        let mut batches = source.read(split, None);
        while let Some(batch) = batches.next().await {
            sink.write(&batch?).await?;
        }
    }
    let (written, prefixed) = sink.finish().await?;
    if written.rows != staged.rows {
        let reason = "holds another number of rows than its manifest says";
        return Err(Error::Staged { path: staged.path.clone(), reason });
    }
    Ok((RecordFile { path, rows: written.rows, bytes: written.bytes, sha256: written.sha256 }, prefixed))
}
