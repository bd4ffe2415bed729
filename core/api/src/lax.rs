//! Operations close to the primitives: no promotion, no broadcasting but of scalars.

mod along;
mod convolution;
mod dynamic;
mod fft;
pub mod linalg;
mod padding;
mod ragged;
mod sorting;
mod special;
mod split;
mod window;

use jaxrs_data::{Axes, DType, Literal, Result, Shape, SmallVec, bail, normalize_axis};
use jaxrs_ir::prims::{
    ArgReduce, Binary, BitcastConvertType, BroadcastInDim, Clamp, Concatenate, ConvertElementType,
    Cumulative, DotGeneral, Gather, IntegerPow, Pad, Reduce, ReducePrecision, Rev, Scatter,
    SelectN, Slice, Unary,
};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_transform::Scope;

pub use along::*;
pub use convolution::*;
pub use dynamic::*;
pub use fft::fft;
pub use padding::*;
pub use ragged::*;
pub use sorting::{approx_max_k, approx_min_k, sort, top_k};
pub use special::*;
pub use split::*;
pub use window::*;

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value) -> Result<Value> {
            ops::unary(cx, Unary::$op, x)
        })*
    };
}

unary! {
    /// −x.
    neg => Neg,
    /// |x|.
    abs => Abs,
    /// −1, ±0 or 1 by the sign; NaN stays.
    sign => Sign,
    /// Rounds towards −∞.
    floor => Floor,
    /// Rounds towards +∞.
    ceil => Ceil,
    /// Rounds to the nearest integer, halves away from zero.
    round => Round,
    /// Rounds to the nearest integer, halves to even.
    round_ties_even => RoundTiesEven,
    /// √x.
    sqrt => Sqrt,
    /// 1/√x.
    rsqrt => Rsqrt,
    /// ∛x.
    cbrt => Cbrt,
    /// eˣ.
    exp => Exp,
    /// 2ˣ.
    exp2 => Exp2,
    /// eˣ − 1, exact near 0.
    expm1 => Expm1,
    /// The natural logarithm.
    log => Log,
    /// ln(1 + x), exact near 0.
    log1p => Log1p,
    /// 1/(1 + e⁻ˣ).
    logistic => Logistic,
    /// Sine.
    sin => Sin,
    /// Cosine.
    cos => Cos,
    /// Tangent.
    tan => Tan,
    /// Arc sine.
    asin => Asin,
    /// Arc cosine.
    acos => Acos,
    /// Arc tangent.
    atan => Atan,
    /// Hyperbolic sine.
    sinh => Sinh,
    /// Hyperbolic cosine.
    cosh => Cosh,
    /// Hyperbolic tangent.
    tanh => Tanh,
    /// Inverse hyperbolic sine.
    asinh => Asinh,
    /// Inverse hyperbolic cosine.
    acosh => Acosh,
    /// Inverse hyperbolic tangent.
    atanh => Atanh,
    /// The error function.
    erf => Erf,
    /// 1 − erf x.
    erfc => Erfc,
    /// The inverse of the error function.
    erf_inv => ErfInv,
    /// ln |Γ(x)|.
    lgamma => Lgamma,
    /// Γ′(x)/Γ(x).
    digamma => Digamma,
    /// Bitwise complement of an integer or negation of a truth value.
    not => Not,
    /// The number of set bits of an integer.
    population_count => PopulationCount,
    /// x².
    square => Square,
    /// The number of leading zero bits of an integer.
    clz => Clz,
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
            ops::binary(cx, Binary::$op, x, y)
        })*
    };
}

binary! {
    /// `x + y`.
    add => Add,
    /// `x - y`.
    sub => Sub,
    /// `x * y`.
    mul => Mul,
    /// `x / y`; integers truncate.
    div => Div,
    /// The remainder with the dividend's sign.
    rem => Rem,
    /// `x` to the power `y`.
    pow => Pow,
    /// The angle of the point `(y, x)`.
    atan2 => Atan2,
    /// The larger; NaN if either is.
    max => Max,
    /// The smaller; NaN if either is.
    min => Min,
    /// The next float after `x` towards `y`.
    nextafter => Nextafter,
    /// The high half of the product of integers.
    mulhi => Mulhi,
    /// Bitwise and.
    bitwise_and => And,
    /// Bitwise or.
    bitwise_or => Or,
    /// Bitwise exclusive or.
    bitwise_xor => Xor,
    /// `x` shifted left by `y` bits.
    shift_left => ShiftLeft,
    /// `x` shifted right by `y` bits, zeros in.
    shift_right_logical => ShiftRightLogical,
    /// `x` shifted right by `y` bits, the sign in.
    shift_right_arithmetic => ShiftRightArithmetic,
}

