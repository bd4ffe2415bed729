//! Where elements are, which are chosen, sets of them, and their order.

use super::at::size;
use super::numbers::given;
use super::*;
use crate::numpy::{self, Extent, Unique, UniqueOptions};

const SIZE: &str =
    "how many results; as many as there are if -1, which needs operands that are known";
const FILL: &str = "what stands beyond those that there are; the smallest (of both sets, the largest or smallest of the results) if NaN";
const FLAT: &str = "along which axis; of the flattened array if none";
const ASSUME: &str = "whether the caller promises that operands have no element twice";
const ALONG: &str = "along which axis";

fn extent(name: &str, count: i64, fill_value: f64) -> Result<Extent> {
    Ok(Extent { size: size(name, count)?, fill_value: given(fill_value) })
}

fn unique_of(
    cx: &Scope,
    x: &Value,
    options: (Option<i64>, bool, i64, f64),
    which: [bool; 4],
) -> Result<Vec<Value>> {
    let (axis, equal_nan, count, fill) = options;
    let extent = extent("unique", count, fill)?;
    let Unique { values, indices, inverse, counts, .. } =
        numpy::unique(cx, x, UniqueOptions { axis, equal_nan, extent })?;
    let all = [values, indices, inverse, counts].into_iter().zip(which);
    Ok(all.filter_map(|(value, is_wanted)| is_wanted.then_some(value)).collect())
}

/// At most one array more.
pub(super) fn one_more<'a>(name: &str, list: &'a [Value]) -> Result<Option<&'a Value>> {
    match list {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => bail!(InvalidArgument, "{name} takes at most 1 array more, got {}", list.len()),
    }
}

