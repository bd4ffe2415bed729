//! Signs, exponents and neighbours of floating-point numbers.

use jaxrs_data::{DType, Error, Literal, Result, Scalar, bail};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, custom_jvp};

use crate::formula::Term;
use crate::operands::{aligned, constant_like, convert, promoted_inexact, to_inexact};

/// How a floating-point type lays out its bits.
struct Layout {
    /// Integers of the same width.
    int: DType,
    /// Bits of the exponent.
    nexp: i64,
    /// Bits of the fraction.
    nmant: i64,
    /// The exponent of the smallest normal number.
    minexp: i64,
}

fn layout(name: &str, dtype: DType) -> Result<Layout> {
    let (int, nexp, nmant, minexp) = match dtype {
        DType::F16 => (DType::I16, 5, 10, -14),
        DType::BF16 => (DType::I16, 8, 7, -126),
        DType::F32 => (DType::I32, 8, 23, -126),
        DType::F64 => (DType::I64, 11, 52, -1022),
        _ => bail!(Dtype, "{name} needs floats of 16, 32 or 64 bits, got {dtype}"),
    };
    Ok(Layout { int, nexp, nmant, minexp })
}

/// Whether the sign is negative: that of −0 and of NaNs, too.
pub fn signbit(cx: &Scope, x: &Value) -> Result<Value> {
    let dtype = x.ty().dtype;
    if dtype.is_bool() || dtype.is_unsigned() {
        return super::full(cx, x.shape(), 0.0, DType::Bool);
    }
    if dtype.is_integer() {
        return ops::compare(cx, Compare::Lt, x, &constant_like(x, 0.0));
    }
    let bits = crate::lax::bitcast_convert_type(cx, x, layout("signbit", dtype)?.int)?;
    ops::compare(cx, Compare::Lt, &bits, &constant_like(&bits, 0.0))
}

/// The magnitude of `x` with the sign of `y`.
pub fn copysign(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, "copysign", promoted_inexact(cx, [x, y])?)?;
    let magnitude = super::abs(cx, &x)?;
    super::select(cx, &signbit(cx, &y)?, &ops::neg(cx, &magnitude)?, &magnitude)
}

/// The distance to the next float away from zero, with the sign of `x`.
pub fn spacing(cx: &Scope, x: &Value) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let layout = layout("spacing", x.ty().dtype)?;
    let infinity = constant_like(&x, f64::INFINITY);
    if x.ty().dtype == DType::F16 {
        return ops::sub(cx, &super::nextafter(cx, &x, &infinity)?, &x);
    }
    let next = super::nextafter(cx, &x, &copysign(cx, &infinity, &x)?)?;
    let result = ops::sub(cx, &next, &x)?;
    let smallest =
        constant_like(&x, 2f64.powi(layout.minexp as i32) * 2f64.powi(-(layout.nmant as i32)));
    let is_zero = ops::compare(cx, Compare::Eq, &result, &constant_like(&x, 0.0))?;
    super::select(cx, &is_zero, &copysign(cx, &smallest, &x)?, &result)
}

fn is_infinity(cx: &Scope, name: &str, x: &Value, infinity: f64) -> Result<Value> {
    match x.ty().dtype {
        dtype if dtype.is_float() => ops::compare(cx, Compare::Eq, x, &constant_like(x, infinity)),
        dtype if dtype.is_complex() => bail!(Dtype, "{name} needs real numbers, got {}", x.ty()),
        _ => super::full(cx, x.shape(), 0.0, DType::Bool),
    }
}

/// Whether elements are −∞.
pub fn isneginf(cx: &Scope, x: &Value) -> Result<Value> {
    is_infinity(cx, "isneginf", x, f64::NEG_INFINITY)
}

/// Whether elements are ∞.
pub fn isposinf(cx: &Scope, x: &Value) -> Result<Value> {
    is_infinity(cx, "isposinf", x, f64::INFINITY)
}

/// 0 for negative, 1 for positive `x`, and `y` at 0.
pub fn heaviside(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, "heaviside", promoted_inexact(cx, [x, y])?)?;
    let (x, y) = (Term::new(cx, &x), Term::new(cx, &y));
    let (zero, one) = (x.constant(0.0), x.constant(1.0));
    let at_zero = x.is_nan().choose(&x, &y);
    x.below(0.0).choose(&zero, &x.above(0.0).choose(&one, &at_zero)).done()
}

/// `x` as a fraction of magnitude from ½ to 1 and a power of 2.
pub fn frexp(cx: &Scope, x: &Value) -> Result<Vec<Value>> {
    let x = to_inexact(cx, x)?;
    layout("frexp", x.ty().dtype)?;
    let value = Function::new("frexp", |cx: &Scope, x: &[Value]| match x {
        [x] => split(cx, x),
        _ => Err(Error::internal("frexp takes 1 operand")),
    });
    let rule = Function::new("frexp_jvp", |cx: &Scope, x: &[Value]| match x {
        [x, dx] => {
            let parts = frexp(cx, x)?;
            let power = ops::neg(cx, &convert(cx, &parts[1], x.ty().dtype, false)?)?;
            let tangent = ops::mul(cx, dx, &ops::unary(cx, Unary::Exp2, &power)?)?;
            let none = ops::full(cx, parts[1].ty(), Scalar::Int(0))?;
            Ok(vec![parts[0].clone(), parts[1].clone(), tangent, none])
        }
        _ => Err(Error::internal("frexp's derivative takes 2 operands")),
    });
    custom_jvp(&value, &rule).call(cx, &[x])
}

