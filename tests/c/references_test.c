/* References: arrays that programs change. */
#include "check.h"

static jaxrs_ref* ref_of(check* c, jaxrs_array* init) {
    jaxrs_ref* r = NULL;
    OK(jaxrs_ref_new(c->s, init, &r));
    return r;
}

static void holds_at(check* c, int line, jaxrs_ref* r, size_t n, const double* values) {
    jaxrs_array* a = NULL;
    if (ok_at(c, line, jaxrs_ref_get(r, c->s, NULL, 0, &a))) has_values_at(c, line, a, n, values);
    jaxrs_array_release(a);
}
#define HOLDS(r, ...) holds_at(c, __LINE__, r, VALUES(__VA_ARGS__))

CASE(references_are_read_and_written_at_positions) {
    jaxrs_array *x = COUNTING(2, 3), *one = scalar_i32(c, 1), *last = scalar_i32(c, -1), *old = NULL;
    jaxrs_ref* r = ref_of(c, x);
    OK(jaxrs_ref_set(r, c->s, (jaxrs_array* const[]){one, last}, 2, scalar(c, 60)));
    HOLDS(r, 1, 2, 3, 4, 5, 60);
    OK(jaxrs_ref_addupdate(r, c->s, &one, 1, COUNTING(3)));
    HOLDS(r, 1, 2, 3, 5, 7, 63);
    OK(jaxrs_ref_swap(r, c->s, &last, 1, COUNTING(3), &old));
    HAS_VALUES(old, 5, 7, 63);
    jaxrs_array_release(old), old = NULL;
    OK(jaxrs_ref_get(r, c->s, (jaxrs_array* const[]){one, one}, 2, &old));
    HAS_VALUES(old, 2);
    jaxrs_array_release(old);
    HAS_VALUES(x, 1, 2, 3, 4, 5, 6);
    jaxrs_array* out = NULL;
    jaxrs_array* beyond = scalar_i32(c, 7);
    FAILS(jaxrs_ref_get(r, c->s, &beyond, 1, &out), JAXRS_ERR_INVALID_ARGUMENT, "index 7", "Ref{f32[2,3]}");
    FAILS(jaxrs_ref_set(r, c->s, NULL, 0, one), JAXRS_ERR_SHAPE, "[2,3]", "i32[]");
    jaxrs_ref_release(r);
}

/* r[...] *= x; gives the product. */
FN(multiply) {
    expr e = expr_in(s);
    jaxrs_array* now = NULL;
    (void)n;
    if (!e.error) e.error = jaxrs_ref_get(userdata, s, NULL, 0, &now);
    jaxrs_array* product = op_mul(&e, expr_keep(&e, now), a[0]);
    if (!e.error) e.error = jaxrs_ref_set(userdata, s, NULL, 0, product);
    expr_push(&e, out, product);
    return expr_done(&e);
}

CASE(compiled_functions_change_references) {
    jaxrs_ref* r = ref_of(c, scalar(c, 1));
    jaxrs_fn* f = JIT(fn_of(c, "multiply", multiply, r));
    GIVES(f, ARGS(scalar(c, 2)), 2);
    GIVES(f, ARGS(scalar(c, 3)), 6);
    HOLDS(r, 6);
    GIVES(JIT(REMAT(fn_of(c, "multiply", multiply, r))), ARGS(scalar(c, 0.5)), 3);
    HOLDS(r, 3);
    CALL_FAILS(GRAD(fn_of(c, "multiply", multiply, r)), ARGS(scalar(c, 2)), JAXRS_ERR_INVALID_ARGUMENT, "being differentiated", "Ref{f32[]}");
    CALL_FAILS(VMAP(fn_of(c, "multiply", multiply, r)), ARGS(COUNTING(2)), JAXRS_ERR_INVALID_ARGUMENT, "batched by vmap");
    HOLDS(r, 3);
    jaxrs_array* last = NULL;
    OK(jaxrs_ref_freeze(r, c->s, &last));
    HAS_VALUES(keep_array(c, last), 3);
    FAILS(jaxrs_ref_freeze(r, c->s, &last), JAXRS_ERR_INVALID_ARGUMENT, "frozen");
    jaxrs_ref_release(r);
}

FN(accumulate) {
    expr e = expr_in(s);
    (void)n;
    if (!e.error) e.error = jaxrs_ref_addupdate(userdata, s, NULL, 0, op_mul(&e, a[0], a[0]));
    return expr_push(&e, out, a[0]), expr_done(&e);
}

/* The sum of squares of the elements of a vector, by a loop that adds to a reference. */
FN(sum_of_squares) {
    expr e = expr_in(s);
    jaxrs_ref* r = NULL;
    jaxrs_fn* body = NULL;
    jaxrs_results* ys = NULL;
    jaxrs_array* total = NULL;
    (void)n;
    if (!e.error) e.error = jaxrs_ref_new(s, op_num(&e, 0, a[0]), &r);
    if (!e.error) e.error = jaxrs_fn_new(userdata, "accumulate", 10, accumulate, r, NULL, NULL, &body);
    if (!e.error) e.error = jaxrs_results_new(&ys);
    if (!e.error) e.error = jaxrs_map(s, body, a, 1, 0, ys);
    if (!e.error) e.error = jaxrs_ref_freeze(r, s, &total);
    expr_push(&e, out, expr_keep(&e, total));
    jaxrs_fn_release(body), jaxrs_ref_release(r), jaxrs_results_release(ys);
    return expr_done(&e);
}

CASE(references_inside_of_functions_go_through_transforms) {
    jaxrs_fn* f = fn_of(c, "sum_of_squares", sum_of_squares, c->ctx);
    GIVES(f, ARGS(COUNTING(3)), 14);
    GIVES(JIT(GRAD(f)), ARGS(COUNTING(3)), 2, 4, 6);
    GIVES(VMAP(GRAD(f)), ARGS(COUNTING(2, 2)), 2, 4, 6, 8);
}
