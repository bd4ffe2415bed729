/* Trains a neural network (64-256-128-10) on 1,797 real images of handwritten digits, with Adam.
 *
 *     train_digits digits.csv loss.svg
 *
 * One training step is one compiled function: loss, gradient and update. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "expr.h"
#include "plot.h"

#define TRY(call) do { if ((err = (call))) goto done; } while (0)

enum { IMAGES = 1797, PIXELS = 64, CLASSES = 10, TRAINING = 1437, TESTING = IMAGES - TRAINING };
enum { BATCH = 64, STEPS_PER_EPOCH = TRAINING / BATCH, EPOCHS = 30, STEPS = EPOCHS * STEPS_PER_EPOCH };
enum { LAYERS = 3, PARAMS = 2 * LAYERS };
static const int64_t SIZES[LAYERS + 1] = {PIXELS, 256, 128, CLASSES};
static const double RATE = 1e-3, BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

/* The arguments of the training step, in order: parameters, Adam's two moments, the step number, a batch. */
enum { P = 0, M = P + PARAMS, V = M + PARAMS, T = V + PARAMS, X, Y, STEP_ARGS };

/* ---- the model ---- */

static jaxrs_array* logits(expr* e, jaxrs_array* const* params, jaxrs_array* x) {
    for (int layer = 0; layer < LAYERS; layer++) {
        x = op_add(e, op_matmul(e, x, params[2 * layer]), params[2 * layer + 1]);
        if (layer < LAYERS - 1) x = op_relu(e, x);
    }
    return x;
}

/* params..., x, one-hot labels -> mean cross-entropy */
static jaxrs_error* loss_fn(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    jaxrs_array* likelihoods = op_log_softmax(&e, logits(&e, a, a[PARAMS]), 1);
    jaxrs_array* of_labels = op_reduce_sum(&e, op_mul(&e, likelihoods, a[PARAMS + 1]), 1, 0);
    expr_push(&e, out, op_neg(&e, op_mean(&e, of_labels, 0, 0)));
    return expr_done(&e);
}

/* params..., x -> the most likely class of each image */
static jaxrs_error* predict_fn(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)userdata, (void)n;
    expr e = expr_in(s);
    expr_push(&e, out, op_argmax(&e, logits(&e, a, a[PARAMS]), 1));
    return expr_done(&e);
}

/* One step of Adam for one parameter: gives the new value, and leaves the new moments in `m` and `v`. */
static jaxrs_array* adam(expr* e, jaxrs_array* p, jaxrs_array** m, jaxrs_array** v, jaxrs_array* g, jaxrs_array* t) {
    *m = op_add(e, op_mul_num(e, *m, BETA1), op_mul_num(e, g, 1 - BETA1));
    *v = op_add(e, op_mul_num(e, *v, BETA2), op_mul_num(e, op_square(e, g), 1 - BETA2));
    /* 1 - beta^t, as both moments start at zero */
    jaxrs_array* grown1 = op_sub(e, op_num(e, 1, t), op_pow(e, op_num(e, BETA1, t), t));
    jaxrs_array* grown2 = op_sub(e, op_num(e, 1, t), op_pow(e, op_num(e, BETA2, t), t));
    jaxrs_array* root = op_add_num(e, op_sqrt(e, op_div(e, *v, grown2)), EPSILON);
    return op_sub(e, p, op_mul_num(e, op_div(e, op_div(e, *m, grown1), root), RATE));
}

/* params..., m..., v..., t, x, y -> new params..., m..., v..., loss. `userdata` is value_and_grad of the loss. */
static jaxrs_error* step_fn(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)n;
    expr e = expr_in(s);
    jaxrs_array *args[PARAMS + 2], *loss_and_grads[1 + PARAMS], *p[PARAMS], *m[PARAMS], *v[PARAMS];
    memcpy(args, a, PARAMS * sizeof *a);
    args[PARAMS] = a[X], args[PARAMS + 1] = a[Y];
    expr_call(&e, userdata, args, PARAMS + 2, loss_and_grads, 1 + PARAMS);
    for (int i = 0; i < PARAMS; i++) {
        m[i] = a[M + i], v[i] = a[V + i];
        p[i] = adam(&e, a[P + i], &m[i], &v[i], loss_and_grads[1 + i], a[T]);
    }
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, p[i]);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, m[i]);
    for (int i = 0; i < PARAMS; i++) expr_push(&e, out, v[i]);
    expr_push(&e, out, loss_and_grads[0]);
    return expr_done(&e);
}

/* ---- the data ---- */

typedef struct data {
    float pixels[IMAGES][PIXELS]; /* 0 to 1 */
    int32_t digits[IMAGES];
} data;

static int read_digits(const char* path, data* d) {
    FILE* file = fopen(path, "r");
    int ok = file != NULL;
    for (int i = 0; ok && i < IMAGES; i++) {
        for (int j = 0; ok && j < PIXELS; j++) {
            ok = fscanf(file, "%f,", &d->pixels[i][j]) == 1;
            d->pixels[i][j] /= 16.0f;
        }
        ok = ok && fscanf(file, "%d", &d->digits[i]) == 1;
    }
    if (file) fclose(file);
    return ok;
}

