/* c. elementwise operations and fusion. */
#include "shape_ops.h"

FN(gelu) RETURNS(op_gelu(&e, a[0]))
static void ew_gelu16m(work* w) {
    ARG(w, 201, -4, 4, 1 << 24);
    time_body(w, gelu);
}

FN(softmax) RETURNS(op_softmax(&e, a[0]))
static void ew_softmax(work* w) {
    ARG(w, 202, -4, 4, 4096, 1024);
    time_body(w, softmax);
}

/* x, gain, bias -> y; then with the cotangent w -> y, dx, dgain, dbias */
FN(layer_norm) RETURNS(op_layer_norm(&e, a[0], a[1], a[2]))
FN(layer_norm_and_gradients) {
    work* w = userdata;
    jaxrs_fn *f = NULL, *pullback = NULL;
    jaxrs_error* err = jaxrs_fn_new(w->ctx, "layer_norm", 10, layer_norm, NULL, NULL, NULL, &f);
    (void)n;
    if (!err) err = jaxrs_vjp(f, s, a, 3, out, &pullback);
    if (!err) err = jaxrs_fn_call(pullback, s, a + 3, 1, out);
    jaxrs_fn_release(pullback), jaxrs_fn_release(f);
    return err;
}
static void ew_layernorm_fb(work* w) {
    ARG(w, 203, -4, 4, 4096, 1024);
    ARG(w, 204, 0.9, 1.1, 1024);
    ARG(w, 205, -0.1, 0.1, 1024);
    ARG(w, 206, -0.5, 0.5, 4096, 1024);
    time_body(w, layer_norm_and_gradients);
}

static jaxrs_array* op_logsumexp(expr* e, jaxrs_array* x, int64_t axis) {
    EXPR_RETURN(e, jaxrs_op_logsumexp(e->scope, x, &axis, 1, 0, &out));
}
FN(logsumexp) RETURNS(op_logsumexp(&e, a[0], 1))
static void ew_logsumexp(work* w) {
    ARG(w, 207, -4, 4, 4096, 1024);
    time_body(w, logsumexp);
}

/* The distribution function of the normal distribution. */
static jaxrs_array* normal_cdf(expr* e, jaxrs_array* z) {
    return op_mul_num(e, op_add_num(e, op_erf(e, op_mul_num(e, z, 0.7071067811865476)), 1), 0.5);
}

/* S, K, T, r, v -> price of a call option */
FN(black_scholes) {
    expr e = expr_in(s);
    jaxrs_array *S = a[0], *K = a[1], *T = a[2], *r = a[3], *v = a[4];
    (void)userdata, (void)n;
    jaxrs_array* spread = op_mul(&e, v, op_sqrt(&e, T));
    jaxrs_array* growth = op_mul(&e, op_add(&e, r, op_mul_num(&e, op_mul(&e, v, v), 0.5)), T);
    jaxrs_array* d1 = op_div(&e, op_add(&e, op_log(&e, op_div(&e, S, K)), growth), spread);
    jaxrs_array* discount = op_mul(&e, K, op_exp(&e, op_neg(&e, op_mul(&e, r, T))));
    jaxrs_array* second = op_mul(&e, discount, normal_cdf(&e, op_sub(&e, d1, spread)));
    expr_push(&e, out, op_sub(&e, op_mul(&e, S, normal_cdf(&e, d1)), second));
    return expr_done(&e);
}
static void ew_blackscholes(work* w) {
    static const uint32_t wrt[] = {0, 2, 3, 4};
    jaxrs_diff_options options = {sizeof options, 0, wrt, 4, 0};
    jaxrs_fn* f = NULL;
    ARG(w, 211, 50, 150, 1 << 20);
    ARG(w, 212, 50, 150, 1 << 20);
    ARG(w, 213, 0.1, 2.1, 1 << 20);
    ARG(w, 214, 0.01, 0.06, 1 << 20);
    ARG(w, 215, 0.1, 0.6, 1 << 20);
    jaxrs_fn* price = fn_of(w, black_scholes, NULL);
    if (!w->error) w->error = jaxrs_value_and_grad(price, &options, &f);
    time_fn(w, vmap_of(w, keep(w, f), NULL, 0));
}

FN(heat_step) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* p = op_framed(&e, a[0]);
    jaxrs_array *rows = op_part(&e, p, 0, 1, 1025), *columns = op_part(&e, p, 1, 1, 1025);
    jaxrs_array* vertical = op_add(&e, op_part(&e, columns, 0, 2, 1026), op_part(&e, columns, 0, 0, 1024));
    jaxrs_array* horizontal = op_add(&e, op_part(&e, rows, 1, 2, 1026), op_part(&e, rows, 1, 0, 1024));
    jaxrs_array* flow = op_sub(&e, op_add(&e, vertical, horizontal), op_mul_num(&e, a[0], 4));
    expr_push(&e, out, op_add(&e, a[0], op_mul_num(&e, flow, 0.2)));
    return expr_done(&e);
}
FN(heat) {
    const work* w = userdata;
    return (void)n, jaxrs_scan(s, w->fns[0], a, 1, NULL, 0, 100, 0, 1, out);
}
static void ew_heat2d(work* w) {
    ARG(w, 221, 0, 1, 1024, 1024);
    fn_of(w, heat_step, NULL);
    time_body(w, heat);
}

const workload FUSION[] = {TIMED(ew_gelu16m),   TIMED(ew_softmax),      TIMED(ew_layernorm_fb),
                           TIMED(ew_logsumexp), TIMED(ew_blackscholes), TIMED(ew_heat2d), {0}};
