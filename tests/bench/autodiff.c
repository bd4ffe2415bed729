/* f. automatic differentiation. */
#include "shape_ops.h"

/* ---- the perceptron 784-512-512-10: W0, b0, W1, b1, W2, b2, x, y ---- */

enum { PARAMS = 6, X = 6, Y = 7 };

static void mlp_args(work* w) {
    arg_mlp(w, 510, (const int64_t[]){784, 512, 512, 10}, 4);
    ARG(w, 530, 0, 1, 128, 784);
    arg_ints(w, 531, 10, 128);
}

FN(relu_loss) RETURNS(op_div_num(&e, op_log_likelihood(&e, op_mlp(&e, a, 3, a[X], op_relu), a[Y]), -128))
FN(tanh_loss) RETURNS(op_div_num(&e, op_log_likelihood(&e, op_mlp(&e, a, 3, a[X], op_tanh), a[Y]), -128))

FN(sgd_step) {
    const work* w = userdata;
    expr e = expr_in(s);
    jaxrs_array* loss_and_grads[1 + PARAMS];
    expr_call(&e, w->fns[1], a, n, loss_and_grads, 1 + PARAMS);
    expr_push(&e, out, loss_and_grads[0]);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, op_sub(&e, a[i], op_mul_num(&e, loss_and_grads[1 + i], 0.01)));
    return expr_done(&e);
}
void ad_mlp_sgd(work* w) {
    mlp_args(w);
    value_and_grad_of(w, fn_of(w, relu_loss, NULL), 0, PARAMS);
    time_body(w, sgd_step);
}

/* After x and y come the first moments and the second ones. */
FN(adam_step) {
    const work* w = userdata;
    const double c1 = 1 - pow(0.9, 10), c2 = 1 - pow(0.999, 10);
    jaxrs_array *loss_and_grads[1 + PARAMS], *p[PARAMS], *m[PARAMS], *v[PARAMS];
    expr e = expr_in(s);
    (void)n;
    expr_call(&e, w->fns[1], a, 8, loss_and_grads, 1 + PARAMS);
    for (int i = 0; i < PARAMS; i++) {
        jaxrs_array* g = loss_and_grads[1 + i];
        m[i] = op_add(&e, op_mul_num(&e, a[8 + i], 0.9), op_mul_num(&e, g, 0.1));
        v[i] = op_add(&e, op_mul_num(&e, a[14 + i], 0.999), op_mul_num(&e, op_mul(&e, g, g), 0.001));
        jaxrs_array* root = op_add_num(&e, op_sqrt(&e, op_div_num(&e, v[i], c2)), 1e-8);
        p[i] = op_sub(&e, a[i], op_div(&e, op_mul_num(&e, op_div_num(&e, m[i], c1), 1e-3), root));
    }
    expr_push(&e, out, loss_and_grads[0]);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, p[i]);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, m[i]);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, v[i]);
    return expr_done(&e);
}
static void ad_mlp_adam(work* w) {
    static const int64_t sizes[] = {784, 512, 512, 10};
    mlp_args(w);
    for (int k = 0; k < 3; k++) arg_full(w, JAXRS_F32, 0, sizes + k, 2), arg_full(w, JAXRS_F32, 0, sizes + k + 1, 1);
    for (uint64_t k = 0; k < 3; k++) {
        arg_uniform(w, JAXRS_F32, 560 + 2 * k, 1e-5, 1e-4, sizes + k, 2);
        arg_uniform(w, JAXRS_F32, 561 + 2 * k, 1e-5, 1e-4, sizes + k + 1, 1);
    }
    value_and_grad_of(w, fn_of(w, relu_loss, NULL), 0, PARAMS);
    time_body(w, adam_step);
}

/* The gradient as a function of the parameters alone; `userdata` has all arguments. */
typedef struct example {
    const work* w;
    jaxrs_array* const* args;
} example;
FN(slopes_here) {
    const example* here = userdata;
    expr e = expr_in(s);
    jaxrs_array *args[8], *slopes[PARAMS];
    memcpy(args, here->args, sizeof args);
    memcpy(args, a, n * sizeof *args);
    expr_call(&e, here->w->fns[1], args, 8, slopes, PARAMS);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, slopes[i]);
    return expr_done(&e);
}

