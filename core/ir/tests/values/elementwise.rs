//! Elementwise operations, conversions and reductions.

use jaxrs_data::{DType, Literal, Scalar, Type};

use crate::{check, count, f32s, i32s, ints};

fn scalar(dtype: DType, value: f64) -> Literal {
    Literal::scalar(dtype, Scalar::Float(value))
}

fn floats(dtype: DType, values: &[f64]) -> Literal {
    let values: Vec<Scalar> = values.iter().map(|&value| Scalar::Float(value)).collect();
    Literal::from_scalars(Type::new(dtype, [values.len()]), &values)
}

#[test]
fn scalars_stand_beside_arrays() {
    check("add", &[count(&[2]), scalar(DType::F32, 0.5)], "[1.5, 2.5]:f32[2]");
    check("sub", &[scalar(DType::F32, 0.5), count(&[0])], "[]:f32[0]");
    check("lt", &[scalar(DType::F32, 1.5), count(&[2])], "[false, true]:bool[2]");
}

#[test]
fn results_are_weak_when_all_operands_are() {
    let weak = |x: Literal| x.with_type(x.ty().with_weak(true)).unwrap();
    let (x, y) = (scalar(DType::F32, 1.0), scalar(DType::F32, 2.0));
    check("add", &[weak(x.clone()), weak(y.clone())], "3.0:~f32[]");
    check("add", &[weak(x.clone()), y.clone()], "3.0:f32[]");
    check("lt", &[weak(x.clone()), weak(y)], "true:~bool[]");
    check("is_finite", &[weak(x.clone())], "true:~bool[]");
    check("convert_element_type[new_dtype=f64 weak_type=true]", &[x], "1.0:~f64[]");
}

#[test]
fn operands_must_have_one_shape_and_one_element_type() {
    let refusal = "error: add needs operands of one shape, got f32[2] and f32[3]";
    check("add", &[count(&[2]), count(&[3])], refusal);
    let refusal = "error: max needs operands of one element type, got f32[2] and i32[2]";
    check("max", &[count(&[2]), i32s(&[2], &[1, 2])], refusal);
    check("mul", &[count(&[2])], "error: mul takes 2 operands, got 1");
}

#[test]
fn element_types_that_an_operation_does_not_take_are_refused() {
    let complex = || Literal::full(Type::new(DType::C64, [2]), Scalar::Int(1));
    check("sin", &[i32s(&[2], &[1, 2])], "error: sin does not take i32[2]");
    check(
        "add",
        &[ints(DType::Bool, &[], &[1]), ints(DType::Bool, &[], &[1])],
        "error: add does not take bool[] and bool[]",
    );
    check("lt", &[complex(), complex()], "error: lt does not take c64[2] and c64[2]");
    check("and", &[count(&[2]), count(&[2])], "error: and does not take f32[2] and f32[2]");
    check("floor", &[complex()], "error: floor does not take c64[2]");
    check(
        "reduce_sum[axes=(0,)]",
        &[ints(DType::Bool, &[1], &[1])],
        "error: reduce_sum does not take bool[1]",
    );
    check(
        "cumsum[axis=0 reverse=false]",
        &[ints(DType::Bool, &[1], &[1])],
        "error: cumsum does not take bool[1]",
    );
}

#[test]
fn halves_round_away_from_zero_or_to_even() {
    let halves = f32s(&[0.5, 1.5, -2.5, -0.5]);
    check(
        "round[rounding_method=0]",
        std::slice::from_ref(&halves),
        "[1.0, 2.0, -3.0, -1.0]:f32[4]",
    );
    check("round[rounding_method=1]", &[halves], "[0.0, 2.0, -2.0, -0.0]:f32[4]");
}

#[test]
fn selections_take_the_case_that_the_selector_names() {
    let cases = [count(&[3]), scalar(DType::F32, -1.0)];
    let [x, y] = &cases;
    let which = ints(DType::Bool, &[3], &[0, 1, 0]);
    check("select_n", &[which.clone(), x.clone(), y.clone()], "[1.0, -1.0, 3.0]:f32[3]");
    let which = i32s(&[3], &[-1, 9, 1]);
    let three = [which, x.clone(), y.clone(), scalar(DType::F32, 7.0)];
    check("select_n", &three, "[1.0, 7.0, -1.0]:f32[3]");
}

#[test]
fn selectors_must_fit_the_cases() {
    let x = count(&[2]);
    let two = || [x.clone(), x.clone()];
    let [a, b] = two();
    let which = ints(DType::Bool, &[2], &[0, 1]);
    check(
        "select_n",
        &[which.clone(), a.clone(), b.clone(), a.clone()],
        "error: select_n needs an i32 selector for 3 cases, got bool[2]",
    );
    check(
        "select_n",
        &[ints(DType::U8, &[], &[0]), a.clone(), b],
        "error: select_n needs a selector of bool or i32, got u8[]",
    );
    check("select_n", &[which], "error: select_n needs at least one case, got none");
    check(
        "select_n",
        &[ints(DType::Bool, &[3], &[0; 3]), a.clone(), a],
        "error: select_n needs operands of one shape, got bool[3] and f32[2] and f32[2]",
    );
}

#[test]
fn clamping_goes_to_the_bounds_and_keeps_nan() {
    let (low, high) = (scalar(DType::F32, -1.0), scalar(DType::F32, 1.0));
    let x = f32s(&[-5.0, 0.5, 5.0, f32::NAN]);
    check("clamp", &[low.clone(), x, high.clone()], "[-1.0, 0.5, 1.0, nan]:f32[4]");
    check(
        "clamp",
        &[count(&[2]), low, high],
        "error: clamp needs bounds of f32[]'s shape or scalars, got f32[2] and f32[]",
    );
}

