//! Modules as text: functions in the pretty form, operations in the generic one, which is the same for all of them.

mod attributes;

use std::fmt::{self, Write as _};

use jaxrs_data::Type;
use rustc_hash::FxHashMap;

pub(crate) use attributes::is_splat;

use crate::text::types::element_name;
use crate::tree::{Func, Module, Op, Region, Ty, ValueId};

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::from("module {\n");
        for func in &self.functions {
            let mut printer =
                Printer { out: &mut out, values: FxHashMap::default(), n_results: 0, indent: 1 };
            printer.func(func)?;
        }
        f.write_str(&out)?;
        f.write_str("}\n")
    }
}

/// Writes a function.
struct Printer<'o, 'm> {
    out: &'o mut String,
    /// The name and type of each value.
    values: FxHashMap<ValueId, (String, &'m Ty)>,
    /// How many operations with results there were: their numbers are names.
    n_results: usize,
    indent: usize,
}

/// What stands between commas.
fn list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut String, T) -> fmt::Result,
) -> fmt::Result {
    for (k, x) in items.into_iter().enumerate() {
        if k > 0 {
            out.push_str(", ");
        }
        item(out, x)?;
    }
    Ok(())
}

fn ty(out: &mut String, ty: &Ty) -> fmt::Result {
    match ty {
        Ty::Tensor(ty) => tensor(out, ty),
        Ty::Dynamic(dtype, dims) => {
            out.push_str("tensor<");
            for dim in dims {
                match dim {
                    Some(dim) => write!(out, "{dim}x")?,
                    None => out.push_str("?x"),
                }
            }
            write!(out, "{}>", element_name(*dtype).unwrap_or(dtype.name()))
        }
        Ty::Token => out.write_str("!stablehlo.token"),
        Ty::Tuple(parts) => {
            out.push_str("tuple<");
            list(out, parts, self::ty)?;
            out.write_char('>')
        }
        Ty::Function(inputs, results) => signature(out, inputs, results),
        Ty::Other(text) => out.write_str(text),
    }
}

fn signature<'t>(
    out: &mut String,
    inputs: impl IntoIterator<Item = &'t Ty>,
    results: impl IntoIterator<Item = &'t Ty>,
) -> fmt::Result {
    out.push('(');
    list(out, inputs, ty)?;
    out.push_str(") -> (");
    list(out, results, ty)?;
    out.write_char(')')
}

fn tensor(out: &mut String, ty: &Type) -> fmt::Result {
    out.push_str("tensor<");
    for dim in ty.shape.iter() {
        write!(out, "{dim}x")?;
    }
    write!(out, "{}>", element_name(ty.dtype).unwrap_or(ty.dtype.name()))
}

impl<'m> Printer<'_, 'm> {
    fn line(&mut self) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
    }

    /// Arguments, with their types, under names that begin so.
    fn arguments(&mut self, arguments: &'m [(ValueId, Ty)], name: &str) -> fmt::Result {
        for (k, (id, ty)) in arguments.iter().enumerate() {
            let (comma, name) = (if k > 0 { ", " } else { "" }, format!("%{name}{k}"));
            write!(self.out, "{comma}{name}: ")?;
            self::ty(self.out, ty)?;
            self.values.insert(*id, (name, ty));
        }
        Ok(())
    }

    fn func(&mut self, func: &'m Func) -> fmt::Result {
        self.line();
        let visibility = if func.name == "main" { "public" } else { "private" };
        write!(self.out, "func.func {visibility} @{}(", func.name)?;
        self.arguments(&func.body.arguments, "arg")?;
        self.out.push_str(") -> (");
        list(self.out, &func.results, ty)?;
        self.out.push_str(") {\n");
        self.ops(&func.body)?;
        self.line();
        self.out.write_str("}\n")
    }

    fn ops(&mut self, region: &'m Region) -> fmt::Result {
        self.indent += 1;
        for op in &region.ops {
            self.line();
            self.op(op)?;
            self.out.push('\n');
        }
        self.indent -= 1;
        Ok(())
    }

    fn define(&mut self, results: &'m [(ValueId, Ty)]) -> fmt::Result {
        let n = self.n_results;
        match results {
            [] => return Ok(()),
            [(id, ty)] => {
                self.values.insert(*id, (format!("%{n}"), ty));
                write!(self.out, "%{n} = ")?;
            }
            several => {
                for (k, (id, ty)) in several.iter().enumerate() {
                    self.values.insert(*id, (format!("%{n}#{k}"), ty));
                }
                write!(self.out, "%{n}:{} = ", several.len())?;
            }
        }
        self.n_results += 1;
        Ok(())
    }

    fn op(&mut self, op: &'m Op) -> fmt::Result {
        self.define(&op.results)?;
        write!(self.out, "\"{}\"(", op.name)?;
        let operands = op.operands.iter().map(|id| self.values.get(id));
        let operands: Vec<(&str, Option<&Ty>)> = operands
            .map(|x| x.map_or(("%undefined", None), |(name, ty)| (name.as_str(), Some(*ty))))
            .collect();
        list(self.out, operands.iter(), |out, (name, _)| out.write_str(name))?;
        self.out.push(')');
        let types: Vec<&'m Ty> =
            op.operands.iter().filter_map(|id| self.values.get(id)).map(|(_, ty)| *ty).collect();
        attributes::properties(self.out, op)?;
        if !op.regions.is_empty() {
            self.regions(op)?;
        }
        self.out.push_str(" : ");
        signature(self.out, types, op.results.iter().map(|(_, ty)| ty))
    }

    fn regions(&mut self, op: &'m Op) -> fmt::Result {
        self.out.push_str(" (");
        for (k, region) in op.regions.iter().enumerate() {
            self.out.push_str(if k > 0 { ", {\n" } else { "{\n" });
            if !region.arguments.is_empty() {
                self.line();
                self.out.push_str("^bb0(");
                let name = format!("a{}_", self.n_results);
                self.n_results += 1;
                self.arguments(&region.arguments, &name)?;
                self.out.push_str("):\n");
            }
            self.ops(region)?;
            self.line();
            self.out.push('}');
        }
        self.out.write_char(')')
    }
}
