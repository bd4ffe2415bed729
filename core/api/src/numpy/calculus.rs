//! Differences, sums along curves, interpolation, windows.

use jaxrs_data::{Result, Shape, SmallVec, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::index::Index;
use super::shapes::{part, part_along};
use crate::formula::Term;
use crate::operands::{constant_like, promoted, promoted_inexact, to_inexact};

/// The `n`-th differences of neighbours along an axis; of truth values, whether they differ.
pub fn diff(cx: &Scope, x: &Value, n: i64, axis: i64) -> Result<Value> {
    if n < 0 || x.ty().rank() == 0 {
        bail!(
            InvalidArgument,
            "diff needs at least 1 axis and an order of at least 0, got {} and {n}",
            x.ty()
        );
    }
    let axis = normalize_axis("diff", axis, x.ty().rank())?;
    let mut result = x.clone();
    for _ in 0..n {
        let (after, before) = (
            part_along(cx, &result, axis, Some(1), None)?,
            part_along(cx, &result, axis, None, Some(-1))?,
        );
        result = match x.ty().dtype.is_bool() {
            true => super::not_equal(cx, &after, &before)?,
            false => ops::sub(cx, &after, &before)?,
        };
    }
    Ok(result)
}

/// The differences of neighbours in the flattened array.
pub fn ediff1d(cx: &Scope, x: &Value) -> Result<Value> {
    let flat = super::ravel(cx, x)?;
    ops::sub(
        cx,
        &part_along(cx, &flat, 0, Some(1), None)?,
        &part_along(cx, &flat, 0, None, Some(-1))?,
    )
}

/// The gradient along some axes, by central differences; at the ends by one-sided ones. Spacings are numbers, or the
/// places along an axis: one for all axes, or one for each.
pub fn gradient(cx: &Scope, x: &Value, spacings: &[Value], axes: &[i64]) -> Result<Vec<Value>> {
    let axes: SmallVec<[usize; 4]> = match axes {
        [] => (0..x.ty().rank()).collect(),
        axes => axes
            .iter()
            .map(|&axis| normalize_axis("gradient", axis, x.ty().rank()))
            .collect::<Result<_>>()?,
    };
    if spacings.len() > 1 && spacings.len() != axes.len() {
        bail!(
            InvalidArgument,
            "gradient needs 1 spacing or {}, got {}",
            axes.len(),
            spacings.len()
        );
    }
    if axes.iter().any(|&axis| x.shape()[axis] < 2) {
        bail!(Shape, "gradient needs at least 2 elements along each axis, got {}", x.ty());
    }
    let x = to_inexact(cx, x)?;
    let one = constant_like(&x, 1.0);
    let spacing = |i: usize| spacings.get(if spacings.len() == 1 { 0 } else { i }).unwrap_or(&one);
    axes.iter().enumerate().map(|(i, &axis)| along(cx, &x, spacing(i), axis)).collect()
}

fn along(cx: &Scope, x: &Value, spacing: &Value, axis: usize) -> Result<Value> {
    let [x, spacing] = promoted_inexact(cx, [x, spacing])?;
    let between = |x: &Value, start: Option<i64>, stop: Option<i64>| {
        part_along(cx, x, axis, start, stop).map(|part| Term::new(cx, &part))
    };
    let of = |start, stop| between(&x, start, stop);
    let first = of(Some(1), Some(2))? - of(Some(0), Some(1))?;
    let last = of(Some(-1), None)? - of(Some(-2), Some(-1))?;
    if spacing.ty().rank() == 0 {
        let h = Term::new(cx, &spacing);
        let inner = (of(Some(2), None)? - of(None, Some(-2))?) * 0.5 / &h;
        let parts = [(first / &h).done()?, inner.done()?, (last / &h).done()?];
        return ops::concatenate(cx, &parts, axis);
    }
    if spacing.shape()[..] != [x.shape()[axis]] {
        bail!(
            Shape,
            "gradient needs a place for each element along axis {axis} of {}, got {}",
            x.ty(),
            spacing.ty()
        );
    }
    let shape: Shape =
        (0..x.ty().rank()).map(|i| if i == axis { x.shape()[axis] } else { 1 }).collect();
    let places = ops::reshape(cx, &spacing, &shape)?;
    let place = |start, stop| between(&places, start, stop);
    let first = first / (place(Some(1), Some(2))? - place(Some(0), Some(1))?);
    let last = last / (place(Some(-1), None)? - place(Some(-2), Some(-1))?);
    let before = place(Some(1), Some(-1))? - place(Some(0), Some(-2))?;
    let after = place(Some(2), None)? - place(Some(1), Some(-1))?;
    let a = -&after / (&before * (&before + &after));
    let b = (&after - &before) / (&before * &after);
    let c = &before / (&after * (&before + &after));
    let inner = a * of(Some(0), Some(-2))? + b * of(Some(1), Some(-1))? + c * of(Some(2), None)?;
    ops::concatenate(cx, &[first.done()?, inner.done()?, last.done()?], axis)
}

/// The area under a curve along an axis, by trapezoids, at places `x` or at equal distances.
pub fn trapezoid(cx: &Scope, y: &Value, x: Option<&Value>, dx: f64, axis: i64) -> Result<Value> {
    let [y, x] = match x {
        Some(x) => promoted_inexact(cx, [y, x])?.map(Some),
        None => [Some(to_inexact(cx, y)?), None],
    };
    let y = y.ok_or_else(|| jaxrs_data::Error::internal("trapezoid lost its curve"))?;
    let y = super::moveaxis(cx, &y, &[axis], &[-1])?;
    let last = y.ty().rank() - 1;
    let (after, before) =
        (part_along(cx, &y, last, Some(1), None)?, part_along(cx, &y, last, None, Some(-1))?);
    let Some(x) = x else {
        let ends = [Index::At(0), Index::At(-1)].map(|end| part(cx, &y, &[Index::Ellipsis, end]));
        let [first, end] = ends;
        let ends = ops::scale(cx, &ops::add(cx, &first?, &end?)?, 0.5)?;
        let sum = ops::sub(cx, &super::sum(cx, &y, &[-1], false)?, &ends)?;
        return ops::scale(cx, &sum, dx);
    };
    let widths = match x.ty().rank() {
        1 => diff(cx, &x, 1, -1)?,
        _ => super::moveaxis(cx, &diff(cx, &x, 1, axis)?, &[axis], &[-1])?,
    };
    let areas = super::multiply(cx, &widths, &ops::add(cx, &after, &before)?)?;
    ops::scale(cx, &super::sum(cx, &areas, &[-1], false)?, 0.5)
}

/// Jumps of more than `discont` (half a period if missing) along an axis taken out by whole periods.
pub fn unwrap(
    cx: &Scope,
    x: &Value,
    discont: Option<f64>,
    axis: i64,
    period: f64,
) -> Result<Value> {
    let weak = |value: f64| {
        let ty = jaxrs_data::Type::new(cx.defaults().float(), Shape::scalar()).with_weak(true);
        Value::literal(jaxrs_data::Literal::full(ty, jaxrs_data::Scalar::Float(value)))
    };
    let [x, _] = promoted(cx, [x, &weak(period)])?;
    if x.ty().dtype.is_complex() {
        bail!(Dtype, "unwrap needs real numbers, got {}", x.ty());
    }
    let axis = normalize_axis("unwrap", axis, x.ty().rank())?;
    if x.shape()[axis] == 0 {
        return Ok(x);
    }
    let step = diff(cx, &x, 1, axis as i64)?;
    let half = period / 2.0;
    let step = Term::new(cx, &step);
    let turned =
        (&step + half).map(|cx, x| super::remainder(cx, x, &constant_like(x, period))) - half;
    let (half_up, zero) = (step.constant(half), step.constant(0.0));
    let turned = turned.is(-half).and(&step.above(0.0)).choose(&half_up, &turned);
    let correction =
        step.abs().below(discont.unwrap_or(half)).choose(&zero, &(&turned - &step)).done()?;
    let correction = super::cumsum(cx, &correction, Some(axis as i64), false)?;
    let rest = ops::add(cx, &part_along(cx, &x, axis, Some(1), None)?, &correction)?;
    ops::concatenate(cx, &[part_along(cx, &x, axis, None, Some(1))?, rest], axis)
}

/// What interpolation gives outside of its points.
#[derive(Clone, Copy, Debug)]
pub enum Outside {
    /// The value at the nearest point.
    Nearest,
    /// A number.
    Number(f64),
    /// The line through the nearest two points.
    Extrapolate,
}

/// The values at `x` of the line through points.
pub fn interp(
    cx: &Scope,
    x: &Value,
    (xp, fp): (&Value, &Value),
    (left, right): (Outside, Outside),
    period: Option<f64>,
) -> Result<Value> {
    if xp.shape() != fp.shape() || xp.ty().rank() != 1 {
        bail!(Shape, "interp needs as many places as values, got {} and {}", xp.ty(), fp.ty());
    }
    let [mut x, mut xp] = promoted_inexact(cx, [x, xp])?;
    let mut fp = to_inexact(cx, fp)?;
    if x.ty().dtype.is_complex() {
        bail!(Dtype, "interp needs real places, got {}", x.ty());
    }
    if let Some(period) = period.map(f64::abs) {
        let rem = |x: &Value| super::remainder(cx, x, &constant_like(x, period));
        (x, xp) = (rem(&x)?, rem(&xp)?);
        let sorted = crate::lax::sort(cx, &[xp, fp], 0, 1)?;
        let ends = |x: &Value| -> Result<[Value; 2]> {
            Ok([part_along(cx, x, 0, Some(-1), None)?, part_along(cx, x, 0, None, Some(1))?])
        };
        let [before, after] = ends(&sorted[0])?;
        let around = [
            ops::offset(cx, &before, -period)?,
            sorted[0].clone(),
            ops::offset(cx, &after, period)?,
        ];
        xp = ops::concatenate(cx, &around, 0)?;
        let [before, after] = ends(&sorted[1])?;
        fp = ops::concatenate(cx, &[before, sorted[1].clone(), after], 0)?;
    }
    let i = super::searchsorted(cx, &xp, &x, "right")?;
    let last = constant_like(&i, xp.shape()[0] as f64 - 1.0);
    let i = super::clip(cx, &i, Some(&constant_like(&i, 1.0)), Some(&last))?;
    let before = ops::offset(cx, &i, -1.0)?;
    let read =
        |x: &Value, i: &Value| part(cx, x, &[Index::Array(i.clone())]).map(|x| Term::new(cx, &x));
    let (low, start) = (read(&fp, &before)?, read(&xp, &before)?);
    let (df, dx) = (read(&fp, &i)? - &low, read(&xp, &i)? - &start);
    let x = Term::new(cx, &x);
    // The spacing of the smallest difference of numbers near 1.
    let epsilon =
        if xp.ty().dtype == jaxrs_data::DType::F64 { 2f64.powi(-104) } else { 2f64.powi(-46) };
    let flat = dx.abs().at_most(&dx.constant(epsilon));
    let slope = ((&x - &start) / dx.unless(&flat, 1.0)).done()?;
    let line = super::multiply(cx, &slope, &df.done()?)?;
    let line = super::add(cx, &low.clone().done()?, &line)?;
    let mut result = flat.choose(&low, &Term::new(cx, &line));
    if period.is_none() {
        let edge = |x: &Value, at: i64| part(cx, x, &[Index::At(at)]).map(|x| Term::new(cx, &x));
        for (outside, at) in [(left, 0), (right, -1)] {
            let value = match outside {
                Outside::Nearest => edge(&fp, at)?,
                Outside::Number(number) => Term::new(cx, &constant_like(&fp, number)),
                Outside::Extrapolate => continue,
            };
            let bound = edge(&xp, at)?;
            let beyond = if at == 0 { x.less(&bound) } else { x.greater(&bound) };
            result = beyond.choose(&value, &result);
        }
    }
    result.done()
}
