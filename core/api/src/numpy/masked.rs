//! Reductions of the elements that a mask picks, and from a value to start with: what JAX calls `where` and `initial`.

use jaxrs_data::{Axes, DType, Result, bail};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::ReduceOp;
use jaxrs_transform::Scope;

use super::reductions::{accumulate, axes_of, reduce};
use super::statistics::without_nan;
use crate::formula::Term;
use crate::operands::{broadcast, constant, constant_like, convert, inexact, to_inexact};

/// What a reduction runs over.
#[derive(Clone, Copy, Debug)]
pub struct Among<'a> {
    /// Which axes; none stands for all.
    pub axes: &'a [i64],
    /// Whether reduced axes stay with size 1.
    pub keepdims: bool,
    /// Which elements, by truth values that broadcast to the operand.
    pub mask: &'a Value,
}

impl Among<'_> {
    /// `x` with a constant in the place of elements that are not picked.
    fn pick(&self, cx: &Scope, name: &str, x: &Value, other: f64) -> Result<Value> {
        if !self.mask.ty().dtype.is_bool() {
            bail!(Dtype, "{name} needs a mask of truth values, got {}", self.mask.ty());
        }
        let dtype = x.ty().dtype;
        // The infinities are the bounds of all types; truth values have two.
        let other = if dtype.is_bool() { f64::from(u8::from(other > 0.0)) } else { other };
        super::select(cx, self.mask, x, &constant_like(x, other))
    }

    fn axes_of(&self, name: &str, x: &Value) -> Result<Axes> {
        axes_of(name, self.axes, x.ty().rank())
    }

    fn kept(&self) -> Self {
        Among { keepdims: true, ..*self }
    }

    /// How many elements are picked.
    pub(crate) fn count(&self, cx: &Scope, name: &str, x: &Value, dtype: DType) -> Result<Value> {
        let picked = broadcast(cx, name, self.mask, x.shape())?;
        let axes = self.axes_of(name, x)?;
        reduce(cx, ReduceOp::Add, &convert(cx, &picked, dtype, false)?, &axes, self.keepdims)
    }
}

/// The reduced value with the value to start with, which a reduction in any order takes at its end.
fn started(
    cx: &Scope,
    name: &str,
    op: Binary,
    initial: Option<&Value>,
    reduced: Value,
) -> Result<Value> {
    let Some(initial) = initial else {
        return Ok(reduced);
    };
    if initial.ty().rank() > 0 {
        bail!(Shape, "{name} needs one initial value, got {}", initial.ty());
    }
    let initial = convert(cx, initial, reduced.ty().dtype, false)?;
    ops::binary(cx, op, &initial, &reduced)
}

fn accumulated(
    cx: &Scope,
    (name, op, then, neutral): (&str, ReduceOp, Binary, f64),
    x: &Value,
    among: Among<'_>,
    initial: Option<&Value>,
) -> Result<Value> {
    let axes = among.axes_of(name, x)?;
    let x = among.pick(cx, name, x, neutral)?;
    let finish = |sum| started(cx, name, then, initial, sum);
    accumulate(cx, op, &x, (&axes, among.keepdims), finish)
}

/// The sum of picked elements, and of an initial value.
pub fn sum_where(
    cx: &Scope,
    x: &Value,
    among: Among<'_>,
    initial: Option<&Value>,
) -> Result<Value> {
    accumulated(cx, ("reduce_sum_where", ReduceOp::Add, Binary::Add, 0.0), x, among, initial)
}

/// The product of picked elements, and of an initial value.
pub fn prod_where(
    cx: &Scope,
    x: &Value,
    among: Among<'_>,
    initial: Option<&Value>,
) -> Result<Value> {
    accumulated(cx, ("reduce_prod_where", ReduceOp::Mul, Binary::Mul, 1.0), x, among, initial)
}

/// The largest or smallest of picked elements and the initial value, without which there may be none.
fn extremum(
    cx: &Scope,
    is_max: bool,
    x: &Value,
    among: Among<'_>,
    initial: &Value,
) -> Result<Value> {
    let (name, op, then, neutral) = match is_max {
        true => ("reduce_max_where", ReduceOp::Max, Binary::Max, f64::NEG_INFINITY),
        false => ("reduce_min_where", ReduceOp::Min, Binary::Min, f64::INFINITY),
    };
    let axes = among.axes_of(name, x)?;
    let reduced = reduce(cx, op, &among.pick(cx, name, x, neutral)?, &axes, among.keepdims)?;
    started(cx, name, then, Some(initial), reduced)
}

