/* e. loops and simulators; the loop is inside the compiled function. */
#include "shape_ops.h"

/* ---- Lorenz ---- */

typedef struct vec3 { jaxrs_array *x, *y, *z; } vec3;

static vec3 lorenz_slope(expr* e, vec3 s) {
    return (vec3){op_mul_num(e, op_sub(e, s.y, s.x), 10),
                  op_sub(e, op_mul(e, s.x, op_sub(e, op_num(e, 28, s.z), s.z)), s.y),
                  op_sub(e, op_mul(e, s.x, s.y), op_mul_num(e, s.z, 8.0 / 3.0))};
}
static jaxrs_array* moved(expr* e, jaxrs_array* a, double h, jaxrs_array* b) { return op_add(e, a, op_mul_num(e, b, h)); }
static vec3 moved3(expr* e, vec3 a, double h, vec3 b) {
    return (vec3){moved(e, a.x, h, b.x), moved(e, a.y, h, b.y), moved(e, a.z, h, b.z)};
}
static jaxrs_array* stacked(expr* e, vec3 a) {
    jaxrs_array* parts[] = {op_reshape(e, a.x, SHAPE(1)), op_reshape(e, a.y, SHAPE(1)), op_reshape(e, a.z, SHAPE(1))};
    return op_concatenate(e, parts, 3, 0);
}
FN(lorenz_step) {
    const double h = 1e-4;
    expr e = expr_in(s);
    vec3 at = {a[0], a[1], a[2]};
    (void)userdata, (void)n;
    vec3 k1 = lorenz_slope(&e, at), k2 = lorenz_slope(&e, moved3(&e, at, h / 2, k1));
    vec3 k3 = lorenz_slope(&e, moved3(&e, at, h / 2, k2)), k4 = lorenz_slope(&e, moved3(&e, at, h, k3));
    vec3 sum = moved3(&e, moved3(&e, moved3(&e, k1, 2, k2), 2, k3), 1, k4);
    vec3 next = moved3(&e, at, h / 6, sum);
    expr_push(&e, out, next.x), expr_push(&e, out, next.y), expr_push(&e, out, next.z);
    expr_push(&e, out, stacked(&e, next));
    return expr_done(&e);
}
FN(lorenz) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_array *start[3], *ends[4];
    jaxrs_results* r = NULL;
    (void)n;
    for (int i = 0; i < 3; i++) start[i] = op_reshape(&e, op_part(&e, a[0], 0, i, i + 1), NULL, 0);
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, w->fns[0], start, 3, NULL, 0, 100000, 0, 1, r);
    expr_take(&e, r, ends, 4);
    expr_push(&e, out, stacked(&e, (vec3){ends[0], ends[1], ends[2]}));
    expr_push(&e, out, ends[3]);
    return expr_done(&e);
}
static void sim_lorenz(work* w) {
    arg_full(w, JAXRS_F64, 1, SHAPE(3));
    fn_of(w, lorenz_step, NULL);
    time_body(w, lorenz);
}

/* ---- bodies that attract each other ---- */

