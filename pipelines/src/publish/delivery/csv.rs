//! A staged Parquet file as CSV, in a stream.

use connectors::parquet::{FileList, ListedFile, open_list};
use connectors::store::Store;
use connectors::write::{CsvOptions, CsvSink};
use connectors::{Limits, Source};
use futures::StreamExt;

use super::super::Error;
use super::RecordFile;
use crate::manifest::StagedFile;

/// Writes `staged` to `target`; the file as it is in the record under `path`, and how many values were prefixed.
pub(super) async fn convert(
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
        return Err(Error::Staged {
            path: staged.path.clone(),
            reason: "holds another number of rows than its manifest says",
        });
    }
    Ok((RecordFile { path, rows: written.rows, bytes: written.bytes, sha256: written.sha256 }, prefixed))
}
