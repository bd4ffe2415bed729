//! Emission of kernel bodies: instructions and loops, for as many lanes as are open.

use jaxrs_data::{DType, Result, Scalar};
use jaxrs_kernel::{
    Block, BufferId, Carried, Inst, Kernel, Lanes, Loop, LoopKind, Program, ReduceOp, ScalarOp,
    ValueId, WhileLoop,
};
use rustc_hash::FxHashMap;

use crate::ir::{IntCmp, Ir, Ty, V};
use crate::lanes::{Load, Val, Varying, has_lane_loops, is_repeatable};
use crate::ops;
use crate::table::Runtime;

/// Emits one kernel into a function.
pub(crate) struct Body<'e, 'c> {
    pub(crate) ir: &'e Ir<'c>,
    pub(crate) program: &'e Program,
    pub(crate) kernel: &'e Kernel,
    /// The runtime's functions, as this function reaches them.
    pub(crate) runtime: Runtime,
    /// The function under construction.
    pub(crate) function: V,
    /// The bytes of a vector register.
    pub(crate) vector_bytes: usize,
    /// The address of each buffer that the kernel uses.
    pub(crate) buffers: FxHashMap<BufferId, V>,
    /// The counters of enclosing program loops.
    pub(crate) index_vars: Vec<Option<V>>,
    /// Buffers whose stores go past the caches.
    pub(crate) streamed: Vec<BufferId>,
    /// The coordinates of the current points.
    pub(crate) points: Vec<Val>,
    /// The values so far.
    pub(crate) values: Vec<Option<Val>>,
    /// Values that were computed outside the loop over blocks.
    pub(crate) hoisted: Vec<bool>,
    /// Comparisons whose outcome is known in all blocks that are being emitted.
    pub(crate) decided: FxHashMap<ValueId, bool>,
    /// What differs between the open lanes.
    pub(crate) varying: Varying,
    /// The number of open lanes.
    pub(crate) width: u32,
    /// Which lanes are at work; at least one is.
    pub(crate) mask: Option<V>,
}

impl Body<'_, '_> {
    pub(crate) fn value(&self, id: ValueId) -> Val {
        self.values[id.0 as usize].unwrap_or_else(|| Val::Uniform(self.ir.i64(0)))
    }

    pub(crate) fn set(&mut self, id: ValueId, val: Val) {
        self.values[id.0 as usize] = Some(val);
    }

    /// A value with one element for each lane.
    pub(crate) fn in_lanes(&self, val: Val) -> V {
        let ir = self.ir;
        match val {
            Val::Uniform(v) => ir.splat(v, self.width),
            Val::Varying(v) => v,
            Val::Affine { base, stride, .. } => {
                let base = ir.splat(base, self.width);
                ir.add(base, ir.iota(ir.int(64), self.width, stride))
            }
        }
    }

    /// A value as it crosses the blocks of a loop: a vector where the analysis says that it varies.
    fn settle(&self, id: ValueId, varies: bool) -> V {
        match self.value(id) {
            Val::Uniform(v) if !varies => v,
            val => self.in_lanes(val),
        }
    }

    fn wrap(varies: bool, v: V) -> Val {
        if varies { Val::Varying(v) } else { Val::Uniform(v) }
    }

    /// Emits the instructions of a block.
    pub(crate) fn block(&mut self, block: &Block) -> Result<()> {
        block.insts.iter().try_for_each(|inst| self.inst(inst))
    }

    pub(crate) fn inst(&mut self, inst: &Inst) -> Result<()> {
        match inst {
            Inst::Const { out, .. }
            | Inst::Point { out, .. }
            | Inst::Index { out, .. }
            | Inst::Op { out, .. }
            | Inst::Load { out, .. }
                if self.hoisted[out.0 as usize] => {}
            Inst::Const { out, value } => {
                let v = self.constant(self.kernel.dtype(*out), *value);
                self.set(*out, Val::Uniform(v));
            }
            Inst::Point { out, axis } => self.set(*out, self.points[*axis]),
            Inst::Index { out, var } => {
                let v = self.index_vars[var.0 as usize].unwrap_or_else(|| self.ir.i64(0));
                self.set(*out, Val::Uniform(v));
            }
            Inst::Op { out, .. } if self.decided.contains_key(out) => {
                let holds = self.decided[out];
                let v = self.constant(DType::Bool, Scalar::Bool(holds));
                self.set(*out, Val::Uniform(v));
            }
            Inst::Op { out, op, args } => {
                let args: Vec<Val> = args.iter().map(|&arg| self.value(arg)).collect();
                let val = self.op(inst, *op, &args, *out)?;
                self.set(*out, val);
            }
            Inst::Load { out, buffer, position, mask } => {
                let mask = self.open_mask(*mask);
                let val = self.load(*buffer, self.value(*position), mask);
                self.set(*out, val);
            }
            Inst::Store { buffer, position, value, mask } => {
                let mask = self.open_mask(*mask);
                self.store(*buffer, self.value(*position), self.value(*value), mask);
            }
            Inst::Loop(l) => self.loop_(l)?,
            Inst::While(w) => self.while_(w)?,
        }
        Ok(())
    }

