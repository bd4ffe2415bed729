//! Combining elements of windows that slide over an array.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type};
use jaxrs_ir::lower::identity;
use jaxrs_ir::prims::{Binary, Pad, Unary};
use jaxrs_ir::rules::sliding::Window;
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::{Compare as Cmp, ReduceOp};

use super::Outputs;
use super::emitter::{Emitter, Named, int, ints};
use super::reduction::{combiner, scalar, scalars};
use super::sorting::in_bytes;
use crate::tree::{Attr, Region};

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    let y = match (prim, x) {
        (Prim::ReduceWindow(p), [x]) => reduce_window(e, p.op, x, &p.window, &out[0]),
        (Prim::VariadicReduceWindow(p), _) => {
            let types = scalars(&x[..x.len() / 2]);
            let region = e.region(&[&types[..], &types[..]].concat(), |e, x| e.eval(&p.jaxpr, x));
            let window = window(&p.window);
            return Some(
                region.and_then(|r| e.op("stablehlo.reduce_window", x, out, window, vec![r])),
            );
        }
        (Prim::SelectAndGatherAdd(p), [tangents, operand]) => {
            select_and_gather(e, p.is_max, tangents, operand, &p.window)
        }
        (Prim::SelectAndScatterAdd(p), [source, operand]) => {
            select_and_scatter_add(e, p.is_max, source, operand, &p.window)
        }
        (Prim::SelectAndScatter(p), [operand, source, init]) => {
            let pair = [Type::scalar(operand.ty().dtype), Type::scalar(operand.ty().dtype)];
            let select =
                |e: &Emitter<'_>, x: &[Value]| Ok(e.eval(&p.select_jaxpr, x)?.swap_remove(0));
            let scatter = e.region(&pair, |e, x| e.eval(&p.scatter_jaxpr, x));
            scatter.and_then(|scatter| {
                scatter_chosen(e, operand, source, init, &p.window, &select, scatter)
            })
        }
        _ => return None,
    };
    Some(y.map(|y| vec![y]))
}

/// Pairs of before and after.
pub(super) fn padding(sides: &[(i64, i64)]) -> Attr {
    let numbers: Vec<i64> = sides.iter().flat_map(|side| [side.0, side.1]).collect();
    let ty = Type::new(DType::I64, [sides.len(), 2]);
    Attr::Dense(Literal::from_fn(ty, |k| Scalar::Int(numbers[k])))
}

fn window(window: &Window) -> Vec<Named> {
    vec![
        ("window_dimensions", ints(window.dimensions.iter().copied())),
        ("window_strides", ints(window.strides.iter().copied())),
        ("base_dilations", ints(window.base_dilation.iter().copied())),
        ("window_dilations", ints(window.window_dilation.iter().copied())),
        ("padding", padding(&window.padding)),
    ]
}

fn reduce_window(
    e: &Emitter<'_>,
    op: ReduceOp,
    x: &Value,
    w: &Window,
    out: &Type,
) -> Result<Value> {
    let dtype = x.ty().dtype;
    let wide = if dtype.is_float() && dtype.bits() <= 16 { DType::F32 } else { dtype };
    let x = ops::convert(e, x, wide)?;
    let region = combiner(e, op, &Type::scalar(wide))?;
    let operands = [x, scalar(wide, identity(op, wide))];
    let y = e.one(
        "stablehlo.reduce_window",
        &operands,
        &out.with_dtype(wide),
        window(w),
        vec![region],
    )?;
    ops::convert(e, &y, dtype)
}

/// Whether the element that was chosen so far stays, given another.
fn stays(e: &Emitter<'_>, is_max: bool, chosen: &Value, other: &Value) -> Result<Value> {
    ops::compare(e, if is_max { Cmp::Ge } else { Cmp::Le }, chosen, other)
}

