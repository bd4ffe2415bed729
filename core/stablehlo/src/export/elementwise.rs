//! Operations on each element.

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::{Binary, BitcastConvertType, CompareTotal, ComplexPart, Unary};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::Compare as Cmp;

use super::emitter::{Emitter, word};
use super::{Outputs, decompose, element};
use crate::names;
use crate::tree::Attr;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    if is_arithmetic(prim) && x.iter().any(|x| x.ty().dtype.is_narrow_float()) {
        return Some(widened(e, prim, x, &out[0]).map(|y| vec![y]));
    }
    let y = match (prim, x) {
        (Prim::Unary(op), [x]) => unary(e, *op, x, &out[0]),
        (Prim::Binary(op), [a, b]) => binary(e, *op, a, b, &out[0]),
        (Prim::Compare(op), [a, b]) => compare(e, op.0, a, b),
        (Prim::CompareTotal(op), [_, _]) => compare_places(e, *op, x, &out[0]),
        (Prim::Complex(_), [_, _]) => {
            spread(e, x, &out[0]).and_then(|x| e.op1("complex", &x, &out[0], vec![]))
        }
        (Prim::ComplexPart(part), [_]) => {
            let name = if *part == ComplexPart::Real { "real" } else { "imag" };
            e.op1(name, x, &out[0], vec![])
        }
        (Prim::Conj(_), [z]) => conjugate(e, z, &out[0]),
        (Prim::SelectN(_), [which, cases @ ..]) => select(e, which, cases, &out[0]),
        (Prim::Clamp(_), [low, x, high]) => clamp(e, [low, x, high], &out[0]),
        (Prim::IntegerPow(power), [x]) => integer_pow(e, x, power.y),
        (Prim::ConvertElementType(_), [x]) => convert(e, x, &out[0]),
        (Prim::BitcastConvertType(_), [x]) if x.ty().dtype == out[0].dtype => Ok(x.clone()),
        (Prim::ReducePrecision(p), [_]) => {
            let bits = vec![
                ("exponent_bits", Attr::Int(p.exponent_bits.into())),
                ("mantissa_bits", Attr::Int(p.mantissa_bits.into())),
            ];
            e.op1("reduce_precision", x, &out[0], bits)
        }
        (Prim::BitcastConvertType(_), [_]) => e.op1("bitcast_convert", x, &out[0], vec![]),
        _ => return None,
    };
    Some(y.map(|y| vec![y]))
}

/// Whether results are rounded to the type of the operands.
fn is_arithmetic(prim: &Prim) -> bool {
    match prim {
        Prim::Unary(_) | Prim::IntegerPow(_) => true,
        Prim::Binary(op) => *op != Binary::Nextafter,
        _ => false,
    }
}

/// Arithmetic on floats of few bits is done in 32.
fn widened(e: &Emitter<'_>, prim: &Prim, x: &[Value], out: &Type) -> Result<Value> {
    let wide = |x: &Value| {
        if x.ty().dtype.is_narrow_float() { ops::convert(e, x, DType::F32) } else { Ok(x.clone()) }
    };
    let wide = x.iter().map(wide).collect::<Result<Vec<_>>>()?;
    let y = ops::bind1(e, prim.clone(), &wide)?;
    rounded(e, &y, out.dtype)
}

/// A result as a type of few bits, by way of `f16`, as kernels and XLA round it.
pub(super) fn rounded(e: &Emitter<'_>, y: &Value, dtype: DType) -> Result<Value> {
    let by_half =
        dtype.is_narrow_float() && dtype != DType::F8E8M0Fnu && y.ty().dtype == DType::F32;
    let y = if by_half { ops::convert(e, y, DType::F16)? } else { y.clone() };
    ops::convert(e, &y, dtype)
}

/// Operands of the result's shape: scalars stand for arrays of equal elements.
fn spread(e: &Emitter<'_>, x: &[Value], out: &Type) -> Result<Vec<Value>> {
    x.iter().map(|x| e.spread(x, &out.shape)).collect()
}

fn constant(dtype: DType, value: f64) -> Value {
    Value::literal(Literal::scalar(dtype, Scalar::Float(value)))
}