#[test]
fn whole_powers_of_integers_wrap_and_must_not_be_negative() {
    check("integer_pow[y=3]", &[ints(DType::I8, &[2], &[5, -6])], "[125, 40]:i8[2]");
    check("integer_pow[y=0]", &[f32s(&[0.0, f32::NAN])], "[1.0, 1.0]:f32[2]");
    check("integer_pow[y=-2]", &[f32s(&[2.0, 0.0])], "[0.25, inf]:f32[2]");
    check(
        "integer_pow[y=-1]",
        &[i32s(&[], &[2])],
        "error: integer_pow of i32[] needs a power of at least 0, got -1",
    );
}

#[test]
fn powers_take_integer_exponents_of_floats_only() {
    check("pow", &[f32s(&[2.0, 3.0]), i32s(&[2], &[-1, 2])], "[0.5, 9.0]:f32[2]");
    check(
        "pow",
        &[i32s(&[1], &[2]), i32s(&[1], &[2])],
        "error: pow does not take i32[1] and i32[1]",
    );
}

#[test]
fn bits_are_kept_under_another_type() {
    let cast = |to: &str| format!("bitcast_convert_type[new_dtype={to}]");
    check(&cast("u32"), &[f32s(&[1.0, -0.0])], "[1065353216, 2147483648]:u32[2]");
    check(&cast("u16"), &[scalar(DType::F32, 1.0)], "[0, 16256]:u16[2]");
    check(&cast("f32"), &[ints(DType::U16, &[1, 2], &[0, 16256])], "[1.0]:f32[1]");
    check(
        &cast("u32"),
        &[ints(DType::U8, &[3], &[1, 2, 3])],
        "error: bitcast_convert_type to u32 needs a last axis of size 4, got u8[3]",
    );
    check(
        &cast("i8"),
        &[ints(DType::Bool, &[3], &[1, 0, 1])],
        "error: bitcast_convert_type needs integers or real floats, got bool[3] to i8",
    );
}

#[test]
fn sums_of_short_floats_are_rounded_once() {
    let ones = Literal::full(Type::new(DType::BF16, [512]), Scalar::Float(1.0));
    check("reduce_sum[axes=(0,)]", &[ones], "512.0:bf16[]");
    let big = floats(DType::F16, &[65504.0, 65504.0, -65504.0]);
    check("reduce_sum[axes=(0,)]", &[big], "65504.0:f16[]");
}

#[test]
fn reductions_of_nothing_give_the_neutral_element() {
    check("reduce_sum[axes=(0,)]", &[count(&[0, 2])], "[0.0, 0.0]:f32[2]");
    check("reduce_prod[axes=(0,)]", &[count(&[0])], "1.0:f32[]");
    check("reduce_max[axes=(0,)]", &[count(&[0])], "-inf:f32[]");
    check("reduce_min[axes=(0,)]", &[i32s(&[0], &[])], "2147483647:i32[]");
    check("reduce_and[axes=(0,)]", &[ints(DType::Bool, &[0], &[])], "true:bool[]");
    check(
        "argmax[axes=(0,) index_dtype=i32]",
        &[count(&[0])],
        "error: argmax needs an element along axis 0, got f32[0]",
    );
}

#[test]
fn reductions_need_axes_of_the_operand() {
    check(
        "reduce_sum[axes=(2,)]",
        &[count(&[2, 3])],
        "error: reduce_sum needs axes below 2, got [2]",
    );
    check(
        "cumsum[axis=1 reverse=false]",
        &[count(&[2])],
        "error: cumsum needs an axis below 1, got 1",
    );
    check(
        "argmin[axes=(1,) index_dtype=i32]",
        &[count(&[2])],
        "error: argmin needs an axis below 1, got 1",
    );
    check(
        "argmin[axes=(0,) index_dtype=f32]",
        &[count(&[2])],
        "error: argmin needs an integer index_dtype, got f32",
    );
}

#[test]
fn running_sums_keep_the_element_type() {
    let bytes = ints(DType::I8, &[3], &[100, 27, 1]);
    check("cumsum[axis=0 reverse=false]", std::slice::from_ref(&bytes), "[100, 127, -128]:i8[3]");
    check("cumsum[axis=0 reverse=true]", &[bytes], "[-128, 28, 1]:i8[3]");
    check("cummax[axis=1 reverse=false]", &[count(&[2, 2])], "[[1.0, 2.0], [3.0, 4.0]]:f32[2,2]");
}

#[test]
fn complex_numbers_have_arithmetic() {
    let complex = |re, im| Literal::scalar(DType::C64, Scalar::Complex(re, im));
    let (x, y) = (complex(1.0, 2.0), complex(3.0, -1.0));
    check("mul", &[x.clone(), y.clone()], "(5.0+5.0j):c64[]");
    check("div", &[complex(-3.0, 4.0), x.clone()], "(1.0+2.0j):c64[]");
    check("eq", &[x.clone(), y.clone()], "false:bool[]");
    check("max", &[x.clone(), y], "(3.0-1.0j):c64[]");
    check("square", &[x], "(-3.0+4.0j):c64[]");
    check("abs", &[complex(3.0, -4.0)], "5.0:f32[]");
    check("conj[input_dtype=c64]", &[complex(3.0, -4.0)], "(3.0+4.0j):c64[]");
    check("integer_pow[y=-1]", &[complex(0.0, 2.0)], "(0.0-0.5j):c64[]");
}
