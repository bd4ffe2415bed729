/* Arrays: data in and out, borrowed memory, views, DLPack, results. */
#include "check.h"

/* DLPack's ABI (version 1), as its specification defines it. */
typedef struct { uint32_t major, minor; } DLPackVersion;
typedef struct { int32_t device_type, device_id; } DLDevice;
typedef struct { uint8_t code, bits; uint16_t lanes; } DLDataType;
typedef struct {
    void* data;
    DLDevice device;
    int32_t ndim;
    DLDataType dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} DLTensor;
typedef struct DLManagedTensorVersioned {
    DLPackVersion version;
    void* manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned*);
    uint64_t flags;
    DLTensor dl_tensor;
} DLManagedTensorVersioned;

CASE(data_goes_in_and_comes_out) {
    jaxrs_array* a = COUNTING(2, 3);
    float back[6] = {0};
    EXPECT(jaxrs_array_dtype(a) == JAXRS_F32 && jaxrs_array_ndim(a) == 2 && jaxrs_array_size(a) == 6);
    EXPECT(jaxrs_array_shape(a)[0] == 2 && jaxrs_array_shape(a)[1] == 3);
    EXPECT(!jaxrs_array_is_tracer(a));
    OK(jaxrs_array_to_host(a, back, sizeof back, NULL));
    EXPECT(back[0] == 1 && back[5] == 6);
    HAS_VALUES(a, 1, 2, 3, 4, 5, 6);
}

CASE(strides_are_followed_in_and_out) {
    const float data[] = {1, 2, 3, 4, 5, 6};
    const int64_t shape[] = {3, 2}, columns_first[] = {4, 12};
    jaxrs_array* a = NULL;
    float back[6] = {0};
    OK(jaxrs_array_from_host(c->s, data, sizeof data, JAXRS_F32, shape, 2, columns_first, NULL, &a));
    keep_array(c, a);
    HAS_VALUES(a, 1, 4, 2, 5, 3, 6);
    OK(jaxrs_array_to_host(a, back, sizeof back, columns_first));
    EXPECT(memcmp(back, data, sizeof data) == 0);
}

CASE(strides_outside_the_data_are_refused) {
    const float data[] = {1, 2, 3, 4};
    const int64_t shape[] = {2}, far[] = {16}, before[] = {-4}, huge[] = {INT64_MAX};
    jaxrs_array* a = NULL;
    FAILS(jaxrs_array_from_host(c->s, data, sizeof data, JAXRS_F32, shape, 1, far, NULL, &a), JAXRS_ERR_INVALID_ARGUMENT);
    FAILS(jaxrs_array_from_host(c->s, data, sizeof data, JAXRS_F32, shape, 1, before, NULL, &a), JAXRS_ERR_INVALID_ARGUMENT);
    FAILS(jaxrs_array_from_host(c->s, data, sizeof data, JAXRS_F32, shape, 1, huge, NULL, &a), JAXRS_ERR_INVALID_ARGUMENT);
    EXPECT(a == NULL);
}

CASE(every_element_type_makes_a_round_trip) {
    const jaxrs_dtype dtypes[] = {JAXRS_BOOL, JAXRS_I8, JAXRS_I16, JAXRS_I32, JAXRS_I64, JAXRS_U8, JAXRS_U16, JAXRS_U32,
                                  JAXRS_U64, JAXRS_F16, JAXRS_BF16, JAXRS_F32, JAXRS_F64, JAXRS_C64, JAXRS_C128};
    const size_t sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16};
    uint8_t data[48], back[48];
    for (size_t i = 0; i < sizeof data; i++) data[i] = i % 2; /* valid as booleans too */
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        jaxrs_array* a = array_of(c, dtypes[i], data, 3 * sizes[i], SHAPE(3));
        memset(back, 255, sizeof back);
        OK(jaxrs_array_to_host(a, back, 3 * sizes[i], NULL));
        EXPECT(memcmp(back, data, 3 * sizes[i]) == 0);
        EXPECT(back[3 * sizes[i]] == 255 || 3 * sizes[i] == sizeof back);
    }
}

