/* f(x) = x sin x: its derivatives, and all of it for many x at once. */
#include <jaxrs/jaxrs.h>
#include <stdio.h>
#define TRY(call) do { if ((err = (call))) goto done; } while (0) /* on the first error, clean up and leave */

static jaxrs_error* f(void* userdata, jaxrs_scope* s, jaxrs_array* const* x, size_t n, jaxrs_results* out) {
    jaxrs_array *sine = NULL, *y = NULL;
    jaxrs_error* err;
    (void)userdata, (void)n;
    TRY(jaxrs_op_sin(s, x[0], &sine));
    TRY(jaxrs_op_mul(s, x[0], sine, &y));
    err = jaxrs_results_push(out, y);
done:
    jaxrs_array_release(sine), jaxrs_array_release(y);
    return err;
}

/* Prints the jaxpr of `fn` at the shape of `x`, and its value there. */
static jaxrs_error* show(const char* name, jaxrs_fn* fn, jaxrs_scope* s, jaxrs_array* x) {
    jaxrs_aval aval = {jaxrs_array_dtype(x), 0, jaxrs_array_ndim(x), jaxrs_array_shape(x)};
    jaxrs_program* program = NULL;
    jaxrs_bytes *text = NULL, *value = NULL;
    jaxrs_results* results = NULL;
    jaxrs_array* y = NULL;
    jaxrs_error* err;
    TRY(jaxrs_fn_trace(fn, s, &aval, 1, &program));
    TRY(jaxrs_program_text(program, JAXRS_TEXT_JAXPR, &text));
    TRY(jaxrs_results_new(&results));
    TRY(jaxrs_fn_call(fn, s, &x, 1, results));
    y = jaxrs_results_get(results, 0);
    TRY(jaxrs_array_print(y, &value));
    printf("%s: %s\n  = %s\n", name, (const char*)jaxrs_bytes_data(text), (const char*)jaxrs_bytes_data(value));
done:
    jaxrs_array_release(y), jaxrs_results_release(results), jaxrs_bytes_release(value);
    jaxrs_bytes_release(text), jaxrs_program_release(program);
    return err;
}

int main(void) {
    static const char* const names[] = {"f", "grad f", "grad grad f", "vmap grad grad f"};
    const float points[] = {0.0f, 1.0f, 2.0f};
    const int64_t three = 3;
    jaxrs_context* ctx = NULL;
    jaxrs_fn* fns[4] = {NULL};
    jaxrs_array *x = NULL, *xs = NULL;
    jaxrs_error* err;
    TRY(jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx));
    jaxrs_scope* s = jaxrs_context_scope(ctx);
    TRY(jaxrs_array_full_f64(s, 1.0, JAXRS_F32, NULL, 0, &x));
    TRY(jaxrs_array_from_host(s, points, sizeof points, JAXRS_F32, &three, 1, NULL, NULL, &xs));
    TRY(jaxrs_fn_new(ctx, "f", 1, f, NULL, NULL, NULL, &fns[0]));
    TRY(jaxrs_grad(fns[0], NULL, &fns[1]));
    TRY(jaxrs_grad(fns[1], NULL, &fns[2]));
    TRY(jaxrs_vmap(fns[2], NULL, &fns[3]));
    for (int i = 0; i < 4; i++) TRY(show(names[i], fns[i], s, i < 3 ? x : xs));
    printf("hello_grad: ok functions=4\n");
done:
    if (err) fprintf(stderr, "hello_grad: %s\n", jaxrs_error_message(err, NULL));
    int failed = err != NULL;
    for (int i = 0; i < 4; i++) jaxrs_fn_release(fns[i]);
    jaxrs_array_release(x), jaxrs_array_release(xs), jaxrs_error_release(err), jaxrs_context_release(ctx);
    return failed;
}
