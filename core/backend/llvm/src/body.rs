//! Emission of kernel bodies: instructions and loops, for as many lanes as are open.

use jaxrs_data::{DType, Result, Scalar};
use jaxrs_kernel::{Block, BufferId, Inst, Kernel, Program, ScalarOp, ValueId};
use rustc_hash::FxHashMap;

use crate::ir::{Ir, Ty, V};
use crate::lanes::{Val, Varying};
use crate::ops;
use crate::rare::Rare;
use crate::turned::Turned;

/// Emits one kernel into a function.
pub(crate) struct Body<'e, 'c> {
    pub(crate) ir: &'e Ir<'c>,
    pub(crate) program: &'e Program,
    pub(crate) kernel: &'e Kernel,
    /// What computes functions that are no instructions.
    pub(crate) rare: Rare,
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
    /// Loads that are turned in the loop that is being emitted.
    pub(crate) turned: Option<Turned>,
    /// The number of open lanes.
    pub(crate) width: u32,
    /// Which lanes are at work; at least one is.
    pub(crate) mask: Option<V>,
}

impl<'e, 'c> Body<'e, 'c> {
    /// For one lane, of a kernel that reads no counters and touches no buffers, until it is told where they are.
    pub(crate) fn new(
        ir: &'e Ir<'c>,
        program: &'e Program,
        kernel: &'e Kernel,
        (function, rare): (V, Rare),
    ) -> Body<'e, 'c> {
        Body {
            ir,
            program,
            kernel,
            rare,
            function,
            vector_bytes: 1,
            buffers: FxHashMap::default(),
            index_vars: Vec::new(),
            streamed: Vec::new(),
            points: vec![Val::Uniform(ir.i64(0)); kernel.domain.len()],
            values: vec![None; kernel.values.len()],
            hoisted: vec![false; kernel.values.len()],
            decided: FxHashMap::default(),
            varying: Varying::default(),
            width: 1,
            turned: None,
            mask: None,
        }
    }
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
    pub(crate) fn settle(&self, id: ValueId, varies: bool) -> V {
        match self.value(id) {
            Val::Uniform(v) if !varies => v,
            val => self.in_lanes(val),
        }
    }

    pub(crate) fn wrap(varies: bool, v: V) -> Val {
        if varies { Val::Varying(v) } else { Val::Uniform(v) }
    }

    /// Emits the instructions of a block.
    pub(crate) fn block(&mut self, block: &Block) -> Result<()> {
        let mut rest = &block.insts[..];
        while let [first, others @ ..] = rest {
            if let Some((mask, holds, n)) = self.guarded(block, rest) {
                self.behind((mask, holds), &rest[..n])?;
                rest = &rest[n..];
            } else {
                self.inst(first)?;
                rest = others;
            }
        }
        Ok(())
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
                let (mask, position) = (self.open_mask(*mask), self.value(*position));
                let turned = self.turned_load(*out, *buffer, position);
                let val = turned.unwrap_or_else(|| self.load(*buffer, position, mask));
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

    pub(crate) fn constant(&self, dtype: DType, value: Scalar) -> V {
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
        let emit = ops::Emit { ir: self.ir, rare: self.rare, function: self.function };
        let v = emit.op(op, &types, &operands)?;
        Ok(Self::wrap(!uniform, v))
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
