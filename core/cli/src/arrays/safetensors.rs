//! Safetensors: the length of a header (8 bytes), the header in JSON, the elements.
//!
//! The header names each array with its element type, its shape and where its bytes lie after the header:
//! `{"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {…}}`.

use std::cmp::Ordering;

use jaxrs_data::{DType, Literal, Result, Shape, Type, bail};

use super::Stored;
use crate::json::Json;
use crate::json::read::parse;

/// The format's words for element types.
const WORDS: [(DType, &str); 18] = [
    (DType::Bool, "BOOL"),
    (DType::I8, "I8"),
    (DType::I16, "I16"),
    (DType::I32, "I32"),
    (DType::I64, "I64"),
    (DType::U8, "U8"),
    (DType::U16, "U16"),
    (DType::U32, "U32"),
    (DType::U64, "U64"),
    (DType::F16, "F16"),
    (DType::BF16, "BF16"),
    (DType::F32, "F32"),
    (DType::F64, "F64"),
    (DType::C64, "C64"),
    (DType::C128, "C128"),
    (DType::F8E4M3Fn, "F8_E4M3"),
    (DType::F8E5M2, "F8_E5M2"),
    (DType::F8E8M0Fnu, "F8_E8M0"),
];

/// The arrays of a file and their names, by name; numbers in names count as numbers, so that out10 follows out9.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, Stored)>> {
    let Some((len, rest)) = bytes.split_first_chunk::<8>() else {
        bail!(InvalidArgument, "is no safetensors file: it ends within its header");
    };
    let len = usize::try_from(u64::from_le_bytes(*len)).unwrap_or(usize::MAX);
    let Some((header, data)) = rest.split_at_checked(len) else {
        bail!(InvalidArgument, "is no safetensors file: its header of {len} bytes is not there");
    };
    let Some(Json::Map(entries)) = std::str::from_utf8(header).ok().and_then(parse) else {
        bail!(InvalidArgument, "is no safetensors file: its header is no object in JSON");
    };
    let mut arrays = Vec::new();
    for (name, entry) in entries.iter().filter(|(name, _)| name != "__metadata__") {
        arrays.push((name.clone(), Stored::Typed(array(name, entry, data)?)));
    }
    arrays.sort_by(|(a, _), (b, _)| by_name(a, b));
    Ok(arrays)
}

fn array(name: &str, entry: &Json, data: &[u8]) -> Result<Literal> {
    let numbers = |key| entry.get(key).and_then(Json::integers);
    let word = entry.get("dtype").and_then(Json::as_text);
    let (Some(word), Some(dims), Some(offsets)) = (word, numbers("shape"), numbers("data_offsets"))
    else {
        bail!(InvalidArgument, "says nothing that can be read about {name}");
    };
    let Some((dtype, _)) = WORDS.iter().find(|(_, known)| *known == word) else {
        bail!(Unimplemented, "has {name} with elements of {word}");
    };
    let ty = Type::new(*dtype, Shape::from_user("a safetensors file", &dims, dtype.size_bytes())?);
    let bytes = match offsets[..] {
        [start, end] => usize::try_from(start).ok().zip(usize::try_from(end).ok()),
        _ => None,
    };
    let bytes = bytes.and_then(|(start, end)| data.get(start..end));
    match bytes {
        Some(bytes) if bytes.len() == ty.size_bytes() => Literal::from_bytes(ty, bytes),
        _ => bail!(InvalidArgument, "has no {} bytes for {name}, which is {ty}", ty.size_bytes()),
    }
}

/// Runs of digits by their number, all else by its letters.
fn by_name(a: &str, b: &str) -> Ordering {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (mut a, mut b) = (a, b);
    loop {
        let (n, m) = (digits(a), digits(b));
        if n > 0 && m > 0 {
            let (x, y) = (a[..n].trim_start_matches('0'), b[..m].trim_start_matches('0'));
            let order = x.len().cmp(&y.len()).then(x.cmp(y));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (&a[n..], &b[m..]);
            continue;
        }
        let (mut x, mut y) = (a.chars(), b.chars());
        match (x.next(), y.next()) {
            (Some(c), Some(d)) if c == d => (a, b) = (x.as_str(), y.as_str()),
            (c, d) => return c.cmp(&d),
        }
    }
}

/// The file of some arrays.
pub(super) fn write(names: &[String], arrays: &[Literal]) -> Result<Vec<u8>> {
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (name, array) in names.iter().zip(arrays) {
        let ty = array.ty();
        let Some((_, word)) = WORDS.iter().find(|(dtype, _)| *dtype == ty.dtype) else {
            bail!(Unimplemented, "safetensors files have no elements of {}", ty.dtype);
        };
        let start = data.len();
        data.extend_from_slice(array.bytes());
        let list = |numbers: &[usize]| Json::List(numbers.iter().map(|&n| n.into()).collect());
        let entry = Json::Object(vec![
            ("dtype", (*word).into()),
            ("shape", list(&ty.shape)),
            ("data_offsets", list(&[start, data.len()])),
        ]);
        entries.push((name.clone(), entry));
    }
    let mut header = Json::Map(entries).to_string();
    // The elements begin at a multiple of 8.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    Ok([&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test panics")]

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let arrays = [Literal::f32([2], &[1.5, -0.0]), Literal::f32([0, 3], &[])];
        let names = ["out10".to_owned(), "out9".to_owned()];
        let file = write(&names, &arrays).unwrap();
        let read = read(&file).unwrap();
        assert_eq!([&read[0].0, &read[1].0], ["out9", "out10"]);
        let [Stored::Typed(first), Stored::Typed(second)] = [&read[0].1, &read[1].1] else {
            panic!()
        };
        assert_eq!([second, first], [&arrays[0], &arrays[1]]);
        for len in 0..file.len() {
            let _ = super::read(&file[..len]);
        }
        for at in 0..file.len() {
            for value in 0..=u8::MAX {
                let mut damaged = file.clone();
                damaged[at] = value;
                let _ = super::read(&damaged);
            }
        }
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        assert_eq!(by_name("in2", "in10"), Ordering::Less);
        assert_eq!(by_name("layer1.w", "layer1.b"), Ordering::Greater);
        assert_eq!(by_name("x", "x"), Ordering::Equal);
        assert_eq!(by_name("x007", "x7a"), Ordering::Less);
    }
}
