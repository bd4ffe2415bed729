// Functions of JavaScript as functions of the library, and transforms of functions.
#include "addon.h"

// ---- callbacks ----

// References of functions are collected by the environment's thread: contexts are made with JAXRS_CONTEXT_POLLED_DROPS.
static void collected(void* userdata) { (void)userdata; }

static bool push_all(napi_env env, napi_value list, jaxrs_results* results, jaxrs_error** error) {
    uint32_t n = 0;
    if (napi_get_array_length(env, list, &n) != napi_ok) return false;
    for (uint32_t i = 0; i < n && !*error; i++) {
        napi_value element;
        void* array;
        napi_get_element(env, list, i, &element);
        if (!is_kind(env, element, ARRAY, &array)) return false;
        *error = jaxrs_results_push(results, array);
    }
    return true;
}

typedef struct function {
    napi_env env;
    napi_ref ref;
} function;

static jaxrs_error* trace(void* userdata, jaxrs_scope* scope, jaxrs_array* const* args, size_t n, jaxrs_results* results) {
    const char wrong[] = "a traced function has to give a list of arrays";
    function* f = userdata;
    napi_env env = f->env;
    napi_handle_scope handles;
    napi_value receiver, callable, argv[2], out, element;
    jaxrs_error* error = NULL;
    call c = {.env = env};
    napi_open_handle_scope(env, &handles);
    napi_get_reference_value(env, f->ref, &callable);
    napi_get_undefined(env, &receiver);
    argv[0] = wrap(&c, SCOPE, jaxrs_scope_retain(scope));
    napi_create_array_with_length(env, n, &argv[1]);
    for (size_t i = 0; i < n; i++) {
        element = wrap(&c, ARRAY, jaxrs_array_retain(args[i]));
        napi_set_element(env, argv[1], (uint32_t)i, element);
    }
    if (napi_call_function(env, receiver, callable, 2, argv, &out) != napi_ok) error = pending_exception(env);
    else if (!push_all(env, out, results, &error)) error = jaxrs_error_new(JAXRS_ERR_CALLBACK, wrong, sizeof wrong - 1);
    napi_close_handle_scope(env, handles);
    return error;
}

static function* function_new(call* c, size_t i) {
    napi_valuetype type = napi_undefined;
    if (c->failed) return NULL;
    napi_typeof(c->env, c->argv[i], &type);
    if (type != napi_function) return call_fail(c, NULL, "a function is needed"), NULL;
    function* f = malloc(sizeof *f);
    f->env = c->env;
    napi_create_reference(c->env, c->argv[i], 1, &f->ref);
    return f;
}

// collect(ctx): lets go of functions that the library does not need any more.
static napi_value collect(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    void* finished[16];
    for (size_t n = 16; ctx && n == 16;) {
        n = jaxrs_context_poll_drops(ctx, finished, 16);
        for (size_t i = 0; i < n; i++) {
            function* f = finished[i];
            napi_delete_reference(f->env, f->ref);
            free(f);
        }
    }
    return NULL;
}

// fnNew(ctx, name, (scope, arrays) => arrays)
static napi_value fn_new(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    size_t len;
    char* name = arg_text(&c, 1, &len);
    function* f = function_new(&c, 2);
    jaxrs_fn* out = NULL;
    if (f) call_threw(&c, jaxrs_fn_new(ctx, name, len, trace, f, collected, NULL, &out));
    free(name);
    return wrap(&c, FN, out);
}

// fnCall(fn, scope, arrays)
static napi_value fn_call(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn* f = arg_handle(&c, 0, FN);
    jaxrs_scope* s = arg_handle(&c, 1, SCOPE);
    size_t n;
    void** arrays = arg_handles(&c, 2, ARRAY, &n);
    jaxrs_results* results = NULL;
    napi_value out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_results_new(&results));
    if (!c.failed) call_threw(&c, jaxrs_fn_call(f, s, (jaxrs_array**)arrays, n, results));
    if (!c.failed) out = wrap_results(&c, results);
    jaxrs_results_release(results), free(arrays);
    return out;
}

// ---- host functions ----

