/* Operations: by name, by their typed functions, and with operands and attributes that do not fit. */
#include "check.h"

/* ---- attributes ---- */

typedef struct attr {
    const char* key;
    char kind; /* i: number, l: numbers, f: float, s: text */
    int64_t number;
    const int64_t* numbers;
    size_t n;
    double f64;
    const char* text;
} attr;

#define INT(key, v) ((attr){key, 'i', v, NULL, 0, 0, NULL})
#define INTS(key, ...) ((attr){key, 'l', 0, (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), 0, NULL})
#define FLOAT(key, v) ((attr){key, 'f', 0, NULL, 0, v, NULL})
#define TEXT(key, v) ((attr){key, 's', 0, NULL, 0, 0, v})
#define NO_ATTRS NULL, 0
#define ATTRS(...) (const attr[]){__VA_ARGS__}, sizeof((attr[]){__VA_ARGS__}) / sizeof(attr)

static jaxrs_error* add_attr(jaxrs_attrs* attrs, attr x) {
    size_t len = strlen(x.key);
    switch (x.kind) {
        case 'i': return jaxrs_attrs_i64(attrs, x.key, len, x.number);
        case 'l': return jaxrs_attrs_i64s(attrs, x.key, len, x.numbers, x.n);
        case 'f': return jaxrs_attrs_f64(attrs, x.key, len, x.f64);
        default: return jaxrs_attrs_str(attrs, x.key, len, x.text, strlen(x.text));
    }
}

/* Runs an operation by name. */
static jaxrs_error* apply(jaxrs_scope* s, const char* op, arguments args, const attr* list, size_t n, jaxrs_results* r) {
    jaxrs_attrs* attrs = NULL;
    jaxrs_error* err = jaxrs_attrs_new(&attrs);
    for (size_t i = 0; !err && i < n; i++) err = add_attr(attrs, list[i]);
    if (!err) err = jaxrs_apply(s, op, strlen(op), args.items, args.n, attrs, r);
    jaxrs_attrs_release(attrs);
    return err;
}

static const arguments NO_ARGS = {NULL, 0};

/* The operation fails so. */
#define REFUSES(op, args, attrs, ...) \
    do { \
        jaxrs_results* r_ = NULL; \
        OK(jaxrs_results_new(&r_)); \
        FAILS(apply(c->s, op, args, attrs, r_), __VA_ARGS__); \
        EXPECT(jaxrs_results_len(r_) == 0); \
        jaxrs_results_release(r_); \
    } while (0)

#define APPLIES(op, args, attrs, ...) \
    do { \
        jaxrs_results* r_ = NULL; \
        OK(jaxrs_results_new(&r_)); \
        OK(apply(c->s, op, args, attrs, r_)); \
        jaxrs_array* y_ = jaxrs_results_get(r_, 0); \
        HAS_VALUES(y_, __VA_ARGS__); \
        jaxrs_array_release(y_), jaxrs_results_release(r_); \
    } while (0)

/* ---- by name ---- */

CASE(operations_run_by_name) {
    APPLIES("add", ARGS(scalar(c, 1), scalar(c, 2)), NO_ATTRS, 3);
    APPLIES("reduce_sum", ARGS(COUNTING(2, 3)), ATTRS(INTS("axes", 1)), 6, 15);
    jaxrs_array* some = NULL;
    OK(jaxrs_op_le(c->s, COUNTING(2, 3), scalar(c, 4), &some));
    keep_array(c, some);
    APPLIES("reduce_sum_where", ARGS(COUNTING(2, 3), some), ATTRS(INTS("axes", 1)), 6, 4);
    APPLIES("reduce_sum_where", ARGS(COUNTING(2, 3), some, scalar(c, 10)), ATTRS(INTS("axes", 1)), 16, 14);
    APPLIES("reduce_max_where", ARGS(COUNTING(2, 3), some, scalar(c, 3.5)), ATTRS(INTS("axes", 1)), 3.5, 4);
    APPLIES("mean_where", ARGS(COUNTING(2, 3), some), NO_ATTRS, 2.5);
    APPLIES("full", NO_ARGS, ATTRS(INTS("shape", 2), FLOAT("value", 2.5)), 2.5, 2.5);
    APPLIES("round", ARGS(scalar(c, 2.5)), ATTRS(TEXT("method", "away_from_zero")), 3);
    APPLIES("concatenate", ARGS(COUNTING(2), COUNTING(1)), NO_ATTRS, 1, 2, 1);
    APPLIES("iota", NO_ARGS, ATTRS(INTS("shape", 3), INT("dtype", JAXRS_F32)), 0, 1, 2);
}

