//! Loops.

use jaxrs_data::{Error, Result, SmallVec};

use super::Emit;
use crate::body::{Carried, Loop, LoopKind, ValueId, WhileLoop};
use crate::interpret::code::{ChunkEnds, Instr};
use crate::interpret::lane::{Operands, Reg};
use crate::interpret::ops::{Combine, combine_of, copy_of, select_of, splat_of};
use crate::scalar::ReduceOp;

/// Longer reductions are cut into chunks.
const LONG_REDUCTION: usize = 64;

impl Emit<'_> {
    /// Gives the carried values their first values; after the loop their last ones lie there.
    fn enter(&mut self, carried: &[Carried]) -> Result<()> {
        for c in carried {
            let (init, size) = (self.reg(c.init)?, self.size(c.init));
            let param = self.define(c.param);
            self.regs[c.result.0 as usize] = Some(param);
            let spread = param.wide && !init.wide;
            self.op(if spread { splat_of(size) } else { copy_of(size) }, param, &[init]);
        }
        Ok(())
    }

    /// Gives the carried values their next values, in the active lanes. Where a next value is another
    /// carried one, all are copied aside first.
    fn advance(
        &mut self,
        carried: &[Carried],
        yields: &[ValueId],
        active: Option<Reg>,
    ) -> Result<()> {
        let crossed = carried.iter().zip(yields).any(|(c, next)| {
            c.param != *next && carried.iter().any(|other| self.same(other.param, *next))
        });
        let mut moves = SmallVec::<[_; 4]>::new();
        for (c, &next) in carried.iter().zip(yields) {
            let (param, size) = (self.reg(c.param)?, self.size(c.param));
            let mut from = self.like(next, param.wide)?;
            if let Some(active) = active {
                let out = self.alloc(size, true);
                self.op(select_of(size), out, &[active, from, param]);
                from = out;
            } else if crossed {
                let out = self.alloc(size, param.wide);
                self.op(copy_of(size), out, &[from]);
                from = out;
            }
            moves.push(Instr::Move { from: from.at, to: param.at, size, wide: param.wide });
        }
        self.code.extend(moves);
        Ok(())
    }

    fn same(&self, a: ValueId, b: ValueId) -> bool {
        self.regs[a.0 as usize] == self.regs[b.0 as usize]
    }

    pub(super) fn counted(&mut self, l: &Loop) -> Result<()> {
        let (var, trips) = (self.facts.loop_var(l), l.trips);
        let along_lanes = self.facts.is_lane[var];
        match &l.kind {
            LoopKind::Reduce(ops) => return self.reduce(l, ops),
            LoopKind::Sequential => self.enter(&l.carried)?,
            LoopKind::Map => {}
        }
        let body = self.nested(|e| {
            e.ramp(l.index);
            e.block(&l.body)?;
            e.advance(&l.carried, &l.body.yields, None)
        })?;
        self.code.push(if along_lanes {
            Instr::LaneLoop { var, trips, lanes: self.lanes, body }
        } else {
            Instr::Loop { var, trips, body }
        });
        Ok(())
    }

    fn reduce(&mut self, l: &Loop, ops: &[ReduceOp]) -> Result<()> {
        let (var, trips) = (self.facts.loop_var(l), l.trips);
        let along_lanes = self.facts.is_lane[var];
        let results = self.reduce_registers(&l.carried)?;
        let chunked = !along_lanes && trips > LONG_REDUCTION;
        let partial: SmallVec<[Reg; 2]> = match chunked {
            true => l
                .carried
                .iter()
                .zip(&results)
                .map(|(c, r)| self.alloc(self.size(c.init), r.wide))
                .collect(),
            false => results.clone(),
        };
        let mut yielded = SmallVec::<[Reg; 2]>::new();
        let mut body = self.nested(|e| {
            e.ramp(l.index);
            e.block(&l.body)?;
            for (&next, result) in l.body.yields.iter().zip(&partial) {
                yielded.push(e.behind(next, along_lanes || result.wide, *result)?);
            }
            Ok(())
        })?;
        let combine = |e: &mut Self, to: &[Reg], from: &[Reg]| {
            e.combine(&l.carried, ops, to, from, along_lanes)
        };
        if chunked {
            let first = self.nested(|e| {
                for ((c, from), to) in l.carried.iter().zip(&yielded).zip(&partial) {
                    let size = e.size(c.init);
                    e.code.push(Instr::Move { from: from.at, to: to.at, size, wide: to.wide });
                }
                Ok(())
            })?;
            let next = self.nested(|e| combine(e, &partial, &yielded))?;
            let flush = self.nested(|e| combine(e, &results, &partial))?;
            let ends = Box::new(ChunkEnds { len: trips.isqrt(), first, next, flush });
            self.code.push(Instr::Chunks { var, trips, body, ends });
            return Ok(());
        }
        body.extend(self.nested(|e| combine(e, &results, &yielded))?);
        self.code.push(match along_lanes {
            true => Instr::LaneLoop { var, trips, lanes: self.lanes, body },
            false => Instr::Loop { var, trips, body },
        });
        Ok(())
    }

    fn reduce_registers(&mut self, carried: &[Carried]) -> Result<SmallVec<[Reg; 2]>> {
        carried
            .iter()
            .map(|c| {
                let wide = self.facts.varies(c.result);
                let init = self.like(c.init, wide)?;
                let result = self.define(c.result);
                self.op(copy_of(self.size(c.init)), result, &[init]);
                Ok(result)
            })
            .collect()
    }

    /// The value in a register that lies behind another one.
    fn behind(&mut self, value: ValueId, wide: bool, other: Reg) -> Result<Reg> {
        let reg = self.like(value, wide)?;
        if reg.at > other.at {
            return Ok(reg);
        }
        let size = self.size(value);
        let out = self.alloc(size, wide);
        self.op(copy_of(size), out, &[reg]);
        Ok(out)
    }

    fn combine(
        &mut self,
        carried: &[Carried],
        ops: &[ReduceOp],
        to: &[Reg],
        from: &[Reg],
        along_lanes: bool,
    ) -> Result<()> {
        for (i, (c, &op)) in carried.iter().zip(ops).enumerate() {
            let dtype = self.kernel.dtype(c.init);
            let Combine { accumulate, fold } = combine_of(op, dtype).ok_or_else(|| {
                Error::internal(format_args!(
                    "kernel {} has no {op:?} of {dtype}",
                    self.kernel.name
                ))
            })?;
            let operands = Operands { out: to[i], args: [from[i]; 3] };
            let (run, wide) = if along_lanes { (fold, true) } else { (accumulate, to[i].wide) };
            self.code.push(Instr::Op { run, operands, wide });
        }
        Ok(())
    }

    pub(super) fn while_loop(&mut self, w: &WhileLoop) -> Result<()> {
        let Some(&holds) = w.condition.yields.first() else {
            return Err(Error::internal("a while loop's condition yields nothing"));
        };
        self.enter(&w.carried)?;
        let outer = self.mask;
        let active = self.facts.varies(holds).then(|| {
            let active = self.alloc(1, true);
            let from = outer.unwrap_or(self.always);
            self.op(if from.wide { copy_of(1) } else { splat_of(1) }, active, &[from]);
            active
        });
        self.mask = active.or(outer);
        let mut predicate = active.unwrap_or(self.always);
        let condition = self.nested(|e| {
            e.block(&w.condition)?;
            let now = e.reg(holds)?;
            match active {
                Some(active) => {
                    let still = e.and(active, now);
                    e.code.push(Instr::Move { from: still.at, to: active.at, size: 1, wide: true });
                }
                None => predicate = now,
            }
            Ok(())
        })?;
        let body = self.nested(|e| {
            e.block(&w.body)?;
            e.advance(&w.carried, &w.body.yields, active)
        })?;
        self.mask = outer;
        self.code.push(Instr::While { condition, predicate, body });
        Ok(())
    }
}
