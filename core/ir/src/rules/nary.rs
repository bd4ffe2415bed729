//! Elementwise operations: operands of one shape, or scalars, which stand for arrays of equal elements.

use jaxrs_data::{DType, Error, Literal, Result, Scalar, Shape, SmallVec, Type, bail};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

use crate::lower::Elements;
use crate::{Batched, Cx, Prim, Tangent, Value, ops};

/// The shape of the result: that of all operands that are not scalars.
pub fn shape(name: &str, inputs: &[Type]) -> Result<Shape> {
    let mut shape = Shape::scalar();
    for ty in inputs {
        if shape.rank() == 0 {
            shape = ty.shape.clone();
        } else if ty.rank() != 0 && ty.shape != shape {
            let operands: Vec<String> = inputs.iter().map(Type::to_string).collect();
            bail!(Shape, "{name} needs operands of one shape, got {}", operands.join(" and "));
        }
    }
    Ok(shape)
}

/// Checks that operands have one element type, and gives it.
pub fn same_dtype(name: &str, inputs: &[Type]) -> Result<DType> {
    let dtype = inputs[0].dtype;
    if inputs.iter().any(|ty| ty.dtype != dtype) {
        let operands: Vec<String> = inputs.iter().map(Type::to_string).collect();
        bail!(Dtype, "{name} needs operands of one element type, got {}", operands.join(" and "));
    }
    Ok(dtype)
}

/// Checks the number of operands.
pub fn arity(name: &str, inputs: &[Type], needed: usize) -> Result<()> {
    if inputs.len() != needed {
        bail!(InvalidArgument, "{name} takes {needed} operands, got {}", inputs.len());
    }
    Ok(())
}

/// Evaluates element by element.
pub fn evaluate(out: &Type, inputs: &[Literal], f: impl Fn(&[Scalar]) -> Scalar) -> Literal {
    Literal::from_fn(out.clone(), |position| {
        let elements: SmallVec<[Scalar; 3]> = inputs
            .iter()
            .map(|lit| lit.get(if lit.ty().rank() == 0 { 0 } else { position }))
            .collect();
        f(&elements)
    })
}

/// An element of operand `k` at the result's index: scalars have but one.
pub fn operand(cx: &mut dyn Elements, k: usize, index: &[ValueId]) -> Result<ValueId> {
    let is_scalar = cx.input_type(k).rank() == 0;
    cx.operand(k, if is_scalar { &[] } else { index })
}

/// The element type that kernels compute in: floats of at most 16 bits and integers of less than 8 have no
/// arithmetic of their own.
pub fn compute_dtype(dtype: DType) -> DType {
    dtype.compute()
}

/// A result of arithmetic at the element type that it is to have. Narrow floats are rounded to `f16` first,
/// as XLA does it.
pub fn rounded(b: &mut BodyBuilder, value: ValueId, dtype: DType) -> ValueId {
    let by_half = dtype.is_narrow_float() && dtype != DType::F8E8M0Fnu;
    let value =
        if by_half && b.dtype(value) == DType::F32 { b.cast(value, DType::F16) } else { value };
    b.cast(value, dtype)
}

/// The same bits of an integer of less than 8 bits with or without sign; other values stay.
pub fn with_sign(b: &mut BodyBuilder, value: ValueId, signed: bool) -> ValueId {
    let to = match (b.dtype(value), signed) {
        (DType::I2, false) => DType::U2,
        (DType::I4, false) => DType::U4,
        (DType::U2, true) => DType::I2,
        (DType::U4, true) => DType::I4,
        _ => return value,
    };
    b.op(ScalarOp::Bitcast(to), &[value])
}

/// The element rule of an operation that is one scalar operation; on complex numbers the builder makes it
/// operations on their parts.
pub fn element(
    cx: &mut dyn Elements,
    name: &str,
    op: ScalarOp,
    index: &[ValueId],
) -> Result<ValueId> {
    element_with(cx, name, op.arity(), index, |b, args| b.op(op, args))
}