/* x [n,3], m [n] -> acceleration [n,3] */
static jaxrs_array* attraction(expr* e, jaxrs_array* x, jaxrs_array* m) {
    jaxrs_array* d = op_sub(e, op_broadcast(e, x, SHAPE(256, 256, 3), SHAPE(1, 2)), op_broadcast(e, x, SHAPE(256, 256, 3), SHAPE(0, 2)));
    jaxrs_array* r2 = op_add_num(e, op_reduce_sum(e, op_mul(e, d, d), 2, 0), 0.01);
    jaxrs_array* inverse = op_rsqrt(e, r2);
    jaxrs_array* weight = op_mul(e, op_mul(e, inverse, op_mul(e, inverse, inverse)), m);
    return op_reduce_sum(e, op_mul(e, d, op_broadcast(e, weight, SHAPE(256, 256, 3), SHAPE(0, 1))), 1, 0);
}
/* x, v -> x, v. `userdata` has the masses third. */
FN(leapfrog) {
    jaxrs_array* const* outer = userdata;
    const double h = 0.005;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* v = moved(&e, a[1], h / 2, attraction(&e, a[0], outer[2]));
    jaxrs_array* x = moved(&e, a[0], h, v);
    expr_push(&e, out, x);
    expr_push(&e, out, moved(&e, v, h / 2, attraction(&e, x, outer[2])));
    return expr_done(&e);
}
FN(nbody) {
    const work* w = userdata;
    jaxrs_fn* step = NULL;
    jaxrs_error* err = jaxrs_fn_new(w->ctx, "leapfrog", 8, leapfrog, (void*)a, NULL, NULL, &step);
    (void)n;
    if (!err) err = jaxrs_scan(s, step, a, 2, NULL, 0, 100, 0, 1, out);
    jaxrs_fn_release(step);
    return err;
}
FN(nbody_loss) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_array* ends[2];
    expr_call(&e, w->fns[0], a, n, ends, 2);
    expr_push(&e, out, op_add(&e, op_reduce_sum(&e, op_mul(&e, ends[0], ends[0]), EXPR_ALL, 0),
                              op_reduce_sum(&e, op_mul(&e, ends[1], ends[1]), EXPR_ALL, 0)));
    return expr_done(&e);
}
static void sim_nbody_fwd(work* w) {
    ARG(w, 411, -1, 1, 256, 3);
    ARG(w, 412, -0.1, 0.1, 256, 3);
    ARG(w, 413, 0.5 / 256, 1.5 / 256, 256);
    time_fn(w, fn_of(w, nbody, w));
}
static void sim_nbody_grad(work* w) {
    sim_nbody_fwd(w);
    time_fn(w, value_and_grad_of(w, fn_of(w, nbody_loss, w), 0, 2));
}

/* ---- pendulums ---- */

FN(pendulum_step) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* force = op_sub(&e, op_neg(&e, op_sin(&e, a[0])), op_mul_num(&e, a[1], 0.1));
    jaxrs_array* speed = moved(&e, a[1], 0.01, force);
    expr_push(&e, out, moved(&e, a[0], 0.01, speed));
    expr_push(&e, out, speed);
    return expr_done(&e);
}
FN(pendulum) {
    const work* w = userdata;
    return (void)n, jaxrs_scan(s, w->fns[0], a, 2, NULL, 0, 1000, 0, 1, out);
}
static void sim_pendulum(work* w) {
    ARG(w, 421, -2, 2, 10000);
    ARG(w, 422, -1, 1, 10000);
    fn_of(w, pendulum_step, NULL);
    time_fn(w, vmap_of(w, fn_of(w, pendulum, w), NULL, 0));
}

/* ---- a long short-term memory ---- */

/* h, c, x_t -> h, c. `userdata` has Wx, Wh, b. */
FN(lstm_cell) {
    jaxrs_array* const* p = userdata;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* z = op_add(&e, op_add(&e, op_matmul(&e, a[2], p[0]), op_matmul(&e, a[0], p[1])), p[2]);
    jaxrs_array* gate[4];
    for (int k = 0; k < 4; k++) gate[k] = op_part(&e, z, 1, 128 * k, 128 * (k + 1));
    jaxrs_array* fresh = op_mul(&e, op_logistic(&e, gate[0]), op_tanh(&e, gate[2]));
    jaxrs_array* cell = op_add(&e, op_mul(&e, op_logistic(&e, gate[1]), a[1]), fresh);
    expr_push(&e, out, op_mul(&e, op_logistic(&e, gate[3]), op_tanh(&e, cell)));
    expr_push(&e, out, cell);
    return expr_done(&e);
}
/* Wx, Wh, b, Wo, x, y -> mean((h_100 Wo - y)^2) */
FN(lstm_loss) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_fn* cell = NULL;
    jaxrs_results* r = NULL;
    jaxrs_array *zero = op_full(&e, 0, JAXRS_F32, SHAPE(32, 128)), *start[2] = {zero, zero}, *ends[2];
    (void)n;
    if (!e.error) e.error = jaxrs_fn_new(w->ctx, "lstm_cell", 9, lstm_cell, (void*)a, NULL, NULL, &cell);
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, cell, start, 2, a + 4, 1, -1, 0, 1, r);
    expr_take(&e, r, ends, 2);
    jaxrs_array* off = op_sub(&e, op_matmul(&e, ends[0], a[3]), a[5]);
    expr_push(&e, out, op_mean(&e, op_mul(&e, off, off), EXPR_ALL, 0));
    jaxrs_fn_release(cell);
    return expr_done(&e);
}
FN(lstm_train) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_array* slopes[4];
    expr_call(&e, w->fns[1], a, n, slopes, 4);
    for (int i = 0; i < 4; i++) expr_push(&e, out, moved(&e, a[i], -0.1, slopes[i]));
    return expr_done(&e);
}
static void sim_lstm_train(work* w) {
    ARG(w, 441, -0.2, 0.2, 64, 512);
    ARG(w, 442, -0.15, 0.15, 128, 512);
    ARG(w, 443, -0.1, 0.1, 512);
    ARG(w, 444, -0.15, 0.15, 128, 10);
    ARG(w, 445, -1, 1, 100, 32, 64);
    ARG(w, 446, -1, 1, 32, 10);
    grad_of(w, fn_of(w, lstm_loss, w), 0, 4);
    time_body(w, lstm_train);
}

