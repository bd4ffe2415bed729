//! Values between those of a grid, as `jax.scipy.ndimage` and `jax.scipy.interpolate` have them.

use jaxrs_data::{DType, Result, Shape, bail};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy::index::{Index, getitem};
use crate::numpy::{self, shapes};
use crate::operands::{constant, constant_like, convert, promoted, to_inexact};

/// A neighbour along one axis: its index, whether it lies in the array (if that is not certain), its weight.
struct Neighbour<'a> {
    index: Term<'a>,
    is_inside: Option<Term<'a>>,
    weight: Term<'a>,
}

/// The elements of `x` at positions between its own, one array of coordinates for each of its axes: those of the nearest
/// elements (`order` 0) or between neighbours (1). What lies outside is `cval` (`mode` constant), or follows `mode`:
/// nearest, wrap, mirror, reflect.
pub fn map_coordinates(
    cx: &Scope,
    x: &Value,
    coordinates: &[Value],
    (order, mode, cval): (i64, &str, f64),
) -> Result<Value> {
    let name = "map_coordinates";
    if coordinates.len() != x.ty().rank() {
        bail!(
            InvalidArgument,
            "{name} needs coordinates for each axis of {}, got {}",
            x.ty(),
            coordinates.len()
        );
    }
    if !matches!(order, 0 | 1) {
        bail!(InvalidArgument, "{name} takes an order of 0 or 1, got {order}");
    }
    let along = |(c, &size): (&Value, &usize)| neighbours(cx, c, size, order, mode);
    let axes: Result<Vec<_>> = coordinates.iter().zip(&x.shape()[..]).map(along).collect();
    let dtype = x.ty().dtype;
    let outside = constant(dtype, cval);
    let term = |corner: &[&Neighbour<'_>]| -> Result<Value> {
        let places: Result<Vec<_>> =
            corner.iter().map(|n| Ok(Index::Array(n.index.clone().done()?))).collect();
        let inside = corner.iter().filter_map(|n| n.is_inside.clone()).reduce(|a, b| a.and(&b));
        let weight = product(cx, corner.iter().map(|n| &n.weight))?;
        let mut value = getitem(cx, x, &places?, shapes::READING)?;
        if let Some(inside) = inside {
            value = numpy::select(cx, &inside.done()?, &value, &outside)?;
        }
        match weight {
            Some(weight) => numpy::multiply(cx, &weight, &value),
            None => Ok(value),
        }
    };
    let mut total: Option<Value> = None;
    for corner in corners(&axes?) {
        let term = term(&corner)?;
        total = Some(match total {
            Some(total) => numpy::add(cx, &total, &term)?,
            None => term,
        });
    }
    let Some(mut total) = total else { return Ok(x.clone()) };
    if dtype.is_integer() && total.ty().dtype.is_float() {
        total = Term::new(cx, &total).unary(Unary::Round).done()?;
    }
    convert(cx, &total, dtype, false)
}

/// The product of factors, if there are any, each of its own element type.
fn product<'a, 'b: 'a>(
    cx: &Scope,
    factors: impl Iterator<Item = &'a Term<'b>>,
) -> Result<Option<Value>> {
    let mut total = None;
    for factor in factors {
        let factor = factor.clone().done()?;
        total = Some(match total {
            Some(total) => numpy::multiply(cx, &total, &factor)?,
            None => factor,
        });
    }
    Ok(total)
}

/// All choices of one item of each list, the last one changing fastest.
fn corners<'a, T>(lists: &'a [Vec<T>]) -> Vec<Vec<&'a T>> {
    lists.iter().fold(vec![Vec::new()], |corners: Vec<Vec<&'a T>>, list| {
        let longer = |corner: Vec<&'a T>| {
            list.iter().map(move |item| corner.iter().copied().chain([item]).collect())
        };
        corners.into_iter().flat_map(longer).collect()
    })
}

