//! What operations may do wrong.

use jaxrs_data::{DType, Result, Scalar, Shape, SmallVec, Type};
use jaxrs_ir::prims::{ArgReduce, DynamicSlice, Unary};
use jaxrs_ir::{Cx, Prim, Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};

use super::{CheckSet, int, or};

/// Primitives that may give a NaN where their operands have none: JAX's list. Others only hand on NaNs.
const MAKE_NANS: &[&str] = &[
    "acos",
    "acosh",
    "add",
    "add_any",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bessel_i0e",
    "bessel_i1e",
    "cbrt",
    "conv_general_dilated",
    "cos",
    "cosh",
    "cumlogsumexp",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "custom_linear_solve",
    "digamma",
    "div",
    "dot_general",
    "erf",
    "erf_inv",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fft",
    "igamma",
    "igamma_grad_a",
    "igammac",
    "integer_pow",
    "lgamma",
    "log",
    "log1p",
    "logistic",
    "mul",
    "pad",
    "pow",
    "psum",
    "reduce",
    "reduce_prod",
    "reduce_sum",
    "reduce_window",
    "reduce_window_sum",
    "regularized_incomplete_beta",
    "rem",
    "rng_uniform",
    "rsqrt",
    "scatter",
    "scatter-add",
    "scatter-max",
    "scatter-min",
    "scatter-mul",
    "scatter-sub",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
];

fn has_nans(ty: &Type) -> bool {
    ty.dtype.is_float() || ty.dtype.is_complex()
}

/// Whether NaNs are looked for in the results of a primitive.
pub(super) fn may_make_nan(set: CheckSet, prim: &Prim, out_types: &[&Type]) -> bool {
    set.nan && MAKE_NANS.contains(&prim.name()) && out_types.iter().any(|ty| has_nans(ty))
}

/// Whether divisors are looked at.
pub(super) fn divides(set: CheckSet, prim: &Prim) -> bool {
    set.div && prim.name() == "div"
}

/// The shape that indices of a primitive must fit, where they are looked at.
pub(super) fn indexed(set: CheckSet, prim: &Prim, operand: Option<&Type>) -> Option<Shape> {
    let is_indexing = matches!(
        prim,
        Prim::Gather(_) | Prim::Scatter(_) | Prim::DynamicSlice(_) | Prim::DynamicUpdateSlice(_)
    );
    operand.filter(|_| set.index && is_indexing).map(|ty| ty.shape.clone())
}

/// Whether any element holds.
fn any(cx: Cx<'_>, flags: &Value) -> Result<Value> {
    ops::reduce(cx, ReduceOp::Or, flags, jaxrs_data::Axes::all(flags.ty().rank()))
}

/// Whether some result is NaN.
pub(super) fn any_nan(cx: Cx<'_>, outputs: &[Value]) -> Result<Option<Value>> {
    let mut found: Option<Value> = None;
    for value in outputs.iter().filter(|value| has_nans(value.ty())) {
        // NaN alone differs from itself.
        let flags = any(cx, &ops::compare(cx, Compare::Ne, value, value)?)?;
        found = Some(match found {
            Some(other) => or(cx, &other, &flags)?,
            None => flags,
        });
    }
    Ok(found)
}

/// Whether some element is zero.
pub(super) fn any_zero(cx: Cx<'_>, divisor: &Value) -> Result<Value> {
    let zero = ops::scalar(divisor.ty().dtype, 0.0);
    any(cx, &ops::compare(cx, Compare::Eq, divisor, &zero)?)
}

/// Whether some index does not fit, and then the first of these with its axis and the size of that.
pub(super) struct OutOfBounds {
    pub(super) failed: Value,
    pub(super) values: [Value; 3],
}

/// One component of indices: where they start along an axis of the operand.
struct Component {
    /// `i64[n]`.
    starts: Value,
    axis: usize,
    /// The last start that fits.
    last: i64,
}

/// The indices of an operation that do not fit; nothing where there are none.
pub(super) fn out_of_bounds(
    cx: Cx<'_>,
    prim: &Prim,
    inputs: &[Value],
) -> Result<Option<OutOfBounds>> {
    let shape = inputs[0].shape().clone();
    let components = match prim {
        Prim::DynamicSlice(DynamicSlice { slice_sizes }) => {
            by_axis(cx, &shape, slice_sizes, &inputs[1..])?
        }
        Prim::DynamicUpdateSlice(_) => by_axis(cx, &shape, inputs[1].shape(), &inputs[2..])?,
        Prim::Gather(gather) => {
            columns(cx, &shape, &gather.slice_sizes, &inputs[1], &gather.start_index_map)?
        }
        Prim::Scatter(scatter) => {
            let dropped = |axis: &usize| {
                scatter.inserted_window_dims.contains(axis)
                    || scatter.operand_batching_dims.contains(axis)
            };
            let mut sizes: Vec<usize> = vec![1; shape.rank()];
            let window: Vec<usize> = (0..shape.rank()).filter(|axis| !dropped(axis)).collect();
            for (axis, &dim) in window.into_iter().zip(&scatter.update_window_dims) {
                sizes[axis] = inputs[2].shape()[dim];
            }
            let map = &scatter.scatter_dims_to_operand_dims;
            columns(cx, &shape, &sizes, &inputs[1], map)?
        }
        _ => Vec::new(),
    };
    first_fault(cx, &shape, &components)
}

