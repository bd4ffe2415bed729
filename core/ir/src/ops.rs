//! What rules are written with: one function an operation, on operands that fit already.

use jaxrs_data::{Axes, DType, Literal, Result, Scalar, Shape, SmallVec, Type};
use jaxrs_kernel::{Compare as Cmp, ReduceOp};

use crate::prims::{
    Binary, BroadcastInDim, Compare, Complex, ComplexPart, Concatenate, Conj, ConvertElementType,
    DotGeneral, IntegerPow, Iota, Pad, Reduce, Reshape, Rev, SelectN, Slice, Squeeze, Transpose,
    Unary,
};
use crate::{Cx, Prim, Value};

/// Applies a primitive with one result.
pub fn bind1(cx: Cx<'_>, prim: impl Into<Prim>, inputs: &[Value]) -> Result<Value> {
    Ok(cx.bind(&prim.into(), inputs)?.swap_remove(0))
}

/// A scalar constant.
pub fn scalar(dtype: DType, value: f64) -> Value {
    Value::literal(Literal::scalar(dtype, Scalar::Float(value)))
}

/// An array that repeats one value; a scalar is written in place.
pub fn full(cx: Cx<'_>, ty: &Type, value: Scalar) -> Result<Value> {
    let literal = Literal::full(ty.with_shape(Shape::scalar()), value);
    broadcast_in_dim(cx, &Value::literal(literal), &ty.shape, [])
}

/// Elementwise function of one operand.
pub fn unary(cx: Cx<'_>, op: Unary, x: &Value) -> Result<Value> {
    bind1(cx, op, std::slice::from_ref(x))
}

/// Elementwise function of two operands; one may be a scalar.
pub fn binary(cx: Cx<'_>, op: Binary, x: &Value, y: &Value) -> Result<Value> {
    bind1(cx, op, &[x.clone(), y.clone()])
}

/// `-x`.
pub fn neg(cx: Cx<'_>, x: &Value) -> Result<Value> {
    unary(cx, Unary::Neg, x)
}

/// `x + y`.
pub fn add(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Add, x, y)
}

/// The sum of two cotangents.
pub fn add_any(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::AddAny, x, y)
}

/// `x - y`.
pub fn sub(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Sub, x, y)
}

/// `x * y`.
pub fn mul(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Mul, x, y)
}

/// `x / y`.
pub fn div(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Div, x, y)
}

/// A scalar constant of the element type of `x`, and as weak.
pub fn scalar_like(x: &Value, value: f64) -> Value {
    let ty = x.ty().with_shape(Shape::scalar());
    Value::literal(Literal::full(ty, Scalar::Float(value)))
}

/// `x * factor`, by a constant of the same element type.
pub fn scale(cx: Cx<'_>, x: &Value, factor: f64) -> Result<Value> {
    mul(cx, x, &scalar_like(x, factor))
}

/// `x + offset`, with a constant of the same element type.
pub fn offset(cx: Cx<'_>, x: &Value, offset: f64) -> Result<Value> {
    add(cx, x, &scalar_like(x, offset))
}

/// `x` to a whole power.
pub fn integer_pow(cx: Cx<'_>, x: &Value, y: i32) -> Result<Value> {
    bind1(cx, IntegerPow { y }, std::slice::from_ref(x))
}

/// A comparison.
pub fn compare(cx: Cx<'_>, op: Cmp, x: &Value, y: &Value) -> Result<Value> {
    bind1(cx, Compare(op), &[x.clone(), y.clone()])
}

/// `if_true` where the condition holds, else `if_false`.
pub fn select(cx: Cx<'_>, condition: &Value, if_true: &Value, if_false: &Value) -> Result<Value> {
    bind1(cx, SelectN, &[condition.clone(), if_false.clone(), if_true.clone()])
}

/// The operand, with 1 in the place of 0.
pub fn nonzero(cx: Cx<'_>, x: &Value) -> Result<Value> {
    let is_zero = compare(cx, Cmp::Eq, x, &scalar_like(x, 0.0))?;
    select(cx, &is_zero, &scalar_like(x, 1.0), x)
}

/// The complex number with these parts.
pub fn complex(cx: Cx<'_>, re: &Value, im: &Value) -> Result<Value> {
    bind1(cx, Complex, &[re.clone(), im.clone()])
}

/// The real part of a complex number.
pub fn real(cx: Cx<'_>, z: &Value) -> Result<Value> {
    bind1(cx, ComplexPart::Real, std::slice::from_ref(z))
}

/// The imaginary part of a complex number.
pub fn imag(cx: Cx<'_>, z: &Value) -> Result<Value> {
    bind1(cx, ComplexPart::Imag, std::slice::from_ref(z))
}

/// The conjugate; a real number becomes complex.
pub fn conj(cx: Cx<'_>, z: &Value) -> Result<Value> {
    bind1(cx, Conj { input_dtype: z.ty().dtype }, std::slice::from_ref(z))
}

/// A conversion by value; none where the element type is the same.
pub fn convert(cx: Cx<'_>, x: &Value, new_dtype: DType) -> Result<Value> {
    if x.ty().dtype == new_dtype && !x.ty().weak {
        return Ok(x.clone());
    }
    bind1(cx, ConvertElementType { new_dtype, weak_type: false }, std::slice::from_ref(x))
}

