/* cond, switch, while and scan through the C API, under all transforms. */
#include "check.h"

FN(sine) RETURNS(op_sin(&e, a[0]))
FN(square) RETURNS(op_mul(&e, a[0], a[0]))
FN(cube) RETURNS(op_mul(&e, a[0], op_mul(&e, a[0], a[0])))

/* Functions that a body under test calls; the bodies get it as userdata. */
typedef struct parts {
    jaxrs_fn *on_true, *on_false, *body, *condition;
    jaxrs_context* ctx;
} parts;

/* ---- cond and switch ---- */

/* x > 0 ? sin x : x^2 */
FN(by_sign) {
    const parts* p = userdata;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* positive = op_gt(&e, a[0], op_num(&e, 0, a[0]));
    if (!e.error) e.error = jaxrs_cond(s, positive, p->on_true, p->on_false, a, 1, out);
    return expr_done(&e);
}

static jaxrs_fn* by_sign_of(check* c, parts* p) {
    p->on_true = FN_OF(sine), p->on_false = FN_OF(square);
    return fn_of(c, "by_sign", by_sign, p);
}

CASE(cond_runs_one_branch) {
    parts p;
    jaxrs_fn* f = by_sign_of(c, &p);
    GIVES(f, ARGS(scalar(c, 1)), 0.841470985);
    GIVES(f, ARGS(scalar(c, -3)), 9);
    GIVES(JIT(f), ARGS(scalar(c, 1)), 0.841470985);
    GIVES(JIT(f), ARGS(scalar(c, -3)), 9);
}

CASE(cond_is_differentiated_both_ways) {
    parts p;
    jaxrs_fn* f = by_sign_of(c, &p);
    GIVES(GRAD(f), ARGS(scalar(c, 1)), 0.5403023);
    GIVES(GRAD(f), ARGS(scalar(c, -3)), -6);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, -3)), -6);
    GIVES(JIT(GRAD(GRAD(f))), ARGS(scalar(c, -3)), 2);
    GIVES_NTH(JIT(JVP(f)), 1, ARGS(scalar(c, -3), scalar(c, 1)), -6);
}

CASE(cond_is_batched_over_its_predicate) {
    parts p;
    jaxrs_fn* f = by_sign_of(c, &p);
    const float x[] = {1, -3};
    jaxrs_array* xs = array_of(c, JAXRS_F32, x, sizeof x, SHAPE(2));
    GIVES(VMAP(f), ARGS(xs), 0.841470985, 9);
    GIVES(VMAP(GRAD(f)), ARGS(xs), 0.5403023, -6);
    GIVES(JIT(VMAP(GRAD(f))), ARGS(xs), 0.5403023, -6);
}

FN(choose) {
    parts* p = userdata;
    jaxrs_fn* branches[] = {p->on_true, p->on_false, p->body};
    (void)n;
    return jaxrs_switch(s, a[0], branches, 3, a + 1, 1, out);
}

CASE(switch_clamps_its_index) {
    parts p = {FN_OF(sine), FN_OF(square), FN_OF(cube), NULL, c->ctx};
    jaxrs_fn* f = fn_of(c, "choose", choose, &p);
    for (int jitted = 0; jitted < 2; jitted++, f = JIT(f)) {
        GIVES(f, ARGS(scalar_i32(c, 0), scalar(c, 2)), 0.909297);
        GIVES(f, ARGS(scalar_i32(c, 1), scalar(c, 2)), 4);
        GIVES(f, ARGS(scalar_i32(c, 2), scalar(c, 2)), 8);
        GIVES(f, ARGS(scalar_i32(c, 9), scalar(c, 2)), 8);
        GIVES(f, ARGS(scalar_i32(c, -1), scalar(c, 2)), 0.909297);
    }
}

FN(two_numbers) RETURNS(op_full(&e, 1, JAXRS_F32, (const int64_t[]){2}, 1))

CASE(cond_refuses_branches_that_differ) {
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    jaxrs_array* yes = NULL;
    OK(jaxrs_array_full_f64(c->s, 1, JAXRS_BOOL, NULL, 0, &yes));
    keep_array(c, yes);
    FAILS(jaxrs_cond(c->s, yes, FN_OF(sine), FN_OF(two_numbers), LIST(scalar(c, 1)), r), JAXRS_ERR_DTYPE, "f32[]", "f32[2]");
    jaxrs_fn* branches[] = {FN_OF(sine)};
    FAILS(jaxrs_switch(c->s, scalar_i32(c, 0), branches, 0, LIST(scalar(c, 1)), r), JAXRS_ERR_INVALID_ARGUMENT);
    FAILS(jaxrs_cond(c->s, scalar(c, 1), FN_OF(sine), FN_OF(sine), LIST(scalar(c, 1)), r), JAXRS_ERR_DTYPE, "bool", "f32");
    jaxrs_results_release(r);
}

