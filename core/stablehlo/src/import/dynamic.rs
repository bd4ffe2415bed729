//! Operations whose results' sizes are operands.
//!
//! By the time that a program is called its arguments' sizes are known, and with them all that is computed of sizes: operands
//! that say sizes are literals here, and the operations are those of known sizes.

use jaxrs_api::lax::{Padding, WindowOptions, reduce_window};
use jaxrs_data::{DType, ErrorKind, Literal, Result, Scalar, Shape, SmallVec, Type};
use jaxrs_ir::evaluate::evaluate;
use jaxrs_ir::prims::{Pad, Slice, TopK};
use jaxrs_ir::{Context as _, Value, ops};
use jaxrs_kernel::Ranking;
use jaxrs_transform::{Function, Scope, make_jaxpr, to_array};

use super::elementwise::short_name;
use super::{Env, calls, contraction, indexing, random, shapes, unsupported_form};
use crate::tree::{Attr, Func, Module, Op, Region, Ty};

/// How many elements an array may have that is computed when a program is read: those that say sizes have few.
const MOST_KNOWN: usize = 256;

/// Whether some size in a module is not known before it is called.
pub(super) fn is_dynamic(module: &Module) -> bool {
    fn any(region: &Region) -> bool {
        let unknown = |ty: &Ty| matches!(ty, Ty::Dynamic(..));
        region.arguments.iter().any(|(_, ty)| unknown(ty))
            || region.ops.iter().any(|op| {
                op.results.iter().any(|(_, ty)| unknown(ty)) || op.regions.iter().any(|r| any(r))
            })
    }
    module.functions.iter().any(|f: &Func| any(&f.body))
}

pub(super) fn apply(cx: &Scope, op: &Op, x: &[Value]) -> Option<Result<Value>> {
    Some(match (short_name(op), x) {
        ("get_dimension_size", [a]) => dimension_size(op, a),
        ("dynamic_broadcast_in_dim", [a, shape]) => {
            target(op, shape).and_then(|shape| shapes::broadcast(cx, op, a, &shape))
        }
        ("dynamic_reshape", [a, shape]) => {
            target(op, shape).and_then(|shape| ops::reshape(cx, a, &shape))
        }
        ("dynamic_iota", [shape]) => {
            target(op, shape).and_then(|shape| shapes::iota(cx, op, &shape))
        }
        ("real_dynamic_slice", [a, start, limit, strides]) => {
            slice(cx, op, a, [start, limit, strides])
        }
        ("dynamic_pad", [a, value, low, high, interior]) => {
            pad(cx, op, [a, value], [low, high, interior])
        }
        ("dynamic_gather", [a, indices, sizes]) => sizes_of(op, sizes)
            .and_then(|sizes| indexing::gather(cx, op, a, indices, sizes.as_slice().into())),
        ("dynamic_conv", [lhs, rhs, padding]) => {
            pairs(op, padding).and_then(|sides| contraction::convolution(cx, op, lhs, rhs, sides))
        }
        _ => return None,
    })
}

