//! Functions of neural networks.

use jaxrs_ir::prims::ScatterKind;

use super::*;
use crate::segment::{self, SegmentOptions};
use crate::{nn, numpy};

const SOFTMAX_AXES: &str = "over which axes; an empty list stands for all";

macro_rules! segment {
    ($name:literal, $kind:expr, $doc:literal) => {
        op!($name, $doc, (data, segment_ids)
        { num_segments: I64 = -1, "how many segments; as many as there are if -1, which needs numbers that are known";
          mode: Str = "", "what happens to elements of other segments: `drop`, `clip`, `promise_in_bounds`; `drop` if empty"; }
        => |cx| {
            let mode = if mode.is_empty() { None } else { Some(numpy::index_mode($name, mode)?) };
            let num_segments = super::at::size($name, num_segments)?;
            segment::segment(cx, $kind, data, segment_ids, SegmentOptions { num_segments, mode })
        })
    };
}

/// Reads what may be given to standardize by.
pub(super) fn mean_and_variance<'a>(
    name: &str,
    given: &'a [Value],
) -> Result<(Option<&'a Value>, Option<&'a Value>)> {
    match given {
        [] => Ok((None, None)),
        [mean] => Ok((Some(mean), None)),
        [mean, variance] => Ok((Some(mean), Some(variance))),
        more => bail!(
            InvalidArgument,
            "{name} takes a mean and a variance at most, got {} arrays more",
            more.len()
        ),
    }
}

pub(super) static OPS: &[Op] = &[
    op!("relu", "The larger of x and 0, with derivative 0 at 0.", (x) => |cx| nn::relu(cx, x)),
    op!("sigmoid", "1 / (1 + exp(-x)).", (x) => |cx| nn::sigmoid(cx, x)),
    op!("silu", "x times its sigmoid.", (x) => |cx| nn::silu(cx, x)),
    op!("softplus", "log(1 + exp(x)), without overflow.", (x) => |cx| nn::softplus(cx, x)),
    op!("gelu", "The Gaussian error linear unit.", (x)
        { approximate: Bool = true, "whether by its tanh approximation"; } => |cx| nn::gelu(cx, x, approximate)),
    op!("elu", "x above 0, alpha (exp(x) - 1) below.", (x) { alpha: F64 = 1.0, "the bound below"; }
        => |cx| nn::elu(cx, x, alpha)),
    op!("leaky_relu", "x above 0, a fraction of it below.", (x) { slope: F64 = 0.01, "the fraction"; }
        => |cx| nn::leaky_relu(cx, x, slope)),
    op!("softmax", "exp(x) divided by its sum over axes.", (x) { axes: I64s = &[-1], SOFTMAX_AXES; }
        => |cx| nn::softmax(cx, x, axes)),
    op!("log_softmax", "The logarithm of the softmax over axes.", (x) { axes: I64s = &[-1], SOFTMAX_AXES; }
        => |cx| nn::log_softmax(cx, x, axes)),
    op!("one_hot", "For each index a row with a one at its place; all zeros out of range.", (x)
        { num_classes: I64, "the length of a row"; dtype: DType = None, "the element type; the default float if none";
          axis: I64 = -1, "the place of the new axis"; }
        => |cx| numpy::one_hot(cx, x, num_classes, dtype.unwrap_or(cx.defaults().float()), axis)),
    op!("nn_identity", "The operand itself.", (x) => |_cx| Ok(x.clone())),
    op!("relu6", "x between 0 and 6.", (x) => |cx| nn::relu6(cx, x)),
    op!("hard_sigmoid", "A sigmoid of three straight pieces.", (x) => |cx| nn::hard_sigmoid(cx, x)),
    op!("hard_silu", "x times its hard sigmoid.", (x) => |cx| nn::hard_silu(cx, x)),
    op!("hard_tanh", "x between -1 and 1.", (x) => |cx| nn::hard_tanh(cx, x)),
    op!("celu", "x above 0, alpha (exp(x / alpha) - 1) below.", (x) { alpha: F64 = 1.0, "the bound below"; } => |cx| nn::celu(cx, x, alpha)),
    op!("selu", "A scaled elu that keeps mean and variance.", (x) => |cx| nn::selu(cx, x)),
    op!("glu", "One half along an axis times the sigmoid of the other.", (x) { axis: I64 = -1, "along which axis"; } => |cx| nn::glu(cx, x, axis)),
    op!("log_sigmoid", "The logarithm of the sigmoid.", (x) => |cx| nn::log_sigmoid(cx, x)),
    op!("mish", "x times the hyperbolic tangent of its softplus.", (x) => |cx| nn::mish(cx, x)),
    op!("soft_sign", "x / (|x| + 1).", (x) => |cx| nn::soft_sign(cx, x)),
    op!("sparse_plus", "0 up to -1, x from 1 on, a parabola between.", (x) => |cx| nn::sparse_plus(cx, x)),
    op!("sparse_sigmoid", "0 up to -1, 1 from 1 on, a line between.", (x) => |cx| nn::sparse_sigmoid(cx, x)),
    op!("squareplus", "(x + sqrt(x^2 + b)) / 2.", (x) { b: F64 = 4.0, "how smooth it is"; } => |cx| nn::squareplus(cx, x, b)),
    op!("log1mexp", "log(1 - exp(-x)) for positive x.", (x) => |cx| nn::log1mexp(cx, x)),
    op!("logmeanexp", "The logarithm of the mean of exponentials, without overflow.", (x) { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| nn::logmeanexp(cx, x, axes, keepdims)),
    op!("standardize", "x less its mean over axes, by the root of its variance and a little more; mean and variance may be given.", (x [mean_variance])
    { axes: I64s = &[-1], SOFTMAX_AXES; epsilon: F64 = 1e-5, "what is added to the variance"; }
    => |cx| nn::standardize(cx, x, mean_and_variance("standardize", mean_variance)?, axes, epsilon)),
    op!("dot_product_attention", "Attention of queries to keys: means of values weighted by the softmax of products; of shape (batch, length, heads, size) or without batch. A bias for the logits and a mask of truth values may follow.", (query, key, value [bias_mask])
    { scale: F64 = f64::NAN, "by what logits are multiplied; one over the root of the size if NaN"; is_causal: Bool = false, "whether queries see no later keys";
      local_window_size: I64s = &[], "how many keys before and after its own place a query sees; all if empty"; }
    => |cx| {
        let mut options = nn::AttentionOptions { scale: super::numbers::given(scale), is_causal, ..Default::default() };
        options.local_window_size = match local_window_size {
            [] => None,
            &[both] => Some([both, both]),
            &[left, right] => Some([left, right]),
            more => bail!(InvalidArgument, "dot_product_attention takes a window of at most 2 numbers, got {more:?}"),
        };
        for x in bias_mask {
            let place = if x.ty().dtype.is_bool() { &mut options.mask } else { &mut options.bias };
            if place.replace(x).is_some() {
                bail!(InvalidArgument, "dot_product_attention takes one bias and one mask, got {}", x.ty());
            }
        }
        nn::dot_product_attention(cx, [query, key, value], options)
    }),
    segment!("segment_sum", ScatterKind::Add, "The sums of segments along axis 0."),
    segment!("segment_prod", ScatterKind::Mul, "The products of segments along axis 0."),
    segment!("segment_min", ScatterKind::Min, "The smallest elements of segments along axis 0."),
    segment!("segment_max", ScatterKind::Max, "The largest elements of segments along axis 0."),
];
