//! Bytes to programs.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Shape, Type, bail, checksum};

use super::bytes::Reader;
use super::{MAGIC, MAJOR, MAX_DEPTH, MINOR, PortableProgram, kind, tag};
use crate::{Atom, Eqn, Jaxpr, Param, Prim, VarId};

/// The program of a file.
pub(super) fn file(bytes: &[u8]) -> Result<PortableProgram> {
    let Some(after) = bytes.strip_prefix(MAGIC) else {
        bail!(InvalidArgument, "the bytes are no saved program: they do not begin as one");
    };
    let mut version = Reader::new(after, MAGIC.len());
    let major = u16::from_le_bytes(version.array()?);
    let minor = u16::from_le_bytes(version.array()?);
    if major != MAJOR {
        bail!(
            Incompatible,
            "a saved program has format {major}.{minor}, but this library reads {MAJOR}.{MINOR} and later formats {MAJOR}.x"
        );
    }
    let start = MAGIC.len() + 4;
    let body = bytes.len().checked_sub(8).filter(|&end| end >= start);
    let Some(end) = body else { return Err(version.error("it ends within its header")) };
    let (content, sum) = bytes.split_at(end);
    if checksum(content).to_le_bytes() != *sum {
        bail!(InvalidArgument, "a saved program is damaged: its checksum differs");
    }
    Sections::read(Reader::new(&content[start..], start))?.program()
}

/// The contents of the sections that every file has.
struct Sections<'a> {
    text: Reader<'a>,
    types: Reader<'a>,
    programs: Reader<'a>,
    data: Reader<'a>,
    main: Reader<'a>,
}

