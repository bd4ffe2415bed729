/* Inputs and functions of workloads. */
#include "bench.h"

static uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

double uniform(uint64_t seed, uint64_t i) {
    return (double)(mixed((i + 1) * 0x9E3779B97F4A7C15u + seed * 0xD1B54A32D192ED03u) >> 11) * 0x1p-53;
}

void fail(work* w, jaxrs_error* error) {
    if (!w->error) w->error = error;
    else jaxrs_error_release(error);
}

static void borrow_data(work* w, jaxrs_dtype dtype, void* data, size_t nbytes, const int64_t* shape, size_t ndim) {
    if (w->n_args == MAX_ARGS || !data) {
        free(data);
        fail(w, jaxrs_error_new(JAXRS_ERR_OUT_OF_MEMORY, "no room for an argument", 23));
        return;
    }
    fail(w, jaxrs_array_borrow_host(w->s, data, nbytes, dtype, shape, ndim, data, free, &w->args[w->n_args]));
    w->n_args++;
}

static size_t count(const int64_t* shape, size_t ndim) {
    size_t n = 1;
    for (size_t i = 0; i < ndim; i++) n *= (size_t)shape[i];
    return n;
}

static void* room(size_t nbytes) { return aligned_alloc(64, (nbytes + 63) / 64 * 64 + 64); }

void arg_uniform(work* w, jaxrs_dtype dtype, uint64_t seed, double low, double high, const int64_t* shape, size_t ndim) {
    size_t n = count(shape, ndim), size = dtype == JAXRS_F64 ? 8 : 4;
    void* data = room(n * size);
    for (size_t i = 0; data && i < n; i++) {
        double v = low + (high - low) * uniform(seed, i);
        if (dtype == JAXRS_F64) ((double*)data)[i] = v;
        else ((float*)data)[i] = (float)v;
    }
    borrow_data(w, dtype, data, n * size, shape, ndim);
}

void arg_ints(work* w, uint64_t seed, int64_t n, int64_t length) {
    int32_t* data = room((size_t)length * 4);
    for (int64_t i = 0; data && i < length; i++) data[i] = (int32_t)floor((double)n * uniform(seed, (uint64_t)i));
    borrow_data(w, JAXRS_I32, data, (size_t)length * 4, &length, 1);
}

void arg_data(work* w, jaxrs_dtype dtype, const void* source, size_t nbytes, const int64_t* shape, size_t ndim) {
    void* data = room(nbytes);
    if (data) memcpy(data, source, nbytes);
    borrow_data(w, dtype, data, nbytes, shape, ndim);
}

void arg_full(work* w, jaxrs_dtype dtype, double value, const int64_t* shape, size_t ndim) {
    fail(w, jaxrs_array_full_f64(w->s, value, dtype, shape, ndim, &w->args[w->n_args]));
    w->n_args++;
}

void arg_mlp(work* w, uint64_t seed, const int64_t* sizes, size_t n) {
    for (size_t k = 0; k + 1 < n; k++) {
        double c = sqrt(3.0 / (double)sizes[k]);
        arg_uniform(w, JAXRS_F32, seed + 2 * k, -c, c, sizes + k, 2);
        arg_uniform(w, JAXRS_F32, seed + 2 * k + 1, -0.1, 0.1, sizes + k + 1, 1);
    }
}

jaxrs_fn* keep(work* w, jaxrs_fn* f) {
    if (w->n_fns < MAX_FNS) w->fns[w->n_fns++] = f;
    return f;
}

jaxrs_fn* fn_of(work* w, jaxrs_trace_fn body, void* userdata) {
    jaxrs_fn* f = NULL;
    if (!w->error) w->error = jaxrs_fn_new(w->ctx, w->what->name, strlen(w->what->name), body, userdata, NULL, NULL, &f);
    return keep(w, f);
}

jaxrs_fn* jit_of(work* w, jaxrs_fn* f) {
    jaxrs_fn* out = NULL;
    if (!w->error) w->error = jaxrs_jit(f, NULL, &out);
    return keep(w, out);
}

jaxrs_fn* vmap_of(work* w, jaxrs_fn* f, const int64_t* in_axes, size_t n) {
    jaxrs_vmap_options options = {sizeof options, 0, in_axes, n, NULL, 0, -1, NULL, 0, NULL, 0};
    jaxrs_fn* out = NULL;
    if (!w->error) w->error = jaxrs_vmap(f, n ? &options : NULL, &out);
    return keep(w, out);
}

static jaxrs_diff_options argnums(uint32_t* list, uint32_t first, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) list[i] = first + i;
    return (jaxrs_diff_options){sizeof(jaxrs_diff_options), 0, list, n, 0};
}

jaxrs_fn* grad_of(work* w, jaxrs_fn* f, uint32_t first, uint32_t n) {
    uint32_t list[MAX_ARGS];
    jaxrs_diff_options options = argnums(list, first, n);
    jaxrs_fn* out = NULL;
    if (!w->error) w->error = jaxrs_grad(f, &options, &out);
    return keep(w, out);
}

jaxrs_fn* value_and_grad_of(work* w, jaxrs_fn* f, uint32_t first, uint32_t n) {
    uint32_t list[MAX_ARGS];
    jaxrs_diff_options options = argnums(list, first, n);
    jaxrs_fn* out = NULL;
    if (!w->error) w->error = jaxrs_value_and_grad(f, &options, &out);
    return keep(w, out);
}

void time_fn(work* w, jaxrs_fn* f) { w->fn = jit_of(w, f); }

void time_body(work* w, jaxrs_trace_fn body) { time_fn(w, fn_of(w, body, w)); }

void call(work* w, jaxrs_fn* f) {
    if (w->error) return;
    jaxrs_results_clear(w->out);
    w->error = jaxrs_fn_call(f, w->s, w->args, w->n_args, w->out);
}
