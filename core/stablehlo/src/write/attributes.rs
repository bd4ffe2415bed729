//! Attributes of operations, in VHLO's form.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};

use super::bytes::Bytes;
use super::tables::Tables;
use super::{default, unwritable};
use crate::bytecode::properties::names;
use crate::forms::{Form, Words, form};
use crate::tree::{Attr, Op};

/// The properties of an operation, in the order of their names; none where it has none.
pub(super) fn properties(tables: &mut Tables, op: &Op, name: &str) -> Result<Option<usize>> {
    let mut out = Bytes::default();
    for property in names(name) {
        let number = match op.attribute(property) {
            Some(value) => attribute(tables, op, property, form(property), value)?,
            None => {
                default(tables, property).ok_or_else(|| unwritable(op, property, &Attr::Unit))?
            }
        };
        out.varint(number as u64);
    }
    Ok((out.len() > 0).then(|| tables.properties(out)))
}

fn attribute(tables: &mut Tables, op: &Op, name: &str, form: Form, value: &Attr) -> Result<usize> {
    match (form, value) {
        (Form::Int(dtype), Attr::Int(number)) => tables.integer(dtype, *number as i64),
        (Form::Api, Attr::Int(number)) => Ok(tables.word(5, *number as usize)),
        (Form::Flag, Attr::Bool(flag)) => Ok(tables.flag(*flag)),
        (Form::Word(words), value) => {
            word(tables, words, value).ok_or_else(|| unwritable(op, name, value))
        }
        (Form::Words(words), Attr::List(items)) => {
            let found =
                items.iter().map(|item| word(tables, words, item)).collect::<Option<Vec<_>>>();
            Ok(tables.array(&found.ok_or_else(|| unwritable(op, name, value))?))
        }
        (Form::Text | Form::Symbol, Attr::Text(text) | Attr::Symbol(text)) => Ok(tables.text(text)),
        (Form::Dense, Attr::Dense(literal)) => tables.tensor(literal),
        (Form::Ints | Form::Flags, Attr::List(items)) => {
            let numbers = items.iter().map(scalar).collect::<Option<Vec<Scalar>>>();
            let numbers = numbers.ok_or_else(|| unwritable(op, name, value))?;
            let dtype = if form == Form::Flags { DType::Bool } else { DType::I64 };
            tables.tensor(&Literal::from_scalars(Type::new(dtype, [numbers.len()]), &numbers))
        }
        (Form::Layouts, Attr::List(items)) => {
            let list = items.iter().map(|item| match item {
                Attr::Dense(axes) => Some(tables.layout(axes)),
                _ => None,
            });
            let list =
                list.collect::<Option<Vec<_>>>().ok_or_else(|| unwritable(op, name, value))?;
            Ok(tables.array(&list))
        }
        (Form::Dict, Attr::Dict(entries)) => dict(tables, op, entries),
        _ => Err(unwritable(op, name, value)),
    }
}

fn word(tables: &mut Tables, words: &Words, value: &Attr) -> Option<usize> {
    let Attr::Word(word) = value else { return None };
    let number = words.words.iter().position(|other| other == word)?;
    Some(tables.word(words.code, number))
}

fn scalar(value: &Attr) -> Option<Scalar> {
    match value {
        Attr::Int(number) => i64::try_from(*number).ok().map(Scalar::Int),
        Attr::Bool(flag) => Some(Scalar::Bool(*flag)),
        _ => None,
    }
}

/// In the order of names.
fn dict(tables: &mut Tables, op: &Op, entries: &[(String, Attr)]) -> Result<usize> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let mut pairs = Vec::new();
    for (name, value) in entries {
        let number = match value {
            Attr::Dense(number) if number.ty().rank() == 0 && number.ty().dtype.is_integer() => {
                tables.integer(number.ty().dtype, number.get(0).as_i64())?
            }
            Attr::Int(number) => tables.integer(DType::I64, *number as i64)?,
            Attr::Bool(flag) => tables.flag(*flag),
            Attr::Text(text) => tables.text(text),
            other => return Err(unwritable(op, name, other)),
        };
        pairs.push((tables.text(name), number));
    }
    Ok(tables.dict(&pairs))
}
