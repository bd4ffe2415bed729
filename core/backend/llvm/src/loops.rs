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
        let rows = self.turned_rows(l);
        if rows > 1 {
            return self.turned_loop(l, rows);
        }
        if self.should_unroll(l) {
            return self.unrolled(l, inits);
        }
        let last = match self.at_a_time(l) {
            1 => self.iterate(l, inits, self.accumulators(l))?,
            n => self.iterate_in_order(l, inits, n)?,
        };
        self.finish_loop(&l.carried, &last);
        Ok(())
    }

    /// A loop of some iterations at a time, which ends where the next one would be `end` or more: the values that it
    /// carries, after it.
    pub(crate) fn stepped(
        &mut self,
        (end, step): (usize, usize),
        inits: &[V],
        iteration: impl FnOnce(&mut Self, V, &[V]) -> Result<Vec<V>>,
    ) -> Result<Vec<V>> {
        let ir = self.ir;
        let (before, header) = (ir.here(), ir.block(self.function));
        ir.br(header);
        ir.go_to(header);
        let counter = ir.phi(ir.int(64), &[(ir.i64(0), before)]);
        let phis: Vec<V> = inits.iter().map(|&v| ir.phi(ir.type_of(v), &[(v, before)])).collect();
        let nexts = iteration(self, counter, &phis)?;
        let latch = ir.here();
        let next = ir.add_nsw(counter, ir.i64(step as i64));
        ir.add_incoming(counter, next, latch);
        phis.iter().zip(&nexts).for_each(|(&phi, &v)| ir.add_incoming(phi, v, latch));
        let exit = ir.block(self.function);
        let again = ir.icmp(IntCmp::LLVMIntSLT, next, ir.i64(end as i64));
        ir.cond_br(again, header, exit);
        ir.go_to(exit);
        Ok(nexts)
    }

    /// A loop of `apart` iterations at a time: what they reduce to is joined behind it.
    fn iterate(&mut self, l: &Loop, inits: Vec<V>, apart: usize) -> Result<Vec<V>> {
        let ir = self.ir;
        let others = self.identities(l, &inits);
        let n = inits.len();
        let starts = (0..apart).flat_map(|k| if k == 0 { &inits } else { &others });
        let starts: Vec<V> = starts.copied().collect();
        let whole = l.trips - l.trips % apart;
        let mut nexts = self.stepped((whole, apart), &starts, |body, counter, state| {
            let mut nexts = Vec::new();
            for k in 0..apart {
                let counter = ir.add_nsw(counter, ir.i64(k as i64));
                nexts.extend(body.iteration(l, counter, &state[k * n..][..n])?);
            }
            Ok(nexts)
        })?;
        for i in whole..l.trips {
            let part = (i - whole) * n..(i - whole + 1) * n;
            let next = self.iteration(l, ir.i64(i as i64), &nexts[part.clone()])?;
            nexts[part].copy_from_slice(&next);
        }
        self.join(l, (0..apart).map(|k| nexts[k * n..][..n].to_vec()).collect())
    }

    /// A loop of several iterations at a time, each of which goes on from the one before.
    fn iterate_in_order(&mut self, l: &Loop, inits: Vec<V>, n: usize) -> Result<Vec<V>> {
        let ir = self.ir;
        let whole = l.trips - l.trips % n;
        let mut state = self.stepped((whole, n), &inits, |body, counter, state| {
            (0..n).try_fold(state.to_vec(), |state, k| {
                body.iteration(l, ir.add_nsw(counter, ir.i64(k as i64)), &state)
            })
        })?;
        for i in whole..l.trips {
            state = self.iteration(l, ir.i64(i as i64), &state)?;
        }
        Ok(state)
    }

    /// How many iterations of a sequential loop run before a branch back: of short ones it takes as long as they do.
    fn at_a_time(&self, l: &Loop) -> usize {
        let is_simple = |inst: &Inst| !matches!(inst, Inst::Loop(_) | Inst::While(_));
        let small = l.body.insts.len() <= 16 && l.body.insts.iter().all(is_simple);
        let in_order = l.kind == LoopKind::Sequential && self.width == 1;
        if in_order && small && l.trips >= 64 { 4 } else { 1 }
    }

    /// In how many parts a reduction runs: where one vector is all there is to do at a time, each of its iterations would
    /// wait for the one before.
    fn accumulators(&self, l: &Loop) -> usize {
        let LoopKind::Reduce(_) = l.kind else { return 1 };
        let bytes = l.carried.iter().map(|c| self.kernel.dtype(c.result).size_bytes()).max();
        let vectors = (self.width as usize * bytes.unwrap_or(1)).div_ceil(self.vector_bytes);
        let is_simple = |inst: &Inst| !matches!(inst, Inst::Loop(_) | Inst::While(_));
        let small =
            l.body.insts.len() <= 12 && l.carried.len() == 1 && l.body.insts.iter().all(is_simple);
        if small && self.width > 1 && vectors == 1 && l.trips >= 32 { 4 } else { 1 }
    }

    /// What further parts of a reduction start from.
    fn identities(&self, l: &Loop, inits: &[V]) -> Vec<V> {
        let LoopKind::Reduce(reduce) = &l.kind else { return Vec::new() };
        let all = l.carried.iter().zip(reduce).zip(inits);
        let of = |((c, &op), &v): ((&Carried, &ReduceOp), &V)| {
            ops::identity(self.ir, op, self.kernel.dtype(c.result), self.ir.type_of(v))
        };
        all.map(of).collect()
    }

    /// Joins the parts of a reduction, neighbours first.
    fn join(&self, l: &Loop, mut parts: Vec<Vec<V>>) -> Result<Vec<V>> {
        while let [_, _, ..] = parts[..] {
            let pairs = parts.chunks(2).map(|pair| self.joined(l, pair));
            parts = pairs.collect::<Result<_>>()?;
        }
        Ok(parts.swap_remove(0))
    }

    fn joined(&self, l: &Loop, pair: &[Vec<V>]) -> Result<Vec<V>> {
        let (LoopKind::Reduce(reduce), [a, b]) = (&l.kind, pair) else {
            return Ok(pair[0].clone());
        };
        let both = l.carried.iter().zip(reduce).zip(a.iter().zip(b));
        both.map(|((c, &op), (&a, &b))| self.combine(op, c, a, b)).collect()
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
    pub(crate) fn iteration(&mut self, l: &Loop, counter: V, state: &[V]) -> Result<Vec<V>> {
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
        let emit = ops::Emit { ir: self.ir, rare: self.rare, function: self.function };
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