/* ---- while ---- */

FN(below_100) RETURNS(op_lt(&e, a[0], op_num(&e, 100, a[0])))
FN(doubled) RETURNS(op_add(&e, a[0], a[0]))

FN(grow) {
    const parts* p = userdata;
    (void)n;
    return jaxrs_while(s, p->condition, p->body, a, 1, out);
}

static jaxrs_fn* grow_of(check* c, parts* p) {
    p->condition = FN_OF(below_100), p->body = FN_OF(doubled);
    return fn_of(c, "grow", grow, p);
}

CASE(while_repeats_until_the_condition_fails) {
    parts p;
    jaxrs_fn* f = grow_of(c, &p);
    GIVES(f, ARGS(scalar(c, 3)), 192);
    GIVES(f, ARGS(scalar(c, 300)), 300);
    GIVES(JIT(f), ARGS(scalar(c, 3)), 192);
}

CASE(while_goes_forward_and_is_batched) {
    parts p;
    jaxrs_fn* f = grow_of(c, &p);
    GIVES_NTH(JVP(f), 1, ARGS(scalar(c, 3), scalar(c, 1)), 64);
    GIVES_NTH(JIT(JVP(f)), 1, ARGS(scalar(c, 3), scalar(c, 1)), 64);
    GIVES(VMAP(f), ARGS(COUNTING(4)), 128, 128, 192, 128);
    GIVES(JIT(VMAP(f)), ARGS(COUNTING(4)), 128, 128, 192, 128);
}

CASE(while_has_no_reverse_mode) {
    parts p;
    jaxrs_fn* f = grow_of(c, &p);
    CALL_FAILS(GRAD(f), ARGS(scalar(c, 3)), JAXRS_ERR_UNIMPLEMENTED, "while", "scan");
    CALL_FAILS(JIT(GRAD(f)), ARGS(scalar(c, 3)), JAXRS_ERR_UNIMPLEMENTED, "while");
    GIVES(f, ARGS(scalar(c, 3)), 192); /* the context is still good */
}

CASE(while_refuses_a_body_that_changes_its_carry) {
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    FAILS(jaxrs_while(c->s, FN_OF(below_100), FN_OF(below_100), LIST(scalar(c, 1)), r), JAXRS_ERR_DTYPE, "while", "f32", "bool");
    FAILS(jaxrs_while(c->s, FN_OF(doubled), FN_OF(doubled), LIST(scalar(c, 1)), r), JAXRS_ERR_DTYPE, "while", "bool", "f32");
    jaxrs_results_release(r);
}

/* ---- scan ---- */

/* (carry, x) -> (carry * x, carry) */
FN(running_product) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    expr_push(&e, out, op_mul(&e, a[0], a[1]));
    expr_push(&e, out, a[0]);
    return expr_done(&e);
}

/* start, xs -> the product, all carries on the way */
FN(products) {
    const parts* p = userdata;
    (void)n;
    return jaxrs_scan(s, p->body, a, 1, a + 1, 1, -1, 0, 1, out);
}
FN(product_of_all) {
    const parts* p = userdata;
    jaxrs_results* r = NULL;
    expr e = expr_in(s);
    (void)n;
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, p->body, a, 1, a + 1, 1, -1, 0, 1, r);
    jaxrs_array* product = NULL;
    expr_take(&e, r, &product, 1);
    expr_push(&e, out, product);
    return expr_done(&e);
}

static jaxrs_fn* wrt(check* c, jaxrs_fn* f, uint32_t argnum) {
    jaxrs_diff_options o = {sizeof o, 0, &argnum, 1, 0};
    jaxrs_fn* g = NULL;
    OK(jaxrs_grad(f, &o, &g));
    return keep_fn(c, g);
}

CASE(scan_threads_its_carry_and_stacks_its_outputs) {
    parts p = {.body = FN_OF(running_product)};
    jaxrs_fn* f = fn_of(c, "products", products, &p);
    for (int jitted = 0; jitted < 2; jitted++, f = JIT(f)) {
        GIVES_NTH(f, 0, ARGS(scalar(c, 2), COUNTING(4)), 48);
        GIVES_NTH(f, 1, ARGS(scalar(c, 2), COUNTING(4)), 2, 2, 4, 12);
    }
}

