//! Tangents of running products, maxima and minima, by the parallel prefix sum that JAX differentiates
//! (Blelloch, "Prefix Sums and Their Applications", 1990): no division, and ties share as in JAX.

use jaxrs_data::Result;
use jaxrs_kernel::ReduceOp;

use super::Cumulative;
use crate::prims::Binary;
use crate::prims::binary::share;
use crate::{Cx, Value, ops};

/// Elements and their tangents.
pub(super) struct Dual {
    pub(super) x: Value,
    pub(super) dx: Value,
}

/// How two parts that follow one another are combined, with their tangents.
pub(super) type Combine<'a> = &'a dyn Fn(&Dual, &Dual) -> Result<Dual>;

/// The tangent of a running reduction.
pub(super) fn cumulative(cx: Cx<'_>, prim: Cumulative, x: &Value, dx: &Value) -> Result<Value> {
    let all = Dual { x: x.clone(), dx: dx.clone() };
    prefixes(cx, prim.axis, prim.reverse, &all, &|a, b| combine(cx, prim.op, a, b))
}

/// The tangents of all prefixes along an axis.
pub(super) fn prefixes(
    cx: Cx<'_>,
    axis: usize,
    reverse: bool,
    all: &Dual,
    combine: Combine<'_>,
) -> Result<Value> {
    let turned = |value: &Value| match reverse {
        true => ops::rev(cx, value, [axis]),
        false => Ok(value.clone()),
    };
    let all = Dual { x: turned(&all.x)?, dx: turned(&all.dx)? };
    turned(&scan(cx, axis, &all, combine)?.dx)
}

fn scan(cx: Cx<'_>, axis: usize, all: &Dual, combine: Combine<'_>) -> Result<Dual> {
    let n = all.x.shape()[axis];
    if n < 2 {
        return Ok(Dual { x: all.x.clone(), dx: all.dx.clone() });
    }
    let part = |of: &Dual, start, limit, step| of.part(cx, axis, start, limit, step);
    let pairs = combine(&part(all, 0, n - 1, 2)?, &part(all, 1, n, 2)?)?;
    // The prefixes that end at odd positions, and from them those that end at even ones.
    let odd = scan(cx, axis, &pairs, combine)?;
    let n_even = n.div_ceil(2) - 1;
    let first = part(all, 0, 1, 1)?;
    let even = if n_even == 0 {
        first
    } else {
        let rest = combine(&part(&odd, 0, n_even, 1)?, &part(all, 2, n, 2)?)?;
        let joined = |a, b| ops::concatenate(cx, &[a, b], axis);
        Dual { x: joined(first.x, rest.x)?, dx: joined(first.dx, rest.dx)? }
    };
    Ok(Dual {
        x: interleave(cx, axis, &even.x, &odd.x)?,
        dx: interleave(cx, axis, &even.dx, &odd.dx)?,
    })
}

impl Dual {
    fn part(
        &self,
        cx: Cx<'_>,
        axis: usize,
        start: usize,
        limit: usize,
        step: usize,
    ) -> Result<Dual> {
        let part = |value: &Value| {
            let rank = value.ty().rank();
            let (mut starts, mut limits) = (vec![0; rank], value.shape().to_vec());
            let mut strides = vec![1; rank];
            (starts[axis], limits[axis], strides[axis]) = (start, limit, step);
            ops::slice(cx, value, &starts, &limits, &strides)
        };
        Ok(Dual { x: part(&self.x)?, dx: part(&self.dx)? })
    }
}

fn combine(cx: Cx<'_>, op: ReduceOp, a: &Dual, b: &Dual) -> Result<Dual> {
    if op == ReduceOp::Mul {
        let (left, right) = (ops::mul(cx, &a.dx, &b.x)?, ops::mul(cx, &b.dx, &a.x)?);
        return Ok(Dual { x: ops::mul(cx, &a.x, &b.x)?, dx: ops::add_any(cx, &left, &right)? });
    }
    let choose = if op == ReduceOp::Max { Binary::Max } else { Binary::Min };
    let x = ops::binary(cx, choose, &a.x, &b.x)?;
    let left = ops::mul(cx, &a.dx, &share(cx, &a.x, &b.x, &x)?)?;
    let right = ops::mul(cx, &b.dx, &share(cx, &b.x, &a.x, &x)?)?;
    Ok(Dual { x, dx: ops::add_any(cx, &left, &right)? })
}

/// Elements of two arrays in turn; the first has as many as the second, or one more.
fn interleave(cx: Cx<'_>, axis: usize, even: &Value, odd: &Value) -> Result<Value> {
    let (n_even, n_odd) = (even.shape()[axis] as i64, odd.shape()[axis] as i64);
    let spread = |value: &Value, low, high| {
        let mut config = vec![(0, 0, 0); value.ty().rank()];
        config[axis] = (low, high, 1);
        ops::pad_zeros(cx, value, &config)
    };
    let even = spread(even, 0, n_odd - n_even + 1)?;
    ops::add(cx, &even, &spread(odd, 1, n_even - n_odd)?)
}
