/* Sum along one axis, int64, modulo 2^64. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_sum_int64(const int64_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const int64_t *column = x + o * length * inner + i;
            uint64_t sum = (uint64_t)column[0];
            for (int32_t k = 1; k < length; k++) {
                sum += (uint64_t)column[k * inner];
            }
            y[o * inner + i] = (int64_t)sum;
        }
    }
}
