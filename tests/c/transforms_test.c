/* Transforms through the C API: values, nesting, closures. */
#include "check.h"

FN(square) RETURNS(op_mul(&e, a[0], a[0]))
FN(cube) RETURNS(op_mul(&e, a[0], op_mul(&e, a[0], a[0])))
FN(sine) RETURNS(op_sin(&e, a[0]))
FN(product) RETURNS(op_mul(&e, a[0], a[1]))
FN(sum_of_squares) RETURNS(op_reduce_sum(&e, op_mul(&e, a[0], a[0]), EXPR_ALL, 0))
FN(sum_of_cubes) RETURNS(op_reduce_sum(&e, op_mul(&e, a[0], op_mul(&e, a[0], a[0])), EXPR_ALL, 0))

CASE(a_function_of_concrete_arrays_is_evaluated_at_once) { GIVES(FN_OF(cube), ARGS(scalar(c, 2)), 8); }

CASE(grad_gives_the_slope) {
    GIVES(GRAD(FN_OF(cube)), ARGS(scalar(c, 2)), 12);
    GIVES(GRAD(FN_OF(sum_of_squares)), ARGS(COUNTING(3)), 2, 4, 6);
}

CASE(grad_of_grad_of_grad_is_the_third_derivative) {
    GIVES(GRAD(GRAD(FN_OF(cube))), ARGS(scalar(c, 2)), 12);
    GIVES(GRAD(GRAD(GRAD(FN_OF(cube)))), ARGS(scalar(c, 2)), 6);
}

CASE(value_and_grad_gives_both) {
    jaxrs_fn* f = apply_at(c, __LINE__, plain_value_and_grad, FN_OF(cube));
    GIVES_NTH(f, 0, ARGS(scalar(c, 2)), 8);
    GIVES_NTH(f, 1, ARGS(scalar(c, 2)), 12);
}

CASE(argnums_choose_the_arguments) {
    const uint32_t both[] = {1, 0};
    jaxrs_diff_options o = {sizeof o, 0, both, 2, 0};
    jaxrs_fn* f = NULL;
    OK(jaxrs_grad(FN_OF(product), &o, &f));
    keep_fn(c, f);
    GIVES_NTH(f, 0, ARGS(scalar(c, 2), scalar(c, 5)), 2);
    GIVES_NTH(f, 1, ARGS(scalar(c, 2), scalar(c, 5)), 5);
}

FN(cube_and_double) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    expr_push(&e, out, op_mul(&e, a[0], op_mul(&e, a[0], a[0])));
    expr_push(&e, out, op_add(&e, a[0], a[0]));
    return expr_done(&e);
}

CASE(aux_outputs_pass_through_grad) {
    jaxrs_diff_options o = {sizeof o, 0, NULL, 0, 1};
    jaxrs_fn* f = NULL;
    OK(jaxrs_value_and_grad(FN_OF(cube_and_double), &o, &f));
    keep_fn(c, f);
    jaxrs_results* r = call_at(c, __LINE__, f, ARGS(scalar(c, 2)));
    const double expected[] = {8, 4, 12}; /* the value, what goes with it, the slope */
    EXPECT(jaxrs_results_len(r) == 3);
    for (size_t i = 0; i < 3; i++) {
        jaxrs_array* y = jaxrs_results_get(r, i);
        has_values_at(c, __LINE__, y, 1, &expected[i]);
        jaxrs_array_release(y);
    }
    jaxrs_results_release(r);
}

CASE(jit_gives_the_same_values) {
    GIVES(JIT(FN_OF(cube)), ARGS(scalar(c, 2)), 8);
    GIVES(JIT(FN_OF(cube)), ARGS(COUNTING(2, 2)), 1, 8, 27, 64);
}

CASE(jit_and_grad_nest_both_ways) {
    GIVES(JIT(GRAD(FN_OF(cube))), ARGS(scalar(c, 2)), 12);
    GIVES(GRAD(JIT(FN_OF(cube))), ARGS(scalar(c, 2)), 12);
    GIVES(JIT(GRAD(JIT(GRAD(JIT(FN_OF(cube)))))), ARGS(scalar(c, 2)), 12);
}

CASE(vmap_maps_over_the_first_axis) {
    GIVES(VMAP(FN_OF(sum_of_squares)), ARGS(COUNTING(2, 2)), 5, 25);
}

