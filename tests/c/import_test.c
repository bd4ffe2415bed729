/* Programs that JAX exported, through the C API. */
#include "check.h"

/* x^8 by squaring three times, as JAX writes a loop of fixed length. */
static const char eighth_power[] =
    "module @jit_loop {\n"
    "  func.func public @main(%arg0: tensor<f32>) -> tensor<f32> {\n"
    "    %c = stablehlo.constant dense<0> : tensor<i32>\n"
    "    %0:2 = stablehlo.while(%iterArg = %c, %iterArg_0 = %arg0) : tensor<i32>, tensor<f32>\n"
    "    cond {\n"
    "      %c_1 = stablehlo.constant dense<3> : tensor<i32>\n"
    "      %1 = stablehlo.compare LT, %iterArg, %c_1, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>\n"
    "      stablehlo.return %1 : tensor<i1>\n"
    "    } do {\n"
    "      %1 = stablehlo.multiply %iterArg_0, %iterArg_0 : tensor<f32>\n"
    "      %c_1 = stablehlo.constant dense<1> : tensor<i32>\n"
    "      %2 = stablehlo.add %iterArg, %c_1 : tensor<i32>\n"
    "      stablehlo.return %2, %1 : tensor<i32>, tensor<f32>\n"
    "    }\n"
    "    return %0#1 : tensor<f32>\n"
    "  }\n"
    "}\n";

static jaxrs_fn* loaded(check* c, const char* text) {
    jaxrs_program* p = NULL;
    jaxrs_fn* f = NULL;
    if (!OK(jaxrs_program_load(c->ctx, text, strlen(text), &p))) return NULL;
    OK(jaxrs_fn_from_program(p, &f));
    jaxrs_program_release(p);
    return keep_fn(c, f);
}

CASE(an_exported_program_is_called_differentiated_batched_and_compiled) {
    jaxrs_fn* f = loaded(c, eighth_power);
    GIVES(f, ARGS(scalar(c, 2)), 256);
    GIVES(GRAD(f), ARGS(scalar(c, 2)), 1024);
    GIVES(JIT(VMAP(GRAD(f))), ARGS(COUNTING(3)), 8, 1024, 17496);
}

CASE(a_program_is_exported_as_text_and_as_bytecode) {
    jaxrs_program *p = NULL, *q = NULL;
    jaxrs_bytes *text = NULL, *bytes = NULL;
    jaxrs_fn* f = NULL;
    if (!OK(jaxrs_program_load(c->ctx, eighth_power, strlen(eighth_power), &p))) return;
    OK(jaxrs_program_text(p, JAXRS_TEXT_STABLEHLO, &text));
    EXPECT_TEXT((const char*)jaxrs_bytes_data(text), "stablehlo.multiply");
    GIVES(loaded(c, (const char*)jaxrs_bytes_data(text)), ARGS(scalar(c, 2)), 256);
    OK(jaxrs_program_export(p, &bytes));
    if (OK(jaxrs_program_load(c->ctx, jaxrs_bytes_data(bytes), jaxrs_bytes_len(bytes), &q))) {
        OK(jaxrs_fn_from_program(q, &f));
        GIVES(GRAD(keep_fn(c, f)), ARGS(scalar(c, 2)), 1024);
    }
    jaxrs_bytes_release(bytes);
    jaxrs_bytes_release(text);
    jaxrs_program_release(q);
    jaxrs_program_release(p);
}

static jaxrs_error* load(check* c, const char* text, size_t n) {
    jaxrs_program* p = NULL;
    jaxrs_error* err = jaxrs_program_load(c->ctx, text, n, &p);
    jaxrs_program_release(p);
    return err;
}

CASE(what_is_wrong_is_said_with_its_place) {
    FAILS(load(c, "module {", 8), JAXRS_ERR_INVALID_ARGUMENT, "line 1, column 9", "the end of the text");
    FAILS(load(c, "\xff\xfe", 2), JAXRS_ERR_INVALID_ARGUMENT, "neither text nor bytecode");
    FAILS(load(c, "ML\xefR\x0d", 5), JAXRS_ERR_INVALID_ARGUMENT, "byte 5");
    FAILS(load(c, "", 0), JAXRS_ERR_INVALID_ARGUMENT, "no bytes");
    const char unknown[] = "func.func @main(%a: tensor<f32>) -> tensor<f32> {\n"
                           "  %0 = stablehlo.frobnicate %a : tensor<f32>\n  return %0 : tensor<f32>\n}";
    FAILS(load(c, unknown, sizeof unknown - 1), JAXRS_ERR_UNIMPLEMENTED, "line 2", "stablehlo.frobnicate");
}

