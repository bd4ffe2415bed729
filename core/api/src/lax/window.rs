//! Reductions by functions, of whole axes and of windows.

use std::sync::Arc;

use jaxrs_data::{Axes, DType, Error, Literal, Result, Scalar, SmallVec, Type, bail};
use jaxrs_ir::lower::identity;
use jaxrs_ir::prims::{
    Binary, CumLogSumExp, Reduce, ReduceWindow, VariadicReduce, VariadicReduceWindow,
};
use jaxrs_ir::rules::sliding::{Window, dilated};
use jaxrs_ir::{Atom, Context, Jaxpr, Prim, Value, ops};
use jaxrs_kernel::ReduceOp;
use jaxrs_transform::{Function, Scope, as_array, make_jaxpr};

use super::Padding;

/// Windows on an array; empty lists stand for ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct WindowOptions<'a> {
    /// The number of elements along each axis.
    pub dimensions: &'a [usize],
    /// From one window to the next.
    pub strides: &'a [usize],
    /// Room around the array, which adds nothing.
    pub padding: Padding<'a>,
    /// From one element of the array to the next.
    pub base_dilation: &'a [usize],
    /// From one element of a window to the next.
    pub window_dilation: &'a [usize],
}

impl WindowOptions<'_> {
    /// The windows on an array of this type.
    fn on(&self, name: &str, x: &Type) -> Result<Window> {
        let rank = x.rank();
        if self.dimensions.len() != rank {
            let dimensions = self.dimensions;
            bail!(
                InvalidArgument,
                "{name} needs window_dimensions for each axis of {x}, got {dimensions:?}"
            );
        }
        let or_ones = |values: &[usize]| match values {
            [] => vec![1; rank],
            _ => values.to_vec(),
        };
        let strides = or_ones(self.strides);
        let window_dilation = or_ones(self.window_dilation);
        let extent = |(&size, &dilation): (&usize, &usize)| {
            dilated(size, dilation).and_then(|extent| usize::try_from(extent).ok()).unwrap_or(0)
        };
        let extents: Vec<usize> =
            self.dimensions.iter().zip(&window_dilation).map(extent).collect();
        let padding = match self.padding {
            Padding::Explicit(pads) => SmallVec::from_slice(pads),
            named => named.pads(&x.shape, &extents, &strides)?,
        };
        Ok(Window {
            dimensions: self.dimensions.to_vec(),
            strides,
            padding: padding.to_vec(),
            base_dilation: or_ones(self.base_dilation),
            window_dilation,
        })
    }
}

/// The sum, largest or smallest element of each window; `op` is `Add`, `Max` or `Min`.
pub fn reduce_window_monoid(
    cx: &Scope,
    op: ReduceOp,
    x: &Value,
    options: &WindowOptions<'_>,
) -> Result<Value> {
    let window = options.on("reduce_window", x.ty())?;
    ops::bind1(cx, ReduceWindow { op, window }, std::slice::from_ref(x))
}

/// For each window the combination of its elements, beginning with `inits`, by an associative function
/// `(results so far…, elements…) → results…` of scalars. Several operands are reduced together.
pub fn reduce_window(
    cx: &Scope,
    operands: &[Value],
    inits: &[Value],
    computation: &Function,
    options: &WindowOptions<'_>,
) -> Result<Vec<Value>> {
    let jaxpr = reducer(cx, "reduce_window", operands, inits, computation)?;
    let window = options.on("reduce_window", operands[0].ty())?;
    if let Some(op @ (ReduceOp::Add | ReduceOp::Max | ReduceOp::Min)) = monoid(&jaxpr, inits) {
        return Ok(vec![ops::bind1(cx, ReduceWindow { op, window }, operands)?]);
    }
    let inputs = [operands, inits].concat();
    Ok(cx.bind(&VariadicReduceWindow { jaxpr, window }.into(), &inputs)?.into_vec())
}

/// Combines the elements along axes, beginning with `inits`, by an associative function `(results so far…,
/// elements…) → results…` of scalars. Several operands are reduced together.
pub fn reduce_by(
    cx: &Scope,
    operands: &[Value],
    inits: &[Value],
    computation: &Function,
    dimensions: &[i64],
) -> Result<Vec<Value>> {
    let jaxpr = reducer(cx, "reduce", operands, inits, computation)?;
    let dimensions = Axes::new("reduce", dimensions, operands[0].ty().rank())?;
    if let Some(op) = monoid(&jaxpr, inits) {
        return Ok(vec![ops::bind1(cx, Reduce { op, axes: dimensions }, operands)?]);
    }
    let inputs = [operands, inits].concat();
    Ok(cx.bind(&VariadicReduce { jaxpr, dimensions }.into(), &inputs)?.into_vec())
}

/// The program of a reducer for operands of these types.
fn reducer(
    cx: &Scope,
    name: &str,
    operands: &[Value],
    inits: &[Value],
    computation: &Function,
) -> Result<Arc<Jaxpr>> {
    if operands.is_empty() || operands.len() != inits.len() {
        bail!(
            InvalidArgument,
            "{name} needs operands and an initial value for each, got {} and {}",
            operands.len(),
            inits.len()
        );
    }
    for (x, init) in operands.iter().zip(inits) {
        if init.ty().rank() != 0 || init.ty().dtype != x.ty().dtype {
            let (x, init) = (x.ty(), init.ty());
            bail!(Shape, "{name} needs a scalar of its type as initial value of {x}, got {init}");
        }
    }
    let scalars = operands.iter().map(|x| Type::scalar(x.ty().dtype));
    let types: Vec<Type> = scalars.clone().chain(scalars).collect();
    let closed = make_jaxpr(computation, cx, &types)?;
    if !closed.consts.is_empty() {
        bail!(
            InvalidArgument,
            "{name} needs a computation of its arguments alone, but '{}' uses {} values from outside",
            computation.name(),
            closed.consts.len()
        );
    }
    Ok(closed.jaxpr)
}