CASE(special_values_survive) {
    const float data[] = {-0.0f, INFINITY, -INFINITY, NAN, 1e-45f};
    jaxrs_array* a = array_of(c, JAXRS_F32, data, sizeof data, SHAPE(5));
    float back[5];
    OK(jaxrs_array_to_host(a, back, sizeof back, NULL));
    EXPECT(memcmp(back, data, sizeof data) == 0);
}

CASE(empty_arrays_are_arrays) {
    jaxrs_array* a = array_of(c, JAXRS_F32, NULL, 0, SHAPE(0, 3));
    jaxrs_array *b = NULL, *total = NULL;
    EXPECT(jaxrs_array_size(a) == 0 && jaxrs_array_ndim(a) == 2);
    OK(jaxrs_array_to_host(a, NULL, 0, NULL));
    OK(jaxrs_op_sin(c->s, a, &b));
    EXPECT(jaxrs_array_size(keep_array(c, b)) == 0);
    OK(jaxrs_op_reduce_sum(c->s, a, (const int64_t[]){0}, 1, 0, &total));
    HAS_VALUES(keep_array(c, total), 0, 0, 0);
}

CASE(wrong_byte_counts_are_refused) {
    const float data[4] = {0};
    const int64_t shape[] = {3};
    float back[4];
    jaxrs_array* a = NULL;
    FAILS(jaxrs_array_from_host(c->s, data, 16, JAXRS_F32, shape, 1, NULL, NULL, &a), JAXRS_ERR_INVALID_ARGUMENT, "12", "16");
    FAILS(jaxrs_array_from_host(c->s, data, 11, JAXRS_F32, shape, 1, NULL, NULL, &a), JAXRS_ERR_INVALID_ARGUMENT, "12", "11");
    FAILS(jaxrs_array_to_host(COUNTING(3), back, 16, NULL), JAXRS_ERR_INVALID_ARGUMENT, "12", "16");
    FAILS(jaxrs_array_to_host(COUNTING(3), back, 8, NULL), JAXRS_ERR_INVALID_ARGUMENT, "12", "8");
    EXPECT(a == NULL);
}

CASE(bad_shapes_and_element_types_are_refused) {
    const float data[4] = {0};
    const int64_t negative[] = {-1}, huge[] = {INT64_MAX / 2, 4}, wide[] = {INT64_MAX};
    jaxrs_array* a = NULL;
    FAILS(jaxrs_array_from_host(c->s, data, 4, JAXRS_F32, negative, 1, NULL, NULL, &a), JAXRS_ERR_SHAPE, "-1");
    FAILS(jaxrs_array_from_host(c->s, data, 4, JAXRS_F32, huge, 2, NULL, NULL, &a), JAXRS_ERR_SHAPE);
    FAILS(jaxrs_array_from_host(c->s, data, 4, JAXRS_F32, wide, 1, NULL, NULL, &a), JAXRS_ERR_SHAPE);
    FAILS(jaxrs_array_full_f64(c->s, 1, JAXRS_F32, huge, 2, &a), JAXRS_ERR_SHAPE);
    FAILS(jaxrs_array_full_f64(c->s, 1, JAXRS_F32, negative, 1, &a), JAXRS_ERR_SHAPE, "-1");
    FAILS(jaxrs_array_full_f64(c->s, 1, 99, NULL, 0, &a), JAXRS_ERR_INVALID_ARGUMENT, "99");
    FAILS(jaxrs_array_from_host(c->s, data, 4, 0, NULL, 0, NULL, NULL, &a), JAXRS_ERR_INVALID_ARGUMENT, "0");
    EXPECT(a == NULL);
}

CASE(an_array_too_large_for_memory_is_refused) {
    const int64_t terabytes[] = {1 << 20, 1 << 24};
    jaxrs_array* a = NULL;
    FAILS(jaxrs_array_full_f64(c->s, 1, JAXRS_F64, terabytes, 2, &a), JAXRS_ERR_OUT_OF_MEMORY);
    EXPECT(a == NULL);
}

CASE(item_wants_one_element) {
    double v = 0;
    OK(jaxrs_array_item_f64(scalar(c, 2.5), &v));
    EXPECT(v == 2.5);
    OK(jaxrs_array_item_f64(COUNTING(1, 1), &v));
    EXPECT(v == 1);
    FAILS(jaxrs_array_item_f64(COUNTING(3), &v), JAXRS_ERR_SHAPE, "f32[3]");
}

