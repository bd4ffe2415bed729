/* The harness of the C tests.
 *
 * CASE(a_sentence_about_the_library) { ... } defines a case and registers it. Each case gets a context of its own, and
 * must leave no array, tracer, function or error alive. What a case makes through `keep_*` is released after it. */
#ifndef CHECK_H
#define CHECK_H
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "expr.h"

typedef struct check {
    jaxrs_context* ctx;
    jaxrs_scope* s; /* the eager scope of ctx */
    const char* name;
    int failures;
    jaxrs_results* arrays;
    jaxrs_fn* fns[256];
    size_t n_fns;
} check;

typedef struct test_case {
    const char* name;
    void (*body)(check* c);
    struct test_case* next;
} test_case;

static test_case* first_case;
static test_case** last_case = &first_case;

#define CASE(id) \
    static void id(check* c); \
    static test_case id##_case = {#id, id, NULL}; \
    __attribute__((constructor)) static void id##_register(void) { *last_case = &id##_case, last_case = &id##_case.next; } \
    static void id(check* c)

__attribute__((format(printf, 4, 5))) static inline int expect_at(check* c, int line, int holds, const char* format, ...) {
    if (holds) return 1;
    va_list args;
    va_start(args, format);
    fprintf(stdout, "%s, line %d: ", c->name, line);
    vfprintf(stdout, format, args);
    fputc('\n', stdout);
    va_end(args);
    c->failures++;
    return 0;
}

#define EXPECT(condition) expect_at(c, __LINE__, !!(condition), "%s does not hold", #condition)
#define EXPECT_TEXT(text, part) \
    expect_at(c, __LINE__, strstr((text), (part)) != NULL, "\"%s\" does not contain \"%s\"", (text), (part))

/* The call succeeds. */
#define OK(call) ok_at(c, __LINE__, (call))
static inline int ok_at(check* c, int line, jaxrs_error* err) {
    int holds = expect_at(c, line, err == NULL, "unexpected error: %s", jaxrs_error_message(err, NULL));
    jaxrs_error_release(err);
    return holds;
}

/* The call fails with this code, and its message contains each of the texts (up to NULL). */
#define FAILS(call, ...) fails_at(c, __LINE__, #call, (call), __VA_ARGS__, (const char*)NULL)
static inline void fails_at(check* c, int line, const char* call, jaxrs_error* err, jaxrs_code code, ...) {
    va_list parts;
    if (!expect_at(c, line, err != NULL, "%s succeeds", call)) return;
    const char* message = jaxrs_error_message(err, NULL);
    expect_at(c, line, jaxrs_error_code(err) == code, "code %u instead of %u: %s", jaxrs_error_code(err), code, message);
    va_start(parts, code);
    for (const char* part; (part = va_arg(parts, const char*)) != NULL;)
        expect_at(c, line, strstr(message, part) != NULL, "the message \"%s\" does not contain \"%s\"", message, part);
    va_end(parts);
    jaxrs_error_release(err);
}

/* ---- things that live until the end of the case ---- */

static inline jaxrs_array* keep_array(check* c, jaxrs_array* a) {
    if (a) OK(jaxrs_results_push(c->arrays, a));
    jaxrs_array_release(a);
    return a;
}

static inline jaxrs_fn* keep_fn(check* c, jaxrs_fn* f) {
    c->fns[c->n_fns++] = f;
    return f;
}

static inline jaxrs_array* array_of(check* c, jaxrs_dtype dtype, const void* data, size_t nbytes, size_t ndim, const int64_t* shape) {
    jaxrs_array* a = NULL;
    OK(jaxrs_array_from_host(c->s, data, nbytes, dtype, shape, ndim, NULL, NULL, &a));
    return keep_array(c, a);
}

#define SHAPE(...) sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__}

/* An f32 array with the values 1, 2, 3, ... of the given shape. */
#define COUNTING(...) counting(c, JAXRS_F32, SHAPE(__VA_ARGS__))
static inline jaxrs_array* counting(check* c, jaxrs_dtype dtype, size_t ndim, const int64_t* shape) {
    union { float f32[512]; int32_t i32[512]; } data;
    size_t n = 1;
    for (size_t i = 0; i < ndim; i++) n *= (size_t)shape[i];
    for (size_t i = 0; i < n; i++) {
        if (dtype == JAXRS_F32) data.f32[i] = (float)(i + 1);
        else data.i32[i] = (int32_t)(i + 1);
    }
    return array_of(c, dtype, &data, n * 4, ndim, shape);
}

