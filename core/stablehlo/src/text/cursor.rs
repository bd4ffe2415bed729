//! A place in a text, and what can be read there.

use std::fmt;

use jaxrs_data::{Error, ErrorKind, Result};

use crate::tree::Place;

/// How deep regions, types and attributes may be nested: more is no program, and would end the stack.
pub(super) const MAX_DEPTH: usize = 200;

/// Where a text begins.
const FIRST: Place = Place { line: 1, column: 1 };

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// The last place that was asked for, and its offset: lines are counted from there on.
    told: (usize, Place),
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0, depth: 0, told: (0, FIRST) }
    }

    /// Where the next thing stands.
    pub(super) fn place(&mut self) -> Place {
        self.skip();
        let (from, place) = if self.told.0 <= self.at { self.told } else { (0, FIRST) };
        let passed = &self.text.as_bytes()[from..self.at];
        let lines = passed.iter().filter(|&&byte| byte == b'\n').count();
        let column = match passed.iter().rposition(|&byte| byte == b'\n') {
            Some(end_of_line) => passed.len() - end_of_line,
            None => place.column + passed.len(),
        };
        self.told = (self.at, Place { line: place.line + lines, column });
        self.told.1
    }

    /// An error at the next thing.
    pub(super) fn error(&mut self, text: impl fmt::Display) -> Error {
        let place = self.place();
        Error::new(ErrorKind::InvalidArgument, format_args!("{place}: {text}"))
    }

    /// That something else was needed here.
    pub(super) fn needs(&mut self, what: impl fmt::Display) -> Error {
        let got = self.next_thing();
        self.error(format_args!("needs {what}, got {got}"))
    }

    fn next_thing(&mut self) -> String {
        self.skip();
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return "the end of the text".to_owned() };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '%' | '@' | '#');
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let end = if end == 0 { first.len_utf8() } else { end };
        format!("'{}'", rest[..end].chars().take(40).collect::<String>())
    }

    /// Runs `read` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Cursor<'a>) -> Result<T>,
    ) -> Result<T> {
        self.enter()?;
        let result = read(self);
        self.leave();
        result
    }

    /// Goes one level deeper.
    pub(super) fn enter(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(format_args!("nests deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back from `enter`.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Goes over white space and comments.
    fn skip(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'/') => {
                    let rest = &bytes[self.at..];
                    self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// The next byte that is no white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.skip();
        self.here()
    }

    /// The next byte, white space or not.
    pub(super) fn here(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes over `token` if it comes next. A word must end where the token does.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        self.skip();
        let Some(rest) = self.text[self.at..].strip_prefix(token) else { return false };
        let is_word = token.ends_with(|c: char| c.is_ascii_alphanumeric());
        if is_word && rest.starts_with(|c: char| is_word_char(c)) {
            return false;
        }
        self.at += token.len();
        true
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<()> {
        if self.eat(token) { Ok(()) } else { Err(self.needs(format_args!("'{token}'"))) }
    }

    /// What fits, without white space before it; it may be empty.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A bare word: letters, digits, `_`, `.` and `$`, beginning with a letter or `_`.
    pub(super) fn word(&mut self) -> Result<&'a str> {
        self.try_word().ok_or_else(|| self.needs("a word"))
    }

    pub(super) fn try_word(&mut self) -> Option<&'a str> {
        self.peek().filter(|&byte| byte.is_ascii_alphabetic() || byte == b'_')?;
        Some(self.take_while(is_word_char))
    }

    /// Whether a word comes next and after it `=`, as in `dims = [0]`.
    pub(super) fn is_key(&mut self) -> bool {
        let start = self.at;
        let is_key = self.try_word().is_some() && self.peek() == Some(b'=');
        self.at = start;
        is_key
    }

    /// What follows a sigil: `%0`, `@main`, `@"any text"`.
    pub(super) fn suffix(&mut self) -> Result<String> {
        if self.here() == Some(b'"') {
            return self.string();
        }
        let name = self.take_while(|c| is_word_char(c) || c == '-');
        if name.is_empty() { Err(self.needs("a name")) } else { Ok(name.to_owned()) }
    }

    /// A text in quotes, with escapes resolved. Bytes that are no UTF-8 come as replacement characters.
    pub(super) fn string(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        self.expect("\"")?;
        let mut out = Vec::new();
        loop {
            let plain = self.take_while(|c| c != '"' && c != '\\');
            out.extend_from_slice(plain.as_bytes());
            let Some(byte) = self.here() else { return Err(self.needs("'\"'")) };
            self.at += 1;
            if byte == b'"' {
                return Ok(out);
            }
            out.push(self.escaped()?);
        }
    }

    /// What stands after a backslash: a letter, or two hexadecimal digits.
    fn escaped(&mut self) -> Result<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let (byte, len) = match *rest {
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [c @ (b'"' | b'\\'), ..] => (c, 1),
            [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                (hex_digit(a) << 4 | hex_digit(b), 2)
            }
            _ => return Err(self.needs("an escape")),
        };
        self.at += len;
        Ok(byte)
    }

    /// The characters of a number: `-1`, `0x7FC0`, `1.5e+00`, `inf`.
    pub(super) fn number(&mut self) -> Result<&'a str> {
        self.skip();
        let start = self.at;
        if self.here() == Some(b'-') {
            self.at += 1;
        }
        let rest = &self.text[self.at..];
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            self.at = start;
            return Err(self.needs("a number"));
        }
        if rest.starts_with("0x") {
            self.at += 2;
            self.take_while(|c| c.is_ascii_hexdigit());
        } else {
            self.take_while(|c| c.is_ascii_digit());
            self.fraction();
        }
        Ok(&self.text[start..self.at])
    }

    fn fraction(&mut self) {
        if self.here() == Some(b'.') {
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let rest = &self.text.as_bytes()[self.at..];
        let digits = match *rest {
            [b'e' | b'E', b'+' | b'-', digit, ..] if digit.is_ascii_digit() => 2,
            [b'e' | b'E', digit, ..] if digit.is_ascii_digit() => 1,
            _ => return,
        };
        self.at += digits;
        self.take_while(|c| c.is_ascii_digit());
    }

    /// All up to the bracket that closes the one that comes next, with both; text in quotes counts as one.
    pub(super) fn balanced(&mut self) -> Result<&'a str> {
        self.skip();
        let start = self.at;
        let mut open = Vec::new();
        loop {
            let Some(byte) = self.here() else { return Err(self.needs("a closing bracket")) };
            match byte {
                b'"' => {
                    self.bytes()?;
                    continue;
                }
                b'<' | b'(' | b'[' | b'{' => open.push(byte),
                // An arrow closes nothing.
                b'>' if self.text[..self.at].ends_with('-') => {}
                b'>' | b')' | b']' | b'}' => {
                    open.pop();
                }
                _ => {}
            }
            self.take_one();
            if open.is_empty() {
                return Ok(&self.text[start..self.at]);
            }
        }
    }

    fn take_one(&mut self) {
        let len = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        self.at += len;
    }

    /// Items between brackets, with commas between them.
    pub(super) fn list<T>(
        &mut self,
        open: &str,
        close: &str,
        mut item: impl FnMut(&mut Cursor<'a>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.expect(open)?;
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if !self.eat(",") {
                self.expect(close)?;
                return Ok(items);
            }
        }
    }

    /// Where it stands, to come back to by `back`.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    pub(super) fn back(&mut self, mark: usize) {
        self.at = mark;
    }
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')
}

pub(super) fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}
