/* a. dispatch: K calls in a row, nanoseconds a call. */
#include "bench.h"

enum { JIT_ADD = 100000, JIT_GRAD = 20000, EAGER_ADD = 20000, JIT_20ARGS = 20000, EAGER_GRAD = 200, MLP_INFER = 5000 };

/* x <- f(x, other arguments), `times` times, from the first argument; the last x is the output. */
static void chain(work* w, jaxrs_fn* f, int times) {
    jaxrs_array* args[MAX_ARGS];
    jaxrs_array* x = jaxrs_array_retain(w->args[0]);
    memcpy(args, w->args, w->n_args * sizeof *args);
    for (int i = 0; i < times && !w->error; i++) {
        args[0] = x;
        jaxrs_results_clear(w->out);
        w->error = jaxrs_fn_call(f, w->s, args, w->n_args, w->out);
        jaxrs_array_release(x);
        x = w->error ? NULL : jaxrs_results_get(w->out, 0);
    }
    jaxrs_array_release(x);
}

FN(plus_one) RETURNS(op_add_num(&e, a[0], 1))
static void prepare_jit_add(work* w) {
    arg_full(w, JAXRS_F32, 0, NULL, 0);
    time_body(w, plus_one);
}
static void run_jit_add(work* w) { chain(w, w->fn, JIT_ADD); }

/* 0.1 sin(x) exp(-x^2) + 0.25 x^2 */
FN(bump) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* square = op_mul(&e, a[0], a[0]);
    jaxrs_array* wave = op_mul(&e, op_mul_num(&e, op_sin(&e, a[0]), 0.1), op_exp(&e, op_neg(&e, square)));
    expr_push(&e, out, op_add(&e, wave, op_mul_num(&e, square, 0.25)));
    return expr_done(&e);
}
static void prepare_jit_grad(work* w) {
    arg_full(w, JAXRS_F32, 0.3, NULL, 0);
    time_fn(w, grad_of(w, fn_of(w, bump, NULL), 0, 1));
}
static void run_jit_grad(work* w) { chain(w, w->fn, JIT_GRAD); }

static void prepare_eager_grad(work* w) {
    arg_full(w, JAXRS_F32, 0.3, NULL, 0);
    w->fn = grad_of(w, fn_of(w, bump, NULL), 0, 1);
}
static void run_eager_grad(work* w) { chain(w, w->fn, EAGER_GRAD); }

static void prepare_eager_add(work* w) {
    arg_full(w, JAXRS_F32, 0, SHAPE(10));
    ARG(w, 1, 0, 1, 10);
}
static void run_eager_add(work* w) {
    jaxrs_array* x = jaxrs_array_retain(w->args[0]);
    for (int i = 0; i < EAGER_ADD && !w->error; i++) {
        jaxrs_array* next = NULL;
        w->error = jaxrs_op_add(w->s, x, w->args[1], &next);
        jaxrs_array_release(x);
        x = next;
    }
    jaxrs_results_clear(w->out);
    if (!w->error) w->error = jaxrs_results_push(w->out, x);
    jaxrs_array_release(x);
}

FN(mean_of_20) {
    expr e = expr_in(s);
    (void)userdata;
    jaxrs_array* sum = a[0];
    for (size_t i = 1; i < n; i++) sum = op_add(&e, sum, a[i]);
    expr_push(&e, out, op_div_num(&e, sum, 20));
    return expr_done(&e);
}
static void prepare_20args(work* w) {
    for (uint64_t k = 0; k < 20; k++) ARG(w, 10 + k, 0, 1, 10);
    time_body(w, mean_of_20);
}
static void run_20args(work* w) { chain(w, w->fn, JIT_20ARGS); }

/* Three layers with tanh between them: W0, b0, W1, b1, W2, b2, x */
FN(mlp_tanh) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* x = a[6];
    for (int layer = 0; layer < 3; layer++) {
        x = op_add(&e, op_matmul(&e, x, a[2 * layer]), a[2 * layer + 1]);
        if (layer < 2) x = op_tanh(&e, x);
    }
    expr_push(&e, out, x);
    return expr_done(&e);
}
static void prepare_infer(work* w) {
    arg_mlp(w, 40, (const int64_t[]){64, 64, 64, 10}, 4);
    ARG(w, 60, -1, 1, 1, 64);
    time_body(w, mlp_tanh);
}
static void run_infer(work* w) {
    for (int i = 0; i < MLP_INFER; i++) call(w, w->fn);
}

#define DISPATCHED(name, prepare, run, times) {name, "time_per_call", "ns", 1e9 / times, prepare, run, NULL, 0}
const workload DISPATCH[] = {
    DISPATCHED("disp_jit_add", prepare_jit_add, run_jit_add, JIT_ADD),
    DISPATCHED("disp_jit_grad", prepare_jit_grad, run_jit_grad, JIT_GRAD),
    DISPATCHED("disp_eager_add10", prepare_eager_add, run_eager_add, EAGER_ADD),
    DISPATCHED("disp_jit_20args", prepare_20args, run_20args, JIT_20ARGS),
    DISPATCHED("disp_eager_grad", prepare_eager_grad, run_eager_grad, EAGER_GRAD),
    DISPATCHED("disp_mlp_infer", prepare_infer, run_infer, MLP_INFER),
    {0}};
