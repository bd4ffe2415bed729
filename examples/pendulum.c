/* Fits a simulator to data: the damping and the drive of a pendulum, by gradient descent through the solver.
 *
 *     pendulum fit.svg
 *
 *     angle'' = -sin(angle) - damping angle' + drive cos(2/3 t)
 *
 * 2,000 steps of RK4 (a scan) from 10,000 initial states (a vmap) are differentiated as a whole. */
#include <math.h>
#include <time.h>
#include "expr.h"
#include "plot.h"

#define TRY(call) do { if ((err = (call))) goto done; } while (0)

enum { STATES = 10000, STEPS = 2000, ROUNDS = 24 };
static const double DT = 0.0025, FREQUENCY = 2.0 / 3.0, NOISE = 0.05;
static const double TRUE_DAMPING = 0.25, TRUE_DRIVE = 0.6;
static const double RATE = 0.03, MOMENTUM = 0.5;

/* ---- the simulator ---- */

typedef struct model { jaxrs_array *damping, *drive; } model;
typedef struct state { jaxrs_array *angle, *speed; } state;

/* a + h b */
static jaxrs_array* moved(expr* e, jaxrs_array* a, double h, jaxrs_array* b) { return op_add(e, a, op_mul_num(e, b, h)); }

static state slope(expr* e, const model* m, state y, jaxrs_array* t) {
    jaxrs_array* drive = op_mul(e, m->drive, op_cos(e, op_mul_num(e, t, FREQUENCY)));
    jaxrs_array* force = op_sub(e, drive, op_add(e, op_sin(e, y.angle), op_mul(e, m->damping, y.speed)));
    return (state){y.speed, force};
}

static state moved_state(expr* e, state y, double h, state k) {
    return (state){moved(e, y.angle, h, k.angle), moved(e, y.speed, h, k.speed)};
}

/* One step of Runge and Kutta: (angle, speed), t -> (angle, speed). `userdata` is the model; its parameters are
 * arrays of the function around the scan, which the step closes over. */
static jaxrs_error* step_fn(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)n;
    const model* m = userdata;
    expr e = expr_in(s);
    state y = {a[0], a[1]};
    jaxrs_array *t = a[2], *middle = op_add_num(&e, t, DT / 2);
    state k1 = slope(&e, m, y, t);
    state k2 = slope(&e, m, moved_state(&e, y, DT / 2, k1), middle);
    state k3 = slope(&e, m, moved_state(&e, y, DT / 2, k2), middle);
    state k4 = slope(&e, m, moved_state(&e, y, DT, k3), op_add_num(&e, t, DT));
    state sum = moved_state(&e, moved_state(&e, moved_state(&e, k1, 2, k2), 2, k3), 1, k4);
    state next = moved_state(&e, y, DT / 6, sum);
    expr_push(&e, out, next.angle), expr_push(&e, out, next.speed);
    return expr_done(&e);
}

static jaxrs_error* times(jaxrs_scope* s, jaxrs_array** out) {
    float t[STEPS];
    const int64_t n = STEPS;
    for (int i = 0; i < STEPS; i++) t[i] = (float)(i * DT);
    return jaxrs_array_from_host(s, t, sizeof t, JAXRS_F32, &n, 1, NULL, NULL, out);
}

/* damping, drive, angle, speed -> the state after all steps. `userdata` is the context. */
static jaxrs_error* solve_fn(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    model m = {a[0], a[1]};
    jaxrs_fn *step = NULL, *light_step = NULL;
    jaxrs_array* t = NULL;
    jaxrs_error* err;
    (void)n;
    TRY(times(s, &t));
    TRY(jaxrs_fn_new(userdata, "step", 4, step_fn, &m, NULL, NULL, &step));
    /* The gradient keeps each step's start, not what is inside a step: that is computed again. */
    TRY(jaxrs_remat(step, 0, &light_step));
    TRY(jaxrs_scan(s, light_step, a + 2, 2, &t, 1, STEPS, 0, 1, out));
done:
    jaxrs_array_release(t), jaxrs_fn_release(light_step), jaxrs_fn_release(step);
    return err;
}

