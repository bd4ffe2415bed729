/* Linear functions, equations that are differentiated as such, and Taylor mode. */
#include "check.h"

static const jaxrs_aval scalar_type = {JAXRS_F32, 0, 0, NULL};

/* The first result of a call inside of a traced function; NULL after an error, which is kept in *err. */
static jaxrs_array* called(jaxrs_scope* s, jaxrs_fn* f, jaxrs_array* const* args, size_t n, jaxrs_error** err) {
    jaxrs_results* r = NULL;
    jaxrs_array* y = NULL;
    *err = jaxrs_results_new(&r);
    if (!*err) *err = jaxrs_fn_call(f, s, args, n, r);
    if (!*err) y = jaxrs_results_get(r, 0);
    jaxrs_results_release(r);
    return y;
}

FN(three_times) RETURNS(op_mul(&e, a[0], op_num(&e, 3, a[0])))
FN(square) RETURNS(op_mul(&e, a[0], a[0]))
FN(cube) RETURNS(op_mul(&e, a[0], op_mul(&e, a[0], a[0])))
FN(sine) RETURNS(op_sin(&e, a[0]))
FN(second_over_first) RETURNS(op_div(&e, a[1], a[0]))
FN(ten_times_second_over_first) RETURNS(op_mul(&e, op_div(&e, a[1], a[0]), op_num(&e, 10, a[0])))

CASE(linear_functions_are_transposed) {
    jaxrs_fn* t = NULL;
    OK(jaxrs_linear_transpose(FN_OF(three_times), &scalar_type, 1, &t));
    keep_fn(c, t);
    GIVES(t, ARGS(scalar(c, 5)), 15);
    GIVES(JIT(t), ARGS(scalar(c, 5)), 15);
    OK(jaxrs_linear_transpose(FN_OF(square), &scalar_type, 1, &t));
    keep_fn(c, t);
    CALL_FAILS(t, ARGS(scalar(c, 5)), JAXRS_ERR_UNIMPLEMENTED, "linear_transpose", "mul is not linear");
}

typedef struct pair {
    jaxrs_fn *f, *transpose;
    jaxrs_array* residual;
} pair;

FN(divided) {
    const pair* p = userdata;
    return jaxrs_linear_call(s, p->f, p->transpose, &p->residual, 1, a, n, out);
}

CASE(linear_calls_have_the_transpose_that_they_say) {
    pair p = {FN_OF(second_over_first), FN_OF(ten_times_second_over_first), scalar(c, 2)};
    jaxrs_fn* f = fn_of(c, "divided", divided, &p);
    GIVES(f, ARGS(scalar(c, 3)), 1.5);
    GIVES_NTH(JVP(f), 1, ARGS(scalar(c, 3), scalar(c, 1)), 0.5);
    GIVES(GRAD(f), ARGS(scalar(c, 3)), 5);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 3)), 5);
    GIVES(VMAP(f), ARGS(COUNTING(2)), 0.5, 1);
}

/* ---- equations ---- */

/* a * x, for a matrix that is a scalar: the captured one. */
FN(times_captured) {
    (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_mul(&e, userdata, a[0]));
    return expr_done(&e);
}

/* b / f(1) */
static jaxrs_error* divide(void* userdata, jaxrs_scope* s, jaxrs_fn* f, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    jaxrs_array* one = op_num(&e, 1, a[0]);
    jaxrs_error* err = NULL;
    jaxrs_array* slope = called(s, f, &one, 1, &err);
    if (slope) expr_push(&e, out, op_div(&e, a[0], slope));
    jaxrs_array_release(slope);
    jaxrs_error* other = expr_done(&e);
    if (!err) return other;
    jaxrs_error_release(other);
    return err;
}

/* The x of a[0] x = a[1], with flags in userdata. */
FN(solved) {
    (void)n;
    jaxrs_context* ctx = ((void**)userdata)[0];
    const uint32_t* flags = ((void**)userdata)[1];
    jaxrs_fn* matvec = NULL;
    jaxrs_error* err = jaxrs_fn_new(ctx, "matvec", 6, times_captured, a[0], NULL, NULL, &matvec);
    if (!err) err = jaxrs_custom_linear_solve(s, matvec, a + 1, 1, divide, *flags ? NULL : divide, NULL, NULL, *flags, out);
    jaxrs_fn_release(matvec);
    return err;
}