    /// A mask, unless it is known to hold.
    fn open_mask(&self, mask: Option<ValueId>) -> Option<Val> {
        let mask = self.value(mask?);
        match mask {
            Val::Uniform(v) if self.ir.as_const(v).is_some_and(|bit| bit != 0) => None,
            _ => Some(mask),
        }
    }

    fn constant(&self, dtype: DType, value: Scalar) -> V {
        let (ir, ty) = (self.ir, self.ir.register(dtype));
        match dtype {
            DType::F32 | DType::F64 => ir.const_float(ty, value.as_f64()),
            _ => {
                let mut bytes = Vec::new();
                value.write_bytes(dtype, &mut bytes);
                let words = bytes.chunks(8).map(|word| {
                    word.iter().rev().fold(0u64, |bits, &b| bits << 8 | u64::from(b)) as i64
                });
                let words: Vec<i64> = words.collect();
                match *words {
                    [low, high] => ir.const_wide_int(low, high),
                    _ => ir.const_int(ty, words[0]),
                }
            }
        }
    }

    fn op(&mut self, inst: &Inst, op: ScalarOp, args: &[Val], out: ValueId) -> Result<Val> {
        if let Some(val) = self.affine_op(op, args, out) {
            return Ok(val);
        }
        let Inst::Op { args: ids, .. } = inst else { return Ok(args[0]) };
        let types: Vec<DType> = ids.iter().map(|&id| self.kernel.dtype(id)).collect();
        let uniform = args.iter().all(|arg| matches!(arg, Val::Uniform(_)));
        let operands: Vec<V> = args
            .iter()
            .map(|&arg| match arg {
                Val::Uniform(v) if uniform => v,
                arg => self.in_lanes(arg),
            })
            .collect();
        let emit = ops::Emit { ir: self.ir, runtime: &self.runtime, function: self.function };
        let v = emit.op(op, &types, &operands)?;
        Ok(Self::wrap(!uniform, v))
    }

    /// Arithmetic on positions stays scalar where each lane differs from the last by a constant.
    fn affine_op(&mut self, op: ScalarOp, args: &[Val], out: ValueId) -> Option<Val> {
        let ir = self.ir;
        let (&a, &b) = (args.first()?, args.get(1)?);
        if !args.iter().any(|arg| matches!(arg, Val::Affine { .. })) {
            return None;
        }
        match (op, a, b) {
            (ScalarOp::Add, Val::Affine { base, stride, multiple }, Val::Uniform(u))
            | (ScalarOp::Add, Val::Uniform(u), Val::Affine { base, stride, multiple }) => {
                let multiple = gcd(multiple, ir.as_const(u).unwrap_or(1));
                Some(affine(ir.add(base, u), stride, multiple))
            }
            (ScalarOp::Sub, Val::Affine { base, stride, multiple }, Val::Uniform(u)) => {
                let multiple = gcd(multiple, ir.as_const(u).unwrap_or(1));
                Some(affine(ir.sub(base, u), stride, multiple))
            }
            (ScalarOp::Sub, Val::Uniform(u), Val::Affine { base, stride, .. }) => {
                Some(affine(ir.sub(u, base), stride.wrapping_neg(), 1))
            }
            (
                ScalarOp::Add,
                Val::Affine { base: x, stride: s, .. },
                Val::Affine { base: y, stride: t, .. },
            ) => Some(affine(ir.add(x, y), s.wrapping_add(t), 1)),
            (
                ScalarOp::Sub,
                Val::Affine { base: x, stride: s, .. },
                Val::Affine { base: y, stride: t, .. },
            ) => Some(affine(ir.sub(x, y), s.wrapping_sub(t), 1)),
            (ScalarOp::Mul, Val::Affine { base, stride, multiple }, Val::Uniform(u))
            | (ScalarOp::Mul, Val::Uniform(u), Val::Affine { base, stride, multiple }) => {
                let c = ir.as_const(u)?;
                Some(affine(
                    ir.mul(base, u),
                    stride.checked_mul(c)?,
                    multiple.checked_mul(c.checked_abs()?)?,
                ))
            }
            (
                ScalarOp::Div | ScalarOp::Rem,
                Val::Affine { base, stride: 1, multiple },
                Val::Uniform(u),
            ) => self.affine_div(op, base, multiple, u),
            (ScalarOp::Compare(compare), ..) if self.kernel.dtype(out) == DType::Bool => {
                self.affine_compare(compare, a, b)
            }
            _ => None,
        }
    }

