//! Formats: text with places for values, as Python's `str.format` has them.
//!
//! `{}` is the next value, `{2}` a value by its number, `{x}` one by its name; `{:.3f}` says how a scalar is
//! written. `{{` and `}}` are braces. Values stand in the order of operands, those with a name last.

mod array;
mod column;
mod spec;

use std::fmt::Write;
use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, Type, bail};

use crate::ParamReader;
use spec::Spec;

pub(crate) use array::write_array;

/// A format with the names of its last values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    source: Arc<str>,
    names: Arc<[String]>,
    pieces: Arc<[Piece]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Text(String),
    Value(Key, Spec),
}

/// Which value a place is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Number(usize),
    Name(usize),
}

#[cold]
fn fault(source: &str, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format_args!("the format {source:?} {message}"))
}

impl Format {
    /// Reads a format. `names` are those of the last values that it is given.
    pub fn new(source: &str, names: &[&str]) -> Result<Format> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        if let Some(name) =
            names.iter().find(|name| name.is_empty() || name.contains(char::is_whitespace))
        {
            return Err(fault(
                source,
                format_args!("has a value called {name:?}, which is no name"),
            ));
        }
        let pieces = pieces(source, &names)?;
        Ok(Format { source: source.into(), names: names.into(), pieces: pieces.into() })
    }

    /// Reads a format from parameters `fmt` and `names`.
    pub(crate) fn read(read: &ParamReader<'_>) -> Result<Format> {
        let names: Vec<&str> = read.name("names")?.split_whitespace().collect();
        Format::new(read.name("fmt")?, &names)
    }

    /// The text that it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of the last values.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether values of these types fill all places.
    pub fn check(&self, types: &[Type]) -> Result<()> {
        let Some(n_unnamed) = types.len().checked_sub(self.names.len()) else {
            let (names, got) = (self.names.len(), types.len());
            return Err(fault(&self.source, format_args!("names {names} values, got {got}")));
        };
        for piece in &*self.pieces {
            let Piece::Value(key, spec) = piece else { continue };
            let position = self.position(key, types.len());
            if let Key::Number(number) = key
                && *number >= n_unnamed
            {
                let message = format_args!("needs value {number}, got {n_unnamed} without a name");
                return Err(fault(&self.source, message));
            }
            spec.check(&types[position]).map_err(|err| fault(&self.source, err.message()))?;
        }
        Ok(())
    }

    fn position(&self, key: &Key, n_values: usize) -> usize {
        match key {
            Key::Number(number) => *number,
            Key::Name(name) => n_values - self.names.len() + name,
        }
    }

    /// The text for some values.
    pub fn text(&self, values: &[Literal]) -> Result<String> {
        let types: Vec<Type> = values.iter().map(|value| value.ty().clone()).collect();
        self.check(&types)?;
        let mut text = String::new();
        for piece in &*self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Value(key, spec) => {
                    spec.write(&values[self.position(key, values.len())], &mut text);
                }
            }
        }
        Ok(text)
    }
}

fn pieces(source: &str, names: &[String]) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut n_next = 0;
    let mut rest = source;
    while let Some(brace) = rest.find(['{', '}']) {
        text.push_str(&rest[..brace]);
        let (open, after) = (&rest[brace..brace + 1], &rest[brace + 1..]);
        if let Some(after) = after.strip_prefix(open) {
            text.push_str(open);
            rest = after;
            continue;
        }
        let Some(end) = after.find('}').filter(|_| open == "{") else {
            return Err(fault(
                source,
                format_args!("has a single {open}; write it twice for itself"),
            ));
        };
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        let (field, spec) = after[..end].split_once(':').unwrap_or((&after[..end], ""));
        pieces.push(Piece::Value(key(source, field, names, &mut n_next)?, Spec::new(spec)?));
        rest = &after[end + 1..];
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

fn key(source: &str, field: &str, names: &[String], n_next: &mut usize) -> Result<Key> {
    if field.is_empty() {
        *n_next += 1;
        return Ok(Key::Number(*n_next - 1));
    }
    if let Ok(number) = field.parse() {
        return Ok(Key::Number(number));
    }
    match names.iter().position(|name| name == field) {
        Some(name) => Ok(Key::Name(name)),
        None => bail!(InvalidArgument, "the format {source:?} needs a value called {field}"),
    }
}

/// Appends what displays.
fn push(text: &mut String, value: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use jaxrs_data::{DType, Scalar};

    #[track_caller]
    fn check(source: &str, names: &[&str], values: &[Literal], expected: &str) {
        let text = Format::new(source, names).and_then(|format| format.text(values));
        let text = text.unwrap_or_else(|err| format!("error: {err}"));
        assert_eq!(text, expected);
    }

    fn float(value: f64) -> Literal {
        Literal::scalar(DType::F32, Scalar::Float(value))
    }

    fn double(value: f64) -> Literal {
        Literal::scalar(DType::F64, Scalar::Float(value))
    }

    fn int(value: i64) -> Literal {
        Literal::scalar(DType::I32, Scalar::Int(value))
    }

    #[test]
    fn places_take_values_in_order_by_number_and_by_name() {
        check("{} and {}", &[], &[int(1), float(2.0)], "1 and 2.0");
        check("{1} before {0}", &[], &[int(1), int(2)], "2 before 1");
        check("{} {x}", &["x"], &[int(1), int(2)], "1 2");
        check("{{{}}}", &[], &[int(1)], "{1}");
        check("nothing", &[], &[], "nothing");
    }

    #[test]
    fn scalars_read_as_in_python() {
        check("{} {} {}", &[], &[double(0.5), double(1e16), double(1.5e-5)], "0.5 1e+16 1.5e-05");
        check("{} {}", &[], &[float(f64::NAN), float(f64::NEG_INFINITY)], "nan -inf");
        check("{} {}", &[], &[float(-0.0), float(123456.0)], "-0.0 123456.0");
        // Single precision is written as the double that it is.
        check("{}", &[], &[float(0.1)], "0.10000000149011612");
        let truth = Literal::scalar(DType::Bool, Scalar::Bool(true));
        check("{}", &[], &[truth], "True");
        check(
            "{:.2f}|{:8.1f}|{:<5d}|{:>4}|{:e}",
            &[],
            &[float(1.005), float(2.25), int(7), int(8), float(1234.5)],
            "1.00|     2.2|7    |   8|1.234500e+03",
        );
    }

    #[test]
    fn arrays_read_as_nested_lists() {
        check("{}", &[], &[Literal::f32([2, 2], &[1.0, 2.0, 3.0, 4.5])], "[[1.  2. ]\n [3.  4.5]]");
        check("{}", &[], &[Literal::f32([0], &[])], "[]");
    }

    #[test]
    fn faults_say_what_is_missing() {
        check(
            "{} {}",
            &[],
            &[int(1)],
            "error: the format \"{} {}\" needs value 1, got 1 without a name",
        );
        check("{y}", &["x"], &[int(1)], "error: the format \"{y}\" needs a value called y");
        check("{", &[], &[], "error: the format \"{\" has a single {; write it twice for itself");
        check(
            "{:q}",
            &[],
            &[int(1)],
            "error: the format of a value is [<>][width][.digits][d, e, f or g], got \"q\"",
        );
        check(
            "{:.1f}",
            &[],
            &[Literal::f32([1], &[1.0])],
            "error: the format \"{:.1f}\" writes a scalar, got f32[1]",
        );
    }
}