CASE(solutions_are_differentiated_by_their_equation) {
    for (uint32_t flags = 0; flags <= JAXRS_SOLVE_SYMMETRIC; flags += JAXRS_SOLVE_SYMMETRIC) {
        void* data[] = {c->ctx, &flags};
        jaxrs_fn* f = fn_of(c, "solved", solved, data);
        GIVES(f, ARGS(scalar(c, 2), scalar(c, 3)), 1.5);
        GIVES(GRAD(f), ARGS(scalar(c, 2), scalar(c, 3)), -0.75);
        GIVES(JIT(GRAD(f)), ARGS(scalar(c, 2), scalar(c, 3)), -0.75);
        GIVES(GRAD(GRAD(f)), ARGS(scalar(c, 2), scalar(c, 3)), 0.75);
        GIVES(VMAP(f), ARGS(COUNTING(2), COUNTING(2)), 1, 1);
    }
}

/* x * x - a */
FN(square_less_captured) {
    (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_sub(&e, op_mul(&e, a[0], a[0]), userdata));
    return expr_done(&e);
}

/* Newton's method: x - f(x) / (2 x), eight times. */
static jaxrs_error* newton(void* userdata, jaxrs_scope* s, jaxrs_fn* f, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    jaxrs_array *x = a[0], *values[8] = {NULL};
    jaxrs_error* err = NULL;
    for (int i = 0; i < 8 && !err; i++) {
        values[i] = called(s, f, &x, 1, &err);
        if (!err) x = op_sub(&e, x, op_div(&e, values[i], op_add(&e, x, x)));
    }
    if (!err) expr_push(&e, out, x);
    for (int i = 0; i < 8; i++) jaxrs_array_release(values[i]);
    jaxrs_error* other = expr_done(&e);
    if (!err) return other;
    jaxrs_error_release(other);
    return err;
}

FN(square_root) {
    (void)n;
    jaxrs_fn* f = NULL;
    jaxrs_array* guess = NULL;
    jaxrs_error* err = jaxrs_fn_new(userdata, "f", 1, square_less_captured, a[0], NULL, NULL, &f);
    if (!err) err = jaxrs_array_full_f64(s, 1, JAXRS_F32, NULL, 0, &guess);
    if (!err) err = jaxrs_custom_root(s, f, &guess, 1, newton, divide, NULL, NULL, 0, out);
    jaxrs_array_release(guess);
    jaxrs_fn_release(f);
    return err;
}

CASE(roots_are_differentiated_by_their_equation) {
    jaxrs_fn* f = fn_of(c, "square_root", square_root, c->ctx);
    GIVES(f, ARGS(scalar(c, 4)), 2);
    GIVES(GRAD(f), ARGS(scalar(c, 4)), 0.25);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 4)), 0.25);
    GIVES(GRAD(GRAD(f)), ARGS(scalar(c, 4)), -0.03125);
    GIVES(VMAP(GRAD(f)), ARGS(COUNTING(1)), 0.5);
}

static int n_drops;
static void count_drop(void* userdata) { n_drops += userdata == &n_drops; }

CASE(solvers_are_dropped_once_whatever_happens) {
    jaxrs_array* b = scalar(c, 3);
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    OK(jaxrs_custom_linear_solve(c->s, FN_OF(three_times), &b, 1, divide, NULL, &n_drops, count_drop, 0, r));
    EXPECT(n_drops == 1);
    FAILS(jaxrs_custom_linear_solve(c->s, FN_OF(three_times), &b, 1, NULL, NULL, &n_drops, count_drop, 0, r),
          JAXRS_ERR_INVALID_ARGUMENT, "solve is NULL");
    EXPECT(n_drops == 2);
    jaxrs_results_release(r);
}

typedef jaxrs_error* (*krylov)(jaxrs_scope*, jaxrs_fn*, jaxrs_array* const*, size_t, jaxrs_array* const*, size_t, jaxrs_fn*, double, double,
                               int64_t, jaxrs_results*);

