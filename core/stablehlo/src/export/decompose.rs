//! Functions that StableHLO has no operation for: composites under the names of CHLO's operations, which XLA knows, each
//! with what it is made of for others. What is computed here is computed in double precision.

use std::f64::consts::{LN_2, PI};

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{Binary, BitcastConvertType, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare as Cmp;

use super::emitter::Emitter;
use super::{control, element};
use crate::names;

/// A call of a function of CHLO's.
pub(super) fn composite(e: &Emitter<'_>, op: Unary, x: &Value, out: &Type) -> Result<Value> {
    let name = format!("chlo.{}", names::of_unary(op).unwrap_or_default());
    let ty = x.ty().with_weak(false);
    let function = e.helper(&format!("{name}.impl"), std::slice::from_ref(&ty), |e, x| {
        if ty.dtype.is_complex() {
            return Ok(vec![element::one(e, &op.into(), x, &ty)?]);
        }
        let y = real(&Double(e), op, &ops::convert(e, &x[0], DType::F64)?)?;
        Ok(vec![ops::convert(e, &y, ty.dtype)?])
    })?;
    let x = std::slice::from_ref(x);
    let out = std::slice::from_ref(out);
    Ok(control::named(e, &name, 1, Vec::new(), function, x, out)?.swap_remove(0))
}

/// Arithmetic on arrays of doubles.
struct Double<'e, 's>(&'e Emitter<'s>);

impl Double<'_, '_> {
    fn constant(&self, value: f64) -> Value {
        Value::literal(Literal::scalar(DType::F64, Scalar::Float(value)))
    }

    fn f(&self, op: Unary, x: &Value) -> Result<Value> {
        ops::unary(self.0, op, x)
    }

    fn add(&self, a: &Value, b: &Value) -> Result<Value> {
        ops::add(self.0, a, b)
    }

    fn sub(&self, a: &Value, b: &Value) -> Result<Value> {
        ops::sub(self.0, a, b)
    }

    fn mul(&self, a: &Value, b: &Value) -> Result<Value> {
        ops::mul(self.0, a, b)
    }

    fn div(&self, a: &Value, b: &Value) -> Result<Value> {
        ops::div(self.0, a, b)
    }

    /// x + c.
    fn plus(&self, x: &Value, c: f64) -> Result<Value> {
        self.add(x, &self.constant(c))
    }

    /// x · c.
    fn times(&self, x: &Value, c: f64) -> Result<Value> {
        self.mul(x, &self.constant(c))
    }

    /// c − x.
    fn from(&self, c: f64, x: &Value) -> Result<Value> {
        self.sub(&self.constant(c), x)
    }

    fn atan2(&self, y: &Value, x: &Value) -> Result<Value> {
        ops::binary(self.0, Binary::Atan2, y, x)
    }

    fn compare(&self, op: Cmp, x: &Value, c: f64) -> Result<Value> {
        ops::compare(self.0, op, x, &self.constant(c))
    }

    fn select(&self, condition: &Value, a: &Value, b: &Value) -> Result<Value> {
        ops::select(self.0, condition, a, b)
    }

    /// What a loop of so many steps gives; it is told which step, from 0.
    fn steps<const K: usize>(
        &self,
        n: usize,
        start: [Value; K],
        step: impl FnOnce(&Double<'_, '_>, &Value, &[Value]) -> Result<[Value; K]>,
    ) -> Result<Vec<Value>> {
        control::count(self.0, n, &start, |e, k, state| {
            let k = ops::convert(e, k, DType::F64)?;
            Ok(step(&Double(e), &k, state)?.to_vec())
        })
    }

    fn filled(&self, like: &Value, value: f64) -> Result<Value> {
        ops::full(self.0, like.ty(), Scalar::Float(value))
    }
}

fn real(d: &Double<'_, '_>, op: Unary, x: &Value) -> Result<Value> {
    match op {
        Unary::Acos => {
            let y = d.f(Unary::Sqrt, &d.mul(&d.from(1.0, x)?, &d.plus(x, 1.0)?)?)?;
            d.atan2(&y, x)
        }
        Unary::Asin => {
            let y = d.f(Unary::Sqrt, &d.mul(&d.from(1.0, x)?, &d.plus(x, 1.0)?)?)?;
            d.atan2(x, &y)
        }
        Unary::Atan => d.atan2(x, &d.filled(x, 1.0)?),
        Unary::Acosh => acosh(d, x),
        Unary::Asinh => asinh(d, x),
        Unary::Atanh => {
            let logs = d.sub(&d.f(Unary::Log1p, x)?, &d.f(Unary::Log1p, &d.f(Unary::Neg, x)?)?)?;
            d.times(&logs, 0.5)
        }
        Unary::Cosh => {
            let up = d.f(Unary::Exp, &d.plus(x, -LN_2)?)?;
            d.add(&up, &d.f(Unary::Exp, &d.from(-LN_2, x)?)?)
        }
        Unary::Sinh => sinh(d, x),
        Unary::Erf => erf(d, x),
        Unary::Erfc => erfc(d, x),
        Unary::ErfInv => erf_inv(d, x),
        Unary::Lgamma => lgamma(d, x),
        _ => digamma(d, x),
    }
}

/// ln(x + √(x² − 1)), without the square where it could overflow.
fn acosh(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    let root =
        d.mul(&d.f(Unary::Sqrt, &d.plus(x, 1.0)?)?, &d.f(Unary::Sqrt, &d.plus(x, -1.0)?)?)?;
    let near = d.f(Unary::Log1p, &d.add(&d.plus(x, -1.0)?, &root)?)?;
    let far = d.plus(&d.f(Unary::Log, x)?, LN_2)?;
    d.select(&d.compare(Cmp::Gt, x, 1e150)?, &far, &near)
}

/// ±ln1p(|x| + x²/(1 + √(1 + x²))).
fn asinh(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    let size = d.f(Unary::Abs, x)?;
    let square = d.mul(x, x)?;
    let root = d.f(Unary::Sqrt, &d.plus(&square, 1.0)?)?;
    let near = d.f(Unary::Log1p, &d.add(&size, &d.div(&square, &d.plus(&root, 1.0)?)?)?)?;
    let far = d.plus(&d.f(Unary::Log, &size)?, LN_2)?;
    let y = d.select(&d.compare(Cmp::Gt, &size, 1e150)?, &far, &near)?;
    signed(d, x, &y)
}

/// A number with the sign of another; zero stays what it is.
fn signed(d: &Double<'_, '_>, x: &Value, size: &Value) -> Result<Value> {
    let is_zero = d.compare(Cmp::Eq, x, 0.0)?;
    let y = d.mul(&d.f(Unary::Sign, x)?, size)?;
    d.select(&is_zero, x, &y)
}

/// (e + e/(e + 1))/2 of e = eˣ − 1, which keeps small numbers; half of eˣ beyond.
fn sinh(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    let size = d.f(Unary::Abs, x)?;
    let e = d.f(Unary::Expm1, &size)?;
    let near = d.times(&d.add(&e, &d.div(&e, &d.plus(&e, 1.0)?)?)?, 0.5)?;
    let far = d.f(Unary::Exp, &d.plus(&size, -LN_2)?)?;
    let y = d.select(&d.compare(Cmp::Gt, &size, 30.0)?, &far, &near)?;
    signed(d, x, &y)
}

/// erf on [−1, 1]: 2/√π e^−x² Σ 2ⁿ x²ⁿ⁺¹/(2n + 1)!! (Abramowitz & Stegun 7.1.6), from its last term on.
fn erf_near(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    const TERMS: usize = 24;
    let z = d.mul(x, x)?;
    let one = d.filled(x, 1.0)?;
    let sum = d.steps(TERMS, [one], |d, k, state| {
        let n = d.from(TERMS as f64 + 0.5, k)?;
        Ok([d.plus(&d.mul(&d.div(&z, &n)?, &state[0])?, 1.0)?])
    })?;
    let scale = d.times(&d.f(Unary::Exp, &d.f(Unary::Neg, &z)?)?, 2.0 / PI.sqrt())?;
    d.mul(&d.mul(x, &scale)?, &sum[0])
}

/// erfc from 1 on: e^−x²/√π over x + (1/2)/(x + (2/2)/(x + …)) (Abramowitz & Stegun 7.1.14), from its end on.
fn erfc_far(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    const DEPTH: usize = 200;
    let fraction = d.steps(DEPTH, [x.clone()], |d, k, state| {
        let half = d.times(&d.from(DEPTH as f64, k)?, 0.5)?;
        Ok([d.add(x, &d.div(&half, &state[0])?)?])
    })?;
    let top = d.times(&d.f(Unary::Exp, &d.f(Unary::Neg, &d.mul(x, x)?)?)?, 1.0 / PI.sqrt())?;
    d.div(&top, &fraction[0])
}

/// |x|, and the same brought into [0, 1] and [1, 30], where the two formulas hold.
fn sides(d: &Double<'_, '_>, x: &Value) -> Result<[Value; 3]> {
    let size = d.f(Unary::Abs, x)?;
    let near = ops::binary(d.0, Binary::Min, &size, &d.constant(1.0))?;
    let far = ops::binary(d.0, Binary::Max, &size, &d.constant(1.0))?;
    let far = ops::binary(d.0, Binary::Min, &far, &d.constant(30.0))?;
    Ok([size, near, far])
}

fn erf(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    let [size, near, far] = sides(d, x)?;
    let (near, far) = (erf_near(d, &near)?, d.from(1.0, &erfc_far(d, &far)?)?);
    let y = d.select(&d.compare(Cmp::Lt, &size, 1.0)?, &near, &far)?;
    let y = signed(d, x, &y)?;
    unless_nan(d, x, &y)
}

fn unless_nan(d: &Double<'_, '_>, x: &Value, y: &Value) -> Result<Value> {
    let is_nan = ops::compare(d.0, Cmp::Ne, x, x)?;
    d.select(&is_nan, x, y)
}

fn erfc(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    let [size, near, far] = sides(d, x)?;
    let (near, far) = (d.from(1.0, &erf_near(d, &near)?)?, erfc_far(d, &far)?);
    let y = d.select(&d.compare(Cmp::Lt, &size, 1.0)?, &near, &far)?;
    let y = d.select(&d.compare(Cmp::Lt, x, 0.0)?, &d.from(2.0, &y)?, &y)?;
    unless_nan(d, x, &y)
}

/// From Winitzki's approximation (2008) by Halley's method; close to 1 the distance from 1 is what is solved for.
fn erf_inv(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    const A: f64 = 0.147;
    let size = d.f(Unary::Abs, x)?;
    let rest = d.from(1.0, &size)?;
    let log = d.f(Unary::Log, &d.mul(&rest, &d.plus(&size, 1.0)?)?)?;
    let t = d.plus(&d.times(&log, 0.5)?, 2.0 / (PI * A))?;
    let inner = d.sub(&d.mul(&t, &t)?, &d.times(&log, 1.0 / A)?)?;
    let start = d.f(Unary::Sqrt, &d.sub(&d.f(Unary::Sqrt, &inner)?, &t)?)?;
    let y = d.steps(4, [start], |d, _, state| {
        let y = &state[0];
        let near = d.sub(&erf(d, y)?, &size)?;
        let far = d.sub(&rest, &erfc(d, y)?)?;
        let error = d.select(&d.compare(Cmp::Lt, &size, 0.5)?, &near, &far)?;
        let slope =
            d.times(&d.f(Unary::Exp, &d.f(Unary::Neg, &d.mul(y, y)?)?)?, 2.0 / PI.sqrt())?;
        let step = d.div(&error, &slope)?;
        // The second derivative over the first is −2y.
        Ok([d.sub(y, &d.div(&step, &d.plus(&d.mul(y, &step)?, 1.0)?)?)?])
    })?;
    let zero = d.compare(Cmp::Eq, &size, 0.0)?;
    let y = d.select(&zero, &size, &y[0])?;
    let y = d.select(&d.compare(Cmp::Eq, &size, 1.0)?, &d.constant(f64::INFINITY), &y)?;
    let y = d.select(&d.compare(Cmp::Gt, &size, 1.0)?, &d.constant(f64::NAN), &y)?;
    signed(d, x, &y)
}

/// Steps up to where Stirling's series holds, and the series: Σ B₂ₖ/(2k(2k − 1)x²ᵏ⁻¹).
const LIFT: usize = 10;
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];

