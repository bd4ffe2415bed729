//! Tokens of printed programs.

use jaxrs_data::{DType, Result};

use super::error_at;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Letters, digits and underscores, and hyphens between letters; the types of keys, as `key<fry>`.
    Word(String),
    /// A real number, `-inf` and `-nan` among them; `inf` and `nan` are words.
    Number(String),
    /// A complex number with its parentheses.
    Complex(String),
    /// Text in quotes, without them and with escapes resolved.
    Quoted(String),
    /// Any other character.
    Mark(char),
    /// The end of the text.
    End,
}

impl Token {
    /// How errors call it.
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Word(text) | Token::Number(text) | Token::Complex(text) => text.clone(),
            Token::Quoted(text) => format!("{text:?}"),
            Token::Mark(mark) => mark.to_string(),
            Token::End => "the end of the text".to_owned(),
        }
    }
}

/// The tokens of a text with their positions in it, in bytes; the last one is [`Token::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<(Token, usize)>> {
    let mut tokens = Vec::new();
    let mut rest = skipped(source);
    while let Some(first) = rest.chars().next() {
        let start = source.len() - rest.len();
        let (token, len) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let len = word_len(rest);
                (Token::Word(rest[..len].to_owned()), len)
            }
            '0'..='9' | '-' => {
                let len = number_len(rest);
                (Token::Number(rest[..len].to_owned()), len)
            }
            '(' if complex_len(rest).is_some() => {
                let len = complex_len(rest).unwrap_or(1);
                (Token::Complex(rest[..len].to_owned()), len)
            }
            '"' => quoted(rest).ok_or_else(|| error_at(source, start, "a text without its end"))?,
            mark => (Token::Mark(mark), mark.len_utf8()),
        };
        tokens.push((token, start));
        rest = skipped(&rest[len..]);
    }
    tokens.push((Token::End, source.len()));
    Ok(tokens)
}

/// What comes after white space, and after remarks from a `#` to the end of a line.
fn skipped(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, next)| next).trim_start();
    }
    rest
}

fn prefix_len(text: &str, mut holds: impl FnMut(char) -> bool) -> usize {
    text.find(|c| !holds(c)).unwrap_or(text.len())
}

fn word_len(text: &str) -> usize {
    let key_type = text.starts_with("key<").then(|| text.find('>').map_or(0, |end| end + 1));
    if let Some(len) = key_type.filter(|&len| DType::from_name(&text[..len]).is_some()) {
        return len;
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // The types of keys: `key<fry>`.
    if let Some(end) = text.strip_prefix("key<").and_then(|rest| rest.find('>')) {
        return "key<".len() + end + 1;
    }
    // A hyphen joins letters: `scatter-add`.
    let joins = |(at, c)| c == '-' && text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic());
    text.char_indices()
        .find(|&(at, c)| !is_word(c) && !joins((at, c)))
        .map_or(text.len(), |(at, _)| at)
}

fn number_len(text: &str) -> usize {
    let mut last = ' ';
    let sign = usize::from(text.starts_with('-'));
    sign + prefix_len(&text[sign..], |c| {
        let after_exponent = matches!(last, 'e' | 'E') && matches!(c, '-' | '+');
        last = c;
        c.is_ascii_alphanumeric() || c == '.' || after_exponent
    })
}

/// The length of a complex number, `(1.0-2.0j)`, that the text begins with.
fn complex_len(text: &str) -> Option<usize> {
    let inner = &text[1..];
    let len = prefix_len(inner, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-'));
    let is_complex = inner[..len].ends_with('j') && inner[..len].contains(['+', '-']);
    (is_complex && inner[len..].starts_with(')')).then_some(len + 2)
}

/// The text in quotes that another begins with, and its length with quotes and escapes.
fn quoted(text: &str) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((position, c)) = chars.next() {
        match c {
            '"' => return Some((Token::Quoted(value), position + 1)),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                'u' => {
                    let digits: String =
                        chars.by_ref().map(|(_, c)| c).take_while(|&c| c != '}').collect();
                    let number = u32::from_str_radix(digits.strip_prefix('{')?, 16).ok()?;
                    char::from_u32(number)?
                }
                other => other,
            }),
            _ => value.push(c),
        }
    }
    None
}