fn neighbours<'a>(
    cx: &'a Scope,
    coordinate: &Value,
    size: usize,
    order: i64,
    mode: &str,
) -> Result<Vec<Neighbour<'a>>> {
    let c = Term::new(cx, coordinate);
    let whole = |x: Term<'a>| x.map(|cx, x| convert(cx, x, DType::I32, false));
    let pairs = if order == 0 {
        let nearest =
            if coordinate.ty().dtype.is_integer() { c.clone() } else { c.unary(Unary::Round) };
        vec![(whole(nearest), c.constant(1.0))]
    } else {
        let float = Term::new(cx, &to_inexact(cx, coordinate)?);
        let lower = float.floor();
        let upper_weight = &float - &lower;
        let index = whole(lower);
        vec![(index.clone(), 1.0 - &upper_weight), (index + 1.0, upper_weight)]
    };
    let placed = |(index, weight): (Term<'a>, Term<'a>)| {
        let is_inside = (mode == "constant")
            .then(|| index.no_less(&index.constant(0.0)).and(&index.below(size as f64)));
        Ok(Neighbour { index: fixed(&index, size as f64, mode)?, is_inside, weight })
    };
    pairs.into_iter().map(placed).collect()
}

/// An index brought into an axis.
fn fixed<'a>(index: &Term<'a>, size: f64, mode: &str) -> Result<Term<'a>> {
    let remainder =
        |x: &Term<'a>, size: f64| x.map(|cx, x| numpy::remainder(cx, x, &constant_like(x, size)));
    let mirrored = |x: &Term<'a>, size: f64| {
        (remainder(&(x + (size - 1.0)), 2.0 * (size - 1.0)) - (size - 1.0)).abs()
    };
    Ok(match mode {
        "constant" => index.clone(),
        "nearest" => index.max(&index.constant(0.0)).min(&index.constant(size - 1.0)),
        "wrap" => remainder(index, size),
        "mirror" => mirrored(index, size),
        // What is mirrored between the halves of elements.
        "reflect" => (mirrored(&(index * 2.0 + 1.0), 2.0 * size + 1.0) - 1.0)
            .map(|cx, x| numpy::floor_divide(cx, x, &constant_like(x, 2.0))),
        _ => bail!(
            InvalidArgument,
            "map_coordinates takes a mode of constant, nearest, wrap, mirror, reflect, got {mode:?}"
        ),
    })
}

/// The values at points, rows of `xi`, between those of a regular grid, whose places along each axis `points` gives in
/// ascending order. `method` is `linear` or `nearest`; outside the grid the result is `fill_value`, or goes on as at
/// the border if there is none.
pub fn interpolate_grid(
    cx: &Scope,
    xi: &Value,
    values: &Value,
    points: &[Value],
    method: &str,
    fill_value: Option<f64>,
) -> Result<Value> {
    let name = "regular_grid_interpolator";
    let n = points.len();
    if n == 0 || n > values.ty().rank() {
        bail!(
            InvalidArgument,
            "{name} needs places for one axis of {} or more, got {n}",
            values.ty()
        );
    }
    if !matches!(method, "linear" | "nearest") {
        bail!(InvalidArgument, "{name} takes a method of linear or nearest, got {method:?}");
    }
    let values = to_inexact(cx, values)?;
    let (xi, leading) = rows(cx, name, xi, n)?;
    let columns = numpy::transpose(cx, &xi, &[])?;
    let mut axes = Vec::with_capacity(n);
    let mut outside: Option<Term<'_>> = None;
    for (k, places) in points.iter().enumerate() {
        let x = shapes::part(cx, &columns, &[Index::At(k as i64)])?;
        let cell = Cell::new(cx, name, &x, places)?;
        outside = Some(match outside {
            Some(outside) => outside.or(&cell.is_outside),
            None => cell.is_outside.clone(),
        });
        axes.push(cell);
    }
    let result =
        if method == "linear" { linear(cx, &values, &axes)? } else { nearest(cx, &values, &axes)? };
    let result = match (fill_value, outside) {
        (Some(fill), Some(outside)) => {
            let outside = beside(cx, &outside.done()?, result.ty().rank())?;
            numpy::select(cx, &outside, &constant(result.ty().dtype, fill), &result)?
        }
        _ => result,
    };
    let shape: Shape = leading.iter().chain(&values.shape()[n..]).copied().collect();
    ops::reshape(cx, &result, &shape)
}

