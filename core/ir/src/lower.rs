//! What lowering rules are written with.
//!
//! Most primitives say what *one element* of their result is, given elements of their operands
//! ([`Elements`]); the compiler decides what is stored and what is recomputed, and so fuses. Primitives
//! that need whole arrays give steps instead ([`Steps`]). Control flow is the compiler's own.

use jaxrs_data::{DType, Result, SmallVec, Type};
use jaxrs_kernel::{BodyBuilder, BufferId, IndexVar, Lanes, LoopKind, ReduceOp, Step, ValueId};

/// How a primitive becomes a kernel program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lowering {
    /// Element by element: [`Primitive::element`](crate::Primitive::element). May be fused into its
    /// consumers and computed several times over.
    Elements,
    /// As `Elements`, with a loop in each element, so that computing one twice is to be avoided.
    Reduction,
    /// With steps over whole buffers: [`Primitive::steps`](crate::Primitive::steps).
    Steps,
    /// As `Steps`, where the result starts as a copy of operand 0 (or as operand 0 itself, when nobody
    /// else needs it) and the steps update it in place.
    Update,
    /// By replacing it with the jaxpr that it holds.
    Inline,
    /// By replacing it with what it is composed of: [`Primitive::compose`](crate::Primitive::compose).
    Composed,
    /// By the compiler: loops and branches.
    Control,
}

/// The body of a loop, from counter and carried values to what the iteration yields.
pub type LoopBody<'a> =
    &'a mut dyn FnMut(&mut dyn Elements, ValueId, &[ValueId]) -> Result<SmallVec<[ValueId; 2]>>;

/// The body of a reduction: the element at an index.
pub type ElementBody<'a> = &'a mut dyn FnMut(&mut dyn Elements, &[ValueId]) -> Result<ValueId>;

/// The body of a kernel: what is done at a point.
pub type PointBody<'a> = &'a mut dyn FnMut(&mut dyn Elements, &[ValueId]) -> Result<()>;

/// The body of a loop of steps, given the counter.
pub type StepsBody<'a> = &'a mut dyn FnMut(&mut dyn Steps, IndexVar) -> Result<()>;

/// Computes elements of one operation inside a kernel that is being built.
pub trait Elements {
    /// The body so far; loops go through [`Elements::counted`] instead.
    fn builder(&mut self) -> &mut BodyBuilder;

    /// The number of operands.
    fn n_inputs(&self) -> usize;

    /// The type of an operand.
    fn input_type(&self, operand: usize) -> &Type;

    /// The type of a result.
    fn output_type(&self, output: usize) -> &Type;

    /// One element of an operand. The index has one `i64` for each axis, in range.
    fn operand(&mut self, operand: usize, index: &[ValueId]) -> Result<ValueId>;

    /// As [`Elements::operand`] where the mask holds, and zero elsewhere; there the index may be out of
    /// range.
    fn operand_where(
        &mut self,
        operand: usize,
        index: &[ValueId],
        mask: ValueId,
    ) -> Result<ValueId>;

    /// A counted loop; see [`LoopKind`] for what the body is given and yields.
    fn counted(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: LoopBody<'_>,
    ) -> Result<SmallVec<[ValueId; 2]>>;
}

impl dyn Elements + '_ {
    /// A reduction to one value over an index space: the body gives the element at each index.
    pub fn reduce(
        &mut self,
        op: ReduceOp,
        init: ValueId,
        sizes: &[usize],
        body: ElementBody<'_>,
    ) -> Result<ValueId> {
        self.reduce_nest(op, init, sizes, &mut SmallVec::new(), body)
    }

    fn reduce_nest(
        &mut self,
        op: ReduceOp,
        init: ValueId,
        sizes: &[usize],
        index: &mut SmallVec<[ValueId; 4]>,
        body: ElementBody<'_>,
    ) -> Result<ValueId> {
        let [size, inner @ ..] = sizes else {
            let element = body(self, index)?;
            return Ok(self.builder().op(op.op(), &[init, element]));
        };
        let kind = LoopKind::Reduce(SmallVec::from_slice(&[op]));
        let results = self.counted(kind, *size, &[init], &mut |elements, i, _| {
            index.push(i);
            let value = if inner.is_empty() {
                body(elements, index)
            } else {
                // Each outer iteration contributes the reduction of its inner ones from the identity.
                let dtype = elements.builder().dtype(init);
                let identity = elements.builder().constant(dtype, identity(op, dtype));
                elements.reduce_nest(op, identity, inner, index, body)
            };
            index.pop();
            Ok(SmallVec::from_slice(&[value?]))
        })?;
        Ok(results[0])
    }
}