macro_rules! compare {
    ($($(#[$doc:meta])* $name:ident => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
            ops::compare(cx, Compare::$op, x, y)
        })*
    };
}

compare! {
    /// `x == y`.
    eq => Eq,
    /// `x != y`.
    ne => Ne,
    /// `x < y`.
    lt => Lt,
    /// `x <= y`.
    le => Le,
    /// `x > y`.
    gt => Gt,
    /// `x >= y`.
    ge => Ge,
}

/// The complex number with these parts, of `f32` or `f64`.
pub fn complex(cx: &Scope, re: &Value, im: &Value) -> Result<Value> {
    ops::complex(cx, re, im)
}

/// The real part of a complex number.
pub fn real(cx: &Scope, x: &Value) -> Result<Value> {
    ops::real(cx, x)
}

/// The imaginary part of a complex number.
pub fn imag(cx: &Scope, x: &Value) -> Result<Value> {
    ops::imag(cx, x)
}

/// The conjugate; real numbers, of `f32` or `f64`, become complex.
pub fn conj(cx: &Scope, x: &Value) -> Result<Value> {
    ops::conj(cx, x)
}

/// Whether elements are neither NaN nor infinite.
pub fn is_finite(cx: &Scope, x: &Value) -> Result<Value> {
    ops::unary(cx, Unary::IsFinite, x)
}

/// `x` to a fixed whole power.
pub fn integer_pow(cx: &Scope, x: &Value, y: i64) -> Result<Value> {
    let Ok(y) = i32::try_from(y) else {
        bail!(InvalidArgument, "integer_pow needs an exponent of 32 bits, got {y}");
    };
    ops::bind1(cx, IntegerPow { y }, std::slice::from_ref(x))
}

/// The nearest float with so many bits of exponent and mantissa, as a value of the operand's type.
pub fn reduce_precision(
    cx: &Scope,
    x: &Value,
    exponent_bits: i64,
    mantissa_bits: i64,
) -> Result<Value> {
    let width = |what: &str, bits: i64, least: i64| match u32::try_from(bits) {
        Ok(width) if bits >= least => Ok(width),
        _ => {
            bail!(InvalidArgument, "reduce_precision needs {what} of at least {least}, got {bits}")
        }
    };
    let prim = ReducePrecision {
        exponent_bits: width("exponent_bits", exponent_bits, 1)?,
        mantissa_bits: width("mantissa_bits", mantissa_bits, 0)?,
    };
    ops::bind1(cx, prim, std::slice::from_ref(x))
}

/// The value, as if it depended on nothing that is being differentiated.
pub fn stop_gradient(cx: &Scope, x: &Value) -> Result<Value> {
    jaxrs_transform::stop_gradient(cx, x)
}

/// A constant of the program.
pub fn constant(cx: &Scope, literal: Literal) -> Result<Value> {
    let _ = cx;
    Ok(Value::literal(literal))
}

/// The case that `which` names, element by element.
pub fn select_n(cx: &Scope, which: &Value, cases: &[Value]) -> Result<Value> {
    let operands: SmallVec<[Value; 4]> =
        std::iter::once(which.clone()).chain(cases.iter().cloned()).collect();
    ops::bind1(cx, SelectN, &operands)
}

/// `min(max(x, low), high)`.
pub fn clamp(cx: &Scope, low: &Value, x: &Value, high: &Value) -> Result<Value> {
    ops::bind1(cx, Clamp, &[low.clone(), x.clone(), high.clone()])
}

/// Conversion by value.
pub fn convert_element_type(cx: &Scope, x: &Value, new_dtype: DType) -> Result<Value> {
    if x.ty().dtype == new_dtype && !x.ty().weak {
        return Ok(x.clone());
    }
    let prim = ConvertElementType { new_dtype, weak_type: false };
    ops::bind1(cx, prim, std::slice::from_ref(x))
}

/// The same bits under another element type.
pub fn bitcast_convert_type(cx: &Scope, x: &Value, new_dtype: DType) -> Result<Value> {
    ops::bind1(cx, BitcastConvertType { new_dtype }, std::slice::from_ref(x))
}

/// A reduction over some axes; an empty list reduces nothing.
pub fn reduce(cx: &Scope, op: ReduceOp, x: &Value, axes: &[i64]) -> Result<Value> {
    let axes = Axes::new("reduce", axes, x.ty().rank())?;
    ops::bind1(cx, Reduce { op, axes }, std::slice::from_ref(x))
}