/// The largest of picked elements and the initial value.
pub fn max_where(cx: &Scope, x: &Value, among: Among<'_>, initial: &Value) -> Result<Value> {
    extremum(cx, true, x, among, initial)
}

/// The smallest of picked elements and the initial value.
pub fn min_where(cx: &Scope, x: &Value, among: Among<'_>, initial: &Value) -> Result<Value> {
    extremum(cx, false, x, among, initial)
}

/// Whether all picked elements differ from zero.
pub fn all_where(cx: &Scope, x: &Value, among: Among<'_>) -> Result<Value> {
    let picked = among.pick(cx, "all_where", &super::to_bool(cx, x)?, 1.0)?;
    super::all(cx, &picked, among.axes, among.keepdims)
}

/// Whether any picked element differs from zero.
pub fn any_where(cx: &Scope, x: &Value, among: Among<'_>) -> Result<Value> {
    let picked = among.pick(cx, "any_where", &super::to_bool(cx, x)?, 0.0)?;
    super::any(cx, &picked, among.axes, among.keepdims)
}

/// The element type of a mean, and the one in which it is computed.
fn of_mean(cx: &Scope, x: &Value) -> (DType, DType) {
    let dtype = inexact(x.ty().dtype, x.ty().weak, cx.defaults());
    let is_half = matches!(dtype, DType::F16 | DType::BF16);
    (dtype, if is_half { DType::F32 } else { dtype })
}

/// The arithmetic mean of picked elements; NaN if there are none.
pub fn mean_where(cx: &Scope, x: &Value, among: Among<'_>) -> Result<Value> {
    let (dtype, wide) = of_mean(cx, x);
    let wide_x = convert(cx, x, wide, false)?;
    let count = among.count(cx, "mean_where", x, wide)?;
    let mean = ops::div(cx, &sum_where(cx, &wide_x, among, None)?, &count)?;
    convert(cx, &mean, dtype, false)
}

/// The variance of picked elements, with `ddof` fewer in the divisor; NaN if that is not positive.
pub fn var_where(cx: &Scope, x: &Value, among: Among<'_>, ddof: f64) -> Result<Value> {
    let (dtype, wide) = of_mean(cx, x);
    let x = convert(cx, x, wide, false)?;
    let centred = super::subtract(cx, &x, &mean_where(cx, &x, among.kept())?)?;
    let squares = super::complex::squared_magnitude(cx, &centred)?;
    let real = squares.ty().dtype;
    let count = among.count(cx, "var_where", &x, real)?;
    let divisor = Term::new(cx, &count) - ddof;
    let sum = Term::new(cx, &sum_where(cx, &squares, among, None)?);
    let variance = (&sum / &divisor).unless(&divisor.at_most(&divisor.constant(0.0)), f64::NAN);
    convert(cx, &variance.done()?, if dtype.is_complex() { real } else { dtype }, false)
}

/// The square root of [`var_where`].
pub fn std_where(cx: &Scope, x: &Value, among: Among<'_>, ddof: f64) -> Result<Value> {
    super::sqrt(cx, &var_where(cx, x, among, ddof)?)
}

/// The sum of picked elements that are not NaN, and of an initial value.
pub fn nansum_where(
    cx: &Scope,
    x: &Value,
    among: Among<'_>,
    initial: Option<&Value>,
) -> Result<Value> {
    sum_where(cx, &without_nan(cx, x, 0.0)?, among, initial)
}

/// The product of picked elements that are not NaN, and of an initial value.
pub fn nanprod_where(
    cx: &Scope,
    x: &Value,
    among: Among<'_>,
    initial: Option<&Value>,
) -> Result<Value> {
    prod_where(cx, &without_nan(cx, x, 1.0)?, among, initial)
}

/// The largest of the initial value and picked elements that are not NaN.
pub fn nanmax_where(cx: &Scope, x: &Value, among: Among<'_>, initial: &Value) -> Result<Value> {
    max_where(cx, &without_nan(cx, x, f64::NEG_INFINITY)?, among, initial)
}

/// The smallest of the initial value and picked elements that are not NaN.
pub fn nanmin_where(cx: &Scope, x: &Value, among: Among<'_>, initial: &Value) -> Result<Value> {
    min_where(cx, &without_nan(cx, x, f64::INFINITY)?, among, initial)
}

