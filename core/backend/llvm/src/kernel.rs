//! Emission of whole kernels: the loops over their index space, on one thread or cut into tasks.

use jaxrs_data::Result;
use jaxrs_kernel::{Block, BufferId, Inst, Kernel, Lanes, Program};

use crate::body::{Body, affine, tail_mask};
use crate::ir::{IntCmp, V};
use crate::lanes::{Load, Val, Varying, is_repeatable};
use crate::segments;

/// How the index space of a kernel is walked.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Extents of the axes that are walked point by point.
    rows: Vec<usize>,
    /// The extent of the axis along which lanes run; 1 where none do.
    last: usize,
    /// The number of lanes.
    width: u32,
    /// Whether the last block may overlap the one before it, instead of a masked one.
    overlap: bool,
}

impl Plan {
    /// Chooses how to walk a kernel.
    pub(crate) fn new(
        program: &Program,
        kernel: &Kernel,
        vector_bytes: usize,
        streams: bool,
    ) -> Plan {
        let along_lanes =
            kernel.lanes == Lanes::Domain && kernel.domain.last().is_some_and(|&n| n > 1);
        if !along_lanes {
            return Plan { rows: kernel.domain.clone(), last: 1, width: 1, overlap: false };
        }
        let (&last, rows) = kernel.domain.split_last().unwrap_or((&1, &[]));
        let load = Load::of(kernel, program, &kernel.body);
        let width = load.width(vector_bytes, last, false);
        let overlap = !streams && is_repeatable(program, &kernel.body) && last > width as usize;
        Plan { rows: rows.to_vec(), last, width, overlap }
    }

    fn n_rows(&self) -> usize {
        self.rows.iter().product()
    }

    fn width(&self) -> usize {
        self.width as usize
    }

    /// Full blocks of lanes in a row.
    fn full(&self) -> usize {
        self.last / self.width()
    }

    fn tail(&self) -> usize {
        self.last % self.width()
    }

    /// Blocks of lanes in a row.
    fn blocks(&self) -> usize {
        self.last.div_ceil(self.width())
    }

    fn is_one_axis(&self) -> bool {
        self.rows.is_empty()
    }

    /// What tasks are cut between: blocks of a single axis, or rows.
    pub(crate) fn units(&self) -> usize {
        if self.is_one_axis() { self.blocks() } else { self.n_rows() }
    }

    /// The units that a task should have.
    pub(crate) fn grain(&self, points: usize) -> usize {
        let per_unit = if self.is_one_axis() { self.width() } else { self.last };
        (points / per_unit.max(1)).max(1)
    }
}

impl Body<'_, '_> {
    /// Emits the units from `begin` to `end`, or all.
    pub(crate) fn points(&mut self, plan: &Plan, range: Option<(V, V)>) -> Result<()> {
        if self.kernel.n_points() == 0 {
            return Ok(());
        }
        match range {
            None => self.rows(plan, 0),
            Some(range) if plan.is_one_axis() => self.row(plan, Some(range)),
            Some((begin, end)) => self.counted(begin, end, &mut |body, row| {
                body.unravel(&plan.rows, row);
                body.row(plan, None)
            }),
        }
    }

    /// A nest of loops over the leading axes.
    fn rows(&mut self, plan: &Plan, axis: usize) -> Result<()> {
        let Some(&extent) = plan.rows.get(axis) else { return self.row(plan, None) };
        if self.should_unroll_rows(plan, axis) {
            for i in 0..extent {
                self.set_point(axis, Val::Uniform(self.ir.i64(i as i64)));
                self.rows(plan, axis + 1)?;
            }
            return Ok(());
        }
        let (zero, end) = (self.ir.i64(0), self.ir.i64(extent as i64));
        self.counted(zero, end, &mut |body, i| {
            body.set_point(axis, Val::Uniform(i));
            body.rows(plan, axis + 1)
        })
    }

    /// Few points of little work are emitted one after the other.
    fn should_unroll_rows(&self, plan: &Plan, axis: usize) -> bool {
        const MOST_POINTS: usize = 16;
        const MOST_WORK: usize = 160;
        let inner: usize = plan.rows[axis + 1..].iter().product::<usize>() * plan.blocks();
        let copies = plan.rows[axis] * inner;
        let load = Load::of(self.kernel, self.program, &self.kernel.body);
        plan.rows[axis] == 1
            || (copies <= MOST_POINTS && copies * load.cost <= MOST_WORK && !load.has_loops)
    }

