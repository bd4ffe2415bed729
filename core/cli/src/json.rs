//! JSON (RFC 8259), as it is written.

pub(crate) mod read;

use std::fmt;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Text(String),
    Number(f64),
    Integer(i64),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
    /// An object whose names are data.
    Map(Vec<(String, Json)>),
}

impl Json {
    /// A field of an object that was read.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        let Json::Map(fields) = self else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The text that this is.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integers that this is a list of.
    pub(crate) fn integers(&self) -> Option<Vec<i64>> {
        let Json::List(items) = self else { return None };
        let integer = |item: &Json| match item {
            Json::Integer(number) => Some(*number),
            _ => None,
        };
        items.iter().map(integer).collect()
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Json {
        Json::Integer(number as i64)
    }
}

impl From<f64> for Json {
    fn from(number: f64) -> Json {
        Json::Number(number)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Text(text) => quoted(text, f),
            // There is no word for what is not finite.
            Json::Number(number) if !number.is_finite() => f.write_str("null"),
            Json::Number(number) => write!(f, "{number:?}"),
            Json::Integer(number) => write!(f, "{number}"),
            Json::List(items) => {
                f.write_str("[")?;
                for (k, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if k > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Json::Object(fields) => object(fields.iter().map(|(name, value)| (*name, value)), f),
            Json::Map(fields) => object(fields.iter().map(|(name, value)| (&**name, value)), f),
        }
    }
}

fn object<'a>(
    fields: impl Iterator<Item = (&'a str, &'a Json)>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.write_str("{")?;
    for (k, (name, value)) in fields.enumerate() {
        f.write_str(if k > 0 { ", " } else { "" })?;
        quoted(name, f)?;
        write!(f, ": {value}")?;
    }
    f.write_str("}")
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            c if c < ' ' => write!(f, "\\u{:04x}", c as u32)?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