/// The tangent of the element that is chosen from each window, by a reduction of pairs.
fn select_and_gather(
    e: &Emitter<'_>,
    is_max: bool,
    tangents: &Value,
    operand: &Value,
    w: &Window,
) -> Result<Value> {
    let original = tangents.ty().dtype;
    let (operand, tangents) = (in_bytes(e, operand)?, in_bytes(e, tangents)?);
    let dtype = operand.ty().dtype;
    let element = Type::scalar(dtype);
    let region = e.region(&vec![element.clone(); 4], |e, v| {
        let stays = stays(e, is_max, &v[0], &v[2])?;
        Ok(vec![ops::select(e, &stays, &v[0], &v[2])?, ops::select(e, &stays, &v[1], &v[3])?])
    })?;
    let worst = identity(if is_max { ReduceOp::Max } else { ReduceOp::Min }, original);
    let shape = w.checked_shape("select_and_gather_add", operand.ty())?;
    let out = Type::new(dtype, shape);
    let operands = [operand, tangents, scalar(dtype, worst), scalar(dtype, Scalar::zero(dtype))];
    let results = [out.clone(), out];
    let y = e.op("stablehlo.reduce_window", &operands, &results, window(w), vec![region])?;
    ops::convert(e, &y[1], original)
}

fn select_and_scatter_add(
    e: &Emitter<'_>,
    is_max: bool,
    source: &Value,
    operand: &Value,
    w: &Window,
) -> Result<Value> {
    let original = operand.ty().dtype;
    let worst = identity(if is_max { ReduceOp::Max } else { ReduceOp::Min }, original);
    let (padded, source) = (with_room(e, operand, worst, w)?, in_bytes(e, source)?);
    let padded = in_bytes(e, &padded)?;
    let element = Type::scalar(padded.ty().dtype);
    let select = |e: &Emitter<'_>, v: &[Value]| stays(e, is_max, &v[0], &v[1]);
    let scatter = combiner(e, ReduceOp::Add, &element)?;
    let zero = scalar(element.dtype, Scalar::zero(element.dtype));
    let rank = w.dimensions.len();
    let plain = Window { padding: vec![(0, 0); rank], base_dilation: vec![1; rank], ..w.clone() };
    let y = scatter_chosen(e, &padded, &source, &zero, &plain, &select, scatter)?;
    without_room(e, &ops::convert(e, &y, original)?, w, operand.shape())
}

/// An array with padding and gaps that are elements.
fn with_room(e: &Emitter<'_>, x: &Value, element: Scalar, w: &Window) -> Result<Value> {
    let sides = w.padding.iter().zip(&w.base_dilation);
    let padding_config = sides.map(|((low, high), gap)| (*low, *high, *gap as i64 - 1)).collect();
    ops::bind1(e, Pad { padding_config }, &[x.clone(), scalar(x.ty().dtype, element)])
}

/// The elements that are no padding; those that were cut off are zero.
fn without_room(e: &Emitter<'_>, y: &Value, w: &Window, shape: &Shape) -> Result<Value> {
    let config: Vec<_> = w.padding.iter().map(|(low, high)| (-low, -high, 0)).collect();
    let y = ops::pad_zeros(e, y, &config)?;
    if y.shape() == shape {
        return Ok(y);
    }
    ops::slice(e, &y, &vec![0; shape.rank()], &y.shape().clone(), &w.base_dilation)
}

