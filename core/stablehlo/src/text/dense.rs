//! Arrays of numbers as MLIR writes them: `dense<[[1, 2], [3, 4]]> : tensor<2x2xi32>`.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};

use super::cursor::{Cursor, hex_digit};
use super::types;
use crate::tree::Ty;

/// The elements before their type is known.
enum Elements<'a> {
    /// One for all.
    Splat(Element<'a>),
    /// Each.
    Listed(Vec<Element<'a>>),
    /// The bytes of all.
    Bytes(String),
}

#[derive(Clone, Copy)]
enum Element<'a> {
    Real(&'a str),
    Complex(&'a str, &'a str),
}

/// What follows `dense`.
pub(super) fn read(c: &mut Cursor<'_>) -> Result<Literal> {
    c.expect("<")?;
    let elements = match c.peek() {
        Some(b'>') => Elements::Listed(Vec::new()),
        Some(b'"') => Elements::Bytes(c.string()?),
        Some(b'[') => {
            let mut listed = Vec::new();
            c.nested(|c| rows(c, &mut listed))?;
            Elements::Listed(listed)
        }
        _ => Elements::Splat(element(c)?),
    };
    c.expect(">")?;
    c.expect(":")?;
    let place = c.mark();
    let Ty::Tensor(ty) = types::read(c)? else {
        c.back(place);
        return Err(c.needs("the type of an array"));
    };
    literal(&elements, &ty).ok_or_else(|| c.error(format_args!("has elements that are no {ty}")))
}

fn rows<'a>(c: &mut Cursor<'a>, out: &mut Vec<Element<'a>>) -> Result<()> {
    c.expect("[")?;
    if c.eat("]") {
        return Ok(());
    }
    loop {
        if c.peek() == Some(b'[') {
            c.nested(|c| rows(c, out))?;
        } else {
            out.push(element(c)?);
        }
        if !c.eat(",") {
            return c.expect("]");
        }
    }
}

fn element<'a>(c: &mut Cursor<'a>) -> Result<Element<'a>> {
    if c.eat("(") {
        let re = number(c)?;
        c.expect(",")?;
        let im = number(c)?;
        c.expect(")")?;
        return Ok(Element::Complex(re, im));
    }
    Ok(Element::Real(number(c)?))
}

fn number<'a>(c: &mut Cursor<'a>) -> Result<&'a str> {
    for word in ["true", "false"] {
        if c.eat(word) {
            return Ok(word);
        }
    }
    c.number()
}

fn literal(elements: &Elements<'_>, ty: &Type) -> Option<Literal> {
    match elements {
        Elements::Splat(element) => Some(Literal::full(ty.clone(), scalar(*element, ty.dtype)?)),
        Elements::Listed(listed) => {
            let scalars: Option<Vec<_>> = listed.iter().map(|&e| scalar(e, ty.dtype)).collect();
            let scalars = scalars.filter(|scalars| scalars.len() == ty.numel())?;
            Some(Literal::from_scalars(ty.clone(), &scalars))
        }
        Elements::Bytes(hex) => from_bytes(&from_hex(hex)?, ty),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let is_hex = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| digits.chunks(2).map(|two| hex_digit(two[0]) << 4 | hex_digit(two[1])).collect())
}

/// The array of these bytes as MLIR keeps them: little-endian, truths eight to a byte, one element for all if
/// there are no more.
pub(crate) fn from_bytes(bytes: &[u8], ty: &Type) -> Option<Literal> {
    let (n, dtype) = (ty.numel(), ty.dtype);
    if dtype.is_bool() {
        return truths(bytes, ty);
    }
    let size = dtype.size_bytes();
    let element = |k: usize| scalar_at(&bytes[k * size..][..size], dtype);
    if bytes.len() == size && n != 1 {
        return Some(Literal::full(ty.clone(), element(0)));
    }
    (bytes.len() == n.checked_mul(size)?).then(|| Literal::from_fn(ty.clone(), element))
}

fn truths(bytes: &[u8], ty: &Type) -> Option<Literal> {
    let n = ty.numel();
    let bit = |k: usize| Scalar::Bool(bytes[k / 8] >> (k % 8) & 1 == 1);
    match bytes {
        [0xFF] => Some(Literal::full(ty.clone(), Scalar::Bool(true))),
        [0] => Some(Literal::full(ty.clone(), Scalar::Bool(false))),
        _ if bytes.len() == n.div_ceil(8) => Some(Literal::from_fn(ty.clone(), bit)),
        // Older versions have a byte for each.
        _ if bytes.len() == n => {
            Some(Literal::from_fn(ty.clone(), |k| Scalar::Bool(bytes[k] != 0)))
        }
        _ => None,
    }
}

fn scalar_at(bytes: &[u8], dtype: DType) -> Scalar {
    let bits = |bytes: &[u8]| bytes.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
    if dtype.is_complex() {
        let part = |half: &[u8]| Scalar::from_bits(dtype.real_part(), bits(half)).as_f64();
        let (re, im) = bytes.split_at(bytes.len() / 2);
        return Scalar::Complex(part(re), part(im));
    }
    Scalar::from_bits(dtype, bits(bytes))
}

fn scalar(element: Element<'_>, dtype: DType) -> Option<Scalar> {
    match element {
        Element::Complex(re, im) if dtype.is_complex() => {
            let part = |text| real(text, dtype.real_part()).map(Scalar::as_f64);
            Some(Scalar::Complex(part(re)?, part(im)?))
        }
        Element::Real(text) if !dtype.is_complex() => real(text, dtype),
        _ => None,
    }
}

/// A number of some type; hexadecimal digits are the bits of a float.
fn real(text: &str, dtype: DType) -> Option<Scalar> {
    if dtype.is_bool() {
        return match text {
            "true" => Some(Scalar::Bool(true)),
            "false" => Some(Scalar::Bool(false)),
            _ => None,
        };
    }
    if dtype.is_float() {
        return match text.strip_prefix("0x") {
            Some(digits) => {
                let bits = u64::from_str_radix(digits, 16).ok()?;
                Some(Scalar::from_bits(dtype, bits))
            }
            // Read in its own precision: a detour by f64 would round twice.
            None if dtype == DType::F32 => {
                Some(Scalar::Float(f64::from(text.parse::<f32>().ok()?)))
            }
            None => Some(Scalar::Float(text.parse().ok()?)),
        };
    }
    let number = match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok()?,
        None => text.parse::<i128>().ok()?,
    };
    let fits_u64 = u64::try_from(number).ok();
    match i64::try_from(number) {
        Ok(number) => Some(Scalar::Int(number)),
        Err(_) => fits_u64.map(Scalar::Uint),
    }
}
