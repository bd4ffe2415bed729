//! Programs: buffers, and the steps that fill them.

use std::fmt;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result};

use crate::body::Kernel;
use crate::select::TopK;

/// One buffer of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub u32);

/// The iteration counter of an enclosing [`Step::Repeat`], as kernels read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexVar(pub u32);

/// Where the memory of a buffer comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// The caller's input of this number; read only, unless an output shares it by donation.
    Input(usize),
    /// The caller's output of this number.
    Output(usize),
    /// Constant data of the program.
    Constant(Literal),
    /// Bytes of the program's arena, from this offset (a multiple of 64).
    Arena(usize),
    /// Not yet assigned; no executable program has it.
    Unassigned,
}

/// Dense elements of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// The element type.
    pub dtype: DType,
    /// The number of elements.
    pub len: usize,
    /// Where the memory comes from.
    pub place: Place,
}

impl Buffer {
    /// The bytes that the elements take.
    pub fn size_bytes(&self) -> usize {
        self.len * self.dtype.size_bytes()
    }
}

/// A compiled computation: inputs to outputs.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Program {
    /// All buffers, indexed by [`BufferId`].
    pub buffers: Vec<Buffer>,
    /// The buffer of each input, in the caller's order.
    pub inputs: Vec<BufferId>,
    /// The buffer of each output, in the caller's order; each has a place of its own
    /// ([`Place::Output`] with its number).
    pub outputs: Vec<BufferId>,
    /// For each output, the donated input whose memory it is given, if any. Where that is set the
    /// caller passes the same pointer twice, and steps never read the input after writing the output
    /// other than at the same element of the same kernel point.
    pub shares_input: Vec<Option<usize>>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// The number of [`IndexVar`]s.
    pub n_index_vars: u32,
    /// The bytes of scratch memory that one call needs.
    pub arena_bytes: usize,
}

/// One thing that a program does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Runs a loop nest.
    Kernel(Kernel),
    /// Calls a tuned library.
    Library(LibraryCall),
    /// Copies all elements; both buffers have the same type and length.
    Copy {
        /// The source.
        from: BufferId,
        /// The destination.
        to: BufferId,
    },
    /// Runs the body a fixed number of times.
    Repeat {
        /// What kernels read the iteration counter from: 0, 1, …
        index: IndexVar,
        /// How often.
        trips: usize,
        /// What one iteration hands to the next.
        carries: Vec<Carry>,
        /// One iteration.
        body: Vec<Step>,
    },
    /// Runs the body while the predicate holds.
    While {
        /// What one iteration hands to the next.
        carries: Vec<Carry>,
        /// Computes the predicate from the current carries.
        condition: Vec<Step>,
        /// One `bool`, written by `condition`.
        predicate: BufferId,
        /// One iteration.
        body: Vec<Step>,
    },
    /// Runs one of several branches; an index out of range runs the last.
    Switch {
        /// One `i32`.
        index: BufferId,
        /// The branches; each fills the same buffers.
        branches: Vec<Vec<Step>>,
    },
}

/// What a loop hands from one iteration to the next. The body reads `current` and fills `next`; at the
/// end of the iteration the two names *exchange their memory*, so that nothing is copied. After the
/// loop, `current` names the last value, and `next` holds nothing of use. Where both are the same
/// buffer the body updates it in place and nothing is exchanged.
///
/// Both lie in the arena, have the same type and length, and do not overlap any other buffer that is
/// in use; `current` is filled before the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carry {
    /// What the body reads.
    pub current: BufferId,
    /// What the body fills.
    pub next: BufferId,
}

/// A call of a library routine on whole buffers.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryCall {
    /// Batched matrix products.
    MatMul(MatMul),
    /// Stable sorting along one axis.
    Sort(Sort),
    /// Selecting the first elements along one axis.
    TopK(TopK),
    /// A routine of the host's.
    Host(HostCall),
}

/// `out[b,i,j] = Σ_k lhs[b,i,k] · rhs[b,k,j]`; each operand is reached through strides, so transposed
/// and broadcast operands need no copy. Element types are equal: `F32`,
/// `F64`, `C64` or `C128`.
#[derive(Clone, Debug, PartialEq)]
pub struct MatMul {
    /// The number of products.
    pub batch: usize,
    /// Rows of the result.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// The contracted size.
    pub k: usize,
    /// The left operand: batch, row (m) and column (k) strides.
    pub lhs: Operand,
    /// The right operand: batch, row (k) and column (n) strides.
    pub rhs: Operand,
    /// The result: batch, row (m) and column (n) strides.
    pub out: Operand,
}

