//! All primitives, with all their rules.
//!
//! A primitive is one variant of [`Prim`]: a family, whose parameters are its fields. What is true of it
//! stands in its family's file as one implementation of [`Primitive`]; a rule that is missing does not
//! compile.
//!
//! How to add one:
//! 1. an elementwise function of one or two operands is a row in `unary/table.rs` or `binary/table.rs`: go to 4;
//! 2. otherwise a struct with its parameters and `impl Primitive`, in the file of its family;
//! 3. the family's name in the `primitives!` list below;
//! 4. a row in the operation table of the `api` crate;
//! 5. `cargo xtask codegen`. The laws find the samples themselves.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, SmallVec, Type};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering, Steps};
use crate::{
    Batched, Cx, Effect, Jaxpr, Jvp, MappedAxis, Operand, Outputs, Params, Tangent, Value,
};

mod annotate;
mod argreduce;
mod binary;
mod broadcast;
mod callback;
mod check;
mod clamp;
mod collective;
mod compare;
mod complex;
mod concatenate;
mod control;
mod convert;
mod convolution;
mod cumulative;
mod dot;
mod dynamic_slice;
mod empty;
mod fft;
mod gather;
mod integer_pow;
mod iota;
pub mod linalg;
mod pad;
mod permute;
mod random;
mod reduce;
mod reduce_window;
mod refusal;
mod reshape;
#[cfg(any(test, feature = "testing"))]
pub mod sample;
mod scatter;
mod select;
mod slice;
mod sort;
mod sparse;
mod special;
mod split;
mod stack;
mod top_k;
mod unary;
mod variadic;

pub use annotate::{Annotate, Remark};
pub use argreduce::ArgReduce;
pub use binary::Binary;
pub use broadcast::BroadcastInDim;
pub use callback::{
    Callback, CallbackKind, DebugPrint, Host, HostFunction, HostInput, HostOutput, LogSink, Sink,
    VmapMethod,
};
pub use check::Check;
pub use clamp::Clamp;
pub use collective::{AllReduce, AxisExchange, AxisIndex, AxisNames, Exchange, Pvary, uses_axis};
pub use compare::Compare;
pub use complex::{Complex, ComplexPart, Conj};
pub use concatenate::Concatenate;
pub use control::*;
pub use convert::{BitcastConvertType, ConvertElementType};
pub use convolution::{ConvDimensionNumbers, ConvGeneralDilated};
pub use cumulative::{CumLogSumExp, Cumulative};
pub use dot::DotGeneral;
pub use dynamic_slice::{DynamicSlice, DynamicUpdateSlice};
pub use empty::Empty;
pub use fft::{Fft, FftType};
pub use gather::{Gather, IndexMode};
pub use integer_pow::IntegerPow;
pub use iota::Iota;
pub use linalg::{
    Cholesky, Eig, Eigh, Geqp3, Geqrf, Hessenberg, HouseholderProduct, Lu, LuPivotsToPermutation,
    Ormqr, Qr, Schur, Svd, TriangularSolve, Tridiagonal, TridiagonalSolve,
};
pub use pad::Pad;
pub use permute::{Rev, Transpose};
pub use random::{
    Cipher, Iota2x32Shape, RandomAlgorithm, RandomBits, RandomClone, RandomFoldIn, RandomGamma,
    RandomSeed, RandomSplit, RandomUnwrap, RandomWrap, RngBitGenerator,
};
pub use reduce::Reduce;
pub use reduce_window::{ReduceWindow, SelectAndGatherAdd, SelectAndScatterAdd};
pub use refusal::{not_differentiable, not_linear};
pub use reshape::{Reshape, Squeeze};
#[cfg(any(test, feature = "testing"))]
pub use sample::Sample;
pub use scatter::{Scatter, ScatterKind};
pub use select::SelectN;
pub use slice::Slice;
pub use sort::Sort;
pub use sparse::*;
pub use special::Special;
pub use split::{Split, Unstack};
pub use stack::{Stack, Tile};
pub use top_k::TopK;
pub use unary::Unary;
pub use variadic::{SelectAndScatter, VariadicReduce, VariadicReduceWindow};

