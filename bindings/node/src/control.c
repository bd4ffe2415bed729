// Control flow, and host functions in programs.
#include "addon.h"

// What each function here begins and ends with: a scope, arrays, and results.
typedef struct flow {
    call c;
    jaxrs_scope* scope;
    void** arrays;
    size_t n;
    jaxrs_results* results;
} flow;

static flow begin(napi_env env, napi_callback_info info, size_t arrays) {
    flow f = {.c = call_begin(env, info)};
    f.scope = arg_handle(&f.c, 0, SCOPE);
    f.arrays = arg_handles(&f.c, arrays, ARRAY, &f.n);
    if (!f.c.failed) call_threw(&f.c, jaxrs_results_new(&f.results));
    return f;
}

static napi_value end(flow* f) {
    napi_value out = f->c.failed ? NULL : wrap_results(&f->c, f->results);
    jaxrs_results_release(f->results), free(f->arrays);
    return out;
}

#define ARRAYS(f) ((jaxrs_array**)(f).arrays)

// cond(scope, pred, onTrue, onFalse, arrays)
static napi_value cond(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 4);
    jaxrs_array* pred = arg_handle(&f.c, 1, ARRAY);
    jaxrs_fn *yes = arg_handle(&f.c, 2, FN), *no = arg_handle(&f.c, 3, FN);
    if (!f.c.failed) call_threw(&f.c, jaxrs_cond(f.scope, pred, yes, no, ARRAYS(f), f.n, f.results));
    return end(&f);
}

// switch(scope, index, functions, arrays)
static napi_value switch_(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 3);
    size_t n;
    jaxrs_array* index = arg_handle(&f.c, 1, ARRAY);
    void** fns = arg_handles(&f.c, 2, FN, &n);
    if (!f.c.failed) call_threw(&f.c, jaxrs_switch(f.scope, index, (jaxrs_fn**)fns, n, ARRAYS(f), f.n, f.results));
    free(fns);
    return end(&f);
}

// while(scope, condition, body, arrays)
static napi_value while_(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 3);
    jaxrs_fn *holds = arg_handle(&f.c, 1, FN), *body = arg_handle(&f.c, 2, FN);
    if (!f.c.failed) call_threw(&f.c, jaxrs_while(f.scope, holds, body, ARRAYS(f), f.n, f.results));
    return end(&f);
}

// foriLoop(scope, lower, upper, body, arrays)
static napi_value fori_loop(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 4);
    jaxrs_array *lower = arg_handle(&f.c, 1, ARRAY), *upper = arg_handle(&f.c, 2, ARRAY);
    jaxrs_fn* body = arg_handle(&f.c, 3, FN);
    if (!f.c.failed) call_threw(&f.c, jaxrs_fori_loop(f.scope, lower, upper, body, ARRAYS(f), f.n, 0, f.results));
    return end(&f);
}

// scan(scope, body, carry, xs, length, flags, unroll)
static napi_value scan(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 2);
    size_t n;
    jaxrs_fn* body = arg_handle(&f.c, 1, FN);
    void** xs = arg_handles(&f.c, 3, ARRAY, &n);
    int64_t length = arg_int(&f.c, 4), flags = arg_int(&f.c, 5), unroll = arg_int(&f.c, 6);
    if (!f.c.failed)
        call_threw(&f.c, jaxrs_scan(f.scope, body, ARRAYS(f), f.n, (jaxrs_array**)xs, n, length, (uint32_t)flags, (uint32_t)unroll, f.results));
    free(xs);
    return end(&f);
}

// associativeScan(scope, combine, xs, axis, flags)
static napi_value associative_scan(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 2);
    jaxrs_fn* combine = arg_handle(&f.c, 1, FN);
    int64_t axis = arg_int(&f.c, 3), flags = arg_int(&f.c, 4);
    if (!f.c.failed) call_threw(&f.c, jaxrs_associative_scan(f.scope, combine, ARRAYS(f), f.n, axis, (uint32_t)flags, f.results));
    return end(&f);
}

// map(scope, body, xs, batch size)
static napi_value map(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 2);
    jaxrs_fn* body = arg_handle(&f.c, 1, FN);
    int64_t batch = arg_int(&f.c, 3);
    if (!f.c.failed) call_threw(&f.c, jaxrs_map(f.scope, body, ARRAYS(f), f.n, (size_t)batch, f.results));
    return end(&f);
}

