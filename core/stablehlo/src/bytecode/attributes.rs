//! Attributes and types: MLIR's own, and VHLO's.
//!
//! Source of the codes: the encodings of MLIR's builtin dialect and of StableHLO's `VhloBytecode`.

use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, Type};

use super::Tables;
use super::bytes::{Bytes, zigzag};
use crate::forms::{COMPARISON, DIRECTION, DISTRIBUTION, FFT, PRECISION};
use crate::text::dense;
use crate::text::types::{array, complex, element};
use crate::tree::{Attr, Ty};

/// How deep attributes and types may be nested.
const MAX_DEPTH: usize = 64;

fn unsupported(bytes: &Bytes<'_>, what: std::fmt::Arguments<'_>) -> Error {
    let place = bytes.place();
    Error::new(ErrorKind::Unimplemented, format_args!("{place}: unsupported {what}"))
}

impl<'a> Tables<'a> {
    /// The attribute of some number.
    pub(super) fn attribute(&self, index: usize, depth: usize) -> Result<Attr> {
        let entry = self.entry(&self.attributes, index, depth)?;
        let mut bytes = entry.bytes;
        if !entry.is_encoded {
            return Ok(Attr::Other(bytes.c_string()?.to_owned()));
        }
        match self.dialect(entry.dialect)? {
            "vhlo" => self.vhlo_attribute(&mut bytes, depth + 1),
            "builtin" => self.builtin_attribute(&mut bytes, depth + 1),
            other => Ok(Attr::Other(format!("#{other}"))),
        }
    }

    /// The type of some number.
    pub(super) fn ty(&self, index: usize, depth: usize) -> Result<Ty> {
        let entry = self.entry(&self.types, index, depth)?;
        let mut bytes = entry.bytes;
        if !entry.is_encoded {
            return Ok(Ty::Other(bytes.c_string()?.to_owned()));
        }
        match self.dialect(entry.dialect)? {
            "vhlo" => self.vhlo_type(&mut bytes, depth + 1),
            "builtin" => self.builtin_type(&mut bytes, depth + 1),
            other => Ok(Ty::Other(format!("!{other}"))),
        }
    }