/// The value that changes nothing when it is combined.
pub fn identity(op: ReduceOp, dtype: DType) -> jaxrs_data::Scalar {
    use jaxrs_data::{DTypeKind, Scalar};
    match op {
        ReduceOp::Add | ReduceOp::Or | ReduceOp::Xor => Scalar::zero(dtype),
        ReduceOp::Mul => Scalar::one(dtype),
        ReduceOp::And if dtype.is_bool() => Scalar::Bool(true),
        ReduceOp::And => Scalar::Int(-1).cast(dtype),
        ReduceOp::Max | ReduceOp::Min => {
            let largest = op == ReduceOp::Min;
            match dtype.kind() {
                DTypeKind::Bool => Scalar::Bool(largest),
                DTypeKind::Signed => {
                    Scalar::Float(if largest { f64::INFINITY } else { f64::NEG_INFINITY })
                        .cast(dtype)
                }
                DTypeKind::Unsigned => {
                    Scalar::Uint(if largest { u64::MAX } else { 0 }).rounded(dtype)
                }
                DTypeKind::Float | DTypeKind::Complex => extreme(dtype, largest),
                DTypeKind::Key => Scalar::zero(dtype),
            }
        }
    }
}

/// What a reduction of elements of a type starts from: as [`identity`], of a type that there is arithmetic
/// in, but no more than the elements' type holds.
pub fn reduction_start(op: ReduceOp, dtype: DType) -> jaxrs_data::Scalar {
    match op {
        ReduceOp::Max | ReduceOp::Min => identity(op, dtype),
        _ => identity(op, dtype.compute()),
    }
}

/// The end of a float type's range: an infinity, or the last number where there is none.
fn extreme(dtype: DType, largest: bool) -> jaxrs_data::Scalar {
    use jaxrs_data::narrow::{self, Format, Specials};
    let value = match Format::of(dtype) {
        Some(format) if format.specials == Specials::PowerOfTwo && !largest => 2f64.powi(-127),
        Some(format) if format.specials != Specials::Ieee => {
            let largest_value = narrow::decode(format.largest() as u8, dtype);
            if largest { largest_value } else { -largest_value }
        }
        _ if largest => f64::INFINITY,
        _ => f64::NEG_INFINITY,
    };
    jaxrs_data::Scalar::Float(value).cast(dtype)
}

/// Emits the steps of one operation over whole buffers.
pub trait Steps {
    /// The number of operands.
    fn n_inputs(&self) -> usize;

    /// The type of an operand.
    fn input_type(&self, operand: usize) -> &Type;

    /// The number of results.
    fn n_outputs(&self) -> usize;

    /// The type of a result.
    fn output_type(&self, output: usize) -> &Type;

    /// A buffer that holds an operand, dense and row-major. Asking stores the operand, where it was
    /// not; a kernel's [`Elements::operand`] does not.
    fn input(&mut self, operand: usize) -> Result<BufferId>;

    /// The buffer that a result goes to, dense and row-major.
    fn output(&mut self, output: usize) -> BufferId;

    /// A buffer for intermediate values.
    fn scratch(&mut self, dtype: DType, len: usize) -> BufferId;

    /// Appends a step.
    fn push(&mut self, step: Step);

    /// Appends a kernel. Its body gets the point's coordinates, reads operands (fused) through
    /// [`Elements::operand`] and stores through the builder.
    fn kernel(
        &mut self,
        name: &str,
        domain: &[usize],
        lanes: Lanes,
        body: PointBody<'_>,
    ) -> Result<()>;

    /// Runs steps a fixed number of times. What they read is stored before, as [`Steps::input`] does.
    fn repeat(&mut self, trips: usize, body: StepsBody<'_>) -> Result<()>;
}
