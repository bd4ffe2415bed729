//! Indices in Python's words.

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;

use super::Index;

/// Reads an index in Python's words; each `@` stands for the next array.
pub fn parse_index(text: &str, arrays: &[Value]) -> Result<Vec<Index>> {
    let mut arrays = arrays.iter();
    let parts = text.trim().trim_end_matches(',').split(',').map(str::trim);
    let parts = parts.filter(|_| !text.trim().is_empty());
    let index =
        parts.map(|part| parse_part(text, part, &mut arrays)).collect::<Result<Vec<_>>>()?;
    if arrays.next().is_some() {
        bail!(InvalidArgument, "the index {text:?} has fewer @ than there are arrays");
    }
    Ok(index)
}

fn parse_part<'a>(
    text: &str,
    part: &str,
    arrays: &mut impl Iterator<Item = &'a Value>,
) -> Result<Index> {
    let number = |word: &str| match word.trim().parse::<i64>() {
        Ok(number) => Ok(number),
        Err(_) => {
            bail!(InvalidArgument, "the index {text:?} has {part:?}, which is no part of one")
        }
    };
    match part {
        "..." => Ok(Index::Ellipsis),
        "None" | "newaxis" => Ok(Index::NewAxis),
        "@" => match arrays.next() {
            Some(array) => Ok(Index::Array(array.clone())),
            None => bail!(InvalidArgument, "the index {text:?} has more @ than there are arrays"),
        },
        _ if part.contains(':') => {
            let given = |word: Option<&str>| match word.map(str::trim) {
                None | Some("") => Ok(None),
                Some(word) => number(word).map(Some),
            };
            let words: Vec<&str> = part.split(':').collect();
            if words.len() > 3 {
                bail!(
                    InvalidArgument,
                    "the index {text:?} has the slice {part:?} of more than 3 numbers"
                );
            }
            let word = |k: usize| given(words.get(k).copied());
            Ok(Index::Slice(word(0)?, word(1)?, word(2)?))
        }
        _ => number(part).map(Index::At),
    }
}
