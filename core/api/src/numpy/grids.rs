//! Grids, diagonals and triangles, and positions as numbers.

use jaxrs_data::{DType, Result, Scalar, Shape, bail, normalize_axis};
use jaxrs_ir::prims::ScatterKind;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::index::{Index, at};
use super::shapes::{WRITING, part};
use crate::operands::{constant_like, convert};

/// Diagonal `offset` of the matrices along two axes, as the last axis.
pub fn diagonal(cx: &Scope, x: &Value, offset: i64, axis1: i64, axis2: i64) -> Result<Value> {
    let rank = x.ty().rank();
    if rank < 2 {
        bail!(Shape, "diagonal needs at least 2 axes, got {}", x.ty());
    }
    let (first, second) =
        (normalize_axis("diagonal", axis1, rank)?, normalize_axis("diagonal", axis2, rank)?);
    let (rows, columns) = (x.shape()[first] as i64, x.shape()[second] as i64);
    let len = (rows + offset.min(0)).min(columns - offset.max(0)).max(0);
    let x = super::moveaxis(cx, x, &[axis1, axis2], &[-2, -1])?;
    let counted = ops::iota(cx, DType::I32, &[len as usize].into(), 0)?;
    let along = |start: i64| ops::offset(cx, &counted, start as f64).map(Index::Array);
    let index = [Index::Ellipsis, along((-offset).max(0))?, along(offset.max(0))?];
    part(cx, &x, &index)
}

/// The flattened `x` on diagonal `k` of a matrix.
pub fn diagflat(cx: &Scope, x: &Value, k: i64) -> Result<Value> {
    super::diag(cx, &super::ravel(cx, x)?, k)
}

/// Positions along the diagonal of arrays with `ndim` axes of size `n`.
pub fn diag_indices(cx: &Scope, n: i64, ndim: i64) -> Result<Vec<Value>> {
    let (Ok(n), Ok(ndim)) = (usize::try_from(n), usize::try_from(ndim)) else {
        bail!(InvalidArgument, "diag_indices needs sizes of at least 0, got {n} and {ndim}");
    };
    let counted = ops::iota(cx, cx.defaults().int(), &[n].into(), 0)?;
    Ok(vec![counted; ndim])
}

/// Positions of the lower or upper triangle of an n × m matrix.
fn triangle_indices(
    cx: &Scope,
    name: &str,
    upper: bool,
    (n, k, m): (i64, i64, i64),
) -> Result<Vec<Value>> {
    if n < 0 || m < 0 {
        bail!(InvalidArgument, "{name} needs sizes of at least 0, got {n} and {m}");
    }
    let is_in = |row: i64, column: i64| if upper { column - row >= k } else { column - row <= k };
    let shape: Shape = [n as usize, m as usize].into();
    let places: Vec<_> = (0..shape.numel())
        .map(|i| shape.unravel(i))
        .filter(|place| is_in(place[0] as i64, place[1] as i64))
        .collect();
    let int = cx.defaults().int();
    let along = |axis: usize| {
        let ty = jaxrs_data::Type::new(int, [places.len()]);
        Value::literal(jaxrs_data::Literal::from_fn(ty, |i| Scalar::Uint(places[i][axis] as u64)))
    };
    Ok(vec![along(0), along(1)])
}

/// Positions of the lower triangle up to diagonal `k` of an n × m matrix.
pub fn tril_indices(cx: &Scope, n: i64, k: i64, m: i64) -> Result<Vec<Value>> {
    triangle_indices(cx, "tril_indices", false, (n, k, m))
}

/// Positions of the upper triangle from diagonal `k` on of an n × m matrix.
pub fn triu_indices(cx: &Scope, n: i64, k: i64, m: i64) -> Result<Vec<Value>> {
    triangle_indices(cx, "triu_indices", true, (n, k, m))
}

/// Ones up to diagonal `k` of an n × m matrix, zeros above.
pub fn tri(cx: &Scope, n: i64, m: i64, k: i64, dtype: DType) -> Result<Value> {
    let shape = Shape::from_user("tri", &[n, m], dtype.size_bytes())?;
    let mask = super::diagonal_mask(cx, &shape, Compare::Le, k)?;
    convert(cx, &mask, dtype, false)
}

/// `x` with values along its main diagonal, repeated as needed.
pub fn fill_diagonal(cx: &Scope, x: &Value, values: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    if rank < 2 || (rank > 2 && x.shape().iter().any(|&dim| dim != x.shape()[0])) {
        bail!(Shape, "fill_diagonal needs a matrix, or axes of one size, got {}", x.ty());
    }
    let n = x.shape().iter().copied().min().unwrap_or(0);
    let values = match values.ty().rank() {
        0 => values.clone(),
        _ => super::resize(cx, values, &[n].into())?,
    };
    let index: Vec<Index> =
        diag_indices(cx, n as i64, rank as i64)?.into_iter().map(Index::Array).collect();
    at(cx, ScatterKind::Set, x, &index, &values, WRITING)
}

/// The powers of each element, highest first unless `increasing`.
pub fn vander(cx: &Scope, x: &Value, n: Option<i64>, increasing: bool) -> Result<Value> {
    if x.ty().rank() != 1 {
        bail!(Shape, "vander needs 1 axis, got {}", x.ty());
    }
    let n = n.unwrap_or(x.shape()[0] as i64);
    let Ok(n) = usize::try_from(n) else {
        bail!(InvalidArgument, "vander needs at least 0 columns, got {n}");
    };
    let counted = ops::iota(cx, x.ty().dtype, &[n].into(), 0)?;
    let powers = match increasing {
        true => counted,
        false => ops::sub(cx, &constant_like(&counted, n as f64 - 1.0), &counted)?,
    };
    super::power(cx, &super::expand_dims(cx, x, &[1])?, &super::expand_dims(cx, &powers, &[0])?)
}

