// The Node addon: the C interface for JavaScript, in flat lists. lib/ makes trees, transforms and operations of it.
#ifndef JAXRS_NODE_ADDON_H
#define JAXRS_NODE_ADDON_H
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#define NAPI_VERSION 9
#include <node_api.h>
#include <jaxrs/jaxrs.h>

// What each environment (the main thread, and each worker) has of its own.
typedef struct instance {
    napi_env env;
    char tag;             // its address says whose payload an error carries
    struct held* dropped; // payloads whose errors are gone; freed on the environment's thread
    void* lock;
} instance;

// A value of JavaScript that the library keeps.
typedef struct held {
    struct held* next;
    instance* owner;
    napi_ref ref;
} held;

instance* instance_of(napi_env env);
void collect_payloads(instance* self);

// Arguments of a call. `failed` is set once something is wrong, and an exception is pending.
typedef struct call {
    napi_env env;
    napi_value argv[10];
    size_t argc;
    bool failed;
} call;

call call_begin(napi_env env, napi_callback_info info);
void call_fail(call* c, const char* code, const char* message);
// Throws what a call of the library gave; false for none.
bool call_threw(call* c, jaxrs_error* error);
// A recovered exception as an error that brings it back out.
jaxrs_error* pending_exception(napi_env env);

// Arguments by position.
double arg_number(call* c, size_t i);
int64_t arg_int(call* c, size_t i);
bool arg_given(call* c, size_t i); // neither missing nor undefined nor null
char* arg_text(call* c, size_t i, size_t* len);
int64_t* arg_ints(call* c, size_t i, size_t* n);
uint32_t* arg_indices(call* c, size_t i, size_t* n);

// Handles are externals of these kinds; a released one holds NULL.
typedef enum kind { CONTEXT, SCOPE, ARRAY, FN, PROGRAM, EXEC, HOST } kind;
void* arg_handle(call* c, size_t i, kind k);
void** arg_handles(call* c, size_t i, kind k, size_t* n);
napi_value wrap(call* c, kind k, void* handle); // takes over a reference
napi_value wrap_results(call* c, jaxrs_results* results);
bool is_kind(napi_env env, napi_value value, kind k, void** handle);

// A text of the library's, which is released.
napi_value text_of(call* c, jaxrs_bytes* bytes);

void define_arrays(napi_env env, napi_value exports);
void define_functions(napi_env env, napi_value exports);
void define_control(napi_env env, napi_value exports);
void define_programs(napi_env env, napi_value exports);
void define(napi_env env, napi_value exports, const char* name, napi_callback f);
#endif
