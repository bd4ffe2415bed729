/* Convolutions, windows, and reductions by functions. */
#include "check.h"

FN(times) RETURNS(op_mul(&e, a[0], a[1]))
FN(plus_twice) RETURNS(op_add(&e, a[0], op_mul_num(&e, a[1], 2)))

FN(reduced) {
    const int64_t axis = -1;
    expr e = expr_in(s);
    jaxrs_array* one = op_num(&e, 1, a[0]);
    (void)n;
    if (!e.error) e.error = jaxrs_reduce(s, userdata, a, &one, 1, &axis, 1, out);
    return expr_done(&e);
}

FN(windowed) {
    const int64_t sizes[] = {2}, strides[] = {2}, pads[] = {1, 1};
    expr e = expr_in(s);
    jaxrs_array* one = op_num(&e, 1, a[0]);
    (void)n;
    if (!e.error) e.error = jaxrs_reduce_window(s, userdata, a, &one, 1, sizes, strides, pads, NULL, NULL, 1, out);
    return expr_done(&e);
}

CASE(functions_reduce_axes_and_windows) {
    jaxrs_fn* product = fn_of(c, "reduced", reduced, FN_OF(times));
    GIVES(product, ARGS(COUNTING(4)), 24);
    GIVES(JIT(product), ARGS(COUNTING(2, 2)), 2, 12);
    GIVES(GRAD(product), ARGS(COUNTING(3)), 6, 3, 2);
    GIVES(VMAP(product), ARGS(COUNTING(2, 2)), 2, 12);
    jaxrs_fn* windows = fn_of(c, "windowed", windowed, FN_OF(plus_twice));
    GIVES(windows, ARGS(COUNTING(4)), 3, 11, 9);
    GIVES(JIT(windows), ARGS(COUNTING(4)), 3, 11, 9);
}

CASE(reductions_refuse_what_does_not_fit) {
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    const int64_t axis = 3, size = 0;
    jaxrs_array *one = scalar(c, 1), *three = COUNTING(3);
    jaxrs_fn* f = FN_OF(times);
    FAILS(jaxrs_reduce(c->s, f, &three, &one, 1, &axis, 1, r), JAXRS_ERR_INVALID_ARGUMENT, "reduce", "3");
    FAILS(jaxrs_reduce(c->s, f, &three, &three, 1, NULL, 0, r), JAXRS_ERR_SHAPE, "reduce", "f32[3]");
    FAILS(jaxrs_reduce_window(c->s, f, &three, &one, 1, &size, NULL, NULL, NULL, NULL, 1, r), JAXRS_ERR_INVALID_ARGUMENT,
          "reduce_window", "window_dimensions", "0");
    jaxrs_results_release(r);
}

FN(convolved) {
    const char* numbers = "NWC,WIO->NWC";
    const int64_t strides[] = {2};
    jaxrs_array* y = NULL;
    (void)userdata, (void)n;
    jaxrs_error* err = jaxrs_op_conv_general_dilated(s, a[0], a[1], strides, 1, "SAME", 4, NULL, 0, NULL, 0, NULL, 0, numbers,
                                                     strlen(numbers), 1, 1, 0, &y);
    if (!err) err = jaxrs_results_push(out, y);
    jaxrs_array_release(y);
    return err;
}

FN(convolved_sum) {
    jaxrs_results* r = NULL;
    expr e = expr_in(s);
    e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = convolved(userdata, s, a, n, r);
    if (!e.error) expr_push(&e, out, op_reduce_sum(&e, expr_keep(&e, jaxrs_results_get(r, 0)), EXPR_ALL, 0));
    jaxrs_results_release(r);
    return expr_done(&e);
}

CASE(convolutions_are_differentiated) {
    jaxrs_fn* f = fn_of(c, "convolved", convolved, NULL);
    GIVES(f, ARGS(COUNTING(1, 4, 1), COUNTING(2, 1, 1)), 5, 11);
    GIVES(JIT(f), ARGS(COUNTING(1, 4, 1), COUNTING(2, 1, 1)), 5, 11);
    jaxrs_fn* sum = fn_of(c, "convolved_sum", convolved_sum, NULL);
    GIVES(GRAD(sum), ARGS(COUNTING(1, 4, 1), COUNTING(2, 1, 1)), 1, 2, 1, 2);
    GIVES(JIT(GRAD(sum)), ARGS(COUNTING(1, 4, 1), COUNTING(2, 1, 1)), 1, 2, 1, 2);
}