    fn set_point(&mut self, axis: usize, val: Val) {
        self.points[axis] = val;
    }

    /// The coordinates along leading axes of these sizes, by the number of the point, of 64 bits or fewer.
    pub(crate) fn unravel(&mut self, sizes: &[usize], number: V) {
        let ir = self.ir;
        let (ty, index) = (ir.type_of(number), ir.int(64));
        let mut rest = number;
        for (axis, &size) in sizes.iter().enumerate().rev() {
            let extent = ir.const_int(ty, size as i64);
            let coordinate = match axis {
                _ if size == 1 => ir.const_int(ty, 0),
                0 => rest,
                _ => ir.urem(rest, extent),
            };
            if size != 1 && axis > 0 {
                rest = ir.udiv(rest, extent);
            }
            let coordinate = if ty == index { coordinate } else { ir.zext(coordinate, index) };
            self.set_point(axis, Val::Uniform(coordinate));
        }
    }

    /// A loop from `begin` to `end`.
    fn counted(
        &mut self,
        begin: V,
        end: V,
        iteration: &mut dyn FnMut(&mut Self, V) -> Result<()>,
    ) -> Result<()> {
        let ir = self.ir;
        let (header, exit) = (ir.block(self.function), ir.block(self.function));
        let before = ir.here();
        let nonempty = ir.icmp(IntCmp::LLVMIntSLT, begin, end);
        ir.cond_br(nonempty, header, exit);
        ir.go_to(header);
        let i = ir.phi(ir.int(64), &[(begin, before)]);
        iteration(self, i)?;
        let latch = ir.here();
        let next = ir.add_nsw(i, ir.i64(1));
        ir.add_incoming(i, next, latch);
        let again = ir.icmp(IntCmp::LLVMIntSLT, next, end);
        ir.cond_br(again, header, exit);
        ir.go_to(exit);
        Ok(())
    }

    /// One row: all its points, or the given blocks of it.
    fn row(&mut self, plan: &Plan, range: Option<(V, V)>) -> Result<()> {
        let kernel = self.kernel;
        if plan.last == 1 && self.points.len() == plan.rows.len() {
            return self.block(&kernel.body);
        }
        let axis = kernel.domain.len() - 1;
        if plan.width > 1 {
            self.varying = Varying::of(kernel, &kernel.body, None, Some(axis));
        }
        self.hoist(&kernel.body)?;
        let (full, tail) = (plan.full(), plan.tail());
        let masked = tail > 0 && !plan.overlap;
        let main = if masked { full } else { plan.blocks() };
        match range {
            None if main == 1 => self.lane_block(plan, self.ir.i64(0), None)?,
            None => {
                let (zero, end) = (self.ir.i64(0), self.ir.i64(main as i64));
                if main > 0 {
                    self.blocks(plan, zero, end)?;
                }
            }
            Some((begin, end)) => {
                let end = self.ir.same("llvm.smin", &[end, self.ir.i64(main as i64)]);
                self.blocks(plan, begin, end)?;
            }
        }
        if masked {
            self.last_block(plan, range.map(|(_, end)| end))?;
        }
        self.unhoist();
        Ok(())
    }

    /// Blocks of lanes; where masks are decided in most of them, those get code without masks.
    fn blocks(&mut self, plan: &Plan, begin: V, end: V) -> Result<()> {
        let axis = self.kernel.domain.len() - 1;
        let interior = match plan.width {
            1 => None,
            _ => segments::interior(self.kernel, axis, plan.width(), plan.full()),
        };
        let Some(interior) = interior else { return self.some_blocks(plan, begin, end) };
        let (first, last) = (interior.begin as i64, interior.end as i64);
        if first > 0 {
            self.some_blocks(plan, begin, self.at_most(end, first))?;
        }
        self.decided = interior.decided;
        self.some_blocks(plan, self.at_least(begin, first), self.at_most(end, last))?;
        self.decided.clear();
        if self.ir.as_const(end) != Some(last) {
            self.some_blocks(plan, self.at_least(begin, last), end)?;
        }
        Ok(())
    }

