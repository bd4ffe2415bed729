//! Complex numbers: their parts, angles and conjugates. Real operands count as complex numbers on the axis.

use jaxrs_data::{DType, Result};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::operands::{constant_like, convert};

/// The real part; real operands are their own.
pub fn real(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() { ops::real(cx, x) } else { Ok(x.clone()) }
}

/// The imaginary part: zeros for real operands.
pub fn imag(cx: &Scope, x: &Value) -> Result<Value> {
    match x.ty().dtype.is_complex() {
        true => ops::imag(cx, x),
        false => ops::full(cx, x.ty(), jaxrs_data::Scalar::Int(0)),
    }
}

/// The conjugate; real operands are their own.
pub fn conj(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() { ops::conj(cx, x) } else { Ok(x.clone()) }
}

/// The angle between the positive real axis and each number, in radians, or in degrees. Integers become
/// default floats, whatever their width, as in JAX.
pub fn angle(cx: &Scope, x: &Value, deg: bool) -> Result<Value> {
    let float = cx.defaults().float();
    let is_exact = !x.ty().dtype.is_inexact();
    let x = if is_exact { convert(cx, x, float, x.ty().weak)? } else { x.clone() };
    let angle = ops::binary(cx, Binary::Atan2, &imag(cx, &x)?, &real(cx, &x)?)?;
    if deg { ops::scale(cx, &angle, 180.0 / std::f64::consts::PI) } else { Ok(angle) }
}

/// Whether the imaginary part differs from zero.
pub fn iscomplex(cx: &Scope, x: &Value) -> Result<Value> {
    by_imaginary_part(cx, Compare::Ne, x)
}

/// Whether the imaginary part is zero.
pub fn isreal(cx: &Scope, x: &Value) -> Result<Value> {
    by_imaginary_part(cx, Compare::Eq, x)
}

fn by_imaginary_part(cx: &Scope, op: Compare, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() {
        let imag = ops::imag(cx, x)?;
        return ops::compare(cx, op, &imag, &constant_like(&imag, 0.0));
    }
    let holds = f64::from(u8::from(op == Compare::Eq));
    super::full(cx, x.shape(), holds, DType::Bool)
}

/// |x|² as a real number.
pub(crate) fn squared_magnitude(cx: &Scope, x: &Value) -> Result<Value> {
    match x.ty().dtype.is_complex() {
        true => ops::real(cx, &ops::mul(cx, x, &ops::conj(cx, x)?)?),
        false => super::square(cx, x),
    }
}

/// A function of real numbers on each part.
pub(crate) fn by_parts(
    cx: &Scope,
    x: &Value,
    f: impl Fn(&Scope, &Value) -> Result<Value>,
) -> Result<Value> {
    ops::complex(cx, &f(cx, &ops::real(cx, x)?)?, &f(cx, &ops::imag(cx, x)?)?)
}
