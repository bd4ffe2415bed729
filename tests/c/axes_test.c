/* Named axes, batching rules, several devices, and loops made of loops through the C API. */
#include "check.h"

#define NAME(text) (text), sizeof(text) - 1

static jaxrs_array* op_psum(expr* e, const jaxrs_array* x) {
    EXPR_RETURN(e, jaxrs_op_psum(e->scope, x, NAME("i"), &out));
}

static jaxrs_array* op_axis_index(expr* e) { EXPR_RETURN(e, jaxrs_op_axis_index(e->scope, NAME("i"), &out)); }

FN(centred) RETURNS(op_sub(&e, a[0], op_psum(&e, a[0])))
FN(total) RETURNS(op_psum(&e, a[0]))
FN(position) RETURNS(op_axis_index(&e))
FN(sum_of_squares) RETURNS(op_psum(&e, op_mul(&e, a[0], a[0])))
FN(twice) RETURNS(op_add(&e, a[0], a[0]))
FN(plus) RETURNS(op_add(&e, a[0], a[1]))

static jaxrs_fn* named(check* c, jaxrs_fn* f) {
    jaxrs_vmap_options o = JAXRS_VMAP_OPTIONS_INIT;
    o.axis_name = "i", o.axis_name_len = 1;
    jaxrs_fn* mapped = NULL;
    OK(jaxrs_vmap(f, &o, &mapped));
    return keep_fn(c, mapped);
}

CASE(collectives_run_over_named_axes) {
    GIVES(named(c, FN_OF(centred)), ARGS(COUNTING(3)), -5, -4, -3);
    GIVES(JIT(named(c, JIT(FN_OF(centred)))), ARGS(COUNTING(3)), -5, -4, -3);
    GIVES(named(c, FN_OF(position)), ARGS(COUNTING(3)), 0, 1, 2);
    GIVES(named(c, GRAD(FN_OF(sum_of_squares))), ARGS(COUNTING(2)), 4, 8);
}

CASE(an_axis_that_nobody_binds_is_named) {
    CALL_FAILS(FN_OF(total), ARGS(COUNTING(3)), JAXRS_ERR_INVALID_ARGUMENT, "psum", "'i'");
}

static void stop_counting(void* userdata) { ++*(int*)userdata; }

/* Twice the sum of what is batched, for all examples alike. */
static jaxrs_error* rule(void* userdata, jaxrs_scope* s, size_t axis_size, jaxrs_array* const* a,
                         const uint8_t* in_batched, size_t n, jaxrs_results* out, uint8_t* out_batched, size_t n_outputs) {
    (void)userdata;
    if (axis_size != 3 || n != 1 || n_outputs != 1 || !in_batched[0]) return jaxrs_error_new(JAXRS_ERR_INVALID_ARGUMENT, "odd", 3);
    expr e = expr_in(s);
    jaxrs_array* sum = op_reduce_sum(&e, a[0], EXPR_ALL, 0);
    out_batched[0] = 0;
    expr_push(&e, out, op_add(&e, sum, sum));
    return expr_done(&e);
}

CASE(a_batching_rule_of_the_callers) {
    static int drops; /* counted again when the functions made of `f` go, which is after this case */
    drops = 0;
    jaxrs_fn *f = NULL, *loop = NULL;
    OK(jaxrs_custom_vmap(FN_OF(twice), rule, &drops, stop_counting, 1, &f));
    GIVES(f, ARGS(scalar(c, 2)), 4);
    GIVES(VMAP(f), ARGS(COUNTING(3)), 12, 12, 12);
    GIVES(JIT(VMAP(JIT(f))), ARGS(COUNTING(3)), 12, 12, 12);
    CALL_FAILS(VMAP(f), ARGS(COUNTING(2)), JAXRS_ERR_INVALID_ARGUMENT, "odd");
    CALL_FAILS(GRAD(f), ARGS(scalar(c, 2)), JAXRS_ERR_UNIMPLEMENTED, "custom_vmap");
    jaxrs_fn_release(f);
    OK(jaxrs_sequential_vmap(FN_OF(twice), &loop));
    GIVES(VMAP(keep_fn(c, loop)), ARGS(COUNTING(3)), 2, 4, 6);
    FAILS(jaxrs_custom_vmap(FN_OF(twice), NULL, &drops, stop_counting, 1, &f), JAXRS_ERR_INVALID_ARGUMENT, "rule");
    EXPECT(drops == 1);
}

