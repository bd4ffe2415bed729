/* Bad input and failing callbacks: the error names what was wrong, nothing leaks, the context stays usable. */
#include "check.h"

FN(square) RETURNS(op_mul(&e, a[0], a[0]))
FN(product) RETURNS(op_mul(&e, a[0], a[1]))
FN(total) RETURNS(op_reduce_sum(&e, a[0], EXPR_ALL, 0))

/* After an error the same context still computes. */
static void still_usable(check* c) { GIVES(JIT(GRAD(FN_OF(square))), ARGS(scalar(c, 3)), 6); }

/* ---- error objects ---- */

static void count_drop(void* userdata) { ++*(int*)userdata; }

CASE(an_error_has_code_message_and_detail) {
    size_t len = 0;
    jaxrs_error* err = jaxrs_error_new(JAXRS_ERR_IO, "the disk is full", 16);
    EXPECT(jaxrs_error_code(err) == JAXRS_ERR_IO);
    EXPECT(strcmp(jaxrs_error_message(err, &len), "the disk is full") == 0 && len == 16);
    EXPECT(jaxrs_error_detail(err, &len) != NULL);
    jaxrs_error_release(err);
    EXPECT(jaxrs_error_code(NULL) == JAXRS_OK);
    jaxrs_error_release(NULL);
}

CASE(a_payload_is_found_by_its_tag_and_dropped_once) {
    int drops = 0;
    static const char mine, other;
    jaxrs_error* err = jaxrs_error_new_with_payload(JAXRS_ERR_CALLBACK, "boom", 4, &mine, &drops, count_drop);
    EXPECT(jaxrs_error_payload(err, &mine) == &drops);
    EXPECT(jaxrs_error_payload(err, &other) == NULL);
    EXPECT(drops == 0);
    jaxrs_error_release(err);
    EXPECT(drops == 1);
}

/* ---- contexts ---- */

CASE(another_abi_version_is_refused) {
    jaxrs_context* other = NULL;
    FAILS(jaxrs_context_create(JAXRS_ABI_VERSION + 0x10000u, NULL, &other), JAXRS_ERR_INCOMPATIBLE);
    EXPECT(other == NULL);
}

CASE(options_may_be_smaller_or_larger) {
    struct { jaxrs_context_options options; uint64_t later[4]; } larger = {JAXRS_CONTEXT_OPTIONS_INIT, {0}};
    jaxrs_context_options smaller = JAXRS_CONTEXT_OPTIONS_INIT;
    jaxrs_context* other = NULL;
    smaller.struct_size = 12;
    OK(jaxrs_context_create(JAXRS_ABI_VERSION, &smaller, &other));
    jaxrs_context_release(other);
    larger.options.struct_size = sizeof larger;
    OK(jaxrs_context_create(JAXRS_ABI_VERSION, &larger.options, &other));
    jaxrs_context_release(other);
    larger.later[2] = 1;
    FAILS(jaxrs_context_create(JAXRS_ABI_VERSION, &larger.options, &other), JAXRS_ERR_INVALID_ARGUMENT);
}

CASE(arrays_of_another_context_are_refused) {
    jaxrs_context* other = NULL;
    jaxrs_array *theirs = NULL, *sum = NULL;
    OK(jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &other));
    OK(jaxrs_array_full_f64(jaxrs_context_scope(other), 1, JAXRS_F32, NULL, 0, &theirs));
    jaxrs_error* err = jaxrs_op_add(c->s, scalar(c, 1), theirs, &sum);
    if (err) EXPECT(jaxrs_error_code(err) == JAXRS_ERR_INVALID_ARGUMENT || jaxrs_error_code(err) == JAXRS_ERR_TRACER_SCOPE);
    else HAS_VALUES(sum, 2);
    jaxrs_error_release(err);
    jaxrs_array_release(sum), jaxrs_array_release(theirs);
    jaxrs_context_release(other);
}

/* ---- callbacks that fail ---- */

typedef struct nest {
    check* c;
    jaxrs_fn* inner;
    const void* tag;
    int* drops;
} nest;

FN(failing) {
    const nest* x = userdata;
    (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_sin(&e, a[0])); /* what was pushed is dropped */
    jaxrs_error* err = expr_done(&e);
    return err ? err : jaxrs_error_new_with_payload(JAXRS_ERR_CALLBACK, "the user's own error", 20, x->tag, x->drops, count_drop);
}

FN(calling) {
    const nest* x = userdata;
    return jaxrs_fn_call(x->inner, s, a, n, out);
}

