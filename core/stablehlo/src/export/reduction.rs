//! Combining elements along whole axes.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::lower::identity;
use jaxrs_ir::prims::{Binary, DynamicSlice, DynamicUpdateSlice};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::{Compare as Cmp, ReduceOp};

use super::Outputs;
use super::control;
use super::emitter::{Emitter, ints};
use super::sorting::in_bytes;
use crate::tree::Region;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    let y = match (prim, x) {
        (Prim::Reduce(p), [x]) => reduce(e, p.op, x, &p.axes, &out[0]),
        (Prim::VariadicReduce(p), _) => {
            let types = scalars(&x[..x.len() / 2]);
            let region = e.region(&[&types[..], &types[..]].concat(), |e, x| e.eval(&p.jaxpr, x));
            let dimensions = vec![("dimensions", ints(p.dimensions.iter().copied()))];
            return Some(
                region
                    .and_then(|region| e.op("stablehlo.reduce", x, out, dimensions, vec![region])),
            );
        }
        (Prim::ArgReduce(p), [x]) => arg_reduce(e, p.is_max, x, p.axis, &out[0]),
        (Prim::Cumulative(p), [x]) => {
            let init = identity(p.op, x.ty().dtype);
            cumulative(e, x, p.axis, p.reverse, init, &|e, a, b| {
                ops::binary(e, as_binary(p.op, a.ty().dtype), a, b)
            })
        }
        (Prim::CumLogSumExp(p), [x]) => {
            let zero = match x.ty().dtype.is_complex() {
                true => Scalar::Complex(f64::NEG_INFINITY, 0.0),
                false => Scalar::Float(f64::NEG_INFINITY),
            };
            cumulative(e, x, p.axis, p.reverse, zero, &log_of_sum)
        }
        _ => return None,
    };
    Some(y.map(|y| vec![y]))
}

/// The types of one element of each.
pub(super) fn scalars(x: &[Value]) -> Vec<Type> {
    x.iter().map(|x| x.ty().with_shape(&[][..]).with_weak(false)).collect()
}

/// The operation on two elements.
pub(super) fn as_binary(op: ReduceOp, dtype: DType) -> Binary {
    match op {
        ReduceOp::Add if dtype.is_bool() => Binary::Or,
        ReduceOp::Mul if dtype.is_bool() => Binary::And,
        ReduceOp::Add => Binary::Add,
        ReduceOp::Mul => Binary::Mul,
        ReduceOp::Max => Binary::Max,
        ReduceOp::Min => Binary::Min,
        ReduceOp::And => Binary::And,
        ReduceOp::Or => Binary::Or,
        ReduceOp::Xor => Binary::Xor,
    }
}

/// The region that combines two elements.
pub(super) fn combiner(e: &Emitter<'_>, op: ReduceOp, element: &Type) -> Result<Region> {
    e.region(&[element.clone(), element.clone()], |e, x| {
        Ok(vec![ops::binary(e, as_binary(op, element.dtype), &x[0], &x[1])?])
    })
}

pub(super) fn scalar(dtype: DType, value: Scalar) -> Value {
    Value::literal(Literal::scalar(dtype, value))
}

fn reduce(e: &Emitter<'_>, op: ReduceOp, x: &Value, axes: &[usize], out: &Type) -> Result<Value> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let dtype = x.ty().dtype;
    // XLA adds numbers of few bits in 32, as kernels do.
    let wide =
        if dtype.is_float() && dtype.bits() <= 16 && matches!(op, ReduceOp::Add | ReduceOp::Mul) {
            DType::F32
        } else {
            dtype
        };
    let x = ops::convert(e, x, wide)?;
    let region = combiner(e, op, &Type::scalar(wide))?;
    let operands = [x, scalar(wide, identity(op, wide))];
    let dimensions = vec![("dimensions", ints(axes.iter().copied()))];
    let y =
        e.one("stablehlo.reduce", &operands, &out.with_dtype(wide), dimensions, vec![region])?;
    ops::convert(e, &y, dtype)
}

/// The first of the largest or smallest elements, NaN before all numbers.
fn arg_reduce(e: &Emitter<'_>, is_max: bool, x: &Value, axis: usize, out: &Type) -> Result<Value> {
    let x = &in_bytes(e, x)?;
    let (element, position) = (Type::scalar(x.ty().dtype), Type::scalar(out.dtype));
    let op = if is_max { Cmp::Gt } else { Cmp::Lt };
    let types = [element.clone(), position.clone(), element.clone(), position.clone()];
    let region = e.region(&types, |e, v| {
        let better = ops::compare(e, op, &v[0], &v[2])?;
        let is_nan = ops::compare(e, Cmp::Ne, &v[0], &v[0])?;
        let wins = ops::binary(e, Binary::Or, &better, &is_nan)?;
        let tied = ops::compare(e, Cmp::Eq, &v[0], &v[2])?;
        let first = ops::compare(e, Cmp::Lt, &v[1], &v[3])?;
        let earlier = ops::binary(e, Binary::And, &tied, &first)?;
        let takes = ops::binary(e, Binary::Or, &wins, &earlier)?;
        Ok(vec![ops::select(e, &wins, &v[0], &v[2])?, ops::select(e, &takes, &v[1], &v[3])?])
    })?;
    let positions = ops::iota(e, out.dtype, x.shape(), axis)?;
    let worst = identity(if is_max { ReduceOp::Max } else { ReduceOp::Min }, element.dtype);
    let operands = [
        x.clone(),
        positions,
        scalar(element.dtype, worst),
        scalar(out.dtype, Scalar::zero(out.dtype)),
    ];
    let results = [out.with_dtype(element.dtype), out.clone()];
    let dimensions = vec![("dimensions", ints([axis]))];
    let mut y = e.op("stablehlo.reduce", &operands, &results, dimensions, vec![region])?;
    Ok(y.swap_remove(1))
}