fn unary(e: &Emitter<'_>, op: Unary, x: &Value, out: &Type) -> Result<Value> {
    let dtype = x.ty().dtype;
    match op {
        Unary::Square => binary(e, Binary::Mul, x, x, out),
        Unary::Exp2 => {
            let scaled = ops::mul(e, x, &constant(dtype, std::f64::consts::LN_2))?;
            ops::unary(e, Unary::Exp, &scaled)
        }
        Unary::Sign if dtype.is_unsigned() => {
            let is_zero = ops::compare(e, Cmp::Eq, x, &constant(dtype, 0.0))?;
            let (zero, one) = (constant(dtype, 0.0), constant(dtype, 1.0));
            let y = ops::select(e, &is_zero, &zero, &one)?;
            e.spread(&y, &out.shape)
        }
        // JAX has formulas of its own for these, which kernels have too.
        Unary::Sin | Unary::Cos if dtype.is_complex() => {
            element::one(e, &op.into(), std::slice::from_ref(x), out)
        }
        Unary::PopulationCount if dtype.is_narrow() => few_bits(e, x, out),
        _ if names::CHLO.contains(&op) => decompose::composite(e, op, x, out),
        _ => match names::of_unary(op) {
            Some(name) => e.op1(name, std::slice::from_ref(x), out, vec![]),
            None => element::one(e, &op.into(), std::slice::from_ref(x), out),
        },
    }
}

/// The set bits of a number of few bits, which must not be those of its sign too.
fn few_bits(e: &Emitter<'_>, x: &Value, out: &Type) -> Result<Value> {
    let new_dtype = if x.ty().dtype.bits() == 2 { DType::U2 } else { DType::U4 };
    let bits = ops::bind1(e, BitcastConvertType { new_dtype }, std::slice::from_ref(x))?;
    let bytes = ops::convert(e, &bits, DType::U8)?;
    ops::convert(e, &ops::unary(e, Unary::PopulationCount, &bytes)?, out.dtype)
}

fn binary(e: &Emitter<'_>, op: Binary, a: &Value, b: &Value, out: &Type) -> Result<Value> {
    let x = spread(e, &[a.clone(), b.clone()], out)?;
    match op {
        Binary::Div | Binary::Rem if out.dtype.is_integer() && is_zero(b) => by_zero(e, op, &x[0]),
        Binary::Mulhi if out.dtype.bits() <= 32 => high_half(e, &x[0], &x[1]),
        Binary::AddAny => e.op1("add", &x, out, vec![]),
        Binary::Nextafter if out.dtype.bits() == 6 => {
            bail!(
                Unimplemented,
                "nextafter of {out} cannot be exported: StableHLO has no bits of it"
            )
        }
        Binary::Nextafter => decompose::next_after(e, &x[0], &x[1]),
        Binary::Max | Binary::Min if out.dtype.is_complex() => {
            let direction = if op == Binary::Max { Cmp::Gt } else { Cmp::Lt };
            let chosen = lexicographic(e, direction, &x[0], &x[1])?;
            ops::select(e, &chosen, &x[0], &x[1])
        }
        Binary::Pow if !x[1].ty().dtype.is_inexact() || x[1].ty().dtype != out.dtype => {
            let y = ops::convert(e, &x[1], out.dtype)?;
            e.op1("power", &[x[0].clone(), y], out, vec![])
        }
        _ => match names::of_binary(op) {
            Some(name) => e.op1(name, &x, out, vec![]),
            None => element::one(e, &op.into(), &x, out),
        },
    }
}

fn is_zero(x: &Value) -> bool {
    let literal = x.downcast_ref::<Literal>();
    literal.is_some_and(|x| !x.is_empty() && x.iter().all(|x| !x.is_nonzero()))
}

/// The quotient by a zero that is known has all bits set, the remainder is the dividend. XLA has it so at run time, but
/// divides where it knows both.
fn by_zero(e: &Emitter<'_>, op: Binary, x: &Value) -> Result<Value> {
    match op {
        Binary::Rem => Ok(x.clone()),
        _ => ops::unary(e, Unary::Not, &ops::full(e, x.ty(), Scalar::Int(0))?),
    }
}