/// Whether the element that was chosen stays, given another.
type Select<'a> = &'a dyn Fn(&Emitter<'_>, &[Value]) -> Result<Value>;

/// StableHLO selects from padding too and has no gaps: where there are some, the positions of the elements that are
/// chosen are found first.
fn scatter_chosen(
    e: &Emitter<'_>,
    operand: &Value,
    source: &Value,
    init: &Value,
    w: &Window,
    select: Select<'_>,
    scatter: Region,
) -> Result<Value> {
    let is_plain = !w.padding.is_empty()
        && w.padding.iter().all(|side| *side == (0, 0))
        && w.base_dilation.iter().chain(&w.window_dilation).all(|gap| *gap == 1)
        && operand.ty().dtype.bits() >= 8
        && operand.ty().numel() > 0
        && source.ty().numel() > 0;
    if !is_plain {
        let positions = chosen(e, operand, w, source.shape(), select)?;
        return scatter_at(e, operand, source, init, &positions, scatter);
    }
    let pair = [Type::scalar(operand.ty().dtype), Type::scalar(operand.ty().dtype)];
    let select = e.region(&pair, |e, v| Ok(vec![select(e, v)?]))?;
    scatter_windows(e, operand, source, init, w, [select, scatter])
}

/// The position of the element that is chosen from each window, −1 where there is none.
fn chosen(
    e: &Emitter<'_>,
    operand: &Value,
    w: &Window,
    windows: &Shape,
    select: Select<'_>,
) -> Result<Value> {
    let (original, operand) = (operand.ty().dtype, in_bytes(e, operand)?);
    let (dtype, n) = (operand.ty().dtype, operand.ty().numel());
    let types = [dtype, DType::I64, dtype, DType::I64].map(Type::scalar);
    let none = scalar(DType::I64, Scalar::Int(-1));
    let region = e.region(&types, |e, v| {
        let values = [ops::convert(e, &v[0], original)?, ops::convert(e, &v[2], original)?];
        let stays = select(e, &values)?;
        let is_none = |k: &Value| ops::compare(e, Cmp::Eq, k, &none);
        let stays = ops::binary(e, Binary::Or, &stays, &is_none(&v[3])?)?;
        let is_first = ops::unary(e, Unary::Not, &is_none(&v[1])?)?;
        let stays = ops::binary(e, Binary::And, &stays, &is_first)?;
        Ok(vec![ops::select(e, &stays, &v[0], &v[2])?, ops::select(e, &stays, &v[1], &v[3])?])
    })?;
    let numbers = ops::iota(e, DType::I64, &[n].as_slice().into(), 0)?;
    let numbers = ops::reshape(e, &numbers, operand.shape())?;
    let operands = [operand, numbers, scalar(dtype, Scalar::zero(dtype)), none.clone()];
    let results = [Type::new(dtype, windows.clone()), Type::new(DType::I64, windows.clone())];
    let mut y = e.op("stablehlo.reduce_window", &operands, &results, window(w), vec![region])?;
    Ok(y.swap_remove(1))
}

/// Elements of `source` combined with those at their positions; −1 is none.
fn scatter_at(
    e: &Emitter<'_>,
    operand: &Value,
    source: &Value,
    init: &Value,
    positions: &Value,
    scatter: Region,
) -> Result<Value> {
    let (n, count) = (operand.ty().numel(), source.ty().numel());
    let flat = Type::new(operand.ty().dtype, [n]);
    let start = ops::broadcast_in_dim(e, init, &flat.shape, [])?;
    let rows = ops::reshape(e, positions, &[count, 1].as_slice().into())?;
    let updates = ops::reshape(e, source, &[count].as_slice().into())?;
    let attributes = vec![
        ("update_window_dims", ints([])),
        ("inserted_window_dims", ints([0])),
        ("input_batching_dims", ints([])),
        ("scatter_indices_batching_dims", ints([])),
        ("scatter_dims_to_operand_dims", ints([0])),
        ("index_vector_dim", int(1)),
        ("indices_are_sorted", Attr::Bool(false)),
        ("unique_indices", Attr::Bool(false)),
    ];
    let y =
        e.one("stablehlo.scatter", &[start, rows, updates], &flat, attributes, vec![scatter])?;
    ops::reshape(e, &y, operand.shape())
}

fn scatter_windows(
    e: &Emitter<'_>,
    operand: &Value,
    source: &Value,
    init: &Value,
    w: &Window,
    [select, scatter]: [Region; 2],
) -> Result<Value> {
    let attributes = vec![
        ("window_dimensions", ints(w.dimensions.iter().copied())),
        ("window_strides", ints(w.strides.iter().copied())),
        ("padding", padding(&w.padding)),
    ];
    let operands = [operand.clone(), source.clone(), init.clone()];
    let out = operand.ty().clone();
    e.one("stablehlo.select_and_scatter", &operands, &out, attributes, vec![select, scatter])
}
