/* Sum along one axis, int32, modulo 2^32. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_sum_int32(const int32_t *x, int32_t *y, int32_t outer, int32_t length, int32_t inner) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const int32_t *column = x + o * length * inner + i;
            uint32_t sum = (uint32_t)column[0];
            for (int32_t k = 1; k < length; k++) {
                sum += (uint32_t)column[k * inner];
            }
            y[o * inner + i] = (int32_t)sum;
        }
    }
}
