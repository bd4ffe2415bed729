/* Programs in files: what is saved here, and what versions of the library wrote (tests/programs). */
#include "check.h"
#include <inttypes.h>
#include <unistd.h>

#ifndef JAXRS_PROGRAMS
#define JAXRS_PROGRAMS "tests/programs"
#endif

static jaxrs_error* sine_and_square(void* userdata, jaxrs_scope* s, jaxrs_array* const* x, size_t n, jaxrs_results* r) {
    jaxrs_array *y = NULL, *z = NULL;
    (void)userdata, (void)n;
    jaxrs_error* err = jaxrs_op_sin(s, x[0], &y);
    if (!err) err = jaxrs_op_mul(s, y, y, &z);
    if (!err) err = jaxrs_results_push(r, z);
    jaxrs_array_release(y), jaxrs_array_release(z);
    return err;
}

static jaxrs_program* traced(check* c) {
    jaxrs_aval aval = {JAXRS_F32, 0, 0, NULL};
    jaxrs_program* p = NULL;
    jaxrs_fn* f = NULL;
    OK(jaxrs_fn_new(c->ctx, "sine_and_square", 15, sine_and_square, NULL, NULL, NULL, &f));
    OK(jaxrs_fn_trace(f, c->s, &aval, 1, &p));
    jaxrs_fn_release(f);
    return p;
}

static jaxrs_fn* function_of(check* c, jaxrs_program* p) {
    jaxrs_fn* f = NULL;
    OK(jaxrs_fn_from_program(p, &f));
    jaxrs_program_release(p);
    return keep_fn(c, f);
}

CASE(a_saved_program_is_called_differentiated_and_compiled) {
    jaxrs_program *p = traced(c), *q = NULL;
    jaxrs_bytes *saved = NULL, *again = NULL;
    OK(jaxrs_program_save(p, &saved));
    OK(jaxrs_program_load(c->ctx, jaxrs_bytes_data(saved), jaxrs_bytes_len(saved), &q));
    OK(jaxrs_program_save(q, &again));
    EXPECT(jaxrs_bytes_len(saved) == jaxrs_bytes_len(again));
    EXPECT(!memcmp(jaxrs_bytes_data(saved), jaxrs_bytes_data(again), jaxrs_bytes_len(saved)));
    jaxrs_bytes_release(saved), jaxrs_bytes_release(again), jaxrs_program_release(p);
    jaxrs_fn* f = function_of(c, q);
    GIVES(f, ARGS(scalar(c, 2)), 0.8268218);
    GIVES(JIT(GRAD(f)), ARGS(scalar(c, 2)), -0.7568025);
}

CASE(programs_go_through_files) {
    char path[64];
    jaxrs_program *p = traced(c), *q = NULL;
    int n = snprintf(path, sizeof path, P_tmpdir "/jaxrs-programs-test-%ld.jaxrs", (long)getpid());
    OK(jaxrs_program_save_file(p, path, (size_t)n));
    OK(jaxrs_program_save_file(p, path, (size_t)n));
    OK(jaxrs_program_load_file(c->ctx, path, (size_t)n, &q));
    GIVES(function_of(c, q), ARGS(scalar(c, 2)), 0.8268218);
    remove(path);
    FAILS(jaxrs_program_load_file(c->ctx, path, (size_t)n, &q), JAXRS_ERR_IO, "cannot read", path);
    FAILS(jaxrs_program_save_file(p, "/proc/no/file", 13), JAXRS_ERR_IO, "cannot write", "/proc/no/file");
    jaxrs_program_release(p);
}

static jaxrs_error* load_executable(check* c, const void* data, size_t n) {
    jaxrs_exec* e = NULL;
    jaxrs_error* err = jaxrs_exec_load(c->ctx, data, n, &e);
    EXPECT(!err == !!e);
    jaxrs_exec_release(e);
    return err;
}

