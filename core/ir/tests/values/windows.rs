//! Windows at positions that are computed.

use jaxrs_data::{DType, Literal};

use crate::{check, count, f32s, i32s, ints};

fn gather(offset: &str, collapsed: &str, map: &str, sizes: &str, mode: &str) -> String {
    format!(
        "gather[offset_dims={offset} collapsed_slice_dims={collapsed} start_index_map={map} \
         operand_batching_dims=() start_indices_batching_dims=() slice_sizes={sizes} mode={mode} \
         fill_value=None]"
    )
}

fn scatter(name: &str, window: &str, inserted: &str, map: &str, mode: &str) -> String {
    format!(
        "{name}[update_window_dims={window} inserted_window_dims={inserted} \
         scatter_dims_to_operand_dims={map} operand_batching_dims=() \
         scatter_indices_batching_dims=() mode={mode} unique_indices=false]"
    )
}

#[test]
fn dynamic_slices_move_windows_so_that_they_fit() {
    let (slice, x) = ("dynamic_slice[slice_sizes=(2, 2)]", count(&[3, 4]));
    let starts = |i, j| [x.clone(), i32s(&[], &[i]), i32s(&[], &[j])];
    check(slice, &starts(2, 9), "[[7.0, 8.0], [11.0, 12.0]]:f32[2,2]");
    check(slice, &starts(-5, 1), "[[2.0, 3.0], [6.0, 7.0]]:f32[2,2]");
    let update = Literal::f32([1, 2], &[-1.0, -2.0]);
    check(
        "dynamic_update_slice",
        &[count(&[2, 3]), update, i32s(&[], &[7]), i32s(&[], &[-1])],
        "[[1.0, 2.0, 3.0], [-1.0, -2.0, 6.0]]:f32[2,3]",
    );
}

#[test]
fn dynamic_slices_need_starts_and_windows_that_fit() {
    let slice = "dynamic_slice[slice_sizes=(2,)]";
    check(
        slice,
        &[count(&[3])],
        "error: dynamic_slice needs a start for each axis of f32[3], got 0",
    );
    check(
        slice,
        &[count(&[3]), count(&[])],
        "error: dynamic_slice needs starts that are integers of one type, got f32[]",
    );
    check(
        slice,
        &[count(&[1]), i32s(&[], &[0])],
        "error: dynamic_slice needs a window that fits into f32[1], got f32[2]",
    );
    check(
        "dynamic_update_slice",
        &[count(&[1]), count(&[2]), i32s(&[], &[0])],
        "error: dynamic_update_slice needs a window that fits into f32[1], got f32[2]",
    );
}

#[test]
fn gathers_move_windows_that_do_not_fit_or_fill_them() {
    let inputs = [count(&[3, 2]), i32s(&[3, 1], &[2, -1, 5])];
    let rows = |mode| gather("(1,)", "(0,)", "(0,)", "(1, 2)", mode);
    check(&rows("clip"), &inputs, "[[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]:f32[3,2]");
    check(&rows("fill_or_drop"), &inputs, "[[5.0, 6.0], [nan, nan], [nan, nan]]:f32[3,2]");
    let one = gather("()", "(0,)", "(0,)", "(1,)", "fill_or_drop");
    let filled = |dtype| [ints(dtype, &[2], &[0, 1]), i32s(&[2, 1], &[1, 2])];
    check(&one, &filled(DType::I8), "[1, -128]:i8[2]");
    check(&one, &filled(DType::U8), "[1, 255]:u8[2]");
    check(&one, &filled(DType::Bool), "[true, true]:bool[2]");
}

#[test]
fn gathers_read_windows_and_go_along_batching_axes() {
    check(
        &gather("(1, 2)", "()", "(0, 1)", "(2, 2)", "clip"),
        &[count(&[3, 4]), i32s(&[2, 2], &[1, 9, -3, 1])],
        "[[[7.0, 8.0], [11.0, 12.0]], [[2.0, 3.0], [6.0, 7.0]]]:f32[2,2,2]",
    );
    check(
        "gather[offset_dims=() collapsed_slice_dims=(1,) start_index_map=(1,) \
         operand_batching_dims=(0,) start_indices_batching_dims=(0,) slice_sizes=(1, 1) \
         mode=fill_or_drop fill_value=0]",
        &[count(&[2, 3]), i32s(&[2, 2, 1], &[2, 0, 1, 7])],
        "[[3.0, 1.0], [5.0, 0.0]]:f32[2,2]",
    );
}

