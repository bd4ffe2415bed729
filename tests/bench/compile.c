/* b. compile latency: from a new function in a fresh context to the first result, milliseconds. */
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include "shape_ops.h"

extern char** environ;

/* Traces, transforms, compiles and runs `f` in a context without any compiled code. */
static void run_cold(work* w) {
    jaxrs_fn* fresh = NULL;
    if (w->error) return;
    jaxrs_results_clear(w->out);
    w->error = jaxrs_jit(w->fn, NULL, &fresh);
    if (!w->error) w->error = jaxrs_fn_call(fresh, w->s, w->args, w->n_args, w->out);
    jaxrs_fn_release(fresh);
}

FN(sine_and_more) RETURNS(op_add(&e, op_mul_num(&e, op_sin(&e, a[0]), 2), a[0]))
static void comp_tiny(work* w) {
    ARG(w, 101, 0, 1, 1000);
    w->fn = fn_of(w, sine_and_more, NULL);
}

/* W0, b0, W1, b1, W2, b2, x, y */
FN(mlp_loss) RETURNS(op_div_num(&e, op_log_likelihood(&e, op_mlp(&e, a, 3, a[6], op_relu), a[7]), -128))
static void comp_mlp_grad(work* w) {
    arg_mlp(w, 110, (const int64_t[]){784, 512, 512, 10}, 4);
    ARG(w, 130, 0, 1, 128, 784);
    arg_ints(w, 131, 10, 128);
    w->fn = value_and_grad_of(w, fn_of(w, mlp_loss, NULL), 0, 6);
}

FN(chain_of_200) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* y = a[0];
    for (int k = 0; k < 50; k++)
        y = op_add(&e, op_mul_num(&e, op_sin(&e, y), 0.5 + 0.01 * k), op_mul(&e, a[0], y));
    expr_push(&e, out, y);
    return expr_done(&e);
}
static void comp_scalar200(work* w) {
    arg_full(w, JAXRS_F32, 0.7, NULL, 0);
    w->fn = grad_of(w, fn_of(w, chain_of_200, NULL), 0, 1);
}

/* The cell of a recurrent network: h, x_t -> h', sum h'. `userdata` has Wx and Wh. */
FN(rnn_cell) {
    jaxrs_array* const* weights = userdata;
    expr e = expr_in(s);
    (void)n;
    jaxrs_array* h = op_tanh(&e, op_add(&e, op_matmul(&e, a[1], weights[0]), op_matmul(&e, a[0], weights[1])));
    expr_push(&e, out, h);
    expr_push(&e, out, op_reduce_sum(&e, h, EXPR_ALL, 0));
    return expr_done(&e);
}
/* Wx, Wh, x -> mean(h^2) + 0.001 mean_t(sum h_t) */
FN(rnn_loss) {
    work* w = userdata;
    expr e = expr_in(s);
    jaxrs_fn* cell = NULL;
    jaxrs_results* r = NULL;
    jaxrs_array *start = op_full(&e, 0, JAXRS_F32, SHAPE(8, 32)), *ends[2];
    (void)n;
    if (!e.error) e.error = jaxrs_fn_new(w->ctx, "cell", 4, rnn_cell, (void*)a, NULL, NULL, &cell);
    if (!e.error) e.error = jaxrs_results_new(&r);
    if (!e.error) e.error = jaxrs_scan(s, cell, &start, 1, a + 2, 1, -1, 0, 1, r);
    expr_take(&e, r, ends, 2);
    expr_push(&e, out, op_add(&e, op_mean(&e, op_mul(&e, ends[0], ends[0]), EXPR_ALL, 0), op_mul_num(&e, op_mean(&e, ends[1], EXPR_ALL, 0), 0.001)));
    jaxrs_fn_release(cell);
    return expr_done(&e);
}
static void comp_scan_rnn(work* w) {
    ARG(w, 141, -0.3, 0.3, 16, 32);
    ARG(w, 142, -0.3, 0.3, 32, 32);
    ARG(w, 143, -1, 1, 100, 8, 16);
    w->fn = grad_of(w, fn_of(w, rnn_loss, w), 0, 2);
}

/* A process of its own: wall time from its start to its end. */
static double comp_process(void) {
    char* const arguments[] = {"ours", "--child", "process", NULL};
    posix_spawn_file_actions_t silent;
    struct timespec start, end;
    pid_t pid = 0;
    int status = 0;
    posix_spawn_file_actions_init(&silent);
    posix_spawn_file_actions_addopen(&silent, 1, "/dev/null", 1, 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (posix_spawn(&pid, "/proc/self/exe", &silent, NULL, arguments, environ) == 0) waitpid(pid, &status, 0);
    clock_gettime(CLOCK_MONOTONIC, &end);
    posix_spawn_file_actions_destroy(&silent);
    if (pid == 0 || status != 0) return NAN;
    return (double)(end.tv_sec - start.tv_sec) * 1e3 + 1e-6 * (double)(end.tv_nsec - start.tv_nsec);
}

#define COLD(id) {#id, "cold_time", "ms", 1e3, id, run_cold, NULL, 1}
const workload COMPILE[] = {COLD(comp_tiny), COLD(comp_mlp_grad), COLD(comp_scalar200), COLD(comp_scan_rnn),
                            {"comp_process", "cold_time", "ms", 1e3, NULL, NULL, comp_process, 0}, {0}};
