//! Comparisons, logic, choice.

use jaxrs_data::promote;
use jaxrs_data::{DType, Result, Shape, bail};
use jaxrs_ir::prims::{Binary, SelectN, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::operands::{aligned, broadcast, broadcast_shape, constant_like, convert, promoted};

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident, $short:literal => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
            let [x, y] = aligned(cx, $short, promoted(cx, [x, y])?)?;
            compare(cx, Compare::$op, &x, &y)
        })*
    };
}

/// Complex numbers are ordered by real part, then imaginary part.
fn compare(cx: &Scope, op: Compare, x: &Value, y: &Value) -> Result<Value> {
    if !x.ty().dtype.is_complex() || matches!(op, Compare::Eq | Compare::Ne) {
        return ops::compare(cx, op, x, y);
    }
    let (x_re, y_re) = (ops::real(cx, x)?, ops::real(cx, y)?);
    let by_re = ops::compare(cx, op, &x_re, &y_re)?;
    let by_im = ops::compare(cx, op, &ops::imag(cx, x)?, &ops::imag(cx, y)?)?;
    let is_tied = ops::compare(cx, Compare::Eq, &x_re, &y_re)?;
    ops::select(cx, &is_tied, &by_im, &by_re)
}

comparisons! {
    /// `x == y`.
    equal, "eq" => Eq,
    /// `x != y`.
    not_equal, "ne" => Ne,
    /// `x < y`.
    less, "lt" => Lt,
    /// `x <= y`.
    less_equal, "le" => Le,
    /// `x > y`.
    greater, "gt" => Gt,
    /// `x >= y`.
    greater_equal, "ge" => Ge,
}

/// Whether elements differ from zero.
pub fn to_bool(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_bool() {
        return Ok(x.clone());
    }
    ops::compare(cx, Compare::Ne, x, &constant_like(x, 0.0))
}

macro_rules! logical {
    ($($(#[$doc:meta])* $name:ident => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
            let operands = [to_bool(cx, x)?, to_bool(cx, y)?];
            let [x, y] = aligned(cx, stringify!($name), operands)?;
            ops::binary(cx, Binary::$op, &x, &y)
        })*
    };
}

logical! {
    /// Whether both differ from zero.
    logical_and => And,
    /// Whether any differs from zero.
    logical_or => Or,
    /// Whether exactly one differs from zero.
    logical_xor => Xor,
}

/// Whether elements are zero.
pub fn logical_not(cx: &Scope, x: &Value) -> Result<Value> {
    ops::unary(cx, Unary::Not, &to_bool(cx, x)?)
}

macro_rules! bitwise {
    ($($(#[$doc:meta])* $name:ident, $short:literal => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
            let [x, y] = aligned(cx, $short, promoted(cx, [x, y])?)?;
            ops::binary(cx, Binary::$op, &x, &y)
        })*
    };
}

bitwise! {
    /// Bitwise and of integers, logical and of truth values.
    bitwise_and, "and" => And,
    /// Bitwise or of integers, logical or of truth values.
    bitwise_or, "or" => Or,
    /// Bitwise exclusive or.
    bitwise_xor, "xor" => Xor,
    /// `x` shifted left by `y` bits; 0 from the width on.
    left_shift, "shift_left" => ShiftLeft,
    /// `x` shifted right by `y` bits with the sign coming in.
    right_shift, "shift_right_arithmetic" => ShiftRightArithmetic,
    /// `x` shifted right by `y` bits with zeros coming in.
    right_shift_logical, "shift_right_logical" => ShiftRightLogical,
}

/// Bitwise complement of integers, negation of truth values.
pub fn bitwise_not(cx: &Scope, x: &Value) -> Result<Value> {
    ops::unary(cx, Unary::Not, x)
}

/// Whether elements are NaN.
pub fn isnan(cx: &Scope, x: &Value) -> Result<Value> {
    ops::compare(cx, Compare::Ne, x, x)
}

