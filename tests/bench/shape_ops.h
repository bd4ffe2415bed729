/* Operations beyond those of examples/expr.h, in the same style. */
#ifndef SHAPE_OPS_H
#define SHAPE_OPS_H
#include "bench.h"

EXPR_BINARY(min) EXPR_BINARY(le) EXPR_BINARY(ne) EXPR_BINARY(and)

static inline jaxrs_array* op_round(expr* e, jaxrs_array* x) {
    EXPR_RETURN(e, jaxrs_op_round(e->scope, x, "to_even", 7, &out));
}

static inline jaxrs_array* op_reshape(expr* e, jaxrs_array* x, const int64_t* shape, size_t ndim) {
    EXPR_RETURN(e, jaxrs_op_reshape(e->scope, x, shape, ndim, &out));
}

static inline jaxrs_array* op_broadcast(expr* e, jaxrs_array* x, const int64_t* shape, size_t ndim, const int64_t* dims, size_t n) {
    EXPR_RETURN(e, jaxrs_op_broadcast_in_dim(e->scope, x, shape, ndim, dims, n, &out));
}

static inline jaxrs_array* op_transpose(expr* e, jaxrs_array* x, const int64_t* permutation, size_t ndim) {
    EXPR_RETURN(e, jaxrs_op_transpose(e->scope, x, permutation, ndim, &out));
}

static inline jaxrs_array* op_iota(expr* e, jaxrs_dtype dtype, const int64_t* shape, size_t ndim, int64_t axis) {
    EXPR_RETURN(e, jaxrs_op_iota(e->scope, shape, ndim, axis, dtype, &out));
}

/* x[..., start:limit, ...] along one axis */
static inline jaxrs_array* op_part(expr* e, jaxrs_array* x, int64_t axis, int64_t start, int64_t limit) {
    int64_t starts[8] = {0}, limits[8], ones[8];
    size_t ndim = jaxrs_array_ndim(x);
    for (size_t i = 0; !e->error && i < ndim; i++) limits[i] = jaxrs_array_shape(x)[i], ones[i] = 1;
    starts[axis] = start, limits[axis] = limit;
    EXPR_RETURN(e, jaxrs_op_slice(e->scope, x, starts, ndim, limits, ndim, ones, ndim, &out));
}

static inline jaxrs_array* op_concatenate(expr* e, jaxrs_array* const* parts, size_t n, int64_t axis) {
    EXPR_RETURN(e, jaxrs_op_concatenate(e->scope, parts, n, axis, &out));
}

/* One zero on each side of each axis. */
static inline jaxrs_array* op_framed(expr* e, jaxrs_array* x) {
    const int64_t one[8] = {1, 1, 1, 1, 1, 1, 1, 1}, zero[8] = {0};
    size_t ndim = jaxrs_array_ndim(x);
    EXPR_RETURN(e, jaxrs_op_pad(e->scope, x, op_num(e, 0, x), one, ndim, one, ndim, zero, ndim, &out));
}

/* Products over the last axis of x and the given axis of y, batched over the first `batch` axes of both. */
static inline jaxrs_array* op_dot(expr* e, jaxrs_array* x, jaxrs_array* y, int64_t y_axis, size_t batch) {
    const int64_t axes[8] = {0, 1, 2, 3, 4, 5, 6, 7}, x_axis = (int64_t)jaxrs_array_ndim(x) - 1;
    EXPR_RETURN(e, jaxrs_op_dot_general(e->scope, x, y, &x_axis, 1, &y_axis, 1, axes, batch, axes, batch, 0, &out));
}

/* Softmax over the last axis. */
static inline jaxrs_array* op_softmax(expr* e, jaxrs_array* x) {
    const int64_t last = -1;
    EXPR_RETURN(e, jaxrs_op_softmax(e->scope, x, &last, 1, &out));
}

static inline jaxrs_array* op_gelu(expr* e, jaxrs_array* x) { EXPR_RETURN(e, jaxrs_op_gelu(e->scope, x, 1, &out)); }

/* (x - mean) / sqrt(variance + 1e-5) * gain + bias, over the last axis */
static inline jaxrs_array* op_layer_norm(expr* e, jaxrs_array* x, jaxrs_array* gain, jaxrs_array* bias) {
    jaxrs_array* off = op_sub(e, x, op_mean(e, x, -1, 1));
    jaxrs_array* variance = op_mean(e, op_mul(e, off, off), -1, 1);
    return op_add(e, op_mul(e, op_mul(e, off, op_rsqrt(e, op_add_num(e, variance, 1e-5))), gain), bias);
}

/* Applies `layers` layers (W, b alternating) with `activation` between them. */
static inline jaxrs_array* op_mlp(expr* e, jaxrs_array* const* params, int layers, jaxrs_array* x,
                                  jaxrs_array* (*activation)(expr*, jaxrs_array*)) {
    for (int layer = 0; layer < layers; layer++) {
        x = op_add(e, op_matmul(e, x, params[2 * layer]), params[2 * layer + 1]);
        if (layer < layers - 1) x = activation(e, x);
    }
    return x;
}

/* log softmax of the logits [batch, classes] at the labels y [batch], summed. */
static inline jaxrs_array* op_log_likelihood(expr* e, jaxrs_array* logits, jaxrs_array* y) {
    jaxrs_array* z = op_log_softmax(e, logits, -1);
    if (e->error) return NULL;
    const int64_t* shape = jaxrs_array_shape(z);
    jaxrs_array* is_label = op_eq(e, op_broadcast(e, y, shape, 2, SHAPE(0)), op_iota(e, JAXRS_I32, shape, 2, 1));
    return op_reduce_sum(e, op_select(e, is_label, z, op_num(e, 0, z)), EXPR_ALL, 0);
}

#endif
