//! NumPy's treatment of operands: promotion to one element type, broadcasting to one shape.

use jaxrs_data::promote::{self, Defaults};
use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail};
use jaxrs_ir::prims::ConvertElementType;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{RankPromotion, Scope, is_tracer};

/// A scalar constant of the element type of `like`, and as weak.
pub(crate) fn constant_like(like: &Value, value: f64) -> Value {
    ops::scalar_like(like, value)
}

/// A scalar constant.
pub(crate) fn constant(dtype: DType, value: f64) -> Value {
    Value::literal(Literal::scalar(dtype, Scalar::Float(value)))
}

/// Conversion to an element type and weakness; free where nothing changes.
pub(crate) fn convert(cx: &Scope, x: &Value, dtype: DType, weak: bool) -> Result<Value> {
    if x.ty().dtype == dtype && x.ty().weak == weak {
        return Ok(x.clone());
    }
    // A constant is converted here and now, so that programs show the number that is meant.
    if let Some(literal) = x.downcast_ref::<Literal>() {
        let ty = Type { dtype, weak, shape: literal.ty().shape.clone() };
        return Ok(Value::literal(Literal::from_fn(ty, |i| literal.get(i))));
    }
    ops::bind1(
        cx,
        ConvertElementType { new_dtype: dtype, weak_type: weak },
        std::slice::from_ref(x),
    )
}

/// Operands at the element type, and the weakness, that they promote to. A weak array that already has that
/// element type stays as it is where nothing is recorded: primitives give a strong result unless all operands
/// are weak.
pub(crate) fn promoted<const N: usize>(cx: &Scope, operands: [&Value; N]) -> Result<[Value; N]> {
    let (dtype, weak) = promote::promote(operands.iter().map(|x| x.ty()), cx.defaults())?;
    at_dtype(cx, operands, dtype, weak)
}

/// As [`promoted`], at an inexact type: integers and truth values become floats.
pub(crate) fn promoted_inexact<const N: usize>(
    cx: &Scope,
    operands: [&Value; N],
) -> Result<[Value; N]> {
    let (dtype, weak) = promote::promote(operands.iter().map(|x| x.ty()), cx.defaults())?;
    at_dtype(cx, operands, inexact(dtype, weak, cx.defaults()), weak)
}

/// As [`promoted`], where truth values count as integers.
pub(crate) fn promoted_numeric<const N: usize>(
    cx: &Scope,
    operands: [&Value; N],
) -> Result<[Value; N]> {
    let (dtype, weak) = promote::promote(operands.iter().map(|x| x.ty()), cx.defaults())?;
    at_dtype(cx, operands, if dtype.is_bool() { cx.defaults().int() } else { dtype }, weak)
}

fn at_dtype<const N: usize>(
    cx: &Scope,
    operands: [&Value; N],
    dtype: DType,
    weak: bool,
) -> Result<[Value; N]> {
    let mut results = operands.map(Value::clone);
    for x in &mut results {
        if x.ty().dtype != dtype || x.ty().weak != weak && (weak || is_tracer(x)) {
            *x = convert(cx, x, dtype, weak)?;
        }
    }
    Ok(results)
}

/// The float that an integer or truth value becomes where a function is real-valued.
pub(crate) fn inexact(dtype: DType, weak: bool, defaults: Defaults) -> DType {
    match dtype {
        _ if dtype.is_inexact() => dtype,
        _ if weak => defaults.float(),
        DType::I64 | DType::U64 => DType::F64,
        _ => DType::F32,
    }
}

/// The operand at an inexact element type.
pub(crate) fn to_inexact(cx: &Scope, x: &Value) -> Result<Value> {
    let ty = x.ty();
    convert(cx, x, inexact(ty.dtype, ty.weak, cx.defaults()), ty.weak)
}

