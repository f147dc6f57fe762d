/* Slices of x at given indices along one axis, elements of 1 byte: y[o][k][i] = x[o][index[k]][i].
 * x [outer][length][inner], index [count] -> y [outer][count][inner]. An index below zero counts from the end; what
 * still lies outside is brought to the nearest end. */
#include "ts_kernel.h"

void ts_gather_b1(const uint8_t *x, const int32_t *index, uint8_t *y, int32_t outer, int32_t length, int32_t inner, int32_t count) {
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t k = 0; k < count; k++) {
            int32_t at = index[k];
            at = ts_clamp(at < 0 ? at + length : at, 0, length - 1);
            for (int32_t i = 0; i < inner; i++) {
                *y++ = x[(o * length + at) * inner + i];
            }
        }
    }
}