CASE(vmap_and_grad_nest_both_ways) {
    GIVES(VMAP(GRAD(FN_OF(cube))), ARGS(COUNTING(3)), 3, 12, 27);
    GIVES(VMAP(GRAD(GRAD(FN_OF(cube)))), ARGS(COUNTING(3)), 6, 12, 18);
    GIVES(JIT(VMAP(GRAD(FN_OF(cube)))), ARGS(COUNTING(3)), 3, 12, 27);
    GIVES(VMAP(JIT(GRAD(JIT(FN_OF(cube))))), ARGS(COUNTING(3)), 3, 12, 27);
    GIVES(VMAP(VMAP(FN_OF(cube))), ARGS(COUNTING(2, 2)), 1, 8, 27, 64);
}

static jaxrs_fn* vmap_with(check* c, jaxrs_fn* f, int64_t in0, int64_t in1, int64_t out_axis) {
    const int64_t in[] = {in0, in1};
    jaxrs_vmap_options o = {sizeof o, 0, in, 2, &out_axis, 1, -1, NULL, 0, NULL, 0};
    jaxrs_fn* mapped = NULL;
    OK(jaxrs_vmap(f, &o, &mapped));
    return keep_fn(c, mapped);
}

CASE(vmap_takes_axes) {
    /* the columns of the first, each times the whole second */
    jaxrs_fn* columns = vmap_with(c, FN_OF(product), 1, JAXRS_AXIS_NONE, 0);
    GIVES(columns, ARGS(COUNTING(2, 3), COUNTING(2)), 1, 8, 2, 10, 3, 12);
    jaxrs_fn* back = vmap_with(c, FN_OF(product), -1, JAXRS_AXIS_NONE, -1);
    GIVES(back, ARGS(COUNTING(2, 3), COUNTING(2)), 1, 2, 3, 8, 10, 12);
}

CASE(vmap_needs_no_mapped_argument_if_the_size_is_given) {
    const int64_t none[] = {JAXRS_AXIS_NONE};
    jaxrs_vmap_options o = {sizeof o, 0, none, 1, NULL, 0, 3, NULL, 0, NULL, 0};
    jaxrs_fn* f = NULL;
    OK(jaxrs_vmap(FN_OF(square), &o, &f));
    keep_fn(c, f);
    GIVES(f, ARGS(scalar(c, 2)), 4, 4, 4);
}

CASE(jvp_gives_value_and_tangent) {
    GIVES_NTH(JVP(FN_OF(cube)), 0, ARGS(scalar(c, 2), scalar(c, 1)), 8);
    GIVES_NTH(JVP(FN_OF(cube)), 1, ARGS(scalar(c, 2), scalar(c, 10)), 120);
    GIVES_NTH(JIT(JVP(FN_OF(product))), 1, ARGS(scalar(c, 2), scalar(c, 5), scalar(c, 1), scalar(c, 1)), 7);
}

CASE(forward_over_reverse_and_reverse_over_forward_agree) {
    GIVES_NTH(JVP(GRAD(FN_OF(cube))), 1, ARGS(scalar(c, 2), scalar(c, 1)), 12);
    GIVES(VMAP(GRAD(FN_OF(sum_of_cubes))), ARGS(COUNTING(2, 2)), 3, 12, 27, 48);
}

CASE(jacobians_and_hessians) {
    jaxrs_fn *forward = NULL, *reverse = NULL, *hessian = NULL;
    OK(jaxrs_jacfwd(FN_OF(square), NULL, &forward));
    OK(jaxrs_jacrev(FN_OF(square), NULL, &reverse));
    OK(jaxrs_hessian(FN_OF(sum_of_cubes), NULL, &hessian));
    GIVES(keep_fn(c, forward), ARGS(COUNTING(2)), 2, 0, 0, 4);
    GIVES(keep_fn(c, reverse), ARGS(COUNTING(2)), 2, 0, 0, 4);
    GIVES(keep_fn(c, hessian), ARGS(COUNTING(2)), 6, 0, 0, 12);
    GIVES(JIT(hessian), ARGS(COUNTING(2)), 6, 0, 0, 12);
}

CASE(vjp_gives_outputs_and_a_pullback) {
    jaxrs_results* y = NULL;
    jaxrs_fn* pullback = NULL;
    OK(jaxrs_results_new(&y));
    OK(jaxrs_vjp(FN_OF(product), c->s, LIST(scalar(c, 2), scalar(c, 5)), y, &pullback));
    keep_fn(c, pullback);
    jaxrs_array* value = keep_array(c, jaxrs_results_get(y, 0));
    HAS_VALUES(value, 10);
    GIVES_NTH(pullback, 0, ARGS(scalar(c, 1)), 5);
    GIVES_NTH(pullback, 1, ARGS(scalar(c, 3)), 6); /* it may be called again */
    jaxrs_results_release(y);
}

