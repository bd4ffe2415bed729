//! Places of elements among others, and what follows of them.

use jaxrs_data::{DType, Result, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy;
use crate::operands::{constant_like, convert, to_inexact};

/// The operand with an axis to work along as its last one; without one, flattened.
fn along(cx: &Scope, name: &str, x: &Value, axis: Option<i64>) -> Result<(Value, Option<usize>)> {
    match axis {
        None => Ok((ops::reshape(cx, x, &[x.ty().numel()].into())?, None)),
        Some(axis) => {
            let axis = normalize_axis(name, axis, x.ty().rank())?;
            Ok((numpy::moveaxis(cx, x, &[axis as i64], &[-1])?, Some(axis)))
        }
    }
}

/// Runs of equal elements along the last axis of a sorted array: at each element where its run begins and ends, and
/// whether it begins there.
struct Runs<'a> {
    begins: Value,
    first: Term<'a>,
    last: Term<'a>,
}

fn runs<'a>(cx: &'a Scope, sorted: &Value, equal_nan: bool) -> Result<Runs<'a>> {
    let axis = sorted.ty().rank() - 1;
    let n = sorted.shape()[axis];
    let [before, after] = [(0, n - 1), (1, n)]
        .map(|(from, to)| ops::slice_in_dim(cx, sorted, axis, from, to).map(|x| Term::new(cx, &x)));
    let (before, after) = (before?, after?);
    let mut differs = before.equals(&after).not();
    if equal_nan && sorted.ty().dtype.is_inexact() {
        differs = differs.and(&before.is_nan().and(&after.is_nan()).not());
    }
    let differs = differs.done()?;
    let edge = sorted.shape().without(axis).with(axis, 1);
    let edge = numpy::full(cx, &edge, 1.0, DType::Bool)?;
    let begins = numpy::concatenate(cx, &[edge.clone(), differs.clone()], -1)?;
    let ends = numpy::concatenate(cx, &[differs, edge], -1)?;
    let at = Term::new(cx, &ops::iota(cx, DType::I32, sorted.shape(), axis)?);
    let first = Term::new(cx, &begins).choose(&at, &at.constant(0.0));
    let last = Term::new(cx, &ends).choose(&at, &at.constant(n as f64 - 1.0));
    let along = Some(axis as i64);
    Ok(Runs {
        begins,
        first: first.map(|cx, x| numpy::cummax(cx, x, along, false)),
        last: last.map(|cx, x| numpy::cummin(cx, x, along, true)),
    })
}

/// The ranks of elements, from 1 on, along an axis or among all. Equal elements share one: the mean of theirs, the
/// smallest, the largest or, `dense`, that among distinct elements; or they have their own, `ordinal`. Beside NaN all are.
pub fn rankdata(cx: &Scope, x: &Value, method: &str, axis: Option<i64>) -> Result<Value> {
    let (rows, axis) = along(cx, "rankdata", x, axis)?;
    let float = cx.defaults().float();
    if rows.ty().numel() == 0 {
        return numpy::full(cx, if axis.is_some() { x.shape() } else { rows.shape() }, 0.0, float);
    }
    let order = numpy::argsort(cx, &rows, -1, false)?;
    let back = numpy::argsort(cx, &order, -1, false)?;
    let sorted = numpy::take_along_axis(cx, &rows, &order, -1, "clip")?;
    let Runs { begins, first, last } = runs(cx, &sorted, false)?;
    let own = match method {
        "ordinal" => None,
        "dense" => Some(numpy::cumsum(cx, &begins, Some(sorted.ty().rank() as i64 - 1), false)?),
        "min" => Some((first + 1.0).done()?),
        "max" => Some((last + 1.0).done()?),
        "average" => {
            let whole = |x: Term<'_>| convert(cx, &x.done()?, float, false);
            let (first, last) = (Term::new(cx, &whole(first)?), Term::new(cx, &whole(last)?));
            Some((((last + 1.0) + first + 1.0) * 0.5).done()?)
        }
        _ => bail!(
            InvalidArgument,
            "rankdata takes a method of average, min, max, dense or ordinal, got {method:?}"
        ),
    };
    let ranks = match own {
        None => (Term::new(cx, &back) + 1.0).done()?,
        Some(own) => numpy::take_along_axis(cx, &own, &back, -1, "clip")?,
    };
    let mut ranks = convert(cx, &ranks, float, false)?;
    if rows.ty().dtype.is_inexact() {
        let nan = numpy::any(cx, &numpy::isnan(cx, &rows)?, &[-1], true)?;
        ranks = numpy::select(cx, &nan, &constant_like(&ranks, f64::NAN), &ranks)?;
    }
    match axis {
        None => Ok(ranks),
        Some(axis) => numpy::moveaxis(cx, &ranks, &[-1], &[axis as i64]),
    }
}

/// The element that occurs most often along an axis or among all, the smallest of several, and how often.
pub fn mode(cx: &Scope, x: &Value, axis: Option<i64>, keepdims: bool) -> Result<Vec<Value>> {
    let x = &numpy::atleast_1d(cx, x)?;
    let (rows, axis) = along(cx, "mode", x, axis)?;
    let last = rows.ty().rank() - 1;
    let (value, count) = if rows.shape()[last] == 0 {
        let (shape, float) = (rows.shape().without(last), cx.defaults().float());
        (numpy::full(cx, &shape, f64::NAN, float)?, numpy::full(cx, &shape, 0.0, float)?)
    } else {
        let sorted = numpy::sort(cx, &rows, -1, false)?;
        let Runs { first, last: ends, .. } = runs(cx, &sorted, true)?;
        let counts = (ends - first + 1.0).done()?;
        let best = numpy::argmax(cx, &counts, Some(-1), true, DType::I32)?;
        let value = numpy::take_along_axis(cx, &sorted, &best, -1, "clip")?;
        let count =
            convert(cx, &numpy::max(cx, &counts, &[-1], false)?, cx.defaults().int(), false)?;
        (ops::squeeze(cx, &value, [last])?, count)
    };
    let kept = |y: Value| match (keepdims, axis) {
        (false, _) => Ok(y),
        (true, Some(axis)) => numpy::expand_dims(cx, &y, &[axis as i64]),
        (true, None) => ops::reshape(cx, &y, &x.shape().iter().map(|_| 1).collect()),
    };
    Ok(vec![kept(value)?, kept(count)?])
}

/// The standard error of the mean along an axis or of all elements.
pub fn sem(cx: &Scope, x: &Value, axis: Option<i64>, ddof: f64, keepdims: bool) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let axes: Vec<i64> = axis.into_iter().collect();
    let over = numpy::axes_of("sem", &axes, x.ty().rank())?;
    let count: f64 = over.iter().map(|&axis| x.shape()[axis] as f64).product();
    let spread = Term::new(cx, &numpy::std(cx, &x, &axes, ddof, keepdims)?);
    let root = spread.constant(count).sqrt();
    (spread / root).done()
}
