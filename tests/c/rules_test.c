/* Options of rules, derivatives by argument, and passes that are functions of their own. */
#include "check.h"

FN(product) RETURNS(op_mul(&e, a[0], a[1]))

/* What rules saw: a bit for each value that was a known zero, or that did not move. */
static unsigned seen;

static void note(jaxrs_array* const* a, size_t n) {
    seen = 0;
    for (size_t i = 0; i < n; i++) seen |= jaxrs_array_is_symbolic_zero(a[i]) << i;
}

/* (x, y, dx, dy) to (x y, 10 y dx) */
FN(first_only) {
    (void)userdata, (void)n;
    note(a + 2, 2);
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, a[0], a[1]));
    expr_push(&e, out, op_mul(&e, op_num(&e, 10, a[0]), op_mul(&e, a[1], a[2])));
    return expr_done(&e);
}

CASE(jvp_rules_see_known_zeros) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_custom_jvp_with(FN_OF(product), FN_OF(first_only), NULL, 0, JAXRS_SYMBOLIC_ZEROS, &f));
    keep_fn(c, f);
    GIVES(f, ARGS(scalar(c, 2), scalar(c, 3)), 6);
    GIVES(GRAD(f), ARGS(scalar(c, 2), scalar(c, 3)), 30);
    EXPECT(seen == 2);
    GIVES(JIT(GRAD(JIT(f))), ARGS(scalar(c, 2), scalar(c, 3)), 30);
    EXPECT(seen == 2);
    OK(jaxrs_custom_jvp_with(FN_OF(product), FN_OF(first_only), NULL, 0, 0, &f));
    keep_fn(c, f);
    GIVES(GRAD(f), ARGS(scalar(c, 2), scalar(c, 3)), 30);
    EXPECT(seen == 0);
    FAILS(jaxrs_custom_jvp_with(FN_OF(product), FN_OF(first_only), NULL, 0, 2, &f), JAXRS_ERR_INVALID_ARGUMENT, "flags");
}

/* (y, x, dx) to (x y, 10 y dx) */
FN(fixed_first) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, a[0], a[1]));
    expr_push(&e, out, op_mul(&e, op_num(&e, 10, a[0]), op_mul(&e, a[0], a[2])));
    return expr_done(&e);
}

/* (y, ct) to 100 y ct */
FN(backwards) RETURNS(op_mul(&e, op_num(&e, 100, a[0]), op_mul(&e, a[0], a[1])))

CASE(fixed_arguments_come_first) {
    const uint32_t second = 1, twice[] = {1, 1};
    jaxrs_fn* f = NULL;
    OK(jaxrs_custom_jvp_with(FN_OF(product), FN_OF(fixed_first), &second, 1, 0, &f));
    keep_fn(c, f);
    GIVES(GRAD(f), ARGS(scalar(c, 2), scalar(c, 3)), 30);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 2), scalar(c, 3)), 30);
    OK(jaxrs_custom_vjp_with(FN_OF(product), FN_OF(product), FN_OF(backwards), 1, &second, 1, 0, &f));
    keep_fn(c, f);
    GIVES(GRAD(f), ARGS(scalar(c, 2), scalar(c, 3)), 300);
    CALL_FAILS(JIT(f), ARGS(scalar(c, 2), scalar(c, 3)), JAXRS_ERR_TRACER_ESCAPED, "argument 1", "not differentiable");
    FAILS(jaxrs_custom_jvp_with(FN_OF(product), FN_OF(fixed_first), twice, 2, 0, &f), JAXRS_ERR_INVALID_ARGUMENT, "nondiff", "twice");
}

/* (x, y, whether x moves, whether y moves) to (x y, y) */
FN(noting_fwd) {
    (void)userdata, (void)n;
    double moves[2] = {-1, -1};
    for (int i = 0; i < 2; i++) {
        jaxrs_error* err = jaxrs_array_item_f64(a[2 + i], &moves[i]);
        if (err) return err;
    }
    seen = moves[0] == 1 && moves[1] == 0;
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, a[0], a[1]));
    expr_push(&e, out, a[1]);
    return expr_done(&e);
}