fn split(cx: &Scope, x: &Value) -> Result<Vec<Value>> {
    let dtype = x.ty().dtype;
    let Layout { int, nexp, nmant, minexp } = layout("frexp", dtype)?;
    let number = |value: i64| Value::literal(Literal::scalar(int, Scalar::Int(value)));
    let (mask, bias) = ((1 << nexp) - 1, 1 - minexp);
    // Numbers below the smallest normal one are brought above it, and counted so.
    let magnitude = super::abs(cx, x)?;
    let tiny =
        ops::compare(cx, Compare::Lt, &magnitude, &constant_like(x, 2f64.powi(minexp as i32)))?;
    let lifted = ops::mul(cx, x, &constant_like(x, 2f64.powi(nmant as i32)))?;
    let normal = super::select(cx, &tiny, &lifted, x)?;
    let lift = super::select(cx, &tiny, &number(-nmant), &number(0))?;
    let bits = crate::lax::bitcast_convert_type(cx, &normal, int)?;
    let both = |op: Binary, x: &Value, y: i64| ops::binary(cx, op, x, &number(y));
    let raw = both(Binary::And, &both(Binary::ShiftRightArithmetic, &bits, nmant)?, mask)?;
    let exponent = ops::add(cx, &lift, &both(Binary::Sub, &raw, bias - 1)?)?;
    let fraction =
        both(Binary::Or, &both(Binary::And, &bits, !(mask << nmant))?, (bias - 1) << nmant)?;
    let fraction = crate::lax::bitcast_convert_type(cx, &fraction, dtype)?;
    let is_finite = super::isfinite(cx, x)?;
    let is_zero = ops::compare(cx, Compare::Eq, x, &constant_like(x, 0.0))?;
    let special = ops::binary(cx, Binary::Or, &ops::unary(cx, Unary::Not, &is_finite)?, &is_zero)?;
    let exponent = super::select(cx, &special, &number(0), &exponent)?;
    Ok(vec![super::select(cx, &special, x, &fraction)?, convert(cx, &exponent, DType::I32, false)?])
}

/// `x` times 2 to the power `n`, for whole `n`.
pub fn ldexp(cx: &Scope, x: &Value, n: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() || n.ty().dtype.is_inexact() {
        bail!(Dtype, "ldexp needs real numbers and integers, got {} and {}", x.ty(), n.ty());
    }
    let x = to_inexact(cx, x)?;
    let n = convert(cx, n, x.ty().dtype, false)?;
    let [x, n] = aligned(cx, "ldexp", [x, n])?;
    let parts = frexp(cx, &x)?;
    let exponent = convert(cx, &parts[1], x.ty().dtype, false)?;
    let (fraction, exponent) =
        (Term::new(cx, &parts[0]), Term::new(cx, &exponent) + &Term::new(cx, &n));
    // The power of 2 may overflow where the result does not.
    let large = exponent.above(0.0);
    let fraction = large.choose(&(&fraction * 2.0), &fraction);
    let exponent = large.choose(&(&exponent - 1.0), &exponent);
    let result = fraction * exponent.unary(Unary::Exp2);
    let x = Term::new(cx, &x);
    x.map(super::isinf).or(&x.is(0.0)).choose(&x, &result).done()
}

/// The fractional and the whole part, both with the sign of `x`.
pub fn modf(cx: &Scope, x: &Value) -> Result<Vec<Value>> {
    let x = to_inexact(cx, x)?;
    let term = Term::new(cx, &x);
    let whole = term.at_least(0.0).choose(&term.floor(), &term.unary(Unary::Ceil));
    Ok(vec![(&term - &whole).done()?, whole.done()?])
}

/// Rounds to the nearest whole number, halves to even; integers become floats.
pub fn rint(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_inexact() {
        return super::round(cx, x);
    }
    convert(cx, x, cx.defaults().float(), x.ty().weak)
}

/// What stands for NaN and the infinities; without a number, the largest and smallest finite ones.
#[derive(Clone, Copy, Debug)]
pub struct NanToNum {
    /// Instead of NaN.
    pub nan: f64,
    /// Instead of ∞.
    pub posinf: Option<f64>,
    /// Instead of −∞.
    pub neginf: Option<f64>,
}

/// `x` with numbers in the places of NaN and infinities.
pub fn nan_to_num(cx: &Scope, x: &Value, numbers: NanToNum) -> Result<Value> {
    let dtype = x.ty().dtype;
    if dtype.is_complex() {
        return super::complex::by_parts(cx, x, |cx, part| nan_to_num(cx, part, numbers));
    }
    if !dtype.is_float() {
        return Ok(x.clone());
    }
    let (largest, smallest) = (Scalar::Float(f64::MAX), Scalar::Float(f64::MIN));
    let bound = |given: Option<f64>, bound: Scalar| match given {
        Some(number) => Ok(constant_like(x, number)),
        None => convert(cx, &largest_of(dtype, bound), dtype, x.ty().weak),
    };
    let numbers = [
        constant_like(x, numbers.nan),
        bound(numbers.posinf, largest)?,
        bound(numbers.neginf, smallest)?,
    ];
    let x = Term::new(cx, x);
    let [nan, posinf, neginf] = numbers.map(|number| Term::new(cx, &number));
    let finite = x.is_nan().choose(&nan, &x);
    let finite = finite.is(f64::INFINITY).choose(&posinf, &finite);
    finite.is(f64::NEG_INFINITY).choose(&neginf, &finite).done()
}

/// The largest finite number of a type, with the sign of `bound`.
fn largest_of(dtype: DType, bound: Scalar) -> Value {
    let largest = match dtype {
        DType::F16 => 65504.0,
        DType::BF16 => 2f64.powi(128) - 2f64.powi(119),
        DType::F32 => f32::MAX.into(),
        _ => f64::MAX,
    };
    crate::operands::constant(dtype, largest.copysign(bound.as_f64()))
}
