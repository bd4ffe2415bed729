//! Whole numbers, parts of floating-point numbers, comparisons up to a tolerance.

use super::*;
use crate::numpy::{self, NanToNum, Tolerance};

const RTOL: &str = "how near, as a part of y";
const ATOL: &str = "how near, as such";
const EQUAL_NAN: &str = "whether NaN equals NaN";

/// NaN stands for no number.
pub(super) fn given(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number)
}

pub(super) static OPS: &[Op] = &[
    op!("positive", "The operand itself.", (x) => |_cx| Ok(x.clone())),
    op!("float_power", "The power as a float.", (x, y) => |cx| numpy::float_power(cx, x, y)),
    op!("fmax", "The larger of two elements; the other where one is NaN.", (x, y) => |cx| numpy::fmax(cx, x, y)),
    op!("fmin", "The smaller of two elements; the other where one is NaN.", (x, y) => |cx| numpy::fmin(cx, x, y)),
    op!("divmod", "The quotient rounded towards negative infinity, and the remainder with the divisor's sign.", (x, y)
        => list |cx| numpy::divmod(cx, x, y)),
    op!("gcd", "The greatest common divisor.", (x, y) => |cx| numpy::gcd(cx, x, y)),
    op!("lcm", "The least common multiple.", (x, y) => |cx| numpy::lcm(cx, x, y)),
    op!("logaddexp2", "The logarithm to base 2 of the sum of powers of 2, without overflow.", (x, y) => |cx| numpy::logaddexp2(cx, x, y)),
    op!("deg2rad", "Degrees as radians.", (x) => |cx| numpy::deg2rad(cx, x)),
    op!("rad2deg", "Radians as degrees.", (x) => |cx| numpy::rad2deg(cx, x)),
    op!("signbit", "Whether the sign is negative: that of -0, too.", (x) => |cx| numpy::signbit(cx, x)),
    op!("copysign", "The magnitude of x with the sign of y.", (x, y) => |cx| numpy::copysign(cx, x, y)),
    op!("spacing", "The distance to the next float away from zero.", (x) => |cx| numpy::spacing(cx, x)),
    op!("isneginf", "Whether elements are negative infinity.", (x) => |cx| numpy::isneginf(cx, x)),
    op!("isposinf", "Whether elements are infinity.", (x) => |cx| numpy::isposinf(cx, x)),
    op!("heaviside", "0 for negative, 1 for positive x, and y at 0.", (x, y) => |cx| numpy::heaviside(cx, x, y)),
    op!("frexp", "x as a fraction from 1/2 to 1 and a power of 2.", (x) => list |cx| numpy::frexp(cx, x)),
    op!("ldexp", "x times 2 to the power n, for whole n.", (x, n) => |cx| numpy::ldexp(cx, x, n)),
    op!("modf", "The fractional and the whole part.", (x) => list |cx| numpy::modf(cx, x)),
    op!("rint", "Rounds to the nearest whole number, halves to even; integers become floats.", (x) => |cx| numpy::rint(cx, x)),
    op!("nan_to_num", "x with numbers in the places of NaN and infinities.", (x)
        { nan: F64 = 0.0, "instead of NaN"; posinf: F64 = f64::NAN, "instead of infinity; NaN stands for the largest finite number";
          neginf: F64 = f64::NAN, "instead of negative infinity; NaN stands for the smallest finite number"; }
        => |cx| numpy::nan_to_num(cx, x, NanToNum { nan, posinf: given(posinf), neginf: given(neginf) })),
    op!("isclose", "Whether elements are equal, or finite and near.", (x, y)
        { rtol: F64 = 1e-5, RTOL; atol: F64 = 1e-8, ATOL; equal_nan: Bool = false, EQUAL_NAN; }
        => |cx| numpy::isclose(cx, x, y, Tolerance { rtol, atol, equal_nan })),
    op!("allclose", "Whether all elements are equal, or finite and near.", (x, y)
        { rtol: F64 = 1e-5, RTOL; atol: F64 = 1e-8, ATOL; equal_nan: Bool = false, EQUAL_NAN; }
        => |cx| numpy::allclose(cx, x, y, Tolerance { rtol, atol, equal_nan })),
    op!("array_equal", "Whether shapes and all elements are equal.", (x, y) { equal_nan: Bool = false, EQUAL_NAN; }
        => |cx| numpy::array_equal(cx, x, y, equal_nan)),
    op!("array_equiv", "Whether shapes broadcast together and all elements are then equal.", (x, y)
        => |cx| numpy::array_equiv(cx, x, y)),
    op!("iscomplexobj", "Whether the element type is complex.", (x)
        => |_cx| Ok(crate::operands::constant(DType::Bool, f64::from(u8::from(x.ty().dtype.is_complex()))))),
    op!("isrealobj", "Whether the element type is not complex.", (x)
        => |_cx| Ok(crate::operands::constant(DType::Bool, f64::from(u8::from(!x.ty().dtype.is_complex()))))),
];