CASE(several_devices_take_a_shard_each) {
    jaxrs_shard_map_options o = JAXRS_SHARD_MAP_OPTIONS_INIT;
    o.mesh = "i=2", o.mesh_len = 3;
    o.in_specs = "i", o.in_specs_len = 1;
    jaxrs_fn *cut = NULL, *parallel = NULL;
    OK(jaxrs_shard_map(FN_OF(total), &o, &cut));
    keep_fn(c, cut);
    CALL_FAILS(cut, ARGS(COUNTING(4)), JAXRS_ERR_INVALID_ARGUMENT, "2 devices", "has 1");
    OK(jaxrs_pmap(FN_OF(twice), NULL, &parallel));
    keep_fn(c, parallel);
    GIVES(parallel, ARGS(COUNTING(1)), 2);
    CALL_FAILS(parallel, ARGS(COUNTING(2)), JAXRS_ERR_INVALID_ARGUMENT, "pmap", "2 devices");

    jaxrs_context_options two = JAXRS_CONTEXT_OPTIONS_INIT;
    two.num_devices = 2;
    check d = *c;
    OK(jaxrs_context_create(JAXRS_ABI_VERSION, &two, &d.ctx));
    d.s = jaxrs_context_scope(d.ctx);
    jaxrs_fn *f = NULL, *g = NULL;
    OK(jaxrs_fn_new(d.ctx, NAME("total"), total, NULL, NULL, NULL, &f));
    OK(jaxrs_shard_map(f, &o, &g));
    jaxrs_array* x = counting(&d, JAXRS_F32, SHAPE(4));
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    OK(jaxrs_fn_call(g, d.s, LIST(x), r));
    jaxrs_array* y = jaxrs_results_get(r, 0);
    HAS_VALUES(y, 4, 6);
    jaxrs_array_release(y);
    jaxrs_results_release(r);
    jaxrs_fn_release(g), jaxrs_fn_release(f);
    jaxrs_context_release(d.ctx);

    o.mesh = "i:2";
    FAILS(jaxrs_shard_map(FN_OF(total), &o, &g), JAXRS_ERR_INVALID_ARGUMENT, "o->mesh", "i:2");
}

FN(prefixes) {
    jaxrs_fn* f = userdata;
    (void)n;
    return jaxrs_associative_scan(s, f, a, 1, 0, JAXRS_SCAN_REVERSE, out);
}

FN(mapped) {
    (void)n;
    return jaxrs_map(s, userdata, a, 1, 2, out);
}

FN(second_plus_one) RETURNS(op_add(&e, a[1], op_num(&e, 1, a[1])))

FN(counted) {
    (void)n;
    return jaxrs_fori_loop(s, a[0], a[1], userdata, a + 2, 1, 0, out);
}

CASE(loops_made_of_loops) {
    jaxrs_fn* sums = fn_of(c, "prefixes", prefixes, FN_OF(plus));
    GIVES(sums, ARGS(COUNTING(4)), 10, 9, 7, 4);
    GIVES(JIT(sums), ARGS(COUNTING(5)), 15, 14, 12, 9, 5);
    jaxrs_fn* each = fn_of(c, "mapped", mapped, FN_OF(twice));
    GIVES(each, ARGS(COUNTING(5)), 2, 4, 6, 8, 10);
    GIVES(JIT(each), ARGS(COUNTING(5)), 2, 4, 6, 8, 10);
    jaxrs_fn* steps = fn_of(c, "counted", counted, FN_OF(second_plus_one));
    GIVES(steps, ARGS(scalar_i32(c, 2), scalar_i32(c, 7), scalar(c, 10)), 15);
    GIVES(JIT(steps), ARGS(scalar_i32(c, 2), scalar_i32(c, 7), scalar(c, 10)), 15);
}
