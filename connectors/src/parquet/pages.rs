//! Page headers of a column chunk, read before the decoder allocates what they claim.
//!
//! A page header is a thrift struct in the compact protocol (Parquet format, `PageHeader`): 2 uncompressed size,
//! 3 compressed size, 5, 7 and 8 the headers of data, dictionary and data v2 pages, whose field 1 counts values.

/// Why a chunk is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The headers make no sense.
    Malformed,
    /// A page claims this many bytes.
    TooLarge(u64),
}

/// Deepest nesting that a page header needs is 3.
const DEPTH: usize = 8;

const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

#[derive(Default)]
struct Header {
    expanded: i64,
    stored: i64,
    /// Values of a data page; 0 for other pages.
    values: i64,
}

/// Walks the pages of a chunk that holds `values` values.
pub(super) fn check(chunk: &[u8], values: i64, limit: u64) -> Result<(), Refused> {
    let (mut at, mut seen) = (0usize, 0i64);
    while at < chunk.len() && seen < values {
        let mut cursor = Cursor { bytes: &chunk[at..], at: 0 };
        let header = cursor.header().ok_or(Refused::Malformed)?;
        let (Ok(expanded), Ok(stored)) = (u64::try_from(header.expanded), u64::try_from(header.stored)) else {
            return Err(Refused::Malformed);
        };
        if expanded.max(stored) > limit {
            return Err(Refused::TooLarge(expanded.max(stored)));
        }
        let used = cursor.at + usize::try_from(stored).map_err(|_| Refused::Malformed)?;
        at = at.checked_add(used).filter(|&next| next <= chunk.len()).ok_or(Refused::Malformed)?;
        seen = seen.saturating_add(header.values.max(0));
    }
    Ok(())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let raw = self.varint()?;
        Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// The next field of a struct: id and type; type 0 ends it.
    fn field(&mut self, last: &mut i64) -> Option<(i64, u8)> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        if byte == 0 {
            return Some((0, 0));
        }
        *last = match byte >> 4 {
            0 => self.integer()?,
            delta => *last + i64::from(delta),
        };
        Some((*last, kind))
    }

    fn header(&mut self) -> Option<Header> {
        let (mut header, mut last) = (Header::default(), 0);
        loop {
            match self.field(&mut last)? {
                (_, 0) => return Some(header),
                (2, 5) => header.expanded = self.integer()?,
                (3, 5) => header.stored = self.integer()?,
                (5 | 8, STRUCT) => header.values = self.values()?,
                (_, kind) => self.skip(kind, 0)?,
            }
        }
    }

    /// Field 1 of a struct, the rest skipped.
    fn values(&mut self) -> Option<i64> {
        let (mut values, mut last) = (0, 0);
        loop {
            match self.field(&mut last)? {
                (_, 0) => return Some(values),
                (1, 5) => values = self.integer()?,
                (_, kind) => self.skip(kind, 1)?,
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        match kind {
            1 | 2 => Some(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.advance(8),
            BINARY => {
                let length = self.varint()?;
                self.advance(usize::try_from(length).ok()?)
            }
            LIST | SET => self.skip_list(depth),
            MAP => self.skip_map(depth),
            STRUCT => self.skip_struct(depth),
            _ => None,
        }
    }

    fn skip_list(&mut self, depth: usize) -> Option<()> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        for _ in 0..count {
            self.element(byte & 0x0f, depth)?;
        }
        Some(())
    }

    fn skip_map(&mut self, depth: usize) -> Option<()> {
        let count = self.varint()?;
        if count == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        for _ in 0..count {
            self.element(kinds >> 4, depth)?;
            self.element(kinds & 0x0f, depth)?;
        }
        Some(())
    }

    /// Inside a collection a boolean takes a byte.
    fn element(&mut self, kind: u8, depth: usize) -> Option<()> {
        if matches!(kind, 1 | 2) { self.byte().map(|_| ()) } else { self.skip(kind, depth + 1) }
    }

    fn skip_struct(&mut self, depth: usize) -> Option<()> {
        let mut last = 0;
        loop {
            match self.field(&mut last)? {
                (_, 0) => return Some(()),
                (_, kind) => self.skip(kind, depth + 1)?,
            }
        }
    }

    fn advance(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|&at| at <= self.bytes.len())?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn zigzag(value: i64, out: &mut Vec<u8>) {
        let mut raw = ((value << 1) ^ (value >> 63)) as u64;
        while raw >= 0x80 {
            out.push(raw as u8 | 0x80);
            raw >>= 7;
        }
        out.push(raw as u8);
    }

    /// type, uncompressed size, compressed size, data page header { num_values }.
    fn page(expanded: i64, stored: i64, values: i64, body: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for field in [0, expanded, stored] {
            out.push(0x15);
            zigzag(field, &mut out);
        }
        out.push(0x2c);
        out.push(0x15);
        zigzag(values, &mut out);
        out.extend([0, 0]);
        out.extend(std::iter::repeat_n(7, body));
        out
    }

    #[test]
    fn accepts_pages_that_fill_the_chunk() {
        let chunk = [page(100, 10, 3, 10), page(50, 5, 2, 5)].concat();
        assert_eq!(check(&chunk, 5, 1_000), Ok(()));
    }

    #[test]
    fn refuses_a_page_that_claims_two_gibibytes() {
        assert_eq!(check(&page(i64::from(i32::MAX), 10, 3, 10), 3, 256 << 20), Err(Refused::TooLarge(2_147_483_647)));
    }

    #[test]
    fn refuses_negative_sizes_truncation_and_noise() {
        assert_eq!(check(&page(-1, 10, 3, 10), 3, 1_000), Err(Refused::Malformed));
        assert_eq!(check(&page(10, 10, 3, 4), 3, 1_000), Err(Refused::Malformed));
        assert_eq!(check(&[0xff; 40], 3, 1_000), Err(Refused::Malformed));
    }
}