/* damping, drive, angles, speeds, their observed ends -> mean square error. `userdata` is vmap of the solver. */
static jaxrs_error* loss_fn(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    (void)n;
    expr e = expr_in(s);
    jaxrs_array* ends[2];
    expr_call(&e, userdata, a, 4, ends, 2);
    jaxrs_array *angle_off = op_sub(&e, ends[0], a[4]), *speed_off = op_sub(&e, ends[1], a[5]);
    expr_push(&e, out, op_mean(&e, op_add(&e, op_square(&e, angle_off), op_square(&e, speed_off)), EXPR_ALL, 0));
    return expr_done(&e);
}

/* ---- data and fit ---- */

/* What the loss takes, in order. */
enum { DAMPING, DRIVE, ANGLES, SPEEDS, END_ANGLES, END_SPEEDS, ARGS };

typedef struct fit {
    jaxrs_fn *solve, *solve_all, *fast_solve, *loss, *grad, *fast_grad;
    jaxrs_array* args[ARGS];
    double round[ROUNDS], damping[ROUNDS], drive[ROUNDS], loss_of[ROUNDS];
    double seconds;
} fit;

static jaxrs_error* make_functions(jaxrs_context* ctx, fit* f) {
    static const int64_t axes[4] = {JAXRS_AXIS_NONE, JAXRS_AXIS_NONE, 0, 0};
    static const uint32_t parameters[2] = {DAMPING, DRIVE};
    jaxrs_vmap_options all = {sizeof all, 0, axes, 4, NULL, 0, -1, NULL, 0, NULL, 0};
    jaxrs_diff_options wrt = {sizeof wrt, 0, parameters, 2, 0};
    jaxrs_error* err;
    TRY(jaxrs_fn_new(ctx, "solve", 5, solve_fn, ctx, NULL, NULL, &f->solve));
    TRY(jaxrs_vmap(f->solve, &all, &f->solve_all));
    TRY(jaxrs_jit(f->solve_all, NULL, &f->fast_solve));
    TRY(jaxrs_fn_new(ctx, "loss", 4, loss_fn, f->solve_all, NULL, NULL, &f->loss));
    TRY(jaxrs_value_and_grad(f->loss, &wrt, &f->grad));
    TRY(jaxrs_jit(f->grad, NULL, &f->fast_grad));
done:
    return err;
}

/* Random initial states, and where the true pendulum takes them, with noise. */
static jaxrs_error* observe(jaxrs_scope* s, fit* f) {
    static const int64_t n = STATES;
    expr e = expr_in(s);
    jaxrs_array *ends[2], *args[4] = {
        op_full(&e, TRUE_DAMPING, JAXRS_F32, NULL, 0), op_full(&e, TRUE_DRIVE, JAXRS_F32, NULL, 0),
        op_random_uniform(&e, op_random_key(&e, 1), &n, 1, -1.5, 1.5),
        op_random_uniform(&e, op_random_key(&e, 2), &n, 1, -1.0, 1.0)};
    expr_call(&e, f->fast_solve, args, 4, ends, 2);
    for (size_t i = 0; i < 2; i++) {
        jaxrs_array* noise = op_mul_num(&e, op_random_normal(&e, op_random_key(&e, 3 + (int64_t)i), &n, 1), NOISE);
        jaxrs_array* seen = op_add(&e, ends[i], noise);
        if (e.error) break;
        f->args[ANGLES + i] = jaxrs_array_retain(args[ANGLES + i]);
        f->args[END_ANGLES + i] = jaxrs_array_retain(seen);
    }
    return expr_done(&e);
}

