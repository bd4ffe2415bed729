//! Programs to bytes. Names, types and programs get numbers at their first use.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use jaxrs_data::{Literal, Result, Type, bail, checksum};
use rustc_hash::FxHashMap;

use super::bytes::Writer;
use super::{MAGIC, MAJOR, MAX_DEPTH, MINOR, PortableProgram, kind, tag};
use crate::{Atom, Eqn, Jaxpr, Param, Prim, VarId};

/// The file of a program.
pub(super) fn file(program: &PortableProgram) -> Result<Vec<u8>> {
    let mut tables = Tables::default();
    let root = tables.program(&program.jaxpr, 1)?;
    debug_assert_eq!(root + 1, tables.programs.len());
    let mut data = Writer::default();
    data.size(program.consts.len());
    program.consts.iter().for_each(|value| tables.literal(value, &mut data));
    let mut main = Writer::default();
    main.size(tables.names.number(program.name.clone()));
    main.size(tables.names.number(format!("jaxrs {}", env!("CARGO_PKG_VERSION"))));
    let mut out = Writer(MAGIC.to_vec());
    out.0.extend(MAJOR.to_le_bytes());
    out.0.extend(MINOR.to_le_bytes());
    section(&mut out, tag::TEXT, &tables.text());
    section(&mut out, tag::TYPE, &tables.type_list());
    section(&mut out, tag::PROG, &tables.program_list());
    section(&mut out, tag::DATA, &data.0);
    section(&mut out, tag::MAIN, &main.0);
    let sum = checksum(&out.0);
    out.0.extend(sum.to_le_bytes());
    Ok(out.0)
}

fn section(out: &mut Writer, tag: &[u8; 4], content: &[u8]) {
    out.0.extend(tag);
    out.run(content);
}

/// Things in the order in which they were met first.
struct Numbered<T> {
    items: Vec<T>,
    numbers: HashMap<T, usize>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered { items: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn number(&mut self, item: T) -> usize {
        if let Some(&number) = self.numbers.get(&item) {
            return number;
        }
        self.items.push(item.clone());
        self.numbers.insert(item, self.items.len() - 1);
        self.items.len() - 1
    }
}

#[derive(Default)]
struct Tables {
    names: Numbered<String>,
    types: Numbered<Type>,
    programs: Vec<Vec<u8>>,
    /// Programs that are shared, by address, are written once.
    known: FxHashMap<*const Jaxpr, usize>,
}

impl Tables {
    fn text(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.size(self.names.items.len());
        self.names.items.iter().for_each(|name| out.run(name.as_bytes()));
        out.0
    }

    fn type_list(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.size(self.types.items.len());
        for ty in &self.types.items {
            out.byte(ty.dtype as u8);
            out.byte(ty.weak.into());
            out.size(ty.rank());
            ty.shape.iter().for_each(|&dim| out.size(dim));
        }
        out.0
    }

    fn program_list(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.size(self.programs.len());
        self.programs.iter().for_each(|program| out.0.extend(program));
        out.0
    }

    fn literal(&mut self, literal: &Literal, out: &mut Writer) {
        out.size(self.types.number(literal.ty().clone()));
        out.0.extend(literal.bytes());
    }

    /// Writes a program after those that it holds; gives its number.
    fn program(&mut self, jaxpr: &Arc<Jaxpr>, depth: usize) -> Result<usize> {
        if let Some(&number) = self.known.get(&Arc::as_ptr(jaxpr)) {
            return Ok(number);
        }
        if depth > MAX_DEPTH {
            bail!(InvalidArgument, "saving takes programs that nest {MAX_DEPTH} deep at most");
        }
        let mut body = Body { tables: self, numbers: vec![None; jaxpr.types.len()], next: 0 };
        let content = body.program(jaxpr, depth)?;
        self.programs.push(content);
        self.known.insert(Arc::as_ptr(jaxpr), self.programs.len() - 1);
        Ok(self.programs.len() - 1)
    }
}

/// A program under way, and the numbers of its variables.
struct Body<'a> {
    tables: &'a mut Tables,
    numbers: Vec<Option<usize>>,
    next: usize,
}

