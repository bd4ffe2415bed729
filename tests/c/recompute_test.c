/* What reverse mode keeps of functions, and what it computes again. */
#include "check.h"

/* sin(sin(x)), with a name for what the inner one gives. */
FN(sines) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    jaxrs_array* inner = op_sin(&e, a[0]);
    jaxrs_results* named = NULL;
    jaxrs_error* err = jaxrs_results_new(&named);
    if (!err) err = jaxrs_checkpoint_name(s, inner, "a", 1, named);
    if (!err) {
        jaxrs_array* x = jaxrs_results_get(named, 0);
        expr_push(&e, out, op_sin(&e, x));
        jaxrs_array_release(x);
    }
    jaxrs_results_release(named);
    return err ? err : expr_done(&e);
}

static jaxrs_fn* with_policy(check* c, const char* policy, uint32_t flags) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_checkpoint(FN_OF(sines), policy, strlen(policy), flags, &f));
    return keep_fn(c, f);
}

static void keeps(check* c, int line, jaxrs_fn* f, size_t n_arrays, const char* what) {
    const jaxrs_aval scalar_type = {JAXRS_F32, 0, 0, NULL};
    size_t count = 0, bytes = 0;
    jaxrs_bytes* text = NULL;
    ok_at(c, line, jaxrs_saved_residuals(f, c->s, &scalar_type, 1, &count, &bytes, &text));
    const char* got = jaxrs_bytes_data(text);
    size_t len = jaxrs_bytes_len(text);
    expect_at(c, line, count == n_arrays && bytes == 4 * n_arrays, "%zu arrays, %zu bytes", count, bytes);
    expect_at(c, line, len == strlen(what) && memcmp(got, what, len) == 0, "keeps %.*s", (int)len, got);
    jaxrs_bytes_release(text);
}

CASE(policies_say_what_is_kept) {
    keeps(c, __LINE__, FN_OF(sines), 2, "f32[] output of cos\nf32[] output of cos");
    keeps(c, __LINE__, with_policy(c, "", 0), 1, "f32[] from the argument 0");
    keeps(c, __LINE__, with_policy(c, "nothing_saveable", 0), 1, "f32[] from the argument 0");
    keeps(c, __LINE__, with_policy(c, "dots_saveable", 0), 1, "f32[] from the argument 0");
    keeps(c, __LINE__, with_policy(c, "everything_saveable", 0), 2, "f32[] output of cos\nf32[] output of cos");
    keeps(c, __LINE__, with_policy(c, "save_only_these_names('a')", 0), 2, "f32[] from the argument 0\nf32[] named 'a'");
    keeps(c, __LINE__, with_policy(c, "save_any_names_but_these('a')", 0), 1, "f32[] from the argument 0");
}

typedef struct choice { const char* primitive; int n_asked, n_dropped, saw_name; } choice;

static uint32_t chosen(void* userdata, const char* primitive, size_t primitive_len, const char* params, size_t params_len,
                       const jaxrs_aval* operands, size_t n_operands) {
    choice* x = userdata;
    x->n_asked++;
    x->saw_name |= primitive_len == 4 && !memcmp(primitive, "name", 4) && params_len == 6 && !memcmp(params, "name=a", 6);
    int fits = n_operands == 1 && operands[0].dtype == JAXRS_F32 && operands[0].ndim == 0;
    return fits && primitive_len == strlen(x->primitive) && !memcmp(primitive, x->primitive, primitive_len);
}

static void forget(void* userdata) {
    ((choice*)userdata)->n_dropped++;
}