static void fails_with_payload(check* c, jaxrs_fn* f, jaxrs_array* x, nest* level) {
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    int drops = *level->drops;
    jaxrs_error* err = jaxrs_fn_call(f, c->s, &x, 1, r);
    EXPECT(jaxrs_error_code(err) == JAXRS_ERR_CALLBACK);
    if (err) EXPECT_TEXT(jaxrs_error_message(err, NULL), "the user's own error");
    EXPECT(jaxrs_error_payload(err, level->tag) == level->drops);
    EXPECT(*level->drops == drops);
    EXPECT(jaxrs_results_len(r) == 0);
    jaxrs_error_release(err);
    EXPECT(*level->drops == drops + 1);
    jaxrs_results_release(r);
}

CASE(a_callback_error_comes_back_unchanged_from_every_transform) {
    static const char tag;
    int drops = 0;
    nest level = {c, NULL, &tag, &drops};
    jaxrs_fn* f = fn_of(c, "failing", failing, &level);
    fails_with_payload(c, f, scalar(c, 1), &level);
    fails_with_payload(c, GRAD(f), scalar(c, 1), &level);
    fails_with_payload(c, JIT(f), scalar(c, 1), &level);
    fails_with_payload(c, VMAP(f), COUNTING(2), &level);
    fails_with_payload(c, REMAT(f), scalar(c, 1), &level);
    fails_with_payload(c, JIT(GRAD(f)), scalar(c, 1), &level);
    fails_with_payload(c, GRAD(JIT(f)), scalar(c, 1), &level);
    fails_with_payload(c, VMAP(JIT(GRAD(REMAT(f)))), COUNTING(2), &level);
    still_usable(c);
}

CASE(a_callback_error_comes_back_from_ten_levels_down) {
    static const char tag;
    int drops = 0;
    nest levels[10];
    jaxrs_fn* f = fn_of(c, "failing", failing, &(nest){c, NULL, &tag, &drops});
    for (int i = 0; i < 10; i++) {
        levels[i] = (nest){c, i % 3 == 0 ? JIT(f) : i % 3 == 1 ? GRAD(f) : REMAT(f), &tag, &drops};
        f = fn_of(c, "calling", calling, &levels[i]);
    }
    fails_with_payload(c, f, scalar(c, 1), &levels[0]);
    still_usable(c);
}

CASE(the_detail_tells_what_was_traced) {
    static const char tag;
    int drops = 0;
    nest level = {c, NULL, &tag, &drops};
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    jaxrs_array* x = scalar(c, 1);
    jaxrs_error* err = jaxrs_fn_call(JIT(GRAD(fn_of(c, "my_model", failing, &level))), c->s, &x, 1, r);
    if (EXPECT(err != NULL)) EXPECT_TEXT(jaxrs_error_detail(err, NULL), "my_model");
    jaxrs_error_release(err);
    jaxrs_results_release(r);
}

typedef struct loop_parts { jaxrs_fn *good, *bad; } loop_parts;
FN(scanning) {
    const loop_parts* p = userdata;
    (void)n;
    return jaxrs_scan(s, p->bad, a, 1, NULL, 0, 3, 0, 1, out);
}
FN(branching) {
    const loop_parts* p = userdata;
    (void)n;
    expr e = expr_in(s);
    jaxrs_array* yes = op_gt(&e, a[0], op_num(&e, 0, a[0]));
    if (!e.error) e.error = jaxrs_cond(s, yes, p->good, p->bad, a, 1, out);
    return expr_done(&e);
}

CASE(a_callback_error_comes_back_from_loops_and_branches) {
    static const char tag;
    int drops = 0;
    nest level = {c, NULL, &tag, &drops};
    loop_parts p = {FN_OF(square), fn_of(c, "failing", failing, &level)};
    jaxrs_fn *scan = fn_of(c, "scanning", scanning, &p), *cond = fn_of(c, "branching", branching, &p);
    fails_with_payload(c, scan, scalar(c, 1), &level);
    fails_with_payload(c, JIT(GRAD(scan)), scalar(c, 1), &level);
    fails_with_payload(c, JIT(cond), scalar(c, 1), &level);
    fails_with_payload(c, VMAP(GRAD(cond)), COUNTING(2), &level);
    still_usable(c);
}