/* W0..b2, x, y, v... -> the derivative of the gradient in the direction v */
FN(hvp) {
    example here = {userdata, a};
    expr e = expr_in(s);
    jaxrs_fn *slopes = NULL, *pushed = NULL;
    jaxrs_array *args[2 * PARAMS], *both[2 * PARAMS];
    (void)n;
    memcpy(args, a, PARAMS * sizeof *args);
    memcpy(args + PARAMS, a + 8, PARAMS * sizeof *args);
    if (!e.error) e.error = jaxrs_fn_new(here.w->ctx, "slopes", 6, slopes_here, &here, NULL, NULL, &slopes);
    if (!e.error) e.error = jaxrs_jvp(slopes, &pushed);
    expr_call(&e, pushed, args, 2 * PARAMS, both, 2 * PARAMS);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, both[PARAMS + i]);
    jaxrs_fn_release(pushed), jaxrs_fn_release(slopes);
    return expr_done(&e);
}
static void ad_hvp_mlp(work* w) {
    static const int64_t sizes[] = {784, 512, 512, 10};
    mlp_args(w);
    for (uint64_t k = 0; k < 3; k++) {
        arg_uniform(w, JAXRS_F32, 580 + 2 * k, -0.5, 0.5, sizes + k, 2);
        arg_uniform(w, JAXRS_F32, 581 + 2 * k, -0.5, 0.5, sizes + k + 1, 1);
    }
    grad_of(w, fn_of(w, tanh_loss, NULL), 0, PARAMS);
    time_body(w, hvp);
}

/* ---- per-example gradients: W0, b0, W1, b1, x, y of one example ---- */

FN(example_loss) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* logits = op_mlp(&e, a, 2, op_reshape(&e, a[4], SHAPE(1, 128)), op_tanh);
    expr_push(&e, out, op_neg(&e, op_log_likelihood(&e, logits, op_reshape(&e, a[5], SHAPE(1)))));
    return expr_done(&e);
}
static void ad_perex256(work* w) {
    static const int64_t axes[] = {JAXRS_AXIS_NONE, JAXRS_AXIS_NONE, JAXRS_AXIS_NONE, JAXRS_AXIS_NONE, 0, 0};
    arg_mlp(w, 550, (const int64_t[]){128, 256, 10}, 3);
    ARG(w, 570, 0, 1, 256, 128);
    arg_ints(w, 571, 10, 256);
    time_fn(w, vmap_of(w, grad_of(w, fn_of(w, example_loss, NULL), 0, 4), axes, 6));
}

/* ---- Hessians and Jacobians ---- */

FN(rosenbrock) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array *x = op_part(&e, a[0], 0, 0, 49), *next = op_part(&e, a[0], 0, 1, 50);
    jaxrs_array* valley = op_sub(&e, next, op_mul(&e, x, x));
    jaxrs_array* off = op_sub(&e, op_num(&e, 1, x), x);
    jaxrs_array* terms = op_add(&e, op_mul_num(&e, op_mul(&e, valley, valley), 100), op_mul(&e, off, off));
    expr_push(&e, out, op_reduce_sum(&e, terms, EXPR_ALL, 0));
    return expr_done(&e);
}
static void ad_hess_rosen50(work* w) {
    jaxrs_fn* f = NULL;
    ARG64(w, 531, -1, 1, 50);
    jaxrs_fn* valley = fn_of(w, rosenbrock, NULL);
    if (!w->error) w->error = jaxrs_hessian(valley, NULL, &f);
    time_fn(w, keep(w, f));
}

FN(two_layers) RETURNS(op_tanh(&e, op_matmul(&e, a[1], op_tanh(&e, op_matmul(&e, a[0], a[2])))))
static void jacobian(work* w, jaxrs_error* (*transform)(jaxrs_fn*, const jaxrs_diff_options*, jaxrs_fn**)) {
    static const uint32_t x = 2;
    jaxrs_diff_options options = {sizeof options, 0, &x, 1, 0};
    jaxrs_fn* f = NULL;
    ARG(w, 541, -0.2, 0.2, 100, 100);
    ARG(w, 542, -0.2, 0.2, 100, 100);
    ARG(w, 543, -1, 1, 100);
    jaxrs_fn* layers = fn_of(w, two_layers, NULL);
    if (!w->error) w->error = transform(layers, &options, &f);
    time_fn(w, keep(w, f));
}
static void ad_jacrev100(work* w) { jacobian(w, jaxrs_jacrev); }
static void ad_jacfwd100(work* w) { jacobian(w, jaxrs_jacfwd); }

const workload AUTODIFF[] = {TIMED(ad_mlp_sgd),   TIMED(ad_mlp_adam),  TIMED(ad_hvp_mlp), TIMED(ad_perex256),
                             TIMED(ad_hess_rosen50), TIMED(ad_jacrev100), TIMED(ad_jacfwd100), {0}};
