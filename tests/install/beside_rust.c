/* libjaxrs.a and another static Rust library in one program. */
#include <jaxrs/jaxrs.h>
#include <stdio.h>

size_t other_library(size_t n);

int main(void) {
    jaxrs_context* ctx = NULL;
    jaxrs_error* err = jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx);
    int ok = !err && other_library(3) == 6;
    jaxrs_error_release(err);
    jaxrs_context_release(ctx);
    return !ok;
}
