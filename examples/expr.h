/* Expressions over jaxrs in C: operations return their result, errors stick, temporaries are released together.
 *
 *     expr e = expr_in(scope);
 *     jaxrs_array* y = op_tanh(&e, op_add(&e, op_matmul(&e, x, w), b));
 *     expr_push(&e, results, y);
 *     return expr_done(&e);
 *
 * Once an operation fails, those after it do nothing and give NULL; expr_done hands back the first error. Arrays that
 * an expression made live until expr_done. This header is plain C over jaxrs.h: copy it and add what you need. */
#ifndef EXPR_H
#define EXPR_H
#include <jaxrs/jaxrs.h>

typedef struct expr {
    jaxrs_scope* scope;
    jaxrs_error* error;
    jaxrs_results* made; /* what to release at the end */
} expr;

static inline expr expr_in(jaxrs_scope* scope) {
    expr e = {scope, NULL, NULL};
    e.error = jaxrs_results_new(&e.made);
    return e;
}

/* Takes over the reference `a` and keeps it until expr_done. */
static inline jaxrs_array* expr_keep(expr* e, jaxrs_array* a) {
    if (a && !e->error) e->error = jaxrs_results_push(e->made, a);
    jaxrs_array_release(a);
    return e->error ? NULL : a;
}

static inline void expr_push(expr* e, jaxrs_results* results, jaxrs_array* a) {
    if (!e->error) e->error = jaxrs_results_push(results, a);
}

/* Moves the first `n` of `results` to `outs` and releases the list. */
static inline void expr_take(expr* e, jaxrs_results* results, jaxrs_array** outs, size_t n) {
    for (size_t i = 0; i < n; i++) outs[i] = e->error ? NULL : expr_keep(e, jaxrs_results_get(results, i));
    jaxrs_results_release(results);
}

/* outs = f(args) */
static inline void expr_call(expr* e, jaxrs_fn* f, jaxrs_array* const* args, size_t n, jaxrs_array** outs, size_t n_outs) {
    jaxrs_results* results = NULL;
    if (!e->error) e->error = jaxrs_results_new(&results);
    if (!e->error) e->error = jaxrs_fn_call(f, e->scope, args, n, results);
    expr_take(e, results, outs, n_outs);
}

static inline jaxrs_error* expr_done(expr* e) {
    jaxrs_results_release(e->made);
    return e->error;
}

#define EXPR_RETURN(e, call) \
    jaxrs_array* out = NULL; \
    if (!(e)->error) (e)->error = (call); \
    return expr_keep(e, out)

/* A number of the element type of `like`, in any expression with it. */
static inline jaxrs_array* op_num(expr* e, double value, const jaxrs_array* like) {
    EXPR_RETURN(e, jaxrs_array_full_f64(e->scope, value, jaxrs_array_dtype(like), NULL, 0, &out));
}

static inline jaxrs_array* op_full(expr* e, double value, jaxrs_dtype dtype, const int64_t* shape, size_t ndim) {
    EXPR_RETURN(e, jaxrs_array_full_f64(e->scope, value, dtype, shape, ndim, &out));
}

#define EXPR_UNARY(name) \
    static inline jaxrs_array* op_##name(expr* e, jaxrs_array* x) { \
        EXPR_RETURN(e, jaxrs_op_##name(e->scope, x, &out)); \
    }
EXPR_UNARY(neg) EXPR_UNARY(sin) EXPR_UNARY(cos) EXPR_UNARY(tanh) EXPR_UNARY(exp) EXPR_UNARY(log)
EXPR_UNARY(stop_gradient) EXPR_UNARY(sqrt) EXPR_UNARY(rsqrt) EXPR_UNARY(square) EXPR_UNARY(abs) EXPR_UNARY(erf) EXPR_UNARY(logistic)
EXPR_UNARY(relu)

#define EXPR_BINARY(name) \
    static inline jaxrs_array* op_##name(expr* e, jaxrs_array* x, jaxrs_array* y) { \
        EXPR_RETURN(e, jaxrs_op_##name(e->scope, x, y, &out)); \
    } \
    static inline jaxrs_array* op_##name##_num(expr* e, jaxrs_array* x, double y) { \
        return op_##name(e, x, op_num(e, y, x)); \
    }
EXPR_BINARY(add) EXPR_BINARY(sub) EXPR_BINARY(mul) EXPR_BINARY(div) EXPR_BINARY(max) EXPR_BINARY(pow)
EXPR_BINARY(lt) EXPR_BINARY(gt) EXPR_BINARY(eq)

static inline jaxrs_array* op_matmul(expr* e, jaxrs_array* x, jaxrs_array* y) {
    EXPR_RETURN(e, jaxrs_op_matmul(e->scope, x, y, &out));
}

static inline jaxrs_array* op_select(expr* e, jaxrs_array* which, jaxrs_array* on_true, jaxrs_array* on_false) {
    EXPR_RETURN(e, jaxrs_op_where(e->scope, which, on_true, on_false, &out));
}

/* Over one axis, or over all of them (EXPR_ALL); `keepdims` leaves an axis of size 1. */
#define EXPR_ALL INT64_MAX
#define EXPR_REDUCE(name) \
    static inline jaxrs_array* op_##name(expr* e, jaxrs_array* x, int64_t axis, uint32_t keepdims) { \
        EXPR_RETURN(e, jaxrs_op_##name(e->scope, x, &axis, axis != EXPR_ALL, keepdims, &out)); \
    }
EXPR_REDUCE(reduce_sum) EXPR_REDUCE(reduce_max) EXPR_REDUCE(mean)

static inline jaxrs_array* op_log_softmax(expr* e, jaxrs_array* x, int64_t axis) {
    EXPR_RETURN(e, jaxrs_op_log_softmax(e->scope, x, &axis, 1, &out));
}

static inline jaxrs_array* op_argmax(expr* e, jaxrs_array* x, int64_t axis) {
    EXPR_RETURN(e, jaxrs_op_argmax(e->scope, x, axis, JAXRS_I32, &out));
}

static inline jaxrs_array* op_random_key(expr* e, int64_t seed) {
    EXPR_RETURN(e, jaxrs_op_random_key(e->scope, seed, "threefry2x32", 12, &out));
}

static inline jaxrs_array* op_random_normal(expr* e, jaxrs_array* key, const int64_t* shape, size_t ndim) {
    EXPR_RETURN(e, jaxrs_op_random_normal(e->scope, key, shape, ndim, JAXRS_F32, &out));
}

static inline jaxrs_array* op_random_uniform(expr* e, jaxrs_array* key, const int64_t* shape, size_t ndim, double low,
                                             double high) {
    EXPR_RETURN(e, jaxrs_op_random_uniform(e->scope, key, shape, ndim, JAXRS_F32, low, high, &out));
}

/* The numbers 0..n in random order (i32). */
static inline jaxrs_array* op_random_permutation(expr* e, jaxrs_array* key, int64_t n) {
    EXPR_RETURN(e, jaxrs_op_random_permutation(e->scope, key, n, &out));
}

#endif
