// What Go needs beside jaxrs.h: functions that take handles of Go values as numbers, and collect what is dropped.
#ifndef JAXRS_GO_SHIM_H
#define JAXRS_GO_SHIM_H
#include <jaxrs/jaxrs.h>

jaxrs_error* shim_context_create(uint32_t abi, const jaxrs_context_options* options, uintptr_t log, jaxrs_context** out);
jaxrs_error* shim_fn_new(jaxrs_context* context, const char* name, size_t name_len, uintptr_t body, jaxrs_fn** out);
jaxrs_error* shim_host_new(jaxrs_context* context, const char* name, size_t name_len, uintptr_t body, jaxrs_host** out);
jaxrs_error* shim_borrow(jaxrs_scope* scope, const void* data, size_t nbytes, jaxrs_dtype dtype, const int64_t* shape, size_t ndim,
                         uintptr_t owner, jaxrs_array** out);

// About how many bytes an array keeps; 0 for a tracer.
int64_t shim_weight(const jaxrs_array* array);

// An error that carries a value of Go, and that value (0 for none).
jaxrs_error* shim_error(jaxrs_code code, const char* msg, size_t msg_len, uintptr_t payload);
uintptr_t shim_error_payload(const jaxrs_error* error);

// Handles of values whose errors are gone; no destructor enters Go.
size_t shim_poll_payloads(uintptr_t* out, size_t cap);
size_t shim_poll_drops(jaxrs_context* context, uintptr_t* out, size_t cap);
#endif
