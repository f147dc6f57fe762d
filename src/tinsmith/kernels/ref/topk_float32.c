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
    for (int32_t column_index = 0; column_index < outer * inner; column_index++) {
        int32_t o = column_index / inner;
        int32_t i = column_index % inner;
        const float *column = x + o * length * inner + i;
        int32_t last = 0;
        int32_t place = -1;
        for (int32_t j = 0; j < k; j++) {
            int32_t best = 0;
            int32_t found = -1;
            for (int32_t n = 0; n < length; n++) {
                int32_t key = ts_topk_key(column[n * inner]);
                int32_t behind = largest != 0 ? key < last : key > last; /* what was not taken yet */
                if ((j == 0 || behind != 0 || (key == last && n > place)) &&
                    (found < 0 || (largest != 0 ? key > best : key < best))) {
                    best = key;
                    found = n;
                }
            }
            y[(o * k + j) * inner + i] = found;
            last = best;
            place = found;
        }
    }
}