CASE(an_exported_program_may_be_cut_off_anywhere) {
    for (size_t n = 1; n < sizeof eighth_power - 4; n++) {
        jaxrs_error* err = load(c, eighth_power, n);
        EXPECT(err != NULL);
        jaxrs_error_release(err);
    }
}

/* Rows of any number, summed along themselves, and how many there are. */
static const char rows[] =
    "module @jit_rows {\n"
    "  func.func public @main(%x: tensor<?x2xf32>) -> (tensor<?xf32>, tensor<i32>) {\n"
    "    %zero = stablehlo.constant dense<0.0> : tensor<f32>\n"
    "    %two = stablehlo.constant dense<2> : tensor<i32>\n"
    "    %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x2xf32>) -> tensor<i32>\n"
    "    %enough = stablehlo.compare GE, %n, %two, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>\n"
    "    stablehlo.custom_call @shape_assertion(%enough, %n) {error_message = \"2 rows needed, got {0}\"} :"
    " (tensor<i1>, tensor<i32>) -> ()\n"
    "    %s = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [1] :"
    " (tensor<?x2xf32>, tensor<f32>) -> tensor<?xf32>\n"
    "    return %s, %n : tensor<?xf32>, tensor<i32>\n"
    "  }\n"
    "}\n";

static jaxrs_error* load_rows(check* c, size_t ndim, int64_t n, int64_t columns, jaxrs_program** p) {
    int64_t shape[] = {n, columns};
    jaxrs_aval aval = {JAXRS_F32, 0, ndim, shape};
    return jaxrs_program_load_at(c->ctx, rows, sizeof rows - 1, &aval, 1, p);
}

CASE(a_program_of_any_size_is_read_at_a_size) {
    jaxrs_program* p = NULL;
    jaxrs_aval first;
    jaxrs_fn* f = NULL;
    FAILS(load(c, rows, sizeof rows - 1), JAXRS_ERR_UNIMPLEMENTED, "argument 0 is f32[?,2]", "jaxrs_program_load_at");
    if (!OK(load_rows(c, 2, 3, 2, &p))) return;
    OK(jaxrs_program_output(p, 0, &first));
    EXPECT(first.ndim == 1 && first.shape[0] == 3);
    OK(jaxrs_fn_from_program(p, &f));
    EXPECT(jaxrs_program_n_outputs(p) == 2);
    keep_fn(c, f);
    jaxrs_program_release(p);
    p = NULL;
    FAILS(load_rows(c, 2, 1, 2, &p), JAXRS_ERR_INVALID_ARGUMENT, "2 rows needed, got 1");
    FAILS(load_rows(c, 2, 3, 4, &p), JAXRS_ERR_INVALID_ARGUMENT, "takes (f32[?,2]), got (f32[3,4])");
    FAILS(load_rows(c, 1, 3, 2, &p), JAXRS_ERR_INVALID_ARGUMENT, "takes (f32[?,2]), got (f32[3])");
    FAILS(jaxrs_program_load_at(c->ctx, rows, sizeof rows - 1, NULL, 0, &p), JAXRS_ERR_INVALID_ARGUMENT, "got ()");
    EXPECT(p == NULL);
}

CASE(a_program_is_a_file_of_jax_export) {
    jaxrs_program *p = NULL, *q = NULL;
    jaxrs_bytes* bytes = NULL;
    jaxrs_fn* f = NULL;
    if (!OK(jaxrs_program_load(c->ctx, eighth_power, strlen(eighth_power), &p))) return;
    OK(jaxrs_program_export_jax(p, 2, &bytes));
    const char* data = jaxrs_bytes_data(bytes);
    size_t n = jaxrs_bytes_len(bytes);
    if (OK(jaxrs_program_load(c->ctx, data, n, &q))) {
        OK(jaxrs_fn_from_program(q, &f));
        GIVES(GRAD(keep_fn(c, f)), ARGS(scalar(c, 2)), 1024);
    }
    for (size_t k = 1; k < 64; k++) {
        jaxrs_error* err = load(c, data, k);
        EXPECT(err != NULL);
        jaxrs_error_release(err);
    }
    jaxrs_bytes_release(bytes);
    jaxrs_program_release(q);
    jaxrs_program_release(p);
}