/// The high half of a product, from the product in 64 bits.
fn high_half(e: &Emitter<'_>, a: &Value, b: &Value) -> Result<Value> {
    let dtype = a.ty().dtype;
    let (wide, shift) = match dtype.is_unsigned() {
        true => (DType::U64, Binary::ShiftRightLogical),
        false => (DType::I64, Binary::ShiftRightArithmetic),
    };
    let product = ops::mul(e, &ops::convert(e, a, wide)?, &ops::convert(e, b, wide)?)?;
    // XLA has 4 bits in 8, and JAX's half is that of 8.
    let places = if dtype.bits() == 4 { 8 } else { dtype.bits() };
    let high = ops::binary(e, shift, &product, &constant(wide, places.into()))?;
    ops::convert(e, &high, dtype)
}

/// The order of complex numbers: by real part, then by imaginary part.
fn lexicographic(e: &Emitter<'_>, op: Cmp, a: &Value, b: &Value) -> Result<Value> {
    let (re, other_re) = (ops::real(e, a)?, ops::real(e, b)?);
    let (im, other_im) = (ops::imag(e, a)?, ops::imag(e, b)?);
    let tied = ops::compare(e, Cmp::Eq, &re, &other_re)?;
    let (by_re, by_im) =
        (ops::compare(e, op, &re, &other_re)?, ops::compare(e, op, &im, &other_im)?);
    ops::select(e, &tied, &by_im, &by_re)
}

pub(super) fn direction(op: Cmp) -> &'static str {
    match op {
        Cmp::Eq => "EQ",
        Cmp::Ne => "NE",
        Cmp::Lt => "LT",
        Cmp::Le => "LE",
        Cmp::Gt => "GT",
        Cmp::Ge => "GE",
    }
}

/// How elements of a type are compared.
pub(super) fn comparison(dtype: DType) -> &'static str {
    match dtype {
        _ if dtype.is_inexact() => "FLOAT",
        _ if dtype.is_bool() || dtype.is_unsigned() => "UNSIGNED",
        _ => "SIGNED",
    }
}

fn compare(e: &Emitter<'_>, op: Cmp, a: &Value, b: &Value) -> Result<Value> {
    let shape = if a.ty().rank() == 0 { b.shape() } else { a.shape() }.clone();
    let x = spread(e, &[a.clone(), b.clone()], &a.ty().with_shape(shape.clone()))?;
    let attributes = vec![
        ("comparison_direction", word(direction(op))),
        ("compare_type", word(comparison(a.ty().dtype))),
    ];
    e.op1("compare", &x, &Type::new(DType::Bool, shape), attributes)
}

/// A comparison in the total order of floats.
pub(super) fn compare_total(e: &Emitter<'_>, op: Cmp, a: &Value, b: &Value) -> Result<Value> {
    if a.ty().dtype.is_narrow_float() {
        return compare_total(e, op, &ordered(e, a)?, &ordered(e, b)?);
    }
    let kind = if a.ty().dtype.is_float() { "TOTALORDER" } else { comparison(a.ty().dtype) };
    let attributes =
        vec![("comparison_direction", word(direction(op))), ("compare_type", word(kind))];
    let out = a.ty().with_dtype(DType::Bool);
    e.op1("compare", &[a.clone(), b.clone()], &out, attributes)
}

/// A comparison of places in the total order. XLA has NaN below all numbers where it stands in the place of −0.
fn compare_places(e: &Emitter<'_>, op: CompareTotal, x: &[Value], out: &Type) -> Result<Value> {
    let x = spread(e, x, out)?;
    let op = match op {
        CompareTotal::Eq => Cmp::Eq,
        CompareTotal::Le => Cmp::Le,
        CompareTotal::Lt => Cmp::Lt,
    };
    if !has_nan_as_negative_zero(x[0].ty().dtype) {
        return compare_total(e, op, &x[0], &x[1]);
    }
    let numbers = compare(e, op, &x[0], &x[1])?;
    let is_nan = |x: &Value| compare(e, Cmp::Ne, x, x);
    let (first, second) = (is_nan(&x[0])?, is_nan(&x[1])?);
    let lower = match op {
        Cmp::Le => first,
        Cmp::Lt => ops::binary(e, Binary::And, &first, &ops::unary(e, Unary::Not, &second)?)?,
        _ => ops::binary(e, Binary::And, &first, &second)?,
    };
    ops::binary(e, Binary::Or, &numbers, &lower)
}

fn has_nan_as_negative_zero(dtype: DType) -> bool {
    matches!(dtype, DType::F8E4M3B11Fnuz | DType::F8E4M3Fnuz | DType::F8E5M2Fnuz)
}

