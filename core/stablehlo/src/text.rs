//! Modules as text, in MLIR's pretty and generic form.

mod attributes;
mod cursor;
pub(crate) mod dense;
mod names;
mod pretty;
pub(crate) mod types;

use std::sync::Arc;

use jaxrs_data::{ErrorKind, Result};

use crate::tree::{Attr, Func, Module, Op, Place, Region, Ty};
use cursor::Cursor;
use names::Names;

/// What is read of an operation before its results are known.
#[derive(Default)]
struct Parts {
    operands: Vec<crate::tree::ValueId>,
    attributes: Vec<(String, Attr)>,
    regions: Vec<Arc<Region>>,
    types: Vec<Ty>,
}

struct Parser<'a> {
    c: Cursor<'a>,
    names: Names,
}

/// Reads a module, or functions without one around them.
pub fn parse(text: &str) -> Result<Module> {
    let mut parser = Parser { c: Cursor::new(text), names: Names::default() };
    let mut module = Module::default();
    while parser.c.peek().is_some() {
        parser.top_level(&mut module)?;
    }
    if module.functions.is_empty() {
        return Err(parser.c.needs("a module with a function"));
    }
    Ok(module)
}

impl Parser<'_> {
    /// A module, a function, or something that is neither and says nothing.
    fn top_level(&mut self, module: &mut Module) -> Result<()> {
        let (place, mark) = (self.c.place(), self.c.mark());
        match self.c.peek() {
            // An alias of an attribute or a type: only locations and shardings have them here.
            Some(b'#' | b'!') => self.alias(),
            Some(b'"') => self.generic_top_level(module, place),
            _ => match self.c.word()? {
                "module" | "builtin.module" => self.module(module),
                "func.func" | "func" => self.func(module),
                "sdy.mesh" => self.mesh(),
                other => {
                    let other = other.to_owned();
                    self.c.back(mark);
                    Err(self.c.error(format_args!("needs a module or a function, got '{other}'")))
                }
            },
        }
    }

    fn alias(&mut self) -> Result<()> {
        if !self.c.eat("#") {
            self.c.expect("!")?;
        }
        self.c.word()?;
        self.c.expect("=")?;
        attributes::read(&mut self.c).map(drop)
    }

    /// How devices are arranged, which changes no result: `@mesh = <["i"=1]> {…}`.
    fn mesh(&mut self) -> Result<()> {
        self.c.expect("@")?;
        self.c.suffix()?;
        self.c.expect("=")?;
        self.c.balanced()?;
        self.properties()?;
        self.location()
    }

    /// What follows `module`: `@name attributes {…} { … }`.
    fn module(&mut self, module: &mut Module) -> Result<()> {
        if self.c.eat("@") {
            self.c.suffix()?;
        }
        if self.c.eat("attributes") {
            attributes::dict(&mut self.c)?;
        }
        self.c.enter()?;
        self.c.expect("{")?;
        while !self.c.eat("}") {
            self.top_level(module)?;
        }
        self.c.leave();
        self.location()
    }

    fn generic_top_level(&mut self, module: &mut Module, place: Place) -> Result<()> {
        let mark = self.c.mark();
        match self.c.string()?.as_str() {
            "builtin.module" => {
                self.c.list("(", ")", |c| c.word().map(drop))?;
                self.properties()?;
                self.c.enter()?;
                self.c.expect("(")?;
                self.c.expect("{")?;
                while !self.c.eat("}") {
                    self.top_level(module)?;
                }
                self.c.expect(")")?;
                self.c.leave();
                self.properties()?;
                self.c.expect(":")?;
                types::read(&mut self.c)?;
                self.location()
            }
            "func.func" => {
                let op = self.generic("func.func".to_owned(), place)?;
                module.functions.push(generic_func(op)?);
                Ok(())
            }
            "sdy.mesh" => self.generic("sdy.mesh".to_owned(), place).map(drop),
            other => {
                self.c.back(mark);
                Err(self.c.error(format_args!("needs a module or a function, got \"{other}\"")))
            }
        }
    }

    /// What follows `func.func`: `public @main(%arg0: type {…}) -> (type {…}) attributes {…} { … }`.
    fn func(&mut self, module: &mut Module) -> Result<()> {
        for visibility in ["public", "private", "nested"] {
            if self.c.eat(visibility) {
                break;
            }
        }
        self.c.expect("@")?;
        let name = self.c.suffix()?;
        self.names.enter_isolated();
        let arguments = self.arguments("(", ")")?;
        let results = if self.c.eat("->") { self.func_results()? } else { Vec::new() };
        if self.c.eat("attributes") {
            attributes::dict(&mut self.c)?;
        }
        if self.c.peek() != Some(b'{') {
            return Err(self.c.error(format_args!("@{name} is declared here without a body")));
        }
        let ops = self.block()?;
        self.names.leave();
        self.location()?;
        module.functions.push(Func { name, body: Region { arguments, ops }.into(), results });
        Ok(())
    }

    /// `%a: type {…} loc(…), …` between brackets; the names are known from here on.
    fn arguments(&mut self, open: &str, close: &str) -> Result<Vec<(crate::tree::ValueId, Ty)>> {
        let names = &mut self.names;
        self.c.list(open, close, |c| {
            c.expect("%")?;
            let name = c.suffix()?;
            c.expect(":")?;
            let ty = types::read(c)?;
            if c.peek() == Some(b'{') {
                attributes::dict(c)?;
            }
            skip_location(c)?;
            Ok((names.define(name, 1)[0], ty))
        })
    }

    fn func_results(&mut self) -> Result<Vec<Ty>> {
        if self.c.peek() != Some(b'(') {
            return Ok(vec![types::read(&mut self.c)?]);
        }
        self.c.list("(", ")", |c| {
            let ty = types::read(c)?;
            if c.peek() == Some(b'{') {
                attributes::dict(c)?;
            }
            Ok(ty)
        })
    }

    /// Operations between braces.
    fn block(&mut self) -> Result<Vec<Op>> {
        self.c.enter()?;
        self.c.expect("{")?;
        let mut ops = Vec::new();
        while !self.c.eat("}") {
            ops.push(self.op()?);
        }
        self.c.leave();
        Ok(ops)
    }

    /// `{ ^bb0(%a: type): … }`, which sees the names around it.
    fn region(&mut self) -> Result<Region> {
        self.names.enter();
        self.c.enter()?;
        self.c.expect("{")?;
        let mut arguments = Vec::new();
        if self.c.eat("^") {
            self.c.suffix()?;
            if self.c.peek() == Some(b'(') {
                arguments = self.arguments("(", ")")?;
            }
            self.c.expect(":")?;
        }
        let mut ops = Vec::new();
        while !self.c.eat("}") {
            if self.c.peek() == Some(b'^') {
                return Err(self.c.error("has a region of several blocks; StableHLO has one"));
            }
            ops.push(self.op()?);
        }
        self.c.leave();
        self.names.leave();
        Ok(Region { arguments, ops })
    }

    fn op(&mut self) -> Result<Op> {
        let place = self.c.place();
        let mut results: Vec<(String, usize)> = Vec::new();
        while self.c.eat("%") {
            let name = self.c.suffix()?;
            let n = if self.c.eat(":") { self.count()? } else { 1 };
            results.push((name, n));
            if !self.c.eat(",") {
                self.c.expect("=")?;
            }
        }
        let mut op = match self.c.peek() {
            Some(b'"') => {
                let name = self.c.string()?;
                self.generic(name, place)?
            }
            _ => {
                let name = self.c.word()?.to_owned();
                self.pretty(&name, place)?
            }
        };
        self.location()?;
        let n: usize = results.iter().map(|(_, n)| n).sum();
        if n != op.results.len() && !results.is_empty() {
            let text = format_args!("gives {} values, but {n} are named", op.results.len());
            return Err(op.error(ErrorKind::InvalidArgument, text));
        }
        let ids: Vec<_> =
            results.into_iter().flat_map(|(name, n)| self.names.define(name, n)).collect();
        for (result, id) in op.results.iter_mut().zip(ids) {
            result.0 = id;
        }
        Ok(op)
    }

    fn count(&mut self) -> Result<usize> {
        let digits = self.c.number()?;
        match digits.parse() {
            // A name stands for so many values; more than this is no program.
            Ok(n) if n <= 1 << 16 => Ok(n),
            _ => Err(self.c.error(format_args!("cannot count {digits} results"))),
        }
    }

    /// What follows the quoted name: `(%a, %b) <{…}> ({ … }) {…} : (types) -> types`.
    fn generic(&mut self, name: String, place: Place) -> Result<Op> {
        let mut parts = Parts { operands: self.operands()?, ..Parts::default() };
        parts.attributes = self.properties()?;
        if name == "func.func" {
            self.names.enter_isolated();
        }
        if self.c.peek() == Some(b'(') {
            self.c.expect("(")?;
            loop {
                parts.regions.push(self.region()?.into());
                if !self.c.eat(",") {
                    break;
                }
            }
            self.c.expect(")")?;
        }
        if name == "func.func" {
            self.names.leave();
        }
        parts.attributes.extend(self.properties()?);
        self.c.expect(":")?;
        let Ty::Function(_, results) = types::read(&mut self.c)? else {
            return Err(self.c.needs("the type of a function"));
        };
        parts.types = results;
        Ok(self.finish(name, parts, place))
    }

    fn finish(&mut self, name: String, parts: Parts, place: Place) -> Op {
        let results = parts.types.into_iter().map(|ty| (self.names.unnamed(), ty)).collect();
        let Parts { operands, attributes, regions, .. } = parts;
        Op { name, operands, results, attributes, regions, place }
    }

    /// `(%a, %b#1)`
    fn operands(&mut self) -> Result<Vec<crate::tree::ValueId>> {
        let names = &self.names;
        self.c.list("(", ")", |c| names.operand(c))
    }

    /// `<{…}>` or `{…}`, or neither.
    fn properties(&mut self) -> Result<Vec<(String, Attr)>> {
        match self.c.peek() {
            Some(b'<') => {
                self.c.expect("<")?;
                let dict = attributes::dict(&mut self.c)?;
                self.c.expect(">")?;
                Ok(dict)
            }
            Some(b'{') => attributes::dict(&mut self.c),
            _ => Ok(Vec::new()),
        }
    }

    fn location(&mut self) -> Result<()> {
        skip_location(&mut self.c)
    }
}

fn skip_location(c: &mut Cursor<'_>) -> Result<()> {
    if c.eat("loc") {
        c.balanced()?;
    }
    Ok(())
}

/// A function in generic form: its name and type are attributes.
fn generic_func(mut op: Op) -> Result<Func> {
    let name = op.word("sym_name")?.to_owned();
    let results = match op.attribute("function_type") {
        Some(Attr::Type(Ty::Function(_, results))) => results.clone(),
        _ => return Err(op.error(ErrorKind::InvalidArgument, "needs a function_type")),
    };
    match op.regions.pop() {
        Some(body) => Ok(Func { name, body, results }),
        None => Err(op.error(ErrorKind::InvalidArgument, format_args!("@{name} has no body"))),
    }
}