CASE(an_array_prints) {
    jaxrs_bytes* text = NULL;
    OK(jaxrs_array_print(COUNTING(3), &text));
    const char* shown = jaxrs_bytes_data(text);
    EXPECT_TEXT(shown, "1");
    EXPECT_TEXT(shown, "3");
    EXPECT(shown[jaxrs_bytes_len(text)] == 0);
    jaxrs_bytes_release(text);
}

/* ---- borrowed memory ---- */

static void count_drop(void* userdata) { ++*(int*)userdata; }

CASE(borrowed_memory_is_given_back_once) {
    int drops = 0;
    static _Alignas(64) const float data[16] = {1, 2, 3, 4};
    const int64_t shape[] = {16};
    jaxrs_array *a = NULL, *kept = NULL;
    OK(jaxrs_array_borrow_host(c->s, data, sizeof data, JAXRS_F32, shape, 1, &drops, count_drop, &a));
    kept = jaxrs_array_retain(a);
    jaxrs_array_release(a);
    EXPECT(drops == 0);
    jaxrs_array_release(kept);
    EXPECT(drops == 1);
}

CASE(borrowed_memory_is_given_back_when_borrowing_fails) {
    int drops = 0;
    static const float data[4] = {0};
    const int64_t shape[] = {5};
    jaxrs_array* a = NULL;
    FAILS(jaxrs_array_borrow_host(c->s, data, sizeof data, JAXRS_F32, shape, 1, &drops, count_drop, &a), JAXRS_ERR_INVALID_ARGUMENT);
    EXPECT(drops == 1);
    FAILS(jaxrs_array_borrow_host(NULL, data, sizeof data, JAXRS_F32, shape, 1, &drops, count_drop, &a), JAXRS_ERR_INVALID_ARGUMENT);
    EXPECT(drops == 2);
    FAILS(jaxrs_array_borrow_host(c->s, NULL, 20, JAXRS_F32, shape, 1, &drops, count_drop, &a), JAXRS_ERR_INVALID_ARGUMENT);
    EXPECT(drops == 3 && a == NULL);
}

CASE(misaligned_borrowed_memory_is_copied) {
    int drops = 0;
    static _Alignas(64) char data[64];
    const float one = 1;
    const int64_t shape[] = {1};
    jaxrs_array* a = NULL;
    memcpy(data + 1, &one, sizeof one);
    OK(jaxrs_array_borrow_host(c->s, data + 1, sizeof one, JAXRS_F32, shape, 1, &drops, count_drop, &a));
    keep_array(c, a);
    memset(data, 0, sizeof data);
    EXPECT(drops == 1);
    HAS_VALUES(a, 1);
}

CASE(a_view_lies_in_the_array) {
    static _Alignas(64) const float data[16] = {1, 2, 3, 4};
    const int64_t shape[] = {16};
    jaxrs_array* a = NULL;
    const void* view = NULL;
    size_t nbytes = 0;
    OK(jaxrs_array_borrow_host(c->s, data, sizeof data, JAXRS_F32, shape, 1, NULL, NULL, &a));
    OK(jaxrs_array_host_view(keep_array(c, a), &view, &nbytes));
    EXPECT(view == data && nbytes == sizeof data);
}

/* ---- DLPack ---- */

typedef struct exported { DLManagedTensorVersioned t; float data[6]; int64_t shape[2], strides[2]; int deleted; } exported;
static void count_delete(DLManagedTensorVersioned* t) { ((exported*)t->manager_ctx)->deleted++; }

static exported* export_six(void) {
    exported* x = aligned_alloc(64, (sizeof(exported) + 63) / 64 * 64);
    *x = (exported){{{1, 0}, x, count_delete, 0, {x->data, {1, 0}, 2, {2, 32, 1}, x->shape, NULL, 0}},
                    {1, 2, 3, 4, 5, 6}, {2, 3}, {1, 2}, 0};
    return x;
}