/// A float of few bits as one of 32. Types without −0 have NaN in its place, which is above all numbers all the same.
fn ordered(e: &Emitter<'_>, x: &Value) -> Result<Value> {
    let wide = ops::convert(e, x, DType::F32)?;
    if !has_nan_as_negative_zero(x.ty().dtype) {
        return Ok(wide);
    }
    let is_nan = ops::compare(e, Cmp::Ne, &wide, &wide)?;
    ops::select(e, &is_nan, &constant(DType::F32, f64::NAN), &wide)
}

fn conjugate(e: &Emitter<'_>, z: &Value, out: &Type) -> Result<Value> {
    if !z.ty().dtype.is_complex() {
        let zero = ops::full(e, z.ty(), Scalar::zero(z.ty().dtype))?;
        return e.op1("complex", &[z.clone(), ops::neg(e, &zero)?], out, vec![]);
    }
    let (re, im) = (ops::real(e, z)?, ops::imag(e, z)?);
    e.op1("complex", &[re, ops::neg(e, &im)?], out, vec![])
}

/// Two cases by a truth value; more by comparing the selector, halving the cases.
fn select(e: &Emitter<'_>, which: &Value, cases: &[Value], out: &Type) -> Result<Value> {
    if let [case] = cases {
        return e.spread(case, &out.shape);
    }
    let cases = spread(e, cases, out)?;
    let (low, high) = cases.split_at(cases.len() / 2);
    let is_high = if which.ty().dtype.is_bool() {
        which.clone()
    } else {
        ops::compare(e, Cmp::Ge, which, &constant(DType::I32, low.len() as f64))?
    };
    let rest = if which.ty().dtype.is_bool() || high.len() == 1 {
        which.clone()
    } else {
        ops::sub(e, which, &constant(DType::I32, low.len() as f64))?
    };
    let (low, high) = (select(e, which, low, out)?, select(e, &rest, high, out)?);
    // The selector may be a scalar, the cases not; where all are, the selector is none.
    let is_high = if is_high.ty().rank() == 0 { is_high } else { e.spread(&is_high, &out.shape)? };
    e.op1("select", &[is_high, high, low], out, vec![])
}

fn clamp(e: &Emitter<'_>, x: [&Value; 3], out: &Type) -> Result<Value> {
    let bound = |bound: &Value| {
        if bound.ty().rank() == 0 { Ok(bound.clone()) } else { e.spread(bound, &out.shape) }
    };
    let operands = [bound(x[0])?, e.spread(x[1], &out.shape)?, bound(x[2])?];
    e.op1("clamp", &operands, out, vec![])
}

/// A power by squaring.
fn integer_pow(e: &Emitter<'_>, x: &Value, y: i32) -> Result<Value> {
    let one = constant(x.ty().dtype, 1.0);
    let mut rest = y.unsigned_abs();
    let (mut power, mut square) = (None, x.clone());
    while rest > 0 {
        if rest & 1 == 1 {
            power = Some(match power {
                Some(power) => ops::mul(e, &power, &square)?,
                None => square.clone(),
            });
        }
        rest >>= 1;
        if rest > 0 {
            square = ops::mul(e, &square, &square)?;
        }
    }
    let power = match power {
        Some(power) => power,
        None => e.spread(&one, x.shape())?,
    };
    if y < 0 { ops::div(e, &one, &power) } else { Ok(power) }
}

/// Of complex numbers the real part is kept, and truth values are what is not 0. Floats of less than 8 bits go by 32,
/// which XLA converts to everything.
fn convert(e: &Emitter<'_>, x: &Value, out: &Type) -> Result<Value> {
    let (from, to) = (x.ty().dtype, out.dtype);
    if from == to {
        return Ok(x.clone());
    }
    if from.is_complex() && !to.is_complex() {
        return ops::convert(e, &ops::real(e, x)?, to);
    }
    if to.is_bool() {
        return compare(e, Cmp::Ne, x, &constant(from, 0.0));
    }
    if from.is_float() && from.bits() < 8 && to != DType::F32 {
        return ops::convert(e, &ops::convert(e, x, DType::F32)?, to);
    }
    e.op1("convert", std::slice::from_ref(x), out, vec![])
}