/* ---- Kepler's equation by Newton's method ---- */

/* E - e sin E - M. `outer` has e and M. */
static jaxrs_array* residual(expr* e, jaxrs_array* E, jaxrs_array* const* outer) {
    return op_sub(e, op_sub(e, E, op_mul(e, outer[0], op_sin(e, E))), outer[1]);
}
FN(newton_goes_on) {
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* off = op_abs(&e, residual(&e, a[0], userdata));
    expr_push(&e, out, op_and(&e, op_gt(&e, off, op_num(&e, 1e-12, off)), op_lt(&e, a[1], op_num(&e, 50, a[1]))));
    return expr_done(&e);
}
FN(newton_step) {
    jaxrs_array* const* outer = userdata;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* slope = op_sub(&e, op_num(&e, 1, a[0]), op_mul(&e, outer[0], op_cos(&e, a[0])));
    expr_push(&e, out, op_sub(&e, a[0], op_div(&e, residual(&e, a[0], outer), slope)));
    expr_push(&e, out, op_add_num(&e, a[1], 1));
    return expr_done(&e);
}
FN(newton) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_fn *goes_on = NULL, *step = NULL;
    jaxrs_results* r = NULL;
    jaxrs_array *start[2] = {op_full(&e, 3.141592653589793, JAXRS_F64, NULL, 0), op_full(&e, 0, JAXRS_I32, NULL, 0)}, *E = NULL;
    (void)n;
    if (!e.error) e.error = jaxrs_fn_new(w->ctx, "goes_on", 7, newton_goes_on, (void*)a, NULL, NULL, &goes_on);
    if (!e.error) e.error = jaxrs_fn_new(w->ctx, "step", 4, newton_step, (void*)a, NULL, NULL, &step);
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_while(s, goes_on, step, start, 2, r);
    expr_take(&e, r, &E, 1);
    expr_push(&e, out, E);
    jaxrs_fn_release(step), jaxrs_fn_release(goes_on);
    return expr_done(&e);
}
static void sim_newton(work* w) {
    ARG64(w, 455, 0, 0.9, 100000);
    ARG64(w, 456, 0, 3.141592653589793, 100000);
    time_fn(w, vmap_of(w, fn_of(w, newton, w), NULL, 0));
}

/* ---- Burgers' equation ---- */

