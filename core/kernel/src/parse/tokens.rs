//! Words and brackets of a text.

use std::str::FromStr;

use jaxrs_data::{Error, ErrorKind, Result};

/// The tokens of a text, each with its line, and the place reached.
pub(super) struct Tokens<'a> {
    tokens: Vec<(&'a str, usize)>,
    at: usize,
}

/// What stands alone without spaces around it.
const MARKS: &[char] = &['(', ')', '[', ']', '{', '}', ',', ':', '='];

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Tokens<'a> {
        let mut tokens = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let mut rest = line.trim_start();
            while !rest.is_empty() && !rest.starts_with(';') {
                let len = token_len(rest);
                tokens.push((&rest[..len], number + 1));
                rest = rest[len..].trim_start();
            }
        }
        Tokens { tokens, at: 0 }
    }

    /// The next token; empty at the end.
    pub(super) fn peek(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |token| token.0)
    }

    /// The number of tokens of the whole text.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn word(&mut self) -> Result<&'a str> {
        let word = self.peek();
        if word.is_empty() {
            return Err(self.error("more", "the end"));
        }
        self.at += 1;
        Ok(word)
    }

    pub(super) fn accept(&mut self, token: &str) -> bool {
        let found = self.peek() == token;
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<()> {
        let got = self.word()?;
        if got == token { Ok(()) } else { Err(self.error(&format!("`{token}`"), got)) }
    }

    pub(super) fn end(&mut self) -> Result<()> {
        if self.is_at_end() { Ok(()) } else { Err(self.error("the end", self.peek())) }
    }

    pub(super) fn number<T: FromStr>(&mut self) -> Result<T> {
        let word = self.word()?;
        word.parse().map_err(|_| self.error("a number", word))
    }

    /// A number behind a letter: `b3`, `%12`.
    pub(super) fn numbered(&mut self, prefix: &str, what: &str) -> Result<u32> {
        let word = self.word()?;
        let number = word.strip_prefix(prefix).and_then(|number| number.parse().ok());
        number.ok_or_else(|| self.error(what, word))
    }

    /// Items with commas between them.
    pub(super) fn list<T>(
        &mut self,
        open: &str,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.accept(close) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// What was needed, and what stands at the token before.
    pub(super) fn error(&self, needed: &str, got: &str) -> Error {
        let last = self.tokens.len().saturating_sub(1);
        let line = self.tokens.get(self.at.saturating_sub(1).min(last)).map_or(1, |token| token.1);
        Error::new(
            ErrorKind::InvalidArgument,
            format_args!("a kernel program needs {needed} on line {line}, got `{got}`"),
        )
    }
}

/// The bytes of the first token: a quoted text, a mark or a word.
fn token_len(text: &str) -> usize {
    if text.starts_with('"') {
        let mut escaped = false;
        let end = text.char_indices().skip(1).find(|&(_, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        return end.map_or(text.len(), |(at, _)| at + 1);
    }
    if text.starts_with(MARKS) {
        return 1;
    }
    text.find(|c: char| c.is_whitespace() || MARKS.contains(&c)).unwrap_or(text.len())
}
