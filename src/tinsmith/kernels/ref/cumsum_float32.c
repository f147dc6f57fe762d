/* Running sums along one axis, float32, from 0 on in order: of all elements up to each (without it if exclusive), from the end if reverse.
 * x, y [outer][length][inner]. */
#include "ts_kernel.h"

void ts_cumsum_float32(
    const float *x, float *y, int32_t outer, int32_t length, int32_t inner, int32_t exclusive, int32_t reverse) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const float *column = x + o * length * inner + i;
            float *sums = y + o * length * inner + i;
            float sum = 0.0f;
            for (int32_t k = 0; k < length; k++) {
                int32_t at = (reverse != 0 ? length - 1 - k : k) * inner;
                if (exclusive == 0) {
                    sum += column[at];
                    sums[at] = sum;
                } else {
                    sums[at] = sum;
                    sum += column[at];
                }
            }
        }
    }
}
