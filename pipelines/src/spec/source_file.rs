//! One definition file as text, with its lines. What is shown of it never shows a secret.

use std::ops::Range;

use super::secret;

/// A definition file. Its debug form is its size: the text may hold a secret.
#[derive(Clone, Default)]
pub struct SourceFile {
    /// As read.
    text: String,
    /// As shown: literal secrets are stars, every byte of them one.
    shown: String,
    /// Byte offsets at which lines start.
    lines: Vec<usize>,
}

impl SourceFile {
    /// Takes the text of a file.
    pub fn new(text: String) -> Self {
        let shown = secret::redact(&text);
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self { text, shown, lines }
    }

    /// The text as read; for parsing only.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = byte.min(self.shown.len());
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines[line.saturating_sub(1)];
        let column = self.shown.get(start..byte).map_or(1, |before| before.chars().count() + 1);
        (line.max(1), column)
    }

    /// The lines that a span covers, at most the first three and 400 bytes around its beginning: the text to show, the
    /// number of its first line, and the span within it.
    pub(crate) fn excerpt(&self, span: &Range<usize>) -> (&str, usize, Range<usize>) {
        const AROUND: usize = 400;
        const LINES: usize = 3;
        let floor = |at: usize| self.shown.floor_char_boundary(at.min(self.shown.len()));
        let (start, end) = (floor(span.start), floor(span.end).max(floor(span.start)));
        let first = self.lines.partition_point(|line| *line <= start).saturating_sub(1);
        let after = self.lines.get(first + LINES).map_or(self.shown.len(), |next| next - 1);
        let from = floor(self.lines[first].max(start.saturating_sub(AROUND)));
        let last_line = self.lines.partition_point(|line| *line < end.max(start + 1)).max(first + 1);
        let line_end = self.lines.get(last_line).map_or(self.shown.len(), |next| next - 1);
        let to = floor(line_end.min(after).min(start.saturating_add(AROUND))).max(from);
        let text = self.shown[from..to].trim_end_matches('\r');
        let inside = |at: usize| at.clamp(from, from + text.len()) - from;
        (text, first + 1, inside(start)..inside(end))
    }
}

impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceFile({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let file = SourceFile::new("a = 1\n标题 = \"参保\"\n".into());
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position(6), (2, 1));
        assert_eq!(file.position(6 + "标题 = ".len()), (2, 6));
        assert_eq!(file.position(10_000), (3, 1));
    }

    #[test]
    fn excerpts_are_bounded() {
        let file = SourceFile::new(format!("x = \"{}\"\nb = 2\n", "数".repeat(100_000)));
        let (text, line, span) = file.excerpt(&(30_000..200_000));
        assert!(text.len() <= 1_000 && line == 1 && span.end <= text.len());
        let (text, line, span) = file.excerpt(&(300_007..300_008));
        assert_eq!((text, line, &text[span]), ("b = 2", 2, "b"));
        let empty = SourceFile::new(String::new());
        assert_eq!(empty.excerpt(&(5..9)), ("", 1, 0..0));
    }
}