fn last_start(size: usize, window: usize) -> i64 {
    size as i64 - window as i64
}

fn by_axis(
    cx: Cx<'_>,
    shape: &Shape,
    window: &[usize],
    starts: &[Value],
) -> Result<Vec<Component>> {
    let component = |(axis, start): (usize, &Value)| {
        let start = ops::convert(cx, start, DType::I64)?;
        let starts = ops::reshape(cx, &start, &Shape::from([1]))?;
        Ok(Component { starts, axis, last: last_start(shape[axis], window[axis]) })
    };
    starts.iter().enumerate().map(component).collect()
}

/// The components of indices that lie along a last axis.
fn columns(
    cx: Cx<'_>,
    shape: &Shape,
    window: &[usize],
    indices: &Value,
    map: &[usize],
) -> Result<Vec<Component>> {
    let Some(last_axis) = indices.ty().rank().checked_sub(1) else { return Ok(Vec::new()) };
    let n_rows: usize = indices.shape()[..last_axis].iter().product();
    if n_rows == 0 {
        return Ok(Vec::new());
    }
    let indices = ops::convert(cx, indices, DType::I64)?;
    let component = |(k, &axis): (usize, &usize)| {
        let column = ops::slice_in_dim(cx, &indices, last_axis, k, k + 1)?;
        let starts = ops::reshape(cx, &column, &Shape::from([n_rows]))?;
        Ok(Component { starts, axis, last: last_start(shape[axis], window[axis]) })
    };
    map.iter().enumerate().map(component).collect()
}

fn first_fault(cx: Cx<'_>, shape: &Shape, components: &[Component]) -> Result<Option<OutOfBounds>> {
    let mut faults: SmallVec<[Value; 4]> = SmallVec::new();
    for component in components {
        let (starts, last) = (&component.starts, int(component.last, DType::I64));
        let low = ops::compare(cx, Compare::Lt, starts, &int(0, DType::I64))?;
        let high = ops::compare(cx, Compare::Gt, starts, &last)?;
        faults.push(or(cx, &low, &high)?);
    }
    let Some(first) = faults.first().cloned() else { return Ok(None) };
    let in_row = faults[1..].iter().try_fold(first, |all, fault| or(cx, &all, fault))?;
    let row = first_row(cx, &in_row)?;
    // The first component of that row that does not fit, told from the last on.
    let mut values = [0, 0, 0].map(|v| int(v, DType::I32));
    for (component, fault) in components.iter().zip(&faults).rev() {
        let is_it = at(cx, fault, &row)?;
        let index = ops::convert(cx, &at(cx, &component.starts, &row)?, DType::I32)?;
        let size = shape[component.axis] as i64;
        let found = [index, int(component.axis as i64, DType::I32), int(size, DType::I32)];
        for (value, found) in values.iter_mut().zip(&found) {
            *value = ops::select(cx, &is_it, found, value)?;
        }
    }
    Ok(Some(OutOfBounds { failed: any(cx, &in_row)?, values }))
}

/// The position of the first element that holds.
fn first_row(cx: Cx<'_>, flags: &Value) -> Result<Value> {
    let order = ops::convert(cx, flags, DType::I32)?;
    let largest = ArgReduce { is_max: true, axis: 0, index_dtype: DType::I32 };
    ops::bind1(cx, largest, &[order])
}

/// The element at a position.
fn at(cx: Cx<'_>, values: &Value, position: &Value) -> Result<Value> {
    let window = DynamicSlice { slice_sizes: Shape::from([1]) };
    let element = ops::bind1(cx, window, &[values.clone(), position.clone()])?;
    ops::squeeze(cx, &element, [0])
}

/// The opposite truth.
pub(super) fn not(cx: Cx<'_>, flag: &Value) -> Result<Value> {
    ops::unary(cx, Unary::Not, flag)
}

/// Zeros.
pub(super) fn zeros(cx: Cx<'_>, dtype: DType, len: usize) -> Result<Value> {
    ops::full(cx, &Type::new(dtype, [len]), Scalar::Int(0))
}
