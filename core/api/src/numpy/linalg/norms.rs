//! Norms of vectors and matrices, and what follows from singular values.

use jaxrs_data::{Axes, Result, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::{matrix_dims, square, svdvals};
use crate::numpy::{self, axes_of, restore};
use crate::operands::{constant_like, to_inexact};

/// Which norm: `fro`, `nuc`, or a number, which may be `inf`; an empty word stands for 2, or `fro` of matrices.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Default,
    Frobenius,
    Nuclear,
    Number(f64),
}

fn order(name: &str, word: &str) -> Result<Order> {
    match word {
        "" => Ok(Order::Default),
        "f" | "fro" => Ok(Order::Frobenius),
        "nuc" => Ok(Order::Nuclear),
        _ => match word.parse() {
            Ok(number) => Ok(Order::Number(number)),
            Err(_) => bail!(
                InvalidArgument,
                "{name} takes ord fro, nuc or a number such as 2 or -inf, got {word:?}"
            ),
        },
    }
}

/// The norm of vectors along one axis, of matrices along two, or, without `ord` and axes, of all elements.
pub fn norm(cx: &Scope, x: &Value, ord: &str, axes: &[i64], keepdims: bool) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let rank = x.ty().rank();
    if axes.is_empty() && ord.is_empty() {
        return numpy::norm(cx, &x, &[], keepdims);
    }
    let list: Vec<i64> = if axes.is_empty() { (0..rank as i64).collect() } else { axes.to_vec() };
    match list[..] {
        [_] => vector_norm(cx, &x, ord, &list, keepdims),
        [row, col] => matrix_norm_along(cx, &x, order("norm", ord)?, (row, col), keepdims),
        _ => bail!(InvalidArgument, "norm with ord needs one axis or two, got {list:?}"),
    }
}

/// The norm of elements along axes; an empty list stands for all.
pub fn vector_norm(
    cx: &Scope,
    x: &Value,
    ord: &str,
    axes: &[i64],
    keepdims: bool,
) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let number = match order("vector_norm", ord)? {
        Order::Default => 2.0,
        Order::Number(number) => number,
        _ => bail!(InvalidArgument, "vector_norm takes a number as ord, got {ord:?}"),
    };
    if number == 2.0 {
        return numpy::norm(cx, &x, axes, keepdims);
    }
    if number == 0.0 {
        let differs = ops::compare(cx, Compare::Ne, &x, &constant_like(&x, 0.0))?;
        let ones = ops::convert(cx, &differs, x.ty().dtype.real_part())?;
        return numpy::sum(cx, &ones, axes, keepdims);
    }
    let size = numpy::abs(cx, &x)?;
    if number == f64::INFINITY {
        return largest(cx, &size, axes, keepdims);
    }
    if number == f64::NEG_INFINITY {
        return numpy::min(cx, &size, axes, keepdims);
    }
    if number == 1.0 {
        return numpy::sum(cx, &size, axes, keepdims);
    }
    let power =
        |x: &Value, y: f64| ops::binary(cx, jaxrs_ir::prims::Binary::Pow, x, &constant_like(x, y));
    let sum = numpy::sum(cx, &power(&size, number)?, axes, keepdims)?;
    power(&sum, 1.0 / number)
}

/// The largest of numbers that are not negative; 0 of none.
fn largest(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let axes: Axes = axes_of("norm", axes, x.ty().rank())?;
    if axes.iter().any(|&axis| x.shape()[axis] == 0) {
        let ones = ops::full(cx, x.ty(), jaxrs_data::Scalar::Int(0))?;
        let empty = ops::reduce_sum(cx, &ones, axes.iter().copied())?;
        return restore(cx, empty, x.shape(), &axes, keepdims);
    }
    let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
    numpy::max(cx, x, &axes, keepdims)
}

/// The norm of the matrices in the last two axes.
pub fn matrix_norm(cx: &Scope, x: &Value, ord: &str, keepdims: bool) -> Result<Value> {
    matrix_dims("matrix_norm", x)?;
    let x = to_inexact(cx, x)?;
    matrix_norm_along(cx, &x, order("matrix_norm", ord)?, (-2, -1), keepdims)
}

