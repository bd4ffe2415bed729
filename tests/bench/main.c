/* Answers the benchmark driver: ours --serve, or ours --workloads NAME[,NAME...] --budget SECONDS.
 *
 * The protocol, the checksum and the rules of timing are those of the benchmark's definition: the median of samples,
 * each at least 2 ms long; outputs are complete when a call returns. */
#include <time.h>
#include "bench.h"

static const workload* const GROUPS[] = {DISPATCH, COMPILE, FUSION, CONTRACTION, LOOPS, AUTODIFF, RANDOM, MOVEMENT, SPECTRUM, LINEAR_ALGEBRA, MEMORY};
enum { MAX_SAMPLES = 300 };

typedef struct samples {
    double values[MAX_SAMPLES];
    int n;
    double cpu; /* a call, on average */
} samples;

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- checksum ---- */

static double element(const void* data, jaxrs_dtype dtype, size_t i) {
    switch (dtype) {
        case JAXRS_BOOL: case JAXRS_U8: return ((const uint8_t*)data)[i];
        case JAXRS_I32: return ((const int32_t*)data)[i];
        case JAXRS_I64: return (double)((const int64_t*)data)[i];
        case JAXRS_U32: return ((const uint32_t*)data)[i];
        case JAXRS_F32: case JAXRS_C64: return (double)((const float*)data)[i];
        case JAXRS_F64: case JAXRS_C128: return ((const double*)data)[i];
        default: return NAN;
    }
}

static double checksum(work* w) {
    double total = 0;
    for (size_t k = 0; !w->error && k < jaxrs_results_len(w->out); k++) {
        jaxrs_array* a = jaxrs_results_get(w->out, k);
        const void* data = NULL;
        size_t nbytes = 0;
        double sum = 0;
        jaxrs_dtype dtype = jaxrs_array_dtype(a);
        /* of a complex number the real and the imaginary part, one after the other */
        size_t n = jaxrs_array_size(a) * (dtype == JAXRS_C64 || dtype == JAXRS_C128 ? 2 : 1);
        w->error = jaxrs_array_host_view(a, &data, &nbytes);
        for (size_t i = 0; !w->error && i < n; i++) {
            double v = element(data, dtype, i);
            sum += (1.0 + (double)(i % 97) / 97.0) * (fabs(v) + 0.5 * v);
        }
        total += (double)(k + 1) * sum;
        jaxrs_array_release(a);
    }
    return total;
}

/* ---- timing ---- */

static void run_once(work* w) {
    if (w->what->run) w->what->run(w);
    else call(w, w->fn);
}

static double timed(work* w, int inner) {
    double start = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < inner && !w->error; i++) run_once(w);
    return seconds(CLOCK_MONOTONIC) - start;
}

/* How many calls make a sample of at least 2 ms. */
static int calls_a_sample(work* w) {
    if (w->what->cold) return 1;
    double t = timed(w, 1);
    if (t < 0.05) t = timed(w, 1);
    return t >= 1e-3 ? 1 : (int)(2e-3 / fmax(t, 1e-8)) + 1;
}

static void take_samples(work* w, double budget, int inner, samples* out) {
    double start = seconds(CLOCK_MONOTONIC), elapsed = 0, cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    while (!w->error && out->n < MAX_SAMPLES) {
        double t = timed(w, inner);
        out->values[out->n++] = t / inner * w->what->scale;
        elapsed = seconds(CLOCK_MONOTONIC) - start;
        if (elapsed + 0.5 * t > budget && (out->n >= 3 || elapsed > 4 * budget)) break;
    }
    out->cpu = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / ((double)out->n * inner) * w->what->scale;
}

/* ---- life of a workload ---- */

typedef struct session {
    work w;
    double checksum;
    int inner, ready;
} session;

static const workload* find(const char* name) {
    for (size_t g = 0; g < sizeof GROUPS / sizeof *GROUPS; g++)
        for (const workload* k = GROUPS[g]; k->name; k++)
            if (strcmp(k->name, name) == 0) return k;
    return NULL;
}

static void drop(session* x) {
    work* w = &x->w;
    jaxrs_results_release(w->out);
    for (size_t i = 0; i < w->n_args; i++) jaxrs_array_release(w->args[i]);
    for (size_t i = w->n_fns; i-- > 0;) jaxrs_fn_release(w->fns[i]);
    jaxrs_error_release(w->error);
    jaxrs_context_release(w->ctx);
    memset(x, 0, sizeof *x);
}

