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

/* The parameters of a block, in the order of the gradients. */
enum { B1, B2, G1, G2, W1, W2, WK, WO, WQ, WV, BLOCK_PARAMS, BLOCKS = 12 };

static jaxrs_array* op_einsum(expr* e, const char* spec, jaxrs_array* x, jaxrs_array* y) {
    EXPR_RETURN(e, jaxrs_op_einsum(e->scope, (jaxrs_array*[]){x, y}, 2, spec, strlen(spec), &out));
}
/* h w, as 4 heads of 16 */
static jaxrs_array* heads(expr* e, jaxrs_array* h, jaxrs_array* w) { return op_reshape(e, op_matmul(e, h, w), SHAPE(2, 32, 4, 16)); }

static jaxrs_array* transformer_block(expr* e, jaxrs_array* const* p, jaxrs_array* x) {
    jaxrs_array* h = op_layer_norm(e, x, p[G1], p[B1]);
    jaxrs_array *q = heads(e, h, p[WQ]), *k = heads(e, h, p[WK]), *v = heads(e, h, p[WV]);
    jaxrs_array* weights = op_softmax(e, op_div_num(e, op_einsum(e, "bqhd,bkhd->bhqk", q, k), 4));
    jaxrs_array* mixed = op_reshape(e, op_einsum(e, "bhqk,bkhd->bqhd", weights, v), SHAPE(2, 32, 64));
    x = op_add(e, x, op_matmul(e, mixed, p[WO]));
    h = op_layer_norm(e, x, p[G2], p[B2]);
    return op_add(e, x, op_matmul(e, op_gelu(e, op_matmul(e, h, p[W1])), p[W2]));
}
FN(transformer_loss) {
    expr e = expr_in(s);
    (void)userdata, (void)n;
    jaxrs_array* x = a[BLOCKS * BLOCK_PARAMS];
    for (int block = 0; block < BLOCKS; block++) x = transformer_block(&e, a + block * BLOCK_PARAMS, x);
    expr_push(&e, out, op_mean(&e, op_mul(&e, x, x), EXPR_ALL, 0));
    return expr_done(&e);
}
static void comp_transformer12(work* w) {
    const double c = sqrt(3.0 / 64), narrow = sqrt(3.0 / 256);
    for (uint64_t seed = 5000; seed < 5000 + 20 * BLOCKS; seed += 20) {
        for (int k = B1; k <= G2; k++) arg_full(w, JAXRS_F32, k >= G1, SHAPE(64));
        ARG(w, seed + 4, -c, c, 64, 256);
        ARG(w, seed + 5, -narrow, narrow, 256, 64);
        ARG(w, seed + 1, -c, c, 64, 64);
        ARG(w, seed + 3, -c, c, 64, 64);
        ARG(w, seed, -c, c, 64, 64);
        ARG(w, seed + 2, -c, c, 64, 64);
    }
    ARG(w, 130, -1, 1, 2, 32, 64);
    w->fn = grad_of(w, fn_of(w, transformer_loss, NULL), 0, BLOCKS * BLOCK_PARAMS);
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
const workload COMPILE[] = {COLD(comp_tiny), COLD(comp_mlp_grad), COLD(comp_transformer12), COLD(comp_scalar200), COLD(comp_scan_rnn),
                            {"comp_process", "cold_time", "ms", 1e3, NULL, NULL, comp_process, 0}, {0}};
