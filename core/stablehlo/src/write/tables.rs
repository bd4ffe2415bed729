//! What operations refer to by number: texts, attributes, types, properties.

use std::hash::Hash;

use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Type};
use rustc_hash::FxHashMap;

use super::bytes::Bytes;
use crate::bytecode::vhlo_code;
use crate::print::is_splat;
use crate::tree::Ty;

/// Things with numbers, each there once.
struct Numbered<T> {
    items: Vec<T>,
    numbers: FxHashMap<T, usize>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { items: Vec::new(), numbers: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn number(&mut self, item: T) -> usize {
        if let Some(number) = self.numbers.get(&item) {
            return *number;
        }
        let number = self.items.len();
        self.items.push(item.clone());
        self.numbers.insert(item, number);
        number
    }
}

/// The two dialects, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Dialect {
    Builtin = 0,
    Vhlo = 1,
}

const DIALECTS: [&str; 2] = ["builtin", "vhlo"];

#[derive(Default)]
pub(super) struct Tables {
    texts: Numbered<String>,
    op_names: Numbered<String>,
    attributes: Numbered<(Dialect, Bytes)>,
    types: Numbered<Bytes>,
    properties: Numbered<Bytes>,
}

/// The name of an operation in the version that is written: `gather_v2`.
pub(super) fn versioned(name: &str) -> Result<String> {
    let base = match name.split_once('.') {
        Some(("stablehlo", base)) => base,
        Some(("func", base @ ("call" | "return"))) => base,
        _ => {
            let text = format_args!("{name} is no operation of portable artifacts");
            return Err(Error::new(ErrorKind::Unimplemented, text));
        }
    };
    let version = match base {
        "dot_general" | "exponential" | "gather" | "scatter" => 2,
        _ => 1,
    };
    Ok(format!("{base}_v{version}"))
}

impl Tables {
    pub(super) fn op_name(&mut self, name: &str) -> usize {
        self.op_names.number(name.to_owned())
    }

    fn attribute(&mut self, dialect: Dialect, code: u64, fill: impl FnOnce(&mut Bytes)) -> usize {
        let mut bytes = Bytes::default();
        bytes.varint(code);
        fill(&mut bytes);
        self.attributes.number((dialect, bytes))
    }

    fn vhlo(&mut self, code: u64, fill: impl FnOnce(&mut Bytes)) -> usize {
        self.attribute(Dialect::Vhlo, code, fill)
    }

    pub(super) fn unknown_location(&mut self) -> usize {
        self.attribute(Dialect::Builtin, 15, |_| ())
    }

    pub(super) fn array(&mut self, items: &[usize]) -> usize {
        self.vhlo(1, |out| {
            out.varint(items.len() as u64);
            items.iter().for_each(|item| out.varint(*item as u64));
        })
    }

    pub(super) fn flag(&mut self, flag: bool) -> usize {
        self.vhlo(2, |out| out.varint(flag.into()))
    }

    /// A word of an enumeration, by its number.
    pub(super) fn word(&mut self, code: usize, number: usize) -> usize {
        self.vhlo(code as u64, |out| out.varint(number as u64))
    }

    pub(super) fn dict(&mut self, entries: &[(usize, usize)]) -> usize {
        self.vhlo(6, |out| {
            out.varint(entries.len() as u64);
            for (name, value) in entries {
                out.varint(*name as u64);
                out.varint(*value as u64);
            }
        })
    }

    /// A whole number: of up to 8 bits a byte.
    pub(super) fn integer(&mut self, dtype: DType, number: i64) -> Result<usize> {
        let ty = self.element(dtype)?;
        Ok(self.vhlo(9, |out| {
            out.varint(ty as u64);
            if dtype.bits() <= 8 { out.byte(number as u8) } else { out.signed(number) }
        }))
    }

    pub(super) fn text(&mut self, text: &str) -> usize {
        let text = self.texts.number(text.to_owned());
        self.vhlo(14, |out| out.varint(text as u64))
    }

    /// An array of elements.
    pub(super) fn tensor(&mut self, literal: &Literal) -> Result<usize> {
        let ty = self.ty(&Ty::Tensor(literal.ty().clone()))?;
        Ok(self.elements(ty, literal))
    }

    /// A list of axes, numbers of the machine's size.
    pub(super) fn layout(&mut self, axes: &Literal) -> usize {
        let index = self.types.number(coded(9));
        let ty = self.ranked(&axes.ty().shape, index);
        self.elements(ty, axes)
    }

