//! Operations that move elements to places that are known beforehand.

use jaxrs_data::{DType, Literal};

use crate::{check, count, f32s, i32s, ints};

#[test]
fn padding_goes_around_and_between_and_cuts_where_negative() {
    let pad = "pad[padding_config=((1, -2, 1),)]";
    check(pad, &[count(&[4]), Literal::f32([], &[9.0])], "[9.0, 1.0, 9.0, 2.0, 9.0, 3.0]:f32[6]");
    let pad = "pad[padding_config=((-1, 0, 0), (0, 1, 1))]";
    let zero = Literal::f32([], &[0.0]);
    check(pad, &[count(&[2, 3]), zero], "[[4.0, 0.0, 5.0, 0.0, 6.0, 0.0]]:f32[1,6]");
}

#[test]
fn padding_needs_a_valid_size_and_a_scalar() {
    let pad = "pad[padding_config=((-2, -1, 0),)]";
    let zero = Literal::f32([], &[0.0]);
    check(
        pad,
        &[count(&[2]), zero.clone()],
        "error: pad of axis 0 of f32[2] by (-2, -1, 0) leaves no valid size",
    );
    check(
        pad,
        &[count(&[2]), count(&[1])],
        "error: pad needs a scalar as padding value, got f32[1]",
    );
    check(
        pad,
        &[count(&[2]), i32s(&[], &[0])],
        "error: pad needs operands of one element type, got f32[2] and i32[]",
    );
    check(
        "pad[padding_config=((0, 0, -1),)]",
        &[count(&[2]), zero.clone()],
        "error: pad needs interior of at least 0, got (0, 0, -1)",
    );
    check(
        "pad[padding_config=((9223372036854775807, 9223372036854775807, 0),)]",
        &[count(&[2]), zero],
        "error: pad of axis 0 of f32[2] by (9223372036854775807, 9223372036854775807, 0) \
         leaves no valid size",
    );
}

#[test]
fn slices_take_every_so_many_elements() {
    check(
        "slice[limit_indices=(3, 4) start_indices=(0, 1) strides=(2, 2)]",
        &[count(&[3, 4])],
        "[[2.0, 4.0], [10.0, 12.0]]:f32[2,2]",
    );
}

#[test]
fn slices_stay_in_range() {
    let slice = |parts: &str| format!("slice[{parts}]");
    check(
        &slice("limit_indices=(3,) start_indices=(1,) strides=None"),
        &[count(&[2])],
        "error: slice takes 1..3 of axis 0 of f32[2], which has size 2",
    );
    check(
        &slice("limit_indices=(1,) start_indices=(0,) strides=(0,)"),
        &[count(&[2])],
        "error: slice needs strides of at least 1, got 0 for axis 0",
    );
    check(
        &slice("limit_indices=(1,) start_indices=(0,) strides=None"),
        &[count(&[2, 2])],
        "error: slice needs a start, limit and stride for each axis of f32[2,2], got [0]",
    );
}

#[test]
fn concatenation_joins_along_one_axis() {
    check(
        "concatenate[dimension=1]",
        &[count(&[2, 3]), count(&[2, 1])],
        "[[1.0, 2.0, 3.0, 1.0], [4.0, 5.0, 6.0, 2.0]]:f32[2,4]",
    );
    check(
        "concatenate[dimension=0]",
        &[count(&[2, 3]), count(&[2, 1])],
        "error: concatenate needs operands that differ along dimension 0 alone, \
         got f32[2,3] and f32[2,1]",
    );
    check(
        "concatenate[dimension=2]",
        &[count(&[2, 3])],
        "error: concatenate needs a dimension of f32[2,3], got 2",
    );
}

#[test]
fn reversal_is_along_each_of_the_axes() {
    check(
        "rev[dimensions=(0, 1)]",
        &[count(&[2, 3])],
        "[[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]:f32[2,3]",
    );
    check(
        "rev[dimensions=(2,)]",
        &[count(&[2, 3])],
        "error: rev needs dimensions below 2, got [2]",
    );
}

#[test]
fn broadcasting_adds_axes_and_stretches_those_of_size_1() {
    check(
        "broadcast_in_dim[broadcast_dimensions=(1, 2) shape=(3, 2, 2)]",
        &[count(&[2, 1])],
        "[[[1.0, 1.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 2.0]]]:f32[3,2,2]",
    );
}