CASE(a_function_object_is_dropped_once_also_on_failure) {
    int drops = 0;
    jaxrs_fn* f = NULL;
    OK(jaxrs_fn_new(c->ctx, "f", 1, square, &drops, count_drop, NULL, &f));
    jaxrs_fn *g = JIT(f);
    jaxrs_fn_release(f);
    EXPECT(drops == 0); /* g holds it */
    GIVES(g, ARGS(scalar(c, 2)), 4);
    FAILS(jaxrs_fn_new(NULL, "f", 1, square, &drops, count_drop, NULL, &f), JAXRS_ERR_INVALID_ARGUMENT);
    EXPECT(drops == 1 && f == NULL);
    FAILS(jaxrs_fn_new(c->ctx, "f", 1, NULL, &drops, count_drop, NULL, &f), JAXRS_ERR_INVALID_ARGUMENT);
    EXPECT(drops == 2);
    FAILS(jaxrs_fn_new(c->ctx, "\xff", 1, square, &drops, count_drop, NULL, &f), JAXRS_ERR_INVALID_ARGUMENT, "UTF-8");
    EXPECT(drops == 3);
}

/* ---- tracers out of place ---- */

static jaxrs_array* escaped;
FN(leaking) {
    (void)userdata, (void)n;
    jaxrs_array_release(escaped);
    escaped = NULL;
    jaxrs_error* err = jaxrs_op_sin(s, a[0], &escaped);
    return err ? err : jaxrs_results_push(out, a[0]);
}

static void use_escaped(check* c, jaxrs_fn* f, jaxrs_array* x) {
    jaxrs_array* y = NULL;
    double v = 0;
    jaxrs_results_release(call_at(c, __LINE__, f, ARGS(x)));
    EXPECT(jaxrs_array_is_tracer(escaped) && jaxrs_array_dtype(escaped) == JAXRS_F32); /* its type stays known */
    FAILS(jaxrs_op_sin(c->s, escaped, &y), JAXRS_ERR_TRACER_ESCAPED, "leaking");
    EXPECT(y == NULL);
    jaxrs_error* err = jaxrs_array_item_f64(escaped, &v);
    EXPECT(jaxrs_error_code(err) == JAXRS_ERR_TRACER_ESCAPED || jaxrs_error_code(err) == JAXRS_ERR_CONCRETIZATION);
    jaxrs_error_release(err);
    jaxrs_array_release(escaped);
    escaped = NULL;
}

CASE(a_tracer_is_dead_after_its_trace) {
    use_escaped(c, JIT(FN_OF(leaking)), scalar(c, 1));
    use_escaped(c, GRAD(FN_OF(leaking)), scalar(c, 1));
    use_escaped(c, VMAP(FN_OF(leaking)), COUNTING(2));
    still_usable(c);
}

FN(using_eager_scope) {
    const check* c = userdata;
    jaxrs_array* y = NULL;
    (void)s, (void)n;
    jaxrs_error* err = jaxrs_op_sin(c->s, a[0], &y);
    if (!err) err = jaxrs_results_push(out, y);
    jaxrs_array_release(y);
    return err;
}

CASE(a_tracer_is_refused_in_a_scope_above_its_own) {
    CALL_FAILS(JIT(fn_of(c, "f", using_eager_scope, c)), ARGS(scalar(c, 1)), JAXRS_ERR_TRACER_SCOPE);
    CALL_FAILS(GRAD(fn_of(c, "f", using_eager_scope, c)), ARGS(scalar(c, 1)), JAXRS_ERR_TRACER_SCOPE);
    CALL_FAILS(VMAP(fn_of(c, "f", using_eager_scope, c)), ARGS(COUNTING(2)), JAXRS_ERR_TRACER_SCOPE);
    still_usable(c);
}

/* Keeps the tracer of one trace while a second, unrelated one runs. */
FN(mixing_inner) RETURNS(op_add(&e, a[0], userdata))
FN(mixing) {
    const nest* x = userdata;
    jaxrs_fn *f = NULL, *g = NULL;
    jaxrs_array* one = NULL;
    (void)s, (void)n;
    /* the inner jit is called in the eager scope: its trace is no child of ours */
    jaxrs_error* err = jaxrs_fn_new(x->c->ctx, "inner", 5, mixing_inner, a[0], NULL, NULL, &f);
    if (!err) err = jaxrs_jit(f, NULL, &g);
    if (!err) err = jaxrs_array_full_f64(x->c->s, 1, JAXRS_F32, NULL, 0, &one);
    if (!err) err = jaxrs_fn_call(g, x->c->s, &one, 1, out);
    jaxrs_array_release(one), jaxrs_fn_release(g), jaxrs_fn_release(f);
    return err;
}

