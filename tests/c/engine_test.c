/* What an engine does beside computing: caches, memory, settings, profiles, pictures. */
#include "check.h"
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

FN(twice) RETURNS(op_add(&e, a[0], a[0]))

/* ---- compiled programs on disk ---- */

static size_t n_files(const char* folder) {
    size_t n = 0;
    DIR* dir = opendir(folder);
    for (struct dirent* entry; dir && (entry = readdir(dir));) n += strstr(entry->d_name, ".jaxrs") != NULL;
    if (dir) closedir(dir);
    return n;
}

/* Flips bits in the middle of every file, and removes the files if asked to. */
static void spoil(const char* folder, int remove_them) {
    char path[512];
    DIR* dir = opendir(folder);
    for (struct dirent* entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%.200s", folder, entry->d_name);
        if (remove_them) { unlink(path); continue; }
        FILE* file = fopen(path, "r+b");
        if (!file) continue;
        fseek(file, 200, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, 200, SEEK_SET), fputc(byte ^ 0x55, file), fclose(file);
    }
    if (dir) closedir(dir);
}

/* The value of jit(twice)(21) in a context of its own. */
static double computed_with(check* c, const char* folder) {
    jaxrs_context_options options = JAXRS_CONTEXT_OPTIONS_INIT;
    options.cache_dir = folder, options.cache_dir_len = strlen(folder);
    jaxrs_context* ctx = NULL;
    jaxrs_fn *f = NULL, *jitted = NULL;
    jaxrs_array *x = NULL, *y = NULL;
    jaxrs_results* r = NULL;
    double value = NAN;
    OK(jaxrs_context_create(JAXRS_ABI_VERSION, &options, &ctx));
    OK(jaxrs_fn_new(ctx, "twice", 5, twice, NULL, NULL, NULL, &f));
    OK(jaxrs_jit(f, NULL, &jitted));
    OK(jaxrs_array_full_f64(jaxrs_context_scope(ctx), 21, JAXRS_F32, NULL, 0, &x));
    OK(jaxrs_results_new(&r));
    OK(jaxrs_fn_call(jitted, jaxrs_context_scope(ctx), &x, 1, r));
    y = jaxrs_results_get(r, 0);
    OK(jaxrs_array_item_f64(y, &value));
    jaxrs_array_release(x), jaxrs_array_release(y), jaxrs_results_release(r);
    jaxrs_fn_release(f), jaxrs_fn_release(jitted), jaxrs_context_release(ctx);
    return value;
}

CASE(compiled_programs_are_kept_on_disk) {
    char place[] = P_tmpdir "/jaxrs-XXXXXX", folder[sizeof place + 8];
    EXPECT(mkdtemp(place) != NULL);
    snprintf(folder, sizeof folder, "%s/cache", place);
    EXPECT(computed_with(c, folder) == 42);
    size_t n = n_files(folder);
    EXPECT(n >= 1);
    EXPECT(computed_with(c, folder) == 42);
    EXPECT(n_files(folder) == n);
    spoil(folder, 0);
    EXPECT(computed_with(c, folder) == 42);
    EXPECT(n_files(folder) == n);
    EXPECT(computed_with(c, folder) == 42);
    spoil(folder, 1);
    rmdir(folder), rmdir(place);
    EXPECT(computed_with(c, "/proc/not/there") == 42);
}

/* ---- memory ---- */

typedef struct hoard { jaxrs_array* array; int asked; uint64_t needed; } hoard;

static void let_go(void* userdata, uint64_t needed) {
    hoard* h = userdata;
    h->asked++, h->needed = needed;
    jaxrs_array_release(h->array), h->array = NULL;
}

