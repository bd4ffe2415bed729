/* h. data movement. */
#include "shape_ops.h"

static jaxrs_array* op_sort(expr* e, jaxrs_array* x) { EXPR_RETURN(e, jaxrs_op_sort(e->scope, x, 0, 0, &out)); }
FN(sorted) RETURNS(op_sort(&e, a[0]))
static void sort_f32_1m(work* w) {
    ARG(w, 708, 0, 1, 1 << 20);
    time_body(w, sorted);
}

static jaxrs_array* op_argsort(expr* e, jaxrs_array* x) { EXPR_RETURN(e, jaxrs_op_argsort(e->scope, x, 0, 0, &out)); }
FN(argsorted) RETURNS(op_argsort(&e, a[0]))
static void argsort_f32_1m(work* w) {
    ARG(w, 708, 0, 1, 1 << 20);
    time_body(w, argsorted);
}

static jaxrs_array* op_cumsum(expr* e, jaxrs_array* x) {
    EXPR_RETURN(e, jaxrs_op_cumsum(e->scope, x, 0, 0, &out));
}
FN(sums) RETURNS(op_cumsum(&e, a[0]))
static void cumsum_f32_4m(work* w) {
    ARG(w, 709, 0, 1, 1 << 22);
    time_body(w, sums);
}

static jaxrs_array* op_take(expr* e, jaxrs_array* x, jaxrs_array* indices) {
    EXPR_RETURN(e, jaxrs_op_take(e->scope, x, indices, 0, "fill", 4, &out));
}
FN(taken) RETURNS(op_take(&e, a[0], a[1]))
static void gather_1m(work* w) {
    ARG(w, 710, 0, 1, 100000);
    arg_ints(w, 711, 100000, 1 << 20);
    time_body(w, taken);
}

static jaxrs_array* op_index_add(expr* e, jaxrs_array* x, jaxrs_array* indices, jaxrs_array* updates) {
    EXPR_RETURN(e, jaxrs_op_index_add(e->scope, x, indices, updates, "drop", 4, &out));
}
FN(scattered) RETURNS(op_index_add(&e, op_full(&e, 0, JAXRS_F32, SHAPE(100000)), a[1], a[0]))
static void scatter_add_1m(work* w) {
    ARG(w, 712, 0, 1, 1 << 20);
    arg_ints(w, 711, 100000, 1 << 20);
    time_body(w, scattered);
}

FN(largest) {
    (void)userdata, (void)n;
    return jaxrs_op_top_k(s, a[0], 32, -1, out);
}
static void topk_256x8192(work* w) {
    ARG(w, 713, 0, 1, 256, 8192);
    time_body(w, largest);
}

FN(transposed) RETURNS(op_transpose(&e, a[0], SHAPE(1, 0)))
static void transpose_4096(work* w) {
    ARG(w, 714, 0, 1, 4096, 4096);
    time_body(w, transposed);
}

FN(sum_of_columns) RETURNS(op_reduce_sum(&e, a[0], 0, 0))
FN(sum_of_rows) RETURNS(op_reduce_sum(&e, a[0], 1, 0))
static void reduce_ax0_4096(work* w) {
    ARG(w, 714, 0, 1, 4096, 4096);
    time_body(w, sum_of_columns);
}
static void reduce_ax1_4096(work* w) {
    ARG(w, 714, 0, 1, 4096, 4096);
    time_body(w, sum_of_rows);
}

const workload MOVEMENT[] = {TIMED(sort_f32_1m),    TIMED(argsort_f32_1m), TIMED(cumsum_f32_4m),   TIMED(gather_1m),
                             TIMED(scatter_add_1m), TIMED(topk_256x8192), TIMED(transpose_4096), TIMED(reduce_ax0_4096), TIMED(reduce_ax1_4096), {0}};
