/* Our side of the benchmark: what a workload is, and how it gets inputs and functions. */
#ifndef BENCH_H
#define BENCH_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../examples/expr.h"

enum { MAX_ARGS = 128, MAX_FNS = 16 };

typedef struct work work;

/* A workload of the table. `prepare` makes inputs and functions; `run` does one timed call (NULL: calls `fn`). */
typedef struct workload {
    const char* name;
    const char* metric;
    const char* unit;
    double scale; /* from seconds of one run to the unit */
    void (*prepare)(work* w);
    void (*run)(work* w);
    double (*value)(void); /* gives the figure itself, without timing; NULL otherwise */
    int cold;              /* every run compiles anew, so no inner loop */
} workload;

/* A prepared workload. */
struct work {
    const workload* what;
    jaxrs_context* ctx;
    jaxrs_scope* s;
    jaxrs_error* error; /* the first one */
    jaxrs_array* args[MAX_ARGS];
    size_t n_args;
    jaxrs_fn* fn;            /* what `run` calls */
    jaxrs_fn* fns[MAX_FNS];  /* what to release */
    size_t n_fns;
    jaxrs_results* out;      /* outputs of the last run, in the order of the checksum */
    double setting;          /* whatever a workload's functions want to know */
};

extern const workload DISPATCH[], COMPILE[], FUSION[], CONTRACTION[], LOOPS[], AUTODIFF[], RANDOM[], MOVEMENT[], SPECTRUM[], LINEAR_ALGEBRA[], MEMORY[];

#define TIMED(id) {#id, "time", "s", 1.0, id, NULL, NULL, 0}

/* A traced function of one output. */
#define FN(id) static jaxrs_error* id(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out)
#define RETURNS(...) \
    { \
        expr e = expr_in(s); \
        (void)userdata, (void)a, (void)n; \
        expr_push(&e, out, __VA_ARGS__); \
        return expr_done(&e); \
    }
#define SHAPE(...) (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

/* ---- inputs (workloads.md: U, R, I) ---- */

double uniform(uint64_t seed, uint64_t i);
/* Appends an argument of element type f32 or f64: low + (high - low) U. */
void arg_uniform(work* w, jaxrs_dtype dtype, uint64_t seed, double low, double high, const int64_t* shape, size_t ndim);
#define ARG(w, seed, low, high, ...) arg_uniform(w, JAXRS_F32, seed, low, high, SHAPE(__VA_ARGS__))
#define ARG64(w, seed, low, high, ...) arg_uniform(w, JAXRS_F64, seed, low, high, SHAPE(__VA_ARGS__))
void arg_ints(work* w, uint64_t seed, int64_t n, int64_t count);
void arg_full(work* w, jaxrs_dtype dtype, double value, const int64_t* shape, size_t ndim);
void arg_data(work* w, jaxrs_dtype dtype, const void* data, size_t nbytes, const int64_t* shape, size_t ndim);
/* Weights and biases of a multilayer perceptron of these sizes. */
void arg_mlp(work* w, uint64_t seed, const int64_t* sizes, size_t n);

/* ---- functions ---- */

void fail(work* w, jaxrs_error* error);
jaxrs_fn* keep(work* w, jaxrs_fn* f);
jaxrs_fn* fn_of(work* w, jaxrs_trace_fn body, void* userdata);
jaxrs_fn* jit_of(work* w, jaxrs_fn* f);
jaxrs_fn* vmap_of(work* w, jaxrs_fn* f, const int64_t* in_axes, size_t n);
/* Gradient, or value and gradient, with respect to arguments first..first+n. */
jaxrs_fn* grad_of(work* w, jaxrs_fn* f, uint32_t first, uint32_t n);
jaxrs_fn* value_and_grad_of(work* w, jaxrs_fn* f, uint32_t first, uint32_t n);
/* Sets what is timed: the jitted function of this body, or of this function. */
void time_body(work* w, jaxrs_trace_fn body);
void time_fn(work* w, jaxrs_fn* f);
/* Calls `f`, replacing the outputs. */
void call(work* w, jaxrs_fn* f);

#endif