CASE(whoever_holds_arrays_is_asked_to_let_go) {
    hoard h = {NULL, 0, 0};
    jaxrs_stats stats = {sizeof stats, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    jaxrs_context_options options = JAXRS_CONTEXT_OPTIONS_INIT;
    jaxrs_context* ctx = NULL;
    const int64_t million = 1 << 20;
    options.memory_pressure = let_go, options.memory_pressure_userdata = &h;
    options.soft_memory_limit = 6u << 20;
    OK(jaxrs_context_create(JAXRS_ABI_VERSION, &options, &ctx));
    jaxrs_scope* s = jaxrs_context_scope(ctx);
    jaxrs_array *second = NULL, *third = NULL;
    OK(jaxrs_array_full_f64(s, 1, JAXRS_F32, &million, 1, &h.array));
    EXPECT(h.asked == 0);
    OK(jaxrs_op_add(s, h.array, h.array, &second));
    EXPECT(h.asked == 1);
    EXPECT(h.needed >= 4u << 20);
    EXPECT(h.array == NULL);
    OK(jaxrs_context_stats(ctx, &stats));
    EXPECT(stats.live_arrays == 1);
    /* Asking again does not help, but what is needed is there all the same. */
    OK(jaxrs_op_neg(s, second, &third));
    EXPECT(h.asked == 2);
    jaxrs_array_release(second), jaxrs_array_release(third), jaxrs_context_release(ctx);
}

/* ---- functions of one key ---- */

FN(counted_twice) {
    ++*(int*)userdata;
    expr e = expr_in(s);
    (void)n;
    expr_push(&e, out, op_add(&e, a[0], a[0]));
    return expr_done(&e);
}

static jaxrs_fn* keyed(check* c, const char* key, int* calls) {
    jaxrs_fn_options options = JAXRS_FN_OPTIONS_INIT;
    jaxrs_fn* f = NULL;
    options.cache_key = key, options.cache_key_len = strlen(key);
    OK(jaxrs_fn_new(c->ctx, "counted", 7, counted_twice, calls, NULL, &options, &f));
    return JIT(keep_fn(c, f));
}

CASE(functions_of_one_key_are_traced_once) {
    int calls = 0;
    GIVES(keyed(c, "twice", &calls), ARGS(scalar(c, 2)), 4);
    GIVES(keyed(c, "twice", &calls), ARGS(scalar(c, 3)), 6);
    EXPECT(calls == 1);
    GIVES(keyed(c, "another", &calls), ARGS(scalar(c, 3)), 6);
    EXPECT(calls == 2);
    GIVES(keyed(c, "twice", &calls), ARGS(COUNTING(2)), 2, 4);
    EXPECT(calls == 3);
}

/* ---- settings of scopes ---- */

static jaxrs_scope* scope_with(check* c, jaxrs_scope_config config) {
    jaxrs_scope* s = NULL;
    config.struct_size = sizeof config;
    OK(jaxrs_scope_with(c->s, &config, &s));
    return s;
}

CASE(promotion_is_strict_where_it_is_asked_to_be) {
    jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
    config.set_mask = JAXRS_SCOPE_DTYPE_PROMOTION | JAXRS_SCOPE_RANK_PROMOTION;
    config.dtype_promotion = JAXRS_PROMOTION_STRICT, config.rank_promotion = JAXRS_PROMOTION_RAISE;
    jaxrs_scope* strict = scope_with(c, config);
    jaxrs_array *x = COUNTING(3), *whole = counting(c, JAXRS_I32, SHAPE(3)), *matrix = COUNTING(2, 3), *y = NULL;
    OK(jaxrs_op_add(c->s, x, whole, &y));
    jaxrs_array_release(y), y = NULL;
    FAILS(jaxrs_op_add(strict, x, whole, &y), JAXRS_ERR_DTYPE, "f32", "i32");
    OK(jaxrs_op_add(c->s, x, matrix, &y));
    jaxrs_array_release(y), y = NULL;
    FAILS(jaxrs_op_add(strict, x, matrix, &y), JAXRS_ERR_SHAPE, "different ranks", "[3]", "[2,3]");
    OK(jaxrs_op_add(strict, x, scalar(c, 1), &y));
    HAS_VALUES(y, 2, 3, 4);
    jaxrs_array_release(y), jaxrs_scope_release(strict);
    config.set_mask = JAXRS_SCOPE_MATMUL_PRECISION | JAXRS_SCOPE_DEVICE, config.matmul_precision = JAXRS_PRECISION_HIGHEST;
    jaxrs_scope_release(scope_with(c, config));
    jaxrs_scope* out = NULL;
    config.matmul_precision = 9;
    FAILS(jaxrs_scope_with(c->s, &config, &out), JAXRS_ERR_INVALID_ARGUMENT, "matmul_precision is 9");
    config.set_mask = JAXRS_SCOPE_RANK_PROMOTION, config.rank_promotion = 1;
    FAILS(jaxrs_scope_with(c->s, &config, &out), JAXRS_ERR_INVALID_ARGUMENT, "rank_promotion is 1");
}

CASE(threefry_is_drawn_from_in_the_first_way_where_it_is_asked_for) {
    jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
    config.set_mask = JAXRS_SCOPE_THREEFRY_PARTITIONABLE;
    jaxrs_scope* first = scope_with(c, config);
    config.threefry_partitionable = 1;
    jaxrs_scope *apart = scope_with(c, config), *out = NULL;
    jaxrs_array *key = NULL, *bits = NULL, *others = NULL, *same = NULL;
    OK(jaxrs_op_random_key(c->s, 0, NULL, 0, &key));
    OK(jaxrs_op_random_bits(first, key, (const int64_t[]){5}, 1, JAXRS_U32, &bits));
    OK(jaxrs_op_random_bits(apart, key, (const int64_t[]){5}, 1, JAXRS_U32, &others));
    OK(jaxrs_op_random_bits(c->s, key, (const int64_t[]){5}, 1, JAXRS_U32, &same));
    uint32_t b[5], o[5], d[5];
    OK(jaxrs_array_to_host(bits, b, sizeof b, NULL)), OK(jaxrs_array_to_host(others, o, sizeof o, NULL)), OK(jaxrs_array_to_host(same, d, sizeof d, NULL));
    const uint32_t expected[] = {2467461003u, 428148500u, 1688610540u, 3840466878u, 2562233961u};
    EXPECT(!memcmp(b, expected, sizeof b) && memcmp(o, expected, sizeof o) && !memcmp(o, d, sizeof d));
    config.threefry_partitionable = 2;
    FAILS(jaxrs_scope_with(c->s, &config, &out), JAXRS_ERR_INVALID_ARGUMENT, "threefry_partitionable");
    jaxrs_array_release(key), jaxrs_array_release(bits), jaxrs_array_release(others), jaxrs_array_release(same);
    jaxrs_scope_release(first), jaxrs_scope_release(apart);
}

CASE(a_key_is_used_once_where_that_is_checked) {
    jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
    config.set_mask = JAXRS_SCOPE_DEBUG, config.debug_flags = JAXRS_DEBUG_KEY_REUSE;
    jaxrs_scope* careful = scope_with(c, config);
    jaxrs_array *key = NULL, *clone = NULL, *x = NULL;
    OK(jaxrs_op_random_key(careful, 0, NULL, 0, &key));
    OK(jaxrs_op_random_normal(careful, key, NULL, 0, JAXRS_F32, &x));
    jaxrs_array_release(x), x = NULL;
    FAILS(jaxrs_op_random_normal(careful, key, NULL, 0, JAXRS_F32, &x), JAXRS_ERR_CHECK, "key reuse", "random_bits");
    OK(jaxrs_op_random_clone(careful, key, &clone));
    OK(jaxrs_op_random_normal(careful, clone, NULL, 0, JAXRS_F32, &x));
    jaxrs_array_release(x), x = NULL;
    OK(jaxrs_op_random_normal(c->s, key, NULL, 0, JAXRS_F32, &x));
    jaxrs_array_release(x), jaxrs_array_release(key), jaxrs_array_release(clone), jaxrs_scope_release(careful);
}

typedef struct warnings { int n; char last[256]; } warnings;

static void note(void* userdata, uint32_t level, const char* text, size_t len) {
    warnings* w = userdata;
    if (level != JAXRS_LOG_WARNING) return;
    w->n++;
    snprintf(w->last, sizeof w->last, "%.*s", (int)len, text);
}

CASE(ranks_that_differ_are_told_of_in_the_log) {
    warnings w = {0, ""};
    jaxrs_context_options options = JAXRS_CONTEXT_OPTIONS_INIT;
    jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
    jaxrs_context* ctx = NULL;
    jaxrs_scope* s = NULL;
    jaxrs_array *row = NULL, *matrix = NULL, *sum = NULL;
    const int64_t shape[] = {2, 3};
    options.log = note, options.log_userdata = &w;
    config.set_mask = JAXRS_SCOPE_RANK_PROMOTION, config.rank_promotion = JAXRS_PROMOTION_WARN;
    OK(jaxrs_context_create(JAXRS_ABI_VERSION, &options, &ctx));
    OK(jaxrs_scope_with(jaxrs_context_scope(ctx), &config, &s));
    OK(jaxrs_array_full_f64(s, 1, JAXRS_F32, shape + 1, 1, &row));
    OK(jaxrs_array_full_f64(s, 1, JAXRS_F32, shape, 2, &matrix));
    OK(jaxrs_op_mul(s, matrix, matrix, &sum));
    jaxrs_array_release(sum);
    EXPECT(w.n == 0);
    OK(jaxrs_op_mul(s, row, matrix, &sum));
    EXPECT(w.n == 1);
    EXPECT_TEXT(w.last, "different ranks: [3] and [2,3]");
    jaxrs_array_release(row), jaxrs_array_release(matrix), jaxrs_array_release(sum);
    jaxrs_scope_release(s), jaxrs_context_release(ctx);
}

/* ---- programs as text, and what takes time ---- */

FN(layered) {
    jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
    config.set_mask = JAXRS_SCOPE_NAME, config.name = "layer", config.name_len = 5;
    jaxrs_scope* layer = NULL;
    jaxrs_error* err = jaxrs_scope_with(s, &config, &layer);
    expr e = expr_in(layer);
    (void)userdata, (void)n;
    if (!e.error) e.error = err;
    expr_push(&e, out, op_sin(&e, a[0]));
    jaxrs_scope_release(layer);
    return expr_done(&e);
}

CASE(programs_show_names_of_scopes_and_pictures) {
    jaxrs_program* p = NULL;
    const jaxrs_aval aval = {JAXRS_F32, 0, 0, NULL};
    const struct { uint32_t dialect; const char* part; } texts[] = {
        {JAXRS_TEXT_JAXPR, "b:f32[] = sin a in"}, {JAXRS_TEXT_NAME_STACKS, "b:f32[] = sin a  # layer\n"},
        {JAXRS_TEXT_GRAPH, "label=\"sin\\n# layer\""}, {JAXRS_TEXT_GRAPH, "digraph \"layered\" {"}};
    OK(jaxrs_fn_trace(FN_OF(layered), c->s, &aval, 1, &p));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        jaxrs_bytes* text = NULL;
        if (OK(jaxrs_program_text(p, texts[i].dialect, &text))) EXPECT_TEXT((const char*)jaxrs_bytes_data(text), texts[i].part);
        jaxrs_bytes_release(text);
    }
    jaxrs_program_release(p);
}

