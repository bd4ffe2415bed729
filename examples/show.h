/* Printing what a function does: its jaxpr, and its value at a point. */
#ifndef SHOW_H
#define SHOW_H
#include "expr.h"
#include <stdio.h>

/* Prints the jaxpr of `f` for an argument like `x`, and f(x). */
static inline jaxrs_error* show(const char* name, jaxrs_fn* f, jaxrs_scope* s, jaxrs_array* x) {
    jaxrs_aval aval = {jaxrs_array_dtype(x), 0, jaxrs_array_ndim(x), jaxrs_array_shape(x)};
    jaxrs_program* program = NULL;
    jaxrs_bytes *text = NULL, *value = NULL;
    jaxrs_array* y = NULL;
    expr e = expr_in(s);
    if (!e.error) e.error = jaxrs_fn_trace(f, s, &aval, 1, &program);
    if (!e.error) e.error = jaxrs_program_text(program, JAXRS_TEXT_JAXPR, &text);
    expr_call(&e, f, &x, 1, &y, 1);
    if (!e.error) e.error = jaxrs_array_print(y, &value);
    if (!e.error) printf("%s: %s\n  = %s\n", name, (const char*)jaxrs_bytes_data(text), (const char*)jaxrs_bytes_data(value));
    jaxrs_bytes_release(value), jaxrs_bytes_release(text), jaxrs_program_release(program);
    return expr_done(&e);
}

#endif
