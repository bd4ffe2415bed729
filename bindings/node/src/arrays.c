// Contexts, scopes, arrays, and operations by name.
#include "addon.h"

// ---- contexts and scopes ----

// contextNew(abi or 0, flags, threads, devices)
static napi_value context_new(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context_options o = JAXRS_CONTEXT_OPTIONS_INIT;
    jaxrs_context* out = NULL;
    uint32_t abi = (uint32_t)arg_int(&c, 0);
    o.flags = (uint32_t)arg_int(&c, 1) | JAXRS_CONTEXT_POLLED_DROPS;
    o.num_threads = (uint32_t)arg_int(&c, 2), o.num_devices = (uint32_t)arg_int(&c, 3);
    if (c.failed || call_threw(&c, jaxrs_context_create(abi ? abi : JAXRS_ABI_VERSION, &o, &out))) return NULL;
    return wrap(&c, CONTEXT, out);
}

static napi_value context_scope(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    return ctx ? wrap(&c, SCOPE, jaxrs_scope_retain(jaxrs_context_scope(ctx))) : NULL;
}

static napi_value stats(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    jaxrs_stats s = JAXRS_STATS_INIT;
    if (c.failed || call_threw(&c, jaxrs_context_stats(ctx, &s))) return NULL;
    const struct { const char* name; uint64_t value; } fields[] = {
        {"bytesInUse", s.bytes_in_use}, {"peakBytes", s.peak_bytes}, {"liveArrays", s.live_arrays}, {"liveTracers", s.live_tracers},
        {"liveFns", s.live_fns}, {"liveErrors", s.live_errors}, {"traces", s.traces}, {"compiles", s.compiles}};
    napi_value object, value;
    napi_create_object(env, &object);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        napi_create_double(env, (double)fields[i].value, &value);
        napi_set_named_property(env, object, fields[i].name, value);
    }
    return object;
}

// scopeWith(scope, default float or 0, debug flags or -1)
static napi_value scope_with(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_scope *s = arg_handle(&c, 0, SCOPE), *out = NULL;
    jaxrs_scope_config o = JAXRS_SCOPE_CONFIG_INIT;
    int64_t dtype = arg_int(&c, 1), flags = arg_int(&c, 2);
    if (dtype) o.set_mask |= JAXRS_SCOPE_DEFAULT_FLOAT, o.default_float = (uint32_t)dtype;
    if (flags >= 0) o.set_mask |= JAXRS_SCOPE_DEBUG, o.debug_flags = (uint32_t)flags;
    if (c.failed || call_threw(&c, jaxrs_scope_with(s, &o, &out))) return NULL;
    return wrap(&c, SCOPE, out);
}

// ---- arrays ----

// The memory of a typed array, a DataView or an ArrayBuffer.
static const void* memory(call* c, size_t i, size_t* bytes) {
    void* data = NULL;
    napi_typedarray_type type;
    size_t n = 0;
    *bytes = 0;
    if (c->failed) return NULL;
    if (napi_get_typedarray_info(c->env, c->argv[i], &type, &n, &data, NULL, NULL) == napi_ok) {
        static const size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
        *bytes = n * sizes[type];
    } else if (napi_get_arraybuffer_info(c->env, c->argv[i], &data, bytes) != napi_ok) {
        call_fail(c, NULL, "a typed array is needed");
    }
    return data;
}

// fromHost(scope, typed array, dtype, shape)
static napi_value from_host(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_scope* s = arg_handle(&c, 0, SCOPE);
    size_t bytes, ndim;
    const void* data = memory(&c, 1, &bytes);
    uint32_t dtype = (uint32_t)arg_int(&c, 2);
    int64_t* shape = arg_ints(&c, 3, &ndim);
    jaxrs_array* out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_array_from_host(s, data, bytes, dtype, shape, ndim, NULL, NULL, &out));
    free(shape);
    return wrap(&c, ARRAY, out);
}

// number(scope, value): a weak scalar; a BigInt is a whole number. number(scope, value, true) for whole numbers, too.
static napi_value number(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_scope* s = arg_handle(&c, 0, SCOPE);
    jaxrs_array* out = NULL;
    if (arg_given(&c, 2)) {
        int64_t value = arg_int(&c, 1);
        if (!c.failed) call_threw(&c, jaxrs_array_full_i64(s, value, 0, NULL, 0, &out));
    } else {
        double value = arg_number(&c, 1);
        if (!c.failed) call_threw(&c, jaxrs_array_full_f64(s, value, 0, NULL, 0, &out));
    }
    return wrap(&c, ARRAY, out);
}

static napi_value dtype_of(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    napi_value out;
    jaxrs_array* a = arg_handle(&c, 0, ARRAY);
    return c.failed ? NULL : (napi_create_uint32(env, jaxrs_array_dtype(a), &out), out);
}

static napi_value shape_of(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    napi_value list, value;
    jaxrs_array* a = arg_handle(&c, 0, ARRAY);
    if (c.failed) return NULL;
    size_t n = jaxrs_array_ndim(a);
    napi_create_array_with_length(env, n, &list);
    for (size_t i = 0; i < n; i++) {
        napi_create_int64(env, jaxrs_array_shape(a)[i], &value);
        napi_set_element(env, list, (uint32_t)i, value);
    }
    return list;
}

