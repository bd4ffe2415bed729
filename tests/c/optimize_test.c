/* Minima, derivatives held against differences, and what element types hold. */
#include "check.h"

/* (x, a) to the sum of (x - a)^2 */
FN(distance) RETURNS(op_reduce_sum(&e, op_mul(&e, op_sub(&e, a[0], a[1]), op_sub(&e, a[0], a[1])), EXPR_ALL, 0))

CASE(a_minimum_is_found) {
    const float start[] = {5, -3, 0.5};
    jaxrs_array *x0 = array_of(c, JAXRS_F32, start, sizeof start, SHAPE(3)), *a = scalar(c, 2);
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    OK(jaxrs_minimize(c->s, FN_OF(distance), x0, &a, 1, "BFGS", 4, 0, 0, r));
    EXPECT(jaxrs_results_len(r) == 9);
    jaxrs_array *x = jaxrs_results_get(r, 0), *success = jaxrs_results_get(r, 1), *status = jaxrs_results_get(r, 2);
    HAS_VALUES(x, 2, 2, 2);
    HAS_VALUES(success, 1);
    HAS_VALUES(status, 0);
    jaxrs_array_release(x), jaxrs_array_release(success), jaxrs_array_release(status);
    FAILS(jaxrs_minimize(c->s, FN_OF(distance), x0, &a, 1, "Newton", 6, 0, 0, r), JAXRS_ERR_INVALID_ARGUMENT, "BFGS", "Newton");
    FAILS(jaxrs_minimize(c->s, FN_OF(distance), a, &a, 1, "BFGS", 4, 0, 0, r), JAXRS_ERR_SHAPE, "vector", "f32[]");
    EXPECT(jaxrs_results_len(r) == 9);
    jaxrs_results_release(r);
}

FN(product) RETURNS(op_mul(&e, a[0], a[1]))

/* (x, y, dx, dy) to (x y, y dx), which leaves dy out */
FN(half_a_rule) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, a[0], a[1]));
    expr_push(&e, out, op_mul(&e, a[1], a[2]));
    return expr_done(&e);
}

CASE(derivatives_are_held_against_differences) {
    jaxrs_array* x[] = {scalar(c, 2), scalar(c, 3)};
    OK(jaxrs_check_grads(c->s, FN_OF(product), x, 2, 2, 1, 1, 0, 0, 0));
    jaxrs_fn* wrong = NULL;
    OK(jaxrs_custom_jvp(FN_OF(product), FN_OF(half_a_rule), &wrong));
    keep_fn(c, wrong);
    FAILS(jaxrs_check_grads(c->s, wrong, x, 2, 1, 1, 0, 0, 0, 0), JAXRS_ERR_CHECK, "forward mode", "product", "differences give");
    FAILS(jaxrs_check_grads(c->s, wrong, x, 2, 1, 0, 1, 0, 0, 0), JAXRS_ERR_CHECK, "reverse mode");
    FAILS(jaxrs_check_grads(c->s, wrong, x, 2, 0, 1, 1, 0, 0, 0), JAXRS_ERR_INVALID_ARGUMENT, "order");
    OK(jaxrs_check_grads(c->s, wrong, x, 2, 1, 1, 1, 1e6, 0, 0));
}

CASE(element_types_have_limits) {
    jaxrs_dtype_info info = JAXRS_DTYPE_INFO_INIT;
    OK(jaxrs_dtype_info_get(JAXRS_F32, &info));
    EXPECT(info.kind == JAXRS_KIND_FLOAT && info.bits == 32 && info.mantissa_bits == 23 && info.exponent_bits == 8);
    EXPECT(info.eps == ldexp(1, -23) && info.max == 3.4028234663852886e38 && info.min == -info.max);
    EXPECT(info.int_max == 0);
    EXPECT_TEXT(info.name, "f32");
    OK(jaxrs_dtype_info_get(JAXRS_I8, &info));
    EXPECT(info.kind == JAXRS_KIND_SIGNED && info.int_min == -128 && info.int_max == 127 && info.eps == 0);
    OK(jaxrs_dtype_info_get(JAXRS_KEY_FRY4, &info));
    EXPECT(info.kind == JAXRS_KIND_KEY);
    FAILS(jaxrs_dtype_info_get(99, &info), JAXRS_ERR_INVALID_ARGUMENT, "99");
    info.struct_size = 0;
    FAILS(jaxrs_dtype_info_get(JAXRS_F32, &info), JAXRS_ERR_INVALID_ARGUMENT, "struct_size");
}

CASE(types_and_shapes_join) {
    const int64_t row[] = {3}, column[] = {2, 1};
    jaxrs_aval types[] = {{JAXRS_I32, 0, 1, row}, {JAXRS_F32, 1, 2, column}, {JAXRS_F16, 0, 0, NULL}};
    jaxrs_dtype dtype = 0;
    uint32_t weak = 2;
    OK(jaxrs_result_type(c->s, types, 3, &dtype, &weak));
    EXPECT(dtype == JAXRS_F16 && weak == 0);
    OK(jaxrs_result_type(c->s, types, 2, &dtype, &weak));
    EXPECT(dtype == JAXRS_F32 && weak == 1);
    FAILS(jaxrs_result_type(c->s, types, 0, &dtype, &weak), JAXRS_ERR_INVALID_ARGUMENT, "result_type");
    int64_t shape[2] = {0};
    size_t ndim = 9;
    OK(jaxrs_broadcast_shapes(types, 3, shape, 2, &ndim));
    EXPECT(ndim == 2 && shape[0] == 2 && shape[1] == 3);
    FAILS(jaxrs_broadcast_shapes(types, 3, shape, 1, &ndim), JAXRS_ERR_INVALID_ARGUMENT, "room for 1");
    const int64_t other[] = {4};
    types[1] = (jaxrs_aval){JAXRS_F32, 0, 1, other};
    FAILS(jaxrs_broadcast_shapes(types, 2, shape, 2, &ndim), JAXRS_ERR_SHAPE, "[3] and [4]");
    OK(jaxrs_broadcast_shapes(types, 0, NULL, 0, &ndim));
    EXPECT(ndim == 0);
}
