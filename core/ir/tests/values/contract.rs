//! Dot products and random bits.

use jaxrs_data::{DType, Literal, Scalar};

use crate::{check, count, ints};

fn dot(numbers: &str, preferred: &str) -> String {
    format!("dot_general[dimension_numbers={numbers} preferred_element_type={preferred}]")
}

const MATRIX: &str = "((1,), (0,), (), ())";

#[test]
fn dots_contract_batch_and_keep_axes_in_any_order() {
    check(
        &dot(MATRIX, "None"),
        &[count(&[2, 3]), count(&[3, 4])],
        "[[38.0, 44.0, 50.0, 56.0], [83.0, 98.0, 113.0, 128.0]]:f32[2,4]",
    );
    check(
        &dot("((2,), (1,), (0,), (0,))", "None"),
        &[count(&[2, 2, 3]), count(&[2, 3, 1])],
        "[[[14.0], [32.0]], [[122.0], [167.0]]]:f32[2,2,1]",
    );
    check(
        &dot("((2, 0), (0, 2), (), ())", "None"),
        &[count(&[2, 3, 2]), count(&[2, 2, 2])],
        "[[73.0, 109.0], [101.0, 153.0], [129.0, 197.0]]:f32[3,2]",
    );
    check(&dot(MATRIX, "None"), &[count(&[1, 0]), count(&[0, 2])], "[[0.0, 0.0]]:f32[1,2]");
}

#[test]
fn dots_of_integers_wrap_and_those_of_truth_values_say_whether_any_pair_is_true() {
    let bytes = [ints(DType::I8, &[1, 3], &[100; 3]), ints(DType::I8, &[3, 1], &[3; 3])];
    check(&dot(MATRIX, "None"), &bytes, "[[-124]]:i8[1,1]");
    check(&dot(MATRIX, "i32"), &bytes, "[[900]]:i32[1,1]");
    let bools =
        [ints(DType::Bool, &[2, 2], &[1, 0, 0, 0]), ints(DType::Bool, &[2, 2], &[1, 0, 1, 1])];
    check(&dot(MATRIX, "None"), &bools, "[[true, false], [false, false]]:bool[2,2]");
}

#[test]
fn dots_need_axes_that_meet() {
    check(
        &dot(MATRIX, "None"),
        &[count(&[2, 3]), count(&[4, 5])],
        "error: dot_general contracts axis 1 of f32[2,3] with axis 0 of f32[4,5], but 3 != 4",
    );
    check(
        &dot("((2,), (1,), (0,), (0,))", "None"),
        &[count(&[2, 1, 3]), count(&[3, 3, 1])],
        "error: dot_general batches axis 0 of f32[2,1,3] with axis 0 of f32[3,3,1], but 2 != 3",
    );
    check(
        &dot("((1, 0), (0,), (), ())", "None"),
        &[count(&[2, 3]), count(&[3, 4])],
        "error: dot_general contracts as many axes of one operand as of the other, got [1, 0] and [0]",
    );
    check(
        &dot("((1,), (0,), (1,), (1,))", "None"),
        &[count(&[2, 3]), count(&[3, 3])],
        "error: dot_general needs distinct batch and contracted axes on the left, got [1, 1]",
    );
    check(
        &dot("((2,), (0,), (), ())", "None"),
        &[count(&[2, 3]), count(&[3, 3])],
        "error: dot_general needs batch and contracted axes on the left below 2, got [2]",
    );
}

#[test]
fn dots_need_element_types_that_fit() {
    check(
        &dot(MATRIX, "None"),
        &[count(&[2, 3]), ints(DType::I32, &[3, 1], &[1; 3])],
        "error: dot_general needs operands of one element type, got f32[2,3] and i32[3,1]",
    );
    check(
        &dot(MATRIX, "f16"),
        &[count(&[2, 3]), count(&[3, 1])],
        "error: dot_general cannot accumulate products of f32 in f16",
    );
}

#[test]
fn random_bits_are_those_of_jax_at_each_width() {
    let bits = |width: u32| format!("random_bits[bit_width={width} shape=(3,)]");
    // Of the key from seed 42.
    let key = [Literal::scalar(DType::KeyFry, Scalar::Key(42 << 32))];
    check(&bits(8), &key, "[162, 217, 249]:u8[3]");
    check(&bits(16), &key, "[5026, 12505, 63993]:u16[3]");
    check(&bits(32), &key, "[2098992034, 2919706841, 2646866425]:u32[3]");
    check(
        &bits(64),
        &key,
        "[7871734211187709741, 276886910877598708, 10591095138341673235]:u64[3]",
    );
}

#[test]
fn random_bits_need_keys_and_a_width() {
    let key = Literal::scalar(DType::KeyFry, Scalar::Key(42 << 32));
    check(
        "random_bits[bit_width=12 shape=(3,)]",
        &[key],
        "error: random_bits gives 8, 16, 32 or 64 bits, not 12",
    );
    check(
        "random_bits[bit_width=32 shape=(3,)]",
        &[ints(DType::U32, &[3], &[0, 42, 1])],
        "error: random_bits takes key array operand, got u32[3]",
    );
    check(
        "threefry2x32",
        &[0, 1, 2, 3].map(|value| ints(DType::I32, &[], &[value])),
        "error: threefry2x32 needs u32 operands, got i32[]",
    );
}
