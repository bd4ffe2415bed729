//! Factorisations and systems of equations that StableHLO has itself.

use jaxrs_data::{DType, Result};
use jaxrs_ir::prims::{Cholesky, TriangularSolve};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_linalg::Triangular;
use jaxrs_transform::Scope;

use super::unsupported_form;
use crate::tree::Op;

pub(super) fn apply(cx: &Scope, op: &Op, x: &[Value]) -> Option<Result<Value>> {
    Some(match (op.name.as_str(), x) {
        ("stablehlo.cholesky", [a]) => cholesky(cx, op, a),
        ("stablehlo.triangular_solve", [_, _]) => triangular_solve(cx, op, x),
        _ => return None,
    })
}

/// Of numbers that no routine is for, the next larger type is taken.
fn bind(cx: &Scope, prim: impl Into<Prim>, x: &[Value]) -> Result<Value> {
    let narrow = |x: &Value| x.ty().dtype.is_float() && x.ty().dtype.bits() < 32;
    let (true, Some(first)) = (x.iter().all(narrow), x.first()) else {
        return ops::bind1(cx, prim, x);
    };
    let wide = x.iter().map(|x| ops::convert(cx, x, DType::F32)).collect::<Result<Vec<_>>>()?;
    ops::convert(cx, &ops::bind1(cx, prim, &wide)?, first.ty().dtype)
}

/// The lower factor, or the upper one, its adjoint, of which the upper triangle is read.
fn cholesky(cx: &Scope, op: &Op, a: &Value) -> Result<Value> {
    if op.flag("lower")? {
        return bind(cx, Cholesky, std::slice::from_ref(a));
    }
    let factor = bind(cx, Cholesky, &[adjoint(cx, a)?])?;
    adjoint(cx, &factor)
}

fn adjoint(cx: &Scope, a: &Value) -> Result<Value> {
    let rank = a.ty().rank();
    let turned = ops::move_axis(cx, a, rank.saturating_sub(2), rank.saturating_sub(1))?;
    if a.ty().dtype.is_complex() { ops::conj(cx, &turned) } else { Ok(turned) }
}

fn triangular_solve(cx: &Scope, op: &Op, x: &[Value]) -> Result<Value> {
    let transposed = op.word("transpose_a")?;
    if !matches!(transposed, "NO_TRANSPOSE" | "TRANSPOSE" | "ADJOINT") {
        return Err(unsupported_form(op, format_args!("transpose_a {transposed}")));
    }
    let prim = TriangularSolve(Triangular {
        conjugate_a: transposed == "ADJOINT",
        left_side: op.flag("left_side")?,
        lower: op.flag("lower")?,
        transpose_a: transposed != "NO_TRANSPOSE",
        unit_diagonal: op.flag("unit_diagonal")?,
    });
    bind(cx, prim, x)
}