/// The rules of a primitive: what it means to each part of the system.
pub trait Primitive: fmt::Debug {
    /// The name in printed programs; JAX's, where JAX has the operation.
    fn name(&self) -> &'static str;

    /// The parameters, for printing.
    fn params(&self) -> Params {
        Params::new()
    }

    /// Reads the primitive back from its printed name and parameters; `None` if the name belongs to
    /// another family.
    fn parse(name: &str, params: &[(String, crate::Param)]) -> Option<Result<Self>>
    where
        Self: Sized;

    /// The types of the results. This is where operands are checked: everything after relies on it.
    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>>;

    /// The results, plainly computed: the definition that all else is tested against.
    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>>;

    /// The same, where the caller runs the programs of loops and branches.
    fn evaluate_with(
        &self,
        inputs: &[Literal],
        _run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        self.evaluate(inputs)
    }

    /// Results and their tangents, from operands and theirs. At least one tangent is not zero.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp>;

    /// As `jvp`, with operations on tangents kept apart: what `linear` records is a linear program,
    /// into which values of `primal` enter as residuals. `None` means that the jvp rule will do, each
    /// of its operations going where its operands come from. Primitives that hold programs have one.
    fn linearize(
        &self,
        _primal: Cx<'_>,
        _linear: Cx<'_>,
        _primals: &[Value],
        _tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        Ok(None)
    }

    /// The results, where some operands belong to a linear program, and which of them depend on one: they
    /// are from `linear`, the others from `primal`. `None` means that all depend on one. Primitives that
    /// hold programs have such a rule; a call is replaced by what it calls.
    fn split(
        &self,
        _primal: Cx<'_>,
        _linear: Cx<'_>,
        _inputs: &[Value],
        _is_linear: &[bool],
    ) -> Result<Option<(Outputs, Vec<bool>)>> {
        Ok(None)
    }

    /// Cotangents of the linear operands, from those of the results. Known operands get a zero. At
    /// least one operand is linear and one cotangent not zero. Most primitives are linear in nothing.
    fn transpose(
        &self,
        _cx: Cx<'_>,
        _inputs: &[Operand],
        _cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        Err(not_linear(self))
    }

    /// Results for `size` examples at once, which lie along the given axis of each operand that has one.
    /// At least one has.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched>;

    /// The axes of examples that it speaks of by name; only collectives have some.
    fn axis_names(&self) -> &[Arc<str>] {
        &[]
    }

    /// As `batch`, where the axis of the examples is one of `axis_names`. There may be no operand that has
    /// it.
    fn batch_collective(
        &self,
        _cx: Cx<'_>,
        _axis: &MappedAxis,
        _inputs: &[Value],
        _axes: &[Option<usize>],
    ) -> Result<Batched> {
        Err(Error::internal(format_args!("{} is no collective", self.name())))
    }

    /// How it becomes a kernel program.
    fn lowering(&self, inputs: &[Type]) -> Lowering;

    /// One element of a result; for [`Lowering::Elements`] and [`Lowering::Reduction`].
    fn element(
        &self,
        _cx: &mut dyn Elements,
        _output: usize,
        _index: &[ValueId],
    ) -> Result<ValueId> {
        Err(Error::internal(format_args!("{} has no element rule", self.name())))
    }

    /// The steps that compute the results; for [`Lowering::Steps`] and [`Lowering::Update`].
    fn steps(&self, _cx: &mut dyn Steps) -> Result<()> {
        Err(Error::internal(format_args!("{} has no rule for steps", self.name())))
    }

    /// The results, by other primitives; for [`Lowering::Composed`]. It transforms no programs and uses no
    /// values but the operands and scalar constants.
    fn compose(&self, _cx: Cx<'_>, _inputs: &[Value]) -> Result<Outputs> {
        Err(Error::internal(format_args!("{} is not composed", self.name())))
    }