    /// Division where the lanes of one vector lie in one row: the row is the same for all.
    fn affine_div(&self, op: ScalarOp, base: V, multiple: i64, by: V) -> Option<Val> {
        let by_const = self.ir.as_const(by)?;
        let width = i64::from(self.width);
        let in_one_row = by_const > 0 && by_const % width == 0 && multiple % width == 0;
        if !in_one_row {
            return None;
        }
        Some(match op {
            ScalarOp::Div => Val::Uniform(self.ir.sdiv(base, by)),
            _ => affine(self.ir.srem(base, by), 1, gcd(multiple, by_const)),
        })
    }

    /// Comparisons of positions need 32-bit lanes only: the bound is put relative to lane 0 and clamped.
    fn affine_compare(&self, compare: jaxrs_kernel::Compare, a: Val, b: Val) -> Option<Val> {
        let ir = self.ir;
        let (base, bound, swapped) = match (a, b) {
            (Val::Affine { base: x, stride: s, .. }, Val::Affine { base: y, stride: t, .. })
                if s == t =>
            {
                return Some(Val::Uniform(ir.icmp(ops::signed(compare), x, y)));
            }
            (Val::Affine { base, stride: 1, .. }, Val::Uniform(u)) => (base, u, false),
            (Val::Uniform(u), Val::Affine { base, stride: 1, .. }) => (base, u, true),
            _ => return None,
        };
        let width = i64::from(self.width);
        let ahead = ir.sub(bound, base);
        let ahead = ir.same("llvm.smin", &[ahead, ir.i64(width)]);
        let ahead = ir.same("llvm.smax", &[ahead, ir.i64(-1)]);
        let ahead = ir.splat(ir.trunc(ahead, ir.int(32)), self.width);
        let lanes = ir.iota(ir.int(32), self.width, 1);
        let (x, y) = if swapped { (ahead, lanes) } else { (lanes, ahead) };
        Some(Val::Varying(ir.icmp(ops::signed(compare), x, y)))
    }