/* The images `rows[0..n)` as an array. */
static jaxrs_error* images(jaxrs_scope* s, const data* d, const int32_t* rows, int64_t n, jaxrs_array** out) {
    float* copy = malloc((size_t)n * sizeof d->pixels[0]);
    const int64_t shape[2] = {n, PIXELS};
    if (!copy) return jaxrs_error_new(JAXRS_ERR_OUT_OF_MEMORY, "no memory for images", 20);
    for (int64_t i = 0; i < n; i++) memcpy(copy + i * PIXELS, d->pixels[rows[i]], sizeof d->pixels[0]);
    jaxrs_error* err = jaxrs_array_from_host(s, copy, (size_t)n * sizeof d->pixels[0], JAXRS_F32, shape, 2, NULL, NULL, out);
    free(copy);
    return err;
}

static jaxrs_error* batch_labels(jaxrs_scope* s, const data* d, const int32_t* rows, jaxrs_array** out) {
    float one_hot[BATCH][CLASSES] = {{0}};
    const int64_t shape[2] = {BATCH, CLASSES};
    for (int i = 0; i < BATCH; i++) one_hot[i][d->digits[rows[i]]] = 1.0f;
    return jaxrs_array_from_host(s, one_hot, sizeof one_hot, JAXRS_F32, shape, 2, NULL, NULL, out);
}

/* A random order of 0..n, on the host. */
static jaxrs_error* shuffled(jaxrs_scope* s, int64_t seed, int64_t n, int32_t* order) {
    expr e = expr_in(s);
    jaxrs_array* p = op_random_permutation(&e, op_random_key(&e, seed), n);
    if (!e.error) e.error = jaxrs_array_to_host(p, order, (size_t)n * sizeof *order, NULL);
    return expr_done(&e);
}

/* ---- training ---- */

typedef struct trainer {
    jaxrs_fn *loss, *grad, *step, *fast_step, *predict, *fast_predict;
    jaxrs_results* state; /* parameters and moments, and after a step its loss */
    jaxrs_array* test_images;
    int32_t split[IMAGES]; /* a shuffle of all images: first those for training, then those for the test */
    double step_number[STEPS], loss_curve[STEPS];
    double seconds;
} trainer;

static jaxrs_error* make_functions(jaxrs_context* ctx, trainer* t) {
    static const uint32_t all[PARAMS] = {0, 1, 2, 3, 4, 5};
    jaxrs_diff_options wrt = {sizeof wrt, 0, all, PARAMS, 0};
    jaxrs_error* err;
    TRY(jaxrs_fn_new(ctx, "loss", 4, loss_fn, NULL, NULL, NULL, &t->loss));
    TRY(jaxrs_value_and_grad(t->loss, &wrt, &t->grad));
    TRY(jaxrs_fn_new(ctx, "step", 4, step_fn, t->grad, NULL, NULL, &t->step));
    TRY(jaxrs_jit(t->step, NULL, &t->fast_step));
    TRY(jaxrs_fn_new(ctx, "predict", 7, predict_fn, NULL, NULL, NULL, &t->predict));
    TRY(jaxrs_jit(t->predict, NULL, &t->fast_predict));
done:
    return err;
}

/* Weights from a normal distribution (He et al. 2015), biases and moments zero. */
static jaxrs_error* make_state(jaxrs_scope* s, trainer* t) {
    expr e = expr_in(s);
    if (!e.error) e.error = jaxrs_results_new(&t->state);
    for (int of = 0; of < 3; of++)
        for (int layer = 0; layer < LAYERS; layer++) {
            const int64_t* shape = &SIZES[layer];
            jaxrs_array* w = op_full(&e, 0.0, JAXRS_F32, shape, 2);
            if (of == 0) {
                w = op_random_normal(&e, op_random_key(&e, 100 + layer), shape, 2);
                w = op_mul_num(&e, w, sqrt(2.0 / (double)SIZES[layer]));
            }
            expr_push(&e, t->state, w);
            expr_push(&e, t->state, op_full(&e, 0.0, JAXRS_F32, &SIZES[layer + 1], 1));
        }
    return expr_done(&e);
}

static jaxrs_error* one_step(jaxrs_scope* s, trainer* t, const data* d, const int32_t* rows, int number) {
    jaxrs_array* args[STEP_ARGS] = {NULL};
    jaxrs_results* out = NULL;
    jaxrs_array* loss = NULL;
    jaxrs_error* err;
    for (size_t i = 0; i < T; i++) args[i] = jaxrs_results_get(t->state, i);
    TRY(jaxrs_array_full_f64(s, number + 1, JAXRS_F32, NULL, 0, &args[T]));
    TRY(images(s, d, rows, BATCH, &args[X]));
    TRY(batch_labels(s, d, rows, &args[Y]));
    TRY(jaxrs_results_new(&out));
    TRY(jaxrs_fn_call(t->fast_step, s, args, STEP_ARGS, out));
    loss = jaxrs_results_get(out, T);
    TRY(jaxrs_array_item_f64(loss, &t->loss_curve[number]));
    t->step_number[number] = number + 1;
    jaxrs_results_release(t->state);
    t->state = out, out = NULL;
done:
    for (int i = 0; i < STEP_ARGS; i++) jaxrs_array_release(args[i]);
    jaxrs_array_release(loss), jaxrs_results_release(out);
    return err;
}