/// The position of the largest (or smallest) element along an axis.
pub fn argreduce(
    cx: &Scope,
    is_max: bool,
    x: &Value,
    axis: i64,
    index_dtype: DType,
) -> Result<Value> {
    let axis = normalize_axis(if is_max { "argmax" } else { "argmin" }, axis, x.ty().rank())?;
    ops::bind1(cx, ArgReduce { is_max, axis, index_dtype }, std::slice::from_ref(x))
}

/// A running reduction along an axis.
pub fn cumulative(cx: &Scope, op: ReduceOp, x: &Value, axis: i64, reverse: bool) -> Result<Value> {
    let axis = normalize_axis("cumulative", axis, x.ty().rank())?;
    ops::bind1(cx, Cumulative { op, axis, reverse }, std::slice::from_ref(x))
}

/// Operand axis `i` becomes axis `broadcast_dimensions[i]` of the result.
pub fn broadcast_in_dim(
    cx: &Scope,
    x: &Value,
    shape: &Shape,
    broadcast_dimensions: &[i64],
) -> Result<Value> {
    let dims = axes_in_order("broadcast_in_dim", broadcast_dimensions, shape.rank())?;
    let prim = BroadcastInDim { shape: shape.clone(), broadcast_dimensions: dims };
    ops::bind1(cx, prim, std::slice::from_ref(x))
}

/// Axes in the caller's order, each checked.
pub(crate) fn axes_in_order(name: &str, axes: &[i64], rank: usize) -> Result<SmallVec<[usize; 4]>> {
    axes.iter().map(|&axis| normalize_axis(name, axis, rank)).collect()
}

/// Sizes or positions that must not be negative.
pub(crate) fn sizes(name: &str, what: &str, values: &[i64]) -> Result<SmallVec<[usize; 4]>> {
    let read = |&value: &i64| match usize::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => bail!(InvalidArgument, "{name} needs {what} of at least 0, got {values:?}"),
    };
    values.iter().map(read).collect()
}

/// Reverses the order along some axes.
pub fn rev(cx: &Scope, x: &Value, dimensions: &[i64]) -> Result<Value> {
    let dimensions = Axes::new("rev", dimensions, x.ty().rank())?;
    ops::bind1(cx, Rev { dimensions }, std::slice::from_ref(x))
}

/// Every `strides[i]`-th element from `start_indices[i]` up to, not including, `limit_indices[i]`.
pub fn slice(
    cx: &Scope,
    x: &Value,
    start_indices: &[i64],
    limit_indices: &[i64],
    strides: &[i64],
) -> Result<Value> {
    let strides = match strides {
        [] => SmallVec::from_elem(1, x.ty().rank()),
        _ => sizes("slice", "strides", strides)?,
    };
    let prim = Slice {
        start_indices: sizes("slice", "start_indices", start_indices)?,
        limit_indices: sizes("slice", "limit_indices", limit_indices)?,
        strides,
    };
    ops::bind1(cx, prim, std::slice::from_ref(x))
}

/// Elements put before, after and between; negative numbers cut off.
pub fn pad(
    cx: &Scope,
    x: &Value,
    value: &Value,
    low: &[i64],
    high: &[i64],
    interior: &[i64],
) -> Result<Value> {
    let rank = x.ty().rank();
    if [low.len(), high.len(), interior.len()] != [rank; 3] {
        bail!(
            InvalidArgument,
            "pad needs low, high and interior for each of the {rank} axes of {}, got {low:?}, {high:?} and {interior:?}",
            x.ty()
        );
    }
    let padding_config = (0..rank).map(|i| (low[i], high[i], interior[i])).collect();
    ops::bind1(cx, Pad { padding_config }, &[x.clone(), value.clone()])
}

/// Operands joined along an axis.
pub fn concatenate(cx: &Scope, operands: &[Value], dimension: i64) -> Result<Value> {
    let Some(first) = operands.first() else {
        bail!(InvalidArgument, "concatenate needs at least one array, got none");
    };
    let dimension = normalize_axis("concatenate", dimension, first.ty().rank())?;
    ops::bind1(cx, Concatenate { dimension }, operands)
}

/// A general dot product.
pub fn dot_general(cx: &Scope, x: &Value, y: &Value, dot: DotGeneral) -> Result<Value> {
    ops::dot_general(cx, dot, x, y)
}

/// Windows at many positions.
pub fn gather(cx: &Scope, x: &Value, indices: &Value, gather: Gather) -> Result<Value> {
    ops::bind1(cx, gather, &[x.clone(), indices.clone()])
}

/// Windows of `updates` combined into `x` at many positions.
pub fn scatter(
    cx: &Scope,
    x: &Value,
    indices: &Value,
    updates: &Value,
    scatter: Scatter,
) -> Result<Value> {
    ops::bind1(cx, scatter, &[x.clone(), indices.clone(), updates.clone()])
}