/// Whether elements are infinite.
pub fn isinf(cx: &Scope, x: &Value) -> Result<Value> {
    if !x.ty().dtype.is_inexact() {
        return constant_bool(cx, x.shape(), false);
    }
    if x.ty().dtype.is_complex() {
        let (re, im) = (isinf(cx, &ops::real(cx, x)?)?, isinf(cx, &ops::imag(cx, x)?)?);
        return ops::binary(cx, Binary::Or, &re, &im);
    }
    let magnitude = super::abs(cx, x)?;
    ops::compare(cx, Compare::Eq, &magnitude, &constant_like(&magnitude, f64::INFINITY))
}

/// Whether elements are neither NaN nor infinite.
pub fn isfinite(cx: &Scope, x: &Value) -> Result<Value> {
    if !x.ty().dtype.is_inexact() {
        return constant_bool(cx, x.shape(), true);
    }
    if x.ty().dtype.is_complex() {
        let (re, im) = (isfinite(cx, &ops::real(cx, x)?)?, isfinite(cx, &ops::imag(cx, x)?)?);
        return ops::binary(cx, Binary::And, &re, &im);
    }
    crate::lax::is_finite(cx, x)
}

fn constant_bool(cx: &Scope, shape: &Shape, value: bool) -> Result<Value> {
    super::full(cx, shape, f64::from(u8::from(value)), DType::Bool)
}

/// `if_true` where the condition holds, else `if_false`; both of one element type and broadcast.
pub(crate) fn select(
    cx: &Scope,
    condition: &Value,
    if_true: &Value,
    if_false: &Value,
) -> Result<Value> {
    select_named(cx, "select", condition, if_true, if_false)
}

fn select_named(
    cx: &Scope,
    name: &str,
    condition: &Value,
    if_true: &Value,
    if_false: &Value,
) -> Result<Value> {
    let shape = broadcast_shape(name, &[condition.shape(), if_true.shape(), if_false.shape()])?;
    let cases = [if_false, if_true].map(|case| broadcast(cx, name, case, &shape));
    let [if_false, if_true] = cases;
    let condition = match condition.ty().rank() {
        0 => condition.clone(),
        _ => broadcast(cx, name, condition, &shape)?,
    };
    ops::bind1(cx, SelectN, &[condition, if_false?, if_true?])
}

/// `x` where the condition is not zero, else `y`.
pub fn r#where(cx: &Scope, condition: &Value, x: &Value, y: &Value) -> Result<Value> {
    let (dtype, weak) = promote::promote([x.ty(), y.ty()], cx.defaults())?;
    let (x, y) = (convert(cx, x, dtype, weak)?, convert(cx, y, dtype, weak)?);
    select_named(cx, "where", &to_bool(cx, condition)?, &x, &y)
}

/// `x` converted to an element type, strong. A complex number is true if any part differs from zero;
/// converted to anything else that is not complex, it loses its imaginary part.
pub fn astype(cx: &Scope, x: &Value, dtype: DType) -> Result<Value> {
    if x.ty().dtype.is_complex() && dtype.is_bool() {
        return to_bool(cx, x);
    }
    convert(cx, x, dtype, false)
}

/// One row of zeros and a one for each index; indices out of range give zeros.
pub fn one_hot(cx: &Scope, x: &Value, num_classes: i64, dtype: DType, axis: i64) -> Result<Value> {
    let Ok(classes) = usize::try_from(num_classes) else {
        bail!(InvalidArgument, "one_hot needs num_classes of at least 0, got {num_classes}");
    };
    let rank = x.ty().rank();
    let axis = jaxrs_data::normalize_axis("one_hot", axis, rank + 1)?;
    let expanded = ops::expand_dim(cx, x, axis)?;
    let counted: Shape = (0..=rank).map(|i| if i == axis { classes } else { 1 }).collect();
    let positions = ops::iota(cx, x.ty().dtype, &counted, axis)?;
    astype(cx, &equal(cx, &expanded, &positions)?, dtype)
}
