/* What a library must not do to its host: `hygiene CHECK` compiles and runs a program, and looks around before and after. */
#include <dirent.h>
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xmmintrin.h>
#include "expr.h"

extern char** environ;

static int failures;
#define EXPECT(condition) \
    ((condition) ? (void)0 : (fprintf(stderr, "line %d: %s does not hold\n", __LINE__, #condition), (void)failures++))

static jaxrs_error* wave(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_reduce_sum(&e, op_tanh(&e, op_mul(&e, a[0], a[0])), EXPR_ALL, 0));
    return expr_done(&e);
}

/* Compiles a gradient, runs it on enough data for several threads, and leaves the context. */
static jaxrs_context* work(void) {
    const int64_t shape[] = {1 << 20};
    jaxrs_context* ctx = NULL;
    jaxrs_fn *f = NULL, *g = NULL, *h = NULL;
    jaxrs_array* x = NULL;
    jaxrs_results* r = NULL;
    jaxrs_error* err = jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx);
    if (!err) err = jaxrs_fn_new(ctx, "wave", 4, wave, NULL, NULL, NULL, &f);
    if (!err) err = jaxrs_grad(f, NULL, &g);
    if (!err) err = jaxrs_jit(g, NULL, &h);
    if (!err) err = jaxrs_array_full_f64(jaxrs_context_scope(ctx), 0.5, JAXRS_F32, shape, 1, &x);
    if (!err) err = jaxrs_results_new(&r);
    if (!err) err = jaxrs_fn_call(h, jaxrs_context_scope(ctx), &x, 1, r);
    if (err) fprintf(stderr, "%s\n", jaxrs_error_message(err, NULL)), failures++;
    jaxrs_error_release(err);
    jaxrs_results_release(r), jaxrs_array_release(x);
    jaxrs_fn_release(h), jaxrs_fn_release(g), jaxrs_fn_release(f);
    return ctx;
}

static void check_handlers(void) {
    struct sigaction before[NSIG], after;
    sigset_t mask_before, mask_after;
    for (int i = 1; i < NSIG; i++) sigaction(i, NULL, &before[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    jaxrs_context* ctx = work();
    for (int i = 1; i < NSIG; i++)
        if (sigaction(i, NULL, &after) == 0) EXPECT(after.sa_handler == before[i].sa_handler);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    EXPECT(memcmp(&mask_before, &mask_after, sizeof mask_before) == 0);
    jaxrs_context_release(ctx);
}

static int open_descriptors(void) {
    int n = 0;
    DIR* folder = opendir("/proc/self/fd");
    while (readdir(folder)) n++;
    closedir(folder);
    return n;
}

static void check_descriptors(void) {
    int before = open_descriptors();
    jaxrs_context_release(work());
    EXPECT(open_descriptors() == before);
}

static void check_environment(void) {
    char before[4096], after[4096];
    size_t variables = 0, variables_after = 0;
    unsigned control = _mm_getcsr() & ~0x3fu; /* without the sticky flags of what was computed */
    int rounding = fegetround();
    while (environ[variables]) variables++;
    EXPECT(getcwd(before, sizeof before) != NULL);
    jaxrs_context* ctx = work();
    EXPECT((_mm_getcsr() & ~0x3fu) == control);
    EXPECT(fegetround() == rounding);
    EXPECT(getcwd(after, sizeof after) != NULL && strcmp(before, after) == 0);
    while (environ[variables_after]) variables_after++;
    EXPECT(variables == variables_after);
    jaxrs_context_release(ctx);
}

/* The work runs with both streams in a file, which has to stay empty, also after an error. */
static void check_output(void) {
    FILE* file = tmpfile();
    fflush(NULL);
    int out = dup(1), err = dup(2);
    dup2(fileno(file), 1), dup2(fileno(file), 2);
    jaxrs_context* ctx = work();
    jaxrs_error_release(jaxrs_op_sin(jaxrs_context_scope(ctx), NULL, NULL));
    jaxrs_context_release(ctx);
    fflush(NULL);
    dup2(out, 1), dup2(err, 2);
    EXPECT(lseek(fileno(file), 0, SEEK_END) == 0);
    fclose(file);
}

static int threads_now(void) {
    int n = -2; /* . and .. */
    DIR* folder = opendir("/proc/self/task");
    while (readdir(folder)) n++;
    closedir(folder);
    return n;
}

static void check_threads(void) {
    jaxrs_context* ctx = NULL;
    jaxrs_error_release(jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx));
    EXPECT(threads_now() == 1); /* none before there is work */
    jaxrs_context_release(ctx);
    jaxrs_context_release(work());
    for (int i = 0; i < 100 && threads_now() > 1; i++) usleep(10000); /* the kernel takes a moment */
    EXPECT(threads_now() == 1); /* and none after the context is gone */
}

static void check_fork(void) {
    jaxrs_context* ctx = work();
    pid_t child = fork();
    if (child == 0) {
        jaxrs_array *x = NULL;
        alarm(20); /* a hang is a failure */
        jaxrs_error* err = jaxrs_array_full_f64(jaxrs_context_scope(ctx), 1, JAXRS_F32, NULL, 0, &x);
        _exit(jaxrs_error_code(err) == JAXRS_ERR_FORKED ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    jaxrs_context_release(ctx);
}

/* The process ends while the context and its threads are there. */
static void check_exit(void) { (void)work(); }

static void check_contexts(void) {
    jaxrs_context *one = work(), *two = work();
    EXPECT(one != two);
    jaxrs_context_release(one);
    jaxrs_context_release(work());
    jaxrs_context_release(two);
}

int main(int argc, char** argv) {
    static const struct { const char* name; void (*check)(void); } checks[] = {
        {"handlers", check_handlers}, {"descriptors", check_descriptors}, {"environment", check_environment},
        {"output", check_output},     {"threads", check_threads},         {"fork", check_fork},
        {"exit", check_exit},         {"contexts", check_contexts}};
    for (size_t i = 0; argc == 2 && i < sizeof checks / sizeof *checks; i++)
        if (strcmp(argv[1], checks[i].name) == 0) return checks[i].check(), failures > 0;
    fprintf(stderr, "usage: hygiene CHECK\n");
    return 2;
}
