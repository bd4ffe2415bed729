//! Arrays stacked, turned, put into others and taken out; grids and diagonals.

use jaxrs_data::Shape;

use super::arrange::shape_of;
use super::at::size;
use super::*;
use crate::numpy::{self, PadMode, index_mode};

const FLAT: &str = "along which axis; of the flattened array if none";
const INT_SIZES: &str = "the sizes of the axes";

fn column(m: i64, n: i64) -> i64 {
    if m == -1 { n } else { m }
}

fn pair(name: &str, axes: &[i64]) -> Result<[i64; 2]> {
    match axes {
        &[first, second] => Ok([first, second]),
        _ => bail!(InvalidArgument, "{name} needs 2 axes, got {axes:?}"),
    }
}

fn pad_mode(
    mode: &str,
    (constant_values, end_values): (f64, f64),
    stat_length: i64,
    reflect_type: &str,
) -> Result<PadMode> {
    let length = size("pad", stat_length)?;
    let odd = match reflect_type {
        "even" => false,
        "odd" => true,
        _ => bail!(InvalidArgument, "pad takes reflect_type even or odd, got {reflect_type:?}"),
    };
    Ok(match mode {
        "constant" => PadMode::Constant(constant_values),
        "edge" => PadMode::Edge,
        "linear_ramp" => PadMode::LinearRamp(end_values),
        "maximum" => PadMode::Maximum(length),
        "minimum" => PadMode::Minimum(length),
        "mean" => PadMode::Mean(length),
        "median" => PadMode::Median(length),
        "reflect" => PadMode::Reflect { odd },
        "symmetric" => PadMode::Symmetric { odd },
        "wrap" => PadMode::Wrap,
        "empty" => PadMode::Empty,
        _ => bail!(InvalidArgument, "pad has no mode {mode:?}"),
    })
}

/// The sizes of an array, as a caller gives them.
fn dims(x: &Value) -> (i64, i64) {
    let dim = |i: usize| x.shape().get(i).map_or(0, |&dim| dim as i64);
    (dim(x.ty().rank().saturating_sub(2)), dim(x.ty().rank().saturating_sub(1)))
}

