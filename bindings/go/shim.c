#include "shim.h"
#include <pthread.h>
#include <stdlib.h>
#include "_cgo_export.h"

// ---- payloads whose errors are gone ----

typedef struct node {
    struct node* next;
    uintptr_t payload;
} node;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static node* dropped;
static const char tag; // its address says that a payload is one of Go's

static void drop_payload(void* userdata) {
    node* n = userdata;
    pthread_mutex_lock(&lock);
    n->next = dropped, dropped = n;
    pthread_mutex_unlock(&lock);
}

size_t shim_poll_payloads(uintptr_t* out, size_t cap) {
    size_t n = 0;
    pthread_mutex_lock(&lock);
    while (dropped && n < cap) {
        node* first = dropped;
        out[n++] = first->payload;
        dropped = first->next;
        free(first);
    }
    pthread_mutex_unlock(&lock);
    return n;
}

jaxrs_error* shim_error(jaxrs_code code, const char* msg, size_t msg_len, uintptr_t payload) {
    node* n = malloc(sizeof *n);
    if (!n) return jaxrs_error_new(JAXRS_ERR_OUT_OF_MEMORY, "no memory for an error", 22);
    n->payload = payload;
    return jaxrs_error_new_with_payload(code, msg, msg_len, &tag, n, drop_payload);
}

uintptr_t shim_error_payload(const jaxrs_error* error) {
    const node* n = jaxrs_error_payload(error, &tag);
    return n ? n->payload : 0;
}

int64_t shim_weight(const jaxrs_array* array) {
    return jaxrs_array_is_tracer(array) ? 0 : 8 * (int64_t)jaxrs_array_size(array);
}

// ---- callbacks ----

// Contexts are made with JAXRS_CONTEXT_POLLED_DROPS: this only says that there is something to collect.
static void collected(void* userdata) { (void)userdata; }

static jaxrs_error* trace(void* userdata, jaxrs_scope* scope, jaxrs_array* const* args, size_t n, jaxrs_results* results) {
    return jaxrsGoTrace((uintptr_t)userdata, scope, (jaxrs_array**)args, n, results);
}

static jaxrs_error* host(void* userdata, const jaxrs_host_buffer* args, size_t n, const jaxrs_host_buffer* results, size_t n_results) {
    return jaxrsGoHost((uintptr_t)userdata, (jaxrs_host_buffer*)args, n, (jaxrs_host_buffer*)results, n_results);
}

static void write_log(void* userdata, uint32_t level, const char* msg, size_t len) {
    jaxrsGoLog((uintptr_t)userdata, level, (char*)msg, len);
}

size_t shim_poll_drops(jaxrs_context* context, uintptr_t* out, size_t cap) {
    return jaxrs_context_poll_drops(context, (void**)out, cap);
}

jaxrs_error* shim_context_create(uint32_t abi, const jaxrs_context_options* options, uintptr_t log, jaxrs_context** out) {
    jaxrs_context_options o = *options;
    o.flags |= JAXRS_CONTEXT_POLLED_DROPS;
    if (log) o.log = write_log, o.log_userdata = (void*)log;
    return jaxrs_context_create(abi, &o, out);
}

jaxrs_error* shim_fn_new(jaxrs_context* context, const char* name, size_t name_len, uintptr_t body, jaxrs_fn** out) {
    return jaxrs_fn_new(context, name, name_len, trace, (void*)body, collected, NULL, out);
}

jaxrs_error* shim_host_new(jaxrs_context* context, const char* name, size_t name_len, uintptr_t body, jaxrs_host** out) {
    return jaxrs_host_new(context, name, name_len, host, (void*)body, collected, out);
}

jaxrs_error* shim_borrow(jaxrs_scope* scope, const void* data, size_t nbytes, jaxrs_dtype dtype, const int64_t* shape, size_t ndim,
                         uintptr_t owner, jaxrs_array** out) {
    return jaxrs_array_borrow_host(scope, data, nbytes, dtype, shape, ndim, (void*)owner, collected, out);
}
