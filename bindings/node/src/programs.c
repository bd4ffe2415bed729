// Programs: as text, compiled, and run on another thread.
#include "addon.h"

// programText(program, dialect)
static napi_value program_text(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_program* p = arg_handle(&c, 0, PROGRAM);
    uint32_t dialect = (uint32_t)arg_int(&c, 1);
    jaxrs_bytes* bytes = NULL;
    if (c.failed || call_threw(&c, jaxrs_program_text(p, dialect, &bytes))) return NULL;
    return text_of(&c, bytes);
}

// programLoad(ctx, bytes): a program
static napi_value program_load(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    void* data = NULL;
    size_t n = 0;
    jaxrs_program* out = NULL;
    if (!c.failed && napi_get_buffer_info(env, c.argv[1], &data, &n) != napi_ok) call_fail(&c, NULL, "a Uint8Array is needed");
    if (!c.failed) call_threw(&c, jaxrs_program_load(ctx, data, n, &out));
    return wrap(&c, PROGRAM, out);
}

static napi_value buffer_of(napi_env env, jaxrs_bytes* bytes) {
    napi_value out = NULL;
    napi_create_buffer_copy(env, jaxrs_bytes_len(bytes), jaxrs_bytes_data(bytes), NULL, &out);
    jaxrs_bytes_release(bytes);
    return out;
}

// programSave(program): a Buffer
static napi_value program_save(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_program* p = arg_handle(&c, 0, PROGRAM);
    jaxrs_bytes* bytes = NULL;
    if (c.failed || call_threw(&c, jaxrs_program_save(p, &bytes))) return NULL;
    return buffer_of(env, bytes);
}

// programExport(program, vjp order): a Buffer, a file of jax.export
static napi_value program_export(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_program* p = arg_handle(&c, 0, PROGRAM);
    size_t order = (size_t)arg_int(&c, 1);
    jaxrs_bytes* bytes = NULL;
    if (c.failed || call_threw(&c, jaxrs_program_export_jax(p, order, &bytes))) return NULL;
    return buffer_of(env, bytes);
}

// programFn(program): the function that it is
static napi_value program_fn(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_program* p = arg_handle(&c, 0, PROGRAM);
    jaxrs_fn* out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_fn_from_program(p, &out));
    return wrap(&c, FN, out);
}

static napi_value compile(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_program* p = arg_handle(&c, 0, PROGRAM);
    jaxrs_exec* out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_compile(p, NULL, &out));
    return wrap(&c, EXEC, out);
}

// execSave(exec): a Buffer
static napi_value exec_save(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_exec* e = arg_handle(&c, 0, EXEC);
    jaxrs_bytes* bytes = NULL;
    if (c.failed || call_threw(&c, jaxrs_exec_save(e, &bytes))) return NULL;
    return buffer_of(env, bytes);
}

// execLoad(ctx, bytes): an executable
static napi_value exec_load(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_context* ctx = arg_handle(&c, 0, CONTEXT);
    void* data = NULL;
    size_t n = 0;
    jaxrs_exec* out = NULL;
    if (!c.failed && napi_get_buffer_info(env, c.argv[1], &data, &n) != napi_ok) call_fail(&c, NULL, "a Uint8Array is needed");
    if (!c.failed) call_threw(&c, jaxrs_exec_load(ctx, data, n, &out));
    return wrap(&c, EXEC, out);
}

// execRun(exec, arrays): results, once they are there
static napi_value exec_run(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    size_t n = 0;
    jaxrs_exec* e = arg_handle(&c, 0, EXEC);
    void** arrays = arg_handles(&c, 1, ARRAY, &n);
    jaxrs_results* results = NULL;
    napi_value out = NULL;
    if (!c.failed) call_threw(&c, jaxrs_results_new(&results));
    if (!c.failed) call_threw(&c, jaxrs_exec_call(e, (jaxrs_array**)arrays, n, results));
    if (!c.failed) out = wrap_results(&c, results);
    jaxrs_results_release(results), free(arrays);
    return out;
}

static void put(napi_env env, napi_value object, const char* name, double number) {
    napi_value value;
    napi_create_double(env, number, &value);
    napi_set_named_property(env, object, name, value);
}