CASE(linearize_gives_outputs_and_a_pushforward) {
    jaxrs_results* y = NULL;
    jaxrs_fn* pushforward = NULL;
    OK(jaxrs_results_new(&y));
    OK(jaxrs_linearize(FN_OF(cube), c->s, LIST(scalar(c, 2)), y, &pushforward));
    keep_fn(c, pushforward);
    GIVES(pushforward, ARGS(scalar(c, 1)), 12);
    GIVES(pushforward, ARGS(scalar(c, -2)), -24);
    GIVES(VMAP(pushforward), ARGS(COUNTING(2)), 12, 24);
    jaxrs_results_release(y);
}

CASE(checkpoint_changes_no_value) {
    GIVES(GRAD(REMAT(FN_OF(cube))), ARGS(scalar(c, 2)), 12);
    GIVES(JIT(GRAD(REMAT(FN_OF(sine)))), ARGS(scalar(c, 1)), 0.5403023);
    GIVES(GRAD(GRAD(REMAT(FN_OF(cube)))), ARGS(scalar(c, 2)), 12);
}

FN(stopped) RETURNS(op_mul(&e, a[0], op_stop_gradient(&e, a[0])))

CASE(stop_gradient_stops_the_gradient) { GIVES(GRAD(FN_OF(stopped)), ARGS(scalar(c, 3)), 3); }

/* ---- closures ---- */

FN(times_captured) RETURNS(op_mul(&e, a[0], userdata))

CASE(a_function_may_capture_an_array) {
    jaxrs_fn* f = fn_of(c, "times_captured", times_captured, scalar(c, 7));
    GIVES(f, ARGS(scalar(c, 2)), 14);
    GIVES(JIT(f), ARGS(scalar(c, 2)), 14);
    GIVES(GRAD(JIT(f)), ARGS(scalar(c, 2)), 7);
}

/* A function and its context, for functions that make functions. */
typedef struct maker { jaxrs_context* ctx; transform inner; } maker;

/* x -> x * d/dy (x + y) at y = 1, where the inner function closes over x */
FN(x_plus) RETURNS(op_add(&e, userdata, a[0]))
FN(confusing) {
    const maker* m = userdata;
    jaxrs_fn *inner = NULL, *slope = NULL;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array *one = op_num(&e, 1, a[0]), *slope_value = NULL;
    if (!e.error) e.error = jaxrs_fn_new(m->ctx, "inner", 5, x_plus, a[0], NULL, NULL, &inner);
    if (!e.error) e.error = m->inner(inner, &slope);
    expr_call(&e, slope, &one, 1, &slope_value, 1);
    expr_push(&e, out, op_mul(&e, a[0], slope_value));
    jaxrs_fn_release(slope), jaxrs_fn_release(inner);
    return expr_done(&e);
}

CASE(perturbations_are_not_confused) {
    maker reverse = {c->ctx, plain_grad};
    jaxrs_fn* f = fn_of(c, "confusing", confusing, &reverse);
    GIVES(GRAD(f), ARGS(scalar(c, 1)), 1);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 1)), 1);
    GIVES(GRAD(JIT(f)), ARGS(scalar(c, 1)), 1);
    GIVES_NTH(JVP(f), 1, ARGS(scalar(c, 1), scalar(c, 1)), 1);
}

/* ---- define by run ---- */

/* |x|, by a look at the value of x */
static jaxrs_error* branching(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    double x = 0;
    (void)userdata, (void)n;
    jaxrs_error* err = jaxrs_array_item_f64(a[0], &x);
    expr e = expr_in(s);
    if (err) {
        jaxrs_error_release(expr_done(&e));
        return err;
    }
    expr_push(&e, out, x < 0 ? op_neg(&e, a[0]) : a[0]);
    return expr_done(&e);
}

CASE(host_code_may_branch_on_values_under_grad) {
    GIVES(GRAD(FN_OF(branching)), ARGS(scalar(c, -3)), -1);
    GIVES(GRAD(FN_OF(branching)), ARGS(scalar(c, 3)), 1);
    GIVES(GRAD(GRAD(FN_OF(branching))), ARGS(scalar(c, 3)), 0);
}

CASE(host_code_may_not_branch_on_values_under_jit_or_vmap) {
    CALL_FAILS(JIT(FN_OF(branching)), ARGS(scalar(c, 3)), JAXRS_ERR_CONCRETIZATION);
    CALL_FAILS(VMAP(FN_OF(branching)), ARGS(COUNTING(2)), JAXRS_ERR_CONCRETIZATION);
    CALL_FAILS(JIT(GRAD(FN_OF(branching))), ARGS(scalar(c, 3)), JAXRS_ERR_CONCRETIZATION);
}

/* ---- custom rules ---- */