static double now(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The share of test images that the network names rightly. */
static jaxrs_error* accuracy(jaxrs_scope* s, trainer* t, const data* d, double* out) {
    jaxrs_array *args[PARAMS + 1] = {NULL}, *classes = NULL;
    jaxrs_results* results = NULL;
    int32_t guess[TESTING];
    int right = 0;
    jaxrs_error* err;
    for (size_t i = 0; i < PARAMS; i++) args[i] = jaxrs_results_get(t->state, i);
    args[PARAMS] = jaxrs_array_retain(t->test_images);
    TRY(jaxrs_results_new(&results));
    TRY(jaxrs_fn_call(t->fast_predict, s, args, PARAMS + 1, results));
    classes = jaxrs_results_get(results, 0);
    TRY(jaxrs_array_to_host(classes, guess, sizeof guess, NULL));
    for (int i = 0; i < TESTING; i++) right += guess[i] == d->digits[t->split[TRAINING + i]];
    *out = (double)right / TESTING;
done:
    for (int i = 0; i <= PARAMS; i++) jaxrs_array_release(args[i]);
    jaxrs_array_release(classes), jaxrs_results_release(results);
    return err;
}

static jaxrs_error* train(jaxrs_scope* s, trainer* t, const data* d, double* reached) {
    int32_t order[TRAINING], rows[BATCH];
    jaxrs_error* err = NULL;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        TRY(shuffled(s, 1000 + epoch, TRAINING, order));
        double start = now(), sum = 0;
        for (int i = 0; i < STEPS_PER_EPOCH; i++) {
            int number = epoch * STEPS_PER_EPOCH + i;
            for (int k = 0; k < BATCH; k++) rows[k] = t->split[order[i * BATCH + k]];
            TRY(one_step(s, t, d, rows, number));
            sum += t->loss_curve[number];
        }
        double took = now() - start;
        if (epoch > 0) t->seconds += took; /* the first one compiles */
        if (epoch % 3 != 2 && epoch != 0) continue;
        TRY(accuracy(s, t, d, reached));
        printf("epoch %2d  loss %.4f  test accuracy %.4f  %.2f ms a step%s\n", epoch + 1, sum / STEPS_PER_EPOCH, *reached,
               took / STEPS_PER_EPOCH * 1e3, epoch == 0 ? " (with compiling)" : "");
        fflush(stdout);
    }
done:
    return err;
}

static jaxrs_error* run(jaxrs_context* ctx, const data* d, trainer* t, double* reached) {
    jaxrs_scope* s = jaxrs_context_scope(ctx);
    jaxrs_error* err;
    TRY(make_functions(ctx, t));
    TRY(make_state(s, t));
    TRY(shuffled(s, 0, IMAGES, t->split));
    TRY(images(s, d, t->split + TRAINING, TESTING, &t->test_images));
    TRY(train(s, t, d, reached));
done:
    return err;
}

static void clean_up(trainer* t) {
    jaxrs_array_release(t->test_images), jaxrs_results_release(t->state);
    jaxrs_fn_release(t->fast_predict), jaxrs_fn_release(t->predict), jaxrs_fn_release(t->fast_step);
    jaxrs_fn_release(t->step), jaxrs_fn_release(t->grad), jaxrs_fn_release(t->loss);
}

static int draw(const char* path, trainer* t) {
    for (int i = 0; i < STEPS; i++) t->loss_curve[i] = log10(t->loss_curve[i]);
    curve c = {"training loss", "#1f77b4", t->step_number, t->loss_curve, STEPS, 0};
    return plot(path, "Handwritten digits: loss of each training step", "step", "log10 of the loss", &c, 1);
}

int main(int argc, char** argv) {
    static data d;
    static trainer t;
    jaxrs_context* ctx = NULL;
    double reached = 0;
    if (argc != 3 || !read_digits(argv[1], &d)) return fprintf(stderr, "usage: train_digits digits.csv loss.svg\n"), 1;
    jaxrs_error* err = jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx);
    if (!err) err = run(ctx, &d, &t, &reached);
    if (err) fprintf(stderr, "train_digits: %s\n", jaxrs_error_message(err, NULL));
    int ok = !err && draw(argv[2], &t) && reached >= 0.97;
    clean_up(&t);
    jaxrs_error_release(err);
    jaxrs_context_release(ctx);
    double step_ms = t.seconds / (STEPS - STEPS_PER_EPOCH) * 1e3;
    printf("train_digits: %s accuracy=%.4f images=%d steps=%d step_ms=%.3f picture=%s\n", ok ? "ok" : "failed", reached,
           IMAGES, STEPS, step_ms, argv[2]);
    return !ok;
}
