/* Indices of the k largest (or smallest) values along one axis, int64, best first; of equal ones the lower index first.
 * x [outer][length][inner] -> y [outer][k][inner]; k <= length. */
#include "ts_kernel.h"

void ts_topk_int64(
    const int64_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t k, int32_t largest) {
    for (int32_t column_index = 0; column_index < outer * inner; column_index++) {
        int32_t o = column_index / inner;
        int32_t i = column_index % inner;
        const int64_t *column = x + o * length * inner + i;
        int64_t last = 0;
        int32_t place = -1;
        for (int32_t j = 0; j < k; j++) {
            int64_t best = 0;
            int32_t found = -1;
            for (int32_t n = 0; n < length; n++) {
                int64_t key = column[n * inner];
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
