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