/// Does the custom calls that JAX writes for what StableHLO has no operation for.
pub(super) fn call(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<calls::Given>> {
    Some(match (op.word("call_target_name").ok()?, x) {
        ("shape_assertion", [holds, values @ ..]) => assertion(op, holds, values),
        ("stablehlo.dynamic_reduce_window", _) => windows(env, op, x),
        ("stablehlo.dynamic_rng_bit_generator", [state, shape]) => target_of(op, 1, shape)
            .and_then(|bits| random::bits(env, op, state, &bits))
            .map(|out| out.into_iter().map(Some).collect()),
        ("stablehlo.dynamic_top_k", [a, k]) => top_k(env, op, a, k),
        _ => {
            // Calls may be told the sizes of their results, which follow from the operands.
            let given = op.sizes("indices_of_shape_operands").ok().filter(|k| !k.is_empty())?;
            let rest = x.iter().enumerate().filter(|(k, _)| !given.contains(k));
            let rest: Vec<Value> = rest.map(|(_, x)| x.clone()).collect();
            calls::call(env, op, &rest)
        }
    })
}

impl Env<'_> {
    /// What an operation gives on literals of few elements, where that are numbers as sizes are; nothing else is done before
    /// the program runs.
    pub(super) fn known(&self, op: &Op, x: &[Value]) -> Option<Result<super::Outputs>> {
        let few = |x: &Value| x.downcast_ref::<Literal>().is_some_and(|x| x.len() <= MOST_KNOWN);
        let counts = |ty: &Ty| ty.dtype().is_some_and(|d| d.is_integer() || d.is_bool());
        let is_known = !x.is_empty()
            && op.regions.is_empty()
            && op.name != "func.call"
            && x.iter().all(few)
            && op.results.iter().all(|(_, ty)| counts(ty));
        is_known.then(|| self.evaluated(op, x))
    }

    fn evaluated(&self, op: &Op, x: &[Value]) -> Result<super::Outputs> {
        let (module, op, x, calls) = (self.module.clone(), op.clone(), x.to_vec(), self.calls);
        let done = Function::new("sizes", move |scope: &Scope, _: &[Value]| {
            let values = Default::default();
            let mut env = Env { module: &module, scope, values, calls, is_dynamic: true };
            Ok(env.apply(&op, &x)?.into_iter().collect())
        });
        let traced = make_jaxpr(&done, self.scope, &[])?;
        let literal = |value: &Value| match value.downcast_ref::<Literal>() {
            Some(literal) => Ok(literal.clone()),
            None => to_array(value)?.to_literal(),
        };
        let consts: Vec<Literal> = traced.consts.iter().map(literal).collect::<Result<_>>()?;
        Ok(evaluate(&traced.jaxpr, &consts)?.into_iter().map(Value::literal).collect())
    }
}

/// Numbers that are known now.
fn numbers(op: &Op, x: &Value) -> Result<Vec<i64>> {
    match x.downcast_ref::<Literal>() {
        Some(literal) => Ok(literal.iter().map(|number| number.as_i64()).collect()),
        None => Err(unsupported_form(op, "sizes that depend on the values of arrays")),
    }
}

/// Sizes that are known now.
fn sizes_of(op: &Op, x: &Value) -> Result<Vec<usize>> {
    let numbers = numbers(op, x)?;
    let sizes: Option<Vec<usize>> = numbers.iter().map(|&n| usize::try_from(n).ok()).collect();
    sizes.ok_or_else(|| {
        let text = format_args!("needs sizes of at least 0, got {numbers:?}");
        op.error(ErrorKind::InvalidArgument, text)
    })
}

/// The shape of the result, which an operand says.
fn target(op: &Op, shape: &Value) -> Result<Shape> {
    Ok(target_of(op, 0, shape)?.shape)
}

/// The type of a result, of which an operand says the shape.
fn target_of(op: &Op, result: usize, shape: &Value) -> Result<Type> {
    let ty = op.results.get(result).and_then(|(_, ty)| ty.dtype());
    let dtype =
        ty.ok_or_else(|| op.error(ErrorKind::InvalidArgument, "needs an array as result"))?;
    let shape = Shape::from_user(short_name(op), &numbers(op, shape)?, dtype.size_bytes());
    Ok(Type::new(dtype, shape.map_err(|error| op.error(error.kind(), error.message()))?))
}

fn dimension_size(op: &Op, a: &Value) -> Result<Value> {
    let axis = op.size("dimension")?;
    let Some(&size) = a.shape().get(axis) else {
        let text = format_args!("needs an axis of {}, got {axis}", a.ty());
        return Err(op.error(ErrorKind::InvalidArgument, text));
    };
    let size = Scalar::Int(size as i64);
    Ok(Value::literal(Literal::full(Type::scalar(DType::I32), size)))
}

fn slice(cx: &Scope, op: &Op, a: &Value, [start, limit, strides]: [&Value; 3]) -> Result<Value> {
    let read = |x: &Value| Ok(sizes_of(op, x)?.into_iter().collect());
    let prim =
        Slice { start_indices: read(start)?, limit_indices: read(limit)?, strides: read(strides)? };
    ops::bind1(cx, prim, std::slice::from_ref(a))
}

