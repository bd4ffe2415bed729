//! Running reductions.

use jaxrs_data::{DType, Result, normalize_axis};
use jaxrs_ir::prims::Cumulative;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::ReduceOp;
use jaxrs_transform::Scope;

use crate::operands::convert;

fn running(
    cx: &Scope,
    op: ReduceOp,
    name: &str,
    x: &Value,
    axis: Option<i64>,
    reverse: bool,
) -> Result<Value> {
    let is_bool = x.ty().dtype.is_bool();
    let x = convert(cx, x, if is_bool { cx.defaults().int() } else { x.ty().dtype }, false)?;
    let (x, axis) = match axis {
        Some(axis) => {
            let axis = normalize_axis(name, axis, x.ty().rank())?;
            (x, axis)
        }
        None => (ops::reshape(cx, &x, &[x.ty().numel()].into())?, 0),
    };
    let is_half = matches!(x.ty().dtype, DType::F16 | DType::BF16);
    let wide = if is_half { convert(cx, &x, DType::F32, x.ty().weak)? } else { x.clone() };
    let result = ops::bind1(cx, Cumulative { op, axis, reverse }, &[wide])?;
    if is_half { convert(cx, &result, x.ty().dtype, x.ty().weak) } else { Ok(result) }
}

macro_rules! cumulative {
    ($($(#[$doc:meta])* $name:ident => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value, axis: Option<i64>, reverse: bool) -> Result<Value> {
            running(cx, ReduceOp::$op, stringify!($name), x, axis, reverse)
        })*
    };
}

cumulative! {
    /// The sums of all elements up to each one along an axis; without an axis, of the flattened array.
    cumsum => Add,
    /// The products of all elements up to each one along an axis.
    cumprod => Mul,
    /// The largest of all elements up to each one along an axis.
    cummax => Max,
    /// The smallest of all elements up to each one along an axis.
    cummin => Min,
}
