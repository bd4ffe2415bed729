//! What complex operands are refused, where JAX refuses them too, and how element types go together.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use jaxrs_api::table::{self, Attr};
use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions};

fn of(dtype: DType) -> Value {
    Value::literal(Literal::full(Type::new(dtype, [2]), Scalar::Int(1)))
}

/// The message of the refusal, or the type of the result.
fn outcome(name: &str, operands: &[Value], attrs: &[(&str, Attr<'_>)]) -> String {
    let context = Context::new(ContextOptions::default());
    match table::apply(&context.root(), name, operands, attrs) {
        Ok(outputs) => outputs[0].ty().to_string(),
        Err(err) => err.message().to_owned(),
    }
}

#[track_caller]
fn check(name: &str, operands: &[DType], expected: &str) {
    let operands: Vec<Value> = operands.iter().map(|&dtype| of(dtype)).collect();
    assert_eq!(outcome(name, &operands, &[]), expected);
}

#[test]
fn functions_of_real_numbers_refuse_complex_ones() {
    use DType::{C64, F32};
    for name in ["floor", "ceil", "cbrt", "erf", "lgamma", "argmax"] {
        check(name, &[C64], &format!("{name} does not take c64[2]"));
    }
    check("trunc", &[C64], "lt does not take c64[2] and c64[]");
    check("mod", &[C64, F32], "rem does not take c64[2] and c64[2]");
    check("floor_divide", &[C64, C64], "floor_divide does not take c64[2] and c64[2]");
    check("nextafter", &[C64, C64], "nextafter does not take c64[2] and c64[2]");
    check("hypot", &[C64, F32], "hypot needs real numbers, got c64[2] and c64[2]");
    check("clip", &[F32, F32, C64], "clip needs real numbers, got c64[2]");
    check("and", &[C64, C64], "and does not take c64[2] and c64[2]");
}

#[test]
fn parts_are_single_or_double_precision() {
    use DType::{BF16, C64, C128, F32, F64, I32};
    check("complex", &[F32, F32], "c64[2]");
    check("complex", &[F32, F64], "c128[2]");
    let refusal = "complex needs parts of f32 or f64, got";
    check("complex", &[BF16, BF16], &format!("{refusal} bf16[2] and bf16[2]"));
    check("complex", &[C64, F32], &format!("{refusal} c64[2] and c64[2]"));
    for (name, of_c128, of_i32) in
        [("real", "f64[2]", "i32[2]"), ("imag", "f64[2]", "i32[2]"), ("conj", "c128[2]", "i32[2]")]
    {
        check(name, &[C128], of_c128);
        check(name, &[I32], of_i32);
    }
    check("abs", &[C128], "f64[2]");
    check("angle", &[C64], "f32[2]");
    check("angle", &[I32], "f32[2]");
}

#[test]
fn complex_types_hold_their_operands() {
    use DType::{BF16, C64, C128, F16, F32, F64, I64};
    for (other, expected) in
        [(BF16, "c64[2]"), (F16, "c64[2]"), (F32, "c64[2]"), (I64, "c64[2]"), (F64, "c128[2]")]
    {
        check("add", &[C64, other], expected);
    }
    check("mul", &[C64, C128], "c128[2]");
    check("var", &[C64], "f32[]");
    check("norm", &[C128], "f64[]");
}

#[test]
fn bits_of_complex_numbers_stay() {
    let refusal = outcome(
        "bitcast_convert_type",
        &[of(DType::C64)],
        &[("new_dtype", Attr::DType(Some(DType::F32)))],
    );
    assert_eq!(refusal, "bitcast_convert_type needs integers or real floats, got c64[2] to f32");
}
