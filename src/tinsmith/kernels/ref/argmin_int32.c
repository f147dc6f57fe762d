/* Index of the smallest value along one axis, int32; of equal ones the first, or the last.
 * x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_argmin_int32(const int32_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t last) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const int32_t *column = x + o * length * inner + i;
            int32_t best = column[0];
            int32_t place = 0;
            for (int32_t k = 1; k < length; k++) {
                if (column[k * inner] < best || (last != 0 && column[k * inner] == best)) {
                    best = column[k * inner];
                    place = k;
                }
            }
            y[o * inner + i] = place;
        }
    }
}
