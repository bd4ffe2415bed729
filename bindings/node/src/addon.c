#include "addon.h"
#include <pthread.h>
#include <stdio.h>

// ---- handles ----

typedef struct box {
    kind k;
    void* handle;
} box;

static const napi_type_tag HANDLE = {0x6a61787273686e64ull, 0x8f1c2f6b0e5d4a11ull};

static void release(kind k, void* handle) {
    switch (k) {
        case CONTEXT: jaxrs_context_release(handle); break;
        case SCOPE: jaxrs_scope_release(handle); break;
        case ARRAY: jaxrs_array_release(handle); break;
        case FN: jaxrs_fn_release(handle); break;
        case PROGRAM: jaxrs_program_release(handle); break;
        case EXEC: jaxrs_exec_release(handle); break;
        case HOST: jaxrs_host_release(handle); break;
    }
}

// What the garbage collector is told; tracers have no elements.
static int64_t weight(kind k, void* handle) {
    return k == ARRAY && !jaxrs_array_is_tracer(handle) ? 128 + 8 * (int64_t)jaxrs_array_size(handle) : 128;
}

static void empty(napi_env env, box* b) {
    int64_t total;
    if (!b->handle) return;
    napi_adjust_external_memory(env, -weight(b->k, b->handle), &total);
    release(b->k, b->handle);
    b->handle = NULL;
}

static void finalize(napi_env env, void* data, void* hint) {
    (void)hint;
    empty(env, data);
    free(data);
}

napi_value wrap(call* c, kind k, void* handle) {
    napi_value value = NULL;
    int64_t total;
    box* b = handle ? malloc(sizeof *b) : NULL;
    if (!b) return NULL;
    *b = (box){k, handle};
    napi_create_external(c->env, b, finalize, NULL, &value);
    napi_type_tag_object(c->env, value, &HANDLE);
    napi_adjust_external_memory(c->env, weight(k, handle), &total);
    return value;
}

static box* box_of(napi_env env, napi_value value) {
    bool ours = false;
    void* data = NULL;
    napi_valuetype type;
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return NULL;
    if (napi_check_object_type_tag(env, value, &HANDLE, &ours) != napi_ok || !ours) return NULL;
    napi_get_value_external(env, value, &data);
    return data;
}

bool is_kind(napi_env env, napi_value value, kind k, void** handle) {
    box* b = box_of(env, value);
    *handle = b && b->k == k ? b->handle : NULL;
    return *handle != NULL;
}

void* arg_handle(call* c, size_t i, kind k) {
    static const char* const names[] = {"context", "scope", "array", "function", "program", "executable", "host function"};
    void* handle = NULL;
    if (c->failed || is_kind(c->env, c->argv[i], k, &handle)) return handle;
    char message[96];
    snprintf(message, sizeof message, "argument %zu has to be a live %s", i, names[k]);
    call_fail(c, NULL, message);
    return NULL;
}

void** arg_handles(call* c, size_t i, kind k, size_t* n) {
    uint32_t length = 0;
    *n = 0;
    if (c->failed) return NULL;
    if (napi_get_array_length(c->env, c->argv[i], &length) != napi_ok) return call_fail(c, NULL, "a list is needed"), NULL;
    void** list = calloc(length + 1, sizeof *list);
    for (uint32_t j = 0; j < length && !c->failed; j++) {
        napi_value element;
        napi_get_element(c->env, c->argv[i], j, &element);
        if (!is_kind(c->env, element, k, &list[j])) call_fail(c, NULL, "a list holds something else than live arrays or functions");
    }
    *n = length;
    return list;
}

napi_value wrap_results(call* c, jaxrs_results* results) {
    size_t n = jaxrs_results_len(results);
    napi_value list;
    napi_create_array_with_length(c->env, n, &list);
    for (size_t i = 0; i < n; i++) napi_set_element(c->env, list, (uint32_t)i, wrap(c, ARRAY, jaxrs_results_get(results, i)));
    return list;
}

// dispose(handle): releases it now. Twice is fine.
static napi_value dispose(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    box* b = box_of(env, c.argv[0]);
    if (b) empty(env, b);
    return NULL;
}

// ---- calls ----

call call_begin(napi_env env, napi_callback_info info) {
    call c = {.env = env, .argc = 10};
    napi_get_cb_info(env, info, &c.argc, c.argv, NULL, NULL);
    collect_payloads(instance_of(env));
    return c;
}

void call_fail(call* c, const char* code, const char* message) {
    if (!c->failed) napi_throw_type_error(c->env, code, message);
    c->failed = true;
}

static void set_text(napi_env env, napi_value object, const char* name, const char* text) {
    napi_value value;
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
    napi_set_named_property(env, object, name, value);
}

bool call_threw(call* c, jaxrs_error* error) {
    if (c->failed) return jaxrs_error_release(error), true;
    if (!error) return false;
    c->failed = true;
    held* payload = jaxrs_error_payload(error, &instance_of(c->env)->tag);
    napi_value value, message, number;
    if (payload) {
        napi_get_reference_value(c->env, payload->ref, &message);
        napi_get_element(c->env, message, 0, &value);
    } else {
        napi_create_string_utf8(c->env, jaxrs_error_message(error, NULL), NAPI_AUTO_LENGTH, &message);
        napi_create_error(c->env, NULL, message, &value);
        napi_create_uint32(c->env, jaxrs_error_code(error), &number);
        napi_set_named_property(c->env, value, "number", number);
        set_text(c->env, value, "detail", jaxrs_error_detail(error, NULL));
    }
    jaxrs_error_release(error);
    napi_throw(c->env, value);
    return true;
}

