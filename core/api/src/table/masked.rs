//! Reductions of the elements that a mask picks.

use super::search::one_more;
use super::*;
use crate::nn;
use crate::numpy::{self, Among};

const DDOF: &str = "how much less than the count to divide by";
const SOFTMAX_AXES: &str = "over which axes; an empty list stands for all";

/// A reduction that may start from a value.
macro_rules! from_any {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x, mask [initial]) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
            => |cx| $function(cx, x, Among { axes, keepdims, mask }, one_more($name, initial)?))
    };
}

/// A reduction of no elements to the value that it starts from.
macro_rules! from_one {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x, mask, initial) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
            => |cx| $function(cx, x, Among { axes, keepdims, mask }, initial))
    };
}

macro_rules! over_axes {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x, mask) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
            => |cx| $function(cx, x, Among { axes, keepdims, mask }))
    };
}

macro_rules! with_ddof {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x, mask)
            { axes: I64s = &[], AXES; ddof: F64 = 0.0, DDOF; keepdims: Bool = false, KEEPDIMS; }
            => |cx| $function(cx, x, Among { axes, keepdims, mask }, ddof))
    };
}

pub(super) static OPS: &[Op] = &[
    from_any!(
        "reduce_sum_where",
        numpy::sum_where,
        "The sum over axes of elements where a mask, which broadcasts to x, is true; and of an initial value, which may follow."
    ),
    from_any!(
        "reduce_prod_where",
        numpy::prod_where,
        "The product over axes of elements where a mask, which broadcasts to x, is true; and of an initial value, which may follow."
    ),
    from_one!(
        "reduce_max_where",
        numpy::max_where,
        "The largest over axes of an initial value and the elements where a mask, which broadcasts to x, is true."
    ),
    from_one!(
        "reduce_min_where",
        numpy::min_where,
        "The smallest over axes of an initial value and the elements where a mask, which broadcasts to x, is true."
    ),
    over_axes!(
        "all_where",
        numpy::all_where,
        "Whether all elements over axes differ from zero where a mask, which broadcasts to x, is true."
    ),
    over_axes!(
        "any_where",
        numpy::any_where,
        "Whether any element over axes differs from zero where a mask, which broadcasts to x, is true."
    ),
    over_axes!(
        "mean_where",
        numpy::mean_where,
        "The arithmetic mean over axes of elements where a mask, which broadcasts to x, is true."
    ),
    with_ddof!(
        "var_where",
        numpy::var_where,
        "The variance over axes of elements where a mask, which broadcasts to x, is true."
    ),
    with_ddof!(
        "std_where",
        numpy::std_where,
        "The standard deviation over axes of elements where a mask, which broadcasts to x, is true."
    ),
    from_any!(
        "nansum_where",
        numpy::nansum_where,
        "The sum of elements that are not NaN where a mask is true, and of an initial value, which may follow."
    ),
    from_any!(
        "nanprod_where",
        numpy::nanprod_where,
        "The product of elements that are not NaN where a mask is true, and of an initial value, which may follow."
    ),
    from_one!(
        "nanmax_where",
        numpy::nanmax_where,
        "The largest of an initial value and the elements that are not NaN where a mask is true."
    ),
    from_one!(
        "nanmin_where",
        numpy::nanmin_where,
        "The smallest of an initial value and the elements that are not NaN where a mask is true."
    ),
    over_axes!(
        "nanmean_where",
        numpy::nanmean_where,
        "The mean of elements that are not NaN where a mask is true."
    ),
    with_ddof!(
        "nanvar_where",
        numpy::nanvar_where,
        "The variance of elements that are not NaN where a mask is true."
    ),
    with_ddof!(
        "nanstd_where",
        numpy::nanstd_where,
        "The standard deviation of elements that are not NaN where a mask is true."
    ),
    op!("logsumexp_where", "The logarithm of the sum of exponentials over axes, without overflow, where a mask is true; factors b of the exponentials may follow. A negative sum gives NaN, unless its sign is asked for.", (x, mask [b])
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; return_sign: Bool = false, "whether to give the sign of the sum, too, whose magnitude counts then"; }
        => list |cx| numpy::logsumexp_where(cx, x, Among { axes, keepdims, mask }, (one_more("logsumexp_where", b)?, return_sign))),
    over_axes!(
        "logmeanexp_where",
        nn::logmeanexp_where,
        "The logarithm of the mean of exponentials, without overflow, where a mask is true."
    ),
    op!("softmax_where", "exp(x) divided by its sum over axes, where a mask is true; 0 elsewhere.", (x, mask) { axes: I64s = &[-1], SOFTMAX_AXES; }
        => |cx| nn::softmax_where(cx, x, axes, mask)),
    op!("log_softmax_where", "The logarithm of the softmax over axes, where a mask is true; minus infinity elsewhere.", (x, mask) { axes: I64s = &[-1], SOFTMAX_AXES; }
        => |cx| nn::log_softmax_where(cx, x, axes, mask)),
    op!("standardize_where", "x less the mean over axes of elements where a mask is true, by the root of their variance and a little more; mean and variance may be given.", (x, mask [mean_variance])
    { axes: I64s = &[-1], SOFTMAX_AXES; epsilon: F64 = 1e-5, "what is added to the variance"; }
    => |cx| {
        let given = super::nn::mean_and_variance("standardize_where", mean_variance)?;
        nn::standardize_where(cx, x, given, (axes, mask), epsilon)
    }),
];