/// Below ½ by reflection: ln|π/sin πx| − ln Γ(1 − x); else from above 10 down: ln Γ(x) = ln Γ(x + n) − ln x(x + 1)….
fn lgamma(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    let reflects = d.compare(Cmp::Lt, x, 0.5)?;
    let z = d.select(&reflects, &d.from(1.0, x)?, x)?;
    let one = d.filled(x, 1.0)?;
    let lifted = d.steps(LIFT, [z, one], |d, _, state| {
        let is_small = d.compare(Cmp::Lt, &state[0], LIFT as f64)?;
        let product = d.mul(&state[0], &state[1])?;
        Ok([
            d.select(&is_small, &d.plus(&state[0], 1.0)?, &state[0])?,
            d.select(&is_small, &product, &state[1])?,
        ])
    })?;
    let (z, product) = (&lifted[0], &lifted[1]);
    let inverse = d.div(&one_like(d), z)?;
    let square = d.mul(&inverse, &inverse)?;
    let mut series = d.constant(0.0);
    for c in STIRLING.iter().rev() {
        series = d.plus(&d.mul(&series, &square)?, *c)?;
    }
    let log = d.f(Unary::Log, z)?;
    let main = d.mul(&d.plus(z, -0.5)?, &d.plus(&log, -1.0)?)?;
    let main = d.plus(&main, 0.5 * (2.0 * PI).ln() - 0.5)?;
    let y = d.sub(&d.add(&main, &d.mul(&series, &inverse)?)?, &d.f(Unary::Log, product)?)?;
    let infinite = d.compare(Cmp::Eq, &d.f(Unary::Abs, x)?, f64::INFINITY)?;
    // Whole periods do not change the sine, and cost digits.
    let part = d.sub(x, &d.f(Unary::Floor, x)?)?;
    let sine = d.f(Unary::Sin, &d.times(&part, PI)?)?;
    let mirrored = d.sub(&d.from(PI.ln(), &d.f(Unary::Log, &sine)?)?, &y)?;
    let y = d.select(&reflects, &mirrored, &y)?;
    let pole = d.compare(Cmp::Eq, &part, 0.0)?;
    let pole = ops::binary(d.0, Binary::And, &pole, &reflects)?;
    let infinite = ops::binary(d.0, Binary::Or, &infinite, &pole)?;
    d.select(&infinite, &d.constant(f64::INFINITY), &y)
}

