//! The first record: the names of the columns.

use super::parse::{blank, record};
use super::{Format, Part, window};
use crate::Error;
use crate::files::File;
use crate::input::Compression;
use crate::store::Store;
use crate::text::{Encoding, column_names};

/// The header of one file.
pub(super) struct Header {
    pub(super) names: Vec<String>,
    /// Stored offset from which quotes count for splitting: of the body where it is known, else 0.
    /// `None` for a compressed file, which has no stored lines.
    pub(super) body: Option<u64>,
}

/// Reads and checks the header of `file`.
pub(super) async fn read(store: &Store, file: &File, format: &Format) -> Result<Header, Error> {
    let path = &file.path;
    let part = Part { file: file.clone(), range: None, line: 1 };
    let mut window = window(store, &part, format).await?;
    let (mut line, mut before) = (1, 0u64);
    loop {
        window.fill().await?;
        while let Some(length) = blank(window.unread(), window.ended()) {
            window.consume(length);
            before += length as u64;
            line += 1;
        }
        if window.unread().is_empty() {
            if window.ended() {
                return Err(Error::NoHeader { path: path.clone() });
            }
            continue;
        }
        let mut raw_names: Vec<String> = Vec::new();
        let limit = format.limits.columns;
        let found = record(window.unread(), 0, window.ended(), format.delimiter, |position, raw| {
            if position < limit {
                let mut name = Vec::new();
                raw.append(&mut name);
                raw_names.push(String::from_utf8(name).unwrap_or_default());
            }
        });
        let found = found.map_err(|_| Error::Quoting { path: path.clone(), line })?;
        let too_long = Error::RecordTooLong { path: path.clone(), line, limit: format.limits.record_bytes };
        match found {
            None if window.unread().len() > format.limits.record_bytes => return Err(too_long),
            None => {}
            Some(found) if found.end > format.limits.record_bytes => return Err(too_long),
            Some(found) if found.fields > limit => {
                return Err(Error::TooManyColumns { path: path.clone(), found: found.fields, limit });
            }
            Some(found) => {
                let body = body(file, format, before + found.end as u64);
                return Ok(Header { names: column_names(path, raw_names)?, body });
            }
        }
    }
}

/// A byte order mark makes the body begin three bytes later than said; the line end before it holds no quote.
fn body(file: &File, format: &Format, end: u64) -> Option<u64> {
    match (format.options.compression.of(&file.path), format.options.encoding) {
        (Compression::Gzip | Compression::Zstd, _) => None,
        (_, Encoding::Utf8) => Some(end),
        (_, Encoding::Gbk | Encoding::Gb18030) => Some(0),
    }
}

/// Refuses a file whose header is not that of the first.
pub(super) fn same(first: &[String], names: &[String], first_file: &File, file: &File) -> Result<(), Error> {
    if first == names {
        return Ok(());
    }
    let position = first.iter().zip(names).position(|(a, b)| a != b).unwrap_or(first.len().min(names.len())) + 1;
    Err(Error::HeaderDiffers { path: file.path.clone(), first: first_file.path.clone(), position })
}