/// How two parts are combined.
type Combine<'a> = &'a dyn Fn(&Emitter<'_>, &Value, &Value) -> Result<Value>;

/// Running combinations by doubling: after step k each element holds those of the 2ᵏ up to it (Hillis & Steele 1986).
fn cumulative(
    e: &Emitter<'_>,
    x: &Value,
    axis: usize,
    reverse: bool,
    neutral: Scalar,
    combine: Combine<'_>,
) -> Result<Value> {
    let dtype = x.ty().dtype;
    let wide = if dtype.is_float() && dtype.bits() <= 16 { DType::F32 } else { dtype };
    let n = x.shape()[axis];
    let neutral = scalar(wide, neutral);
    if dtype.is_complex() {
        return one_by_one(e, x, axis, reverse, &neutral, combine);
    }
    let (mut y, mut shift) = (ops::convert(e, x, wide)?, 1);
    while shift < n {
        let (from, to) = if reverse { (shift, n) } else { (0, n - shift) };
        let part = ops::slice_in_dim(e, &y, axis, from, to)?;
        let mut config = vec![(0, 0, 0); x.ty().rank()];
        config[axis] = if reverse { (0, shift as i64, 0) } else { (shift as i64, 0, 0) };
        let pad = jaxrs_ir::prims::Pad { padding_config: config.into() };
        let shifted = ops::bind1(e, pad, &[part, neutral.clone()])?;
        y = combine(e, &shifted, &y)?;
        shift *= 2;
    }
    ops::convert(e, &y, dtype)
}

/// Running combinations in order: those of complex numbers depend on it where NaN is among them.
fn one_by_one(
    e: &Emitter<'_>,
    x: &Value,
    axis: usize,
    reverse: bool,
    neutral: &Value,
    combine: Combine<'_>,
) -> Result<Value> {
    let n = x.shape()[axis];
    if x.ty().numel() == 0 {
        return Ok(x.clone());
    }
    let mut sizes = x.shape().to_vec();
    sizes[axis] = 1;
    let row = DynamicSlice { slice_sizes: sizes.as_slice().into() };
    let number = |value: usize| scalar(DType::I64, Scalar::Int(value as i64));
    let first = if reverse { n - 1 } else { 0 };
    let alone = ops::slice_in_dim(e, x, axis, first, first + 1)?;
    let alone = combine(e, &e.spread(neutral, alone.shape())?, &alone)?;
    let place = (0..sizes.len()).map(|k| number(if k == axis { first } else { 0 }));
    let operands: Vec<Value> = [x.clone(), alone].into_iter().chain(place).collect();
    let start = ops::bind1(e, DynamicUpdateSlice, &operands)?;
    let done = control::count(e, n - 1, &[start], |e, k, y| {
        let next = ops::add(e, k, &number(1))?;
        let from_end = |k: &Value| ops::sub(e, &number(n - 1), k);
        let (before, at) =
            if reverse { (from_end(k)?, from_end(&next)?) } else { (k.clone(), next.clone()) };
        let start = |at: &Value| -> Vec<Value> {
            (0..sizes.len()).map(|k| if k == axis { at.clone() } else { number(0) }).collect()
        };
        let read =
            |at: &Value| ops::bind1(e, row.clone(), &[&[y[0].clone()], &start(at)[..]].concat());
        let combined = combine(e, &read(&before)?, &read(&at)?)?;
        let operands = [&[y[0].clone(), combined], &start(&at)[..]].concat();
        Ok(vec![ops::bind1(e, DynamicUpdateSlice, &operands)?])
    })?;
    Ok(done[0].clone())
}

/// `ln(eˣ + eʸ)`; infinities of one sign have no difference, and their sum is the answer.
fn log_of_sum(e: &Emitter<'_>, x: &Value, y: &Value) -> Result<Value> {
    use jaxrs_ir::prims::Unary;
    let largest = ops::binary(e, Binary::Max, x, y)?;
    let sum = ops::add(e, x, y)?;
    if x.ty().dtype.is_complex() {
        let twice = ops::add(e, &largest, &largest)?;
        let ratio = ops::unary(e, Unary::Exp, &ops::sub(e, &sum, &twice)?)?;
        let log = ops::add(e, &largest, &ops::unary(e, Unary::Log1p, &ratio)?)?;
        return wrapped(e, &log);
    }
    let delta = ops::sub(e, x, y)?;
    let is_nan = ops::compare(e, Cmp::Ne, &delta, &delta)?;
    let distance = ops::unary(e, Unary::Abs, &delta)?;
    let ratio = ops::unary(e, Unary::Exp, &ops::neg(e, &distance)?)?;
    let total = ops::add(e, &largest, &ops::unary(e, Unary::Log1p, &ratio)?)?;
    ops::select(e, &is_nan, &sum, &total)
}

/// A complex number with its imaginary part, an angle, between −π and π.
fn wrapped(e: &Emitter<'_>, z: &Value) -> Result<Value> {
    use std::f64::consts::PI;
    let (re, im) = (ops::real(e, z)?, ops::imag(e, z)?);
    let turn = ops::scalar_like(&im, 2.0 * PI);
    let shifted = ops::offset(e, &im, PI)?;
    let rest = ops::binary(e, Binary::Rem, &shifted, &turn)?;
    let is_below = ops::compare(e, Cmp::Lt, &rest, &ops::scalar_like(&rest, 0.0))?;
    let above = ops::add(e, &rest, &turn)?;
    let rest = ops::select(e, &is_below, &above, &rest)?;
    ops::complex(e, &re, &ops::offset(e, &rest, -PI)?)
}