fn pad(cx: &Scope, op: &Op, [a, value]: [&Value; 2], sides: [&Value; 3]) -> Result<Value> {
    let [low, high, interior] = sides.map(|side| numbers(op, side));
    let (low, high, interior) = (low?, high?, interior?);
    if low.len() != high.len() || low.len() != interior.len() {
        return Err(op.error(ErrorKind::InvalidArgument, "needs paddings for the same axes"));
    }
    let sides = low.into_iter().zip(high).zip(interior);
    let padding_config = sides.map(|((low, high), interior)| (low, high, interior)).collect();
    ops::bind1(cx, Pad { padding_config }, &[a.clone(), value.clone()])
}

/// Pairs of before and after.
fn pairs(op: &Op, x: &Value) -> Result<Vec<(i64, i64)>> {
    Ok(numbers(op, x)?.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

/// What the caller's sizes have to be, by the program: an error says so, with the sizes in it.
fn assertion(op: &Op, holds: &Value, values: &[Value]) -> Result<calls::Given> {
    if numbers(op, holds)?.iter().all(|&holds| holds != 0) {
        return Ok(Vec::new());
    }
    let mut text = match op.attribute("error_message") {
        Some(Attr::Text(text)) => text.clone(),
        _ => "asserts sizes that the arguments do not have".to_owned(),
    };
    for (k, value) in values.iter().enumerate() {
        let number = numbers(op, value)?.first().map(i64::to_string).unwrap_or_default();
        text = text.replace(&format!("{{{k}}}"), &number);
    }
    Err(op.error(ErrorKind::InvalidArgument, text))
}

/// Operands, initial values, then five lists: sizes of windows, strides, dilations of the operand and of windows, padding.
fn windows(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<calls::Given> {
    let n = x.len().saturating_sub(5) / 2;
    if n == 0 || x.len() != 2 * n + 5 {
        return Err(op.error(ErrorKind::InvalidArgument, "needs operands, values and five lists"));
    }
    let [dimensions, strides, base_dilation, window_dilation] =
        [0, 1, 2, 3].map(|k| sizes_of(op, &x[2 * n + k]));
    let (dimensions, strides) = (dimensions?, strides?);
    let (base_dilation, window_dilation) = (base_dilation?, window_dilation?);
    let padding = pairs(op, &x[2 * n + 4])?;
    let options = WindowOptions {
        dimensions: &dimensions,
        strides: &strides,
        padding: Padding::Explicit(&padding),
        base_dilation: &base_dilation,
        window_dilation: &window_dilation,
    };
    let computation = env.closure("reduce_window", &called(env.module, op)?);
    let out = reduce_window(env.scope, &x[..n], &x[n..2 * n], &computation, &options)?;
    Ok(out.into_iter().map(Some).collect())
}

/// The function that a custom call is given.
fn called(module: &Module, op: &Op) -> Result<std::sync::Arc<Region>> {
    match op.attribute("called_computations") {
        Some(Attr::List(names)) => match &names[..] {
            [Attr::Symbol(name) | Attr::Text(name)] => Ok(module.function(name)?.body.clone()),
            _ => Err(unsupported_form(op, format_args!("{} functions", names.len()))),
        },
        _ => Err(op.error(ErrorKind::InvalidArgument, "needs a function in called_computations")),
    }
}

fn top_k(env: &mut Env<'_>, op: &Op, a: &Value, k: &Value) -> Result<calls::Given> {
    let (&[k], Some(axis)) = (&sizes_of(op, k)?[..], a.ty().rank().checked_sub(1)) else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs an array with an axis, and a size"));
    };
    let prim = TopK { k, axis, ranking: Ranking::Total };
    let out: SmallVec<[Value; 2]> = env.scope.bind(&prim.into(), std::slice::from_ref(a))?;
    Ok(out.into_iter().map(Some).collect())
}