#[test]
fn gathers_need_dimension_numbers_that_fit() {
    let inputs = [count(&[3, 2]), i32s(&[3, 1], &[2, -1, 5])];
    check(
        &gather("(1,)", "(0,)", "(0,)", "(1, 3)", "clip"),
        &inputs,
        "error: gather has a window of size 3 along axis 1 of f32[3,2]",
    );
    // One window without index components is a window.
    check(
        &gather("(0, 1)", "()", "()", "(2, 3)", "clip"),
        &[count(&[3, 2]), i32s(&[0], &[])],
        "error: gather has a window of size 3 along axis 1 of f32[3,2]",
    );
    check(
        &gather("(1,)", "(0,)", "(0, 1)", "(1, 2)", "clip"),
        &inputs,
        "error: gather needs an operand axis for each of 1 index components, got [0, 1]",
    );
    check(
        &gather("(1,)", "()", "(0,)", "(1, 2)", "clip"),
        &inputs,
        "error: gather needs each axis of f32[3,2] as a window, dropped or batching axis, got 1 axes",
    );
    check(
        &gather("(1,)", "(0,)", "(0,)", "(1, 2)", "clip"),
        &[count(&[3, 2]), count(&[3, 1])],
        "error: gather needs an integer array as indices, got f32[3,1]",
    );
}

#[test]
fn scatters_combine_in_order_and_drop_what_does_not_fit() {
    let inputs = [count(&[4]), i32s(&[5, 1], &[1, 1, -1, 4, 3]), f32s(&[5.0, 0.5, 7.0, 8.0, 9.0])];
    let elements = |name| scatter(name, "()", "(0,)", "(0,)", "fill_or_drop");
    check(&elements("scatter"), &inputs, "[1.0, 0.5, 3.0, 9.0]:f32[4]");
    check(&elements("scatter-add"), &inputs, "[1.0, 7.5, 3.0, 13.0]:f32[4]");
    check(&elements("scatter-sub"), &inputs, "[1.0, -3.5, 3.0, -5.0]:f32[4]");
    check(&elements("scatter-mul"), &inputs, "[1.0, 5.0, 3.0, 36.0]:f32[4]");
    check(&elements("scatter-min"), &inputs, "[1.0, 0.5, 3.0, 4.0]:f32[4]");
    check(&elements("scatter-max"), &inputs, "[1.0, 5.0, 3.0, 9.0]:f32[4]");
    check(
        &scatter("scatter-add", "()", "(0,)", "(0,)", "clip"),
        &[count(&[4]), i32s(&[3, 1], &[1, -1, 9]), count(&[3])],
        "[3.0, 3.0, 3.0, 7.0]:f32[4]",
    );
}

#[test]
fn scattered_windows_may_overlap() {
    let inputs = [f32s(&[0.0; 5]), i32s(&[3, 1], &[0, 1, 4]), count(&[3, 2])];
    check(
        &scatter("scatter-add", "(1,)", "()", "(0,)", "fill_or_drop"),
        &inputs,
        "[1.0, 5.0, 4.0, 0.0, 0.0]:f32[5]",
    );
    check(
        &scatter("scatter", "(1,)", "()", "(0,)", "clip"),
        &inputs,
        "[1.0, 3.0, 4.0, 5.0, 6.0]:f32[5]",
    );
}

#[test]
fn scatters_need_updates_that_fit() {
    let rows = scatter("scatter-add", "(1,)", "(0,)", "(0,)", "clip");
    check(
        &rows,
        &[count(&[3, 2]), i32s(&[3, 1], &[0, 1, 2]), count(&[2, 2])],
        "error: scatter-add needs updates of shape [3,2] for i32[3,1], got f32[2,2]",
    );
    check(
        &rows,
        &[count(&[3, 2]), i32s(&[3, 1], &[0, 1, 2]), i32s(&[3, 2], &[0; 6])],
        "error: scatter-add needs operands of one element type, got f32[3,2] and i32[3,2]",
    );
    let truths = |shape: &[usize], values: &[i64]| ints(DType::Bool, shape, values);
    check(
        &rows,
        &[truths(&[1, 1], &[0]), i32s(&[1, 1], &[0]), truths(&[1, 1], &[1])],
        "error: scatter-add does not take bool[1,1]",
    );
}