/// The shape that shapes broadcast to together.
pub(crate) fn broadcast_shape(name: &str, shapes: &[&Shape]) -> Result<Shape> {
    let rank = shapes.iter().map(|shape| shape.rank()).max().unwrap_or(0);
    let mut result: SmallVec<[usize; 4]> = SmallVec::from_elem(1, rank);
    for shape in shapes {
        let offset = rank - shape.rank();
        for (axis, &dim) in shape.iter().enumerate() {
            let size = &mut result[offset + axis];
            if *size == 1 {
                *size = dim;
            } else if dim != 1 && dim != *size {
                let shapes: Vec<String> = shapes.iter().map(|shape| shape.to_string()).collect();
                bail!(
                    Shape,
                    "{name} needs shapes that broadcast together, got {}",
                    shapes.join(" and ")
                );
            }
        }
    }
    Ok(result.into_iter().collect())
}

/// An operand broadcast to a shape by NumPy's rules.
pub(crate) fn broadcast(cx: &Scope, name: &str, x: &Value, shape: &Shape) -> Result<Value> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let offset = shape.rank().checked_sub(x.ty().rank());
    let fits = offset.is_some_and(|offset| {
        x.shape().iter().zip(&shape[offset..]).all(|(&from, &to)| from == to || from == 1)
    });
    let (true, Some(offset)) = (fits, offset) else {
        bail!(Shape, "{name} cannot broadcast {} to shape {shape}", x.ty());
    };
    ops::broadcast_in_dim(cx, x, shape, offset..shape.rank())
}

/// Warns of arrays of different ranks, or refuses them, where the scope's settings say so. Scalars fit all.
fn check_ranks(cx: &Scope, name: &str, shapes: &[&Shape]) -> Result<()> {
    let setting = cx.settings().rank_promotion;
    let mut ranks = shapes.iter().map(|shape| shape.rank()).filter(|&rank| rank > 0);
    let Some(first) = ranks.next().filter(|_| setting != RankPromotion::Allow) else {
        return Ok(());
    };
    if ranks.all(|rank| rank == first) {
        return Ok(());
    }
    let shapes: Vec<String> = shapes.iter().map(|shape| shape.to_string()).collect();
    let message = format!("{name} broadcasts arrays of different ranks: {}", shapes.join(" and "));
    match setting {
        RankPromotion::Raise => bail!(Shape, "{message}, which rank promotion does not allow"),
        _ => cx.warn(format_args!("{message}")),
    }
    Ok(())
}

/// Operands of one shape; scalars may stay scalars, as elementwise primitives take them so.
pub(crate) fn aligned<const N: usize>(
    cx: &Scope,
    name: &str,
    operands: [Value; N],
) -> Result<[Value; N]> {
    let first = operands[0].shape();
    if operands.iter().all(|x| x.shape() == first) {
        return Ok(operands);
    }
    let shape = {
        let shapes: SmallVec<[&Shape; 4]> = operands.iter().map(Value::shape).collect();
        check_ranks(cx, name, &shapes)?;
        broadcast_shape(name, &shapes)?
    };
    let mut results = operands;
    for x in &mut results {
        if x.ty().rank() > 0 && *x.shape() != shape {
            *x = broadcast(cx, name, x, &shape)?;
        }
    }
    // Only scalars, all of size-1 shapes: at least one must have the result's shape.
    if results.iter().all(|x| *x.shape() != shape) {
        results[0] = broadcast(cx, name, &results[0], &shape)?;
    }
    Ok(results)
}

/// The elements of a value that is known now; the error says where one that is not comes from.
pub(crate) fn host(x: &Value) -> Result<Literal> {
    match x.downcast_ref::<Literal>() {
        Some(literal) => Ok(literal.clone()),
        None => jaxrs_transform::to_array(x)?.to_literal(),
    }
}

/// A scalar as a host language's own number: its element type gives way to others'.
pub(crate) fn weak_constant(cx: &Scope, value: f64) -> Value {
    let ty = Type::new(cx.defaults().float(), Shape::scalar()).with_weak(true);
    Value::literal(Literal::full(ty, Scalar::Float(value)))
}