FN(by_name) {
    jaxrs_attrs* attrs = NULL;
    (void)userdata;
    jaxrs_error* err = jaxrs_attrs_new(&attrs);
    if (!err) err = jaxrs_apply(s, "square", 6, a, n, attrs, out);
    jaxrs_attrs_release(attrs);
    return err;
}

CASE(operations_by_name_are_traced) {
    GIVES(JIT(GRAD(FN_OF(by_name))), ARGS(scalar(c, 3)), 6);
    GIVES(VMAP(FN_OF(by_name)), ARGS(COUNTING(3)), 1, 4, 9);
}

CASE(unknown_operations_are_refused) {
    REFUSES("no_such_operation", NO_ARGS, NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT, "no_such_operation");
    REFUSES("", NO_ARGS, NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT);
    REFUSES("sin\xff", ARGS(scalar(c, 1)), NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT, "UTF-8");
}

CASE(unknown_missing_and_wrong_attributes_are_refused) {
    jaxrs_array* x = COUNTING(3);
    REFUSES("sin", ARGS(x), ATTRS(INT("angle", 1)), JAXRS_ERR_INVALID_ARGUMENT, "sin", "angle");
    REFUSES("reduce_sum", ARGS(x), ATTRS(INTS("axis", 0)), JAXRS_ERR_INVALID_ARGUMENT, "reduce_sum", "axis", "axes");
    REFUSES("reduce_max_where", ARGS(x, x, scalar(c, 0)), NO_ATTRS, JAXRS_ERR_DTYPE, "reduce_max_where", "mask", "f32[3]");
    REFUSES("reduce_sum_where", ARGS(x, x, x), NO_ATTRS, JAXRS_ERR_DTYPE, "mask");
    REFUSES("reshape", ARGS(x), NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT, "reshape", "shape");
    REFUSES("reduce_sum", ARGS(x), ATTRS(FLOAT("axes", 1)), JAXRS_ERR_INVALID_ARGUMENT, "reduce_sum", "axes");
    REFUSES("reduce_sum", ARGS(x), ATTRS(INT("keepdims", 7)), JAXRS_ERR_INVALID_ARGUMENT, "keepdims");
    REFUSES("round", ARGS(x), ATTRS(TEXT("method", "sideways")), JAXRS_ERR_INVALID_ARGUMENT, "round", "sideways");
    REFUSES("convert_element_type", ARGS(x), ATTRS(INT("new_dtype", 99)), JAXRS_ERR_INVALID_ARGUMENT, "new_dtype");
}

CASE(wrong_numbers_of_operands_are_refused) {
    jaxrs_array* x = COUNTING(3);
    REFUSES("sin", NO_ARGS, NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT, "sin", "1", "0");
    REFUSES("sin", ARGS(x, x), NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT, "sin", "1", "2");
    REFUSES("add", ARGS(x), NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT, "add", "2", "1");
    REFUSES("concatenate", NO_ARGS, NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT, "concatenate");
    REFUSES("zeros", ARGS(x), ATTRS(INTS("shape", 1)), JAXRS_ERR_INVALID_ARGUMENT, "zeros", "0", "1");
}

CASE(a_null_among_the_operands_is_refused) {
    REFUSES("add", ARGS(scalar(c, 1), NULL), NO_ATTRS, JAXRS_ERR_INVALID_ARGUMENT);
}

/* ---- indexing ---- */