static jaxrs_array* rolled(expr* e, jaxrs_array* u, int64_t at) {
    jaxrs_array* parts[] = {op_part(e, u, 0, at, 1024), op_part(e, u, 0, 0, at)};
    return op_concatenate(e, parts, 2, 0);
}
FN(burgers_step) {
    const double dx = 1.0 / 1024, dt = 5e-5, nu = 0.005;
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array *u = a[0], *right = rolled(&e, u, 1), *left = rolled(&e, u, 1023);
    jaxrs_array* flux = op_sub(&e, op_mul(&e, right, right), op_mul(&e, left, left));
    jaxrs_array* bend = op_add(&e, op_sub(&e, right, op_mul_num(&e, u, 2)), left);
    expr_push(&e, out, moved(&e, moved(&e, u, -dt / (4 * dx), flux), nu * dt / (dx * dx), bend));
    return expr_done(&e);
}
FN(burgers_energy) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_results* r = NULL;
    jaxrs_array* u = NULL;
    (void)n;
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, w->fns[0], a, 1, NULL, 0, 1000, 0, 1, r);
    expr_take(&e, r, &u, 1);
    expr_push(&e, out, op_mul_num(&e, op_reduce_sum(&e, op_mul(&e, u, u), EXPR_ALL, 0), 0.5 / 1024));
    return expr_done(&e);
}
static void sim_burgers_adj(work* w) {
    const double pi = 3.141592653589793;
    float u[1024];
    for (int i = 0; i < 1024; i++) {
        double x = i / 1024.0;
        u[i] = (float)(sin(2 * pi * x) + 0.3 * sin(6 * pi * x) + 0.1 * cos(10 * pi * x));
    }
    arg_data(w, JAXRS_F32, u, sizeof u, SHAPE(1024));
    fn_of(w, burgers_step, NULL);
    time_fn(w, value_and_grad_of(w, fn_of(w, burgers_energy, w), 0, 1));
}

/* ---- Lennard-Jones ---- */

FN(lj_energy) {
    const double box = 12;
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* d = op_sub(&e, op_broadcast(&e, a[0], SHAPE(1000, 1000, 3), SHAPE(0, 2)),
                            op_broadcast(&e, a[0], SHAPE(1000, 1000, 3), SHAPE(1, 2)));
    d = op_sub(&e, d, op_mul_num(&e, op_round(&e, op_mul_num(&e, d, 1 / box)), box));
    jaxrs_array* r2 = op_reduce_sum(&e, op_mul(&e, d, d), 2, 0);
    jaxrs_array* other = op_ne(&e, op_iota(&e, JAXRS_I32, SHAPE(1000, 1000), 0), op_iota(&e, JAXRS_I32, SHAPE(1000, 1000), 1));
    jaxrs_array* near = op_and(&e, op_lt(&e, r2, op_num(&e, 9, r2)), other);
    jaxrs_array* safe = op_select(&e, near, r2, op_num(&e, 1, r2));
    jaxrs_array* s6 = op_div(&e, op_num(&e, 1, r2), op_mul(&e, safe, op_mul(&e, safe, safe)));
    jaxrs_array* pair = op_mul_num(&e, op_sub(&e, op_mul(&e, s6, s6), s6), 4);
    jaxrs_array* sum = op_reduce_sum(&e, op_select(&e, near, pair, op_num(&e, 0, pair)), EXPR_ALL, 0);
    expr_push(&e, out, op_mul_num(&e, sum, 0.5));
    return expr_done(&e);
}
FN(lj) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_array* both[2];
    expr_call(&e, w->fns[1], a, n, both, 2);
    expr_push(&e, out, both[0]), expr_push(&e, out, op_neg(&e, both[1]));
    return expr_done(&e);
}
static void sim_lj(work* w) {
    float x[1000][3];
    for (int i = 0; i < 1000; i++) {
        int at[] = {i / 100, i / 10 % 10, i % 10};
        for (int k = 0; k < 3; k++) x[i][k] = (float)(at[k] * 1.2 + 0.1 * (uniform(461, (uint64_t)(3 * i + k)) - 0.5));
    }
    arg_data(w, JAXRS_F32, x, sizeof x, SHAPE(1000, 3));
    value_and_grad_of(w, fn_of(w, lj_energy, NULL), 0, 1);
    time_body(w, lj);
}

const workload LOOPS[] = {TIMED(sim_lorenz),     TIMED(sim_nbody_fwd), TIMED(sim_nbody_grad),  TIMED(sim_pendulum),
                          TIMED(sim_lstm_train), TIMED(sim_newton),    TIMED(sim_burgers_adj), TIMED(sim_lj), {0}};