static void prepare(session* x, const workload* what) {
    work* w = &x->w;
    drop(x);
    w->what = what;
    if (what->value) return;
    fail(w, jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &w->ctx));
    if (w->error) return;
    w->s = jaxrs_context_scope(w->ctx);
    fail(w, jaxrs_results_new(&w->out));
    if (!w->error) what->prepare(w);
    if (!w->error) run_once(w);
    x->checksum = checksum(w);
    if (!w->error) x->inner = calls_a_sample(w);
    x->ready = !w->error;
}

/* ---- answers ---- */

static void skip(const char* name, const char* why) {
    printf("{\"peer\":\"ours\",\"workload\":\"%s\",\"skip\":\"", name);
    for (size_t i = 0; why[i] && i < 300; i++) putchar(why[i] == '"' || why[i] == '\\' || why[i] == '\n' ? '\'' : why[i]);
    printf("\"}\n");
}

static int by_value(const void* a, const void* b) {
    double x = *(const double*)a, y = *(const double*)b;
    return (x > y) - (x < y);
}

static void answer(const session* x, const samples* s, int with_samples) {
    const workload* what = x->w.what;
    double sorted[MAX_SAMPLES];
    memcpy(sorted, s->values, sizeof sorted);
    qsort(sorted, (size_t)s->n, sizeof *sorted, by_value);
    double median = s->n % 2 ? sorted[s->n / 2] : 0.5 * (sorted[s->n / 2 - 1] + sorted[s->n / 2]);
    printf("{\"peer\":\"ours\",\"workload\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\",\"median\":%.9g,\"min\":%.9g,\"n\":%d,",
           what->name, what->metric, what->unit, median, sorted[0], s->n);
    if (what->value) printf("\"checksum\":null");
    else printf("\"checksum\":%.12g,\"cpu_mean\":%.9g", x->checksum, s->cpu);
    if (with_samples) {
        printf(",\"samples\":[");
        for (int i = 0; i < s->n; i++) printf("%s%.9g", i ? "," : "", s->values[i]);
        printf("]");
    }
    printf("}\n");
}

static void serve(session* x, const char* name, double budget, int with_samples) {
    const workload* what = find(name);
    samples s = {{0}, 0, 0};
    if (!what) {
        skip(name, "not implemented");
        return;
    }
    if (what != x->w.what || !(x->ready || what->value)) prepare(x, what);
    for (int i = 0; what->value && budget > 0 && i < (budget > 2 ? 3 : 1); i++) s.values[s.n++] = what->value();
    if (!what->value && x->ready && budget > 0) take_samples(&x->w, budget, x->inner, &s);
    if (x->w.error) skip(name, jaxrs_error_message(x->w.error, NULL)), drop(x);
    else if (s.n == 0) printf("{\"peer\":\"ours\",\"workload\":\"%s\",\"ready\":true}\n", name);
    else answer(x, &s, with_samples);
}

/* Reads {"workload": NAME, "budget": SECONDS} lines. */
static void serve_lines(session* x) {
    char line[1024], name[128];
    while (fgets(line, sizeof line, stdin)) {
        const char *key = strstr(line, "\"workload\""), *budget = strstr(line, "\"budget\"");
        double wanted = 1.0;
        if (!key || sscanf(key, "\"workload\" : \"%127[^\"]\"", name) != 1) continue;
        if (budget) (void)sscanf(budget, "\"budget\" : %lf", &wanted);
        serve(x, name, wanted, 1);
        fflush(stdout);
    }
}

int child(const char* what);

int main(int argc, char** argv) {
    static session x;
    const char* names = NULL;
    double budget = 3.0;
    int lines = 0;
    for (int i = 1; i < argc; i++) {
        const char* value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--child") == 0) return child(value);
        if (strcmp(argv[i], "--serve") == 0) lines = 1;
        if (strcmp(argv[i], "--workloads") == 0) names = value;
        if (strcmp(argv[i], "--budget") == 0) budget = atof(value);
    }
    if (lines) serve_lines(&x);
    if (!lines && !names) {
        for (size_t g = 0; g < sizeof GROUPS / sizeof *GROUPS; g++)
            for (const workload* k = GROUPS[g]; k->name; k++) puts(k->name);
        return 0;
    }
    char* list = strdup(names ? names : "");
    for (char* name = strtok(list, ","); name; name = strtok(NULL, ",")) serve(&x, name, budget, 0), fflush(stdout);
    free(list);
    drop(&x);
    return 0;
}