/* (y, ct) to (7 y ct, a known zero) */
FN(first_only_back) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, op_num(&e, 7, a[0]), op_mul(&e, a[0], a[1])));
    jaxrs_array* zero = NULL;
    jaxrs_error* err = jaxrs_array_symbolic_zero(a[0], &zero);
    if (!err) err = jaxrs_results_push(out, zero);
    jaxrs_array_release(zero);
    jaxrs_error* other = expr_done(&e);
    if (!err) return other;
    jaxrs_error_release(other);
    return err;
}

CASE(vjp_rules_see_what_moves) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_custom_vjp_with(FN_OF(product), FN_OF(noting_fwd), FN_OF(first_only_back), 1, NULL, 0, JAXRS_SYMBOLIC_ZEROS, &f));
    keep_fn(c, f);
    GIVES(GRAD(f), ARGS(scalar(c, 2), scalar(c, 3)), 21);
    EXPECT(seen == 1);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 2), scalar(c, 3)), 21);
    const uint32_t second = 1;
    const jaxrs_diff_options o = {sizeof o, 0, &second, 1, 0};
    jaxrs_fn* g = NULL;
    OK(jaxrs_grad(f, &o, &g));
    keep_fn(c, g);
    GIVES(g, ARGS(scalar(c, 2), scalar(c, 3)), 0);
    EXPECT(seen == 0);
}

/* (dx, xy, x, y) to 5 dx */
FN(five_times) RETURNS(op_mul(&e, op_num(&e, 5, a[0]), a[0]))

CASE(derivatives_by_argument_may_be_missing) {
    jaxrs_fn *f = NULL, *jvps[] = {FN_OF(five_times), NULL};
    OK(jaxrs_custom_jvps(FN_OF(product), jvps, 2, &f));
    keep_fn(c, f);
    GIVES(GRAD(f), ARGS(scalar(c, 2), scalar(c, 3)), 5);
    GIVES_NTH(JVP(f), 1, ARGS(scalar(c, 2), scalar(c, 3), scalar(c, 0), scalar(c, 1)), 0);
}

/* ct to 10 y ct, for what the userdata is */
FN(ten_times) {
    (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, op_num(&e, 10, a[0]), op_mul(&e, userdata, a[0])));
    return expr_done(&e);
}

static void release_array(void* userdata) { jaxrs_array_release(userdata); }

/* exp x, whose slope is said to be 10 exp x */
static jaxrs_error* steep_exp(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out, jaxrs_fn** rule) {
    expr e = expr_in(s);
    jaxrs_array* y = op_exp(&e, a[0]);
    expr_push(&e, out, y);
    jaxrs_error* error = expr_done(&e);
    if (error || n != 1) return error;
    y = jaxrs_results_get(out, 0);
    return jaxrs_fn_new(userdata, "ten_times", 9, ten_times, y, release_array, NULL, rule);
}

static jaxrs_error* without_rule(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out, jaxrs_fn** rule) {
    (void)userdata, (void)rule, (void)s, (void)n;
    return jaxrs_results_push(out, a[0]);
}

CASE(results_come_with_their_gradient) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_custom_gradient(c->ctx, "steep", 5, steep_exp, c->ctx, NULL, &f));
    keep_fn(c, f);
    GIVES(f, ARGS(scalar(c, 0)), 1);
    GIVES(GRAD(f), ARGS(scalar(c, 0)), 10);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 0)), 10);
    GIVES(GRAD(JIT(f)), ARGS(scalar(c, 0)), 10);
    GIVES(JIT(VMAP(GRAD(f))), ARGS(COUNTING(2)), 10 * exp(1), 10 * exp(2));
    GIVES(GRAD(GRAD(f)), ARGS(scalar(c, 0)), 10);
    CALL_FAILS(JVP(f), ARGS(scalar(c, 0), scalar(c, 1)), JAXRS_ERR_UNIMPLEMENTED, "steep");
    OK(jaxrs_custom_gradient(c->ctx, "lost", 4, without_rule, NULL, NULL, &f));
    keep_fn(c, f);
    CALL_FAILS(f, ARGS(scalar(c, 0)), JAXRS_ERR_INVALID_ARGUMENT, "lost gives no rule");
}

