/* exchange save FILE: saves the gradient of x sin x. exchange load FILE...: prints what each saved one gives. */
#include "show.h"
#include <string.h>

static jaxrs_error* f(void* userdata, jaxrs_scope* s, jaxrs_array* const* x, size_t n, jaxrs_results* out) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    expr_push(&e, out, op_mul(&e, x[0], op_sin(&e, x[0])));
    return expr_done(&e);
}

static jaxrs_error* save(jaxrs_context* ctx, jaxrs_scope* s, const char* path) {
    const int64_t three = 3;
    const jaxrs_aval aval = {JAXRS_F32, 0, 1, &three};
    jaxrs_fn *plain = NULL, *gradient = NULL, *mapped = NULL;
    jaxrs_program* program = NULL;
    jaxrs_error* err = jaxrs_fn_new(ctx, "f", 1, f, NULL, NULL, NULL, &plain);
    if (!err) err = jaxrs_grad(plain, NULL, &gradient);
    if (!err) err = jaxrs_vmap(gradient, NULL, &mapped);
    if (!err) err = jaxrs_fn_trace(mapped, s, &aval, 1, &program);
    if (!err) err = jaxrs_program_save_file(program, path, strlen(path));
    jaxrs_fn_release(plain), jaxrs_fn_release(gradient), jaxrs_fn_release(mapped), jaxrs_program_release(program);
    return err;
}

static jaxrs_error* load(jaxrs_context* ctx, jaxrs_scope* s, const char* path) {
    const float points[] = {0.5, 1.5, 2.5};
    const int64_t three = 3;
    jaxrs_program* program = NULL;
    jaxrs_fn* fn = NULL;
    jaxrs_array *x = NULL, *y = NULL;
    jaxrs_results* r = NULL;
    jaxrs_bytes* text = NULL;
    jaxrs_error* err = jaxrs_program_load_file(ctx, path, strlen(path), &program);
    if (!err) err = jaxrs_fn_from_program(program, &fn);
    if (!err) err = jaxrs_array_from_host(s, points, sizeof points, JAXRS_F32, &three, 1, NULL, NULL, &x);
    if (!err) err = jaxrs_results_new(&r);
    if (!err) err = jaxrs_fn_call(fn, s, &x, 1, r);
    if (!err) y = jaxrs_results_get(r, 0), err = jaxrs_array_print(y, &text);
    if (!err) printf("%.*s\n", (int)jaxrs_bytes_len(text), (const char*)jaxrs_bytes_data(text));
    jaxrs_program_release(program), jaxrs_fn_release(fn), jaxrs_array_release(x), jaxrs_array_release(y);
    jaxrs_results_release(r), jaxrs_bytes_release(text);
    return err;
}

int main(int argc, char** argv) {
    jaxrs_context* ctx = NULL;
    jaxrs_error* err = jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx);
    for (int i = 2; i < argc && !err; i++)
        err = (strcmp(argv[1], "save") ? load : save)(ctx, jaxrs_context_scope(ctx), argv[i]);
    if (err) fprintf(stderr, "%s\n", jaxrs_error_message(err, NULL));
    int failed = err != NULL;
    jaxrs_error_release(err), jaxrs_context_release(ctx);
    return failed;
}
