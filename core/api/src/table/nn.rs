//! Functions of neural networks.

use super::*;
use crate::{nn, numpy};

const SOFTMAX_AXES: &str = "over which axes; an empty list stands for all";

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
];