impl<'a> Sections<'a> {
    fn read(mut rest: Reader<'a>) -> Result<Sections<'a>> {
        let end = rest;
        let mut found: [(&[u8; 4], Option<Reader<'a>>); 5] =
            [tag::TEXT, tag::TYPE, tag::PROG, tag::DATA, tag::MAIN].map(|tag| (tag, None));
        while !rest.is_empty() {
            let start = rest;
            let name: [u8; 4] = rest.array()?;
            let content = rest.run()?;
            match found.iter_mut().find(|(tag, _)| **tag == name) {
                Some((_, place @ None)) => *place = Some(content),
                Some(_) => return Err(start.error("a section is there twice")),
                None if name[0].is_ascii_lowercase() => {}
                None => bail!(
                    Incompatible,
                    "a saved program has a section {}, which this library does not know",
                    name.escape_ascii()
                ),
            }
        }
        let [text, types, programs, data, main] = found.map(|(tag, place)| {
            place
                .ok_or_else(|| end.error(format_args!("section {} is missing", tag.escape_ascii())))
        });
        Ok(Sections { text: text?, types: types?, programs: programs?, data: data?, main: main? })
    }

    fn program(mut self) -> Result<PortableProgram> {
        let mut tables = Tables {
            names: self.text.list(name)?,
            types: self.types.list(ty)?,
            programs: Vec::new(),
        };
        self.text.end()?;
        self.types.end()?;
        for _ in 0..self.programs.count()? {
            let program = tables.program(&mut self.programs)?;
            tables.programs.push(program);
        }
        self.programs.end()?;
        let consts = self.data.list(|data| {
            let ty = tables.ty(data)?;
            tables.literal(ty, data)
        })?;
        self.data.end()?;
        let name = tables.name(&mut self.main)?.to_owned();
        tables.name(&mut self.main)?;
        self.main.end()?;
        match tables.programs.pop() {
            Some((jaxpr, _)) => Ok(PortableProgram { name, jaxpr, consts }),
            None => Err(self.programs.error("there is no program")),
        }
    }
}

fn name(text: &mut Reader<'_>) -> Result<String> {
    let run = text.run()?;
    let name = std::str::from_utf8(run.bytes()).map_err(|_| run.error("a name is not UTF-8"))?;
    Ok(name.to_owned())
}

fn dtype(bytes: &mut Reader<'_>) -> Result<DType> {
    let start = *bytes;
    let number = bytes.byte()?;
    DType::from_number(number.into())
        .ok_or_else(|| start.error(format_args!("there is no element type {number}")))
}

fn ty(bytes: &mut Reader<'_>) -> Result<Type> {
    let start = *bytes;
    let dtype = dtype(bytes)?;
    let weak = match bytes.byte()? {
        0 => false,
        1 => true,
        _ => return Err(start.error("a type is neither weak nor strong")),
    };
    let dims = bytes.list(|dim| {
        let start = *dim;
        i64::try_from(dim.number()?).map_err(|_| start.error("a size is too large"))
    })?;
    let shape = Shape::from_user("a saved type", &dims, dtype.size_bytes())?;
    Ok(Type { dtype, weak, shape })
}

struct Tables {
    names: Vec<String>,
    types: Vec<Type>,
    /// Programs, and how deep each nests.
    programs: Vec<(Arc<Jaxpr>, usize)>,
}

fn item<'t, T>(items: &'t [T], what: &str, number: usize, at: Reader<'_>) -> Result<&'t T> {
    items.get(number).ok_or_else(|| at.error(format_args!("there is no {what} {number}")))
}

impl Tables {
    fn name(&self, bytes: &mut Reader<'_>) -> Result<&str> {
        let start = *bytes;
        Ok(item(&self.names, "name", bytes.size()?, start)?)
    }

    fn ty(&self, bytes: &mut Reader<'_>) -> Result<Type> {
        let start = *bytes;
        item(&self.types, "type", bytes.size()?, start).cloned()
    }

    fn literal(&self, ty: Type, bytes: &mut Reader<'_>) -> Result<Literal> {
        let elements = bytes.take(ty.size_bytes())?;
        Literal::from_bytes(ty, elements.bytes())
    }

    /// A program that refers to those before it.
    fn program(&self, bytes: &mut Reader<'_>) -> Result<(Arc<Jaxpr>, usize)> {
        let start = *bytes;
        let mut jaxpr = Jaxpr { n_consts: bytes.size()?, ..Jaxpr::default() };
        jaxpr.invars = self.definitions(&mut jaxpr, bytes)?;
        let mut depth = 1;
        for _ in 0..bytes.count()? {
            let eqn = self.equation(&mut jaxpr, bytes, &mut depth)?;
            jaxpr.eqns.push(eqn);
        }
        jaxpr.outputs = self.atoms(&jaxpr, bytes)?;
        if depth > MAX_DEPTH {
            return Err(start.error(format_args!("programs nest more than {MAX_DEPTH} deep")));
        }
        Ok((Arc::new(jaxpr), depth))
    }

    fn definitions(&self, jaxpr: &mut Jaxpr, bytes: &mut Reader<'_>) -> Result<Vec<VarId>> {
        bytes.list(|bytes| Ok(jaxpr.fresh_var(self.ty(bytes)?)))
    }

    fn atoms(&self, jaxpr: &Jaxpr, bytes: &mut Reader<'_>) -> Result<Vec<Atom>> {
        bytes.list(|bytes| {
            let start = *bytes;
            let number = bytes.size()?;
            if number % 2 == 0 {
                item(&jaxpr.types, "variable", number / 2, start)?;
                return Ok(Atom::Var(VarId((number / 2) as u32)));
            }
            let ty = item(&self.types, "type", number / 2, start)?;
            self.literal(ty.clone(), bytes).map(Atom::Literal)
        })
    }

    fn equation(
        &self,
        jaxpr: &mut Jaxpr,
        bytes: &mut Reader<'_>,
        depth: &mut usize,
    ) -> Result<Eqn> {
        let name = self.name(bytes)?;
        let params = bytes.list(|bytes| {
            let key = self.name(bytes)?.to_owned();
            Ok((key, self.param(bytes, depth)?))
        })?;
        let prim = primitive(name, &params)?;
        let inputs = self.atoms(jaxpr, bytes)?.into();
        let outputs = self.definitions(jaxpr, bytes)?.into();
        let start = *bytes;
        let name_stack = match bytes.size()? {
            0 => None,
            number => Some(item(&self.names, "name", number - 1, start)?.as_str().into()),
        };
        Ok(Eqn { prim, inputs, outputs, name_stack })
    }

    fn inner(&self, bytes: &mut Reader<'_>, depth: &mut usize) -> Result<Arc<Jaxpr>> {
        let start = *bytes;
        let (jaxpr, inner) = item(&self.programs, "program", bytes.size()?, start)?;
        *depth = (*depth).max(inner + 1);
        Ok(jaxpr.clone())
    }

    fn param(&self, bytes: &mut Reader<'_>, depth: &mut usize) -> Result<Param> {
        let start = *bytes;
        Ok(match bytes.byte()? {
            kind::NONE => Param::None,
            kind::FALSE => Param::Bool(false),
            kind::TRUE => Param::Bool(true),
            kind::INT => Param::Int(bytes.signed()?),
            kind::INTS => Param::Ints(bytes.list(Reader::signed)?),
            kind::INT_LISTS => Param::IntLists(bytes.list(|list| list.list(Reader::signed))?),
            kind::DTYPE => Param::DType(dtype(bytes)?),
            kind::NAME => Param::Name(self.name(bytes)?.to_owned()),
            kind::JAXPR => Param::Jaxpr(self.inner(bytes, depth)?),
            kind::JAXPRS => Param::Jaxprs(bytes.list(|bytes| self.inner(bytes, depth))?),
            other => return Err(start.error(format_args!("there is no kind of value {other}"))),
        })
    }
}

/// A primitive that means all that was written of it: a parameter that is not known is not passed over.
pub(super) fn primitive(name: &str, params: &[(String, Param)]) -> Result<Prim> {
    let prim = Prim::from_params(name, params)?;
    let known = prim.params();
    match params.iter().find(|(key, _)| !known.iter().any(|(name, _)| name == key)) {
        None => Ok(prim),
        Some((key, _)) => bail!(
            Incompatible,
            "a saved program gives {name} a parameter {key}, which this library does not know"
        ),
    }
}
