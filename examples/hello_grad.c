/* f(x) = x sin x: its derivatives, and all of it for many x at once. */
#include "show.h"

static jaxrs_error* f(void* userdata, jaxrs_scope* s, jaxrs_array* const* x, size_t n, jaxrs_results* out) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    expr_push(&e, out, op_mul(&e, x[0], op_sin(&e, x[0])));
    return expr_done(&e);
}

int main(void) {
    static const char* const names[] = {"f", "grad f", "grad grad f", "vmap grad grad f"};
    const float points[] = {0, 1, 2};
    const int64_t three = 3;
    jaxrs_context* ctx = NULL;
    jaxrs_array* x[4] = {NULL};
    jaxrs_fn* fns[4] = {NULL};
    jaxrs_error* err = jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx);
    jaxrs_scope* s = jaxrs_context_scope(ctx);
    for (int i = 0; i < 3 && !err; i++) err = jaxrs_array_full_f64(s, 1, JAXRS_F32, NULL, 0, &x[i]);
    if (!err) err = jaxrs_array_from_host(s, points, sizeof points, JAXRS_F32, &three, 1, NULL, NULL, &x[3]);
    if (!err) err = jaxrs_fn_new(ctx, "f", 1, f, NULL, NULL, NULL, &fns[0]);
    if (!err) err = jaxrs_grad(fns[0], NULL, &fns[1]);
    if (!err) err = jaxrs_grad(fns[1], NULL, &fns[2]);
    if (!err) err = jaxrs_vmap(fns[2], NULL, &fns[3]);
    for (int i = 0; i < 4 && !err; i++) err = show(names[i], fns[i], s, x[i]);
    printf("hello_grad: %s\n", err ? jaxrs_error_message(err, NULL) : "ok functions=4");
    for (int i = 0; i < 4; i++) jaxrs_array_release(x[i]), jaxrs_fn_release(fns[i]);
    int failed = err != NULL;
    jaxrs_error_release(err), jaxrs_context_release(ctx);
    return failed;
}