CASE(a_saved_executable_runs_and_is_only_for_its_machine_and_version) {
    jaxrs_program* p = traced(c);
    jaxrs_exec *e = NULL, *loaded = NULL;
    jaxrs_bytes* saved = NULL;
    jaxrs_results* r = NULL;
    jaxrs_stats before = JAXRS_STATS_INIT, after = JAXRS_STATS_INIT;
    OK(jaxrs_compile(p, NULL, &e));
    OK(jaxrs_exec_save(e, &saved));
    size_t n = jaxrs_bytes_len(saved);
    OK(jaxrs_context_stats(c->ctx, &before));
    OK(jaxrs_exec_load(c->ctx, jaxrs_bytes_data(saved), n, &loaded));
    OK(jaxrs_context_stats(c->ctx, &after));
    EXPECT(before.compiles == after.compiles);
    jaxrs_array* x = scalar(c, 2);
    OK(jaxrs_results_new(&r));
    OK(jaxrs_exec_call(e, &x, 1, r));
    OK(jaxrs_exec_call(loaded, &x, 1, r));
    float y[2];
    for (size_t i = 0; i < 2; i++) {
        jaxrs_array* got = jaxrs_results_get(r, i);
        OK(jaxrs_array_to_host(got, &y[i], sizeof y[i], NULL));
        jaxrs_array_release(got);
    }
    EXPECT(y[0] == y[1] && fabsf(y[0] - 0.8268218f) < 1e-6f);

    unsigned char* file = malloc(n);
    memcpy(file, jaxrs_bytes_data(saved), n);
    for (size_t i = 0; i < n; i += 1 + i / 512) {
        file[i] ^= 1;
        jaxrs_error* err = load_executable(c, file, n);
        EXPECT(err != NULL);
        jaxrs_error_release(err);
        file[i] ^= 1;
    }
    for (size_t i = 0; i < n; i += 97) FAILS(load_executable(c, file, i), JAXRS_ERR_INVALID_ARGUMENT, "executable");
    file[8]++;
    FAILS(load_executable(c, file, n), JAXRS_ERR_INCOMPATIBLE, "format 2", "compile the program again");
    free(file);
    jaxrs_results_release(r), jaxrs_bytes_release(saved), jaxrs_exec_release(e), jaxrs_exec_release(loaded), jaxrs_program_release(p);
}

CASE(an_object_of_an_executable_has_a_function_and_a_header) {
    jaxrs_program* p = traced(c);
    jaxrs_exec* e = NULL;
    jaxrs_bytes *object = NULL, *header = NULL;
    OK(jaxrs_compile(p, NULL, &e));
    OK(jaxrs_exec_emit_object(e, "sine_and_square", 15, &object, &header));
    EXPECT(jaxrs_bytes_len(object) > 64 && !memcmp(jaxrs_bytes_data(object), "\177ELF", 4));
    EXPECT_TEXT((const char*)jaxrs_bytes_data(header), "int sine_and_square(const void *const *inputs, void *const *outputs, void *workspace);");
    EXPECT_TEXT((const char*)jaxrs_bytes_data(header), "#define sine_and_square_WORKSPACE_BYTES ((size_t)0)");
    jaxrs_bytes_release(object), jaxrs_bytes_release(header);
    FAILS(jaxrs_exec_emit_object(e, "2nd", 3, &object, &header), JAXRS_ERR_INVALID_ARGUMENT, "symbol is '2nd'");
    FAILS(jaxrs_exec_emit_object(e, "", 0, &object, &header), JAXRS_ERR_INVALID_ARGUMENT, "symbol");
    jaxrs_exec_release(e), jaxrs_program_release(p);
}

static jaxrs_error* nothing(void* userdata, const jaxrs_host_buffer* args, size_t n_args, const jaxrs_host_buffer* results, size_t n) {
    (void)userdata, (void)args, (void)n_args, (void)results, (void)n;
    return NULL;
}

static jaxrs_error* calls_back(void* userdata, jaxrs_scope* s, jaxrs_array* const* x, size_t n, jaxrs_results* r) {
    jaxrs_aval aval = {JAXRS_F32, 0, 0, NULL};
    return jaxrs_pure_callback(s, userdata, x, n, &aval, 1, JAXRS_VMAP_NONE, r);
}

CASE(a_program_with_a_callback_cannot_be_saved) {
    jaxrs_aval aval = {JAXRS_F32, 0, 0, NULL};
    jaxrs_host* host = NULL;
    jaxrs_program* p = NULL;
    jaxrs_bytes* saved = NULL;
    jaxrs_fn* f = NULL;
    OK(jaxrs_host_new(c->ctx, "simulator", 9, nothing, NULL, NULL, &host));
    OK(jaxrs_fn_new(c->ctx, "f", 1, calls_back, host, NULL, NULL, &f));
    OK(jaxrs_fn_trace(f, c->s, &aval, 1, &p));
    FAILS(jaxrs_program_save(p, &saved), JAXRS_ERR_UNIMPLEMENTED, "pure_callback of simulator", "cannot be saved");
    jaxrs_program_release(p), jaxrs_fn_release(f), jaxrs_host_release(host);
}

/* ---- the files of tests/programs, which cases.txt describes ---- */

