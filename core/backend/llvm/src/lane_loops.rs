//! Loops inside kernels whose iterations are spread over lanes.

use jaxrs_data::Result;
use jaxrs_kernel::{Carried, Loop, LoopKind, ReduceOp};

use crate::body::{Body, affine, tail_mask};
use crate::ir::V;
use crate::lanes::{Load, Val, Varying, is_repeatable};
use crate::ops;

impl Body<'_, '_> {
    /// A loop whose iterations are spread over lanes.
    pub(crate) fn lane_loop(&mut self, l: &Loop) -> Result<()> {
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
        let identities = self.lane_identities(l, width);
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

    fn lane_identities(&self, l: &Loop, width: u32) -> Vec<V> {
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
        let step = self.width as usize;
        self.stepped((trips * step, step), &state, |body, counter, state| {
            let base = if overlap {
                ir.same("llvm.smin", &[counter, ir.i64(l.trips as i64 - width)])
            } else {
                counter
            };
            body.lane_iteration(l, base, !overlap, state)
        })
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
}