/// Vectors spread over a grid, an array for each; `sparse` leaves sizes of 1. `ij` has an axis for each vector in order,
/// `xy` exchanges the first two.
pub fn meshgrid(cx: &Scope, arrays: &[Value], sparse: bool, indexing: &str) -> Result<Vec<Value>> {
    if let Some(x) = arrays.iter().find(|x| x.ty().rank() != 1) {
        bail!(Shape, "meshgrid needs arrays with 1 axis, got {}", x.ty());
    }
    let swaps = match indexing {
        "xy" => arrays.len() >= 2,
        "ij" => false,
        _ => bail!(InvalidArgument, "meshgrid takes indexing xy or ij, got {indexing:?}"),
    };
    let mut arrays = arrays.to_vec();
    if swaps {
        arrays.swap(0, 1);
    }
    let full: Shape = arrays.iter().map(|x| x.shape()[0]).collect();
    let spread = |(i, x): (usize, &Value)| {
        let alone: Shape = (0..full.rank()).map(|k| if k == i { full[i] } else { 1 }).collect();
        ops::broadcast_in_dim(cx, x, if sparse { &alone } else { &full }, [i])
    };
    let mut grid = arrays.iter().enumerate().map(spread).collect::<Result<Vec<_>>>()?;
    if swaps {
        grid.swap(0, 1);
    }
    Ok(grid)
}

/// The positions of all elements of an array of these sizes, those of each axis for themselves.
pub fn indices(cx: &Scope, dimensions: &[i64], dtype: DType) -> Result<Value> {
    let shape = Shape::from_user("indices", dimensions, dtype.size_bytes())?;
    if shape.rank() == 0 {
        return super::zeros(cx, &[0].into(), dtype);
    }
    let along = |axis: usize| ops::iota(cx, dtype, &shape, axis);
    super::stack(cx, &(0..shape.rank()).map(along).collect::<Result<Vec<_>>>()?, 0)
}

/// Whole numbers from starts to stops by steps, one axis for each.
pub fn ogrid(cx: &Scope, start: &[i64], stop: &[i64], step: &[i64]) -> Result<Vec<Value>> {
    let ones = vec![1; stop.len()];
    let step = if step.is_empty() { &ones } else { step };
    if start.len() != stop.len() || step.len() != stop.len() {
        bail!(
            InvalidArgument,
            "a grid needs as many starts, stops and steps, got {start:?}, {stop:?} and {step:?}"
        );
    }
    let int = cx.defaults().int();
    let along = |i: usize| super::arange(cx, start[i] as f64, stop[i] as f64, step[i] as f64, int);
    let rows = (0..stop.len()).map(along).collect::<Result<Vec<_>>>()?;
    meshgrid(cx, &rows, true, "ij")
}

/// As [`ogrid`], each spread over the whole grid, all in one array.
pub fn mgrid(cx: &Scope, start: &[i64], stop: &[i64], step: &[i64]) -> Result<Value> {
    super::stack(cx, &super::broadcast_arrays(cx, &ogrid(cx, start, stop, step)?)?, 0)
}

/// The product of every element of `x` with all of `y`, block by block.
pub fn kron(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let rank = x.ty().rank().max(y.ty().rank());
    let full = |x: &Value| {
        super::expand_dims(cx, x, &(0..(rank - x.ty().rank()) as i64).collect::<Vec<_>>())
    };
    let (x, y) = (full(x)?, full(y)?);
    let shape: Shape = (0..rank).map(|i| x.shape()[i] * y.shape()[i]).collect();
    let places = |first: i64| (0..rank as i64).map(|i| 2 * i + first).collect::<Vec<_>>();
    let product = super::multiply(
        cx,
        &super::expand_dims(cx, &x, &places(1))?,
        &super::expand_dims(cx, &y, &places(0))?,
    )?;
    ops::reshape(cx, &product, &shape)
}

/// The cross product of vectors of 2 or 3 elements, along an axis of either operand and of the result.
pub fn cross(cx: &Scope, x: &Value, y: &Value, [axisa, axisb, axisc]: [i64; 3]) -> Result<Value> {
    let (x, y) =
        (super::moveaxis(cx, x, &[axisa], &[-1])?, super::moveaxis(cx, y, &[axisb], &[-1])?);
    let size = |x: &Value| x.shape()[x.ty().rank() - 1];
    if ![2, 3].contains(&size(&x)) || ![2, 3].contains(&size(&y)) {
        bail!(Shape, "cross needs vectors of 2 or 3 elements, got {} and {}", x.ty(), y.ty());
    }
    let element = |x: &Value, i: usize| match i < size(x) {
        true => part(cx, x, &[Index::Ellipsis, Index::At(i as i64)]),
        false => super::full_like(cx, &part(cx, x, &[Index::Ellipsis, Index::At(0)])?, 0.0, None),
    };
    let term = |i: usize, j: usize| {
        let first = super::multiply(cx, &element(&x, i)?, &element(&y, j)?)?;
        super::subtract(cx, &first, &super::multiply(cx, &element(&x, j)?, &element(&y, i)?)?)
    };
    if size(&x) == 2 && size(&y) == 2 {
        return term(0, 1);
    }
    let stacked = super::stack(cx, &[term(1, 2)?, term(2, 0)?, term(0, 1)?], 0)?;
    super::moveaxis(cx, &stacked, &[0], &[axisc])
}
