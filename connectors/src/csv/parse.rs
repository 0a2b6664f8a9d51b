//! Records to columns. One pass, no allocation per row or field.

use arrow::array::RecordBatch;

use super::Format;
use crate::Error;
use crate::text::{Records, TextColumns};

/// One record found in the text.
pub(super) struct Record {
    /// Where the next record begins.
    pub(super) end: usize,
    /// How many fields it has.
    pub(super) fields: usize,
    /// How many lines it takes.
    pub(super) lines: u64,
}

/// A field as it stands in the text, without its outer quotes.
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether quotes inside are doubled and must be halved.
    pub(super) doubled: bool,
}

impl Raw<'_> {
    /// Appends the field's text.
    pub(super) fn append(&self, out: &mut Vec<u8>) {
        if !self.doubled {
            out.extend_from_slice(self.bytes);
            return;
        }
        let mut rest = self.bytes;
        while let Some(at) = memchr::memchr(b'"', rest) {
            out.extend_from_slice(&rest[..=at]);
            rest = &rest[(at + 2).min(rest.len())..];
        }
        out.extend_from_slice(rest);
    }
}

/// The quotes of a record do not match.
pub(super) struct Mismatch;

/// Finds the record that begins at `start` and hands its fields to `each`. `None` means that more text is needed.
#[inline]
pub(super) fn record(
    text: &[u8],
    start: usize,
    last: bool,
    delimiter: u8,
    mut each: impl FnMut(usize, Raw<'_>),
) -> Result<Option<Record>, Mismatch> {
    let (mut at, mut fields, mut lines) = (start, 0, 1);
    loop {
        let end = if text.get(at) == Some(&b'"') {
            let Some((raw, end)) = quoted(text, at, last)? else {
                return Ok(None);
            };
            lines += memchr::memchr_iter(b'\n', raw.bytes).count() as u64;
            each(fields, raw);
            end
        } else {
            let end = match memchr::memchr3(delimiter, b'\n', b'\r', &text[at..]) {
                Some(length) => at + length,
                None if last => text.len(),
                None => return Ok(None),
            };
            each(fields, Raw { bytes: &text[at..end], doubled: false });
            end
        };
        fields += 1;
        match text.get(end) {
            None => return Ok(Some(Record { end, fields, lines })),
            Some(&byte) if byte == delimiter => at = end + 1,
            Some(b'\r') if end + 1 == text.len() && !last => return Ok(None),
            Some(b'\r') if text.get(end + 1) == Some(&b'\n') => {
                return Ok(Some(Record { end: end + 2, fields, lines }));
            }
            Some(b'\r' | b'\n') => {
                return Ok(Some(Record { end: end + 1, fields, lines }));
            }
            Some(_) => return Err(Mismatch),
        }
        if at == text.len() && !last {
            return Ok(None);
        }
    }
}

/// The quoted field at `at`, and where its delimiter or line end stands.
fn quoted(text: &[u8], at: usize, last: bool) -> Result<Option<(Raw<'_>, usize)>, Mismatch> {
    let (mut from, mut doubled) = (at + 1, false);
    loop {
        let Some(length) = memchr::memchr(b'"', &text[from..]) else {
            return if last { Err(Mismatch) } else { Ok(None) };
        };
        let close = from + length;
        match text.get(close + 1) {
            Some(b'"') => {
                doubled = true;
                from = close + 2;
            }
            None if !last => return Ok(None),
            _ => {
                return Ok(Some((Raw { bytes: &text[at + 1..close], doubled }, close + 1)));
            }
        }
    }
}

/// Length of the blank line at the front, if there is one.
pub(super) fn blank(text: &[u8], last: bool) -> Option<usize> {
    match text {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n', ..] => Some(1),
        [b'\r', _, ..] => Some(1),
        [b'\r'] if last => Some(1),
        _ => None,
    }
}

/// Builds batches from the front of a window of text.
pub(super) struct Parser {
    path: String,
    columns: TextColumns,
    delimiter: u8,
    record_bytes: usize,
    line: u64,
    skips: bool,
}

impl Parser {
    /// `skips` says that the first record is the header; `line` is where the text begins.
    pub(super) fn new(path: &str, columns: TextColumns, format: &Format, line: u64, skips: bool) -> Self {
        Self {
            path: path.to_owned(),
            columns,
            delimiter: format.delimiter,
            record_bytes: format.limits.record_bytes,
            line,
            skips,
        }
    }

    fn row(&mut self, text: &[u8], start: usize, last: bool) -> Result<Option<usize>, Error> {
        let Self { columns, skips, .. } = self;
        let skipped = *skips;
        let found = record(text, start, last, self.delimiter, |position, raw| {
            if !skipped {
                columns.append(position, |out| raw.append(out));
            }
        });
        let Ok(found) = found else {
            return Err(Error::Quoting { path: self.path.clone(), line: self.line });
        };
        let Some(found) = found else {
            self.columns.undo();
            return Ok(None);
        };
        self.accept(&found, found.end - start)?;
        Ok(Some(found.end))
    }

    fn accept(&mut self, found: &Record, bytes: usize) -> Result<(), Error> {
        if bytes > self.record_bytes {
            return Err(self.too_long());
        }
        let expected = self.columns.width();
        if self.skips {
            self.skips = false;
        } else if found.fields != expected {
            let path = self.path.clone();
            return Err(Error::Ragged { path, line: self.line, expected, found: found.fields });
        } else {
            self.columns.accept(bytes);
        }
        self.line += found.lines;
        Ok(())
    }

    fn too_long(&self) -> Error {
        Error::RecordTooLong { path: self.path.clone(), line: self.line, limit: self.record_bytes }
    }
}

impl Records for Parser {
    fn parse(&mut self, text: &[u8], last: bool) -> Result<usize, Error> {
        let mut at = 0;
        while at < text.len() && !self.full() {
            if let Some(length) = blank(&text[at..], last) {
                self.line += 1;
                at += length;
                continue;
            }
            match self.row(text, at, last)? {
                Some(end) => at = end,
                None if text.len() - at > self.record_bytes => return Err(self.too_long()),
                None => break,
            }
        }
        Ok(at)
    }

    fn full(&self) -> bool {
        self.columns.full()
    }

    fn finish(&mut self) -> Result<Option<RecordBatch>, Error> {
        let refused = |()| Error::Encoding { path: self.path.clone(), encoding: "UTF-8", line: self.line, offset: 0 };
        self.columns.finish().map_err(refused)
    }
}