    /// The programs that it holds and runs.
    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        SmallVec::new()
    }

    /// What it does beside computing its results: what the programs do that it runs, unless it has an
    /// effect of its own.
    fn effect(&self) -> Effect {
        let effects = self.programs().into_iter().map(|jaxpr| jaxpr.effect());
        effects.max().unwrap_or_default()
    }

    /// Roughly what computing one element costs, in additions, operands not counted.
    fn cost(&self) -> u32 {
        1
    }

    /// Whether examples that lie together give other results than each alone: those of generators that
    /// draw for all examples from one stream.
    fn mixes_examples(&self, _inputs: &[Type]) -> bool {
        false
    }

    /// Applications to try every rule on: for each member of the family, every element type that it
    /// takes, with empty shapes, size-1 axes, NaN, infinities, ±0 and ties among the values.
    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<Sample>
    where
        Self: Sized;
}

/// What computes the results of a program.
pub type RunProgram<'a> = &'a mut dyn FnMut(&Jaxpr, &[Literal]) -> Result<Vec<Literal>>;

macro_rules! primitives {
    ($($family:ident,)*) => {
        /// Every operation that a program may contain, one variant a family.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Prim {
            $(#[doc = concat!("See [`", stringify!($family), "`].")] $family($family),)*
        }

        impl Prim {
            /// The rules.
            pub fn rules(&self) -> &(dyn Primitive + 'static) {
                match self { $(Prim::$family(p) => p,)* }
            }

            /// Reads a primitive from its printed name and parameters.
            pub fn from_params(name: &str, params: &[(String, crate::Param)]) -> Result<Prim> {
                $(if let Some(prim) = <$family as Primitive>::parse(name, params) {
                    return prim.map(Prim::$family);
                })*
                Err(Error::new(ErrorKind::InvalidArgument, format_args!("there is no primitive {name}")))
            }

            /// Samples of all families.
            #[cfg(any(test, feature = "testing"))]
            pub fn samples() -> Vec<Sample> {
                let mut samples = Vec::new();
                $(samples.extend(<$family as Primitive>::samples());)*
                samples
            }
        }

        $(impl From<$family> for Prim {
            fn from(family: $family) -> Prim {
                Prim::$family(family)
            }
        })*
    };
}

primitives! {
    Unary,
    Binary,
    Special,
    Compare,
    Complex,
    ComplexPart,
    Conj,
    SelectN,
    Clamp,
    ConvertElementType,
    BitcastConvertType,
    IntegerPow,
    Reduce,
    VariadicReduce,
    VariadicReduceWindow,
    ReduceWindow,
    SelectAndScatter,
    SelectAndGatherAdd,
    SelectAndScatterAdd,
    ArgReduce,
    Cumulative,
    CumLogSumExp,
    BroadcastInDim,
    Reshape,
    Squeeze,
    Transpose,
    Rev,
    Iota,
    Slice,
    DynamicSlice,
    DynamicUpdateSlice,
    Pad,
    Concatenate,
    Split,
    Stack,
    Unstack,
    Tile,
    Annotate,
    Empty,
    Gather,
    Scatter,
    DotGeneral,
    ConvGeneralDilated,
    Sort,
    Fft,
    // Linear algebra.
    Cholesky, Lu, LuPivotsToPermutation, TriangularSolve, TridiagonalSolve, Qr, Geqrf, Geqp3,
    HouseholderProduct, Ormqr, Eigh, Eig, Svd, Schur, Hessenberg, Tridiagonal,
    TopK,
    Cipher,
    Iota2x32Shape,
    RandomSeed,
    RandomSplit,
    RandomFoldIn,
    RandomBits,
    RandomWrap,
    RandomUnwrap,
    RandomClone,
    RngBitGenerator,
    RandomGamma,
    Call,
    Composite,
    Checkpoint,
    Cond,
    While,
    Scan,
    CustomJvp,
    CustomVjp,
    CustomLinear,
    LinearCall,
    CustomLinearSolve,
    StopGradient,
    AllReduce,
    AxisExchange,
    AxisIndex,
    Pvary,
    CustomVmap,
    Callback,
    DebugPrint,
    Check,
    SparseToDense,
    SparseFromDense,
    SparseExtract,
    SparseDotGeneral,
    SparseMatmul,
    BcooTranspose,
    BcooSortIndices,
    BcooSumDuplicates,
    BcooDotGeneralSampled,
    BcooSpdotGeneral,
    Spsolve,
}

impl std::ops::Deref for Prim {
    type Target = dyn Primitive;
    fn deref(&self) -> &(dyn Primitive + 'static) {
        self.rules()
    }
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