// execCost(exec): what one run computes and moves, and the memory that it takes
static napi_value exec_cost(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    jaxrs_exec* e = arg_handle(&c, 0, EXEC);
    jaxrs_cost cost = JAXRS_COST_INIT;
    jaxrs_memory memory = JAXRS_MEMORY_INIT;
    napi_value out;
    if (c.failed || call_threw(&c, jaxrs_exec_cost(e, &cost)) || call_threw(&c, jaxrs_exec_memory(e, &memory))) return NULL;
    napi_create_object(env, &out);
    put(env, out, "flops", cost.flops);
    put(env, out, "transcendentals", cost.transcendentals);
    put(env, out, "bytesAccessed", cost.bytes_accessed);
    put(env, out, "argumentBytes", (double)memory.argument_bytes);
    put(env, out, "outputBytes", (double)memory.output_bytes);
    put(env, out, "aliasBytes", (double)memory.alias_bytes);
    put(env, out, "tempBytes", (double)memory.temp_bytes);
    put(env, out, "codeBytes", (double)memory.code_bytes);
    return out;
}

// A run on a thread of libuv's. Programs with host functions of JavaScript may not go there.
typedef struct job {
    napi_async_work work;
    napi_deferred deferred;
    jaxrs_exec* exec;
    napi_ref keep; // what the run needs: the executable and its arguments
    void** arrays;
    size_t n;
    jaxrs_results* results;
    jaxrs_error* error;
} job;

static void execute(napi_env env, void* data) {
    job* j = data;
    (void)env;
    j->error = jaxrs_results_new(&j->results);
    if (!j->error) j->error = jaxrs_exec_call(j->exec, (jaxrs_array**)j->arrays, j->n, j->results);
}

static void complete(napi_env env, napi_status status, void* data) {
    job* j = data;
    call c = {.env = env};
    napi_value value;
    if (status != napi_ok && !j->error) j->error = jaxrs_error_new(JAXRS_ERR_CANCELLED, "the run was cancelled", 21);
    if (call_threw(&c, j->error)) {
        napi_get_and_clear_last_exception(env, &value);
        napi_reject_deferred(env, j->deferred, value);
    } else {
        napi_resolve_deferred(env, j->deferred, wrap_results(&c, j->results));
    }
    jaxrs_results_release(j->results);
    napi_delete_reference(env, j->keep);
    napi_delete_async_work(env, j->work);
    free(j->arrays), free(j);
}

// execCall(exec, arrays): a promise
static napi_value exec_call(napi_env env, napi_callback_info info) {
    call c = call_begin(env, info);
    job* j = calloc(1, sizeof *j);
    napi_value promise, name, keep;
    j->exec = arg_handle(&c, 0, EXEC);
    j->arrays = arg_handles(&c, 1, ARRAY, &j->n);
    if (c.failed) return free(j->arrays), free(j), NULL;
    napi_create_array_with_length(env, 2, &keep);
    napi_set_element(env, keep, 0, c.argv[0]), napi_set_element(env, keep, 1, c.argv[1]);
    napi_create_reference(env, keep, 1, &j->keep);
    napi_create_promise(env, &j->deferred, &promise);
    napi_create_string_utf8(env, "jaxrs", NAPI_AUTO_LENGTH, &name);
    napi_create_async_work(env, NULL, name, execute, complete, j, &j->work);
    napi_queue_async_work(env, j->work);
    return promise;
}

static napi_value version(napi_env env, napi_callback_info info) {
    napi_value out;
    (void)info;
    napi_create_string_utf8(env, jaxrs_version_string(), NAPI_AUTO_LENGTH, &out);
    return out;
}

void define_programs(napi_env env, napi_value exports) {
    define(env, exports, "programText", program_text);
    define(env, exports, "programLoad", program_load);
    define(env, exports, "programSave", program_save);
    define(env, exports, "programFn", program_fn);
    define(env, exports, "compile", compile);
    define(env, exports, "programExport", program_export);
    define(env, exports, "execCall", exec_call);
    define(env, exports, "execCost", exec_cost);
    define(env, exports, "execLoad", exec_load);
    define(env, exports, "execRun", exec_run);
    define(env, exports, "execSave", exec_save);
    define(env, exports, "version", version);
}