static jaxrs_error* gmres(jaxrs_scope* s, jaxrs_fn* f, jaxrs_array* const* b, size_t n, jaxrs_array* const* x0, size_t n_x0, jaxrs_fn* m,
                          double tol, double atol, int64_t maxiter, jaxrs_results* r) {
    return jaxrs_gmres(s, f, b, n, x0, n_x0, m, tol, atol, maxiter, 0, r);
}

CASE(iterative_solvers_find_solutions) {
    const krylov solvers[] = {jaxrs_cg, jaxrs_bicgstab, gmres};
    jaxrs_array *b = COUNTING(3), *start = COUNTING(3);
    const double expected[] = {1.0 / 3, 2.0 / 3, 1};
    for (int i = 0; i < 3; i++) {
        for (size_t n_x0 = 0; n_x0 < 2; n_x0++) {
            jaxrs_results* r = NULL;
            OK(jaxrs_results_new(&r));
            OK(solvers[i](c->s, FN_OF(three_times), &b, 1, &start, n_x0, NULL, 1e-6, 0, -1, r));
            jaxrs_array* x = jaxrs_results_get(r, 0);
            has_values_at(c, __LINE__, x, 3, expected);
            jaxrs_array_release(x);
            jaxrs_results_release(r);
        }
    }
}

/* ---- Taylor mode ---- */

CASE(jet_gives_derivatives_along_a_curve) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_jet(FN_OF(cube), 3, 0, &f));
    keep_fn(c, f);
    const double derivatives[] = {8, 12, 12, 6};
    const double coefficients[] = {8, 12, 6, 1};
    jaxrs_fn* g = NULL;
    OK(jaxrs_jet(FN_OF(cube), 3, JAXRS_JET_COEFFICIENTS, &g));
    keep_fn(c, g);
    for (size_t k = 0; k < 4; k++) {
        GIVES_NTH(f, k, ARGS(scalar(c, 2), scalar(c, 1), scalar(c, 0), scalar(c, 0)), derivatives[k]);
        GIVES_NTH(JIT(g), k, ARGS(scalar(c, 2), scalar(c, 1), scalar(c, 0), scalar(c, 0)), coefficients[k]);
    }
    OK(jaxrs_jet(FN_OF(sine), 2, 0, &f));
    keep_fn(c, f);
    GIVES_NTH(f, 2, ARGS(scalar(c, 0.5), scalar(c, 1), scalar(c, 0)), -0.47942554);
    FAILS(jaxrs_jet(FN_OF(sine), 2, 8, &f), JAXRS_ERR_INVALID_ARGUMENT, "flags");
}

/* ---- closures ---- */

/* times_captured, converted to a function of what it captured. */
FN(converted) {
    (void)n;
    jaxrs_fn *f = NULL, *g = NULL;
    jaxrs_results* captured = NULL;
    jaxrs_array *args[2] = {NULL, NULL}, *y = NULL;
    jaxrs_error* err = jaxrs_fn_new(userdata, "f", 1, times_captured, a[0], NULL, NULL, &f);
    if (!err) err = jaxrs_results_new(&captured);
    if (!err) err = jaxrs_closure_convert(f, s, &scalar_type, 1, captured, &g);
    if (!err) err = jaxrs_array_full_f64(s, 2, JAXRS_F32, NULL, 0, &args[0]);
    size_t n_captured = err ? 0 : jaxrs_results_len(captured);
    if (n_captured) args[1] = jaxrs_results_get(captured, 0);
    if (!err) y = called(s, g, args, 1 + n_captured, &err);
    if (y) err = jaxrs_results_push(out, y);
    jaxrs_array_release(y), jaxrs_array_release(args[0]), jaxrs_array_release(args[1]);
    jaxrs_results_release(captured);
    jaxrs_fn_release(f), jaxrs_fn_release(g);
    return err;
}

CASE(closures_are_converted) {
    jaxrs_fn* f = fn_of(c, "converted", converted, c->ctx);
    GIVES(f, ARGS(scalar(c, 5)), 10);
    GIVES(GRAD(f), ARGS(scalar(c, 5)), 2);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 5)), 2);
}