CASE(scan_of_nothing_gives_its_carry) {
    parts p = {.body = FN_OF(running_product)};
    jaxrs_array* none = array_of(c, JAXRS_F32, NULL, 0, SHAPE(0));
    GIVES(fn_of(c, "products", products, &p), ARGS(scalar(c, 2), none), 2);
    GIVES(JIT(fn_of(c, "products", products, &p)), ARGS(scalar(c, 2), none), 2);
}

CASE(scan_is_differentiated_in_reverse) {
    parts p = {.body = FN_OF(running_product)};
    jaxrs_fn* f = fn_of(c, "product_of_all", product_of_all, &p);
    GIVES(wrt(c, f, 0), ARGS(scalar(c, 2), COUNTING(4)), 24);
    GIVES(wrt(c, f, 1), ARGS(scalar(c, 2), COUNTING(4)), 48, 24, 16, 12);
    GIVES(JIT(wrt(c, f, 1)), ARGS(scalar(c, 2), COUNTING(4)), 48, 24, 16, 12);
    GIVES(wrt(c, JIT(f), 1), ARGS(scalar(c, 2), COUNTING(4)), 48, 24, 16, 12);
    p.body = REMAT(p.body);
    GIVES(JIT(wrt(c, fn_of(c, "remat", product_of_all, &p), 1)), ARGS(scalar(c, 2), COUNTING(4)), 48, 24, 16, 12);
}

CASE(scan_goes_forward_and_is_batched) {
    parts p = {.body = FN_OF(running_product)};
    jaxrs_fn* f = fn_of(c, "product_of_all", product_of_all, &p);
    GIVES_NTH(JIT(JVP(f)), 1, ARGS(scalar(c, 2), COUNTING(4), scalar(c, 1), COUNTING(4)), 24 + 4 * 48);
    GIVES(VMAP(f), ARGS(COUNTING(2), COUNTING(2, 2)), 2, 24);
    GIVES(JIT(VMAP(wrt(c, f, 0))), ARGS(COUNTING(2), COUNTING(2, 2)), 2, 12);
}

/* The body closes over an argument of the function around the scan. */
FN(times_captured) RETURNS(op_mul(&e, a[0], userdata))
FN(power_of_five) {
    const parts* p = userdata;
    jaxrs_fn* body = NULL;
    expr e = expr_in(s);
    jaxrs_array* one = op_num(&e, 1, a[0]);
    (void)n;
    if (!e.error) e.error = jaxrs_fn_new(p->ctx, "times_captured", 14, times_captured, a[0], NULL, NULL, &body);
    if (!e.error) e.error = jaxrs_scan(s, body, &one, 1, NULL, 0, 5, 0, 1, out);
    jaxrs_fn_release(body);
    return expr_done(&e);
}

CASE(a_scan_body_may_close_over_a_tracer) {
    parts p = {.ctx = c->ctx};
    jaxrs_fn* f = fn_of(c, "power_of_five", power_of_five, &p);
    GIVES(f, ARGS(scalar(c, 2)), 32);
    GIVES(JIT(f), ARGS(scalar(c, 2)), 32);
    GIVES(GRAD(f), ARGS(scalar(c, 2)), 80);
    GIVES(JIT(GRAD(GRAD(f))), ARGS(scalar(c, 2)), 160);
    GIVES(VMAP(GRAD(f)), ARGS(COUNTING(2)), 5, 80);
}

CASE(scan_refuses_lengths_and_carries_that_do_not_fit) {
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    jaxrs_array *one = scalar(c, 1), *three = COUNTING(3), *four = COUNTING(4);
    jaxrs_fn* body = FN_OF(running_product);
    FAILS(jaxrs_scan(c->s, body, LIST(one), LIST(three, four), -1, 0, 1, r), JAXRS_ERR_SHAPE, "scan", "3", "4");
    FAILS(jaxrs_scan(c->s, body, LIST(one), LIST(three), 4, 0, 1, r), JAXRS_ERR_SHAPE, "scan", "3", "4");
    FAILS(jaxrs_scan(c->s, body, LIST(one), LIST(one), -1, 0, 1, r), JAXRS_ERR_SHAPE, "scan", "f32[]");
    FAILS(jaxrs_scan(c->s, body, LIST(one), NULL, 0, -1, 0, 1, r), JAXRS_ERR_INVALID_ARGUMENT, "length");
    FAILS(jaxrs_scan(c->s, FN_OF(below_100), LIST(one), LIST(three), -1, 0, 1, r), JAXRS_ERR_DTYPE, "scan", "f32", "bool");
    jaxrs_results_release(r);
}
