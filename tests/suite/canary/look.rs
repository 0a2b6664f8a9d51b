//! Looking for canaries: in bytes in four encodings, in the values of Parquet files, in their statistics; and in the
//! temporary files of a running process, which have no name.

use std::fs::File;
use std::path::Path;

use parquet::column::page::Page;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::canaries;
use crate::harness::table;

/// The canaries as UTF-8, GBK and both byte orders of UTF-16.
pub(super) struct Eyes(Vec<(String, Vec<u8>)>);

impl Eyes {
    pub(super) fn new() -> Self {
        let mut needles = Vec::new();
        for canary in canaries() {
            let utf16 = |order: fn(u16) -> [u8; 2]| canary.encode_utf16().flat_map(order).collect::<Vec<u8>>();
            let forms = [
                canary.as_bytes().to_vec(),
                encoding_rs::GBK.encode(&canary).0.into_owned(),
                utf16(u16::to_le_bytes),
                utf16(u16::to_be_bytes),
            ];
            for form in forms {
                if !needles.iter().any(|(_, known)| *known == form) {
                    needles.push((canary.clone(), form));
                }
            }
        }
        Self(needles)
    }

    /// The first canary in some bytes.
    pub(super) fn spot(&self, bytes: &[u8]) -> Option<&str> {
        let found = self.0.iter().find(|(_, form)| holds(bytes, form));
        found.map(|(canary, _)| canary.as_str())
    }

    #[track_caller]
    pub(super) fn clean(&self, what: &str, bytes: &[u8]) {
        assert_eq!(self.spot(bytes), None, "in {what}");
    }

    /// A Parquet file nobody may read a canary from: its bytes and, unpacked, its values.
    #[track_caller]
    pub(super) fn clean_parquet(&self, path: &Path) {
        self.clean(&path.display().to_string(), &std::fs::read(path).unwrap());
        assert_eq!(self.spot_values(path), None, "in the values of {}", path.display());
        self.clean_statistics(path);
    }

    /// A canary among the values of a Parquet file.
    pub(super) fn spot_values(&self, path: &Path) -> Option<&str> {
        let rows = table::parquet_rows(path);
        let values = rows.iter().flat_map(|row| row.values().flatten());
        values.map(|value| self.spot(value.as_bytes())).find_map(|found| found)
    }

    /// The part of a Parquet file that is no data: footer, indexes, page headers. It holds neither a canary nor any
    /// smallest or largest value or filter, since a canary may hide in those in binary.
    #[track_caller]
    pub(super) fn clean_statistics(&self, path: &Path) {
        let bytes = std::fs::read(path).unwrap();
        let length = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
        self.clean(&format!("the footer of {}", path.display()), &bytes[bytes.len() - 8 - length..]);
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        for (group, meta) in reader.metadata().row_groups().iter().enumerate() {
            for (index, column) in meta.columns().iter().enumerate() {
                let what = format!("{} of {}", column.column_path(), path.display());
                assert!(nothing_of_values(column), "{what} has statistics");
                let group = reader.get_row_group(group).unwrap();
                let mut pages = group.get_column_page_reader(index).unwrap();
                while let Some(page) = pages.get_next_page().unwrap() {
                    assert!(without_statistics(&page), "a page of {what} has statistics");
                }
            }
        }
    }
}

fn nothing_of_values(column: &ColumnChunkMetaData) -> bool {
    let bounds = column.statistics().is_some_and(|all| all.min_bytes_opt().is_some() || all.max_bytes_opt().is_some());
    !bounds && column.column_index_offset().is_none() && column.bloom_filter_offset().is_none()
}

fn without_statistics(page: &Page) -> bool {
    let bounds = match page {
        Page::DataPage { statistics, .. } | Page::DataPageV2 { statistics, .. } => statistics.as_ref(),
        Page::DictionaryPage { .. } => None,
    };
    bounds.is_none_or(|all| all.min_bytes_opt().is_none() && all.max_bytes_opt().is_none())
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == needle[0]) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// Bytes of the nameless temporary files that a process holds open below `folder`: how many there were, and whether one
/// showed a canary. Files are copied once they have some size.
#[derive(Default)]
pub(super) struct Spills {
    seen: std::collections::BTreeMap<String, u64>,
    pub(super) bytes: u64,
    pub(super) spotted: Option<String>,
}

impl Spills {
    pub(super) fn watch(&mut self, process: u32, eyes: &Eyes) {
        let Ok(entries) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return };
        for entry in entries.flatten() {
            let Ok(target) = std::fs::read_link(entry.path()) else { continue };
            let target = target.to_string_lossy().into_owned();
            if !target.contains("/state/spill/") {
                continue;
            }
            let Ok(size) = std::fs::metadata(entry.path()).map(|meta| meta.len()) else { continue };
            let known = self.seen.entry(target).or_default();
            if size < *known + (1 << 20) && !(*known == 0 && size > 0) {
                continue;
            }
            self.bytes += size - *known;
            *known = size;
            let Ok(bytes) = std::fs::read(entry.path()) else { continue };
            self.spotted = self.spotted.take().or_else(|| eyes.spot(&bytes).map(str::to_owned));
        }
    }
}