    fn loop_(&mut self, l: &Loop) -> Result<()> {
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

    fn combine(&self, op: ReduceOp, c: &Carried, a: V, b: V) -> Result<V> {
        let emit = ops::Emit { ir: self.ir, runtime: &self.runtime, function: self.function };
        let dtype = self.kernel.dtype(c.result);
        emit.op(op.op(), &[dtype, dtype], &[a, b])
    }

    fn finish_loop(&mut self, carried: &[Carried], last: &[V]) {
        for (c, &v) in carried.iter().zip(last) {
            self.set(c.result, Self::wrap(self.varying.get(c.result), v));
        }
    }

    /// A loop whose iterations are spread over lanes.
    fn lane_loop(&mut self, l: &Loop) -> Result<()> {
        let reduces = !l.carried.is_empty();
        let load = Load::of(self.kernel, self.program, &l.body);
        let width = load.width(self.vector_bytes, l.trips, reduces);
        let outside = std::mem::replace(
            &mut self.varying,
            Varying::of(self.kernel, &l.body, Some(l.index), None),
        );
        self.width = width;
        let (full, tail) = (l.trips / width as usize, l.trips % width as usize);
        let overlap = tail > 0 && full > 0 && !reduces && is_repeatable(self.program, &l.body);
        let identities = self.identities(l, width);
        let mut state = identities.clone();
        let trips = if overlap { full + 1 } else { full };
        if trips > 0 {
            state = self.lane_blocks(l, trips, overlap, state)?;
        }
        if tail > 0 && !overlap {
            state = self.lane_tail(l, full, tail, state, &identities)?;
        }
        self.varying = outside;
        let mut results = Vec::new();
        for (i, c) in l.carried.iter().enumerate() {
            let LoopKind::Reduce(reduce) = &l.kind else { continue };
            let total = self.fold_lanes(reduce[i], c, state[i])?;
            let width = std::mem::replace(&mut self.width, 1);
            let start = self.settle(c.init, false);
            results.push(self.combine(reduce[i], c, start, total)?);
            self.width = width;
        }
        self.width = 1;
        l.carried.iter().zip(results).for_each(|(c, v)| self.set(c.result, Val::Uniform(v)));
        Ok(())
    }

    fn identities(&self, l: &Loop, width: u32) -> Vec<V> {
        let LoopKind::Reduce(reduce) = &l.kind else { return Vec::new() };
        let ty = |c: &Carried| self.ir.lanes(self.ir.register(self.kernel.dtype(c.result)), width);
        let identity = |(c, &op): (&Carried, &ReduceOp)| {
            ops::identity(self.ir, op, self.kernel.dtype(c.result), ty(c))
        };
        l.carried.iter().zip(reduce).map(identity).collect()
    }

    fn lane_blocks(
        &mut self,
        l: &Loop,
        trips: usize,
        overlap: bool,
        state: Vec<V>,
    ) -> Result<Vec<V>> {
        let ir = self.ir;
        let width = i64::from(self.width);
        if trips == 1 {
            return self.lane_iteration(l, ir.i64(0), true, &state);
        }
        let (before, header) = (ir.here(), ir.block(self.function));
        ir.br(header);
        ir.go_to(header);
        let counter = ir.phi(ir.int(64), &[(ir.i64(0), before)]);
        let phis: Vec<V> = state.iter().map(|&v| ir.phi(ir.type_of(v), &[(v, before)])).collect();
        let base = if overlap {
            ir.same("llvm.smin", &[counter, ir.i64(l.trips as i64 - width)])
        } else {
            counter
        };
        let nexts = self.lane_iteration(l, base, !overlap, &phis)?;
        let latch = ir.here();
        let next = ir.add_nsw(counter, ir.i64(width));
        ir.add_incoming(counter, next, latch);
        phis.iter().zip(&nexts).for_each(|(&phi, &v)| ir.add_incoming(phi, v, latch));
        let exit = ir.block(self.function);
        let again = ir.icmp(IntCmp::LLVMIntSLT, next, ir.i64(trips as i64 * width));
        ir.cond_br(again, header, exit);
        ir.go_to(exit);
        Ok(nexts)
    }

    fn lane_iteration(&mut self, l: &Loop, base: V, aligned: bool, state: &[V]) -> Result<Vec<V>> {
        let width = i64::from(self.width);
        let index = if width == 1 {
            Val::Uniform(base)
        } else {
            affine(base, 1, if aligned { width } else { 1 })
        };
        self.set(l.index, index);
        self.block(&l.body)?;
        let mut nexts = Vec::new();
        for (i, c) in l.carried.iter().enumerate() {
            let LoopKind::Reduce(reduce) = &l.kind else { continue };
            let next = self.in_lanes(self.value(l.body.yields[i]));
            nexts.push(self.combine(reduce[i], c, state[i], next)?);
        }
        Ok(nexts)
    }

    /// The iterations that don't fill a vector, in one with a mask.
    fn lane_tail(
        &mut self,
        l: &Loop,
        full: usize,
        tail: usize,
        state: Vec<V>,
        identities: &[V],
    ) -> Result<Vec<V>> {
        let ir = self.ir;
        let mask = tail_mask(ir, self.width, tail);
        self.mask = Some(mask);
        let base = ir.i64((full * self.width as usize) as i64);
        self.set(l.index, affine(base, 1, i64::from(self.width)));
        self.block(&l.body)?;
        self.mask = None;
        let mut nexts = Vec::new();
        for (i, c) in l.carried.iter().enumerate() {
            let LoopKind::Reduce(reduce) = &l.kind else { continue };
            let next = self.in_lanes(self.value(l.body.yields[i]));
            let next = ir.select(mask, next, identities[i]);
            nexts.push(self.combine(reduce[i], c, state[i], next)?);
        }
        Ok(nexts)
    }

    /// Combines all lanes, halves first: an order that the width alone decides.
    fn fold_lanes(&self, op: ReduceOp, c: &Carried, v: V) -> Result<V> {
        let (ir, mut v, mut width) = (self.ir, v, self.width);
        if width == 1 {
            return Ok(v);
        }
        while width > 1 {
            width /= 2;
            let low: Vec<u32> = (0..width).collect();
            let high: Vec<u32> = (width..2 * width).collect();
            let (a, b) = (ir.shuffle(v, v, &low), ir.shuffle(v, v, &high));
            v = self.combine(op, c, a, b)?;
        }
        Ok(ir.extract(v, ir.i32(0)))
    }

    fn while_(&mut self, w: &WhileLoop) -> Result<()> {
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

    /// Whether a mask is set in any lane.
    pub(crate) fn any(&self, mask: V) -> V {
        if self.ir.width_of(mask) == 1 {
            mask
        } else {
            self.ir.same("llvm.vector.reduce.or", &[mask])
        }
    }

    /// The type of some lanes of an element.
    pub(crate) fn lanes_of(&self, scalar: Ty) -> Ty {
        self.ir.lanes(scalar, self.width)
    }
}

/// The first lanes only.
pub(crate) fn tail_mask(ir: &Ir<'_>, width: u32, lanes: usize) -> V {
    let bits: Vec<V> = (0..width as usize).map(|i| ir.bool(i < lanes)).collect();
    ir.const_vector(&bits)
}

pub(crate) fn affine(base: V, stride: i64, multiple: i64) -> Val {
    Val::Affine { base, stride, multiple }
}

/// A common divisor, mostly the greatest.
fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.checked_abs().unwrap_or(1), b.checked_abs().unwrap_or(1));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
