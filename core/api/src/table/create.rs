//! New arrays.

use super::arrange::shape_of;
use super::*;
use crate::numpy;

const SHAPE: &str = "the shape of the result";
const FLOAT: &str = "the element type; the default float if none";
const BOUNDS: &str = "the element type; that of the bounds, as floats, if none";
const LIKE: &str = "the element type; that of x if none";

fn float(cx: &Scope, dtype: Option<DType>) -> DType {
    dtype.unwrap_or(cx.defaults().float())
}

fn filled(
    cx: &Scope,
    name: &str,
    shape: &[i64],
    value: f64,
    dtype: Option<DType>,
) -> Result<Value> {
    let dtype = float(cx, dtype);
    numpy::full(cx, &shape_of(name, shape, dtype)?, value, dtype)
}

pub(super) static OPS: &[Op] = &[
    op!("full", "An array that repeats one number.", ()
        { shape: I64s, SHAPE; value: F64, "the number"; dtype: DType = None, FLOAT; }
        => |cx| filled(cx, "full", shape, value, dtype)),
    op!("zeros", "An array of zeros.", () { shape: I64s, SHAPE; dtype: DType = None, FLOAT; }
        => |cx| filled(cx, "zeros", shape, 0.0, dtype)),
    op!("ones", "An array of ones.", () { shape: I64s, SHAPE; dtype: DType = None, FLOAT; }
        => |cx| filled(cx, "ones", shape, 1.0, dtype)),
    op!("full_like", "An array of the shape of x that repeats one number.", (x)
        { value: F64, "the number"; dtype: DType = None, LIKE; } => |cx| numpy::full_like(cx, x, value, dtype)),
    op!("zeros_like", "Zeros of the shape of x.", (x) { dtype: DType = None, LIKE; }
        => |cx| numpy::full_like(cx, x, 0.0, dtype)),
    op!("ones_like", "Ones of the shape of x.", (x) { dtype: DType = None, LIKE; }
        => |cx| numpy::full_like(cx, x, 1.0, dtype)),
    op!("eye", "Ones on a diagonal of a matrix, zeros elsewhere.", ()
        { n: I64, "how many rows"; m: I64 = -1, "how many columns; as many as rows if -1"; k: I64 = 0, "which diagonal";
          dtype: DType = None, FLOAT; }
        => |cx| numpy::eye(cx, n, if m == -1 { n } else { m }, k, float(cx, dtype))),
    op!("arange", "The numbers from start up to, not including, stop.", ()
    { start: F64, "the first number"; stop: F64, "the end"; step: F64 = 1.0, "the distance";
      dtype: DType = None, "the element type; the default integer for whole numbers, else the default float"; }
    => |cx| {
        let whole = [start, stop, step].iter().all(|number| number.fract() == 0.0);
        let default = if whole { cx.defaults().int() } else { cx.defaults().float() };
        numpy::arange(cx, start, stop, step, dtype.unwrap_or(default))
    }),
    op!("linspace", "Numbers at equal distances.", (start, stop)
        { num: I64 = 50, "how many"; endpoint: Bool = true, "whether the last one is stop"; dtype: DType = None, BOUNDS;
          axis: I64 = 0, "the place of the new axis"; }
        => |cx| numpy::linspace_along(cx, start, stop, (num, endpoint), (dtype, axis))),
    op!("logspace", "Powers at equal distances of their exponents.", (start, stop)
        { num: I64 = 50, "how many"; endpoint: Bool = true, "whether the exponent of the last one is stop"; base: F64 = 10.0, "of what";
          dtype: DType = None, BOUNDS; axis: I64 = 0, "the place of the new axis"; }
        => |cx| numpy::logspace(cx, start, stop, (num, endpoint), base, (dtype, axis))),
    op!("geomspace", "Numbers with equal ratios between neighbours.", (start, stop)
        { num: I64 = 50, "how many"; endpoint: Bool = true, "whether the last one is stop"; dtype: DType = None, BOUNDS;
          axis: I64 = 0, "the place of the new axis"; }
        => |cx| numpy::geomspace(cx, start, stop, (num, endpoint), (dtype, axis))),
    op!("iota", "Positions along one axis.", ()
    { shape: I64s, SHAPE; dimension: I64 = 0, "along which axis to count";
      dtype: DType = None, "the element type; the default integer if none"; }
    => |cx| {
        let dtype = dtype.unwrap_or(cx.defaults().int());
        numpy::iota(cx, dtype, &shape_of("iota", shape, dtype)?, dimension)
    }),
    op!("tril", "The lower triangle, zeros above.", (x) { k: I64 = 0, "up to which diagonal"; }
        => |cx| numpy::tril(cx, x, k)),
    op!("triu", "The upper triangle, zeros below.", (x) { k: I64 = 0, "from which diagonal"; }
        => |cx| numpy::triu(cx, x, k)),
    op!("diag", "A vector on a diagonal of a matrix, or a diagonal of a matrix.", (x)
        { k: I64 = 0, "which diagonal"; } => |cx| numpy::diag(cx, x, k)),
];
