/* Many threads at once: tracing, calling, and one trace worked on by several threads. */
#include <pthread.h>
#include "check.h"

enum { THREADS = 4, ROUNDS = 25 };

FN(cube) RETURNS(op_mul(&e, a[0], op_mul(&e, a[0], a[0])))

typedef struct worker {
    check* c;
    jaxrs_fn* shared;
    int wrong;
    pthread_t thread;
} worker;

static double value_of(jaxrs_fn* f, jaxrs_scope* s, double x) {
    jaxrs_results* r = NULL;
    jaxrs_array *a = NULL, *y = NULL;
    double v = NAN;
    jaxrs_error* err = jaxrs_array_full_f64(s, x, JAXRS_F32, NULL, 0, &a);
    if (!err) err = jaxrs_results_new(&r);
    if (!err) err = jaxrs_fn_call(f, s, &a, 1, r);
    if (!err) y = jaxrs_results_get(r, 0), err = jaxrs_array_item_f64(y, &v);
    if (err) printf("%s\n", jaxrs_error_message(err, NULL));
    jaxrs_error_release(err);
    jaxrs_array_release(y), jaxrs_array_release(a), jaxrs_results_release(r);
    return v;
}

/* Makes functions of its own, traces and compiles them. */
static void* trace_own(void* userdata) {
    worker* w = userdata;
    for (int i = 0; i < ROUNDS; i++) {
        jaxrs_fn *f = NULL, *g = NULL, *h = NULL;
        jaxrs_error* err = jaxrs_fn_new(w->c->ctx, "cube", 4, cube, NULL, NULL, NULL, &f);
        if (!err) err = jaxrs_grad(f, NULL, &g);
        if (!err) err = jaxrs_jit(g, NULL, &h);
        w->wrong += err || fabs(value_of(h, w->c->s, i) - 3.0 * i * i) > 1e-3;
        jaxrs_error_release(err);
        jaxrs_fn_release(h), jaxrs_fn_release(g), jaxrs_fn_release(f);
    }
    return NULL;
}

static void* call_shared(void* userdata) {
    worker* w = userdata;
    for (int i = 0; i < ROUNDS; i++) w->wrong += fabs(value_of(w->shared, w->c->s, i) - 3.0 * i * i) > 1e-3;
    return NULL;
}

static void run_workers(check* c, void* (*body)(void*), jaxrs_fn* shared) {
    worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){c, shared, 0, 0};
        EXPECT(pthread_create(&workers[i].thread, NULL, body, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        EXPECT(workers[i].wrong == 0);
    }
}

CASE(threads_trace_and_compile_at_once) { run_workers(c, trace_own, NULL); }
CASE(threads_share_a_jitted_function) { run_workers(c, call_shared, JIT(GRAD(FN_OF(cube)))); }
CASE(threads_share_a_function_that_is_not_jitted) { run_workers(c, call_shared, GRAD(FN_OF(cube))); }

/* Every operation of a trace comes from a thread of its own. */
typedef struct one_op {
    jaxrs_scope* s;
    jaxrs_array *x, *y, *out;
    jaxrs_error* err;
} one_op;
static void* multiply(void* userdata) {
    one_op* o = userdata;
    o->err = jaxrs_op_mul(o->s, o->x, o->y, &o->out);
    return NULL;
}
static jaxrs_array* multiplied_elsewhere(expr* e, jaxrs_array* x, jaxrs_array* y) {
    one_op o = {e->scope, x, y, NULL, NULL};
    pthread_t thread;
    if (e->error) return NULL;
    pthread_create(&thread, NULL, multiply, &o);
    pthread_join(thread, NULL);
    e->error = o.err;
    return expr_keep(e, o.out);
}
FN(cube_by_threads) RETURNS(multiplied_elsewhere(&e, a[0], multiplied_elsewhere(&e, a[0], a[0])))

CASE(a_trace_may_move_between_threads) {
    jaxrs_fn* f = FN_OF(cube_by_threads);
    GIVES(f, ARGS(scalar(c, 2)), 8);
    GIVES(GRAD(f), ARGS(scalar(c, 2)), 12);
    GIVES(GRAD(GRAD(GRAD(f))), ARGS(scalar(c, 2)), 6);
    GIVES(JIT(VMAP(GRAD(f))), ARGS(COUNTING(3)), 3, 12, 27);
}