/// The operation that a reducer of one operand consists of, if the initial value changes nothing.
fn monoid(jaxpr: &Jaxpr, inits: &[Value]) -> Option<ReduceOp> {
    let ([init], [eqn], [x, y]) = (inits, &jaxpr.eqns[..], &jaxpr.invars[..]) else { return None };
    let is_result = jaxpr.outputs[..] == [Atom::Var(*eqn.outputs.first()?)];
    let (a, b) = (Atom::Var(*x), Atom::Var(*y));
    let is_binary = eqn.inputs[..] == [a.clone(), b.clone()] || eqn.inputs[..] == [b, a];
    let Prim::Binary(op) = &eqn.prim else { return None };
    let op = match op {
        Binary::Add => ReduceOp::Add,
        Binary::Mul => ReduceOp::Mul,
        Binary::Max => ReduceOp::Max,
        Binary::Min => ReduceOp::Min,
        Binary::And => ReduceOp::And,
        Binary::Or => ReduceOp::Or,
        Binary::Xor => ReduceOp::Xor,
        _ => return None,
    };
    let dtype = init.ty().dtype;
    let takes = !matches!((op, dtype), (ReduceOp::Add | ReduceOp::Mul, DType::Bool));
    let starts = known(init)?.get(0) == identity(op, dtype);
    (is_result && is_binary && takes && starts).then_some(op)
}

/// What a value is known to be now.
fn known(value: &Value) -> Option<Literal> {
    match value.downcast_ref::<Literal>() {
        Some(literal) => Some(literal.clone()),
        None => as_array(value)?.to_literal().ok(),
    }
}

/// The logarithms of the sums of the exponentials of all elements up to each one along an axis.
pub fn cumlogsumexp(cx: &Scope, x: &Value, axis: i64, reverse: bool) -> Result<Value> {
    let axis = jaxrs_data::normalize_axis("cumlogsumexp", axis, x.ty().rank())?;
    ops::bind1(cx, CumLogSumExp { axis, reverse }, std::slice::from_ref(x))
}

/// The number of windows along each axis (`reduce_window_shape_tuple`).
pub fn reduce_window_shape(x: &Type, options: &WindowOptions<'_>) -> Result<jaxrs_data::Shape> {
    options.on("reduce_window", x)?.checked_shape("reduce_window", x)
}

/// The windows of pooling: sizes and strides of the spatial axes, which lie between batch and features.
fn pooling(x: &Value, spatial: &[usize], strides: &[usize]) -> Result<[Vec<usize>; 2]> {
    let rank = x.ty().rank();
    if spatial.len() + 1 > rank || !(strides.is_empty() || strides.len() == spatial.len()) {
        return Err(Error::new(
            jaxrs_data::ErrorKind::InvalidArgument,
            format_args!(
                "pooling of {} needs a window of fewer axes and a stride for each, got {spatial:?} and {strides:?}",
                x.ty()
            ),
        ));
    }
    let first = rank - 1 - spatial.len();
    let around = |values: &[usize]| {
        let mut all = vec![1; rank];
        all[first..rank - 1].copy_from_slice(values);
        all
    };
    let ones = vec![1; spatial.len()];
    Ok([around(spatial), around(if strides.is_empty() { &ones } else { strides })])
}

/// The padding of all axes where that of the spatial ones is given.
fn around_pads(x: &Value, pads: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let rank = x.ty().rank();
    let mut all = vec![(0, 0); rank];
    let first = rank - 1 - pads.len().min(rank - 1);
    all[first..rank - 1].copy_from_slice(&pads[..rank - 1 - first]);
    all
}

/// Reduces windows of spatial axes, as pooling layers do: features lie along the last axis, the batch along
/// what comes before space.
pub fn pool(
    cx: &Scope,
    op: ReduceOp,
    x: &Value,
    window_shape: &[usize],
    strides: &[usize],
    padding: Padding<'_>,
) -> Result<Value> {
    let [dimensions, strides] = pooling(x, window_shape, strides)?;
    let pads;
    let padding = match padding {
        Padding::Explicit(given) => {
            pads = around_pads(x, given);
            Padding::Explicit(&pads)
        }
        named => named,
    };
    let options =
        WindowOptions { dimensions: &dimensions, strides: &strides, padding, ..Default::default() };
    reduce_window_monoid(cx, op, x, &options)
}

/// The mean of windows of spatial axes; `count_include_pad` says whether padding counts.
pub fn avg_pool(
    cx: &Scope,
    x: &Value,
    window_shape: &[usize],
    strides: &[usize],
    padding: Padding<'_>,
    count_include_pad: bool,
) -> Result<Value> {
    let sum = pool(cx, ReduceOp::Add, x, window_shape, strides, padding)?;
    if count_include_pad {
        let count: usize = window_shape.iter().product();
        let count = Literal::scalar(sum.ty().dtype, Scalar::Int(count as i64));
        return ops::div(cx, &sum, &Value::literal(count));
    }
    let ones = ops::full(cx, x.ty(), Scalar::Int(1))?;
    let counts = pool(cx, ReduceOp::Add, &ones, window_shape, strides, padding)?;
    ops::div(cx, &sum, &counts)
}