    /// One element for all if they are the same; truths eight to a byte.
    fn elements(&mut self, ty: usize, literal: &Literal) -> usize {
        let dtype = literal.ty().dtype;
        let mut blob = if is_splat(literal) {
            literal.bytes()[..dtype.size_bytes()].to_vec()
        } else {
            literal.bytes().to_vec()
        };
        if dtype.is_bool() {
            let is_one = blob.len() == 1;
            let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | bit);
            blob = blob.chunks(8).map(byte).collect();
            if is_one && blob == [1] {
                blob = vec![0xFF];
            }
        }
        self.vhlo(15, |out| {
            out.varint(ty as u64);
            out.varint(blob.len() as u64);
            out.raw(&blob);
        })
    }

    pub(super) fn type_attribute(&mut self, ty: &Ty) -> Result<usize> {
        let ty = self.ty(ty)?;
        Ok(self.vhlo(17, |out| out.varint(ty as u64)))
    }

    /// What stands where a type or number is left out.
    pub(super) fn no_type(&mut self) -> usize {
        let none = self.types.number(coded(33));
        self.vhlo(17, |out| out.varint(none as u64))
    }

    /// No bound on errors, and the usual mode.
    pub(super) fn default_accuracy(&mut self) -> usize {
        let mode = self.word(19, 0);
        self.vhlo(20, |out| {
            for _ in ["absolute", "relative", "units in the last place"] {
                out.signed(0);
            }
            out.varint(mode as u64);
        })
    }

    pub(super) fn properties(&mut self, bytes: Bytes) -> usize {
        self.properties.number(bytes)
    }

    fn element(&mut self, dtype: DType) -> Result<usize> {
        if dtype.is_complex() {
            let part = self.element(dtype.real_part())?;
            let mut bytes = coded(1);
            bytes.varint(part as u64);
            return Ok(self.types.number(bytes));
        }
        let Some(code) = vhlo_code(dtype) else {
            return Err(Error::internal(format_args!("{dtype} has no type in VHLO")));
        };
        Ok(self.types.number(coded(code as u64)))
    }

    fn ranked(&mut self, dims: &[usize], element: usize) -> usize {
        let mut bytes = coded(20);
        bytes.varint(dims.len() as u64);
        dims.iter().for_each(|dim| bytes.signed(*dim as i64));
        bytes.varint(element as u64);
        self.types.number(bytes)
    }

    pub(super) fn ty(&mut self, ty: &Ty) -> Result<usize> {
        match ty {
            Ty::Tensor(Type { dtype, shape, .. }) => {
                let element = self.element(*dtype)?;
                Ok(self.ranked(shape, element))
            }
            Ty::Function(inputs, results) => {
                let mut bytes = coded(8);
                for side in [inputs, results] {
                    bytes.varint(side.len() as u64);
                    for ty in side {
                        bytes.varint(self.ty(ty)? as u64);
                    }
                }
                Ok(self.types.number(bytes))
            }
            other => Err(Error::internal(format_args!("{other:?} is written"))),
        }
    }

    /// All sections, with the operations.
    pub(super) fn sections(&mut self, file: &mut Bytes, ir: &Bytes) {
        let dialects = self.dialects();
        let (attributes, offsets) = self.entries();
        file.section(1, &dialects);
        file.section(2, &attributes);
        file.section(3, &offsets);
        file.section(4, ir);
        file.section(0, &self.strings());
        let mut properties = Bytes::default();
        properties.varint(self.properties.items.len() as u64);
        for entry in &self.properties.items {
            properties.varint(entry.len() as u64);
            properties.append(entry);
        }
        file.section(8, &properties);
    }

    fn dialects(&mut self) -> Bytes {
        let mut out = Bytes::default();
        out.varint(DIALECTS.len() as u64);
        for name in DIALECTS {
            out.flagged(self.texts.number(name.to_owned()), false);
        }
        let names = self.op_names.items.clone();
        out.varint(names.len() as u64);
        for (number, dialect) in DIALECTS.iter().enumerate() {
            let own = names.iter().filter_map(|name| name.strip_prefix(dialect)?.strip_prefix('.'));
            let own: Vec<&str> = own.collect();
            out.varint(number as u64);
            out.varint(own.len() as u64);
            for name in own {
                out.flagged(self.texts.number(name.to_owned()), true);
            }
        }
        out
    }

    /// The bytes of attributes and types, and where they lie: groups of one dialect.
    fn entries(&self) -> (Bytes, Bytes) {
        let (mut data, mut offsets) = (Bytes::default(), Bytes::default());
        let (attributes, types) = (&self.attributes.items, &self.types.items);
        offsets.varint(attributes.len() as u64);
        offsets.varint(types.len() as u64);
        let mut group = |dialect: Dialect, entries: &mut dyn Iterator<Item = &Bytes>| {
            let entries: Vec<&Bytes> = entries.collect();
            offsets.varint(dialect as u64);
            offsets.varint(entries.len() as u64);
            for entry in entries {
                offsets.flagged(entry.len(), true);
                data.append(entry);
            }
        };
        for run in attributes.chunk_by(|a, b| a.0 == b.0) {
            group(run[0].0, &mut run.iter().map(|(_, bytes)| bytes));
        }
        group(Dialect::Vhlo, &mut types.iter());
        (data, offsets)
    }

    /// Lengths, with the byte that ends each, from the last text to the first; then the texts from the first on.
    fn strings(&self) -> Bytes {
        let mut out = Bytes::default();
        out.varint(self.texts.items.len() as u64);
        self.texts.items.iter().rev().for_each(|text| out.varint(text.len() as u64 + 1));
        for text in &self.texts.items {
            out.raw(text.as_bytes());
            out.byte(0);
        }
        out
    }
}

fn coded(code: u64) -> Bytes {
    let mut bytes = Bytes::default();
    bytes.varint(code);
    bytes
}