/// Operand axis `i` becomes axis `dims[i]` of the result.
pub fn broadcast_in_dim(
    cx: Cx<'_>,
    x: &Value,
    shape: &Shape,
    dims: impl IntoIterator<Item = usize>,
) -> Result<Value> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let broadcast_dimensions = dims.into_iter().collect();
    bind1(
        cx,
        BroadcastInDim { shape: shape.clone(), broadcast_dimensions },
        std::slice::from_ref(x),
    )
}

/// The same elements under another shape.
pub fn reshape(cx: Cx<'_>, x: &Value, shape: &Shape) -> Result<Value> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    bind1(cx, Reshape { new_sizes: shape.clone() }, std::slice::from_ref(x))
}

/// Drops axes of size 1.
pub fn squeeze(cx: Cx<'_>, x: &Value, axes: impl IntoIterator<Item = usize>) -> Result<Value> {
    let dimensions = Axes::from_distinct(axes);
    if dimensions.is_empty() {
        return Ok(x.clone());
    }
    bind1(cx, Squeeze { dimensions }, std::slice::from_ref(x))
}

/// `x` with a new axis of size 1.
pub fn expand_dim(cx: Cx<'_>, x: &Value, axis: usize) -> Result<Value> {
    let dims = (0..x.ty().rank()).map(|i| i + usize::from(i >= axis));
    broadcast_in_dim(cx, x, &x.shape().with(axis, 1), dims)
}

/// Axis `i` of the result is axis `permutation[i]` of the operand.
pub fn transpose(cx: Cx<'_>, x: &Value, permutation: &[usize]) -> Result<Value> {
    if permutation.iter().enumerate().all(|(i, &axis)| i == axis) {
        return Ok(x.clone());
    }
    bind1(cx, Transpose { permutation: permutation.into() }, std::slice::from_ref(x))
}

/// `x` with one axis moved; the others keep their order.
pub fn move_axis(cx: Cx<'_>, x: &Value, from: usize, to: usize) -> Result<Value> {
    let mut permutation: SmallVec<[usize; 4]> =
        (0..x.ty().rank()).filter(|&axis| axis != from).collect();
    permutation.insert(to, from);
    transpose(cx, x, &permutation)
}

/// Reverses the order along some axes.
pub fn rev(cx: Cx<'_>, x: &Value, axes: impl IntoIterator<Item = usize>) -> Result<Value> {
    bind1(cx, Rev { dimensions: Axes::from_distinct(axes) }, std::slice::from_ref(x))
}

/// A reduction over some axes.
pub fn reduce(cx: Cx<'_>, op: ReduceOp, x: &Value, axes: Axes) -> Result<Value> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    bind1(cx, Reduce { op, axes }, std::slice::from_ref(x))
}

/// The sum over some axes.
pub fn reduce_sum(cx: Cx<'_>, x: &Value, axes: impl IntoIterator<Item = usize>) -> Result<Value> {
    reduce(cx, ReduceOp::Add, x, Axes::from_distinct(axes))
}

/// The sum over all axes.
pub fn reduce_sum_all(cx: Cx<'_>, x: &Value) -> Result<Value> {
    reduce(cx, ReduceOp::Add, x, Axes::all(x.ty().rank()))
}

/// Positions along an axis.
pub fn iota(cx: Cx<'_>, dtype: DType, shape: &Shape, dimension: usize) -> Result<Value> {
    bind1(cx, Iota { dtype, shape: shape.clone(), dimension }, &[])
}

/// A static part.
pub fn slice(
    cx: Cx<'_>,
    x: &Value,
    start: &[usize],
    limit: &[usize],
    strides: &[usize],
) -> Result<Value> {
    let slice =
        Slice { start_indices: start.into(), limit_indices: limit.into(), strides: strides.into() };
    bind1(cx, slice, std::slice::from_ref(x))
}

/// The elements from `start` up to `limit` along one axis.
pub fn slice_in_dim(
    cx: Cx<'_>,
    x: &Value,
    axis: usize,
    start: usize,
    limit: usize,
) -> Result<Value> {
    let (mut starts, mut limits) = (vec![0; x.ty().rank()], x.shape().to_vec());
    (starts[axis], limits[axis]) = (start, limit);
    slice(cx, x, &starts, &limits, &vec![1; x.ty().rank()])
}

/// Padding with zeros; for each axis low, high, interior.
pub fn pad_zeros(cx: Cx<'_>, x: &Value, config: &[(i64, i64, i64)]) -> Result<Value> {
    let zero = Value::literal(Literal::scalar(x.ty().dtype, Scalar::zero(x.ty().dtype)));
    bind1(cx, Pad { padding_config: config.into() }, &[x.clone(), zero])
}

/// Operands joined along an axis.
pub fn concatenate(cx: Cx<'_>, operands: &[Value], dimension: usize) -> Result<Value> {
    match operands {
        [only] => Ok(only.clone()),
        _ => bind1(cx, Concatenate { dimension }, operands),
    }
}

/// A general dot product.
pub fn dot_general(cx: Cx<'_>, dot: DotGeneral, lhs: &Value, rhs: &Value) -> Result<Value> {
    bind1(cx, dot, &[lhs.clone(), rhs.clone()])
}