/// How many picked elements are not NaN.
fn numbers(cx: &Scope, x: &Value, among: Among<'_>, dtype: DType) -> Result<Value> {
    let numbers = super::logical_not(cx, &super::isnan(cx, x)?)?;
    sum_where(cx, &convert(cx, &numbers, dtype, false)?, among, None)
}

/// The mean of picked elements that are not NaN; NaN if there are none.
pub fn nanmean_where(cx: &Scope, x: &Value, among: Among<'_>) -> Result<Value> {
    if !x.ty().dtype.is_inexact() {
        return mean_where(cx, x, among);
    }
    let sum = nansum_where(cx, x, among, None)?;
    ops::div(cx, &sum, &numbers(cx, x, among, sum.ty().dtype)?)
}

/// The variance of picked elements that are not NaN; NaN if there are no more than `ddof`.
pub fn nanvar_where(cx: &Scope, x: &Value, among: Among<'_>, ddof: f64) -> Result<Value> {
    let (dtype, wide) = of_mean(cx, x);
    let x = convert(cx, x, wide, false)?;
    let centred = super::subtract(cx, &x, &nanmean_where(cx, &x, among.kept())?)?;
    // The derivative of what is NaN must not meet the mean's.
    let nan = super::isnan(cx, &x)?;
    let centred = super::select(cx, &nan, &constant_like(&centred, 0.0), &centred)?;
    let squares = super::complex::squared_magnitude(cx, &centred)?;
    let real = squares.ty().dtype;
    let sum = Term::new(cx, &sum_where(cx, &squares, among, None)?);
    let n = Term::new(cx, &numbers(cx, &x, among, real)?) - ddof;
    let none = n.at_most(&n.constant(0.0));
    let variance = sum.unless(&none, f64::NAN) / n.unless(&none, 1.0);
    convert(cx, &variance.done()?, if dtype.is_complex() { real } else { dtype }, false)
}

/// The square root of [`nanvar_where`].
pub fn nanstd_where(cx: &Scope, x: &Value, among: Among<'_>, ddof: f64) -> Result<Value> {
    super::sqrt(cx, &nanvar_where(cx, x, among, ddof)?)
}

/// `log(sum(b · exp(x)))` of picked elements, without overflow, with factors `b` or without; and the sign of the sum, if
/// that is asked for, whose magnitude it is then. Else a negative sum gives NaN.
pub fn logsumexp_where(
    cx: &Scope,
    x: &Value,
    among: Among<'_>,
    (b, with_sign): (Option<&Value>, bool),
) -> Result<Vec<Value>> {
    let x = among.pick(cx, "logsumexp_where", x, 0.0)?;
    let (x, b) = match b {
        None => (to_inexact(cx, &x)?, None),
        Some(b) => {
            let [x, b] = crate::operands::promoted_inexact(cx, [&x, b])?;
            let none = constant(x.ty().dtype, f64::NEG_INFINITY);
            (super::select(cx, &super::to_bool(cx, &b)?, &x, &none)?, Some(b))
        }
    };
    let lowest = constant(DType::F32, f64::NEG_INFINITY);
    let largest = max_where(cx, &super::real(cx, &x)?, among.kept(), &lowest)?;
    let shift = super::select(
        cx,
        &super::isfinite(cx, &largest)?,
        &largest,
        &constant_like(&largest, 0.0),
    )?;
    let shift = crate::lax::stop_gradient(cx, &shift)?;
    let exp =
        super::exp(cx, &super::subtract(cx, &x, &convert(cx, &shift, x.ty().dtype, false)?)?)?;
    let terms = match &b {
        Some(b) => super::multiply(cx, &exp, b)?,
        None => exp,
    };
    let sum = sum_where(cx, &terms, among.kept(), None)?;
    let sign = super::sign(cx, &sum)?;
    let is_complex = x.ty().dtype.is_complex();
    let sum = if with_sign || !is_complex { super::abs(cx, &sum)? } else { sum };
    let mut result = super::add(cx, &super::log(cx, &sum)?, &shift)?;
    if b.is_some() && !with_sign && !is_complex {
        let negative = Term::new(cx, &sign).below(0.0);
        result = Term::new(cx, &result).unless(&negative, f64::NAN).done()?;
    }
    let mut results = vec![result];
    results.extend(with_sign.then_some(sign));
    if among.keepdims {
        return Ok(results);
    }
    let axes = among.axes_of("logsumexp_where", &x)?;
    results.iter().map(|x| ops::squeeze(cx, x, axes.iter().copied())).collect()
}
