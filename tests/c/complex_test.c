/* Complex numbers: elements in and out, operations, gradients, DLPack. */
#include "check.h"

static jaxrs_array* complex_of(check* c, double re, double im) {
    jaxrs_array* a = NULL;
    OK(jaxrs_array_full_c128(c->s, re, im, JAXRS_C64, NULL, 0, &a));
    return keep_array(c, a);
}

/* The only element has these parts. */
#define HAS_PARTS(a, re, im) has_parts_at(c, __LINE__, a, re, im)
static void has_parts_at(check* c, int line, const jaxrs_array* a, double re, double im) {
    double got_re = NAN, got_im = NAN;
    if (!expect_at(c, line, a != NULL, "there is no array") || !ok_at(c, line, jaxrs_array_item_c128(a, &got_re, &got_im))) return;
    int same = fabs(got_re - re) <= 1e-5 * (1.0 + fabs(re)) && fabs(got_im - im) <= 1e-5 * (1.0 + fabs(im));
    expect_at(c, line, same, "(%g, %g) instead of (%g, %g)", got_re, got_im, re, im);
}

CASE(complex_numbers_are_made_and_read_by_their_parts) {
    jaxrs_array* many = NULL;
    const int64_t shape[] = {3};
    HAS_PARTS(complex_of(c, 1.5, -2), 1.5, -2);
    HAS_PARTS(scalar(c, 3), 3, 0);
    OK(jaxrs_array_full_c128(c->s, 1, 2, JAXRS_C128, shape, 1, &many));
    EXPECT(jaxrs_array_dtype(keep_array(c, many)) == JAXRS_C128 && jaxrs_array_size(many) == 3);
}

CASE(the_default_complex_type_is_weak) {
    jaxrs_array *a = NULL, *sum = NULL;
    OK(jaxrs_array_full_c128(c->s, 0, 1, 0, NULL, 0, &a));
    EXPECT(jaxrs_array_is_weak(keep_array(c, a)) && jaxrs_array_dtype(a) == JAXRS_C64);
    OK(jaxrs_op_add(c->s, a, scalar(c, 2), &sum));
    EXPECT(jaxrs_array_dtype(keep_array(c, sum)) == JAXRS_C64);
    HAS_PARTS(sum, 2, 1);
}

CASE(complex_elements_need_a_complex_type_and_real_items_a_real_one) {
    jaxrs_array* a = NULL;
    double x = 1;
    FAILS(jaxrs_array_full_c128(c->s, 1, 2, JAXRS_F32, NULL, 0, &a), JAXRS_ERR_DTYPE, "complex", "f32");
    FAILS(jaxrs_array_item_f64(complex_of(c, 1, 2), &x), JAXRS_ERR_DTYPE, "real", "c64");
    EXPECT(a == NULL && x == 0);
}

CASE(parts_are_put_together_and_taken_apart) {
    jaxrs_array *z = NULL, *re = NULL, *im = NULL, *conj = NULL, *size = NULL, *angle = NULL;
    OK(jaxrs_op_complex(c->s, scalar(c, 3), scalar(c, 4), &z));
    HAS_PARTS(keep_array(c, z), 3, 4);
    OK(jaxrs_op_real(c->s, z, &re));
    OK(jaxrs_op_imag(c->s, z, &im));
    OK(jaxrs_op_conj(c->s, z, &conj));
    OK(jaxrs_op_abs(c->s, z, &size));
    OK(jaxrs_op_angle(c->s, z, 1, &angle));
    HAS_VALUES(keep_array(c, re), 3);
    HAS_VALUES(keep_array(c, im), 4);
    HAS_PARTS(keep_array(c, conj), 3, -4);
    HAS_VALUES(keep_array(c, size), 5);
    HAS_VALUES(keep_array(c, angle), 53.1301024);
}

static jaxrs_error* size_squared(void* userdata, jaxrs_scope* s, jaxrs_array* const* a, size_t n, jaxrs_results* out) {
    jaxrs_array *conj = NULL, *product = NULL, *real = NULL;
    jaxrs_error* err = jaxrs_op_conj(s, a[0], &conj);
    (void)n, (void)userdata;
    if (!err) err = jaxrs_op_mul(s, a[0], conj, &product);
    if (!err) err = jaxrs_op_real(s, product, &real);
    if (!err) err = jaxrs_results_push(out, real);
    jaxrs_array_release(conj), jaxrs_array_release(product), jaxrs_array_release(real);
    return err;
}

CASE(gradients_of_real_functions_are_not_conjugated) {
    jaxrs_fn* f = FN_OF(size_squared);
    jaxrs_fn* all[] = {GRAD(f), JIT(GRAD(f)), GRAD(JIT(f))};
    for (size_t i = 0; i < 3; i++) {
        jaxrs_results* r = call_at(c, __LINE__, all[i], ARGS(complex_of(c, 3, 4)));
        jaxrs_array* gradient = jaxrs_results_get(r, 0);
        HAS_PARTS(gradient, 6, -8);
        jaxrs_array_release(gradient);
        jaxrs_results_release(r);
    }
}

CASE(complex_arrays_are_computed_with_when_compiled) {
    const float data[] = {1, 2, 3, -4, 0, 1};
    jaxrs_results* r = call_at(c, __LINE__, JIT(FN_OF(size_squared)), ARGS(array_of(c, JAXRS_C64, data, sizeof data, SHAPE(3))));
    jaxrs_array* sizes = jaxrs_results_get(r, 0);
    HAS_VALUES(sizes, 5, 25, 1);
    jaxrs_array_release(sizes);
    jaxrs_results_release(r);
}
