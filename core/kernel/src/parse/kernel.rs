//! Kernels.

use jaxrs_data::{DType, Result, SmallVec};

use super::tokens::Tokens;
use crate::body::{Block, Carried, Inst, Kernel, Lanes, Loop, LoopKind, ValueId, WhileLoop};
use crate::scalar::{ReduceOp, ScalarOp};

/// The types of values, as far as they are known.
type Types = Vec<Option<DType>>;

impl Tokens<'_> {
    /// What follows the word `kernel`.
    pub(super) fn kernel(&mut self) -> Result<Kernel> {
        let name = self.quoted()?;
        let domain = self.list("[", "]", Tokens::number)?;
        self.expect("lanes")?;
        let lanes = match self.word()? {
            "domain" => Lanes::Domain,
            "inner" => Lanes::Inner,
            "scalar" => Lanes::Scalar,
            word => return Err(self.error("domain, inner or scalar", word)),
        };
        self.expect("grain")?;
        let grain = self.number()?;
        let mut types = Types::new();
        let body = self.block(&mut types)?;
        let untyped = types.iter().position(Option::is_none);
        if let Some(value) = untyped {
            return Err(self.error(&format!("a definition of %{value}"), "none"));
        }
        let values = types.into_iter().flatten().collect();
        Ok(Kernel { name, domain, lanes, grain, values, body })
    }

    fn quoted(&mut self) -> Result<String> {
        let word = self.word()?;
        let inside = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let inside = inside.ok_or_else(|| self.error("a quoted name", word))?;
        Ok(inside.replace("\\\"", "\"").replace("\\\\", "\\"))
    }

    fn value(&mut self) -> Result<ValueId> {
        let value = self.numbered("%", "a value")?;
        // Values are numbered densely, and each takes several tokens.
        if value as usize > self.len() {
            return Err(self.error("values without gaps", &format!("%{value}")));
        }
        Ok(ValueId(value))
    }

    fn block(&mut self, types: &mut Types) -> Result<Block> {
        self.expect("{")?;
        let mut block = Block::default();
        while !self.accept("}") {
            if self.accept("yield") {
                block.yields.push(self.value()?);
                while self.accept(",") {
                    block.yields.push(self.value()?);
                }
            } else if let Some(inst) = self.inst(types)? {
                block.insts.push(inst);
            }
        }
        Ok(block)
    }

    /// A value and its type, where it is defined.
    fn typed(&mut self, types: &mut Types) -> Result<(ValueId, DType)> {
        let value = self.value()?;
        self.expect(":")?;
        let dtype = self.dtype()?;
        set(types, value, dtype);
        Ok((value, dtype))
    }

    fn inst(&mut self, types: &mut Types) -> Result<Option<Inst>> {
        if self.peek().starts_with('%') {
            return self.definition(types);
        }
        Ok(Some(match self.word()? {
            "store" => {
                let buffer = self.buffer_id()?;
                let position = self.position()?;
                self.expect("=")?;
                let value = self.value()?;
                Inst::Store { buffer, position, value, mask: self.mask()? }
            }
            "map" => self.counted(LoopKind::Map, types)?,
            "sequential" => self.counted(LoopKind::Sequential, types)?,
            "reduce" => {
                let mut ops = SmallVec::new();
                while !self.peek().starts_with('%') {
                    ops.push(self.reduce_op()?);
                }
                self.counted(LoopKind::Reduce(ops), types)?
            }
            "while" => {
                let carried = self.carried(types)?;
                let condition = self.block(types)?;
                self.expect("do")?;
                Inst::While(WhileLoop { carried, condition, body: self.block(types)? })
            }
            word => return Err(self.error("an instruction", word)),
        }))
    }

    fn reduce_op(&mut self) -> Result<ReduceOp> {
        let word = self.word()?;
        let op = ReduceOp::ALL.into_iter().find(|op| op.op().name() == word);
        op.ok_or_else(|| self.error("a way to reduce", word))
    }

    fn definition(&mut self, types: &mut Types) -> Result<Option<Inst>> {
        let (out, dtype) = self.typed(types)?;
        self.expect("=")?;
        Ok(Some(match self.word()? {
            "undefined" => return Ok(None),
            "const" => Inst::Const { out, value: self.scalar(dtype)? },
            "point" => Inst::Point { out, axis: self.number()? },
            "index" => Inst::Index { out, var: self.index_var()? },
            "load" => {
                let (buffer, position) = (self.buffer_id()?, self.position()?);
                Inst::Load { out, buffer, position, mask: self.mask()? }
            }
            name => {
                let op = ScalarOp::from_name(name, dtype)
                    .ok_or_else(|| self.error("an operation", name))?;
                let mut args = SmallVec::from_slice(&[self.value()?]);
                while self.accept(",") {
                    args.push(self.value()?);
                }
                Inst::Op { out, op, args }
            }
        }))
    }

    fn position(&mut self) -> Result<ValueId> {
        self.expect("[")?;
        let position = self.value()?;
        self.expect("]")?;
        Ok(position)
    }

    fn mask(&mut self) -> Result<Option<ValueId>> {
        if self.accept("if") { self.value().map(Some) } else { Ok(None) }
    }

    fn counted(&mut self, kind: LoopKind, types: &mut Types) -> Result<Inst> {
        let index = self.value()?;
        set(types, index, DType::I64);
        self.expect("<")?;
        let trips = self.number()?;
        let carried = self.carried(types)?;
        Ok(Inst::Loop(Loop { kind, trips, index, carried, body: self.block(types)? }))
    }

    fn carried(&mut self, types: &mut Types) -> Result<SmallVec<[Carried; 2]>> {
        let carried = self.list("(", ")", |t| {
            let (param, dtype) = t.typed(types)?;
            t.expect("=")?;
            let init = t.value()?;
            t.expect("->")?;
            let result = t.value()?;
            set(types, result, dtype);
            Ok(Carried { param, init, result })
        })?;
        Ok(carried.into_iter().collect())
    }
}

fn set(types: &mut Types, value: ValueId, dtype: DType) {
    let at = value.0 as usize;
    if types.len() <= at {
        types.resize(at + 1, None);
    }
    types[at] = Some(dtype);
}