static inline jaxrs_array* scalar(check* c, double value) {
    jaxrs_array* a = NULL;
    OK(jaxrs_array_full_f64(c->s, value, JAXRS_F32, NULL, 0, &a));
    return keep_array(c, a);
}

static inline jaxrs_array* scalar_i32(check* c, double value) {
    jaxrs_array* a = NULL;
    OK(jaxrs_array_full_f64(c->s, value, JAXRS_I32, NULL, 0, &a));
    return keep_array(c, a);
}

static inline jaxrs_fn* fn_of(check* c, const char* name, jaxrs_trace_fn body, void* userdata) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_fn_new(c->ctx, name, strlen(name), body, userdata, NULL, NULL, &f));
    return keep_fn(c, f);
}
#define FN_OF(body) fn_of(c, #body, body, NULL)

/* One of the transforms that take only a function. */
typedef jaxrs_error* (*transform)(jaxrs_fn*, jaxrs_fn**);
static inline jaxrs_error* plain_grad(jaxrs_fn* f, jaxrs_fn** out) { return jaxrs_grad(f, NULL, out); }
static inline jaxrs_error* plain_value_and_grad(jaxrs_fn* f, jaxrs_fn** out) { return jaxrs_value_and_grad(f, NULL, out); }
static inline jaxrs_error* plain_vmap(jaxrs_fn* f, jaxrs_fn** out) { return jaxrs_vmap(f, NULL, out); }
static inline jaxrs_error* plain_jit(jaxrs_fn* f, jaxrs_fn** out) { return jaxrs_jit(f, NULL, out); }
static inline jaxrs_error* plain_remat(jaxrs_fn* f, jaxrs_fn** out) { return jaxrs_remat(f, 0, out); }

static inline jaxrs_fn* apply_at(check* c, int line, transform t, jaxrs_fn* f) {
    jaxrs_fn* out = NULL;
    ok_at(c, line, t(f, &out));
    return keep_fn(c, out);
}
#define GRAD(f) apply_at(c, __LINE__, plain_grad, f)
#define VMAP(f) apply_at(c, __LINE__, plain_vmap, f)
#define JIT(f) apply_at(c, __LINE__, plain_jit, f)
#define REMAT(f) apply_at(c, __LINE__, plain_remat, f)
#define JVP(f) apply_at(c, __LINE__, jaxrs_jvp, f)

/* ---- calls and values ---- */

typedef struct arguments { jaxrs_array* const* items; size_t n; } arguments;
/* As one value, and as the two parameters of a function. */
#define ARGS(...) ((arguments){LIST(__VA_ARGS__)})
#define LIST(...) (jaxrs_array* const[]){__VA_ARGS__}, sizeof((jaxrs_array*[]){__VA_ARGS__}) / sizeof(jaxrs_array*)

/* The outputs of `f`, as a list to release. */
static inline jaxrs_results* call_at(check* c, int line, jaxrs_fn* f, arguments args) {
    jaxrs_results* r = NULL;
    if (ok_at(c, line, jaxrs_results_new(&r))) ok_at(c, line, jaxrs_fn_call(f, c->s, args.items, args.n, r));
    return r;
}

/* f(args) fails so. */
#define CALL_FAILS(f, args, ...) \
    do { \
        jaxrs_results* r_ = NULL; \
        OK(jaxrs_results_new(&r_)); \
        arguments args_ = args; \
        FAILS(jaxrs_fn_call(f, c->s, args_.items, args_.n, r_), __VA_ARGS__); \
        EXPECT(jaxrs_results_len(r_) == 0); \
        jaxrs_results_release(r_); \
    } while (0)

#define VALUES(...) sizeof((double[]){__VA_ARGS__}) / sizeof(double), (const double[]){__VA_ARGS__}

