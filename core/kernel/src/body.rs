//! Kernels: what runs at each point of an index space.

use jaxrs_data::{DType, Scalar, SmallVec};

use crate::program::{BufferId, IndexVar};
use crate::scalar::{ReduceOp, ScalarOp};

/// A scalar value of a kernel, defined once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// A scalar program that runs once for each point of an index space. Points are independent: they may
/// run in any order, several at a time in the lanes of vectors, and on several threads. No point reads
/// an element that another point writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// A name for people: the operations that it does.
    pub name: String,
    /// The sizes of the index space; empty for a single point.
    pub domain: Vec<usize>,
    /// What back ends spread over the lanes of vectors.
    pub lanes: Lanes,
    /// Points a task should have for threads to pay: 0 means that this kernel stays on one thread.
    /// Tasks are cut between rows of the last axis where there are several axes, else anywhere.
    pub grain: usize,
    /// The element type of each value, indexed by [`ValueId`].
    pub values: Vec<DType>,
    /// What runs at a point; it yields nothing.
    pub body: Block,
}

/// Which loop a vector runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// The last axis of the domain.
    Domain,
    /// The innermost [`LoopKind::Map`] and [`LoopKind::Reduce`] loops of the body.
    Inner,
    /// None: scalar code.
    Scalar,
}

/// Instructions, and the values they hand to what encloses them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// In order of execution; each value is defined before it is used.
    pub insts: Vec<Inst>,
    /// What the block gives: the next carried values of a loop, the predicate of a condition.
    pub yields: SmallVec<[ValueId; 2]>,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub enum Inst {
    /// A constant.
    Const {
        /// The value that is defined.
        out: ValueId,
        /// The constant, of the kind of `out`'s type.
        value: Scalar,
    },
    /// The point's coordinate along a domain axis; `i64`.
    Point {
        /// The value that is defined.
        out: ValueId,
        /// The axis.
        axis: usize,
    },
    /// The counter of an enclosing [`Step::Repeat`](crate::Step::Repeat); `i64`.
    Index {
        /// The value that is defined.
        out: ValueId,
        /// The counter.
        var: IndexVar,
    },
    /// An operation on scalars.
    Op {
        /// The value that is defined.
        out: ValueId,
        /// The operation.
        op: ScalarOp,
        /// The operands.
        args: SmallVec<[ValueId; 3]>,
    },
    /// Reads an element.
    Load {
        /// The value that is defined; zero where the mask is false.
        out: ValueId,
        /// The buffer.
        buffer: BufferId,
        /// The element's position; `i64`; in range wherever the mask is true.
        position: ValueId,
        /// Whether to read at all; `bool`.
        mask: Option<ValueId>,
    },
    /// Writes an element.
    Store {
        /// The buffer.
        buffer: BufferId,
        /// The element's position; `i64`; in range wherever the mask is true.
        position: ValueId,
        /// What is written.
        value: ValueId,
        /// Whether to write at all; `bool`.
        mask: Option<ValueId>,
    },
    /// A counted loop.
    Loop(Loop),
    /// A loop whose length each point decides for itself.
    While(WhileLoop),
}

/// A counted loop, its length the same at all points.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// What its iterations have to do with one another.
    pub kind: LoopKind,
    /// How many iterations.
    pub trips: usize,
    /// The counter, 0, 1, …; `i64`.
    pub index: ValueId,
    /// Values that the loop computes.
    pub carried: SmallVec<[Carried; 2]>,
    /// One iteration; yields as many values as are carried.
    pub body: Block,
}

/// What the iterations of a loop have to do with one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// Each iteration needs the one before: the body reads the carried values' `param`s and yields
    /// their next values. Stores of earlier iterations may be loaded in later ones.
    Sequential,
    /// Iterations are independent and carry nothing.
    Map,
    /// Iterations are independent; what they yield is combined into the carried values, one operation
    /// each, in an order of the back end's choice that depends on the program and target alone. The
    /// body does not read `param`s.
    Reduce(SmallVec<[ReduceOp; 2]>),
}

/// A value that a loop hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Its name inside the body.
    pub param: ValueId,
    /// Its value before the first iteration.
    pub init: ValueId,
    /// Its name after the loop.
    pub result: ValueId,
}

/// Runs while the point's own condition holds. Lanes whose condition is false keep their carried values
/// and store nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct WhileLoop {
    /// Values that the loop hands on; both blocks read the `param`s.
    pub carried: SmallVec<[Carried; 2]>,
    /// Yields one `bool`; stores nothing.
    pub condition: Block,
    /// Yields the next carried values.
    pub body: Block,
}

impl Kernel {
    /// The number of points.
    pub fn n_points(&self) -> usize {
        self.domain.iter().product()
    }

    /// The element type of a value.
    pub fn dtype(&self, value: ValueId) -> DType {
        self.values[value.0 as usize]
    }

    /// Calls a function on every instruction, outer before inner.
    pub fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Inst)) {
        self.body.visit(f);
    }
}

impl Inst {
    /// The values that the instruction itself defines: its result, a loop's counter, parameters and
    /// results. What blocks inside it define is not among them.
    pub fn defined(&self) -> SmallVec<[ValueId; 4]> {
        let carried = |carried: &[Carried]| -> SmallVec<[ValueId; 4]> {
            carried.iter().flat_map(|c| [c.param, c.result]).collect()
        };
        match self {
            Inst::Const { out, .. }
            | Inst::Point { out, .. }
            | Inst::Index { out, .. }
            | Inst::Op { out, .. }
            | Inst::Load { out, .. } => SmallVec::from_slice(&[*out]),
            Inst::Store { .. } => SmallVec::new(),
            Inst::Loop(l) => {
                let mut values = carried(&l.carried);
                values.push(l.index);
                values
            }
            Inst::While(w) => carried(&w.carried),
        }
    }
}

impl Block {
    /// Calls a function on every instruction, outer before inner.
    pub fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Inst)) {
        for inst in &self.insts {
            f(inst);
            match inst {
                Inst::Loop(l) => l.body.visit(f),
                Inst::While(w) => {
                    w.condition.visit(f);
                    w.body.visit(f);
                }
                Inst::Const { .. }
                | Inst::Point { .. }
                | Inst::Index { .. }
                | Inst::Op { .. }
                | Inst::Load { .. }
                | Inst::Store { .. } => {}
            }
        }
    }
}