bool arg_given(call* c, size_t i) {
    napi_valuetype type = napi_undefined;
    if (i < c->argc) napi_typeof(c->env, c->argv[i], &type);
    return type != napi_undefined && type != napi_null;
}

double arg_number(call* c, size_t i) {
    double value = 0;
    if (!c->failed && napi_get_value_double(c->env, c->argv[i], &value) != napi_ok) call_fail(c, NULL, "a number is needed");
    return value;
}

int64_t arg_int(call* c, size_t i) {
    int64_t value = 0;
    bool lossless = true;
    if (c->failed || napi_get_value_bigint_int64(c->env, c->argv[i], &value, &lossless) == napi_ok) {
        if (!lossless) call_fail(c, NULL, "a whole number does not fit 64 bits");
        return value;
    }
    double number = arg_number(c, i);
    if (!c->failed && number != (double)(int64_t)number) call_fail(c, NULL, "a whole number is needed");
    return c->failed ? 0 : (int64_t)number;
}

char* arg_text(call* c, size_t i, size_t* len) {
    *len = 0;
    if (c->failed || !arg_given(c, i)) return NULL;
    if (napi_get_value_string_utf8(c->env, c->argv[i], NULL, 0, len) != napi_ok) return call_fail(c, NULL, "a text is needed"), NULL;
    char* text = malloc(*len + 1);
    napi_get_value_string_utf8(c->env, c->argv[i], text, *len + 1, len);
    return text;
}

int64_t* arg_ints(call* c, size_t i, size_t* n) {
    uint32_t length = 0;
    *n = 0;
    if (c->failed || !arg_given(c, i)) return NULL;
    if (napi_get_array_length(c->env, c->argv[i], &length) != napi_ok) return call_fail(c, NULL, "a list of numbers is needed"), NULL;
    int64_t* list = calloc(length + 1, sizeof *list);
    for (uint32_t j = 0; j < length && !c->failed; j++) {
        napi_value element;
        double number;
        napi_valuetype type;
        napi_get_element(c->env, c->argv[i], j, &element);
        napi_typeof(c->env, element, &type);
        if (type == napi_null) list[j] = JAXRS_AXIS_NONE;
        else if (napi_get_value_double(c->env, element, &number) == napi_ok && number == (double)(int64_t)number) list[j] = (int64_t)number;
        else call_fail(c, NULL, "a list of whole numbers is needed");
    }
    *n = length;
    return list;
}

uint32_t* arg_indices(call* c, size_t i, size_t* n) {
    int64_t* wide = arg_ints(c, i, n);
    uint32_t* list = wide ? calloc(*n + 1, sizeof *list) : NULL;
    for (size_t j = 0; list && j < *n; j++) list[j] = (uint32_t)wide[j];
    free(wide);
    return list;
}

napi_value text_of(call* c, jaxrs_bytes* bytes) {
    napi_value value = NULL;
    if (bytes) napi_create_string_utf8(c->env, jaxrs_bytes_data(bytes), jaxrs_bytes_len(bytes), &value);
    jaxrs_bytes_release(bytes);
    return value;
}

// ---- exceptions on their way through the library ----

static void drop_payload(void* userdata) {
    held* h = userdata;
    pthread_mutex_lock(h->owner->lock);
    h->next = h->owner->dropped, h->owner->dropped = h;
    pthread_mutex_unlock(h->owner->lock);
}

void collect_payloads(instance* self) {
    pthread_mutex_lock(self->lock);
    held* list = self->dropped;
    self->dropped = NULL;
    pthread_mutex_unlock(self->lock);
    while (list) {
        held* next = list->next;
        napi_delete_reference(self->env, list->ref);
        free(list);
        list = next;
    }
}

jaxrs_error* pending_exception(napi_env env) {
    napi_value exception, text, boxed;
    char message[512] = "an exception";
    size_t len = 0;
    if (napi_get_and_clear_last_exception(env, &exception) != napi_ok) return jaxrs_error_new(JAXRS_ERR_CALLBACK, message, strlen(message));
    if (napi_coerce_to_string(env, exception, &text) == napi_ok) napi_get_value_string_utf8(env, text, message, sizeof message, &len);
    held* h = malloc(sizeof *h);
    *h = (held){.owner = instance_of(env)};
    // Only objects can be kept; a list holds any value.
    napi_create_array_with_length(env, 1, &boxed);
    napi_set_element(env, boxed, 0, exception);
    napi_create_reference(env, boxed, 1, &h->ref);
    return jaxrs_error_new_with_payload(JAXRS_ERR_CALLBACK, message, len, &h->owner->tag, h, drop_payload);
}

// ---- the module ----

instance* instance_of(napi_env env) {
    void* data = NULL;
    napi_get_instance_data(env, &data);
    return data;
}

void define(napi_env env, napi_value exports, const char* name, napi_callback f) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, f, NULL, &value);
    napi_set_named_property(env, exports, name, value);
}

static napi_value init(napi_env env, napi_value exports) {
    // Never freed: errors that outlive the environment still name it.
    instance* self = calloc(1, sizeof *self);
    self->env = env, self->lock = malloc(sizeof(pthread_mutex_t));
    pthread_mutex_init(self->lock, NULL);
    napi_set_instance_data(env, self, NULL, NULL);
    define(env, exports, "dispose", dispose);
    define_arrays(env, exports);
    define_functions(env, exports);
    define_control(env, exports);
    define_programs(env, exports);
    return exports;
}

NAPI_MODULE(jaxrs, init)
