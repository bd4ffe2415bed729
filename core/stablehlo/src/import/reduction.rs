//! Combining elements: whole axes and windows.

use jaxrs_api::lax::{Padding, WindowOptions, reduce_by, reduce_window};
use jaxrs_data::{ErrorKind, Literal, Result, SmallVec};
use jaxrs_ir::prims::{SelectAndScatter, SelectAndScatterAdd};
use jaxrs_ir::rules::sliding::Window;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{VmapOptions, make_jaxpr, vmap};

use super::elementwise::short_name;
use super::{Env, Outputs, contraction, unsupported_form};
use crate::tree::{Attr, Op, Region};

pub(super) fn apply(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<Outputs>> {
    Some(match short_name(op) {
        "reduce" => reduce(env, op, x),
        "reduce_window" => windows(env, op, x),
        "select_and_scatter" => select_and_scatter(env, op, x),
        "map" => map(env, op, x),
        _ => return None,
    })
}

fn halves<'x>(op: &Op, x: &'x [Value]) -> Result<(&'x [Value], &'x [Value])> {
    if x.is_empty() || !x.len().is_multiple_of(2) {
        let text = "needs operands and an initial value for each";
        return Err(op.error(ErrorKind::InvalidArgument, text));
    }
    Ok(x.split_at(x.len() / 2))
}

fn reduce(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let (operands, inits) = halves(op, x)?;
    let computation = env.closure("reduce", op.region(0)?);
    let dimensions = op.ints("dimensions")?;
    if dimensions.is_empty() {
        // Nothing is combined but the initial value.
        return Ok(operands.iter().cloned().collect());
    }
    let out = reduce_by(env.scope, operands, inits, &computation, &dimensions)?;
    Ok(out.into_iter().collect())
}

fn windows(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let (operands, inits) = halves(op, x)?;
    let computation = env.closure("reduce_window", op.region(0)?);
    let dimensions = op.sizes("window_dimensions")?;
    let (strides, base_dilation) = (op.sizes("window_strides")?, op.sizes("base_dilations")?);
    let (padding, window_dilation) =
        (contraction::padding(op, dimensions.len())?, op.sizes("window_dilations")?);
    let options = WindowOptions {
        dimensions: &dimensions,
        strides: &strides,
        padding: Padding::Explicit(&padding),
        base_dilation: &base_dilation,
        window_dilation: &window_dilation,
    };
    let out = reduce_window(env.scope, operands, inits, &computation, &options)?;
    Ok(out.into_iter().collect())
}

fn select_and_scatter(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let [operand, source, init] = x else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs an operand, a source and a value"));
    };
    let scalar = operand.ty().with_shape(&[][..]).with_weak(false);
    let program = |name: &str, index: usize| {
        let function = env.closure(name, op.region(index)?);
        let traced = make_jaxpr(&function, env.scope, &[scalar.clone(), scalar.clone()])?;
        if traced.consts.is_empty() {
            return Ok(traced.jaxpr);
        }
        Err(unsupported_form(op, "a region that uses values from around it"))
    };
    let (select_jaxpr, scatter_jaxpr) = (program("select", 0)?, program("scatter", 1)?);
    let dimensions = op.sizes("window_dimensions")?.to_vec();
    let rank = dimensions.len();
    let strides = op.sizes("window_strides")?;
    let window = Window {
        strides: if strides.is_empty() { vec![1; rank] } else { strides.to_vec() },
        padding: contraction::padding(op, rank)?,
        base_dilation: vec![1; rank],
        window_dilation: vec![1; rank],
        dimensions,
    };
    if let Some(is_max) = adds_to_extremes(op, &window, init) {
        let prim = SelectAndScatterAdd { is_max, window };
        let inputs = [source.clone(), operand.clone()];
        return Ok(SmallVec::from_iter([ops::bind1(env.scope, prim, &inputs)?]));
    }
    let prim = SelectAndScatter { select_jaxpr, scatter_jaxpr, window };
    let inputs = [operand.clone(), source.clone(), init.clone()];
    Ok(SmallVec::from_iter([ops::bind1(env.scope, prim, &inputs)?]))
}

/// Whether the largest (or smallest) elements of windows get the sums: JAX's gradient of pooling, which has derivatives in turn.
/// It is another one where there is padding, which it may choose.
fn adds_to_extremes(op: &Op, window: &Window, init: &Value) -> Option<bool> {
    let zero = init.downcast_ref::<Literal>()?.item()?.as_f64() == 0.0;
    let padded = window.padding.iter().any(|&sides| sides != (0, 0));
    let adds = applied(op.region(1).ok()?)?;
    let selects = applied(op.region(0).ok()?)?;
    if !zero || padded || short_name(adds) != "add" || short_name(selects) != "compare" {
        return None;
    }
    let is_total =
        matches!(selects.attribute("compare_type"), Some(Attr::Word(w)) if w == "TOTALORDER");
    match selects.word("comparison_direction").ok()? {
        "GE" if !is_total => Some(true),
        "LE" if !is_total => Some(false),
        _ => None,
    }
}

/// The one operation of a region, on its two arguments in their order.
fn applied(region: &Region) -> Option<&Op> {
    let [op, end] = &region.ops[..] else { return None };
    let [(a, _), (b, _)] = &region.arguments[..] else { return None };
    let gives = op.results.iter().map(|(id, _)| *id).eq(end.operands.iter().copied());
    (op.operands == [*a, *b] && gives).then_some(op)
}

/// The region for each element.
fn map(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let each = vmap(&env.closure("map", op.region(0)?), VmapOptions::default());
    let Some(first) = x.first() else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs operands"));
    };
    let (cx, shape) = (env.scope, first.shape().clone());
    let n = [shape.numel()];
    let flat = x.iter().map(|x| ops::reshape(cx, x, &n.as_slice().into()));
    let out = each.call(cx, &flat.collect::<Result<Vec<_>>>()?)?;
    out.iter().map(|y| ops::reshape(cx, y, &shape)).collect()
}