#[test]
fn broadcasting_keeps_order_and_sizes() {
    let broadcast =
        |dims: &str| format!("broadcast_in_dim[broadcast_dimensions={dims} shape=(2, 3)]");
    check(
        &broadcast("(1, 0)"),
        &[count(&[3, 2])],
        "error: broadcast_in_dim needs increasing dimensions, got [1, 0]",
    );
    check(
        &broadcast("(0,)"),
        &[count(&[3])],
        "error: broadcast_in_dim maps axis 0 of f32[3] to axis 0 of [2,3], but 3 is neither 1 nor 2",
    );
    check(
        &broadcast("(0,)"),
        &[count(&[2, 3])],
        "error: broadcast_in_dim needs a dimension for each axis of f32[2,3], got [0]",
    );
}

#[test]
fn reshaping_keeps_elements_and_their_number() {
    check(
        "reshape[new_sizes=(3, 2)]",
        &[count(&[2, 3])],
        "[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]:f32[3,2]",
    );
    check(
        "reshape[new_sizes=(4, 2)]",
        &[count(&[2, 3])],
        "error: reshape needs 8 elements for shape [4,2], got f32[2,3], which has 6",
    );
    check(
        "squeeze[dimensions=(0,)]",
        &[count(&[2, 1])],
        "error: squeeze needs axes of size 1, got axis 0 of f32[2,1], which has size 2",
    );
}

#[test]
fn transposition_takes_axes_in_another_order() {
    check(
        "transpose[permutation=(2, 0, 1)]",
        &[count(&[2, 1, 3])],
        "[[[1.0], [4.0]], [[2.0], [5.0]], [[3.0], [6.0]]]:f32[3,2,1]",
    );
    check(
        "transpose[permutation=(0, 0)]",
        &[count(&[2, 3])],
        "error: transpose needs distinct axes, got [0, 0]",
    );
    check(
        "transpose[permutation=(0,)]",
        &[count(&[2, 3])],
        "error: transpose needs a permutation of the axes of f32[2,3], got [0]",
    );
}

#[test]
fn iota_counts_along_one_axis() {
    let iota = |rest: &str| format!("iota[{rest}]");
    check(&iota("dimension=1 dtype=i32 shape=(2, 3)"), &[], "[[0, 1, 2], [0, 1, 2]]:i32[2,3]");
    check(
        &iota("dimension=0 dtype=bool shape=(2,)"),
        &[],
        "error: iota needs a numeric element type, got bool",
    );
    check(
        &iota("dimension=1 dtype=i32 shape=(2,)"),
        &[],
        "error: iota needs a dimension of shape [2], got 1",
    );
}

#[test]
fn sorting_puts_nan_last_takes_zeros_as_equal_and_keeps_the_order_of_ties() {
    let keys = f32s(&[2.0, f32::NAN, -0.0, 0.0, f32::NEG_INFINITY, 1.0, 2.0]);
    check(
        "sort[dimension=0 is_stable=true num_keys=1]",
        &[keys, i32s(&[7], &[0, 1, 2, 3, 4, 5, 6])],
        "[-inf, -0.0, 0.0, 1.0, 2.0, 2.0, nan]:f32[7]; [4, 2, 3, 5, 0, 6, 1]:i32[7]",
    );
    check(
        "sort[dimension=0 is_stable=true num_keys=2]",
        &[
            ints(DType::Bool, &[4], &[1, 0, 1, 0]),
            i32s(&[4], &[1, 2, 0, 1]),
            i32s(&[4], &[0, 1, 2, 3]),
        ],
        "[false, false, true, true]:bool[4]; [1, 2, 0, 1]:i32[4]; [3, 1, 2, 0]:i32[4]",
    );
    check(
        "sort[dimension=0 is_stable=true num_keys=1]",
        &[i32s(&[3, 2], &[3, 1, 1, 2, 2, 0])],
        "[[1, 0], [2, 1], [3, 2]]:i32[3,2]",
    );
}

#[test]
fn sorting_needs_one_shape_and_keys_among_the_operands() {
    let sort = "sort[dimension=0 is_stable=true num_keys=2]";
    check(sort, &[count(&[2])], "error: sort needs 1 to 1 keys among its operands, got 2");
    check(
        sort,
        &[count(&[2]), count(&[3])],
        "error: sort needs operands of one shape, got f32[2] and f32[3]",
    );
}