pub(super) static OPS: &[Op] = &[
    op!("nonzero", "The positions of elements that differ from zero, an array for each axis.", (x)
        { size: I64 = -1, SIZE; fill_value: F64 = 0.0, "what stands beyond those that there are"; }
        => list |cx| numpy::nonzero(cx, x, super::at::size("nonzero", size)?, &vec![fill_value; x.ty().rank()])),
    op!("flatnonzero", "The positions of elements of the flattened array that differ from zero.", (x)
        { size: I64 = -1, SIZE; fill_value: F64 = 0.0, "what stands beyond those that there are"; }
        => |cx| numpy::flatnonzero(cx, x, super::at::size("flatnonzero", size)?, fill_value)),
    op!("argwhere", "The positions of elements that differ from zero, a row for each.", (x)
        { size: I64 = -1, SIZE; fill_value: F64 = 0.0, "what stands beyond those that there are"; }
        => |cx| numpy::argwhere(cx, x, super::at::size("argwhere", size)?, fill_value)),
    op!("count_nonzero", "How many elements differ from zero.", (x) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::count_nonzero(cx, x, axes, keepdims)),
    op!("select", "Of the choices the first whose condition holds, element by element: first the conditions, then as many choices, then what stands where none holds.", ([arrays])
        => |cx| numpy::select_first(cx, arrays)),
    op!("choose", "Element by element that of the array that x names.", (x [choices])
        { mode: Str = "raise", "what happens out of range: `raise`, which needs an x that is known, `wrap` or `clip`"; }
        => |cx| numpy::choose(cx, x, choices, mode)),
    op!("compress", "The elements along an axis where a condition holds.", (condition, x)
        { axis: Axis = None, FLAT; size: I64 = -1, SIZE; fill_value: F64 = 0.0, "what stands beyond those that there are"; }
        => |cx| numpy::compress(cx, condition, x, axis, (super::at::size("compress", size)?, fill_value))),
    op!("extract", "The elements of the flattened x where a flattened condition holds.", (condition, x)
        { size: I64 = -1, SIZE; fill_value: F64 = 0.0, "what stands beyond those that there are"; }
        => |cx| numpy::compress(cx, &numpy::ravel(cx, condition)?, x, None, (super::at::size("extract", size)?, fill_value))),
    op!("searchsorted", "The positions in one sorted array that keep it sorted; NaN comes last.", (x, values)
        { side: Str = "left", "before equal elements: `left`, or after them: `right`"; }
        => |cx| numpy::searchsorted(cx, x, values, side)),
    op!("digitize", "In which bin each element is: behind how many of the edges, which go up or down.", (x, bins)
        { right: Bool = false, "whether bins hold their right edges instead of their left ones"; }
        => |cx| numpy::digitize(cx, x, bins, right)),
    op!("bincount", "How often each whole number occurs, or the sums of weights. Negative numbers count as 0.", (x [weights])
    { length: I64, "below which number counting ends"; }
    => |cx| match super::at::size("bincount", length)? {
        Some(length) => numpy::bincount(cx, x, one_more("bincount", weights)?, length),
        None => bail!(InvalidArgument, "bincount needs a length of at least 0, got -1"),
    }),
    op!("unique", "The distinct elements in order; then what is asked for.", (x)
    { return_index: Bool = false, "whether to tell where each occurs first"; return_inverse: Bool = false, "whether to tell for each element its place among the distinct ones";
      return_counts: Bool = false, "whether to tell how often each occurs"; axis: Axis = None, "along which axis slices are compared; elements if none";
      equal_nan: Bool = true, "whether NaN equals NaN"; size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
    => list |cx| unique_of(cx, x, (axis, equal_nan, size, fill_value), [true, return_index, return_inverse, return_counts])),
    op!("unique_all", "The distinct elements in order, where each occurs first, for each element its place among them, and how often each occurs.", (x)
        { size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
        => list |cx| unique_of(cx, x, (None, false, size, fill_value), [true; 4])),
    op!("unique_counts", "The distinct elements in order, and how often each occurs.", (x) { size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
        => list |cx| unique_of(cx, x, (None, false, size, fill_value), [true, false, false, true])),
    op!("unique_inverse", "The distinct elements in order, and for each element its place among them.", (x) { size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
        => list |cx| unique_of(cx, x, (None, false, size, fill_value), [true, false, true, false])),
    op!("unique_values", "The distinct elements in order.", (x) { size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
        => |cx| Ok(unique_of(cx, x, (None, false, size, fill_value), [true, false, false, false])?.swap_remove(0))),
    op!("isin", "Whether each element of x is one of the others.", (x, elements) { invert: Bool = false, "whether it is not"; }
        => |cx| numpy::isin(cx, x, elements, invert)),
    op!("union1d", "The elements of either, in order.", (x, y) { size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
        => |cx| numpy::union1d(cx, x, y, extent("union1d", size, fill_value)?)),
    op!("intersect1d", "The elements of both, in order; with positions, then where they are in either.", (x, y)
    { assume_unique: Bool = false, ASSUME; return_indices: Bool = false, "whether to tell positions"; size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
    => list |cx| {
        let mut all = numpy::intersect1d(cx, x, y, assume_unique, extent("intersect1d", size, fill_value)?)?;
        all.truncate(if return_indices { 3 } else { 1 });
        Ok(all)
    }),
    op!("setdiff1d", "The elements of x that are not in y, in order.", (x, y)
        { assume_unique: Bool = false, ASSUME; size: I64 = -1, SIZE; fill_value: F64 = 0.0, "what stands beyond those that there are"; }
        => |cx| numpy::setdiff1d(cx, x, y, assume_unique, extent("setdiff1d", size, fill_value)?)),
    op!("setxor1d", "The elements of exactly one of both, in order.", (x, y)
        { assume_unique: Bool = false, ASSUME; size: I64 = -1, SIZE; fill_value: F64 = f64::NAN, FILL; }
        => |cx| numpy::setxor1d(cx, x, y, assume_unique, extent("setxor1d", size, fill_value)?)),
    op!("lexsort", "The positions that sort by the last key, then by the one before, and so on.", ([keys]) { axis: I64 = -1, ALONG; }
        => |cx| numpy::lexsort(cx, keys, axis)),
    op!("partition", "The elements in an order where the k-th is in its place, smaller ones before, larger ones after.", (x)
        { kth: I64, "which place"; axis: I64 = -1, ALONG; } => |cx| numpy::partition(cx, x, kth, axis)),
    op!("argpartition", "The positions of elements in an order where the k-th is in its place.", (x)
        { kth: I64, "which place"; axis: I64 = -1, ALONG; } => |cx| numpy::argpartition(cx, x, kth, axis)),
    op!("sort_complex", "All elements sorted along the last axis, as complex numbers.", (x) => |cx| numpy::sort_complex(cx, x)),
    op!("packbits", "Bits packed into bytes.", (x) { axis: Axis = None, FLAT; bitorder: Str = "big", "whether the first bit is highest: `big`, or lowest: `little`"; }
        => |cx| numpy::packbits(cx, x, axis, bitorder)),
    op!("unpackbits", "The bits of bytes.", (x)
        { axis: Axis = None, FLAT; count: I64 = -1, "how many bits; all if -1"; bitorder: Str = "big", "whether the first bit is highest: `big`, or lowest: `little`"; }
        => |cx| numpy::unpackbits(cx, x, axis, super::at::size("unpackbits", count)?, bitorder)),
];
