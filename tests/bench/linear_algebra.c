/* g. Linear algebra, and a filter that is made of it. */
#include "shape_ops.h"

/* 1 / (1 + |i - j|), and `more` on the diagonal. */
static double kac(int64_t n, int64_t at, double more) {
    int64_t i = at / n, j = at % n;
    return 1.0 / (1.0 + (double)(i > j ? i - j : j - i)) + (i == j ? more : 0.0);
}
static void arg_kac(work* w, int64_t batch, int64_t n, const double* more) {
    float* data = malloc((size_t)(batch * n * n) * sizeof *data);
    for (int64_t at = 0; data && at < batch * n * n; at++) data[at] = (float)kac(n, at % (n * n), more[at / (n * n)]);
    if (data) arg_data(w, JAXRS_F32, data, (size_t)(batch * n * n) * sizeof *data, batch > 1 ? (int64_t[]){batch, n, n} : (int64_t[]){n, n}, batch > 1 ? 3 : 2);
    free(data);
}

static jaxrs_array* op_cholesky(expr* e, jaxrs_array* x) { EXPR_RETURN(e, jaxrs_op_cholesky(e->scope, x, 0, 1, &out)); }
FN(cholesky) RETURNS(op_cholesky(&e, a[0]))
static void la_chol_f32_1024(work* w) {
    arg_kac(w, 1, 1024, (const double[]){1.0});
    time_body(w, cholesky);
}
static void la_bchol_f32_16(work* w) {
    double more[1000];
    for (uint64_t b = 0; b < 1000; b++) more[b] = 1 + uniform(705, b);
    arg_kac(w, 1000, 16, more);
    time_body(w, cholesky);
}

static jaxrs_array* op_solve(expr* e, jaxrs_array* x, jaxrs_array* y) { EXPR_RETURN(e, jaxrs_op_solve(e->scope, x, y, &out)); }
FN(solution) RETURNS(op_solve(&e, a[0], a[1]))
static void la_solve_f64_1024(work* w) {
    ARG64(w, 701, -0.5, 0.5, 1024, 1024);
    ARG64(w, 702, -0.5, 0.5, 1024);
    time_body(w, solution);
}

/* Vectors are computed, too; what is summed up are the values, which come at a place among the results. */
FN(singular) {
    expr e = expr_in(s);
    jaxrs_results* r = NULL;
    jaxrs_array* usv[3];
    (void)userdata, (void)n;
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_op_svd(s, a[0], 0, 1, 0, r);
    expr_take(&e, r, usv, 3);
    expr_push(&e, out, usv[1]);
    return expr_done(&e);
}
static void la_svd_f32_256(work* w) {
    ARG(w, 703, -0.5, 0.5, 256, 256);
    time_body(w, singular);
}
FN(spectral) {
    expr e = expr_in(s);
    jaxrs_results* r = NULL;
    jaxrs_array* wv[2];
    (void)userdata, (void)n;
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_op_eigh(s, a[0], "L", 1, 1, r);
    expr_take(&e, r, wv, 2);
    expr_push(&e, out, wv[0]);
    return expr_done(&e);
}
static void la_eigh_f32_512(work* w) {
    enum { N = 512 };
    float* data = malloc(sizeof(float) * N * N);
    for (uint64_t i = 0; data && i < N; i++)
        for (uint64_t j = i; j < N; j++) data[i * N + j] = data[j * N + i] = (float)(uniform(704, i * N + j) - 0.5);
    if (data) arg_data(w, JAXRS_F32, data, sizeof(float) * N * N, SHAPE(N, N));
    free(data);
    time_body(w, spectral);
}

/* ---- Kalman's filter ---- */

static jaxrs_array* turned(expr* e, jaxrs_array* x) { return op_transpose(e, x, (const int64_t[]){1, 0}, 2); }
static jaxrs_array* op_eye(expr* e, int64_t n, double scale) {
    jaxrs_array* out = NULL;
    if (!e->error) e->error = jaxrs_op_eye(e->scope, n, n, 0, JAXRS_F64, &out);
    return op_mul_num(e, expr_keep(e, out), scale);
}
static jaxrs_array* op_cho_solve(expr* e, jaxrs_array* l, jaxrs_array* b) { EXPR_RETURN(e, jaxrs_op_cho_solve(e->scope, l, b, 1, &out)); }
static jaxrs_array* op_diagonal(expr* e, jaxrs_array* x) { EXPR_RETURN(e, jaxrs_op_diag(e->scope, x, 0, &out)); }
/* The transition F, the observation H and the observations z are the caller's arguments; carried are x, P and the likelihood. */
FN(kalman_step) {
    jaxrs_array* const* model = userdata;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array *F = model[0], *H = model[1], *x = op_matmul(&e, F, a[0]);
    jaxrs_array* P = op_add(&e, op_matmul(&e, op_matmul(&e, F, a[1]), turned(&e, F)), op_eye(&e, 8, 0.1));
    jaxrs_array* r = op_sub(&e, a[3], op_matmul(&e, H, x));
    jaxrs_array* PH = op_matmul(&e, P, turned(&e, H));
    jaxrs_array* L = op_cholesky(&e, op_add(&e, op_matmul(&e, H, PH), op_eye(&e, 4, 0.5)));
    jaxrs_array* gain = turned(&e, op_cho_solve(&e, L, turned(&e, PH)));
    jaxrs_array* misfit = op_matmul(&e, r, op_cho_solve(&e, L, r));
    jaxrs_array* volume = op_reduce_sum(&e, op_log(&e, op_diagonal(&e, L)), 0, 0);
    jaxrs_array* likelihood = op_sub(&e, op_sub(&e, a[2], op_mul_num(&e, misfit, 0.5)), volume);
    expr_push(&e, out, op_add(&e, x, op_matmul(&e, gain, r)));
    expr_push(&e, out, op_sub(&e, P, op_matmul(&e, gain, turned(&e, PH))));
    expr_push(&e, out, op_add_num(&e, likelihood, -2 * log(6.283185307179586)));
    return expr_done(&e);
}
FN(kalman) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_fn* step = NULL;
    jaxrs_array* start[3] = {op_full(&e, 0, JAXRS_F64, SHAPE(8)), op_eye(&e, 8, 1), op_full(&e, 0, JAXRS_F64, NULL, 0)};
    (void)n;
    if (!e.error) e.error = jaxrs_fn_new(w->ctx, "step", 4, kalman_step, (void*)a, NULL, NULL, &step);
    if (!e.error) e.error = jaxrs_scan(s, step, start, 3, a + 2, 1, -1, 0, 1, out);
    jaxrs_fn_release(step);
    return expr_done(&e);
}
static void sim_kalman(work* w) {
    double F[64], z[4000];
    for (uint64_t i = 0; i < 64; i++) F[i] = (i % 9 == 0 ? 0.9 : 0) + 0.05 * (uniform(451, i) - 0.5);
    for (uint64_t i = 0; i < 4000; i++) z[i] = 2 * uniform(453, i) - 1;
    arg_data(w, JAXRS_F64, F, sizeof F, SHAPE(8, 8));
    ARG64(w, 452, -0.5, 0.5, 4, 8);
    arg_data(w, JAXRS_F64, z, sizeof z, SHAPE(1000, 4));
    time_body(w, kalman);
}

const workload LINEAR_ALGEBRA[] = {TIMED(la_chol_f32_1024), TIMED(la_solve_f64_1024), TIMED(la_svd_f32_256), TIMED(la_eigh_f32_512),
                                   TIMED(la_bchol_f32_16),  TIMED(sim_kalman),        {0}};