static napi_value buffers(napi_env env, const jaxrs_host_buffer* list, size_t n, bool copy_in) {
    napi_value out, object, value, memory;
    napi_create_array_with_length(env, n, &out);
    for (size_t i = 0; i < n; i++) {
        void* data;
        napi_create_object(env, &object);
        napi_create_uint32(env, list[i].dtype, &value);
        napi_set_named_property(env, object, "dtype", value);
        napi_create_array_with_length(env, list[i].ndim, &value);
        for (size_t k = 0; k < list[i].ndim; k++) {
            napi_value size;
            napi_create_int64(env, list[i].shape[k], &size);
            napi_set_element(env, value, (uint32_t)k, size);
        }
        napi_set_named_property(env, object, "shape", value);
        napi_create_arraybuffer(env, list[i].nbytes, &data, &memory);
        if (copy_in && list[i].nbytes) memcpy(data, list[i].data, list[i].nbytes);
        napi_set_named_property(env, object, "memory", memory);
        napi_set_element(env, out, (uint32_t)i, object);
    }
    return out;
}

static jaxrs_error* host(void* userdata, const jaxrs_host_buffer* args, size_t n, const jaxrs_host_buffer* results, size_t n_results) {
    function* f = userdata;
    napi_env env = f->env;
    napi_handle_scope handles;
    napi_value receiver, callable, argv[2], out, object, memory;
    jaxrs_error* error = NULL;
    napi_open_handle_scope(env, &handles);
    napi_get_reference_value(env, f->ref, &callable);
    napi_get_undefined(env, &receiver);
    argv[0] = buffers(env, args, n, true), argv[1] = buffers(env, results, n_results, false);
    if (napi_call_function(env, receiver, callable, 2, argv, &out) != napi_ok) error = pending_exception(env);
    for (size_t i = 0; i < n_results && !error; i++) {
        void* data;
        size_t bytes = 0;
        napi_get_element(env, argv[1], (uint32_t)i, &object);
        napi_get_named_property(env, object, "memory", &memory);
        napi_get_arraybuffer_info(env, memory, &data, &bytes);
        if (bytes && bytes == results[i].nbytes) memcpy(results[i].data, data, bytes);
    }
    napi_close_handle_scope(env, handles);
    return error;
}

// hostNew(ctx, name, (arguments, results) => void)
static napi_value host_new(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    size_t len;
    char* name = arg_text(&c, 1, &len);
    function* f = function_new(&c, 2);
    jaxrs_host* out = NULL;
    if (f) call_threw(&c, jaxrs_host_new(ctx, name, len, host, f, collected, &out));
    free(name);
    return wrap(&c, HOST, out);
}

// ---- transforms ----

typedef jaxrs_error* (*differentiate)(jaxrs_fn*, const jaxrs_diff_options*, jaxrs_fn**);

// grad(fn, argnums, number of auxiliary results), and its like
static napi_value differentiated(napi_env env, napi_callback_info info, differentiate transform) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *out = NULL;
    jaxrs_diff_options o = JAXRS_DIFF_OPTIONS_INIT;
    uint32_t* argnums = arg_indices(&c, 1, &o.n_argnums);
    o.argnums = argnums, o.n_aux = (size_t)arg_int(&c, 2);
    if (!c.failed) call_threw(&c, transform(f, &o, &out));
    free(argnums);
    return wrap(&c, FN, out);
}
static napi_value grad(napi_env env, napi_callback_info info) { return differentiated(env, info, jaxrs_grad); }
static napi_value value_and_grad(napi_env env, napi_callback_info info) { return differentiated(env, info, jaxrs_value_and_grad); }
static napi_value jacfwd(napi_env env, napi_callback_info info) { return differentiated(env, info, jaxrs_jacfwd); }
static napi_value jacrev(napi_env env, napi_callback_info info) { return differentiated(env, info, jaxrs_jacrev); }
static napi_value hessian(napi_env env, napi_callback_info info) { return differentiated(env, info, jaxrs_hessian); }