CASE(profiles_tell_what_took_time) {
    jaxrs_bytes* text = NULL;
    OK(jaxrs_profile_start(c->ctx));
    GIVES(JIT(FN_OF(twice)), ARGS(COUNTING(3)), 2, 4, 6);
    OK(jaxrs_profile_stop(c->ctx, &text));
    const char* json = jaxrs_bytes_data(text);
    EXPECT_TEXT(json, "\"traceEvents\":[");
    EXPECT_TEXT(json, "\"cat\":\"trace\",\"name\":\"twice\"");
    EXPECT_TEXT(json, "\"cat\":\"lower\",\"name\":\"add\"");
    EXPECT_TEXT(json, "\"cat\":\"codegen\"");
    EXPECT_TEXT(json, "\"cat\":\"run\",\"name\":\"twice\"");
    jaxrs_bytes_release(text), text = NULL;
    /* What comes after it is not in it. */
    GIVES(JIT(FN_OF(twice)), ARGS(COUNTING(2)), 2, 4);
    OK(jaxrs_profile_stop(c->ctx, &text));
    EXPECT(strstr(jaxrs_bytes_data(text), "twice") == NULL);
    jaxrs_bytes_release(text);
}

CASE(caches_can_be_forgotten) {
    int calls = 0;
    GIVES(keyed(c, "twice", &calls), ARGS(scalar(c, 2)), 4);
    OK(jaxrs_context_clear_caches(c->ctx));
    GIVES(keyed(c, "twice", &calls), ARGS(scalar(c, 2)), 4);
    EXPECT(calls == 2);
}

