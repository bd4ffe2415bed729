/* g. random numbers and Monte Carlo. */
#include "shape_ops.h"

static jaxrs_array* folded(expr* e, jaxrs_array* key, jaxrs_array* data) {
    EXPR_RETURN(e, jaxrs_op_random_fold_in(e->scope, key, data, &out));
}
static jaxrs_array* split(expr* e, jaxrs_array* key) {
    EXPR_RETURN(e, jaxrs_op_random_split(e->scope, key, 2, &out));
}

static void arg_key(work* w, int64_t seed) {
    if (!w->error) w->error = jaxrs_op_random_prng_key(w->s, seed, "threefry2x32", 12, &w->args[w->n_args++]);
}

FN(normals) RETURNS(op_random_normal(&e, a[0], SHAPE(1 << 24)))
static void rnd_normal16m(work* w) {
    arg_key(w, 42);
    time_body(w, normals);
}

/* ---- an Asian option ---- */

enum { PATHS = 1 << 20 };

/* S, sum of S, t -> S, sum of S. `userdata` has the key. */
FN(asian_step) {
    jaxrs_array* const* outer = userdata;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* z = op_random_normal(&e, folded(&e, outer[0], a[2]), SHAPE(PATHS));
    jaxrs_array* growth = op_add_num(&e, op_mul_num(&e, z, 0.2 * sqrt(1.0 / 64)), (0.05 - 0.02) / 64);
    jaxrs_array* price = op_mul(&e, a[0], op_exp(&e, growth));
    expr_push(&e, out, price), expr_push(&e, out, op_add(&e, a[1], price));
    return expr_done(&e);
}
FN(asian) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_fn* step = NULL;
    jaxrs_results* r = NULL;
    jaxrs_array *start[] = {op_full(&e, 100, JAXRS_F32, SHAPE(PATHS)), op_full(&e, 0, JAXRS_F32, SHAPE(PATHS))}, *ends[2];
    jaxrs_array* t = op_iota(&e, JAXRS_I32, SHAPE(64), 0);
    (void)n;
    if (!e.error) e.error = jaxrs_fn_new(w->ctx, "step", 4, asian_step, (void*)a, NULL, NULL, &step);
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, step, start, 2, &t, 1, 64, 0, 1, r);
    expr_take(&e, r, ends, 2);
    jaxrs_array* gain = op_sub(&e, op_div_num(&e, ends[1], 64), op_num(&e, 100, ends[1]));
    expr_push(&e, out, op_mul_num(&e, op_mean(&e, op_relu(&e, gain), EXPR_ALL, 0), exp(-0.05)));
    jaxrs_fn_release(step);
    return expr_done(&e);
}
static void mc_asian(work* w) {
    arg_key(w, 7);
    time_body(w, asian);
}

/* ---- Hamiltonian Monte Carlo of a logistic regression: key, X, y ---- */

/* w, X, y -> log posterior density */
FN(log_density) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* z = op_matmul(&e, a[1], a[0]);
    /* softplus(z) = max(z, 0) + log(1 + exp(-|z|)) */
    jaxrs_array* tail = op_log(&e, op_add_num(&e, op_exp(&e, op_neg(&e, op_abs(&e, z))), 1));
    jaxrs_array* terms = op_sub(&e, op_mul(&e, a[2], z), op_add(&e, op_max(&e, z, op_num(&e, 0, z)), tail));
    jaxrs_array* prior = op_mul_num(&e, op_reduce_sum(&e, op_mul(&e, a[0], a[0]), 0, 0), 0.5);
    expr_push(&e, out, op_sub(&e, op_reduce_sum(&e, terms, 0, 0), prior));
    return expr_done(&e);
}
/* What the steps close over. */
typedef struct posterior { const work* w; jaxrs_array *key, *X, *y; jaxrs_fn* leap; } posterior;

static jaxrs_array* stepped(expr* e, jaxrs_array* x, double h, jaxrs_array* d) { return op_add(e, x, op_mul_num(e, d, h)); }