impl Body<'_> {
    fn program(&mut self, jaxpr: &Jaxpr, depth: usize) -> Result<Vec<u8>> {
        let mut out = Writer::default();
        out.size(jaxpr.n_consts);
        self.definitions(jaxpr, &jaxpr.invars, &mut out);
        out.size(jaxpr.eqns.len());
        jaxpr.eqns.iter().try_for_each(|eqn| self.equation(jaxpr, eqn, depth, &mut out))?;
        self.atoms(&jaxpr.outputs, &mut out)?;
        Ok(out.0)
    }

    fn definitions(&mut self, jaxpr: &Jaxpr, vars: &[VarId], out: &mut Writer) {
        out.size(vars.len());
        for &var in vars {
            self.numbers[var.0 as usize] = Some(self.next);
            self.next += 1;
            out.size(self.tables.types.number(jaxpr[var].clone()));
        }
    }

    fn atoms(&mut self, atoms: &[Atom], out: &mut Writer) -> Result<()> {
        out.size(atoms.len());
        for atom in atoms {
            match atom {
                Atom::Var(var) => match self.numbers[var.0 as usize] {
                    Some(number) => out.size(2 * number),
                    None => bail!(Internal, "v{} is used before it is defined", var.0),
                },
                Atom::Literal(literal) => {
                    out.size(2 * self.tables.types.number(literal.ty().clone()) + 1);
                    out.0.extend(literal.bytes());
                }
            }
        }
        Ok(())
    }

    fn equation(&mut self, jaxpr: &Jaxpr, eqn: &Eqn, depth: usize, out: &mut Writer) -> Result<()> {
        if let Prim::Callback(callback) = &eqn.prim {
            let (primitive, name) = (eqn.prim.name(), callback.host.name());
            bail!(
                Unimplemented,
                "{primitive} of {name} cannot be saved: it calls code of this process"
            );
        }
        out.size(self.tables.names.number(eqn.prim.name().to_owned()));
        let params = eqn.prim.params();
        out.size(params.len());
        for (key, value) in &params {
            out.size(self.tables.names.number((*key).to_owned()));
            self.param(value, depth, out)?;
        }
        self.atoms(&eqn.inputs, out)?;
        self.definitions(jaxpr, &eqn.outputs, out);
        match &eqn.name_stack {
            Some(stack) => out.size(1 + self.tables.names.number(stack.to_string())),
            None => out.size(0),
        }
        Ok(())
    }

    fn param(&mut self, value: &Param, depth: usize, out: &mut Writer) -> Result<()> {
        match value {
            Param::None => out.byte(kind::NONE),
            Param::Bool(false) => out.byte(kind::FALSE),
            Param::Bool(true) => out.byte(kind::TRUE),
            Param::Int(value) => {
                out.byte(kind::INT);
                out.signed(*value);
            }
            Param::Ints(values) => {
                out.byte(kind::INTS);
                out.signed_list(values);
            }
            Param::IntLists(lists) => {
                out.byte(kind::INT_LISTS);
                out.size(lists.len());
                lists.iter().for_each(|list| out.signed_list(list));
            }
            Param::DType(dtype) => {
                out.byte(kind::DTYPE);
                out.byte(*dtype as u8);
            }
            Param::Name(name) => {
                out.byte(kind::NAME);
                out.size(self.tables.names.number(name.clone()));
            }
            Param::Jaxpr(jaxpr) => {
                let number = self.tables.program(jaxpr, depth + 1)?;
                out.byte(kind::JAXPR);
                out.size(number);
            }
            Param::Jaxprs(jaxprs) => {
                out.byte(kind::JAXPRS);
                out.size(jaxprs.len());
                for jaxpr in jaxprs {
                    let number = self.tables.program(jaxpr, depth + 1)?;
                    out.size(number);
                }
            }
        }
        Ok(())
    }
}