CASE(remarks_leave_values_alone) {
    jaxrs_array *x = COUNTING(2), *y = NULL;
    jaxrs_results* r = NULL;
    OK(jaxrs_op_device_put(c->s, x, &y));
    HAS_VALUES(y, 1, 2);
    jaxrs_array_release(y);
    OK(jaxrs_results_new(&r));
    OK(jaxrs_op_optimization_barrier(c->s, (jaxrs_array* const[]){x, x}, 2, r));
    EXPECT(jaxrs_results_len(r) == 2);
    jaxrs_results_release(r);
}

CASE(nothing_is_left_to_wait_for) {
    OK(jaxrs_array_block_until_ready(scalar(c, 1)));
    OK(jaxrs_effects_barrier(c->ctx));
}

/* ---- sparse arrays ---- */

CASE(a_sparse_matrix_is_a_bundle_of_arrays) {
    const float dense[] = {0, 2, 0, 0, 0, 3, 4, 0, 0};
    const int64_t shape[] = {3, 3};
    jaxrs_array* m = array_of(c, JAXRS_F32, dense, sizeof dense, 2, shape);
    jaxrs_results* r = NULL;
    jaxrs_attrs* attrs = NULL;
    OK(jaxrs_results_new(&r)), OK(jaxrs_attrs_new(&attrs));
    OK(jaxrs_apply(c->s, "csr_fromdense", 13, &m, 1, attrs, r));
    jaxrs_array *data = jaxrs_results_get(r, 0), *columns = jaxrs_results_get(r, 1), *starts = jaxrs_results_get(r, 2);
    HAS_VALUES(data, 2, 3, 4);
    HAS_VALUES(columns, 1, 2, 0);
    HAS_VALUES(starts, 0, 1, 2, 3);
    jaxrs_results_clear(r);
    OK(jaxrs_attrs_i64s(attrs, "shape", 5, shape, 2));
    OK(jaxrs_apply(c->s, "csr_matvec", 10, (jaxrs_array* const[]){data, columns, starts, COUNTING(3)}, 4, attrs, r));
    jaxrs_array* y = jaxrs_results_get(r, 0);
    HAS_VALUES(y, 4, 9, 4);
    jaxrs_array_release(y), jaxrs_array_release(data), jaxrs_array_release(columns), jaxrs_array_release(starts);
    jaxrs_attrs_release(attrs), jaxrs_results_release(r);
}