static jaxrs_array* read_array(check* c, FILE* file, float* values, size_t* n) {
    char dtype[8] = "";
    int rank = 0;
    int64_t shape[4];
    jaxrs_array* out = NULL;
    *n = 1;
    EXPECT(fscanf(file, "%7s %d", dtype, &rank) == 2 && rank <= 4);
    for (int i = 0; i < rank; i++) EXPECT(fscanf(file, "%" SCNd64, &shape[i]) == 1), *n *= (size_t)shape[i];
    for (size_t i = 0; i < *n; i++) {
        double value = 0;
        EXPECT(fscanf(file, "%lf", &value) == 1);
        values[i] = (float)value;
        if (dtype[0] == 'i') memcpy(&values[i], &(int32_t){(int32_t)value}, 4);
        if (dtype[0] == 'u') memcpy(&values[i], &(uint32_t){(uint32_t)value}, 4);
    }
    jaxrs_dtype number = dtype[0] == 'f' ? JAXRS_F32 : dtype[0] == 'i' ? JAXRS_I32 : JAXRS_U32;
    OK(jaxrs_array_from_host(c->s, values, 4 * *n, number, shape, (size_t)rank, NULL, NULL, &out));
    return out;
}

static void expect_equal(check* c, const char* name, jaxrs_array* got, jaxrs_array* expected) {
    float x[64], y[64];
    size_t n = (size_t)jaxrs_array_size(expected);
    jaxrs_dtype dtype = jaxrs_array_dtype(expected);
    if (!EXPECT(jaxrs_array_size(got) == n && jaxrs_array_dtype(got) == dtype)) return;
    OK(jaxrs_array_to_host(got, x, 4 * n, NULL));
    OK(jaxrs_array_to_host(expected, y, 4 * n, NULL));
    for (size_t i = 0; i < n; i++) {
        int same = dtype == JAXRS_F32 ? fabsf(x[i] - y[i]) <= 1e-5f * (1 + fabsf(y[i])) : !memcmp(&x[i], &y[i], 4);
        expect_at(c, __LINE__, same, "%s: element %zu is %g in place of %g", name, i, x[i], y[i]);
    }
}

static jaxrs_error* load(check* c, const char* name, jaxrs_program** p) {
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s.jaxrs", JAXRS_PROGRAMS, name);
    return jaxrs_program_load_file(c->ctx, path, (size_t)n, p);
}

CASE(kept_programs_give_what_they_gave) {
    FILE* file = fopen(JAXRS_PROGRAMS "/cases.txt", "r");
    char word[16], name[32] = "";
    jaxrs_array* inputs[8];
    jaxrs_program* p = NULL;
    jaxrs_results* results = NULL;
    float values[64];
    size_t n_inputs = 0, n_outputs = 0, n_programs = 0, n;
    if (!EXPECT(file != NULL)) return;
    while (fscanf(file, "%15s", word) == 1) {
        if (!strcmp(word, "program")) {
            EXPECT(fscanf(file, "%31s", name) == 1);
            jaxrs_program_release(p);
            p = NULL, n_inputs = n_outputs = 0, n_programs++;
            OK(load(c, name, &p));
        } else if (!strcmp(word, "const")) {
            jaxrs_array_release(read_array(c, file, values, &n)); /* the file has it */
        } else if (!strcmp(word, "in")) {
            inputs[n_inputs++] = read_array(c, file, values, &n);
        } else if (!strcmp(word, "out")) {
            if (!n_outputs) {
                jaxrs_fn* f = NULL;
                OK(jaxrs_results_new(&results));
                OK(jaxrs_fn_from_program(p, &f));
                OK(jaxrs_fn_call(f, c->s, inputs, n_inputs, results));
                jaxrs_fn_release(f);
                while (n_inputs) jaxrs_array_release(inputs[--n_inputs]);
            }
            jaxrs_array *expected = read_array(c, file, values, &n), *got = jaxrs_results_get(results, n_outputs++);
            expect_equal(c, name, got, expected);
            jaxrs_array_release(expected), jaxrs_array_release(got);
            if (n_outputs == jaxrs_results_len(results)) jaxrs_results_release(results), results = NULL;
        } else if (!strcmp(word, "refused")) {
            unsigned code = 0;
            jaxrs_program* refused = NULL;
            EXPECT(fscanf(file, "%31s %u", name, &code) == 2);
            FAILS(load(c, name, &refused), code, "saved program");
        } else {
            while (fgetc(file) != '\n') {} /* a remark */
        }
    }
    EXPECT(n_programs == 5);
    jaxrs_program_release(p);
    fclose(file);
}
