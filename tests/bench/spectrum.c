/* g. Fourier transforms. */
#include "bench.h"

FN(spectrum) {
    (void)userdata, (void)n;
    jaxrs_array* y = NULL;
    jaxrs_error* err = jaxrs_op_fft(s, a[0], 0, -1, "backward", 8, &y);
    if (!err) err = jaxrs_results_push(out, y);
    jaxrs_array_release(y);
    return err;
}
static void fft_c64_1m(work* w) {
    enum { N = 1 << 20 };
    float* data = malloc(2 * N * sizeof *data);
    for (uint64_t i = 0; data && i < N; i++) {
        data[2 * i] = (float)(uniform(706, i) - 0.5);
        data[2 * i + 1] = (float)(uniform(707, i) - 0.5);
    }
    if (data) arg_data(w, JAXRS_C64, data, 2 * N * sizeof *data, SHAPE(N));
    free(data);
    time_body(w, spectrum);
}

const workload SPECTRUM[] = {TIMED(fft_c64_1m), {0}};
