//! What samples tell: ranks, modes, densities, the nearest of a few.

use super::search::one_more;
use super::*;
use crate::{cluster, stats};

const BANDWIDTH: &str =
    "how wide the density around each sample is: `scott`, `silverman` or a number";
const AXIS: &str = "along which axis; of all elements if none";

pub(super) static OPS: &[Op] = &[
    op!("stats_rankdata", "The ranks of elements, from 1 on. Beside NaN all are NaN.", (x)
        { method: Str = "average", "what equal elements share: the `average` of their ranks, the `min`, the `max`, or `dense` that among distinct elements; `ordinal` for nothing";
          axis: Axis = None, "along which axis; of the flattened array if none"; }
        => |cx| stats::rankdata(cx, x, method, axis)),
    op!("stats_mode", "The element that occurs most often, the smallest of several, and how often.", (x)
        { axis: Axis = Some(0), AXIS; keepdims: Bool = false, KEEPDIMS; }
        => list |cx| stats::mode(cx, x, axis, keepdims)),
    op!("stats_sem", "The standard error of the mean.", (x)
        { axis: Axis = Some(0), AXIS; ddof: F64 = 1.0, "how much less than the count to divide by"; keepdims: Bool = false, KEEPDIMS; }
        => |cx| stats::sem(cx, x, axis, ddof, keepdims)),
    op!("gaussian_kde_evaluate", "The density that samples along the last axis suggest, at points; weights of samples may follow.", (dataset, points [weights])
        { bw_method: Str = "scott", BANDWIDTH; }
        => |cx| stats::kde_density(cx, [dataset, points], one_more("gaussian_kde_evaluate", weights)?, (bw_method, false))),
    op!("gaussian_kde_logpdf", "The logarithm of the density that samples along the last axis suggest, at points; weights of samples may follow.", (dataset, points [weights])
        { bw_method: Str = "scott", BANDWIDTH; }
        => |cx| stats::kde_density(cx, [dataset, points], one_more("gaussian_kde_logpdf", weights)?, (bw_method, true))),
    op!("gaussian_kde_integrate_box_1d", "How much of the density that numbers suggest lies between two bounds; weights of numbers may follow.", (dataset, low, high [weights])
        { bw_method: Str = "scott", BANDWIDTH; }
        => |cx| stats::kde_integrate_box_1d(cx, [dataset, low, high], one_more("gaussian_kde_integrate_box_1d", weights)?, bw_method)),
    op!("gaussian_kde_integrate_gaussian", "The integral of the density that samples suggest times a normal density; weights of samples may follow.", (dataset, mean, cov [weights])
        { bw_method: Str = "scott", BANDWIDTH; }
        => |cx| stats::kde_integrate_gaussian(cx, [dataset, mean, cov], one_more("gaussian_kde_integrate_gaussian", weights)?, bw_method)),
    op!("vq", "For each observation the place of the nearest row of a code book, and the distance.", (obs, code_book)
        => list |cx| cluster::vq(cx, obs, code_book)),
];