// Types of results: [[dtype, shape, weak], ...]
static jaxrs_aval* avals(call* c, size_t i, size_t* n) {
    uint32_t length = 0;
    *n = 0;
    if (c->failed || napi_get_array_length(c->env, c->argv[i], &length) != napi_ok) return call_fail(c, NULL, "a list of types is needed"), NULL;
    jaxrs_aval* list = calloc(length + 1, sizeof *list);
    for (uint32_t j = 0; j < length && !c->failed; j++) {
        call t = {.env = c->env, .argc = 3};
        napi_value element;
        napi_get_element(c->env, c->argv[i], j, &element);
        for (uint32_t k = 0; k < 3; k++) napi_get_element(c->env, element, k, &t.argv[k]);
        list[j].dtype = (uint32_t)arg_int(&t, 0), list[j].shape = arg_ints(&t, 1, &list[j].ndim);
        list[j].weak_type = (uint32_t)arg_int(&t, 2), c->failed = t.failed;
    }
    *n = length;
    return list;
}

static void free_avals(jaxrs_aval* list, size_t n) {
    for (size_t i = 0; list && i < n; i++) free((void*)list[i].shape);
    free(list);
}

// pureCallback(scope, host, arrays, types, vmap method)
static napi_value pure_callback(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 2);
    size_t n;
    jaxrs_host* host = arg_handle(&f.c, 1, HOST);
    jaxrs_aval* types = avals(&f.c, 3, &n);
    int64_t method = arg_int(&f.c, 4);
    if (!f.c.failed) call_threw(&f.c, jaxrs_pure_callback(f.scope, host, ARRAYS(f), f.n, types, n, (uint32_t)method, f.results));
    free_avals(types, n);
    return end(&f);
}

// ioCallback(scope, host, arrays, types, ordered)
static napi_value io_callback(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 2);
    size_t n;
    jaxrs_host* host = arg_handle(&f.c, 1, HOST);
    jaxrs_aval* types = avals(&f.c, 3, &n);
    int64_t ordered = arg_int(&f.c, 4);
    if (!f.c.failed) call_threw(&f.c, jaxrs_io_callback(f.scope, host, ARRAYS(f), f.n, types, n, (uint32_t)ordered, f.results));
    free_avals(types, n);
    return end(&f);
}

// check(scope, pred, format, arrays)
static napi_value check(napi_env env, napi_callback_info info) {
    flow f = begin(env, info, 3);
    size_t len;
    jaxrs_array* pred = arg_handle(&f.c, 1, ARRAY);
    char* format = arg_text(&f.c, 2, &len);
    if (!f.c.failed) call_threw(&f.c, jaxrs_check(f.scope, pred, format, len, NULL, 0, ARRAYS(f), f.n, 0));
    free(format);
    return end(&f);
}

// checkThrow(ctx, code, values)
static napi_value check_throw(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    jaxrs_array *code = arg_handle(&c, 1, ARRAY), *values = arg_handle(&c, 2, ARRAY);
    if (!c.failed) call_threw(&c, jaxrs_check_throw(ctx, code, values));
    return NULL;
}

// programLoadAt(ctx, bytes, types): a program for arguments of these types
static napi_value program_load_at(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    void* data = NULL;
    size_t size = 0, n = 0;
    jaxrs_program* out = NULL;
    if (!c.failed && napi_get_buffer_info(env, c.argv[1], &data, &size) != napi_ok) call_fail(&c, NULL, "a Uint8Array is needed");
    jaxrs_aval* types = avals(&c, 2, &n);
    if (!c.failed) call_threw(&c, jaxrs_program_load_at(ctx, data, size, types, n, &out));
    free_avals(types, n);
    return wrap(&c, PROGRAM, out);
}

// fnTrace(fn, scope, types): a program
static napi_value fn_trace(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn* f = arg_handle(&c, 0, FN);
    jaxrs_scope* s = arg_handle(&c, 1, SCOPE);
    size_t n;
    jaxrs_aval* types = avals(&c, 2, &n);
    jaxrs_program* out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_fn_trace(f, s, types, n, &out));
    free_avals(types, n);
    return wrap(&c, PROGRAM, out);
}

void define_control(napi_env env, napi_value exports) {
    const struct { const char* name; napi_callback f; } all[] = {
        {"cond", cond}, {"switch", switch_}, {"while", while_}, {"foriLoop", fori_loop}, {"scan", scan},
        {"associativeScan", associative_scan}, {"map", map}, {"pureCallback", pure_callback}, {"ioCallback", io_callback},
        {"check", check}, {"checkThrow", check_throw}, {"fnTrace", fn_trace}, {"programLoadAt", program_load_at}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) define(env, exports, all[i].name, all[i].f);
}
