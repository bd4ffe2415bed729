//! Operations on each element.

use jaxrs_data::{DType, ErrorKind, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{
    Binary, BitcastConvertType, Clamp, ConvertElementType, IntegerPow, ReducePrecision, Special,
};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::Compare as Cmp;
use jaxrs_transform::Scope;

use super::unsupported_form;
use crate::names::{binary, unary};
use crate::tree::{Attr, Op};

/// The name without its dialect; composites of CHLO's operations have theirs.
pub(super) fn short_name(op: &Op) -> &str {
    let name = match op.name.as_str() {
        "stablehlo.composite" => op.word("name").unwrap_or_default(),
        name => name,
    };
    let short = name.strip_prefix("chlo.");
    match short {
        Some(short) => short,
        None if op.name == "stablehlo.composite" => "",
        None => name.strip_prefix("stablehlo.").unwrap_or_default(),
    }
}

pub(super) fn apply(cx: &Scope, op: &Op, x: &[Value]) -> Option<Result<Value>> {
    let name = short_name(op);
    if let (Some(unary), [x]) = (unary(name), x) {
        return Some(ops::unary(cx, unary, x));
    }
    if let ("power", [a, b]) = (name, x) {
        return Some(power(cx, a, b));
    }
    if let (Some(binary), [a, b]) = (binary(name), x) {
        return Some(ops::binary(cx, on_bits(binary, a.ty().dtype), a, b));
    }
    Some(match (name, x) {
        ("bessel_i0e", [a]) => ops::bind1(cx, Special::BesselI0e, std::slice::from_ref(a)),
        ("bessel_i1e", [a]) => ops::bind1(cx, Special::BesselI1e, std::slice::from_ref(a)),
        ("zeta", [_, _]) => ops::bind1(cx, Special::Zeta, x),
        ("polygamma", [_, _]) => ops::bind1(cx, Special::Polygamma, x),
        ("compare", [a, b]) => compare(cx, op, a, b),
        ("select", [condition, a, b]) => ops::select(cx, condition, a, b),
        ("clamp", [_, _, _]) => ops::bind1(cx, Clamp, x),
        ("real", [a]) => real(cx, a),
        ("imag", [a]) => imag(cx, a),
        ("conj", [a]) if !a.ty().dtype.is_complex() => Ok(a.clone()),
        ("conj", [a]) => ops::conj(cx, a),
        ("complex", [re, im]) => ops::complex(cx, re, im),
        ("convert", [a]) => op.result_dtype().and_then(|to| convert(cx, a, to)),
        ("bitcast_convert", [a]) => bitcast(cx, op, a),
        ("constant", []) => constant(op),
        ("reduce_precision", [_]) => reduce_precision(cx, op, x),
        ("mulhi", [a, b]) => ops::binary(cx, Binary::Mulhi, a, b),
        _ => return None,
    })
}

/// StableHLO's arithmetic of truths, which JAX does not have, is logic.
pub(super) fn on_bits(op: Binary, dtype: DType) -> Binary {
    match (op, dtype.is_bool()) {
        (Binary::Add, true) => Binary::Or,
        (Binary::Mul, true) => Binary::And,
        (Binary::Sub, true) => Binary::Xor,
        (op, _) => op,
    }
}

/// A power of integers has an exponent that is known, or is found by squaring.
fn power(cx: &Scope, a: &Value, b: &Value) -> Result<Value> {
    if !a.ty().dtype.is_integer() {
        return ops::binary(cx, Binary::Pow, a, b);
    }
    let known = b.downcast_ref::<Literal>().filter(|b| !b.is_empty()).map(|b| b.get(0).as_i64());
    if let (Some(y), 0) = (known.and_then(|y| i32::try_from(y).ok()), b.ty().rank()) {
        return ops::bind1(cx, IntegerPow { y }, std::slice::from_ref(a));
    }
    jaxrs_api::lax::pow(cx, a, b)
}

fn real(cx: &Scope, a: &Value) -> Result<Value> {
    if a.ty().dtype.is_complex() { ops::real(cx, a) } else { Ok(a.clone()) }
}

fn imag(cx: &Scope, a: &Value) -> Result<Value> {
    if a.ty().dtype.is_complex() {
        return ops::imag(cx, a);
    }
    ops::full(cx, &a.ty().with_weak(false), Scalar::zero(a.ty().dtype))
}

fn compare(cx: &Scope, op: &Op, a: &Value, b: &Value) -> Result<Value> {
    let direction = match op.word("comparison_direction")? {
        "EQ" => Cmp::Eq,
        "NE" => Cmp::Ne,
        "GE" => Cmp::Ge,
        "GT" => Cmp::Gt,
        "LE" => Cmp::Le,
        "LT" => Cmp::Lt,
        other => return Err(unsupported_form(op, format_args!("the direction {other}"))),
    };
    let is_total = matches!(op.attribute("compare_type"), Some(Attr::Word(w)) if w == "TOTALORDER");
    if is_total && a.ty().dtype.is_float() {
        let (a, b) = (total_order(cx, a)?, total_order(cx, b)?);
        return ops::compare(cx, direction, &a, &b);
    }
    ops::compare(cx, direction, a, b)
}

/// Integers in the total order of IEEE 754: −NaN, −∞, …, −0, +0, …, ∞, NaN.
fn total_order(cx: &Scope, x: &Value) -> Result<Value> {
    let signed = match x.ty().dtype.bits() {
        8 => DType::I8,
        16 => DType::I16,
        32 => DType::I32,
        _ => DType::I64,
    };
    let bits = ops::bind1(cx, BitcastConvertType { new_dtype: signed }, std::slice::from_ref(x))?;
    let constant =
        |value: i64| Value::literal(Literal::full(bits.ty().clone(), Scalar::Int(value)));
    let last = i64::from(signed.bits()) - 1;
    // Negative numbers lie the other way round: all of their bits but the sign are flipped.
    let sign = ops::binary(cx, Binary::ShiftRightArithmetic, &bits, &constant(last))?;
    let flip = ops::binary(cx, Binary::ShiftRightLogical, &sign, &constant(1))?;
    ops::binary(cx, Binary::Xor, &bits, &flip)
}

/// A conversion to the type that it has already is nothing.
pub(super) fn convert(cx: &Scope, a: &Value, to: DType) -> Result<Value> {
    let from = a.ty().dtype;
    if from == to {
        return Ok(a.clone());
    }
    // Of a complex number the real part is kept.
    let a = if from.is_complex() && !to.is_complex() { ops::real(cx, a)? } else { a.clone() };
    let prim: Prim = ConvertElementType { new_dtype: to, weak_type: false }.into();
    ops::bind1(cx, prim, &[a])
}

fn bitcast(cx: &Scope, op: &Op, a: &Value) -> Result<Value> {
    let new_dtype = op.result_dtype()?;
    ops::bind1(cx, BitcastConvertType { new_dtype }, std::slice::from_ref(a))
}

fn reduce_precision(cx: &Scope, op: &Op, x: &[Value]) -> Result<Value> {
    let bits = |name: &str| {
        let bits = op.size(name)?;
        u32::try_from(bits).map_err(|_| unsupported_form(op, format_args!("{name} {bits}")))
    };
    let (exponent_bits, mantissa_bits) = (bits("exponent_bits")?, bits("mantissa_bits")?);
    ops::bind1(cx, ReducePrecision { exponent_bits, mantissa_bits }, x)
}

fn constant(op: &Op) -> Result<Value> {
    match op.attribute("value") {
        Some(Attr::Dense(literal)) => Ok(Value::literal(literal.clone())),
        _ => Err(op.error(ErrorKind::InvalidArgument, "needs dense elements as value")),
    }
}

/// A scalar that is known now.
pub(super) fn known_int(value: &Value) -> Option<i64> {
    let literal = value.downcast_ref::<Literal>()?;
    let Type { dtype, .. } = literal.ty();
    (dtype.is_integer() && literal.ty().rank() == 0).then(|| literal.get(0).as_i64())
}