    fn entry<'t>(
        &self,
        table: &'t [super::Entry<'a>],
        index: usize,
        depth: usize,
    ) -> Result<&'t super::Entry<'a>> {
        let Some(entry) = table.get(index) else {
            let n = table.len();
            let text = format_args!("the bytecode names entry {index} of a table of {n}");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        };
        if depth > MAX_DEPTH {
            return Err(entry
                .bytes
                .error(format_args!("nests attributes deeper than {MAX_DEPTH}")));
        }
        Ok(entry)
    }

    fn next_attribute(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Attr> {
        self.attribute(bytes.index()?, depth)
    }

    fn next_type(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Ty> {
        self.ty(bytes.index()?, depth)
    }

    fn next_text(&self, bytes: &mut Bytes<'_>) -> Result<String> {
        Ok(self.string(bytes.index()?)?.to_owned())
    }

    fn attribute_list(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Vec<Attr>> {
        (0..bytes.count()?).map(|_| self.next_attribute(bytes, depth)).collect()
    }

    fn type_list(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Vec<Ty>> {
        (0..bytes.count()?).map(|_| self.next_type(bytes, depth)).collect()
    }

    /// Names and attributes: both are attributes.
    fn pairs(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Vec<(String, Attr)>> {
        (0..bytes.count()?)
            .map(|_| {
                let name = match self.next_attribute(bytes, depth)? {
                    Attr::Text(name) => name,
                    _ => return Err(bytes.error("has an attribute whose name is no text")),
                };
                Ok((name, self.next_attribute(bytes, depth)?))
            })
            .collect()
    }

    fn vhlo_attribute(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Attr> {
        let code = bytes.index()?;
        let word = |bytes: &mut Bytes<'_>, words: &[&str]| {
            let k = bytes.index()?;
            let word =
                words.get(k).ok_or_else(|| bytes.error(format_args!("has word {k} of {words:?}")));
            Ok(Attr::Word((*word?).to_owned()))
        };
        match code {
            1 => Ok(Attr::List(self.attribute_list(bytes, depth)?)),
            2 => Ok(Attr::Bool(bytes.index()? != 0)),
            3 => word(bytes, DIRECTION.words),
            4 => word(bytes, COMPARISON.words),
            5 => Ok(Attr::Int(bytes.index()? as i128)),
            6 => Ok(Attr::Dict(self.pairs(bytes, depth)?)),
            7 => word(bytes, FFT.words),
            8 => self.float(bytes, depth),
            9 => self.integer(bytes, depth),
            10 => Ok(Attr::Other("output_operand_alias".to_owned())),
            11 => word(bytes, PRECISION.words),
            12 => word(bytes, &["DEFAULT", "THREE_FRY", "PHILOX"]),
            13 => word(bytes, DISTRIBUTION.words),
            14 => Ok(Attr::Text(self.next_text(bytes)?)),
            15 => self.tensor(bytes, depth),
            16 => word(bytes, &["", "NO_TRANSPOSE", "TRANSPOSE", "ADJOINT"]),
            17 => Ok(Attr::Type(self.next_type(bytes, depth)?)),
            18..=25 => Ok(Attr::Other(format!("vhlo attribute {code}"))),
            _ => Err(unsupported(bytes, format_args!("VHLO attribute {code}"))),
        }
    }

    fn scalar_type(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<DType> {
        match self.next_type(bytes, depth)? {
            Ty::Tensor(ty) if ty.rank() == 0 => Ok(ty.dtype),
            other => Err(bytes.error(format_args!("has a number of type {other:?}"))),
        }
    }

    fn float(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Attr> {
        let dtype = self.scalar_type(bytes, depth)?;
        let bits = integer_bits(bytes, dtype.bits())?;
        Ok(Attr::Float(Scalar::from_bits(dtype, bits).as_f64()))
    }

    fn integer(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Attr> {
        let dtype = self.scalar_type(bytes, depth)?;
        let bits = integer_bits(bytes, dtype.bits())?;
        Ok(match Scalar::from_bits(dtype, bits) {
            Scalar::Bool(flag) => Attr::Bool(flag),
            Scalar::Uint(number) => Attr::Int(i128::from(number)),
            number => Attr::Int(i128::from(number.as_i64())),
        })
    }

    fn tensor(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Attr> {
        let Ty::Tensor(ty) = self.next_type(bytes, depth)? else {
            return Err(bytes.error("has elements of something that is no array"));
        };
        let n = bytes.index()?;
        let blob = bytes.take(n)?;
        self.dense(bytes, &ty, blob)
    }

    fn dense(&self, bytes: &Bytes<'_>, ty: &Type, blob: &[u8]) -> Result<Attr> {
        let literal: Option<Literal> = dense::from_bytes(blob, ty);
        literal.map(Attr::Dense).ok_or_else(|| {
            bytes.error(format_args!("has {} bytes of elements for {ty}", blob.len()))
        })
    }

    fn vhlo_type(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Ty> {
        let code = bytes.index()?;
        if let Some(dtype) = vhlo_element(code) {
            return Ok(Ty::Tensor(Type::scalar(dtype)));
        }
        match code {
            1 => {
                let part = self.scalar_type(bytes, depth)?;
                let dtype = complex(part).ok_or_else(|| bytes.error("has complex integers"))?;
                Ok(Ty::Tensor(Type::scalar(dtype)))
            }
            8 => Ok(Ty::Function(self.type_list(bytes, depth)?, self.type_list(bytes, depth)?)),
            20 => self.ranked(bytes, depth),
            21 => {
                self.next_attribute(bytes, depth)?;
                self.ranked(bytes, depth)
            }
            22 => Ok(Ty::Token),
            23 => Ok(Ty::Tuple(self.type_list(bytes, depth)?)),
            33 => Ok(Ty::Other("none".to_owned())),
            _ => Err(unsupported(bytes, format_args!("VHLO type {code}"))),
        }
    }

    fn ranked(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Ty> {
        let dims: Vec<i64> = (0..bytes.count()?).map(|_| bytes.signed()).collect::<Result<_>>()?;
        let dtype = self.scalar_type(bytes, depth)?;
        let known = |&dim: &i64| (dim != i64::MIN).then_some(dim);
        let dims: Vec<Option<i64>> = dims.iter().map(known).collect();
        array(dtype, &dims).map_err(|error| bytes.error(error))
    }

    fn builtin_attribute(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Attr> {
        match bytes.index()? {
            0 => Ok(Attr::List(self.attribute_list(bytes, depth)?)),
            1 => Ok(Attr::Dict(self.pairs(bytes, depth)?)),
            2 => Ok(Attr::Text(self.next_text(bytes)?)),
            3 => {
                let text = self.next_text(bytes)?;
                self.next_type(bytes, depth)?;
                Ok(Attr::Text(text))
            }
            4 => match self.next_attribute(bytes, depth)? {
                Attr::Text(name) => Ok(Attr::Symbol(name)),
                _ => Err(bytes.error("has a symbol whose name is no text")),
            },
            6 => Ok(Attr::Type(self.next_type(bytes, depth)?)),
            7 => Ok(Attr::Unit),
            8 => self.integer(bytes, depth),
            9 => self.float(bytes, depth),
            18 => self.tensor(bytes, depth),
            // Locations and what only they hold.
            code => Ok(Attr::Other(format!("builtin attribute {code}"))),
        }
    }

    fn builtin_type(&self, bytes: &mut Bytes<'_>, depth: usize) -> Result<Ty> {
        let code = bytes.index()?;
        let scalar = |name: &str| {
            element(name)
                .map(|dtype| Ty::Tensor(Type::scalar(dtype)))
                .ok_or_else(|| bytes.error(format_args!("has the type {name}")))
        };
        match code {
            0 => {
                let number = bytes.index()?;
                let sign = if number & 3 == 2 { "ui" } else { "i" };
                let name = format!("{sign}{}", number >> 2);
                element(&name)
                    .map(|dtype| Ty::Tensor(Type::scalar(dtype)))
                    .ok_or_else(|| bytes.error(format_args!("has the type {name}")))
            }
            1 => scalar("index"),
            2 => Ok(Ty::Function(self.type_list(bytes, depth)?, self.type_list(bytes, depth)?)),
            3 => scalar("bf16"),
            4 => scalar("f16"),
            5 => scalar("f32"),
            6 => scalar("f64"),
            9 => {
                let part = self.scalar_type(bytes, depth)?;
                let dtype = complex(part).ok_or_else(|| bytes.error("has complex integers"))?;
                Ok(Ty::Tensor(Type::scalar(dtype)))
            }
            13 => self.ranked(bytes, depth),
            15 => Ok(Ty::Tuple(self.type_list(bytes, depth)?)),
            code => Ok(Ty::Other(format!("builtin type {code}"))),
        }
    }
}

/// An integer of some width: one byte up to 8 bits, else a zigzag.
fn integer_bits(bytes: &mut Bytes<'_>, width: u32) -> Result<u64> {
    if width <= 8 { bytes.byte().map(u64::from) } else { Ok(zigzag(bytes.varint()?) as u64) }
}

/// The codes of VHLO's element types.
const ELEMENTS: &[(usize, DType)] = &[
    (0, DType::Bool),
    (2, DType::BF16),
    (3, DType::F16),
    (4, DType::F32),
    (5, DType::F64),
    (6, DType::F8E4M3Fn),
    (7, DType::F8E5M2),
    (9, DType::I64),
    (10, DType::I4),
    (11, DType::I8),
    (12, DType::I16),
    (13, DType::I32),
    (14, DType::I64),
    (15, DType::U4),
    (16, DType::U8),
    (17, DType::U16),
    (18, DType::U32),
    (19, DType::U64),
    (27, DType::F8E4M3Fnuz),
    (28, DType::F8E5M2Fnuz),
    (29, DType::F8E4M3B11Fnuz),
    (31, DType::I2),
    (32, DType::U2),
    (35, DType::F8E4M3),
    (36, DType::F8E3M4),
    (37, DType::F4E2M1Fn),
    (38, DType::F6E2M3Fn),
    (39, DType::F6E3M2Fn),
    (40, DType::F8E8M0Fnu),
];

fn vhlo_element(code: usize) -> Option<DType> {
    ELEMENTS.iter().find(|(other, _)| *other == code).map(|(_, dtype)| *dtype)
}

/// The code of an element type. 9 is that of indices, which count as 64 bits here.
pub(crate) fn vhlo_code(dtype: DType) -> Option<usize> {
    let found = ELEMENTS.iter().find(|(code, other)| *other == dtype && *code != 9);
    found.map(|(code, _)| *code)
}
