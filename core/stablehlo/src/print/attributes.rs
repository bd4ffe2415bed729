//! Attributes as text, and arrays of numbers.

use std::fmt::{self, Write as _};

use jaxrs_data::{DType, Literal, Scalar};

use super::{list, tensor, ty};
use crate::forms::{CONVOLUTION, Form, STRUCTURES, Structure, form, is_default};
use crate::text::types::element_name;
use crate::tree::{Attr, Op};

/// More elements than these are written by their bytes.
const LISTED: usize = 64;

/// `<{name = attribute, …}>`, in the order of names; nothing where there are none.
pub(super) fn properties(out: &mut String, op: &Op) -> fmt::Result {
    let mut said = op.attributes.iter().filter(|(name, value)| !is_default(name, value));
    if said.next().is_none() {
        return Ok(());
    }
    let structure = STRUCTURES.iter().find(|structure| structure.op == op.name);
    let is_convolution = op.name == "stablehlo.convolution";
    let is_inside = |name: &str| {
        structure.is_some_and(|s| s.fields.contains(&name))
            || is_convolution && CONVOLUTION.iter().flatten().any(|field| *field == name)
    };
    out.push_str(" <{");
    let said = op.attributes.iter().filter(|(name, value)| !is_default(name, value));
    let outside = said.filter(|(name, _)| !is_inside(name));
    list(out, outside, |out, (name, value)| {
        write!(out, "{name} = ")?;
        formed(out, form(name), value)
    })?;
    if let Some(structure) = structure {
        within(out, structure, op)?;
    }
    if is_convolution {
        convolution(out, op)?;
    }
    out.write_str("}>")
}

/// A structure: fields that are empty lists are left out.
fn within(out: &mut String, structure: &Structure, op: &Op) -> fmt::Result {
    if !out.ends_with('{') {
        out.push_str(", ");
    }
    write!(out, "{} = #stablehlo.{}<", structure.attribute, structure.name)?;
    let fields = structure.fields.iter().filter_map(|name| Some((name, op.attribute(name)?)));
    let fields =
        fields.filter(|(_, value)| !matches!(value, Attr::List(items) if items.is_empty()));
    list(out, fields, |out, (name, value)| {
        write!(out, "{name} = ")?;
        plain(out, value)
    })?;
    out.write_char('>')
}

/// Numbers without types.
fn plain(out: &mut String, value: &Attr) -> fmt::Result {
    match value {
        Attr::List(items) => {
            out.push('[');
            list(out, items, plain)?;
            out.write_char(']')
        }
        Attr::Int(number) => write!(out, "{number}"),
        Attr::Bool(flag) => write!(out, "{flag}"),
        other => own(out, other),
    }
}

/// `#stablehlo.conv<[b, f, 0, 1]x[i, o, 0, 1]->[b, f, 0, 1]>`
fn convolution(out: &mut String, op: &Op) -> fmt::Result {
    out.push_str(", dimension_numbers = #stablehlo.conv<");
    for ((names, letters), after) in
        CONVOLUTION.iter().zip([["b", "f"], ["i", "o"], ["b", "f"]]).zip(["x", "->", ">"])
    {
        let [first, second, spatial] = names;
        let axis = |name: &str| op.size(name).map_err(|_| fmt::Error);
        let spatial = op.sizes(spatial).map_err(|_| fmt::Error)?;
        let mut labels = vec![String::new(); spatial.len() + 2];
        let mut label = |axis: usize, text: String| match labels.get_mut(axis) {
            Some(place) => {
                *place = text;
                Ok(())
            }
            None => Err(fmt::Error),
        };
        label(axis(first)?, letters[0].to_owned())?;
        label(axis(second)?, letters[1].to_owned())?;
        spatial.iter().enumerate().try_for_each(|(k, &axis)| label(axis, k.to_string()))?;
        write!(out, "[{}]{after}", labels.join(", "))?;
    }
    Ok(())
}

/// An attribute of a form that is known.
fn formed(out: &mut String, form: Form, value: &Attr) -> fmt::Result {
    match (form, value) {
        (Form::Int(dtype), Attr::Int(number)) => {
            write!(out, "{number} : {}", element_name(dtype).unwrap_or_default())
        }
        (Form::Api, Attr::Int(number)) => write!(out, "{number} : i32"),
        (Form::Ints, Attr::List(items)) => array(out, "i64", items),
        (Form::Flags, Attr::List(items)) => array(out, "i1", items),
        (Form::Word(words), Attr::Word(word)) => write!(out, "#stablehlo<{} {word}>", words.name),
        (Form::Words(_), Attr::List(items)) => {
            out.push('[');
            list(out, items, |out, item| match (form, item) {
                (Form::Words(words), item) => formed(out, Form::Word(words), item),
                (_, item) => own(out, item),
            })?;
            out.write_char(']')
        }
        (Form::Layouts, Attr::List(items)) => {
            out.push('[');
            list(out, items, |out, item| match item {
                Attr::Dense(axes) => {
                    elements(out, axes)?;
                    write!(out, " : tensor<{}xindex>", axes.len())
                }
                other => own(out, other),
            })?;
            out.write_char(']')
        }
        (_, other) => own(out, other),
    }
}