CASE(passes_are_functions_of_their_own) {
    const jaxrs_aval scalars[] = {{JAXRS_F32, 0, 0, NULL}, {JAXRS_F32, 0, 0, NULL}};
    const uint32_t both[] = {0, 1};
    const jaxrs_diff_options o = {sizeof o, 0, both, 2, 0};
    size_t n_outputs = 0, n_residuals = 0;
    jaxrs_fn *fwd = NULL, *bwd = NULL;
    OK(jaxrs_fwd_and_bwd(FN_OF(product), c->s, scalars, 2, &o, &n_outputs, &n_residuals, &fwd, &bwd));
    keep_fn(c, fwd), keep_fn(c, bwd);
    EXPECT(n_outputs == 1 && n_residuals == 2);
    jaxrs_results* r = call_at(c, __LINE__, fwd, ARGS(scalar(c, 3), scalar(c, 4)));
    EXPECT(jaxrs_results_len(r) == 3);
    jaxrs_array *first = jaxrs_results_get(r, 1), *second = jaxrs_results_get(r, 2);
    GIVES_NTH(bwd, 0, ARGS(first, second, scalar(c, 10)), 40);
    GIVES_NTH(JIT(bwd), 1, ARGS(first, second, scalar(c, 10)), 30);
    jaxrs_array_release(first), jaxrs_array_release(second);
    jaxrs_results_release(r);
}

/* x y and x */
FN(product_and_first) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, a[0], a[1]));
    expr_push(&e, out, a[0]);
    return expr_done(&e);
}

CASE(pullbacks_and_pushforwards_leave_out_auxiliary_results) {
    jaxrs_array* x[] = {scalar(c, 3), scalar(c, 4)};
    jaxrs_results* y = NULL;
    jaxrs_fn* f = NULL;
    OK(jaxrs_results_new(&y));
    OK(jaxrs_vjp_with_aux(FN_OF(product_and_first), c->s, x, 2, 1, y, &f));
    keep_fn(c, f);
    EXPECT(jaxrs_results_len(y) == 2);
    GIVES_NTH(f, 1, ARGS(scalar(c, 10)), 30);
    OK(jaxrs_linearize_with_aux(FN_OF(product_and_first), c->s, x, 2, 1, y, &f));
    keep_fn(c, f);
    GIVES(f, ARGS(scalar(c, 1), scalar(c, 0)), 4);
    FAILS(jaxrs_vjp_with_aux(FN_OF(product), c->s, x, 2, 3, y, &f), JAXRS_ERR_INVALID_ARGUMENT, "auxiliary");
    jaxrs_results_release(y);
}

CASE(diff_options_are_those_of_jax) {
    jaxrs_diff_options o = {sizeof o, JAXRS_DIFF_ALLOW_INT, NULL, 0, 0};
    jaxrs_fn* f = NULL;
    OK(jaxrs_grad(FN_OF(product), &o, &f));
    keep_fn(c, f);
    jaxrs_results* r = call_at(c, __LINE__, f, ARGS(scalar_i32(c, 3), scalar(c, 4)));
    jaxrs_array* y = jaxrs_results_get(r, 0);
    EXPECT(jaxrs_array_dtype(y) == JAXRS_BOOL);
    jaxrs_array_release(y);
    jaxrs_results_release(r);
    CALL_FAILS(GRAD(FN_OF(product)), ARGS(scalar_i32(c, 3), scalar(c, 4)), JAXRS_ERR_DTYPE, "float or complex");
    o = (jaxrs_diff_options){sizeof o, JAXRS_DIFF_HOLOMORPHIC, NULL, 0, 0};
    OK(jaxrs_grad(FN_OF(product), &o, &f));
    keep_fn(c, f);
    CALL_FAILS(f, ARGS(scalar(c, 3), scalar(c, 4)), JAXRS_ERR_DTYPE, "holomorphic", "complex");
    o = (jaxrs_diff_options){sizeof o, 0, NULL, 0, JAXRS_AUX_REST};
    OK(jaxrs_value_and_grad(FN_OF(product_and_first), &o, &f));
    keep_fn(c, f);
    const double expected[] = {12, 3, 4};
    for (size_t k = 0; k < 3; k++) GIVES_NTH(f, k, ARGS(scalar(c, 3), scalar(c, 4)), expected[k]);
    o = (jaxrs_diff_options){sizeof o, 4, NULL, 0, 0};
    FAILS(jaxrs_grad(FN_OF(product), &o, &f), JAXRS_ERR_INVALID_ARGUMENT, "o->flags");
}
