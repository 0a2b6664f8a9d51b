//! Stored bytes to checked UTF-8: encodings, byte order marks, NUL, with the line of what is wrong.

mod columns;
mod names;
mod window;

use encoding_rs::DecoderResult;
use serde::{Deserialize, Serialize};

use crate::Error;

pub(crate) use columns::TextColumns;
pub(crate) use names::column_names;
pub(crate) use window::{Records, Window, batches};

/// How a text file is encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8", alias = "utf8")]
    Utf8,
    /// GBK (CP936), decoded as the WHATWG encoding standard says.
    Gbk,
    /// GB 18030.
    Gb18030,
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
            Self::Gb18030 => "GB18030",
        }
    }
}

/// Turns the pieces of one file, or of a part that begins at a line, into UTF-8 without NUL.
pub(crate) struct Text {
    path: String,
    encoding: Encoding,
    decoder: Option<encoding_rs::Decoder>,
    /// Line on which the next byte lies, counting from 1.
    line: u64,
    /// Offset of the next byte in the expanded file.
    offset: u64,
    /// The beginning of a UTF-8 character that the last piece cut.
    cut: Vec<u8>,
    at_start: bool,
}

impl Text {
    /// `line` and `offset` say where the first piece lies; a byte order mark is looked for only at offset 0.
    pub(crate) fn new(path: &str, encoding: Encoding, line: u64, offset: u64) -> Self {
        let decoder = match encoding {
            Encoding::Utf8 => None,
            Encoding::Gbk => Some(encoding_rs::GBK.new_decoder_without_bom_handling()),
            Encoding::Gb18030 => Some(encoding_rs::GB18030.new_decoder_without_bom_handling()),
        };
        Self { path: path.to_owned(), encoding, decoder, line, offset, cut: Vec::new(), at_start: offset == 0 }
    }

    /// Appends the text of `piece` to `out`. `last` says that the file ends here.
    pub(crate) fn push(&mut self, piece: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        if !self.at_start {
            return self.decode(piece, last, out);
        }
        self.cut.extend_from_slice(piece);
        if self.cut.len() < 4 && !last {
            return Ok(());
        }
        self.at_start = false;
        let start = std::mem::take(&mut self.cut);
        let skipped = self.mark(&start)?;
        self.offset = skipped as u64;
        self.decode(&start[skipped..], last, out)
    }

    /// Length of the byte order mark to leave out.
    fn mark(&self, start: &[u8]) -> Result<usize, Error> {
        match start {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(Error::Utf16 { path: self.path.clone() }),
            [0xef, 0xbb, 0xbf, ..] => Ok(3),
            // U+FEFF in GB 18030.
            [0x84, 0x31, 0x95, 0x33, ..] if self.encoding == Encoding::Gb18030 => Ok(4),
            _ => Ok(0),
        }
    }

    fn decode(&mut self, piece: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let read = match self.decoder.take() {
            None => self.utf8(piece, last, out),
            Some(mut decoder) => {
                let read = self.foreign(&mut decoder, piece, last, out);
                self.decoder = Some(decoder);
                read
            }
        };
        read?;
        let new = &out[start..];
        if let Some(at) = memchr::memchr(0, new) {
            return Err(Error::Nul { path: self.path.clone(), line: self.line + lines(&new[..at]) });
        }
        self.line += lines(new);
        self.offset += piece.len() as u64;
        Ok(())
    }

    fn utf8(&mut self, piece: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let before = self.offset - self.cut.len() as u64;
        out.append(&mut self.cut);
        out.extend_from_slice(piece);
        if encoding_rs::Encoding::utf8_valid_up_to(&out[start..]) == out.len() - start {
            return Ok(());
        }
        let Err(error) = std::str::from_utf8(&out[start..]) else {
            return Ok(());
        };
        let valid = start + error.valid_up_to();
        if error.error_len().is_some() || last {
            let text = &out[start..valid];
            return Err(self.invalid(lines(text), before + text.len() as u64));
        }
        self.cut.extend_from_slice(&out[valid..]);
        out.truncate(valid);
        Ok(())
    }

    fn foreign(
        &mut self,
        decoder: &mut encoding_rs::Decoder,
        piece: &[u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let start = out.len();
        let room = decoder.max_utf8_buffer_length_without_replacement(piece.len()).unwrap_or(usize::MAX / 2);
        out.resize(start + room, 0);
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(piece, &mut out[start..], last);
        out.truncate(start + written);
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::Malformed(bad, after) => {
                let offset = self.offset + read as u64 - u64::from(bad) - u64::from(after);
                Err(self.invalid(lines(&out[start..]), offset))
            }
            DecoderResult::OutputFull => Err(self.invalid(lines(&out[start..]), self.offset + read as u64)),
        }
    }

    fn invalid(&self, after: u64, offset: u64) -> Error {
        Error::Encoding { path: self.path.clone(), encoding: self.encoding.name(), line: self.line + after, offset }
    }
}

fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}