fn array(out: &mut String, name: &str, items: &[Attr]) -> fmt::Result {
    write!(out, "array<{name}{}", if items.is_empty() { "" } else { ": " })?;
    list(out, items, plain)?;
    out.write_char('>')
}

/// An attribute by what it is itself; an array without axes is a number with its type.
fn own(out: &mut String, value: &Attr) -> fmt::Result {
    match value {
        Attr::Unit => out.write_str("unit"),
        Attr::Bool(flag) => write!(out, "{flag}"),
        Attr::Int(number) => write!(out, "{number} : i64"),
        Attr::Float(number) => {
            float(out, DType::F64, *number)?;
            out.write_str(" : f64")
        }
        Attr::Text(text) => quoted(out, text),
        Attr::Symbol(name) => write!(out, "@{name}"),
        Attr::Word(word) => out.write_str(word),
        Attr::Type(of) => ty(out, of),
        Attr::List(items) => {
            out.push('[');
            list(out, items, own)?;
            out.write_char(']')
        }
        Attr::Dict(entries) => {
            out.push('{');
            list(out, entries, |out, (name, value)| {
                write!(out, "{name} = ")?;
                number_or(out, value)
            })?;
            out.write_char('}')
        }
        Attr::Dense(literal) => {
            elements(out, literal)?;
            out.push_str(" : ");
            tensor(out, literal.ty())
        }
        Attr::Other(text) => out.write_str(text),
    }
}

fn number_or(out: &mut String, value: &Attr) -> fmt::Result {
    match value {
        Attr::Dense(number) if number.ty().rank() == 0 => {
            scalar(out, number.ty().dtype, number.get(0))?;
            write!(out, " : {}", element_name(number.ty().dtype).unwrap_or_default())
        }
        other => own(out, other),
    }
}

fn quoted(out: &mut String, text: &str) -> fmt::Result {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(out, "\\{c}")?,
            ' '..='~' => out.push(c),
            c => c
                .encode_utf8(&mut [0; 4])
                .bytes()
                .try_for_each(|byte| write!(out, "\\{byte:02X}"))?,
        }
    }
    out.write_char('"')
}

/// `dense<…>`
fn elements(out: &mut String, literal: &Literal) -> fmt::Result {
    let (ty, n) = (literal.ty(), literal.len());
    out.push_str("dense<");
    if n > 0 && is_splat(literal) {
        scalar(out, ty.dtype, literal.get(0))?;
    } else if n > LISTED && !ty.dtype.is_bool() {
        out.push_str("\"0x");
        literal.bytes().iter().try_for_each(|byte| write!(out, "{byte:02X}"))?;
        out.push('"');
    } else if n > 0 {
        rows(out, literal, 0, &mut 0)?;
    }
    out.write_char('>')
}

/// Whether all elements are the same, bit for bit.
pub(crate) fn is_splat(literal: &Literal) -> bool {
    let size = literal.ty().dtype.size_bytes();
    let bytes = literal.bytes();
    bytes.len() >= size && bytes[size..] == bytes[..bytes.len() - size]
}

fn rows(out: &mut String, literal: &Literal, axis: usize, position: &mut usize) -> fmt::Result {
    let ty = literal.ty();
    let Some(&size) = ty.shape.get(axis) else {
        let element = literal.get(*position);
        *position += 1;
        return scalar(out, ty.dtype, element);
    };
    out.push('[');
    list(out, 0..size, |out, _| rows(out, literal, axis + 1, position))?;
    out.write_char(']')
}

fn scalar(out: &mut String, dtype: DType, element: Scalar) -> fmt::Result {
    match element {
        Scalar::Bool(flag) => write!(out, "{flag}"),
        Scalar::Int(number) => write!(out, "{number}"),
        Scalar::Uint(number) => write!(out, "{number}"),
        Scalar::Complex(re, im) => {
            out.push('(');
            float(out, dtype.real_part(), re)?;
            out.push_str(", ");
            float(out, dtype.real_part(), im)?;
            out.write_char(')')
        }
        other => float(out, dtype, other.as_f64()),
    }
}

/// The shortest digits that give the number back, with a point; the bits of what has no digits.
fn float(out: &mut String, dtype: DType, number: f64) -> fmt::Result {
    if !number.is_finite() {
        let bits = Scalar::Float(number).to_bits(dtype);
        let digits = dtype.bits().div_ceil(4) as usize;
        return write!(out, "0x{bits:0digits$X}");
    }
    let text =
        if dtype == DType::F32 { format!("{:e}", number as f32) } else { format!("{number:e}") };
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => write!(out, "{digits}.0e{exponent}"),
        _ => out.write_str(&text),
    }
}