CASE(tracers_of_unrelated_traces_do_not_mix) {
    nest x = {c, NULL, NULL, NULL};
    CALL_FAILS(JIT(fn_of(c, "mixing", mixing, &x)), ARGS(scalar(c, 1)), JAXRS_ERR_TRACER_SCOPE);
    CALL_FAILS(GRAD(fn_of(c, "mixing", mixing, &x)), ARGS(scalar(c, 1)), JAXRS_ERR_TRACER_SCOPE);
    still_usable(c);
}

/* ---- asking a tracer for its value ---- */

FN(asking) {
    double v = 0;
    float f = 0;
    const void* view = NULL;
    size_t nbytes = 0;
    (void)s, (void)n, (void)out;
    switch (*(const int*)userdata) {
        case 0: return jaxrs_array_item_f64(a[0], &v);
        case 1: return jaxrs_array_to_host(a[0], &f, sizeof f, NULL);
        default: return jaxrs_array_host_view(a[0], &view, &nbytes);
    }
}

CASE(a_tracer_has_no_value) {
    for (int way = 0; way < 3; way++) {
        jaxrs_fn* f = fn_of(c, "asking", asking, &way);
        CALL_FAILS(JIT(f), ARGS(scalar(c, 1)), JAXRS_ERR_CONCRETIZATION);
        CALL_FAILS(VMAP(f), ARGS(COUNTING(2)), JAXRS_ERR_CONCRETIZATION);
    }
    still_usable(c);
}

/* ---- derivatives that do not exist ---- */

FN(two_outputs) {
    (void)userdata, (void)s, (void)n;
    jaxrs_error* err = jaxrs_results_push(out, a[0]);
    return err ? err : jaxrs_results_push(out, a[0]);
}
FN(no_output) {
    (void)userdata, (void)s, (void)n, (void)a, (void)out;
    return NULL;
}
FN(is_positive) RETURNS(op_gt(&e, a[0], op_num(&e, 0, a[0])))

CASE(grad_wants_one_real_scalar) {
    CALL_FAILS(GRAD(FN_OF(square)), ARGS(COUNTING(3)), JAXRS_ERR_SHAPE, "grad", "f32[3]");
    CALL_FAILS(JIT(GRAD(FN_OF(square))), ARGS(COUNTING(3)), JAXRS_ERR_SHAPE, "f32[3]");
    CALL_FAILS(GRAD(FN_OF(two_outputs)), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "grad", "2");
    CALL_FAILS(GRAD(FN_OF(no_output)), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "grad", "0");
    CALL_FAILS(GRAD(FN_OF(is_positive)), ARGS(scalar(c, 1)), JAXRS_ERR_DTYPE, "grad", "bool");
    still_usable(c);
}

CASE(grad_wants_real_inputs) {
    CALL_FAILS(GRAD(FN_OF(square)), ARGS(scalar_i32(c, 3)), JAXRS_ERR_DTYPE, "grad", "i32");
    CALL_FAILS(JIT(GRAD(FN_OF(square))), ARGS(scalar_i32(c, 3)), JAXRS_ERR_DTYPE, "i32");
    still_usable(c);
}

CASE(argnums_have_to_exist_and_differ) {
    const uint32_t far = 5, twice[] = {0, 0};
    jaxrs_diff_options o = {sizeof o, 0, &far, 1, 0};
    jaxrs_fn* f = NULL;
    jaxrs_error* err = jaxrs_grad(FN_OF(square), &o, &f);
    if (err) EXPECT(jaxrs_error_code(err) == JAXRS_ERR_INVALID_ARGUMENT);
    else CALL_FAILS(keep_fn(c, f), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "5");
    jaxrs_error_release(err);
    o.argnums = twice, o.n_argnums = 2, f = NULL;
    err = jaxrs_grad(FN_OF(square), &o, &f);
    if (err) EXPECT(jaxrs_error_code(err) == JAXRS_ERR_INVALID_ARGUMENT);
    else CALL_FAILS(keep_fn(c, f), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "0");
    jaxrs_error_release(err);
}

CASE(jvp_wants_tangents_like_its_primals) {
    CALL_FAILS(JVP(FN_OF(square)), ARGS(scalar(c, 1), COUNTING(2)), JAXRS_ERR_SHAPE, "f32[]", "f32[2]");
    CALL_FAILS(JVP(FN_OF(square)), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT);
    CALL_FAILS(JVP(FN_OF(square)), ARGS(scalar(c, 1), scalar_i32(c, 1)), JAXRS_ERR_DTYPE, "f32", "i32");
}