/* w, p, log density, its gradient -> the same after a leapfrog step */
FN(leap) {
    const posterior* at = userdata;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* p = stepped(&e, a[1], 0.025, a[3]);
    jaxrs_array *args[] = {stepped(&e, a[0], 0.05, p), at->X, at->y}, *both[2];
    expr_call(&e, at->w->fns[1], args, 3, both, 2);
    expr_push(&e, out, args[0]), expr_push(&e, out, stepped(&e, p, 0.025, both[1]));
    expr_push(&e, out, both[0]), expr_push(&e, out, both[1]);
    return expr_done(&e);
}
static jaxrs_array* sum_of_squares(expr* e, jaxrs_array* x) { return op_reduce_sum(e, op_mul(e, x, x), 0, 0); }

/* w, log density, its gradient, t -> the next three, and w */
FN(transition) {
    const posterior* at = userdata;
    expr e = expr_in(s);
    jaxrs_results* r = NULL;
    jaxrs_array* moved[4];
    (void)n;
    jaxrs_array* keys = split(&e, folded(&e, at->key, a[3]));
    jaxrs_array* p = op_random_normal(&e, op_reshape(&e, op_part(&e, keys, 0, 0, 1), SHAPE(2)), SHAPE(20));
    jaxrs_array* u = op_random_uniform(&e, op_reshape(&e, op_part(&e, keys, 0, 1, 2), SHAPE(2)), NULL, 0, 0, 1);
    jaxrs_array* start[] = {a[0], p, a[1], a[2]};
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, at->leap, start, 4, NULL, 0, 10, 0, 1, r);
    expr_take(&e, r, moved, 4);
    jaxrs_array* kinetic = op_sub(&e, sum_of_squares(&e, p), sum_of_squares(&e, moved[1]));
    jaxrs_array* gain = op_add(&e, op_sub(&e, moved[2], a[1]), op_mul_num(&e, kinetic, 0.5));
    jaxrs_array* accepted = op_lt(&e, op_log(&e, u), gain);
    jaxrs_array* next = op_select(&e, accepted, moved[0], a[0]);
    expr_push(&e, out, next), expr_push(&e, out, op_select(&e, accepted, moved[2], a[1]));
    expr_push(&e, out, op_select(&e, accepted, moved[3], a[2])), expr_push(&e, out, next);
    return expr_done(&e);
}
FN(hmc) {
    posterior at = {userdata, a[0], a[1], a[2], NULL};
    expr e = expr_in(s);
    jaxrs_fn* step = NULL;
    jaxrs_results* r = NULL;
    jaxrs_array *start[3], *ends[4], *args[] = {op_full(&e, 0, JAXRS_F32, SHAPE(20)), a[1], a[2]};
    jaxrs_array* t = op_iota(&e, JAXRS_I32, SHAPE(1000), 0);
    (void)n;
    start[0] = args[0];
    expr_call(&e, at.w->fns[1], args, 3, start + 1, 2);
    if (!e.error) e.error = jaxrs_fn_new(at.w->ctx, "leap", 4, leap, &at, NULL, NULL, &at.leap);
    if (!e.error) e.error = jaxrs_fn_new(at.w->ctx, "transition", 10, transition, &at, NULL, NULL, &step);
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, step, start, 3, &t, 1, 1000, 0, 1, r);
    expr_take(&e, r, ends, 4);
    expr_push(&e, out, op_div_num(&e, op_reduce_sum(&e, ends[3], 0, 0), 1000));
    jaxrs_fn_release(step), jaxrs_fn_release(at.leap);
    return expr_done(&e);
}
static void hmc_logreg(work* w) {
    static float X[1000][20], y[1000];
    for (int i = 0; i < 1000; i++) {
        double z = 0;
        for (int k = 0; k < 20; k++) {
            X[i][k] = (float)(2 * uniform(631, (uint64_t)(20 * i + k)) - 1);
            z += (double)X[i][k] * (2 * uniform(632, (uint64_t)k) - 1);
        }
        y[i] = uniform(633, (uint64_t)i) < 1 / (1 + exp(-z)) ? 1.0f : 0.0f;
    }
    arg_key(w, 11);
    arg_data(w, JAXRS_F32, X, sizeof X, SHAPE(1000, 20));
    arg_data(w, JAXRS_F32, y, sizeof y, SHAPE(1000));
    value_and_grad_of(w, fn_of(w, log_density, NULL), 0, 1);
    time_body(w, hmc);
}

const workload RANDOM[] = {TIMED(rnd_normal16m), TIMED(mc_asian), TIMED(hmc_logreg), {0}};
