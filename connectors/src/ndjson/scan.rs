//! One line of JSON (RFC 8259) without a tree: keys and values are handed on as they stand.

/// A value of a field.
pub(super) enum Value<'a> {
    Null,
    /// A string's content, or the exact text of a number or boolean.
    Text(&'a [u8]),
    /// An object or an array.
    Nested,
}

/// Why a line is refused.
pub(super) enum Wrong {
    Line(&'static str),
    /// The field at this position.
    Field(usize, &'static str),
}

/// Deepest nesting that is passed over in fields that are not read.
const DEPTH: usize = 64;

/// Room for strings with escapes, kept between lines.
#[derive(Default)]
pub(super) struct Scratch {
    key: Vec<u8>,
    text: Vec<u8>,
}

/// Hands every field of the object on `line` to `each`.
pub(super) fn object(
    line: &[u8],
    scratch: &mut Scratch,
    mut each: impl FnMut(&[u8], Value<'_>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    let mut cursor = Cursor { line, at: 0 };
    cursor.expect(b'{', "it is not an object")?;
    cursor.space();
    if cursor.peek() == Some(b'}') {
        cursor.at += 1;
        return cursor.end();
    }
    loop {
        cursor.space();
        cursor.string(&mut scratch.key)?;
        cursor.expect(b':', "a colon is missing")?;
        cursor.space();
        let start = cursor.at;
        match cursor.peek() {
            Some(b'"') => {
                cursor.string(&mut scratch.text)?;
                each(&scratch.key, Value::Text(&scratch.text))?;
            }
            Some(b'{' | b'[') => {
                cursor.nested()?;
                each(&scratch.key, Value::Nested)?;
            }
            _ => {
                cursor.literal()?;
                let text = &line[start..cursor.at];
                each(&scratch.key, if text == b"null" { Value::Null } else { Value::Text(text) })?;
            }
        }
        cursor.space();
        match cursor.take() {
            Some(b',') => {}
            Some(b'}') => return cursor.end(),
            _ => return Err(Wrong::Line("a comma or closing brace is missing")),
        }
    }
}

struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), Wrong> {
        self.space();
        if self.take() == Some(byte) { Ok(()) } else { Err(Wrong::Line(reason)) }
    }

    fn end(&mut self) -> Result<(), Wrong> {
        self.space();
        if self.at == self.line.len() { Ok(()) } else { Err(Wrong::Line("something follows the object")) }
    }

    /// A string, unescaped into `out`.
    fn string(&mut self, out: &mut Vec<u8>) -> Result<(), Wrong> {
        out.clear();
        if self.take() != Some(b'"') {
            return Err(Wrong::Line("a key is not a string"));
        }
        loop {
            let rest = &self.line[self.at..];
            let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(Wrong::Line("a string is not closed"));
            };
            if rest[..stop].iter().any(|byte| *byte < 0x20) {
                return Err(Wrong::Line("a string holds a control character"));
            }
            out.extend_from_slice(&rest[..stop]);
            self.at += stop + 1;
            if rest[stop] == b'"' {
                return Ok(());
            }
            self.escape(out)?;
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Wrong> {
        let plain = match self.take() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode(out),
            _ => return Err(Wrong::Line("a string holds an unknown escape")),
        };
        out.push(plain);
        Ok(())
    }

    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), Wrong> {
        let lone = Wrong::Line("a string holds a lone surrogate");
        let mut code = self.hex()?;
        if (0xd800..0xdc00).contains(&code) {
            if self.take() != Some(b'\\') || self.take() != Some(b'u') {
                return Err(lone);
            }
            let low = self.hex()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(lone);
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        match char::from_u32(code) {
            Some('\0') => Err(Wrong::Line("a string holds a NUL character")),
            Some(character) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                Ok(())
            }
            None => Err(lone),
        }
    }

    fn hex(&mut self) -> Result<u32, Wrong> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.take().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or(Wrong::Line("a string holds an unknown escape"))?;
        }
        Ok(code)
    }

    /// A number, a boolean or null.
    fn literal(&mut self) -> Result<(), Wrong> {
        let rest = &self.line[self.at..];
        let length = rest.iter().take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r')).count();
        let text = &rest[..length];
        if !matches!(text, b"true" | b"false" | b"null") && !number(text) {
            return Err(Wrong::Line("a value is not JSON"));
        }
        self.at += length;
        Ok(())
    }

    /// Passes over an object or array, minding strings and depth.
    fn nested(&mut self) -> Result<(), Wrong> {
        let mut open = Vec::new();
        let mut skipped = Vec::new();
        loop {
            match self.peek() {
                None => return Err(Wrong::Line("an object or array is not closed")),
                Some(b'"') => self.string(&mut skipped)?,
                Some(byte) => {
                    self.at += 1;
                    match byte {
                        b'{' => open.push(b'}'),
                        b'[' => open.push(b']'),
                        b'}' | b']' if open.pop() != Some(byte) => {
                            return Err(Wrong::Line("brackets do not match"));
                        }
                        _ => {}
                    }
                }
            }
            if open.len() > DEPTH {
                return Err(Wrong::Line("it is nested too deeply"));
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }
}

/// RFC 8259, section 6.
fn number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> usize {
        text.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let length = digits(exponent);
        return length > 0 && length == exponent.len();
    }
    rest.is_empty()
}
