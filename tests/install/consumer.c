/* A program of a user: prints sin(1) as jaxrs computes it. */
#include <jaxrs/jaxrs.h>
#include <stdio.h>

int main(void) {
    jaxrs_context* ctx = NULL;
    jaxrs_array *x = NULL, *y = NULL;
    double value = 0;
    jaxrs_error* err = jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx);
    if (!err) err = jaxrs_array_full_f64(jaxrs_context_scope(ctx), 1.0, JAXRS_F64, NULL, 0, &x);
    if (!err) err = jaxrs_op_sin(jaxrs_context_scope(ctx), x, &y);
    if (!err) err = jaxrs_array_item_f64(y, &value);
    printf("%s %.6f\n", err ? jaxrs_error_message(err, NULL) : "sin(1) =", value);
    jaxrs_array_release(x), jaxrs_array_release(y);
    jaxrs_error_release(err);
    jaxrs_context_release(ctx);
    return value < 0.8414 || value > 0.8415;
}