fn one_like(d: &Double<'_, '_>) -> Value {
    d.constant(1.0)
}

/// As `lgamma`, of which it is the derivative: ψ(1 − x) − π/tan πx below ½; ψ(x) = ψ(x + n) − Σ 1/(x + k) else.
fn digamma(d: &Double<'_, '_>, x: &Value) -> Result<Value> {
    let reflects = d.compare(Cmp::Lt, x, 0.5)?;
    let z = d.select(&reflects, &d.from(1.0, x)?, x)?;
    let zero = d.filled(x, 0.0)?;
    let lifted = d.steps(LIFT, [z, zero], |d, _, state| {
        let is_small = d.compare(Cmp::Lt, &state[0], LIFT as f64)?;
        let sum = d.add(&state[1], &d.div(&one_like(d), &state[0])?)?;
        Ok([
            d.select(&is_small, &d.plus(&state[0], 1.0)?, &state[0])?,
            d.select(&is_small, &sum, &state[1])?,
        ])
    })?;
    let (z, sum) = (&lifted[0], &lifted[1]);
    let inverse = d.div(&one_like(d), z)?;
    let square = d.mul(&inverse, &inverse)?;
    let mut series = d.constant(0.0);
    for (k, c) in STIRLING.iter().enumerate().rev() {
        series = d.plus(&d.mul(&series, &square)?, c * (2 * k + 1) as f64)?;
    }
    let main = d.sub(&d.f(Unary::Log, z)?, &d.times(&inverse, 0.5)?)?;
    let y = d.sub(&d.sub(&main, &d.mul(&series, &square)?)?, sum)?;
    let part = d.sub(x, &d.f(Unary::Floor, x)?)?;
    let mirrored = d.sub(&y, &d.div(&d.constant(PI), &d.f(Unary::Tan, &d.times(&part, PI)?)?)?)?;
    let y = d.select(&reflects, &mirrored, &y)?;
    let pole = ops::binary(d.0, Binary::And, &d.compare(Cmp::Eq, &part, 0.0)?, &reflects)?;
    d.select(&pole, &d.constant(f64::NAN), &y)
}