CASE(dlpack_tensors_come_in) {
    exported* x = export_six();
    jaxrs_array* a = NULL;
    OK(jaxrs_array_from_dlpack(c->ctx, &x->t, 0, &a));
    HAS_VALUES(a, 1, 2, 3, 4, 5, 6);
    jaxrs_array_release(a);
    EXPECT(x->deleted == 1);
    free(x);
}

CASE(dlpack_tensors_with_strides_come_in) {
    exported* x = export_six();
    jaxrs_array* a = NULL;
    x->t.dl_tensor.strides = x->strides;
    OK(jaxrs_array_from_dlpack(c->ctx, &x->t, 0, &a));
    HAS_VALUES(keep_array(c, a), 1, 3, 5, 2, 4, 6);
    jaxrs_results_clear(c->arrays);
    EXPECT(x->deleted == 1);
    free(x);
}

CASE(dlpack_tensors_we_cannot_take_are_deleted_and_refused) {
    exported* x = export_six();
    jaxrs_array* a = NULL;
    x->t.dl_tensor.device.device_type = 2;
    FAILS(jaxrs_array_from_dlpack(c->ctx, &x->t, 0, &a), JAXRS_ERR_DEVICE);
    x->t.dl_tensor.device.device_type = 1, x->t.dl_tensor.dtype.lanes = 4;
    FAILS(jaxrs_array_from_dlpack(c->ctx, &x->t, 0, &a), JAXRS_ERR_DTYPE);
    x->t.dl_tensor.dtype.lanes = 1, x->t.version.major = 9;
    FAILS(jaxrs_array_from_dlpack(c->ctx, &x->t, 0, &a), JAXRS_ERR_INCOMPATIBLE);
    x->t.version.major = 1, x->shape[0] = -2;
    FAILS(jaxrs_array_from_dlpack(c->ctx, &x->t, 0, &a), JAXRS_ERR_SHAPE);
    EXPECT(x->deleted == 4 && a == NULL);
    free(x);
}

CASE(arrays_go_out_as_dlpack) {
    DLManagedTensorVersioned* t = NULL;
    jaxrs_array* a = COUNTING(2, 3);
    OK(jaxrs_array_to_dlpack(a, 0, 0, &t));
    jaxrs_results_clear(c->arrays); /* the tensor keeps the data */
    EXPECT(t->version.major == 1 && t->dl_tensor.ndim == 2 && t->dl_tensor.shape[1] == 3);
    EXPECT(t->dl_tensor.dtype.code == 2 && t->dl_tensor.dtype.bits == 32 && t->dl_tensor.device.device_type == 1);
    const float* data = (const float*)((const char*)t->dl_tensor.data + t->dl_tensor.byte_offset);
    EXPECT(data[0] == 1 && data[5] == 6);
    t->deleter(t);
}

CASE(complex_elements_make_a_round_trip_through_dlpack) {
    const float data[] = {1, -2, 3, 4};
    DLManagedTensorVersioned* t = NULL;
    jaxrs_array* back = NULL;
    OK(jaxrs_array_to_dlpack(array_of(c, JAXRS_C64, data, sizeof data, SHAPE(2)), 0, 0, &t));
    EXPECT(t->dl_tensor.dtype.code == 5 && t->dl_tensor.dtype.bits == 64 && t->dl_tensor.shape[0] == 2);
    OK(jaxrs_array_from_dlpack(c->ctx, t, 0, &back));
    EXPECT(jaxrs_array_dtype(keep_array(c, back)) == JAXRS_C64);
    float out[4];
    OK(jaxrs_array_to_host(back, out, sizeof out, NULL));
    EXPECT(memcmp(out, data, sizeof data) == 0);
}

static void goes_round(check* c, jaxrs_dtype dtype, int code, int bits) {
    const uint8_t data[] = {0, 1, 2, 3};
    DLManagedTensorVersioned* t = NULL;
    jaxrs_array* back = NULL;
    OK(jaxrs_array_to_dlpack(array_of(c, dtype, data, sizeof data, SHAPE(4)), 0, 0, &t));
    EXPECT(t->dl_tensor.dtype.code == code && t->dl_tensor.dtype.bits == bits && t->dl_tensor.dtype.lanes == 1);
    EXPECT(((t->flags & 4) != 0) == (bits < 8)); /* padded to a byte each */
    OK(jaxrs_array_from_dlpack(c->ctx, t, 0, &back));
    EXPECT(jaxrs_array_dtype(keep_array(c, back)) == dtype);
    uint8_t out[4];
    OK(jaxrs_array_to_host(back, out, sizeof out, NULL));
    EXPECT(memcmp(out, data, sizeof data) == 0);
}