/// A strided view of a buffer; offset and strides are in elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// The buffer.
    pub buffer: BufferId,
    /// Where element (0, 0, 0) lies.
    pub offset: usize,
    /// An enclosing loop's counter whose value times the second field is added to the offset.
    pub step: Option<(IndexVar, isize)>,
    /// From one product to the next.
    pub batch_stride: isize,
    /// From one row to the next.
    pub row_stride: isize,
    /// From one column to the next.
    pub col_stride: isize,
}

/// Sorts `outer × inner` sequences of `len` elements, in ascending order and stably, by the first
/// `n_keys` operands; all operands are permuted alike. Elements of one sequence lie `inner` apart.
/// NaNs come last, and −0 equals 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// Sequences before the sorted axis.
    pub outer: usize,
    /// The length of the sorted axis.
    pub len: usize,
    /// Elements after the sorted axis.
    pub inner: usize,
    /// How many of the operands are compared, first the first.
    pub n_keys: usize,
    /// What is sorted.
    pub inputs: Vec<BufferId>,
    /// Where the permuted operands go; none overlaps an input.
    pub outputs: Vec<BufferId>,
}

/// Runs a task for each number below one, in any order, on any threads, and returns when all are done.
pub type ParallelFor<'a> = dyn Fn(usize, &(dyn Fn(usize) + Sync)) + Sync + 'a;

/// A routine that a program calls: not ours to know. It runs on the thread that runs the program, several
/// times at once where several threads do; no lock is held meanwhile, so that it may run programs itself.
pub trait HostRoutine: fmt::Debug + Send + Sync {
    /// Its name in printed programs.
    fn name(&self) -> &str;

    /// What else to print of it.
    fn params(&self) -> String;

    /// What it is, for a program that was compiled ahead of time to make it anew; none for code of one process.
    fn description(&self) -> Option<Vec<u8>> {
        None
    }

    /// Computes the bytes of all outputs from those of the inputs. An error ends the program, whose run
    /// gives it back.
    fn run(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<()>;

    /// The same bytes, computed by several threads where that pays.
    fn run_on(
        &self,
        threads: &ParallelFor<'_>,
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) -> Result<()> {
        let _ = threads;
        self.run(inputs, outputs)
    }
}

/// A call of a routine of the host's on whole buffers. It may have effects, which keep the order of steps.
#[derive(Clone, Debug)]
pub struct HostCall {
    /// What is called.
    pub routine: Arc<dyn HostRoutine>,
    /// What it reads.
    pub inputs: Vec<BufferId>,
    /// What it fills; none overlaps an input or another output.
    pub outputs: Vec<BufferId>,
}

/// Routines are compared by identity.
impl PartialEq for HostCall {
    fn eq(&self, other: &HostCall) -> bool {
        Arc::ptr_eq(&self.routine, &other.routine)
            && self.inputs == other.inputs
            && self.outputs == other.outputs
    }
}

impl Program {
    /// Adds a buffer.
    pub fn add_buffer(&mut self, dtype: DType, len: usize, place: Place) -> BufferId {
        self.buffers.push(Buffer { dtype, len, place });
        BufferId(self.buffers.len() as u32 - 1)
    }

    /// Whether a step calls a routine of the host's.
    pub fn calls_host(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match step {
                Step::Library(call) => matches!(call, LibraryCall::Host(_)),
                Step::Kernel(_) | Step::Copy { .. } => false,
                Step::Repeat { body, .. } => any(body),
                Step::While { condition, body, .. } => any(condition) || any(body),
                Step::Switch { branches, .. } => branches.iter().any(|branch| any(branch)),
            })
        }
        any(&self.steps)
    }

    /// Whether two buffers may share memory: they are the same, overlap in the arena, or one is an
    /// output that was given the other's donated memory.
    pub fn may_overlap(&self, a: BufferId, b: BufferId) -> bool {
        let range = |id: BufferId, start: usize| start..start + self[id].size_bytes();
        match (&self[a].place, &self[b].place) {
            _ if a == b => true,
            (&Place::Arena(x), &Place::Arena(y)) => {
                let (x, y) = (range(a, x), range(b, y));
                x.start < y.end && y.start < x.end
            }
            (&Place::Input(input), &Place::Output(output))
            | (&Place::Output(output), &Place::Input(input)) => {
                self.shares_input.get(output).copied().flatten() == Some(input)
            }
            _ => false,
        }
    }
}

impl Index<BufferId> for Program {
    type Output = Buffer;
    fn index(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.0 as usize]
    }
}

impl IndexMut<BufferId> for Program {
    fn index_mut(&mut self, id: BufferId) -> &mut Buffer {
        &mut self.buffers[id.0 as usize]
    }
}