static napi_value truth(napi_env env, napi_callback_info info, uint32_t (*ask)(const jaxrs_array*)) {
    call c = call_begin(env, info);
    napi_value out;
    jaxrs_array* a = arg_handle(&c, 0, ARRAY);
    return c.failed ? NULL : (napi_get_boolean(env, ask(a) != 0, &out), out);
}
static napi_value is_tracer(napi_env env, napi_callback_info info) { return truth(env, info, jaxrs_array_is_tracer); }
static napi_value is_weak(napi_env env, napi_callback_info info) { return truth(env, info, jaxrs_array_is_weak); }

static napi_value item(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_array* a = arg_handle(&c, 0, ARRAY);
    double value = 0;
    napi_value out;
    if (c.failed || call_threw(&c, jaxrs_array_item_f64(a, &value))) return NULL;
    return napi_create_double(env, value, &out), out;
}

// toHost(array): a copy of the bytes, as an ArrayBuffer.
static napi_value to_host(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_array* a = arg_handle(&c, 0, ARRAY);
    const void* data = NULL;
    size_t bytes = 0;
    void* copy = NULL;
    napi_value out;
    if (c.failed || call_threw(&c, jaxrs_array_host_view(a, &data, &bytes))) return NULL;
    napi_create_arraybuffer(env, bytes, &copy, &out);
    if (bytes) memcpy(copy, data, bytes);
    return out;
}

static napi_value print(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_array* a = arg_handle(&c, 0, ARRAY);
    jaxrs_bytes* bytes = NULL;
    if (c.failed || call_threw(&c, jaxrs_array_print(a, &bytes))) return NULL;
    return text_of(&c, bytes);
}

// ---- operations ----

// Sets an attribute: a number, a truth value, a list, a text, or null for no axis. `kind` is "f64" where it matters.
static void set_attribute(call* c, jaxrs_attrs* attrs, napi_value pair) {
    call a = {.env = c->env, .argc = 3};
    size_t name_len, kind_len, n;
    for (uint32_t i = 0; i < 3; i++) napi_get_element(c->env, pair, i, &a.argv[i]);
    char *name = arg_text(&a, 0, &name_len), *kind = arg_text(&a, 1, &kind_len), *text = NULL;
    int64_t* list = NULL;
    bool truth = false;
    if (!a.failed && strcmp(kind, "f64") == 0) {
        double value = arg_number(&a, 2);
        call_threw(&a, jaxrs_attrs_f64(attrs, name, name_len, value));
    } else if (!a.failed && strcmp(kind, "i64s") == 0) {
        list = arg_ints(&a, 2, &n);
        call_threw(&a, jaxrs_attrs_i64s(attrs, name, name_len, list, n));
    } else if (!a.failed && strcmp(kind, "str") == 0) {
        text = arg_text(&a, 2, &n);
        call_threw(&a, jaxrs_attrs_str(attrs, name, name_len, text, n));
    } else if (!a.failed && strcmp(kind, "bool") == 0) {
        if (napi_get_value_bool(c->env, a.argv[2], &truth) != napi_ok) call_fail(&a, NULL, "true or false is needed");
        call_threw(&a, jaxrs_attrs_i64(attrs, name, name_len, truth));
    } else if (!a.failed) {
        int64_t value = arg_given(&a, 2) ? arg_int(&a, 2) : strcmp(kind, "axis") == 0 ? JAXRS_AXIS_NONE : 0;
        call_threw(&a, jaxrs_attrs_i64(attrs, name, name_len, value));
    }
    free(name), free(kind), free(text), free(list);
    c->failed = c->failed || a.failed;
}

// apply(scope, name, arrays, [[name, kind, value], ...])
static napi_value apply(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_scope* s = arg_handle(&c, 0, SCOPE);
    size_t len, n;
    uint32_t n_attrs = 0;
    char* name = arg_text(&c, 1, &len);
    void** arrays = arg_handles(&c, 2, ARRAY, &n);
    jaxrs_attrs* attrs = NULL;
    jaxrs_results* results = NULL;
    napi_value out = NULL, pair;
    if (!c.failed) napi_get_array_length(env, c.argv[3], &n_attrs);
    if (!c.failed) call_threw(&c, jaxrs_results_new(&results));
    if (!c.failed && n_attrs) call_threw(&c, jaxrs_attrs_new(&attrs));
    for (uint32_t i = 0; i < n_attrs && !c.failed; i++) {
        napi_get_element(env, c.argv[3], i, &pair);
        set_attribute(&c, attrs, pair);
    }
    if (!c.failed) call_threw(&c, jaxrs_apply(s, name, len, (jaxrs_array**)arrays, n, attrs, results));
    if (!c.failed) out = wrap_results(&c, results);
    jaxrs_attrs_release(attrs), jaxrs_results_release(results);
    free(name), free(arrays);
    return out;
}

void define_arrays(napi_env env, napi_value exports) {
    define(env, exports, "contextNew", context_new);
    define(env, exports, "contextScope", context_scope);
    define(env, exports, "stats", stats);
    define(env, exports, "scopeWith", scope_with);
    define(env, exports, "fromHost", from_host);
    define(env, exports, "number", number);
    define(env, exports, "dtypeOf", dtype_of);
    define(env, exports, "shapeOf", shape_of);
    define(env, exports, "isTracer", is_tracer);
    define(env, exports, "isWeak", is_weak);
    define(env, exports, "item", item);
    define(env, exports, "toHost", to_host);
    define(env, exports, "print", print);
    define(env, exports, "apply", apply);
}