static double now(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Value and gradient at the parameters `p`: out[0] is the loss, out[1] and out[2] are the slopes. */
static jaxrs_error* descend(jaxrs_scope* s, fit* f, const double* p, double* out) {
    jaxrs_results* results = NULL;
    jaxrs_array* value = NULL;
    jaxrs_error* err;
    for (int i = 0; i < 2; i++) {
        jaxrs_array_release(f->args[i]);
        TRY(jaxrs_array_full_f64(s, p[i], JAXRS_F32, NULL, 0, &f->args[i]));
    }
    TRY(jaxrs_results_new(&results));
    TRY(jaxrs_fn_call(f->fast_grad, s, f->args, ARGS, results));
    for (size_t i = 0; i < 3; i++) {
        value = jaxrs_results_get(results, i);
        TRY(jaxrs_array_item_f64(value, &out[i]));
        jaxrs_array_release(value), value = NULL;
    }
done:
    jaxrs_array_release(value), jaxrs_results_release(results);
    return err;
}

static jaxrs_error* run(jaxrs_context* ctx, fit* f, double* p) {
    jaxrs_scope* s = jaxrs_context_scope(ctx);
    double velocity[2] = {0, 0}, out[3];
    jaxrs_error* err;
    TRY(make_functions(ctx, f));
    TRY(observe(s, f));
    for (int i = 0; i < ROUNDS; i++) {
        double start = now();
        TRY(descend(s, f, p, out));
        double took = now() - start;
        if (i > 0) f->seconds += took; /* the first one compiles */
        for (int k = 0; k < 2; k++) {
            velocity[k] = MOMENTUM * velocity[k] - RATE * out[k + 1];
            p[k] += velocity[k];
        }
        f->round[i] = i, f->damping[i] = p[DAMPING], f->drive[i] = p[DRIVE], f->loss_of[i] = out[0];
        if (i % 4 == 0 || i == ROUNDS - 1)
            printf("round %2d  error %.5f  damping %.4f  drive %.4f  %.0f ms\n", i, out[0], p[DAMPING], p[DRIVE], took * 1e3);
        fflush(stdout);
    }
done:
    return err;
}

static void clean_up(fit* f) {
    for (int i = 0; i < ARGS; i++) jaxrs_array_release(f->args[i]);
    jaxrs_fn_release(f->fast_grad), jaxrs_fn_release(f->grad), jaxrs_fn_release(f->loss);
    jaxrs_fn_release(f->fast_solve), jaxrs_fn_release(f->solve_all), jaxrs_fn_release(f->solve);
}

static int draw(const char* path, const fit* f) {
    const double ends[2] = {0, ROUNDS - 1}, damping[2] = {TRUE_DAMPING, TRUE_DAMPING}, drive[2] = {TRUE_DRIVE, TRUE_DRIVE};
    const curve curves[4] = {{"drive", "#1f77b4", f->round, f->drive, ROUNDS, 0},
                             {"its true value", "#9ecae1", ends, drive, 2, 0},
                             {"damping", "#d62728", f->round, f->damping, ROUNDS, 0},
                             {"its true value", "#fcae91", ends, damping, 2, 0}};
    return plot(path, "Pendulum: parameters found by gradient descent", "round", "value", curves, 4);
}

int main(int argc, char** argv) {
    static fit f;
    jaxrs_context* ctx = NULL;
    double p[2] = {0, 0};
    if (argc != 2) return fprintf(stderr, "usage: pendulum fit.svg\n"), 1;
    jaxrs_error* err = jaxrs_context_create(JAXRS_ABI_VERSION, NULL, &ctx);
    if (!err) err = run(ctx, &f, p);
    if (err) fprintf(stderr, "pendulum: %s\n", jaxrs_error_message(err, NULL));
    int near = fabs(p[DAMPING] - TRUE_DAMPING) < 0.01 && fabs(p[DRIVE] - TRUE_DRIVE) < 0.01;
    int ok = !err && near && draw(argv[1], &f);
    clean_up(&f);
    jaxrs_error_release(err);
    jaxrs_context_release(ctx);
    printf("damping: found %.4f, truth %.4f\ndrive: found %.4f, truth %.4f\n", p[DAMPING], TRUE_DAMPING, p[DRIVE], TRUE_DRIVE);
    printf("pendulum: %s damping=%.4f drive=%.4f states=%d steps=%d gradient_ms=%.1f picture=%s\n", ok ? "ok" : "failed",
           p[DAMPING], p[DRIVE], STATES, STEPS, f.seconds / (ROUNDS - 1) * 1e3, argv[1]);
    return !ok;
}