pub(super) static OPS: &[Op] = &[
    op!("atleast_1d", "x with at least one axis.", (x) => |cx| numpy::atleast_1d(cx, x)),
    op!("atleast_2d", "x with at least two axes.", (x) => |cx| numpy::atleast_2d(cx, x)),
    op!("atleast_3d", "x with at least three axes.", (x) => |cx| numpy::atleast_3d(cx, x)),
    op!("hstack", "Arrays side by side: along axis 1, or 0 of vectors.", ([arrays]) => |cx| numpy::hstack(cx, arrays)),
    op!("vstack", "Arrays on top of each other; vectors are rows.", ([arrays]) => |cx| numpy::vstack(cx, arrays)),
    op!("dstack", "Arrays one behind the other, along axis 2.", ([arrays]) => |cx| numpy::dstack(cx, arrays)),
    op!("column_stack", "Arrays side by side; vectors are columns.", ([arrays]) => |cx| numpy::column_stack(cx, arrays)),
    op!("block", "A matrix of blocks, row by row.", ([arrays])
        { rows: I64s = &[], "how many blocks each row has; an empty list for one row"; } => |cx| numpy::block(cx, arrays, rows)),
    op!("broadcast_arrays", "Arrays broadcast to one shape.", ([arrays]) => list |cx| numpy::broadcast_arrays(cx, arrays)),
    op!("append", "x and values after it.", (x, values) { axis: Axis = None, "along which axis; both flattened if none"; }
        => |cx| numpy::append(cx, x, values, axis)),
    op!("copy", "The operand itself: arrays do not change.", (x) => |_cx| Ok(x.clone())),
    op!("matrix_transpose", "The last two axes exchanged.", (x) => |cx| numpy::matrix_transpose(cx, x)),
    op!("rot90", "x turned by quarters in the plane of two axes, from the first to the second.", (x)
        { k: I64 = 1, "how many quarters"; axes: I64s = &[0, 1], "the two axes"; }
        => |cx| numpy::rot90(cx, x, k, pair("rot90", axes)?)),
    op!("fliplr", "The reverse order along axis 1.", (x) => |cx| numpy::flip(cx, x, &[1])),
    op!("flipud", "The reverse order along axis 0.", (x) => |cx| numpy::flip(cx, x, &[0])),
    op!("rollaxis", "An axis moved back to before another.", (x)
        { axis: I64, "which axis"; start: I64 = 0, "before which one"; } => |cx| numpy::rollaxis(cx, x, axis, start)),
    op!("resize", "All elements in their order, repeated or cut to another shape.", (x) { shape: I64s, "the new sizes"; }
        => |cx| numpy::resize(cx, x, &shape_of("resize", shape, x.ty().dtype)?)),
    op!("trim_zeros", "x without elements of zeros at its ends; x has to be known.", (x)
        { trim: Str = "fb", "which ends: `f` front, `b` back"; } => |cx| numpy::trim_zeros(cx, x, trim)),
    op!("array_split", "An array cut into parts as equal as can be.", (x)
        { sections: I64, "how many parts"; axis: I64 = 0, "along which axis"; }
        => list |cx| numpy::array_split(cx, x, sections, axis)),
    op!("hsplit", "An array cut into equal parts along axis 1, or 0 of a vector.", (x) { sections: I64, "how many parts"; }
        => list |cx| numpy::split(cx, x, sections, i64::from(x.ty().rank() > 1))),
    op!("vsplit", "An array cut into equal parts along axis 0.", (x) { sections: I64, "how many parts"; }
        => list |cx| numpy::split(cx, x, sections, 0)),
    op!("dsplit", "An array cut into equal parts along axis 2.", (x) { sections: I64, "how many parts"; }
        => list |cx| numpy::split(cx, x, sections, 2)),
    op!("delete", "x without the elements at positions, which have to be known or promised to be distinct; with truth values, where those are false.", (x, positions)
        { axis: Axis = None, FLAT; assume_unique_indices: Bool = false, "whether the caller promises that positions are distinct"; }
        => |cx| numpy::delete(cx, x, positions, axis, assume_unique_indices)),
    op!("insert", "x with values put in before positions.", (x, positions, values) { axis: Axis = None, FLAT; }
        => |cx| numpy::insert(cx, x, positions, values, axis)),
    op!("numpy_pad", "Elements put before and after along each axis, in NumPy's ways.", (x)
    { low: I64s, "for each axis, how many before"; high: I64s, "for each axis, how many after";
      mode: Str = "constant", "`constant`, `edge`, `linear_ramp`, `maximum`, `minimum`, `mean`, `median`, `reflect`, `symmetric`, `wrap` or `empty`";
      constant_values: F64 = 0.0, "what mode `constant` puts"; end_values: F64 = 0.0, "where mode `linear_ramp` ends";
      stat_length: I64 = -1, "of how many elements at the edge modes `maximum`, `minimum`, `mean` and `median` are; of all if -1";
      reflect_type: Str = "even", "whether modes `reflect` and `symmetric` turn values around at that of the edge, too: `odd`, or not: `even`"; }
    => |cx| {
        let mode = pad_mode(mode, (constant_values, end_values), stat_length, reflect_type)?;
        numpy::pad_with(cx, x, low, high, mode)
    }),
    op!("identity", "Ones on the diagonal of a square matrix, zeros elsewhere.", ()
        { n: I64, "how many rows"; dtype: DType = None, "the element type; the default float if none"; }
        => |cx| numpy::eye(cx, n, n, 0, dtype.unwrap_or(cx.defaults().float()))),
    op!("empty", "An array of anything: zeros.", ()
        { shape: I64s, INT_SIZES; dtype: DType = None, "the element type; the default float if none"; }
        => |cx| { let dtype = dtype.unwrap_or(cx.defaults().float()); numpy::zeros(cx, &shape_of("empty", shape, dtype)?, dtype) }),
    op!("empty_like", "An array of anything of the shape of x: zeros.", (x) { dtype: DType = None, "the element type; that of x if none"; }
        => |cx| numpy::full_like(cx, x, 0.0, dtype)),
    op!("diagonal", "A diagonal of the matrices along two axes, as the last axis.", (x)
        { offset: I64 = 0, "which diagonal"; axis1: I64 = 0, "the axis of rows"; axis2: I64 = 1, "the axis of columns"; }
        => |cx| numpy::diagonal(cx, x, offset, axis1, axis2)),
    op!("diagflat", "The flattened x on a diagonal of a matrix.", (x) { k: I64 = 0, "which diagonal"; } => |cx| numpy::diagflat(cx, x, k)),
    op!("diag_indices", "Positions along the diagonal, an array for each axis.", ()
        { n: I64, "the size of the axes"; ndim: I64 = 2, "how many axes"; } => list |cx| numpy::diag_indices(cx, n, ndim)),
    op!("diag_indices_from", "Positions along the diagonal of x, an array for each axis.", (x)
        => list |cx| numpy::diag_indices(cx, dims(x).0, x.ty().rank() as i64)),
    op!("tril_indices", "Positions of the lower triangle.", ()
        { n: I64, "how many rows"; k: I64 = 0, "up to which diagonal"; m: I64 = -1, "how many columns; as many as rows if -1"; }
        => list |cx| numpy::tril_indices(cx, n, k, column(m, n))),
    op!("triu_indices", "Positions of the upper triangle.", ()
        { n: I64, "how many rows"; k: I64 = 0, "from which diagonal"; m: I64 = -1, "how many columns; as many as rows if -1"; }
        => list |cx| numpy::triu_indices(cx, n, k, column(m, n))),
    op!("tril_indices_from", "Positions of the lower triangle of x.", (x) { k: I64 = 0, "up to which diagonal"; }
        => list |cx| { let (n, m) = dims(x); numpy::tril_indices(cx, n, k, m) }),
    op!("triu_indices_from", "Positions of the upper triangle of x.", (x) { k: I64 = 0, "from which diagonal"; }
        => list |cx| { let (n, m) = dims(x); numpy::triu_indices(cx, n, k, m) }),
    op!("tri", "Ones up to a diagonal, zeros above.", ()
        { n: I64, "how many rows"; m: I64 = -1, "how many columns; as many as rows if -1"; k: I64 = 0, "up to which diagonal";
          dtype: DType = Some(jaxrs_data::DType::F32), "the element type"; }
        => |cx| numpy::tri(cx, n, column(m, n), k, dtype.unwrap_or(jaxrs_data::DType::F32))),
    op!("fill_diagonal", "x with values along its main diagonal, repeated as needed.", (x, values) => |cx| numpy::fill_diagonal(cx, x, values)),
    op!("vander", "The powers of each element, in columns.", (x)
        { n: I64 = -1, "how many columns; as many as rows if -1"; increasing: Bool = false, "whether the lowest power comes first"; }
        => |cx| numpy::vander(cx, x, if n == -1 { None } else { Some(n) }, increasing)),
    op!("meshgrid", "Vectors spread over a grid, an array for each.", ([arrays])
        { sparse: Bool = false, "whether axes of other vectors keep size 1"; indexing: Str = "xy", "`ij`: an axis for each vector in order, or `xy`: the first two exchanged"; }
        => list |cx| numpy::meshgrid(cx, arrays, sparse, indexing)),
    op!("indices", "The positions of all elements of an array, those of each axis for themselves.", ()
        { dimensions: I64s, INT_SIZES; dtype: DType = None, "the element type; the default integer if none"; }
        => |cx| numpy::indices(cx, dimensions, dtype.unwrap_or(cx.defaults().int()))),
    op!("ogrid", "Whole numbers from starts to stops, one axis for each.", ()
        { start: I64s, "the first numbers"; stop: I64s, "the ends"; step: I64s = &[], "the distances; an empty list for 1"; }
        => list |cx| numpy::ogrid(cx, start, stop, step)),
    op!("mgrid", "Whole numbers from starts to stops, each spread over the whole grid.", ()
        { start: I64s, "the first numbers"; stop: I64s, "the ends"; step: I64s = &[], "the distances; an empty list for 1"; }
        => |cx| numpy::mgrid(cx, start, stop, step)),
    op!("ix_", "Vectors of positions, each along an axis of its own.", ([arrays])
        => list |cx| numpy::meshgrid(cx, arrays, true, "ij")),
    op!("kron", "The product of every element of x with all of y, block by block.", (x, y) => |cx| numpy::kron(cx, x, y)),
    op!("cross", "The cross product of vectors of 2 or 3 elements.", (x, y)
        { axisa: I64 = -1, "the axis of the vectors in x"; axisb: I64 = -1, "the axis in y"; axisc: I64 = -1, "the axis in the result"; }
        => |cx| numpy::cross(cx, x, y, [axisa, axisb, axisc])),
    op!("unravel_index", "Positions in a flattened array as positions along its axes; those out of range become the nearest.", (x)
        { shape: I64s, INT_SIZES; }
        => list |cx| numpy::unravel_index(cx, x, &Shape::from_user("unravel_index", shape, 1)?)),
    op!("ravel_multi_index", "Positions along axes as positions in the flattened array.", ([arrays])
        { dims: I64s, INT_SIZES; mode: Str = "raise", "what happens out of range: `raise`, which needs positions that are known, `wrap`, `clip` or `ignore`";
          order: Str = "C", "which axis counts fastest: `C` the last, `F` the first"; }
        => |cx| numpy::ravel_multi_index(cx, arrays, dims, mode, order)),
    op!("put_along_axis", "x with values at positions along an axis, element by element.", (x, indices, values)
    { axis: Axis = None, FLAT; mode: Str = "", "what happens out of range: `drop`, `clip`, `promise_in_bounds`; nothing if empty"; }
    => |cx| {
        let mode = if mode.is_empty() { None } else { Some(index_mode("put_along_axis", mode)?) };
        numpy::put_along_axis(cx, x, indices, values, (axis, mode))
    }),
    op!("place", "x with values, repeated as needed, where a mask is true.", (x, mask, values) => |cx| numpy::place(cx, x, mask, values)),
    op!("put", "x with values, repeated as needed, at positions of its flattened elements.", (x, indices, values)
        { mode: Str = "drop", "what happens out of range: `drop`, `clip` or `wrap`"; } => |cx| numpy::put(cx, x, indices, values, mode)),
];