static inline double element(const void* data, jaxrs_dtype dtype, size_t i) {
    switch (dtype) {
        case JAXRS_BOOL: return ((const uint8_t*)data)[i];
        case JAXRS_I32: return ((const int32_t*)data)[i];
        case JAXRS_I64: return (double)((const int64_t*)data)[i];
        case JAXRS_U8: return ((const uint8_t*)data)[i];
        case JAXRS_U32: return ((const uint32_t*)data)[i];
        case JAXRS_F32: return (double)((const float*)data)[i];
        case JAXRS_F64: return ((const double*)data)[i];
        default: return NAN;
    }
}

/* The array has these elements, within what f32 arithmetic may lose. */
static inline void has_values_at(check* c, int line, const jaxrs_array* a, size_t n, const double* values) {
    const void* data = NULL;
    size_t nbytes = 0;
    if (!expect_at(c, line, a != NULL, "there is no array") || !ok_at(c, line, jaxrs_array_host_view(a, &data, &nbytes))) return;
    if (!expect_at(c, line, jaxrs_array_size(a) == n, "%zu elements instead of %zu", (size_t)jaxrs_array_size(a), n)) return;
    for (size_t i = 0; i < n; i++) {
        double got = element(data, jaxrs_array_dtype(a), i);
        int same = fabs(got - values[i]) <= 1e-5 * (1.0 + fabs(values[i])) || (isnan(got) && isnan(values[i]));
        expect_at(c, line, same, "element %zu is %.9g instead of %.9g", i, got, values[i]);
    }
}
#define HAS_VALUES(a, ...) has_values_at(c, __LINE__, a, VALUES(__VA_ARGS__))

/* The only output of f(args) has these elements. */
#define GIVES(f, args, ...) GIVES_NTH(f, 0, args, __VA_ARGS__)
#define GIVES_NTH(f, nth, args, ...) \
    do { \
        jaxrs_results* r_ = call_at(c, __LINE__, f, args); \
        jaxrs_array* a_ = jaxrs_results_get(r_, nth); \
        has_values_at(c, __LINE__, a_, VALUES(__VA_ARGS__)); \
        jaxrs_array_release(a_), jaxrs_results_release(r_); \
    } while (0)

/* A traced function of one output: FN(square) RETURNS(op_mul(&e, a[0], a[0])) */
#define FN(id) static jaxrs_error* id(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out)
#define RETURNS(...) \
    { \
        expr e = expr_in(s); \
        (void)userdata, (void)a, (void)n; \
        expr_push(&e, out, __VA_ARGS__); \
        return expr_done(&e); \
    }

/* ---- running ---- */

static inline void nothing_is_alive(check* c) {
    jaxrs_stats stats = {sizeof stats, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    OK(jaxrs_context_stats(c->ctx, &stats));
    EXPECT(stats.live_arrays == 0);
    EXPECT(stats.live_tracers == 0);
    EXPECT(stats.live_fns == 0);
    EXPECT(stats.live_errors == 0);
}

static inline int run_case(const test_case* t) {
    check c = {NULL, NULL, t->name, 0, NULL, {NULL}, 0};
    if (!ok_at(&c, __LINE__, jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &c.ctx))) return 0;
    if (!ok_at(&c, __LINE__, jaxrs_results_new(&c.arrays))) return 0;
    c.s = jaxrs_context_scope(c.ctx);
    t->body(&c);
    for (size_t i = 0; i < c.n_fns; i++) jaxrs_fn_release(c.fns[i]);
    jaxrs_results_release(c.arrays);
    nothing_is_alive(&c);
    jaxrs_context_release(c.ctx);
    return c.failures == 0;
}

/* Runs the cases whose names contain one of the arguments, or all. */
int main(int argc, char** argv) {
    int passed = 0, failed = 0;
    for (const test_case* t = first_case; t; t = t->next) {
        int wanted = argc == 1;
        for (int i = 1; i < argc; i++) wanted |= strstr(t->name, argv[i]) != NULL;
        if (!wanted) continue;
        int good = run_case(t);
        if (!good) printf("FAILED %s\n", t->name);
        fflush(stdout);
        passed += good, failed += !good;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
#endif
