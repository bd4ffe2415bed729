//! What varies between the lanes of a vector, how wide vectors are, and what may be computed twice.

use jaxrs_data::DType;
use jaxrs_kernel::{Block, BufferId, Inst, Kernel, Loop, LoopKind, Program, ValueId, WhileLoop};

use crate::ir::V;
use crate::turned::turned_loads;

/// A kernel value during emission.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Val {
    /// The same in all lanes: a scalar.
    Uniform(V),
    /// A position that grows by a constant from lane to lane.
    Affine {
        /// Lane 0, an `i64`.
        base: V,
        /// From one lane to the next.
        stride: i64,
        /// A number that divides `base`, for knowing that lanes don't straddle a row.
        multiple: i64,
    },
    /// A vector.
    Varying(V),
}

/// For each value of a kernel, whether lanes may see different ones.
#[derive(Clone, Default)]
pub(crate) struct Varying(Vec<bool>);

impl Varying {
    /// What varies in a block whose lanes run along the given values (a loop index) and axis.
    pub(crate) fn of(
        kernel: &Kernel,
        block: &Block,
        index: Option<ValueId>,
        axis: Option<usize>,
    ) -> Varying {
        let mut varying = Varying(vec![false; kernel.values.len()]);
        if let Some(index) = index {
            varying.0[index.0 as usize] = true;
        }
        // Carried values feed back, so to a fixed point.
        while varying.spread(block, axis) {}
        varying
    }

    /// Whether lanes may see different values.
    pub(crate) fn get(&self, value: ValueId) -> bool {
        self.0.get(value.0 as usize).copied().unwrap_or(false)
    }

    fn set(&mut self, value: ValueId, varies: bool) -> bool {
        let slot = &mut self.0[value.0 as usize];
        let changed = varies && !*slot;
        *slot |= varies;
        changed
    }

    fn spread(&mut self, block: &Block, axis: Option<usize>) -> bool {
        let mut changed = false;
        for inst in &block.insts {
            changed |= match inst {
                Inst::Const { .. } | Inst::Index { .. } | Inst::Store { .. } => false,
                Inst::Point { out, axis: a } => self.set(*out, Some(*a) == axis),
                Inst::Op { out, args, .. } => {
                    let varies = args.iter().any(|&arg| self.get(arg));
                    self.set(*out, varies)
                }
                Inst::Load { out, position, mask, .. } => {
                    let varies = self.get(*position) || mask.is_some_and(|mask| self.get(mask));
                    self.set(*out, varies)
                }
                Inst::Loop(l) => self.spread_loop(l, axis),
                Inst::While(w) => {
                    let mut changed = self.spread(&w.condition, axis);
                    changed |= self.spread(&w.body, axis);
                    let apart = w.condition.yields.iter().any(|&v| self.get(v));
                    for (c, &next) in w.carried.iter().zip(&w.body.yields) {
                        let varies =
                            apart || self.get(c.init) || self.get(next) || self.get(c.param);
                        changed |= self.set(c.param, varies) | self.set(c.result, varies);
                    }
                    changed
                }
            };
        }
        changed
    }

    fn spread_loop(&mut self, l: &Loop, axis: Option<usize>) -> bool {
        let mut changed = self.spread(&l.body, axis);
        for (c, &next) in l.carried.iter().zip(&l.body.yields) {
            let varies = self.get(c.init) || self.get(next) || self.get(c.param);
            changed |= self.set(c.param, varies) | self.set(c.result, varies);
        }
        changed
    }
}

/// What decides the width of vectors.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    /// The bytes of the widest element that vectors hold; positions don't count.
    pub(crate) widest: usize,
    /// Work of one iteration, in additions.
    pub(crate) cost: usize,
    /// Whether there are loops inside, whose latency more lanes would hide.
    pub(crate) has_loops: bool,
    /// Whether loads in a loop inside are turned, which takes all registers.
    turns: bool,
    /// The most values that a loop inside carries.
    carried: usize,
}

impl Load {
    /// Measures a block.
    pub(crate) fn of(kernel: &Kernel, program: &Program, block: &Block) -> Load {
        let mut load = Load::default();
        block.visit(&mut |inst| match inst {
            Inst::Op { out, op, args } => {
                let dtype = args.first().map_or(kernel.dtype(*out), |&arg| kernel.dtype(arg));
                load.count(if dtype == DType::I64 { DType::Bool } else { dtype });
                let result = kernel.dtype(*out);
                load.count(if result == DType::I64 { DType::Bool } else { result });
                load.cost += op.cost() as usize;
            }
            Inst::Load { buffer, .. } | Inst::Store { buffer, .. } => {
                load.count(program[*buffer].dtype);
                load.cost += 1;
            }
            Inst::Loop(l) => {
                load.has_loops = true;
                load.turns |= !turned_loads(kernel, l).is_empty();
                load.carried = load.carried.max(l.carried.len());
            }
            Inst::While(WhileLoop { carried, .. }) => {
                load.has_loops = true;
                load.carried = load.carried.max(carried.len());
            }
            Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } => {}
        });
        load.widest = load.widest.max(1);
        load
    }

    fn count(&mut self, dtype: DType) {
        // Complex numbers are computed with in parts, and the two move as two vectors.
        self.widest = self.widest.max(dtype.real_part().size_bytes());
    }

    /// The lanes of one logical vector for an extent: several registers where the work is small, so
    /// that latencies overlap; narrower than a register where the extent is.
    pub(crate) fn width(&self, vector_bytes: usize, extent: usize, reduces: bool) -> u32 {
        let register = (vector_bytes / self.widest).max(1);
        let registers = match (self.cost, self.carried) {
            _ if self.turns => 1,
            (..=160, ..=2) if self.has_loops => 4,
            (..=400, ..=4) if self.has_loops => 2,
            (..=6, _) if reduces => 4,
            (..=12, _) if reduces => 2,
            (..=4, _) => 2,
            _ => 1,
        };
        let mut width = register * registers;
        while width > 1 && width / 2 >= extent {
            width /= 2;
        }
        // A whole number of blocks beats a wider vector with a tail.
        while width > register && !extent.is_multiple_of(width) && extent < 8 * width {
            width /= 2;
        }
        width as u32
    }
}

/// Whether the iterations of a block may run twice: nothing that they store is loaded.
pub(crate) fn is_repeatable(program: &Program, block: &Block) -> bool {
    let (mut loads, mut stores): (Vec<BufferId>, Vec<BufferId>) = Default::default();
    block.visit(&mut |inst| match inst {
        Inst::Load { buffer, .. } => loads.push(*buffer),
        Inst::Store { buffer, .. } => stores.push(*buffer),
        _ => {}
    });
    !stores.iter().any(|&s| loads.iter().any(|&l| program.may_overlap(s, l)))
}

/// Whether a block contains loops that lanes could run along.
pub(crate) fn has_lane_loops(block: &Block) -> bool {
    let mut found = false;
    block.visit(&mut |inst| {
        if let Inst::Loop(l) = inst {
            found |= l.kind != LoopKind::Sequential;
        }
    });
    found
}
