/* d. contractions. */
#include "shape_ops.h"

FN(product) RETURNS(op_matmul(&e, a[0], a[1]))

static void square_product(work* w, int64_t n, jaxrs_dtype dtype) {
    arg_uniform(w, dtype, 301, -0.5, 0.5, SHAPE(n, n));
    arg_uniform(w, dtype, 302, -0.5, 0.5, SHAPE(n, n));
    time_body(w, product);
}
static void mm_f32_64(work* w) { square_product(w, 64, JAXRS_F32); }
static void mm_f32_256(work* w) { square_product(w, 256, JAXRS_F32); }
static void mm_f32_1024(work* w) { square_product(w, 1024, JAXRS_F32); }
static void mm_f32_2048(work* w) { square_product(w, 2048, JAXRS_F32); }
static void mm_f64_1024(work* w) { square_product(w, 1024, JAXRS_F64); }

static void bmm_f32_512x32(work* w) {
    ARG(w, 303, -0.5, 0.5, 512, 32, 32);
    ARG(w, 304, -0.5, 0.5, 512, 32, 32);
    time_body(w, product);
}

FN(attention) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* scores = op_mul_num(&e, op_dot(&e, a[0], a[1], 3, 2), 0.125);
    expr_push(&e, out, op_dot(&e, op_softmax(&e, scores), a[2], 2, 2));
    return expr_done(&e);
}
static void attn_fwd(work* w) {
    for (uint64_t seed = 305; seed < 308; seed++) ARG(w, seed, -1, 1, 4, 8, 512, 64);
    time_body(w, attention);
}

/* x, w, g -> y, dx, dw of a convolution in the layout that `setting` tells */
static jaxrs_array* op_convolution(expr* e, jaxrs_array* x, jaxrs_array* kernel, int features_last) {
    const char* numbers = features_last ? "NHWC,HWIO->NHWC" : "NCHW,OIHW->NCHW";
    EXPR_RETURN(e, jaxrs_op_conv_general_dilated(e->scope, x, kernel, NULL, 0, "SAME", 4, NULL, 0, NULL, 0, NULL, 0, numbers,
                                                 strlen(numbers), 1, 1, 0, &out));
}
FN(convolution) RETURNS(op_convolution(&e, a[0], a[1], ((work*)userdata)->setting == 1))
FN(convolution_and_gradients) {
    work* w = userdata;
    jaxrs_fn *f = NULL, *pullback = NULL;
    jaxrs_error* err = jaxrs_fn_new(w->ctx, "convolution", 11, convolution, w, NULL, NULL, &f);
    (void)n;
    if (!err) err = jaxrs_vjp(f, s, a, 2, out, &pullback);
    if (!err) err = jaxrs_fn_call(pullback, s, a + 2, 1, out);
    jaxrs_fn_release(pullback), jaxrs_fn_release(f);
    return err;
}
static void conv_nhwc_fb(work* w) {
    ARG(w, 311, -1, 1, 8, 56, 56, 64);
    ARG(w, 312, -0.05, 0.05, 3, 3, 64, 64);
    ARG(w, 313, -0.5, 0.5, 8, 56, 56, 64);
    w->setting = 1;
    time_body(w, convolution_and_gradients);
}
static void conv_nchw_fb(work* w) {
    ARG(w, 311, -1, 1, 8, 64, 56, 56);
    ARG(w, 312, -0.05, 0.05, 64, 64, 3, 3);
    ARG(w, 313, -0.5, 0.5, 8, 64, 56, 56);
    w->setting = 0;
    time_body(w, convolution_and_gradients);
}

const workload CONTRACTION[] = {TIMED(mm_f32_64),   TIMED(mm_f32_256),     TIMED(mm_f32_1024), TIMED(mm_f32_2048),
                                TIMED(mm_f64_1024), TIMED(bmm_f32_512x32), TIMED(attn_fwd), TIMED(conv_nhwc_fb), TIMED(conv_nchw_fb), {0}};