CASE(a_function_says_what_is_kept) {
    /* What is traced lets go of its userdata when its context ends, behind this function. */
    static choice sines_only = {"sin", 0, 0, 0}, nothing = {"", 0, 0, 0}, refused = {"", 0, 0, 0};
    jaxrs_fn *f = NULL, *g = NULL, *out = NULL;
    OK(jaxrs_checkpoint_with(FN_OF(sines), chosen, &sines_only, forget, 0, &f));
    OK(jaxrs_checkpoint_with(FN_OF(sines), chosen, &nothing, forget, JAXRS_CHECKPOINT_ALLOW_CSE, &g));
    keeps(c, __LINE__, f, 2, "f32[] from the argument 0\nf32[] output of sin");
    keeps(c, __LINE__, g, 1, "f32[] from the argument 0");
    EXPECT(sines_only.n_asked > 0 && nothing.n_asked > 0 && nothing.saw_name);
    GIVES(GRAD(f), ARGS(scalar(c, 0.5)), 0.778643906);
    GIVES(JIT(GRAD(g)), ARGS(scalar(c, 0.5)), 0.778643906);
    EXPECT(sines_only.n_dropped == 0);
    FAILS(jaxrs_checkpoint_with(FN_OF(sines), NULL, &refused, forget, 0, &out), JAXRS_ERR_INVALID_ARGUMENT, "policy");
    EXPECT(refused.n_dropped == 1);
    FAILS(jaxrs_checkpoint_with(FN_OF(sines), chosen, &refused, forget, 8, &out), JAXRS_ERR_INVALID_ARGUMENT, "flags");
    EXPECT(refused.n_dropped == 2 && !out);
    jaxrs_fn_release(f), jaxrs_fn_release(g);
}

CASE(policies_change_no_value) {
    const char* policies[] = {"", "everything_saveable", "save_from_both_policies(dots_saveable, save_only_these_names('a'))"};
    for (size_t i = 0; i < 3; i++) {
        for (uint32_t flags = 0; flags < 2; flags++) {
            jaxrs_fn* f = with_policy(c, policies[i], flags);
            GIVES(f, ARGS(scalar(c, 0.5)), 0.461269555);
            GIVES(GRAD(f), ARGS(scalar(c, 0.5)), 0.778643906);
            GIVES(JIT(GRAD(f)), ARGS(scalar(c, 0.5)), 0.778643906);
            GIVES(GRAD(GRAD(f)), ARGS(scalar(c, 0.5)), -0.780622363);
        }
    }
}

CASE(policies_that_are_none_are_refused) {
    jaxrs_fn* f = NULL;
    const char* none = "all_of_it";
    FAILS(jaxrs_checkpoint(FN_OF(sines), none, strlen(none), 0, &f), JAXRS_ERR_INVALID_ARGUMENT, none, "checkpoint_policies");
    const char* away = "offload_dot_with_no_batch_dims('device', 'pinned_host')";
    FAILS(jaxrs_checkpoint(FN_OF(sines), away, strlen(away), 0, &f), JAXRS_ERR_UNIMPLEMENTED, "another device");
    FAILS(jaxrs_checkpoint(FN_OF(sines), NULL, 0, 2, &f), JAXRS_ERR_INVALID_ARGUMENT, "flags");
    EXPECT(f == NULL);
}

FN(product_behind_a_barrier) {
    (void)userdata;
    expr e = expr_in(s);
    jaxrs_results* behind = NULL;
    jaxrs_error* err = jaxrs_results_new(&behind);
    if (!err) err = jaxrs_optimization_barrier(s, a, n, behind);
    if (!err) {
        jaxrs_array *x = jaxrs_results_get(behind, 0), *y = jaxrs_results_get(behind, 1);
        expr_push(&e, out, op_mul(&e, x, y));
        jaxrs_array_release(x);
        jaxrs_array_release(y);
    }
    jaxrs_results_release(behind);
    return err ? err : expr_done(&e);
}

CASE(barriers_pass_values_and_derivatives_on) {
    jaxrs_fn* f = FN_OF(product_behind_a_barrier);
    GIVES(f, ARGS(scalar(c, 2), scalar(c, 5)), 10);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 2), scalar(c, 5)), 5);
    GIVES(VMAP(f), ARGS(COUNTING(2), COUNTING(2)), 1, 4);
}