/// The element rule of an operation on `n` operands. The function gets elements of types that kernels
/// compute in, and may give one of such a type.
pub fn element_with(
    cx: &mut dyn Elements,
    name: &str,
    n: usize,
    index: &[ValueId],
    f: impl FnOnce(&mut BodyBuilder, &[ValueId]) -> ValueId,
) -> Result<ValueId> {
    if cx.n_inputs() < n {
        return Err(Error::internal(format_args!("{name} has fewer than {n} operands")));
    }
    let mut args: SmallVec<[ValueId; 3]> = SmallVec::new();
    for k in 0..n {
        let arg = operand(cx, k, index)?;
        let compute = compute_dtype(cx.input_type(k).dtype);
        args.push(cx.builder().cast(arg, compute));
    }
    let value = f(cx.builder(), &args);
    let out = cx.output_type(0).dtype;
    Ok(rounded(cx.builder(), value, out))
}

/// The batching rule: operands are aligned, then the operation applies as it is.
pub fn batch(
    prim: &Prim,
    cx: Cx<'_>,
    size: usize,
    inputs: &[Value],
    axes: &[Option<usize>],
) -> Result<Batched> {
    if let Some(axis) = common_axis(inputs, axes) {
        let outputs = cx.bind(prim, inputs)?;
        let axes = outputs.iter().map(|_| Some(axis)).collect();
        return Ok(Batched { outputs, axes });
    }
    let example = |value: &Value, axis: Option<usize>| match axis {
        Some(axis) => value.shape().without(axis),
        None => value.shape().clone(),
    };
    let shapes = inputs.iter().zip(axes).map(|(value, &axis)| example(value, axis));
    let shape = shapes.max_by_key(|shape| shape.rank()).unwrap_or_default();
    let mut aligned: SmallVec<[Value; 3]> = SmallVec::new();
    for (value, &axis) in inputs.iter().zip(axes) {
        aligned.push(align(cx, size, &shape, value, axis)?);
    }
    let outputs = cx.bind(prim, &aligned)?;
    let axes = outputs.iter().map(|_| Some(0)).collect();
    Ok(Batched { outputs, axes })
}

/// The axis that examples lie along in all operands, which then fit as they are; scalars that are the
/// same for all examples fit anything.
fn common_axis(inputs: &[Value], axes: &[Option<usize>]) -> Option<usize> {
    let axis = axes.iter().flatten().next().copied()?;
    let first = inputs.iter().zip(axes).find(|(_, axis)| axis.is_some())?.0;
    let fits = |(value, &other): (&Value, &Option<usize>)| match other {
        None => value.ty().rank() == 0,
        Some(other) => other == axis && value.ty().rank() == first.ty().rank(),
    };
    inputs.iter().zip(axes).all(fits).then_some(axis)
}

/// An operand with its examples along axis 0 of the shape that examples have; a scalar that is the same
/// for all stays one.
fn align(
    cx: Cx<'_>,
    size: usize,
    shape: &Shape,
    value: &Value,
    axis: Option<usize>,
) -> Result<Value> {
    match axis {
        None if value.ty().rank() == 0 => Ok(value.clone()),
        None => ops::broadcast_in_dim(cx, value, &shape.with(0, size), 1..=shape.rank()),
        // One scalar for each example, beside arrays: repeated over the array's axes.
        Some(_) if value.ty().rank() == 1 && shape.rank() > 0 => {
            ops::broadcast_in_dim(cx, value, &shape.with(0, size), [0])
        }
        Some(axis) => ops::move_axis(cx, value, axis, 0),
    }
}

/// The cotangent of an operand: a scalar beside arrays gets the sum over all elements.
pub fn unbroadcast(cx: Cx<'_>, operand: &Type, cotangent: &Value) -> Result<Tangent> {
    if operand.rank() == 0 && cotangent.ty().rank() > 0 {
        ops::reduce_sum_all(cx, cotangent).map(Tangent::Value)
    } else {
        Ok(Tangent::Value(cotangent.clone()))
    }
}