CASE(indices_are_read_as_in_numpy) {
    jaxrs_array* x = COUNTING(2, 3);
    APPLIES("getitem", ARGS(x), ATTRS(TEXT("index", "1, ::-2")), 6, 4);
    APPLIES("getitem", ARGS(x, counting(c, JAXRS_I32, SHAPE(2))), ATTRS(TEXT("index", "None, ..., @")), 2, 3, 5, 6);
    APPLIES("getitem", ARGS(x, scalar_i32(c, 9)), ATTRS(TEXT("index", "@"), TEXT("mode", "fill"), FLOAT("fill_value", 0.5)), 0.5, 0.5, 0.5);
    APPLIES("at_set", ARGS(x, scalar(c, 0)), ATTRS(TEXT("index", ":, 1:")), 1, 0, 0, 4, 0, 0);
    APPLIES("at_add", ARGS(x, COUNTING(2), scalar_i32(c, -1)), ATTRS(TEXT("index", ":, @")), 1, 2, 4, 4, 5, 8);
}

CASE(indices_that_do_not_fit_are_refused) {
    jaxrs_array* x = COUNTING(2, 3);
    const char* wrong[] = {"1 2", "a", "1:2:3:4", "1:b", "1,,2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        REFUSES("getitem", ARGS(x), ATTRS(TEXT("index", wrong[i])), JAXRS_ERR_INVALID_ARGUMENT, "index", wrong[i]);
    REFUSES("getitem", ARGS(x), ATTRS(TEXT("index", "::0")), JAXRS_ERR_INVALID_ARGUMENT, "step");
    REFUSES("getitem", ARGS(x), ATTRS(TEXT("index", "@")), JAXRS_ERR_INVALID_ARGUMENT, "@", "arrays");
    REFUSES("getitem", ARGS(x, x), ATTRS(TEXT("index", "0")), JAXRS_ERR_INVALID_ARGUMENT, "@", "arrays");
    REFUSES("getitem", ARGS(x, x), ATTRS(TEXT("index", "@")), JAXRS_ERR_DTYPE, "integers", "f32[2,3]");
    REFUSES("getitem", ARGS(x), ATTRS(TEXT("index", "0, 0, 0")), JAXRS_ERR_SHAPE, "3", "[2,3]");
    REFUSES("getitem", ARGS(x), ATTRS(TEXT("index", "..., ...")), JAXRS_ERR_SHAPE, "2 ellipses");
    REFUSES("at_set", ARGS(x, COUNTING(2)), ATTRS(TEXT("index", "0")), JAXRS_ERR_SHAPE, "[2]", "[3]");
}

/* ---- shapes that do not go together ---- */

CASE(elementwise_operations_need_shapes_that_broadcast) {
    const char* ops[] = {"add", "sub",  "mul", "div", "true_divide", "floor_divide", "rem", "mod", "pow", "max", "min", "atan2",
                         "hypot", "logaddexp", "nextafter", "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or",
                         "logical_xor"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        REFUSES(ops[i], ARGS(COUNTING(2, 3), COUNTING(4, 5)), NO_ATTRS, JAXRS_ERR_SHAPE, "[2,3]", "[4,5]");
    const char* whole[] = {"and", "or", "xor", "shift_left", "shift_right_logical", "shift_right_arithmetic"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        REFUSES(whole[i], ARGS(counting(c, JAXRS_I32, SHAPE(2)), counting(c, JAXRS_I32, SHAPE(3))), NO_ATTRS, JAXRS_ERR_SHAPE, "[2]", "[3]");
    REFUSES("where", ARGS(COUNTING(2), COUNTING(3), COUNTING(3)), NO_ATTRS, JAXRS_ERR_SHAPE, "[2]", "[3]");
    REFUSES("clamp", ARGS(COUNTING(2), COUNTING(3), COUNTING(4)), NO_ATTRS, JAXRS_ERR_SHAPE, "[2]", "[3]");
    REFUSES("clip", ARGS(COUNTING(2), COUNTING(3), COUNTING(2)), NO_ATTRS, JAXRS_ERR_SHAPE, "[2]", "[3]");
}

CASE(products_need_sizes_that_meet) {
    REFUSES("matmul", ARGS(COUNTING(2, 3), COUNTING(4, 5)), NO_ATTRS, JAXRS_ERR_SHAPE, "[2,3]", "[4,5]");
    REFUSES("matmul", ARGS(COUNTING(2, 2, 2), COUNTING(3, 2, 2)), NO_ATTRS, JAXRS_ERR_SHAPE, "[2,2,2]", "[3,2,2]");
    REFUSES("matmul", ARGS(scalar(c, 1), COUNTING(2)), NO_ATTRS, JAXRS_ERR_SHAPE, "matmul");
    REFUSES("dot", ARGS(COUNTING(2), COUNTING(3)), NO_ATTRS, JAXRS_ERR_SHAPE, "2", "3");
    REFUSES("vdot", ARGS(COUNTING(2), COUNTING(3)), NO_ATTRS, JAXRS_ERR_SHAPE, "2", "3");
    REFUSES("inner", ARGS(COUNTING(2, 3), COUNTING(2, 4)), NO_ATTRS, JAXRS_ERR_SHAPE, "3", "4");
    REFUSES("tensordot", ARGS(COUNTING(2, 3), COUNTING(4, 5)), ATTRS(INTS("x_axes", 1), INTS("y_axes", 0)), JAXRS_ERR_SHAPE, "3", "4");
    REFUSES("dot_general", ARGS(COUNTING(2, 3), COUNTING(4, 5)), ATTRS(INTS("lhs_contracting", 1), INTS("rhs_contracting", 0)),
            JAXRS_ERR_SHAPE, "dot_general", "f32[2,3]", "f32[4,5]");
    REFUSES("einsum", ARGS(COUNTING(2, 3), COUNTING(4, 5)), ATTRS(TEXT("subscripts", "ij,jk->ik")), JAXRS_ERR_SHAPE, "einsum", "3", "4");
    REFUSES("einsum", ARGS(COUNTING(2, 3)), ATTRS(TEXT("subscripts", "i->i")), JAXRS_ERR_INVALID_ARGUMENT, "einsum", "f32[2,3]");
    REFUSES("einsum", ARGS(COUNTING(2)), ATTRS(TEXT("subscripts", "i->j")), JAXRS_ERR_INVALID_ARGUMENT, "einsum", "j");
}

CASE(arrangements_need_shapes_that_fit) {
    jaxrs_array* x = COUNTING(2, 3);
    REFUSES("reshape", ARGS(x), ATTRS(INTS("shape", 4)), JAXRS_ERR_SHAPE, "reshape", "4", "f32[2,3]");
    REFUSES("reshape", ARGS(x), ATTRS(INTS("shape", -1, -1)), JAXRS_ERR_SHAPE, "reshape", "-1");
    REFUSES("reshape", ARGS(x), ATTRS(INTS("shape", -2, -3)), JAXRS_ERR_SHAPE, "reshape", "-2");
    REFUSES("broadcast_to", ARGS(x), ATTRS(INTS("shape", 2, 4)), JAXRS_ERR_SHAPE, "broadcast_to", "[2,3]", "[2,4]");
    REFUSES("broadcast_in_dim", ARGS(x), ATTRS(INTS("shape", 5, 3), INTS("broadcast_dimensions", 0, 1)), JAXRS_ERR_SHAPE,
            "broadcast_in_dim", "f32[2,3]", "5");
    REFUSES("concatenate", ARGS(x, COUNTING(2)), NO_ATTRS, JAXRS_ERR_SHAPE, "concatenate", "f32[2,3]", "f32[2]");
    REFUSES("concatenate", ARGS(x, COUNTING(2, 4)), NO_ATTRS, JAXRS_ERR_SHAPE, "concatenate", "f32[2,3]", "f32[2,4]");
    REFUSES("stack", ARGS(x, COUNTING(3)), NO_ATTRS, JAXRS_ERR_SHAPE, "stack", "[2,3]", "[3]");
    REFUSES("squeeze", ARGS(x), ATTRS(INTS("axes", 1)), JAXRS_ERR_SHAPE, "squeeze", "f32[2,3]");
    REFUSES("split", ARGS(x), ATTRS(INT("sections", 2), INT("axis", 1)), JAXRS_ERR_SHAPE, "split", "2", "3");
    REFUSES("pad", ARGS(x, scalar(c, 0)), ATTRS(INTS("low", 1), INTS("high", 1)), JAXRS_ERR_INVALID_ARGUMENT, "pad", "f32[2,3]");
    REFUSES("pad", ARGS(x, scalar(c, 0)), ATTRS(INTS("low", -3, 0), INTS("high", 0, 0)), JAXRS_ERR_SHAPE, "pad", "f32[2,3]");
    REFUSES("slice", ARGS(x), ATTRS(INTS("start_indices", 0, 2), INTS("limit_indices", 2, 9)), JAXRS_ERR_INVALID_ARGUMENT, "slice", "9");
    REFUSES("slice", ARGS(x), ATTRS(INTS("start_indices", 1, 0), INTS("limit_indices", 0, 1)), JAXRS_ERR_INVALID_ARGUMENT, "slice");
    REFUSES("dynamic_slice", ARGS(x, scalar_i32(c, 0)), ATTRS(INTS("slice_sizes", 1, 1)), JAXRS_ERR_INVALID_ARGUMENT, "dynamic_slice");
    REFUSES("dynamic_slice", ARGS(COUNTING(3), scalar_i32(c, 0)), ATTRS(INTS("slice_sizes", 4)), JAXRS_ERR_SHAPE, "dynamic_slice", "4");
    REFUSES("dynamic_update_slice", ARGS(COUNTING(3), COUNTING(4), scalar_i32(c, 0)), NO_ATTRS, JAXRS_ERR_SHAPE,
            "dynamic_update_slice", "f32[3]", "f32[4]");
    REFUSES("sort_by_keys", ARGS(COUNTING(3), COUNTING(4)), NO_ATTRS, JAXRS_ERR_SHAPE, "sort", "f32[3]", "f32[4]");
    REFUSES("diag", ARGS(COUNTING(1, 2, 2)), NO_ATTRS, JAXRS_ERR_SHAPE, "diag");
}

CASE(sizes_that_overflow_are_refused) {
    jaxrs_array* x = scalar(c, 1);
    const int64_t big = INT64_C(1) << 40;
    REFUSES("zeros", NO_ARGS, ATTRS(INTS("shape", big, big)), JAXRS_ERR_SHAPE, "zeros");
    REFUSES("full", NO_ARGS, ATTRS(INTS("shape", INT64_MAX), FLOAT("value", 1)), JAXRS_ERR_SHAPE, "full");
    REFUSES("iota", NO_ARGS, ATTRS(INTS("shape", big, big)), JAXRS_ERR_SHAPE, "iota");
    REFUSES("broadcast_to", ARGS(x), ATTRS(INTS("shape", big, big)), JAXRS_ERR_SHAPE, "broadcast_to");
    REFUSES("zeros", NO_ARGS, ATTRS(INTS("shape", -1)), JAXRS_ERR_SHAPE, "zeros", "-1");
    REFUSES("random_normal", ARGS(array_of(c, JAXRS_U32, (uint32_t[]){0, 1}, 8, SHAPE(2))), ATTRS(INTS("shape", big, big)),
            JAXRS_ERR_SHAPE, "random_normal");
    REFUSES("tile", ARGS(COUNTING(2)), ATTRS(INTS("reps", INT64_MAX)), JAXRS_ERR_SHAPE);
    REFUSES("repeat", ARGS(COUNTING(2)), ATTRS(INT("repeats", INT64_MAX)), JAXRS_ERR_SHAPE);
    REFUSES("pad", ARGS(COUNTING(2), x), ATTRS(INTS("low", INT64_MAX), INTS("high", INT64_MAX)), JAXRS_ERR_SHAPE, "pad");
}

/* ---- axes ---- */

CASE(axes_out_of_range_or_repeated_are_refused) {
    jaxrs_array *x = COUNTING(2, 3), *key = array_of(c, JAXRS_U32, (uint32_t[]){0, 1}, 8, SHAPE(2));
    const char* over_axes[] = {"reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "all", "any", "mean", "norm",
                               "logsumexp", "softmax", "log_softmax", "flip"};
    for (size_t i = 0; i < sizeof over_axes / sizeof *over_axes; i++) {
        REFUSES(over_axes[i], ARGS(x), ATTRS(INTS("axes", 2)), JAXRS_ERR_INVALID_ARGUMENT, "2");
        REFUSES(over_axes[i], ARGS(x), ATTRS(INTS("axes", -3)), JAXRS_ERR_INVALID_ARGUMENT, "-3");
        REFUSES(over_axes[i], ARGS(x), ATTRS(INTS("axes", 0, -2)), JAXRS_ERR_INVALID_ARGUMENT, "repeat");
        REFUSES(over_axes[i], ARGS(x), ATTRS(INTS("axes", INT64_MIN)), JAXRS_ERR_INVALID_ARGUMENT);
    }
    const char* along[] = {"cumsum", "cumprod", "cummax", "cummin", "argmax", "argmin", "sort", "argsort"};
    for (size_t i = 0; i < sizeof along / sizeof *along; i++) {
        REFUSES(along[i], ARGS(x), ATTRS(INT("axis", 2)), JAXRS_ERR_INVALID_ARGUMENT, "2");
        REFUSES(along[i], ARGS(x), ATTRS(INT("axis", -3)), JAXRS_ERR_INVALID_ARGUMENT, "-3");
    }
    REFUSES("transpose", ARGS(x), ATTRS(INTS("axes", 0, 0)), JAXRS_ERR_INVALID_ARGUMENT, "transpose", "repeat");
    REFUSES("transpose", ARGS(x), ATTRS(INTS("axes", 0)), JAXRS_ERR_SHAPE, "transpose", "f32[2,3]");
    REFUSES("transpose", ARGS(x), ATTRS(INTS("axes", 0, 5)), JAXRS_ERR_INVALID_ARGUMENT, "transpose", "5");
    REFUSES("swapaxes", ARGS(x), ATTRS(INT("axis1", 0), INT("axis2", 2)), JAXRS_ERR_INVALID_ARGUMENT, "swapaxes", "2");
    REFUSES("moveaxis", ARGS(x), ATTRS(INTS("source", 0, 0), INTS("destination", 0, 1)), JAXRS_ERR_INVALID_ARGUMENT, "moveaxis");
    REFUSES("expand_dims", ARGS(x), ATTRS(INTS("axes", 0, 0)), JAXRS_ERR_INVALID_ARGUMENT, "expand_dims");
    REFUSES("expand_dims", ARGS(x), ATTRS(INTS("axes", 9)), JAXRS_ERR_INVALID_ARGUMENT, "expand_dims", "9");
    REFUSES("squeeze", ARGS(x), ATTRS(INTS("axes", 7)), JAXRS_ERR_INVALID_ARGUMENT, "squeeze", "7");
    REFUSES("rev", ARGS(x), ATTRS(INTS("dimensions", 1, 1)), JAXRS_ERR_INVALID_ARGUMENT, "rev");
    REFUSES("concatenate", ARGS(x, x), ATTRS(INT("axis", 2)), JAXRS_ERR_INVALID_ARGUMENT, "concatenate", "2");
    REFUSES("stack", ARGS(x, x), ATTRS(INT("axis", 3)), JAXRS_ERR_INVALID_ARGUMENT, "stack", "3");
    REFUSES("roll", ARGS(x), ATTRS(INT("shift", 1), INT("axis", 2)), JAXRS_ERR_INVALID_ARGUMENT, "roll", "2");
    REFUSES("take", ARGS(x, scalar_i32(c, 0)), ATTRS(INT("axis", 2)), JAXRS_ERR_INVALID_ARGUMENT, "take", "2");
    REFUSES("iota", NO_ARGS, ATTRS(INTS("shape", 2), INT("dimension", 1)), JAXRS_ERR_INVALID_ARGUMENT, "iota", "1");
    REFUSES("random_shuffle", ARGS(key, x), ATTRS(INT("axis", 2)), JAXRS_ERR_INVALID_ARGUMENT, "2");
    REFUSES("dot_general", ARGS(x, x), ATTRS(INTS("lhs_contracting", 5), INTS("rhs_contracting", 0)), JAXRS_ERR_INVALID_ARGUMENT,
            "dot_general", "5");
    REFUSES("dot_general", ARGS(x, x), ATTRS(INTS("lhs_contracting", 0, 0), INTS("rhs_contracting", 0, 0)), JAXRS_ERR_INVALID_ARGUMENT,
            "dot_general");
}

/* ---- element types ---- */

CASE(element_types_that_an_operation_does_not_take_are_refused) {
    jaxrs_array *floats = COUNTING(3), *ints = counting(c, JAXRS_I32, SHAPE(3)), *key = array_of(c, JAXRS_U32, (uint32_t[]){0, 1}, 8, SHAPE(2));
    const char* whole[] = {"and", "or", "xor", "shift_left", "shift_right_logical", "shift_right_arithmetic"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        REFUSES(whole[i], ARGS(floats, floats), NO_ATTRS, JAXRS_ERR_DTYPE, "f32");
    const char* one_whole[] = {"not", "population_count", "clz"};
    for (size_t i = 0; i < sizeof one_whole / sizeof *one_whole; i++)
        REFUSES(one_whole[i], ARGS(floats), NO_ATTRS, JAXRS_ERR_DTYPE, one_whole[i], "f32");
    REFUSES("take", ARGS(floats, floats), NO_ATTRS, JAXRS_ERR_DTYPE, "take", "f32");
    REFUSES("dynamic_slice", ARGS(floats, scalar(c, 0)), ATTRS(INTS("slice_sizes", 1)), JAXRS_ERR_DTYPE, "dynamic_slice", "f32");
    REFUSES("bitcast_convert_type", ARGS(floats), ATTRS(INT("new_dtype", JAXRS_BOOL)), JAXRS_ERR_DTYPE, "bitcast_convert_type");
    REFUSES("random_normal", ARGS(key), ATTRS(INTS("shape", 2), INT("dtype", JAXRS_I32)), JAXRS_ERR_DTYPE, "i32");
    REFUSES("random_bits", ARGS(key), ATTRS(INTS("shape", 2), INT("dtype", JAXRS_F32)), JAXRS_ERR_DTYPE, "random_bits", "f32");
    REFUSES("random_normal", ARGS(ints), ATTRS(INTS("shape", 2)), JAXRS_ERR_INVALID_ARGUMENT, "key", "i32[3]");
}

CASE(mixed_element_types_are_promoted) {
    APPLIES("add", ARGS(scalar(c, 1.5), scalar_i32(c, 2)), NO_ATTRS, 3.5);
    APPLIES("matmul", ARGS(COUNTING(1, 2), counting(c, JAXRS_I32, SHAPE(2, 1))), NO_ATTRS, 5);
}

/* ---- typed functions ---- */

CASE(typed_functions_give_what_apply_gives) {
    jaxrs_array *x = COUNTING(2, 3), *y = NULL;
    OK(jaxrs_op_reduce_sum(c->s, x, (const int64_t[]){0}, 1, 1, &y));
    HAS_VALUES(keep_array(c, y), 5, 7, 9);
    APPLIES("reduce_sum", ARGS(x), ATTRS(INTS("axes", 0), INT("keepdims", 1)), 5, 7, 9);
    EXPECT(jaxrs_array_ndim(y) == 2);
    OK(jaxrs_op_slice(c->s, x, (const int64_t[]){0, 1}, 2, (const int64_t[]){2, 3}, 2, NULL, 0, &y));
    HAS_VALUES(keep_array(c, y), 2, 3, 5, 6);
    OK(jaxrs_op_select_n(c->s, scalar_i32(c, 1), LIST(COUNTING(2), COUNTING(2), COUNTING(2)), &y));
    HAS_VALUES(keep_array(c, y), 1, 2);
}

CASE(typed_functions_refuse_numbers_that_are_no_yes_or_no_and_no_element_type) {
    jaxrs_array* y = NULL;
    FAILS(jaxrs_op_reduce_sum(c->s, COUNTING(2), NULL, 0, 7, &y), JAXRS_ERR_INVALID_ARGUMENT, "keepdims", "7");
    FAILS(jaxrs_op_convert_element_type(c->s, COUNTING(2), 99, &y), JAXRS_ERR_INVALID_ARGUMENT, "99");
    EXPECT(y == NULL);
}

/* ---- random numbers: JAX's ---- */

CASE(random_bits_are_those_of_jax) {
    jaxrs_array *key = NULL, *bits = NULL;
    OK(jaxrs_op_random_prng_key(c->s, 42, "threefry2x32", 12, &key));
    keep_array(c, key);
    HAS_VALUES(key, 0, 42);
    OK(jaxrs_op_random_bits(c->s, key, (const int64_t[]){3}, 1, JAXRS_U32, &bits));
    HAS_VALUES(keep_array(c, bits), 2098992034, 2919706841, 2646866425);
}
