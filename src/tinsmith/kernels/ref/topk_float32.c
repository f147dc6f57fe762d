/* Indices of the k largest (or smallest) values along one axis, float32, best first; of equal ones the lower index first.
 * Both zeros are equal; a NaN is above everything.
 * x [outer][length][inner] -> y [outer][k][inner]; k <= length. */
#include "ts_float.h"

/* Order of floats as that of whole numbers: both zeros equal, every NaN above infinity. */
static inline int32_t ts_topk_key(float x) {
    uint32_t bits = ts_bits_of(x);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
        return INT32_MAX;
    }
    return (bits >> 31) != 0u ? -(int32_t)(bits & 0x7FFFFFFFu) : (int32_t)bits;
}

void ts_topk_float32(
    const float *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t k, int32_t largest) {
    typedef float value_type;
    typedef int32_t key_type;
#define TS_KEY(x) ts_topk_key(x)
#include "ts_topk.inc"
}
