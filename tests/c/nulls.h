/* Valid arguments of every kind, for the test that nulls.py writes. */
#include "check.h"

typedef struct things {
    jaxrs_array* array;
    jaxrs_results* results;
    jaxrs_fn* fn;
    jaxrs_program* program;
    jaxrs_exec* exec;
    jaxrs_attrs* attrs;
    jaxrs_bytes* bytes;
    jaxrs_host* host;
    jaxrs_ref* ref;
    jaxrs_cost cost;
    jaxrs_memory memory;
    jaxrs_aval aval;
    jaxrs_stats stats;
    jaxrs_dtype_info dtype_info;
    int64_t numbers[4];
    uint32_t indices[4];
    float data[16];
    /* where outputs go */
    uint64_t out_u64;
    uint32_t out_u32;
    double out_f64;
    size_t out_size;
    const void* out_data;
    jaxrs_array* out_array;
    jaxrs_fn* out_fn;
    jaxrs_fn* out_other_fn;
    jaxrs_program* out_program;
    jaxrs_bytes* out_bytes;
    jaxrs_results* out_results;
    jaxrs_attrs* out_attrs;
    jaxrs_scope* out_scope;
    jaxrs_context* out_context;
    jaxrs_exec* out_exec;
    jaxrs_host* out_host;
    jaxrs_ref* out_ref;
    struct DLManagedTensorVersioned* out_tensor;
} things;

static jaxrs_error* identity(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)userdata, (void)s;
    return n ? jaxrs_results_push(out, a[0]) : NULL;
}

static jaxrs_error* identity_for_all(void* userdata, jaxrs_scope* s, size_t axis_size, jaxrs_array* const* a, const uint8_t* in_batched,
                                     size_t n, jaxrs_results* out, uint8_t* out_batched, size_t n_outputs) {
    (void)axis_size;
    for (size_t i = 0; i < n && i < n_outputs; i++) out_batched[i] = in_batched[i];
    return identity(userdata, s, a, n, out);
}

static jaxrs_error* with_identity(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out, jaxrs_fn** rule) {
    (void)rule;
    return identity(userdata, s, a, n, out);
}

static uint32_t always(void* userdata, const char* primitive, size_t primitive_len, const char* params, size_t params_len,
                       const jaxrs_aval* operands, size_t n_operands) {
    (void)userdata, (void)primitive, (void)primitive_len, (void)params, (void)params_len, (void)operands, (void)n_operands;
    return 1;
}

static jaxrs_error* itself(void* userdata, jaxrs_scope* s, jaxrs_fn* f, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)f;
    return identity(userdata, s, a, n, out);
}

static jaxrs_error* nothing(void* userdata, const jaxrs_host_buffer* args, size_t n, const jaxrs_host_buffer* results, size_t n_results) {
    (void)userdata, (void)args, (void)n, (void)results, (void)n_results;
    return NULL;
}

static things* make_things(check* c) {
    static things t;
    t = (things){0};
    t.aval = (jaxrs_aval){JAXRS_F32, 0, 0, NULL};
    t.stats.struct_size = sizeof t.stats;
    t.dtype_info.struct_size = sizeof t.dtype_info;
    t.cost = (jaxrs_cost)JAXRS_COST_INIT;
    t.memory = (jaxrs_memory)JAXRS_MEMORY_INIT;
    OK(jaxrs_array_full_f64(c->s, 1, JAXRS_F32, NULL, 0, &t.array));
    OK(jaxrs_results_new(&t.results));
    OK(jaxrs_fn_new(c->ctx, "identity", 8, identity, NULL, NULL, NULL, &t.fn));
    OK(jaxrs_fn_trace(t.fn, c->s, &t.aval, 1, &t.program));
    OK(jaxrs_compile(t.program, NULL, &t.exec));
    OK(jaxrs_attrs_new(&t.attrs));
    OK(jaxrs_array_print(t.array, &t.bytes));
    OK(jaxrs_ref_new(c->s, t.array, &t.ref));
    OK(jaxrs_host_new(c->ctx, "n", 1, nothing, NULL, NULL, &t.host));
    OK(jaxrs_host_register(c->ctx, t.host)); /* names that the test gives are "name" with a length of 1 */
    return &t;
}

/* Releases what a call put out. DLPack's deleter is the third field of its tensor. */
static void reset(things* x) {
    struct tensor { uint32_t version[2]; void* ctx; void (*deleter)(void*); }* tensor = (void*)x->out_tensor;
    if (tensor) tensor->deleter(tensor);
    jaxrs_array_release(x->out_array), jaxrs_fn_release(x->out_fn), jaxrs_program_release(x->out_program);
    jaxrs_exec_release(x->out_exec), jaxrs_bytes_release(x->out_bytes), jaxrs_results_release(x->out_results), jaxrs_attrs_release(x->out_attrs);
    jaxrs_scope_release(x->out_scope), jaxrs_context_release(x->out_context), jaxrs_host_release(x->out_host), jaxrs_ref_release(x->out_ref);
    x->out_host = NULL, x->out_ref = NULL;
    x->out_array = NULL, x->out_fn = NULL, x->out_program = NULL, x->out_bytes = NULL, x->out_results = NULL, x->out_exec = NULL;
    jaxrs_fn_release(x->out_other_fn), x->out_other_fn = NULL;
    x->out_attrs = NULL, x->out_scope = NULL, x->out_context = NULL, x->out_tensor = NULL;
}

static void drop_things(things* x) {
    jaxrs_array_release(x->array), jaxrs_results_release(x->results), jaxrs_fn_release(x->fn);
    jaxrs_exec_release(x->exec), jaxrs_program_release(x->program), jaxrs_attrs_release(x->attrs), jaxrs_bytes_release(x->bytes);
    jaxrs_host_release(x->host), jaxrs_ref_release(x->ref);
}