// vmap(fn, in axes, out axes, axis size, axis name)
static napi_value vmap(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *out = NULL;
    jaxrs_vmap_options o = JAXRS_VMAP_OPTIONS_INIT;
    int64_t *in = arg_ints(&c, 1, &o.n_in_axes), *outs = arg_ints(&c, 2, &o.n_out_axes);
    char* name;
    o.in_axes = in, o.out_axes = outs, o.axis_size = arg_int(&c, 3), name = arg_text(&c, 4, &o.axis_name_len);
    o.axis_name = name;
    if (!c.failed) call_threw(&c, jaxrs_vmap(f, &o, &out));
    free(in), free(outs), free(name);
    return wrap(&c, FN, out);
}

// jit(fn, arguments to donate, flags)
static napi_value jit(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *out = NULL;
    jaxrs_jit_options o = JAXRS_JIT_OPTIONS_INIT;
    uint32_t* donate = arg_indices(&c, 1, &o.n_donate);
    o.donate = donate, o.flags = (uint32_t)arg_int(&c, 2);
    if (!c.failed) call_threw(&c, jaxrs_jit(f, &o, &out));
    free(donate);
    return wrap(&c, FN, out);
}

static napi_value remat(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_remat(f, 0, &out));
    return wrap(&c, FN, out);
}

static napi_value jvp(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_jvp(f, &out));
    return wrap(&c, FN, out);
}

// customJvp(fn, rule)
static napi_value custom_jvp(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *rule = arg_handle(&c, 1, FN), *out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_custom_jvp(f, rule, &out));
    return wrap(&c, FN, out);
}

// customVjp(fn, forward, backward, number of results)
static napi_value custom_vjp(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *fwd = arg_handle(&c, 1, FN), *bwd = arg_handle(&c, 2, FN), *out = NULL;
    size_t n = (size_t)arg_int(&c, 3);
    if (!c.failed) call_threw(&c, jaxrs_custom_vjp(f, fwd, bwd, n, &out));
    return wrap(&c, FN, out);
}

// checkify(fn, checks)
static napi_value checkify(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *out = NULL;
    uint32_t checks = (uint32_t)arg_int(&c, 1);
    if (!c.failed) call_threw(&c, jaxrs_checkify(f, checks, &out));
    return wrap(&c, FN, out);
}

typedef jaxrs_error* (*evaluate)(jaxrs_fn*, jaxrs_scope*, jaxrs_array* const*, size_t, jaxrs_results*, jaxrs_fn**);

// vjp(fn, scope, arrays): [results, pullback]
static napi_value evaluated(napi_env env, napi_callback_info info, evaluate with) {
    call c = call_begin(env, info);
    jaxrs_fn *f = arg_handle(&c, 0, FN), *second = NULL;
    jaxrs_scope* s = arg_handle(&c, 1, SCOPE);
    size_t n;
    void** arrays = arg_handles(&c, 2, ARRAY, &n);
    jaxrs_results* results = NULL;
    napi_value out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_results_new(&results));
    if (!c.failed) call_threw(&c, with(f, s, (jaxrs_array**)arrays, n, results, &second));
    if (!c.failed) {
        napi_create_array_with_length(env, 2, &out);
        napi_set_element(env, out, 0, wrap_results(&c, results));
        napi_set_element(env, out, 1, wrap(&c, FN, second));
    }
    jaxrs_results_release(results), free(arrays);
    return out;
}
static napi_value vjp(napi_env env, napi_callback_info info) { return evaluated(env, info, jaxrs_vjp); }
static napi_value linearize(napi_env env, napi_callback_info info) { return evaluated(env, info, jaxrs_linearize); }

void define_functions(napi_env env, napi_value exports) {
    const struct { const char* name; napi_callback f; } all[] = {
        {"collect", collect}, {"fnNew", fn_new}, {"fnCall", fn_call}, {"hostNew", host_new}, {"grad", grad},
        {"valueAndGrad", value_and_grad}, {"jacfwd", jacfwd}, {"jacrev", jacrev}, {"hessian", hessian}, {"vmap", vmap}, {"jit", jit},
        {"remat", remat}, {"jvp", jvp}, {"customJvp", custom_jvp}, {"customVjp", custom_vjp}, {"checkify", checkify}, {"vjp", vjp},
        {"linearize", linearize}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) define(env, exports, all[i].name, all[i].f);
}
