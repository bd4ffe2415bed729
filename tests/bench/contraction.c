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

const workload CONTRACTION[] = {TIMED(mm_f32_64),   TIMED(mm_f32_256),     TIMED(mm_f32_1024), TIMED(mm_f32_2048),
                                TIMED(mm_f64_1024), TIMED(bmm_f32_512x32), TIMED(attn_fwd),    {0}};