/// Points as rows, and the shape of their other axes. One axis alone holds one point, or points of one coordinate.
fn rows(cx: &Scope, name: &str, xi: &Value, n: usize) -> Result<(Value, Shape)> {
    let xi = match xi.ty().rank() {
        1 => numpy::reshape(cx, xi, &[-1, n as i64])?,
        _ => xi.clone(),
    };
    match xi.shape().split_last() {
        Some((&last, leading)) if last == n => {
            Ok((numpy::reshape(cx, &xi, &[-1, n as i64])?, leading.into()))
        }
        _ => bail!(
            Shape,
            "{name} needs points of {n} coordinates along the last axis, got {}",
            xi.ty()
        ),
    }
}

/// Between which places of an axis points lie.
struct Cell<'a> {
    lower: Term<'a>,
    /// How far from the lower place, in parts of the cell.
    distance: Term<'a>,
    is_outside: Term<'a>,
}

impl<'a> Cell<'a> {
    fn new(cx: &'a Scope, name: &str, x: &Value, places: &Value) -> Result<Cell<'a>> {
        let &[size] = &places.shape()[..] else {
            bail!(Shape, "{name} needs places along 1 axis, got {}", places.ty());
        };
        if size < 2 {
            bail!(Shape, "{name} needs at least 2 places along an axis, got {}", places.ty());
        }
        let found = numpy::searchsorted(cx, places, x, "left")?;
        let index = Term::new(cx, &found) - 1.0;
        let lower = index.max(&index.constant(0.0)).min(&index.constant(size as f64 - 2.0));
        let [places, x] = promoted(cx, [places, x])?;
        let at = |index: &Term<'a>| index.map(|cx, i| numpy::take(cx, &places, i, 0, "fill"));
        let (start, end) = (at(&lower), at(&(&lower + 1.0)));
        let end_of = |index: i64| -> Result<Term<'a>> {
            Ok(Term::new(cx, &shapes::part(cx, &places, &[Index::At(index)])?))
        };
        let x = Term::new(cx, &x);
        let is_outside = x.less(&end_of(0)?).or(&x.greater(&end_of(-1)?));
        let part = |x: Term<'a>| x.map(to_inexact);
        let distance = part(&x - &start) / part(end - start);
        Ok(Cell { lower, distance, is_outside })
    }

    fn upper(&self) -> Term<'a> {
        &self.lower + 1.0
    }
}

fn read(cx: &Scope, values: &Value, places: &[Term<'_>]) -> Result<Value> {
    let index: Result<Vec<_>> =
        places.iter().map(|p| Ok(Index::Array(p.clone().done()?))).collect();
    getitem(cx, values, &index?, shapes::READING)
}

/// A vector with axes of size 1 behind it.
fn beside(cx: &Scope, x: &Value, rank: usize) -> Result<Value> {
    let new: Vec<i64> = (1..rank as i64).collect();
    numpy::expand_dims(cx, x, &new)
}

fn linear(cx: &Scope, values: &Value, axes: &[Cell<'_>]) -> Result<Value> {
    let ends: Vec<Vec<_>> = axes
        .iter()
        .map(|cell| {
            vec![(cell.lower.clone(), 1.0 - &cell.distance), (cell.upper(), cell.distance.clone())]
        })
        .collect();
    let mut total: Option<Value> = None;
    for corner in corners(&ends) {
        let places: Vec<_> = corner.iter().map(|(place, _)| place.clone()).collect();
        let Some(weight) = product(cx, corner.iter().map(|(_, weight)| weight))? else {
            continue;
        };
        let value = read(cx, values, &places)?;
        let weight = beside(cx, &weight, value.ty().rank())?;
        let term = numpy::multiply(cx, &value, &weight)?;
        total = Some(match total {
            Some(total) => numpy::add(cx, &total, &term)?,
            None => term,
        });
    }
    total.ok_or_else(|| jaxrs_data::Error::internal("a grid without axes"))
}

fn nearest(cx: &Scope, values: &Value, axes: &[Cell<'_>]) -> Result<Value> {
    let place = |cell: &Cell<'_>| -> Result<Value> {
        let is_low = cell.distance.at_most(&cell.distance.constant(0.5));
        is_low.choose(&cell.lower, &cell.upper()).done()
    };
    let index: Result<Vec<_>> = axes.iter().map(|cell| Ok(Index::Array(place(cell)?))).collect();
    getitem(cx, values, &index?, shapes::READING)
}