FN(ten_times_tangent) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    expr_push(&e, out, op_sin(&e, a[0]));
    expr_push(&e, out, op_mul_num(&e, a[1], 10));
    return expr_done(&e);
}

CASE(custom_jvp_replaces_the_derivative) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_custom_jvp(FN_OF(sine), FN_OF(ten_times_tangent), &f));
    keep_fn(c, f);
    GIVES(f, ARGS(scalar(c, 1)), 0.841470985);
    GIVES(GRAD(f), ARGS(scalar(c, 1)), 10);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 1)), 10);
    GIVES(VMAP(GRAD(f)), ARGS(COUNTING(2)), 10, 10);
    GIVES_NTH(JVP(f), 1, ARGS(scalar(c, 1), scalar(c, 2)), 20);
}

FN(sine_forward) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    expr_push(&e, out, op_sin(&e, a[0]));
    expr_push(&e, out, a[0]); /* the residual */
    return expr_done(&e);
}
FN(residual_times_cotangent) RETURNS(op_mul(&e, a[0], a[1]))

CASE(custom_vjp_replaces_the_derivative) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_custom_vjp(FN_OF(sine), FN_OF(sine_forward), FN_OF(residual_times_cotangent), 1, &f));
    keep_fn(c, f);
    GIVES(f, ARGS(scalar(c, 3)), 0.14112);
    GIVES(GRAD(f), ARGS(scalar(c, 3)), 3);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 3)), 3);
    GIVES(VMAP(GRAD(f)), ARGS(COUNTING(3)), 1, 2, 3);
    GIVES(GRAD(GRAD(f)), ARGS(scalar(c, 3)), 1);
}

/* ---- jit ---- */

CASE(jit_compiles_once_per_kind_of_arguments) {
    jaxrs_fn* f = JIT(FN_OF(cube));
    jaxrs_stats before = {sizeof before, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, after = before;
    GIVES(f, ARGS(scalar(c, 1)), 1);
    OK(jaxrs_context_stats(c->ctx, &before));
    for (int i = 0; i < 5; i++) GIVES(f, ARGS(scalar(c, i)), (double)i * i * i);
    OK(jaxrs_context_stats(c->ctx, &after));
    EXPECT(after.compiles == before.compiles);
    EXPECT(after.cache_hits >= before.cache_hits + 5);
    GIVES(f, ARGS(COUNTING(2)), 1, 8);
    OK(jaxrs_context_stats(c->ctx, &after));
    EXPECT(after.compiles == before.compiles + 1);
}

CASE(a_donated_argument_is_gone_or_unchanged_but_never_wrong) {
    const uint32_t first = 0;
    jaxrs_jit_options o = {sizeof o, 0, &first, 1, NULL, NULL, 0};
    jaxrs_fn* f = NULL;
    OK(jaxrs_jit(FN_OF(square), &o, &f));
    keep_fn(c, f);
    jaxrs_array* x = COUNTING(4);
    GIVES(f, ARGS(x), 1, 4, 9, 16);
    const void* data = NULL;
    size_t nbytes = 0;
    jaxrs_error* err = jaxrs_array_host_view(x, &data, &nbytes);
    if (err) EXPECT(jaxrs_error_code(err) == JAXRS_ERR_INVALID_ARGUMENT);
    else HAS_VALUES(x, 1, 2, 3, 4);
    jaxrs_error_release(err);
}

CASE(a_traced_function_has_a_text) {
    const int64_t shape[] = {3};
    jaxrs_aval aval = {JAXRS_F32, 0, 1, shape};
    jaxrs_program* program = NULL;
    jaxrs_bytes* text = NULL;
    OK(jaxrs_fn_trace(FN_OF(sum_of_squares), c->s, &aval, 1, &program));
    OK(jaxrs_program_text(program, JAXRS_TEXT_JAXPR, &text));
    EXPECT_TEXT((const char*)jaxrs_bytes_data(text), "{ lambda ; a:f32[3]. let");
    EXPECT_TEXT((const char*)jaxrs_bytes_data(text), "reduce_sum");
    jaxrs_fn* f = NULL;
    OK(jaxrs_fn_from_program(program, &f));
    GIVES(keep_fn(c, f), ARGS(COUNTING(3)), 14);
    jaxrs_bytes_release(text), jaxrs_program_release(program);
}

CASE(numbers_of_arguments_and_outputs_are_free) {
    jaxrs_fn* f = FN_OF(cube_and_double);
    GIVES_NTH(JIT(f), 1, ARGS(scalar(c, 2)), 4);
    GIVES_NTH(VMAP(f), 1, ARGS(COUNTING(2)), 2, 4);
}
