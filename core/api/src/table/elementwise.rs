//! Elementwise operations.

use jaxrs_ir::ops;
use jaxrs_ir::prims::Unary;

use super::*;
use crate::operands::{aligned, promoted, to_inexact};
use crate::{lax, numpy};

/// A function of one operand on floats, to which integers are converted.
fn inexact(cx: &Scope, op: Unary, x: &Value) -> Result<Value> {
    ops::unary(cx, op, &to_inexact(cx, x)?)
}

/// An element type that has to be named.
fn required(dtype: Option<DType>, name: &str) -> Result<DType> {
    match dtype {
        Some(dtype) => Ok(dtype),
        None => bail!(InvalidArgument, "{name} needs an element type"),
    }
}

pub(super) static OPS: &[Op] = &[
    op!("neg", "The negative, element by element.", (x) => |cx| numpy::negative(cx, x)),
    op!("abs", "The magnitude, element by element.", (x) => |cx| numpy::abs(cx, x)),
    op!("sign", "-1, 0 or 1 by the sign; zeros keep theirs and NaN stays NaN.", (x) => |cx| numpy::sign(cx, x)),
    op!("floor", "Rounds towards negative infinity. Integers stay.", (x) => |cx| numpy::floor(cx, x)),
    op!("ceil", "Rounds towards positive infinity. Integers stay.", (x) => |cx| numpy::ceil(cx, x)),
    op!("trunc", "Rounds towards zero. Integers stay.", (x) => |cx| numpy::trunc(cx, x)),
    op!("round", "Rounds to the nearest whole number. Integers stay.", (x)
    { method: Str = "to_even", "where halves go: `to_even` or `away_from_zero`"; }
    => |cx| match method {
        "to_even" => numpy::round(cx, x),
        "away_from_zero" => lax::round(cx, x),
        _ => bail!(InvalidArgument, "round takes method to_even or away_from_zero, got {method:?}"),
    }),
    op!("square", "The square, element by element.", (x) => |cx| numpy::square(cx, x)),
    op!("sqrt", "The square root.", (x) => |cx| numpy::sqrt(cx, x)),
    op!("rsqrt", "One over the square root.", (x) => |cx| inexact(cx, Unary::Rsqrt, x)),
    op!("cbrt", "The cube root.", (x) => |cx| numpy::cbrt(cx, x)),
    op!("reciprocal", "One over the operand.", (x) => |cx| numpy::reciprocal(cx, x)),
    op!("exp", "The exponential.", (x) => |cx| numpy::exp(cx, x)),
    op!("exp2", "Two to the power of the operand.", (x) => |cx| numpy::exp2(cx, x)),
    op!("expm1", "The exponential less one, exact near zero.", (x) => |cx| numpy::expm1(cx, x)),
    op!("log", "The natural logarithm.", (x) => |cx| numpy::log(cx, x)),
    op!("log1p", "The natural logarithm of one more, exact near zero.", (x) => |cx| numpy::log1p(cx, x)),
    op!("log2", "The logarithm to base 2.", (x) => |cx| numpy::log2(cx, x)),
    op!("log10", "The logarithm to base 10.", (x) => |cx| numpy::log10(cx, x)),
    op!("logistic", "1 / (1 + exp(-x)).", (x) => |cx| inexact(cx, Unary::Logistic, x)),
    op!("sin", "The sine.", (x) => |cx| numpy::sin(cx, x)),
    op!("cos", "The cosine.", (x) => |cx| numpy::cos(cx, x)),
    op!("tan", "The tangent.", (x) => |cx| numpy::tan(cx, x)),
    op!("asin", "The arc sine.", (x) => |cx| numpy::arcsin(cx, x)),
    op!("acos", "The arc cosine.", (x) => |cx| numpy::arccos(cx, x)),
    op!("atan", "The arc tangent.", (x) => |cx| numpy::arctan(cx, x)),
    op!("sinh", "The hyperbolic sine.", (x) => |cx| numpy::sinh(cx, x)),
    op!("cosh", "The hyperbolic cosine.", (x) => |cx| numpy::cosh(cx, x)),
    op!("tanh", "The hyperbolic tangent.", (x) => |cx| numpy::tanh(cx, x)),
    op!("asinh", "The inverse hyperbolic sine.", (x) => |cx| numpy::arcsinh(cx, x)),
    op!("acosh", "The inverse hyperbolic cosine.", (x) => |cx| numpy::arccosh(cx, x)),
    op!("atanh", "The inverse hyperbolic tangent.", (x) => |cx| numpy::arctanh(cx, x)),
    op!("erf", "The error function.", (x) => |cx| inexact(cx, Unary::Erf, x)),
    op!("erfc", "One less the error function.", (x) => |cx| inexact(cx, Unary::Erfc, x)),
    op!("erf_inv", "The inverse of the error function.", (x) => |cx| inexact(cx, Unary::ErfInv, x)),
    op!("lgamma", "The logarithm of the magnitude of the gamma function.", (x) => |cx| inexact(cx, Unary::Lgamma, x)),
    op!("digamma", "The derivative of the logarithm of the gamma function.", (x) => |cx| inexact(cx, Unary::Digamma, x)),
    op!("integer_pow", "A fixed whole power.", (x) { y: I64, "the exponent"; }
        => |cx| lax::integer_pow(cx, x, y)),
    op!("not", "The bitwise complement of integers, the negation of truth values.", (x) => |cx| numpy::bitwise_not(cx, x)),
    op!("population_count", "The number of set bits of integers.", (x) => |cx| lax::population_count(cx, x)),
    op!("clz", "The number of leading zero bits of integers.", (x) => |cx| lax::clz(cx, x)),
    op!("reduce_precision", "The nearest float that so many bits hold, ties to even, in the operand's own type: \
        too large becomes infinite, and less than the least normal number 0.", (x)
    { exponent_bits: I64, "the width of the exponent, at least 1"; mantissa_bits: I64, "the width of the mantissa"; }
        => |cx| lax::reduce_precision(cx, x, exponent_bits, mantissa_bits)),
    op!("isnan", "Whether elements are NaN.", (x) => |cx| numpy::isnan(cx, x)),
    op!("isinf", "Whether elements are infinite.", (x) => |cx| numpy::isinf(cx, x)),
    op!("is_finite", "Whether elements are neither NaN nor infinite.", (x) => |cx| numpy::isfinite(cx, x)),
    op!("logical_not", "Whether elements are zero.", (x) => |cx| numpy::logical_not(cx, x)),
    op!("stop_gradient", "The operand, as if it depended on nothing that is being differentiated.", (x)
        => |cx| lax::stop_gradient(cx, x)),
    op!("convert_element_type", "Conversion by value: integers wrap, floats saturate into integers.", (x)
        { new_dtype: DType, "the element type of the result"; }
        => |cx| numpy::astype(cx, x, required(new_dtype, "convert_element_type")?)),
    op!("bitcast_convert_type", "The same bits under another element type.", (x)
        { new_dtype: DType, "the element type of the result"; }
        => |cx| lax::bitcast_convert_type(cx, x, required(new_dtype, "bitcast_convert_type")?)),
    op!("add", "The sum; of truth values, or.", (x, y) => |cx| numpy::add(cx, x, y)),
    op!("sub", "The difference.", (x, y) => |cx| numpy::subtract(cx, x, y)),
    op!("mul", "The product; of truth values, and.", (x, y) => |cx| numpy::multiply(cx, x, y)),
    op!("div", "The quotient; integers truncate towards zero.", (x, y) => |cx| numpy::div(cx, x, y)),
    op!("true_divide", "The quotient as a float.", (x, y) => |cx| numpy::true_divide(cx, x, y)),
    op!("floor_divide", "The quotient rounded towards negative infinity.", (x, y) => |cx| numpy::floor_divide(cx, x, y)),
    op!("rem", "The remainder with the dividend's sign.", (x, y) => |cx| numpy::fmod(cx, x, y)),
    op!("mod", "The remainder with the divisor's sign.", (x, y) => |cx| numpy::remainder(cx, x, y)),
    op!("pow", "The power. Integers to integers stay integers.", (x, y) => |cx| numpy::power(cx, x, y)),
    op!("max", "The larger of two elements; NaN if either is.", (x, y) => |cx| numpy::maximum(cx, x, y)),
    op!("min", "The smaller of two elements; NaN if either is.", (x, y) => |cx| numpy::minimum(cx, x, y)),
    op!("atan2", "The angle of the point with height y and width x.", (y, x) => |cx| numpy::arctan2(cx, y, x)),
    op!("hypot", "The square root of the sum of squares, without overflow.", (x, y) => |cx| numpy::hypot(cx, x, y)),
    op!("logaddexp", "The logarithm of the sum of exponentials, without overflow.", (x, y) => |cx| numpy::logaddexp(cx, x, y)),
    op!("nextafter", "The next float after x towards y.", (x, y) => |cx| numpy::nextafter(cx, x, y)),
    op!("eq", "Whether elements are equal.", (x, y) => |cx| numpy::equal(cx, x, y)),
    op!("ne", "Whether elements differ.", (x, y) => |cx| numpy::not_equal(cx, x, y)),
    op!("lt", "Whether x is less than y.", (x, y) => |cx| numpy::less(cx, x, y)),
    op!("le", "Whether x is at most y.", (x, y) => |cx| numpy::less_equal(cx, x, y)),
    op!("gt", "Whether x is greater than y.", (x, y) => |cx| numpy::greater(cx, x, y)),
    op!("ge", "Whether x is at least y.", (x, y) => |cx| numpy::greater_equal(cx, x, y)),
    op!("and", "Bitwise and of integers, logical and of truth values.", (x, y) => |cx| numpy::bitwise_and(cx, x, y)),
    op!("or", "Bitwise or of integers, logical or of truth values.", (x, y) => |cx| numpy::bitwise_or(cx, x, y)),
    op!("xor", "Bitwise exclusive or.", (x, y) => |cx| numpy::bitwise_xor(cx, x, y)),
    op!("shift_left", "x shifted left by y bits; 0 from the width on.", (x, y) => |cx| numpy::left_shift(cx, x, y)),
    op!("shift_right_logical", "x shifted right by y bits, zeros coming in.", (x, y) => |cx| numpy::right_shift_logical(cx, x, y)),
    op!("shift_right_arithmetic", "x shifted right by y bits, the sign coming in.", (x, y) => |cx| numpy::right_shift(cx, x, y)),
    op!("mulhi", "The high half of the product of integers of one type.", (x, y) => |cx| lax::mulhi(cx, x, y)),
    op!("logical_and", "Whether both elements differ from zero.", (x, y) => |cx| numpy::logical_and(cx, x, y)),
    op!("logical_or", "Whether any of two elements differs from zero.", (x, y) => |cx| numpy::logical_or(cx, x, y)),
    op!("logical_xor", "Whether exactly one of two elements differs from zero.", (x, y) => |cx| numpy::logical_xor(cx, x, y)),
    op!("where", "x where the condition is not zero, else y.", (condition, x, y)
        => |cx| numpy::r#where(cx, condition, x, y)),
    op!("select_n", "The case that `which` names, element by element: false or 0 the first.", (which [cases])
        => |cx| lax::select_n(cx, which, cases)),
    op!("clamp", "The operand between two bounds; the derivative at the bounds is 0.", (low, x, high)
    => |cx| {
        let [low, x, high] = aligned(cx, "clamp", promoted(cx, [low, x, high])?)?;
        lax::clamp(cx, &low, &x, &high)
    }),
    op!("clip", "The operand between two bounds, as NumPy has it.", (x, low, high)
        => |cx| numpy::clip(cx, x, Some(low), Some(high))),
];
