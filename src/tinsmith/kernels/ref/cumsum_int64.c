/* Running sums along one axis, int64, modulo 2^64: of all elements up to each (without it if exclusive), from the end if reverse.
 * x, y [outer][length][inner]. */
#include "ts_kernel.h"

void ts_cumsum_int64(
    const int64_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t exclusive, int32_t reverse) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const int64_t *column = x + o * length * inner + i;
            int64_t *sums = y + o * length * inner + i;
            uint64_t sum = 0;
            for (int32_t k = 0; k < length; k++) {
                int32_t at = (reverse != 0 ? length - 1 - k : k) * inner;
                if (exclusive == 0) {
                    sum += (uint64_t)column[at];
                    sums[at] = (int64_t)sum;
                } else {
                    sums[at] = (int64_t)sum;
                    sum += (uint64_t)column[at];
                }
            }
        }
    }
}
