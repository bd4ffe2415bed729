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

use jaxrs_data::{Error, ErrorKind, Result};

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
mod primitive;
mod random;
mod reduce;
mod reduce_precision;
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
pub use compare::{Compare, CompareTotal};
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
pub use primitive::{Primitive, RunProgram};
pub use random::{
    Cipher, Iota2x32Shape, RandomAlgorithm, RandomBits, RandomClone, RandomFoldIn, RandomGamma,
    RandomSeed, RandomSplit, RandomUnwrap, RandomWrap, RngBitGenerator, RngUniform,
};
pub use reduce::Reduce;
pub use reduce_precision::ReducePrecision;
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
    CompareTotal,
    Complex,
    ComplexPart,
    Conj,
    SelectN,
    Clamp,
    ConvertElementType,
    BitcastConvertType,
    IntegerPow,
    ReducePrecision,
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
    RngUniform,
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