CASE(types_of_at_most_eight_bits_make_a_round_trip_through_dlpack) {
    goes_round(c, JAXRS_I2, 0, 2), goes_round(c, JAXRS_I4, 0, 4);
    goes_round(c, JAXRS_U2, 1, 2), goes_round(c, JAXRS_U4, 1, 4);
    goes_round(c, JAXRS_F8_E3M4, 7, 8), goes_round(c, JAXRS_F8_E4M3, 8, 8);
    goes_round(c, JAXRS_F8_E4M3B11FNUZ, 9, 8), goes_round(c, JAXRS_F8_E4M3FN, 10, 8);
    goes_round(c, JAXRS_F8_E4M3FNUZ, 11, 8), goes_round(c, JAXRS_F8_E5M2, 12, 8);
    goes_round(c, JAXRS_F8_E5M2FNUZ, 13, 8), goes_round(c, JAXRS_F8_E8M0FNU, 14, 8);
    goes_round(c, JAXRS_F6_E2M3FN, 15, 6), goes_round(c, JAXRS_F6_E3M2FN, 16, 6);
    goes_round(c, JAXRS_F4_E2M1FN, 17, 4);
}

CASE(packed_elements_and_keys_have_no_way_through_dlpack) {
    exported* x = export_six();
    jaxrs_array* a = NULL;
    DLManagedTensorVersioned* t = NULL;
    x->t.dl_tensor.dtype.code = 0, x->t.dl_tensor.dtype.bits = 4;
    FAILS(jaxrs_array_from_dlpack(c->ctx, &x->t, 0, &a), JAXRS_ERR_DTYPE);
    EXPECT(x->deleted == 1 && a == NULL);
    free(x);
    const uint32_t words[] = {0, 7};
    jaxrs_array* key = array_of(c, JAXRS_KEY_FRY, words, sizeof words, 0, NULL);
    FAILS(jaxrs_array_to_dlpack(key, 0, 0, &t), JAXRS_ERR_DTYPE);
    EXPECT(t == NULL);
}

CASE(dlpack_makes_a_round_trip) {
    DLManagedTensorVersioned* t = NULL;
    jaxrs_array* back = NULL;
    OK(jaxrs_array_to_dlpack(COUNTING(4), 0, 0, &t));
    OK(jaxrs_array_from_dlpack(c->ctx, t, 0, &back));
    HAS_VALUES(keep_array(c, back), 1, 2, 3, 4);
}

/* ---- results, statistics ---- */

CASE(results_hold_references) {
    jaxrs_results* r = NULL;
    OK(jaxrs_results_new(&r));
    jaxrs_array* a = scalar(c, 1);
    OK(jaxrs_results_push(r, a));
    OK(jaxrs_results_push(r, a));
    EXPECT(jaxrs_results_len(r) == 2);
    jaxrs_array* got = jaxrs_results_get(r, 1);
    EXPECT(got == a && jaxrs_results_get(r, 2) == NULL);
    jaxrs_array_release(got);
    jaxrs_results_clear(r);
    EXPECT(jaxrs_results_len(r) == 0);
    jaxrs_results_release(r);
}

CASE(statistics_count_what_lives) {
    jaxrs_stats before = {sizeof before, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, after = before;
    OK(jaxrs_context_stats(c->ctx, &before));
    jaxrs_array* a = NULL;
    const int64_t shape[] = {1024};
    OK(jaxrs_array_full_f64(c->s, 1, JAXRS_F32, shape, 1, &a));
    OK(jaxrs_context_stats(c->ctx, &after));
    EXPECT(after.live_arrays == before.live_arrays + 1);
    jaxrs_array_release(a);
    OK(jaxrs_context_stats(c->ctx, &after));
    EXPECT(after.live_arrays == before.live_arrays);
}
