/* i. memory, in MB (10^6 bytes), and what child processes do. */
#include <dlfcn.h>
#include <unistd.h>
#include <sys/stat.h>
#include "shape_ops.h"

void ad_mlp_sgd(work* w);

/* The peak resident set of this process. */
static double peak_mb(void) {
    char line[256];
    double kb = NAN;
    FILE* file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) (void)sscanf(line, "VmHWM: %lf", &kb);
    if (file) fclose(file);
    return kb * 1024 / 1e6;
}

/* The figure that this program prints as a child. */
static double of_child(const char* what) {
    char command[64];
    double mb = NAN;
    snprintf(command, sizeof command, "/proc/%d/exe --child %s", (int)getpid(), what);
    FILE* output = popen(command, "r");
    if (output && fscanf(output, "%lf", &mb) != 1) mb = NAN;
    if (output) pclose(output);
    return mb;
}
static double mem_import_rss(void) { return of_child("import"); }
static double mem_mlp_rss(void) { return of_child("mlp"); }

/* The shared library alone: it needs nothing but libc. */
static double mem_disk(void) {
    Dl_info info;
    struct stat status;
    if (!dladdr((void*)(intptr_t)jaxrs_abi_version, &info) || stat(info.dli_fname, &status) != 0) return NAN;
    return (double)status.st_size / 1e6;
}

FN(process) RETURNS(op_add(&e, op_mul_num(&e, op_sin(&e, a[0]), 2), a[0]))

/* Compiles and runs sin(x) 2 + x on ten numbers and prints their sum. */
static void run_process(work* w) {
    float y[10] = {0}, x[10], sum = 0;
    for (int i = 0; i < 10; i++) x[i] = (float)i;
    arg_data(w, JAXRS_F32, x, sizeof x, SHAPE(10));
    time_body(w, process);
    call(w, w->fn);
    jaxrs_array* a = w->error ? NULL : jaxrs_results_get(w->out, 0);
    if (!w->error) w->error = jaxrs_array_to_host(a, y, sizeof y, NULL);
    for (int i = 0; i < 10; i++) sum += y[i];
    jaxrs_array_release(a);
    printf("%g\n", (double)sum);
}

/* The life of a child process; `work` is left to the end of the process. */
int child(const char* what) {
    static const workload nameless = {.name = "child"};
    static work w = {.what = &nameless};
    fail(&w, jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &w.ctx));
    if (!w.error) w.s = jaxrs_context_scope(w.ctx), w.error = jaxrs_results_new(&w.out);
    if (w.error) return 1;
    if (strcmp(what, "process") == 0) run_process(&w);
    else if (strcmp(what, "import") == 0) arg_full(&w, JAXRS_F32, 0, SHAPE(3));
    else ad_mlp_sgd(&w);
    for (int i = 0; strcmp(what, "mlp") == 0 && i < 10; i++) call(&w, w.fn);
    if (strcmp(what, "process") != 0) printf("%.3f\n", peak_mb());
    return w.error != NULL;
}

const workload MEMORY[] = {{"mem_import_rss", "peak_rss", "MB", 1, NULL, NULL, mem_import_rss, 0},
                           {"mem_mlp_rss", "peak_rss", "MB", 1, NULL, NULL, mem_mlp_rss, 0},
                           {"mem_disk", "disk_size", "MB", 1, NULL, NULL, mem_disk, 0}, {0}};