    fn at_most(&self, v: V, bound: i64) -> V {
        match self.ir.as_const(v) {
            Some(v) => self.ir.i64(v.min(bound)),
            None => self.ir.same("llvm.smin", &[v, self.ir.i64(bound)]),
        }
    }

    fn at_least(&self, v: V, bound: i64) -> V {
        match self.ir.as_const(v) {
            Some(v) => self.ir.i64(v.max(bound)),
            None => self.ir.same("llvm.smax", &[v, self.ir.i64(bound)]),
        }
    }

    fn some_blocks(&mut self, plan: &Plan, begin: V, end: V) -> Result<()> {
        self.counted(begin, end, &mut |body, block| body.lane_block(plan, block, None))
    }

    /// The points that don't fill a vector.
    fn last_block(&mut self, plan: &Plan, end: Option<V>) -> Result<()> {
        let ir = self.ir;
        let after = end.map(|end| {
            let (then, after) = (ir.block(self.function), ir.block(self.function));
            let is_last = ir.icmp(IntCmp::LLVMIntEQ, end, ir.i64(plan.blocks() as i64));
            ir.cond_br(is_last, then, after);
            ir.go_to(then);
            after
        });
        let mask = tail_mask(ir, plan.width, plan.tail());
        self.lane_block(plan, ir.i64(plan.full() as i64), Some(mask))?;
        if let Some(after) = after {
            ir.br(after);
            ir.go_to(after);
        }
        Ok(())
    }

    fn lane_block(&mut self, plan: &Plan, block: V, mask: Option<V>) -> Result<()> {
        let ir = self.ir;
        let width = i64::from(plan.width);
        let aligned = plan.tail() == 0 || !plan.overlap;
        let mut base = ir.mul_nsw(block, ir.i64(width));
        if !aligned {
            base = ir.same("llvm.smin", &[base, ir.i64(plan.last as i64 - width)]);
        }
        let point = match width {
            1 => Val::Uniform(base),
            _ => affine(base, 1, if aligned { width } else { 1 }),
        };
        let axis = self.kernel.domain.len() - 1;
        self.set_point(axis, point);
        (self.width, self.mask) = (plan.width, mask);
        let kernel = self.kernel;
        let done = self.block(&kernel.body);
        (self.width, self.mask) = (1, None);
        done
    }

    /// Computes before the loop over blocks what is the same in all of them.
    fn hoist(&mut self, block: &Block) -> Result<()> {
        let axis = self.kernel.domain.len() - 1;
        let mut along = Varying::of(self.kernel, block, None, Some(axis));
        std::mem::swap(&mut along, &mut self.varying);
        let mut done = Vec::new();
        for inst in &block.insts {
            let out = match inst {
                Inst::Const { out, .. } | Inst::Index { out, .. } | Inst::Op { out, .. } => *out,
                Inst::Point { out, axis: a } if *a != axis => *out,
                Inst::Load { out, buffer, .. } if self.is_read_only(*buffer) => *out,
                _ => continue,
            };
            let from_outside = operands(inst).iter().all(|id| done.contains(id));
            if !self.varying.get(out) && from_outside {
                self.inst(inst)?;
                done.push(out);
            }
        }
        done.iter().for_each(|id| self.hoisted[id.0 as usize] = true);
        std::mem::swap(&mut along, &mut self.varying);
        Ok(())
    }

    fn unhoist(&mut self) {
        self.hoisted.iter_mut().for_each(|hoisted| *hoisted = false);
    }

    fn is_read_only(&self, buffer: BufferId) -> bool {
        let mut stored = false;
        self.kernel.visit(&mut |inst| {
            if let Inst::Store { buffer: to, .. } = inst {
                stored |= self.program.may_overlap(*to, buffer);
            }
        });
        !stored
    }
}

/// The values that an instruction needs, loops aside.
fn operands(inst: &Inst) -> Vec<jaxrs_kernel::ValueId> {
    match inst {
        Inst::Op { args, .. } => args.to_vec(),
        Inst::Load { position, mask, .. } => mask.iter().chain([position]).copied().collect(),
        _ => Vec::new(),
    }
}
