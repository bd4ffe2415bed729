//! Loops inside kernels that run in whatever lanes are open.

use jaxrs_data::Result;
use jaxrs_kernel::{Carried, Inst, Lanes, Loop, LoopKind, ReduceOp, WhileLoop};

use crate::body::Body;
use crate::ir::{IntCmp, V};
use crate::lanes::{Val, has_lane_loops};
use crate::ops;

impl Body<'_, '_> {
    pub(crate) fn loop_(&mut self, l: &Loop) -> Result<()> {
        let along_lanes = self.kernel.lanes == Lanes::Inner
            && self.width == 1
            && l.kind != LoopKind::Sequential
            && l.trips > 1
            && !has_lane_loops(&l.body);
        if along_lanes { self.lane_loop(l) } else { self.plain_loop(l) }
    }

    /// A loop that runs one iteration after the other in whatever lanes are open.
    fn plain_loop(&mut self, l: &Loop) -> Result<()> {
        if l.trips == 0 {
            l.carried.iter().for_each(|c| self.set(c.result, self.value(c.init)));
            return Ok(());
        }
        let inits: Vec<V> =
            l.carried.iter().map(|c| self.settle(c.init, self.varying.get(c.result))).collect();
        if self.should_unroll(l) {
            return self.unrolled(l, inits);
        }
        let ir = self.ir;
        let (before, header) = (ir.here(), ir.block(self.function));
        ir.br(header);
        ir.go_to(header);
        let counter = ir.phi(ir.int(64), &[(ir.i64(0), before)]);
        let phis: Vec<V> = inits.iter().map(|&v| ir.phi(ir.type_of(v), &[(v, before)])).collect();
        let nexts = self.iteration(l, counter, &phis)?;
        let latch = ir.here();
        let next = ir.add_nsw(counter, ir.i64(1));
        ir.add_incoming(counter, next, latch);
        phis.iter().zip(&nexts).for_each(|(&phi, &v)| ir.add_incoming(phi, v, latch));
        let exit = ir.block(self.function);
        let again = ir.icmp(IntCmp::LLVMIntSLT, next, ir.i64(l.trips as i64));
        ir.cond_br(again, header, exit);
        ir.go_to(exit);
        self.finish_loop(&l.carried, &nexts);
        Ok(())
    }

    fn should_unroll(&self, l: &Loop) -> bool {
        let mut size = 0;
        l.body
            .visit(&mut |inst| size += if let Inst::Op { op, .. } = inst { op.cost() } else { 1 });
        l.trips == 1 || (l.trips <= 8 && l.trips as u32 * size <= 64)
    }

    fn unrolled(&mut self, l: &Loop, mut state: Vec<V>) -> Result<()> {
        for i in 0..l.trips {
            state = self.iteration(l, self.ir.i64(i as i64), &state)?;
        }
        self.finish_loop(&l.carried, &state);
        Ok(())
    }

    /// One iteration: the carried values after it.
    fn iteration(&mut self, l: &Loop, counter: V, state: &[V]) -> Result<Vec<V>> {
        self.set(l.index, Val::Uniform(counter));
        for (c, &v) in l.carried.iter().zip(state) {
            self.set(c.param, Self::wrap(self.varying.get(c.result), v));
        }
        self.block(&l.body)?;
        let mut nexts = Vec::new();
        for (i, c) in l.carried.iter().enumerate() {
            let next = self.settle(l.body.yields[i], self.varying.get(c.result));
            nexts.push(match &l.kind {
                LoopKind::Reduce(reduce) => self.combine(reduce[i], c, state[i], next)?,
                _ => next,
            });
        }
        Ok(nexts)
    }

    pub(crate) fn combine(&self, op: ReduceOp, c: &Carried, a: V, b: V) -> Result<V> {
        let emit = ops::Emit { ir: self.ir, runtime: &self.runtime, function: self.function };
        let dtype = self.kernel.dtype(c.result);
        emit.op(op.op(), &[dtype, dtype], &[a, b])
    }

    fn finish_loop(&mut self, carried: &[Carried], last: &[V]) {
        for (c, &v) in carried.iter().zip(last) {
            self.set(c.result, Self::wrap(self.varying.get(c.result), v));
        }
    }

    pub(crate) fn while_(&mut self, w: &WhileLoop) -> Result<()> {
        let ir = self.ir;
        let inits: Vec<V> =
            w.carried.iter().map(|c| self.settle(c.init, self.varying.get(c.result))).collect();
        let apart = self.varying.get(w.condition.yields[0]);
        let (before, header) = (ir.here(), ir.block(self.function));
        ir.br(header);
        ir.go_to(header);
        let phis: Vec<V> = inits.iter().map(|&v| ir.phi(ir.type_of(v), &[(v, before)])).collect();
        let outside = self.mask;
        let active = apart.then(|| {
            let all = ir.const_int(ir.lanes(ir.int(1), self.width), -1);
            let active = ir.phi(ir.type_of(all), &[(outside.unwrap_or(all), before)]);
            self.mask = Some(active);
            active
        });
        for (c, &v) in w.carried.iter().zip(&phis) {
            self.set(c.param, Self::wrap(self.varying.get(c.result), v));
        }
        self.block(&w.condition)?;
        let condition = self.settle(w.condition.yields[0], apart);
        let condition = active.map_or(condition, |active| ir.and(condition, active));
        let any = if apart { self.any(condition) } else { condition };
        let (body, exit) = (ir.block(self.function), ir.block(self.function));
        ir.cond_br(any, body, exit);
        ir.go_to(body);
        if apart {
            self.mask = Some(condition);
        }
        self.block(&w.body)?;
        let latch = ir.here();
        for ((c, &phi), &id) in w.carried.iter().zip(&phis).zip(&w.body.yields) {
            let next = self.settle(id, self.varying.get(c.result));
            let next = if apart { ir.select(condition, next, phi) } else { next };
            ir.add_incoming(phi, next, latch);
        }
        if let Some(active) = active {
            ir.add_incoming(active, condition, latch);
        }
        ir.br(header);
        ir.go_to(exit);
        self.mask = outside;
        self.finish_loop(&w.carried, &phis);
        Ok(())
    }
}
