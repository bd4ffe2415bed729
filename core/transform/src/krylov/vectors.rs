//! Arithmetic of vectors that are several arrays.

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Cx, Value, ops};
use jaxrs_kernel::Compare;

/// The element type of vectors.
#[derive(Clone, Copy)]
pub(super) struct Vectors {
    pub(super) dtype: DType,
}

impl Vectors {
    pub(super) fn like(what: &str, b: &[Value]) -> Result<Vectors> {
        let Some(first) = b.first() else {
            bail!(InvalidArgument, "{what} needs at least one value of b, got none");
        };
        let dtype = first.ty().dtype;
        for (k, b) in b.iter().enumerate() {
            if b.ty().dtype != dtype || !dtype.is_inexact() {
                bail!(
                    Dtype,
                    "{what} needs a right hand side of one float or complex type, got {} as value {k}",
                    b.ty()
                );
            }
        }
        Ok(Vectors { dtype })
    }

    pub(super) fn is_complex(self) -> bool {
        self.dtype.is_complex()
    }

    /// The conjugate, of the same type.
    pub(super) fn conj(self, cx: Cx<'_>, x: &Value) -> Result<Value> {
        if self.is_complex() { ops::conj(cx, x) } else { Ok(x.clone()) }
    }

    /// The real number as an element.
    pub(super) fn element(self, cx: Cx<'_>, x: &Value) -> Result<Value> {
        ops::convert(cx, x, self.dtype)
    }

    /// The sum of products, the first factors conjugated.
    pub(super) fn dot(self, cx: Cx<'_>, x: &[Value], y: &[Value]) -> Result<Value> {
        sum(cx, x, y, |x, y| {
            let product = ops::mul(cx, &self.conj(cx, x)?, y)?;
            ops::reduce_sum_all(cx, &product)
        })
    }

    /// The real part of [`Vectors::dot`].
    pub(super) fn real_dot(self, cx: Cx<'_>, x: &[Value], y: &[Value]) -> Result<Value> {
        let product = |x: &Value, y: &Value| ops::reduce_sum_all(cx, &ops::mul(cx, x, y)?);
        sum(cx, x, y, |x, y| {
            if !self.is_complex() {
                return product(x, y);
            }
            let re = product(&ops::real(cx, x)?, &ops::real(cx, y)?)?;
            let im = product(&ops::imag(cx, x)?, &ops::imag(cx, y)?)?;
            ops::add(cx, &re, &im)
        })
    }

    /// The square of the norm.
    pub(super) fn norm2(self, cx: Cx<'_>, x: &[Value]) -> Result<Value> {
        self.real_dot(cx, x, x)
    }
}

fn sum(
    cx: Cx<'_>,
    x: &[Value],
    y: &[Value],
    f: impl Fn(&Value, &Value) -> Result<Value>,
) -> Result<Value> {
    let mut total: Option<Value> = None;
    for (x, y) in x.iter().zip(y) {
        let part = f(x, y)?;
        total = Some(match total {
            Some(total) => ops::add(cx, &total, &part)?,
            None => part,
        });
    }
    match total {
        Some(total) => Ok(total),
        None => bail!(InvalidArgument, "a vector without values has no products"),
    }
}

/// `x ± factor · y`.
pub(super) fn add_scaled(
    cx: Cx<'_>,
    x: &[Value],
    op: Binary,
    factor: &Value,
    y: &[Value],
) -> Result<Vec<Value>> {
    let one = |(x, y): (&Value, &Value)| ops::binary(cx, op, x, &ops::mul(cx, factor, y)?);
    x.iter().zip(y).map(one).collect()
}

pub(super) fn sub(cx: Cx<'_>, x: &[Value], y: &[Value]) -> Result<Vec<Value>> {
    x.iter().zip(y).map(|(x, y)| ops::sub(cx, x, y)).collect()
}

/// `if_true` or `if_false`, by a scalar.
pub(super) fn choose(
    cx: Cx<'_>,
    condition: &Value,
    if_true: &[Value],
    if_false: &[Value],
) -> Result<Vec<Value>> {
    let pairs = if_true.iter().zip(if_false);
    pairs.map(|(a, b)| ops::select(cx, condition, a, b)).collect()
}

pub(super) fn and(cx: Cx<'_>, a: &Value, b: &Value) -> Result<Value> {
    ops::binary(cx, Binary::And, a, b)
}

pub(super) fn or(cx: Cx<'_>, a: &Value, b: &Value) -> Result<Value> {
    ops::binary(cx, Binary::Or, a, b)
}

/// A counter.
pub(super) fn int(value: i64) -> Value {
    Value::literal(Literal::full(Type::scalar(DType::I32), Scalar::Int(value)))
}

pub(super) fn is_zero(cx: Cx<'_>, x: &Value) -> Result<Value> {
    ops::compare(cx, Compare::Eq, x, &ops::scalar_like(x, 0.0))
}