fn matrix_norm_along(
    cx: &Scope,
    x: &Value,
    ord: Order,
    (row, col): (i64, i64),
    keepdims: bool,
) -> Result<Value> {
    let rank = x.ty().rank();
    let (row, col) = (normalize_axis("norm", row, rank)?, normalize_axis("norm", col, rank)?);
    if row == col {
        bail!(InvalidArgument, "norm of matrices needs two different axes, got {row} twice");
    }
    let (row_axis, col_axis) = (row as i64, col as i64);
    let number = match ord {
        Order::Default | Order::Frobenius => {
            return numpy::norm(cx, x, &[row_axis, col_axis], keepdims);
        }
        Order::Nuclear => None,
        Order::Number(number) => Some(number),
    };
    // Sums of magnitudes along one axis, of which the largest or smallest counts.
    let of_sums = |along: usize, other: usize, is_max: bool| {
        let sums = numpy::sum(cx, &numpy::abs(cx, x)?, &[along as i64], true)?;
        let result = match is_max {
            true => largest(cx, &sums, &[other as i64], true)?,
            false => numpy::min(cx, &sums, &[other as i64], true)?,
        };
        if keepdims { Ok(result) } else { ops::squeeze(cx, &result, [row, col]) }
    };
    match number {
        Some(1.0) => return of_sums(row, col, true),
        Some(-1.0) => return of_sums(row, col, false),
        Some(f64::INFINITY) => return of_sums(col, row, true),
        Some(f64::NEG_INFINITY) => return of_sums(col, row, false),
        None | Some(2.0 | -2.0) => {}
        Some(other) => bail!(InvalidArgument, "norm of matrices does not know ord {other}"),
    }
    let last = [rank as i64 - 2, rank as i64 - 1];
    let s = svdvals(cx, &numpy::moveaxis(cx, x, &[row_axis, col_axis], &last)?)?;
    let result = match number {
        Some(2.0) => largest(cx, &s, &[-1], false)?,
        Some(_) => numpy::min(cx, &s, &[-1], false)?,
        None => numpy::sum(cx, &s, &[-1], false)?,
    };
    if !keepdims {
        return Ok(result);
    }
    let axes = Axes::from_distinct([row, col]);
    restore(cx, result, x.shape(), &axes, true)
}

/// How many singular values are larger than a tolerance; by default the largest times the size and the
/// precision of the type. Of vectors whether any element differs from 0.
pub fn matrix_rank(cx: &Scope, x: &Value, rtol: Option<f64>, hermitian: bool) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let integer = |truth: &Value, dtype| ops::convert(cx, truth, dtype);
    if x.ty().rank() < 2 {
        let differs = ops::compare(cx, Compare::Ne, &x, &constant_like(&x, 0.0))?;
        return integer(&numpy::any(cx, &differs, &[], false)?, jaxrs_data::DType::I32);
    }
    let (m, n) = matrix_dims("matrix_rank", &x)?;
    let s = super::spectrum::singular_values(cx, &x, hermitian)?;
    let tolerance = match rtol {
        Some(rtol) => constant_like(&s, rtol),
        None => {
            let scale = m.max(n) as f64 * epsilon(&s);
            ops::scale(cx, &numpy::max(cx, &s, &[-1], true)?, scale)?
        }
    };
    let above = numpy::greater(cx, &s, &tolerance)?;
    numpy::sum(cx, &above, &[-1], false)
}

/// The distance of 1 from the next number of the element type.
pub(super) fn epsilon(x: &Value) -> f64 {
    match x.ty().dtype.real_part() {
        jaxrs_data::DType::F64 => f64::EPSILON,
        _ => f32::EPSILON.into(),
    }
}

/// The condition numbers by a norm; by default the ratio of the largest and smallest singular value.
pub fn cond(cx: &Scope, x: &Value, ord: &str) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    if matches!(matrix_dims("cond", &x)?, (0, _) | (_, 0)) {
        bail!(Shape, "cond needs matrices that are not empty, got {}", x.ty());
    }
    let p = order("cond", ord)?;
    let ends = || -> Result<[Value; 2]> {
        let s = svdvals(cx, &x)?;
        let (last, k) = (s.ty().rank() - 1, s.shape()[s.ty().rank() - 1]);
        let at = |i: usize| ops::squeeze(cx, &ops::slice_in_dim(cx, &s, last, i, i + 1)?, [last]);
        Ok([at(0)?, at(k - 1)?])
    };
    let r = match p {
        Order::Default | Order::Number(2.0) => {
            let [first, last] = ends()?;
            return ops::div(cx, &first, &last);
        }
        Order::Number(-2.0) => {
            let [first, last] = ends()?;
            ops::div(cx, &last, &first)?
        }
        _ => {
            square("cond", &x)?;
            let of = |x: &Value| matrix_norm_along(cx, x, p, (-2, -1), false);
            ops::mul(cx, &of(&x)?, &of(&super::inv(cx, &x)?)?)?
        }
    };
    // A matrix without an inverse, unless it is not a number itself.
    let has_nan = numpy::any(cx, &numpy::isnan(cx, &x)?, &[-2, -1], false)?;
    let is_own =
        numpy::logical_and(cx, &numpy::isnan(cx, &r)?, &numpy::logical_not(cx, &has_nan)?)?;
    numpy::select(cx, &is_own, &constant_like(&r, f64::INFINITY), &r)
}