/// The next float from `x` towards `y`: one more or less, of the bits as a number.
pub(super) fn next_after(e: &Emitter<'_>, x: &Value, y: &Value) -> Result<Value> {
    let dtype = x.ty().dtype;
    let bits = match dtype.bits() {
        4 => DType::I4,
        8 => DType::I8,
        16 => DType::I16,
        32 => DType::I32,
        _ => DType::I64,
    };
    let constant = |value: i64| {
        let ty = Type::new(bits, x.shape().clone());
        Value::literal(Literal::full(ty, Scalar::Int(value)))
    };
    let as_bits =
        |x: &Value| ops::bind1(e, BitcastConvertType { new_dtype: bits }, std::slice::from_ref(x));
    let as_float =
        |x: &Value| ops::bind1(e, BitcastConvertType { new_dtype: dtype }, std::slice::from_ref(x));
    let sign = |x: &Value| {
        let last = constant(i64::from(bits.bits()) - 1);
        ops::binary(
            e,
            Binary::ShiftLeft,
            &ops::binary(e, Binary::ShiftRightLogical, &as_bits(x)?, &last)?,
            &last,
        )
    };
    let is_below = ops::compare(e, Cmp::Lt, x, y)?;
    if dtype == DType::F8E8M0Fnu {
        // It has neither a sign nor a zero.
        let step = ops::select(e, &is_below, &constant(1), &constant(-1))?;
        let moved = as_float(&ops::add(e, &as_bits(x)?, &step)?)?;
        return settled(e, x, y, &moved);
    }
    let zero = Value::literal(Literal::full(x.ty().clone(), Scalar::Float(0.0)));
    // Away from zero the bits go up, towards it down.
    let is_positive = ops::compare(e, Cmp::Gt, x, &zero)?;
    let grows = ops::binary(e, Binary::Xor, &is_below, &ops::unary(e, Unary::Not, &is_positive)?)?;
    let step = ops::select(e, &grows, &constant(1), &constant(-1))?;
    let moved = as_float(&ops::add(e, &as_bits(x)?, &step)?)?;
    let smallest = as_float(&ops::binary(e, Binary::Or, &sign(y)?, &constant(1))?)?;
    let is_zero = ops::compare(e, Cmp::Eq, x, &zero)?;
    let moved = ops::select(e, &is_zero, &smallest, &moved)?;
    settled(e, x, y, &moved)
}

/// `y` where `x` is there already, and NaN where either is.
fn settled(e: &Emitter<'_>, x: &Value, y: &Value, moved: &Value) -> Result<Value> {
    let is_there = ops::compare(e, Cmp::Eq, x, y)?;
    let moved = ops::select(e, &is_there, y, moved)?;
    let sum = ops::add(e, x, y)?;
    let is_nan = ops::binary(
        e,
        Binary::Or,
        &ops::compare(e, Cmp::Ne, x, x)?,
        &ops::compare(e, Cmp::Ne, y, y)?,
    )?;
    ops::select(e, &is_nan, &sum, &moved)
}
