//! Cutting one large file at line ends. Only a body without any quote can be cut without parsing it first.

use std::ops::{ControlFlow, Range};

use futures::future::try_join_all;

use super::{Format, Part};
use crate::Error;
use crate::files::File;
use crate::input;
use crate::store::Store;

/// What one stretch of a file holds, as far as it was looked at.
struct Stretch {
    /// Offset up to which it was looked at.
    at: u64,
    /// It has a quote; what follows the quote was not looked at.
    quote: bool,
    /// Line ends in it.
    lines: u64,
    /// Offset just after its first line end.
    first_line_end: Option<u64>,
}

/// The parts of `file`: at most `most`, none smaller than about `limits.split_bytes`.
/// `body` is where quotes begin to count, `None` if the file is compressed.
///
/// GBK and GB 18030 may be cut like UTF-8: their trailing bytes are 0x30 and above, never a line end or a quote.
pub(super) async fn parts(
    store: &Store,
    file: &File,
    body: Option<u64>,
    most: usize,
    format: &Format,
) -> Result<Vec<Part>, Error> {
    let whole = vec![Part { file: file.clone(), range: None, line: 1 }];
    let fits = usize::try_from(file.size / format.limits.split_bytes.max(1)).unwrap_or(usize::MAX);
    let count = most.min(fits);
    let Some(body) = body.filter(|&body| count > 1 && body < file.size) else {
        return Ok(whole);
    };
    let step = (file.size - body) / count as u64;
    let starts = |index: usize| {
        if index == count { file.size } else { body + step * index as u64 }
    };
    let head = look(store, file, 0..body, Stretch::count).await?;
    let body = (0..count).map(|index| look(store, file, starts(index)..starts(index + 1), Stretch::see));
    let stretches = try_join_all(body).await?;
    if stretches.iter().any(|stretch| stretch.quote) {
        return Ok(whole);
    }
    Ok(cut(file, head.lines, &stretches))
}

fn cut(file: &File, before: u64, stretches: &[Stretch]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::with_capacity(stretches.len());
    let (mut start, mut line, mut lines) = (0, 1, before);
    for (index, stretch) in stretches.iter().enumerate() {
        if let Some(end) = stretch.first_line_end.filter(|_| index > 0) {
            parts.push(Part { file: file.clone(), range: Some(start..end), line });
            start = end;
            line = lines + 2;
        }
        lines += stretch.lines;
    }
    if start < file.size {
        parts.push(Part { file: file.clone(), range: Some(start..file.size), line });
    }
    parts
}

async fn look(
    store: &Store,
    file: &File,
    range: Range<u64>,
    see: fn(&mut Stretch, &[u8]) -> ControlFlow<()>,
) -> Result<Stretch, Error> {
    let nothing = Stretch { at: range.start, quote: false, lines: 0, first_line_end: None };
    input::look(store, file, range, nothing, see).await
}

impl Stretch {
    fn see(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        self.quote |= memchr::memchr(b'"', bytes).is_some();
        if self.quote { ControlFlow::Break(()) } else { self.count(bytes) }
    }

    fn count(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        if self.first_line_end.is_none() {
            self.first_line_end = memchr::memchr(b'\n', bytes).map(|end| self.at + end as u64 + 1);
        }
        self.at += bytes.len() as u64;
        ControlFlow::Continue(())
    }
}
