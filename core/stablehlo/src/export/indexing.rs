//! Reading and writing windows.

use jaxrs_data::{Axes, DType, Literal, Result, Scalar, Shape, Type};
use jaxrs_ir::prims::{Binary, Gather, IndexMode, Scatter, ScatterKind};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::{Compare as Cmp, ReduceOp};

use super::Outputs;
use super::emitter::{Emitter, Named, int, ints};
use super::shapes::as_index;
use crate::tree::Attr;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    let y = match (prim, x) {
        (Prim::Gather(p), [operand, indices]) => gather(e, p, operand, indices, &out[0]),
        (Prim::Scatter(p), [operand, indices, updates]) => scatter(e, p, operand, indices, updates),
        _ => return None,
    };
    Some(y.map(|y| vec![y]))
}

fn gather(
    e: &Emitter<'_>,
    p: &Gather,
    operand: &Value,
    indices: &Value,
    out: &Type,
) -> Result<Value> {
    let starts = as_index(e, indices)?;
    let y =
        e.op1("gather", &[operand.clone(), starts.clone()], out, gather_attributes(p, &starts))?;
    if p.mode != IndexMode::FillOrDrop {
        return Ok(y);
    }
    let limits = limits(operand.shape(), &p.start_index_map, |axis| p.slice_sizes[axis]);
    let Some(fits) = fits(e, &starts, &limits)? else { return Ok(y) };
    let batch = (0..out.rank()).filter(|axis| !p.offset_dims.contains(axis));
    let fits = ops::broadcast_in_dim(e, &fits, &out.shape, batch)?;
    let fill = Value::literal(Literal::full(out.with_weak(false), p.fill(out)));
    ops::select(e, &fits, &y, &fill)
}

fn gather_attributes(p: &Gather, indices: &Value) -> Vec<Named> {
    vec![
        ("offset_dims", ints(p.offset_dims.iter().copied())),
        ("collapsed_slice_dims", ints(p.collapsed_slice_dims.iter().copied())),
        ("operand_batching_dims", ints(p.operand_batching_dims.iter().copied())),
        ("start_indices_batching_dims", ints(p.start_indices_batching_dims.iter().copied())),
        ("start_index_map", ints(p.start_index_map.iter().copied())),
        ("index_vector_dim", int(indices.ty().rank() - 1)),
        ("slice_sizes", ints(p.slice_sizes.iter().copied())),
        ("indices_are_sorted", Attr::Bool(false)),
    ]
}

/// The last start of a window along each axis that an index has a component for.
fn limits(shape: &Shape, map: &[usize], size: impl Fn(usize) -> usize) -> Vec<i64> {
    map.iter().map(|&axis| shape[axis] as i64 - size(axis) as i64).collect()
}

fn row(limits: &[i64]) -> Value {
    let ty = Type::new(DType::I64, [limits.len()]);
    Value::literal(Literal::from_fn(ty, |k| Scalar::Int(limits[k])))
}

/// Whether all components of each index are those of a window that fits; none if indices have no components.
fn fits(e: &Emitter<'_>, starts: &Value, limits: &[i64]) -> Result<Option<Value>> {
    if limits.is_empty() {
        return Ok(None);
    }
    let last = starts.ty().rank() - 1;
    let limits = ops::broadcast_in_dim(e, &row(limits), starts.shape(), [last])?;
    let zero = Value::literal(Literal::scalar(DType::I64, Scalar::Int(0)));
    let begins = ops::compare(e, Cmp::Ge, starts, &zero)?;
    let ends = ops::compare(e, Cmp::Le, starts, &limits)?;
    let both = ops::binary(e, Binary::And, &begins, &ends)?;
    ops::reduce(e, ReduceOp::And, &both, Axes::from_distinct([last])).map(Some)
}

fn scatter(
    e: &Emitter<'_>,
    p: &Scatter,
    operand: &Value,
    indices: &Value,
    updates: &Value,
) -> Result<Value> {
    let mut starts = as_index(e, indices)?;
    if p.mode == IndexMode::Clip && !p.scatter_dims_to_operand_dims.is_empty() {
        let sizes = window_sizes(p, operand.shape(), updates.shape());
        let limits = limits(operand.shape(), &p.scatter_dims_to_operand_dims, |axis| sizes[axis]);
        let last = starts.ty().rank() - 1;
        let limits = ops::broadcast_in_dim(e, &row(&limits), starts.shape(), [last])?;
        let zero = Value::literal(Literal::scalar(DType::I64, Scalar::Int(0)));
        starts = ops::bind1(e, jaxrs_ir::prims::Clamp, &[zero, starts, limits])?;
    }
    let element = Type::scalar(operand.ty().dtype);
    let region =
        e.region(&[element.clone(), element], |e, x| match combined(p.kind, x[0].ty().dtype) {
            Some(op) => Ok(vec![ops::binary(e, op, &x[0], &x[1])?]),
            None => Ok(vec![x[1].clone()]),
        })?;
    let operands = [operand.clone(), starts.clone(), updates.clone()];
    let attributes = scatter_attributes(p, &starts);
    e.one("stablehlo.scatter", &operands, operand.ty(), attributes, vec![region])
}

fn combined(kind: ScatterKind, dtype: DType) -> Option<Binary> {
    Some(match kind {
        ScatterKind::Set => return None,
        ScatterKind::Add if dtype.is_bool() => Binary::Or,
        ScatterKind::Mul if dtype.is_bool() => Binary::And,
        ScatterKind::Sub if dtype.is_bool() => Binary::Xor,
        ScatterKind::Add => Binary::Add,
        ScatterKind::Sub => Binary::Sub,
        ScatterKind::Mul => Binary::Mul,
        ScatterKind::Min => Binary::Min,
        ScatterKind::Max => Binary::Max,
    })
}

/// The size of a window along each axis of the operand.
fn window_sizes(p: &Scatter, operand: &Shape, updates: &Shape) -> Vec<usize> {
    let mut sizes = p.update_window_dims.iter().map(|&axis| updates[axis]);
    (0..operand.rank())
        .map(|axis| {
            let is_gone =
                p.inserted_window_dims.contains(&axis) || p.operand_batching_dims.contains(&axis);
            if is_gone { 1 } else { sizes.next().unwrap_or(1) }
        })
        .collect()
}

fn scatter_attributes(p: &Scatter, indices: &Value) -> Vec<Named> {
    vec![
        ("update_window_dims", ints(p.update_window_dims.iter().copied())),
        ("inserted_window_dims", ints(p.inserted_window_dims.iter().copied())),
        ("input_batching_dims", ints(p.operand_batching_dims.iter().copied())),
        ("scatter_indices_batching_dims", ints(p.scatter_indices_batching_dims.iter().copied())),
        ("scatter_dims_to_operand_dims", ints(p.scatter_dims_to_operand_dims.iter().copied())),
        ("index_vector_dim", int(indices.ty().rank() - 1)),
        ("indices_are_sorted", Attr::Bool(false)),
        ("unique_indices", Attr::Bool(p.unique_indices)),
    ]
}