CASE(a_pullback_wants_cotangents_like_its_outputs) {
    jaxrs_results* y = NULL;
    jaxrs_fn* pullback = NULL;
    OK(jaxrs_results_new(&y));
    OK(jaxrs_vjp(FN_OF(total), c->s, LIST(COUNTING(3)), y, &pullback));
    keep_fn(c, pullback);
    CALL_FAILS(pullback, ARGS(COUNTING(3)), JAXRS_ERR_SHAPE, "f32[]", "f32[3]");
    CALL_FAILS(pullback, ARGS(scalar(c, 1), scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "1", "2");
    GIVES(pullback, ARGS(scalar(c, 2)), 2, 2, 2);
    jaxrs_results_release(y);
}

/* ---- vmap ---- */

CASE(vmap_wants_one_size) {
    CALL_FAILS(VMAP(FN_OF(product)), ARGS(COUNTING(3), COUNTING(4)), JAXRS_ERR_SHAPE, "vmap", "3", "4");
    CALL_FAILS(VMAP(FN_OF(square)), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "vmap", "f32[]");
    const int64_t far = 2, none = JAXRS_AXIS_NONE;
    jaxrs_vmap_options o = {sizeof o, 0, &far, 1, NULL, 0, -1, NULL, 0, NULL, 0};
    jaxrs_fn *f = NULL, *g = NULL;
    OK(jaxrs_vmap(FN_OF(square), &o, &f));
    CALL_FAILS(keep_fn(c, f), ARGS(COUNTING(2, 2)), JAXRS_ERR_INVALID_ARGUMENT, "vmap", "2", "f32[2,2]");
    o.in_axes = &none;
    OK(jaxrs_vmap(FN_OF(square), &o, &g));
    CALL_FAILS(keep_fn(c, g), ARGS(COUNTING(2)), JAXRS_ERR_INVALID_ARGUMENT, "vmap");
    still_usable(c);
}

CASE(vmap_wants_an_axis_for_each_argument) {
    const int64_t axes[] = {0, 0};
    jaxrs_vmap_options o = {sizeof o, 0, axes, 2, NULL, 0, -1, NULL, 0, NULL, 0};
    jaxrs_fn* f = NULL;
    OK(jaxrs_vmap(FN_OF(square), &o, &f));
    CALL_FAILS(keep_fn(c, f), ARGS(COUNTING(2)), JAXRS_ERR_INVALID_ARGUMENT, "vmap", "2", "1");
}

/* ---- custom rules that do not fit ---- */

FN(only_the_value) RETURNS(op_sin(&e, a[0]))
FN(wrong_tangent) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_sin(&e, a[0]));
    expr_push(&e, out, op_full(&e, 0, JAXRS_F32, (const int64_t[]){2}, 1));
    return expr_done(&e);
}

CASE(custom_rules_have_to_fit) {
    jaxrs_fn *f = NULL, *g = NULL, *h = NULL;
    OK(jaxrs_custom_jvp(FN_OF(square), FN_OF(only_the_value), &f));
    CALL_FAILS(GRAD(keep_fn(c, f)), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "jvp rule of 'square'");
    OK(jaxrs_custom_jvp(FN_OF(square), FN_OF(wrong_tangent), &g));
    CALL_FAILS(GRAD(keep_fn(c, g)), ARGS(scalar(c, 1)), JAXRS_ERR_SHAPE, "jvp rule of 'square'", "f32[2]", "f32[]");
    OK(jaxrs_custom_vjp(FN_OF(square), FN_OF(only_the_value), FN_OF(no_output), 1, &h));
    CALL_FAILS(GRAD(keep_fn(c, h)), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "backward rule of 'square'");
    still_usable(c);
}

/* ---- jit ---- */

CASE(donation_has_to_name_arguments) {
    const uint32_t far = 3;
    jaxrs_jit_options o = {sizeof o, 0, &far, 1, NULL, NULL, 0};
    jaxrs_fn* f = NULL;
    jaxrs_error* err = jaxrs_jit(FN_OF(square), &o, &f);
    if (err) EXPECT(jaxrs_error_code(err) == JAXRS_ERR_INVALID_ARGUMENT);
    else CALL_FAILS(keep_fn(c, f), ARGS(scalar(c, 1)), JAXRS_ERR_INVALID_ARGUMENT, "3");
    jaxrs_error_release(err);
}
